/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  See body.h.  Records make the objects; what they do not know (lists of numbers,
 * containers that are JSON already, null) is added before the closing brace.
 */
#include "body.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define TEXT(type, member, most, class)                                                 \
	{                                                                               \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = true, \
		.offset = offsetof(struct type, member), .min = 0, .max = (most)        \
	}
#define NUMBER(type, member)                                                                     \
	{                                                                                        \
		.name = #member, .kind = FIELD_INTEGER, .offset = offsetof(struct type, member), \
		.max = INT64_MAX                                                                 \
	}
#define RECORD(type, list, count)                                                         \
	{                                                                                 \
		.name = #type, .size_bytes = sizeof(struct type), .field_count = (count), \
		.fields = (list)                                                          \
	}

/* Adds a member to the object that ends `out`; the object is not empty. */
static int
add_member(struct buffer *out, const char *key, struct slice value)
{
	int error;

	out->length--;
	error = buffer_printf(out, ",\"%s\":", key);
	if (error == 0)
		error = buffer_add(out, value.bytes, value.length);
	return error != 0 ? error : buffer_add(out, "}", 1);
}

static struct slice
slice_of(const char *text)
{
	return (struct slice){ .bytes = text, .length = strlen(text) };
}

static int
encode(const struct record *record, const void *source, struct buffer *out)
{
	char why[RECORD_WHY_BYTES];
	int error = record_encode(record, source, out, why);

	/* Every text was judged when it came in. */
	if (error == -EINVAL)
		fatal("a body can't be encoded: %s", why);
	return error;
}

/* ---- registration ---- */

struct register_fields {
	const char *display_name;
	const char *version;
	const char *agent_version;
	const char *agent_id;
	struct texts capabilities;
};

static const struct field register_fields[] = {
	TEXT(register_fields, display_name, 255, TEXT_LINE),
	TEXT(register_fields, version, 64, TEXT_VISIBLE),
	TEXT(register_fields, agent_version, 64, TEXT_VISIBLE),
	TEXT(register_fields, agent_id, AGENT_ID_MAX_BYTES, TEXT_VISIBLE),
	{ .name = "capabilities",
	    .kind = FIELD_TEXTS,
	    .text = TEXT_VISIBLE,
	    .offset = offsetof(struct register_fields, capabilities),
	    .max = 8,
	    .value_max = 64 },
};

static const struct record register_record = RECORD(register_fields, register_fields,
    ARRAY_LEN(register_fields));

int
body_register(const struct registration *registration, struct buffer *out)
{
	const char *capabilities[] = { "decommission.v1", "tunnel_stop.v1" };
	struct register_fields fields = {
		.display_name = registration->display_name,
		.version = registration->version,
		.agent_version = registration->version,
		.agent_id = registration->agent_id,
		.capabilities = { .count = ARRAY_LEN(capabilities), .items = capabilities },
	};
	int error = encode(&register_record, &fields, out);

	return error != 0 ? error :
			    add_member(out, "supported_protocol_versions", slice_of("[2,1]"));
}

/* ---- events and reports ---- */

struct event_fields {
	const char *type;
	const char *timestamp;
	const char *agent_session_id;
	int64_t protocol_version;
	int64_t event_sequence;
};

/* Protocol 1 has only the first two. */
static const struct field event_fields[] = {
	TEXT(event_fields, type, 64, TEXT_NAME),
	TEXT(event_fields, timestamp, CLOCK_TEXT_BYTES, TEXT_VISIBLE),
	TEXT(event_fields, agent_session_id, SESSION_ID_MAX_BYTES, TEXT_LINE),
	NUMBER(event_fields, protocol_version),
	NUMBER(event_fields, event_sequence),
};

static const struct record event_records[] = {
	[1] = RECORD(event_fields, event_fields, 2),
	[2] = RECORD(event_fields, event_fields, ARRAY_LEN(event_fields)),
};

/* The members that all events have. */
static int
begin_event(const struct session *session, const char *type, struct buffer *out)
{
	char now[CLOCK_TEXT_BYTES];
	struct event_fields fields = {
		.type = type,
		.timestamp = now,
		.agent_session_id = session->id,
		.protocol_version = session->protocol,
		.event_sequence = session->event_sequence,
	};

	clock_utc(now);
	return encode(&event_records[session->protocol == 2 ? 2 : 1], &fields, out);
}

int
body_event(const struct session *session, const char *type, const struct container_text *container,
    struct buffer *out)
{
	int error = begin_event(session, type, out);

	if (error != 0 || container == NULL)
		return error;
	return add_member(out, "container",
	    (struct slice){ .bytes = container->json, .length = container->length });
}

static const struct field tunnel_fields[] = {
	TEXT(tunnel_told, name, TUNNEL_NAME_MAX_BYTES, TEXT_LINE),
	TEXT(tunnel_told, status, 32, TEXT_NAME),
	TEXT(tunnel_told, version, 64, TEXT_LINE),
};

static const struct record tunnel_record = RECORD(tunnel_told, tunnel_fields,
    ARRAY_LEN(tunnel_fields));

int
body_tunnel_status(const struct session *session, const struct tunnel_told *tunnel,
    struct buffer *out)
{
	struct buffer json _cleanup_buffer_ = BUFFER(8192);
	int error = encode(&tunnel_record, tunnel, &json);
	struct slice text = { .bytes = json.bytes, .length = json.length };

	if (error == 0)
		error = begin_event(session, "tunnel_status", out);
	if (error == 0)
		error = add_member(out, "tunnel", text);
	/* Where the Python agent puts it; no master reads it, other readers may. */
	return error != 0 ? error : add_member(out, "container", text);
}

struct report_fields {
	const char *type;
	const char *timestamp;
	const char *agent_session_id;
	const char *inventory_scope;
	int64_t protocol_version;
	int64_t report_sequence;
	bool inventory_complete;
};

static const struct field report_fields[] = {
	TEXT(report_fields, type, 64, TEXT_NAME),
	TEXT(report_fields, timestamp, CLOCK_TEXT_BYTES, TEXT_VISIBLE),
	TEXT(report_fields, agent_session_id, SESSION_ID_MAX_BYTES, TEXT_LINE),
	TEXT(report_fields, inventory_scope, 64, TEXT_NAME),
	NUMBER(report_fields, protocol_version),
	NUMBER(report_fields, report_sequence),
	{ .name = "inventory_complete",
	    .kind = FIELD_BOOLEAN,
	    .offset = offsetof(struct report_fields, inventory_complete) },
};

static const struct record report_record = RECORD(report_fields, report_fields,
    ARRAY_LEN(report_fields));

/* {"containers":[…]}, as protocol 1 wraps them. */
static int
report_in_protocol_1(const struct session *session, struct slice containers, struct buffer *out)
{
	int error = begin_event(session, "status_report", out);

	if (error == 0)
		error = add_member(out, "container", slice_of("{\"containers\":"));
	if (error != 0)
		return error;
	/* The member's value goes on behind the colon, where the outer brace stands. */
	out->length--;
	error = buffer_add(out, containers.bytes, containers.length);
	return error != 0 ? error : buffer_add_text(out, "}}");
}

int
body_report(const struct session *session, struct slice containers, struct buffer *out)
{
	char now[CLOCK_TEXT_BYTES];
	struct report_fields fields = {
		.type = "status_report",
		.timestamp = now,
		.agent_session_id = session->id,
		.inventory_scope = "dockflare_enabled_running",
		.protocol_version = session->protocol,
		.report_sequence = session->report_sequence,
		.inventory_complete = containers.length > 0,
	};
	int error;

	if (session->protocol != 2)
		return report_in_protocol_1(session, containers, out);
	clock_utc(now);
	error = encode(&report_record, &fields, out);
	if (error != 0 || containers.length == 0)
		return error;
	return add_member(out, "containers", containers);
}

/* ---- decommissioning ---- */

struct acknowledge_fields {
	const char *operation_id;
	const char *command_id;
	const char *phase;
	const char *self_stop_capability;
	const char *agent_session_id;
	bool tombstone_persisted;
	const char *tunnel_container;
	const char *cloudflared_image;
	const char *error_code;
};

static const struct field acknowledge_fields[] = {
	TEXT(acknowledge_fields, operation_id, OPERATION_ID_MAX_BYTES, TEXT_NAME),
	TEXT(acknowledge_fields, command_id, OPERATION_ID_MAX_BYTES, TEXT_LINE),
	TEXT(acknowledge_fields, phase, 64, TEXT_NAME),
	TEXT(acknowledge_fields, self_stop_capability, 64, TEXT_NAME),
	TEXT(acknowledge_fields, agent_session_id, SESSION_ID_MAX_BYTES, TEXT_LINE),
	/* From here on only for "prepared". */
	{ .name = "tombstone_persisted",
	    .kind = FIELD_BOOLEAN,
	    .offset = offsetof(struct acknowledge_fields, tombstone_persisted) },
	TEXT(acknowledge_fields, tunnel_container, 32, TEXT_NAME),
	TEXT(acknowledge_fields, cloudflared_image, 512, TEXT_VISIBLE),
	TEXT(acknowledge_fields, error_code, 64, TEXT_NAME),
};

#define FINALIZE_FIELDS 5

static const struct record prepared_record = RECORD(acknowledge_fields, acknowledge_fields,
    ARRAY_LEN(acknowledge_fields));
static const struct record finalized_record = RECORD(acknowledge_fields, acknowledge_fields,
    FINALIZE_FIELDS);

int
body_acknowledge(const struct session *session, const struct acknowledgement *acknowledgement,
    struct buffer *out)
{
	bool prepared = strcmp(acknowledgement->phase, "prepared") == 0;
	struct acknowledge_fields fields = {
		.operation_id = acknowledgement->operation_id,
		.command_id = acknowledgement->command_id,
		.phase = acknowledgement->phase,
		.self_stop_capability = "manual",
		.agent_session_id = session->id[0] != '\0' ? session->id : NULL,
		.tombstone_persisted = acknowledgement->tombstone_persisted,
		.tunnel_container = acknowledgement->tunnel_container,
		.cloudflared_image = acknowledgement->cloudflared_image,
		.error_code = acknowledgement->error_code,
	};
	int error = encode(prepared ? &prepared_record : &finalized_record, &fields, out);

	if (error != 0 || !prepared)
		return error;
	return add_member(out, "agent_image", slice_of("null"));
}
