/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of requests, decoded and compared with what a master of each protocol expects. */
#include "tests/unit/json_equal.h"

#include <errno.h>
#include <stdio.h>

#include "body.h"
#include "tests/unit/container.h"

#define ID CONTAINER_ID("a")
#define CONTAINER "{\"id\":\"" ID "\",\"name\":\"web\",\"labels\":{\"dockflare.enable\":\"true\"}}"

static const struct session old_session = { .protocol = 1, .event_sequence = 7 };
/* A new master that was asked for protocol 1 only, or chose it. */
static const struct session old_of_new = { .protocol = 1, .modern = true, .id = "s-0" };
static const struct session session = {
	.protocol = 2,
	.modern = true,
	.id = "s-\"1\"",
	.event_sequence = 7,
	.report_sequence = 3,
};

#define IN_SESSION "\"protocol_version\":2,\"agent_session_id\":\"s-\\\"1\\\"\""

/* Compares but for the timestamp, which has to be one: 2026-01-02T03:04:05.678+00:00. */
static void
check_body(const char *what, const struct buffer *body, const char *expected)
{
	static const char form[] = "0000-00-00T00:00:00.000+00:00";
	json_object *object = json_of(what, body->bytes), *time;

	if (json_object_object_get_ex(object, "timestamp", &time)) {
		char text[64];

		snprintf(text, sizeof(text), "%s", json_object_get_string(time));
		for (char *byte = text; *byte != '\0'; byte++)
			*byte = *byte >= '1' && *byte <= '9' ? '0' : *byte;
		row_string_equal(what, text, form);
		json_object_object_add(object, "timestamp", json_object_new_string("T"));
	}
	row_object_equal(what, object, expected);
}

/* ---- registration ---- */

struct register_row {
	const char *what;
	struct registration registration;
	const char *expected;
};

#define OFFER                                                      \
	"\"version\":\"1.2.3\",\"agent_version\":\"1.2.3\","       \
	"\"supported_protocol_versions\":[2,1],\"capabilities\":[" \
	"\"decommission.v1\",\"tunnel_stop.v1\"]"

static const struct register_row register_rows[] = {
	{ "the first", { .version = "1.2.3" }, "{" OFFER "}" },
	{ "again", { .version = "1.2.3", .agent_id = "6ff42ae2" },
	    "{" OFFER ",\"agent_id\":\"6ff42ae2\"}" },
	{ "with a name",
	    { .version = "1.2.3", .agent_id = "a/b", .display_name = "B\303\274ro \"1\"" },
	    "{" OFFER ",\"agent_id\":\"a/b\",\"display_name\":\"B\303\274ro \\\"1\\\"\"}" },
};

static void
a_registration_offers_both_protocols(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(register_rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_int_equal(body_register(&register_rows[at].registration, &out), 0);
		check_body(register_rows[at].what, &out, register_rows[at].expected);
	}
}

/* ---- events ---- */

struct event_row {
	const char *what;
	const struct session *session;
	const char *type;
	bool container;
	const char *expected;
};

static const struct event_row event_rows[] = {
	{ "heartbeat", &old_session, "heartbeat", false,
	    "{\"type\":\"heartbeat\",\"timestamp\":\"T\"}" },
	{ "a heartbeat in protocol 1 of a new master", &old_of_new, "heartbeat", false,
	    "{\"type\":\"heartbeat\",\"timestamp\":\"T\"}" },
	{ "heartbeat in protocol 2", &session, "heartbeat", false,
	    "{\"type\":\"heartbeat\",\"timestamp\":\"T\"," IN_SESSION ",\"event_sequence\":7}" },
	{ "start", &old_session, "container_start", true,
	    "{\"type\":\"container_start\",\"timestamp\":\"T\",\"container\":" CONTAINER "}" },
	{ "stop in protocol 2", &session, "container_stop", true,
	    "{\"type\":\"container_stop\",\"timestamp\":\"T\"," IN_SESSION
	    ",\"event_sequence\":7,\"container\":" CONTAINER "}" },
};

static void
events_are_as_the_protocol_says(void **state)
{
	struct map_entry entry = ENABLED_ENTRY;
	struct container_fact fact = container_fact_of(ID, "web", &entry);
	struct container_text *text = container_text_new(&fact);

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(event_rows); at++) {
		const struct event_row *row = &event_rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_int_equal(body_event(row->session, row->type, row->container ? text : NULL,
				     &out),
		    0);
		check_body(row->what, &out, row->expected);
	}
	container_text_unref(text);
}

struct tunnel_row {
	const char *what;
	const struct session *session;
	struct tunnel_told told;
	const char *expected;
};

#define TUNNEL "{\"name\":\"home\",\"status\":\"running\",\"version\":\"2025.9.0\"}"

static const struct tunnel_row tunnel_rows[] = {
	{ "protocol 1", &old_session, { "home", "running", "2025.9.0" },
	    "{\"type\":\"tunnel_status\",\"timestamp\":\"T\",\"tunnel\":" TUNNEL
	    ",\"container\":" TUNNEL "}" },
	{ "protocol 2", &session, { "home", "running", "2025.9.0" },
	    "{\"type\":\"tunnel_status\",\"timestamp\":\"T\"," IN_SESSION
	    ",\"event_sequence\":7,\"tunnel\":" TUNNEL ",\"container\":" TUNNEL "}" },
	{ "nothing known but the status", &old_session, { NULL, "stopped", NULL },
	    "{\"type\":\"tunnel_status\",\"timestamp\":\"T\",\"tunnel\":{\"status\":\"stopped\"},"
	    "\"container\":{\"status\":\"stopped\"}}" },
	{ "a hostile name", &old_session, { "\"},\"type\":\"container_stop", "error", NULL },
	    "{\"type\":\"tunnel_status\",\"timestamp\":\"T\","
	    "\"tunnel\":{\"name\":\"\\\"},\\\"type\\\":\\\"container_stop\",\"status\":\"error\"},"
	    "\"container\":{\"name\":\"\\\"},\\\"type\\\":\\\"container_stop\","
	    "\"status\":\"error\"}}" },
};

static void
the_tunnel_is_told_twice(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(tunnel_rows); at++) {
		const struct tunnel_row *row = &tunnel_rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_int_equal(body_tunnel_status(row->session, &row->told, &out), 0);
		check_body(row->what, &out, row->expected);
	}
}

/* ---- reports ---- */

#define LISTED "{\"id\":\"a\",\"status\":\"running\"}"
#define REPORT "\"type\":\"status_report\",\"timestamp\":\"T\""
#define REPORT_2                                                            \
	REPORT "," IN_SESSION ",\"report_sequence\":3,\"inventory_scope\":" \
	       "\"dockflare_enabled_running\""

struct report_row {
	const char *what;
	const struct session *session;
	struct slice containers;
	const char *expected;
};

static const struct report_row report_rows[] = {
	{ "protocol 1", &old_session, SLICE("[" LISTED "]"),
	    "{" REPORT ",\"container\":{\"containers\":[" LISTED "]}}" },
	{ "protocol 1, nothing runs", &old_session, SLICE("[]"),
	    "{" REPORT ",\"container\":{\"containers\":[]}}" },
	{ "protocol 1 of a new master", &old_of_new, SLICE("[" LISTED "]"),
	    "{" REPORT ",\"container\":{\"containers\":[" LISTED "]}}" },
	{ "protocol 2", &session, SLICE("[" LISTED "," LISTED "]"),
	    "{" REPORT_2 ",\"inventory_complete\":true,\"containers\":[" LISTED "," LISTED "]}" },
	{ "protocol 2, nothing runs", &session, SLICE("[]"),
	    "{" REPORT_2 ",\"inventory_complete\":true,\"containers\":[]}" },
	{ "Docker can't be read", &session, SLICE(""),
	    "{" REPORT_2 ",\"inventory_complete\":false}" },
};

static void
reports_say_what_they_are(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(report_rows); at++) {
		const struct report_row *row = &report_rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_int_equal(body_report(row->session, row->containers, &out), 0);
		check_body(row->what, &out, row->expected);
	}
}

/* ---- decommissioning ---- */

struct acknowledge_row {
	const char *what;
	const struct session *session;
	struct acknowledgement given;
	const char *expected;
};

#define OPERATION "\"operation_id\":\"op-1\",\"command_id\":\"c 1\""
#define MANUAL "\"self_stop_capability\":\"manual\""

static const struct acknowledge_row acknowledge_rows[] = {
	{ "prepared", &session,
	    { .operation_id = "op-1",
		.command_id = "c 1",
		.phase = "prepared",
		.tombstone_persisted = true,
		.tunnel_container = "stopped",
		.cloudflared_image = "cloudflare/cloudflared:2025.9.0" },
	    "{" OPERATION ",\"phase\":\"prepared\"," MANUAL ",\"agent_session_id\":\"s-\\\"1\\\"\","
	    "\"tombstone_persisted\":true,\"tunnel_container\":\"stopped\",\"agent_image\":null,"
	    "\"cloudflared_image\":\"cloudflare/cloudflared:2025.9.0\"}" },
	{ "prepared, and something failed", &session,
	    { .operation_id = "op-1",
		.command_id = "c 1",
		.phase = "prepared",
		.tunnel_container = "failed",
		.cloudflared_image = "a:1",
		.error_code = "tunnel_stop_failed" },
	    "{" OPERATION ",\"phase\":\"prepared\"," MANUAL ",\"agent_session_id\":\"s-\\\"1\\\"\","
	    "\"tombstone_persisted\":false,\"tunnel_container\":\"failed\",\"agent_image\":null,"
	    "\"cloudflared_image\":\"a:1\",\"error_code\":\"tunnel_stop_failed\"}" },
	{ "prepared, without a session", &old_session,
	    { .operation_id = "op-1",
		.command_id = "c 1",
		.phase = "prepared",
		.tombstone_persisted = true,
		.tunnel_container = "absent",
		.cloudflared_image = "a:1" },
	    "{" OPERATION ",\"phase\":\"prepared\"," MANUAL ",\"tombstone_persisted\":true,"
	    "\"tunnel_container\":\"absent\",\"agent_image\":null,\"cloudflared_image\":\"a:1\"}" },
	{ "finalized: no more than it asks for", &session,
	    { .operation_id = "op-1",
		.command_id = "c 1",
		.phase = "shutdown_scheduled",
		.tombstone_persisted = true,
		.tunnel_container = "stopped",
		.cloudflared_image = "a:1",
		.error_code = "x" },
	    "{" OPERATION ",\"phase\":\"shutdown_scheduled\"," MANUAL
	    ",\"agent_session_id\":\"s-\\\"1\\\"\"}" },
};

static void
decommissioning_is_acknowledged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(acknowledge_rows); at++) {
		const struct acknowledge_row *row = &acknowledge_rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_int_equal(body_acknowledge(row->session, &row->given, &out), 0);
		check_body(row->what, &out, row->expected);
	}
}

/* ---- bounds ---- */

static void
a_body_without_room_says_so(void **state)
{
	struct registration registration = { .version = "1.2.3" };
	struct tunnel_told told = { "home", "running", NULL };

	(void)state;
	for (size_t bound = 0; bound < 100; bound++) {
		struct buffer out _cleanup_buffer_ = BUFFER(bound);

		assert_int_equal(body_register(&registration, &out), -EMSGSIZE);
		buffer_clear(&out);
		assert_int_equal(body_report(&session, SLICE("[]"), &out), -EMSGSIZE);
		buffer_clear(&out);
		assert_int_equal(body_report(&old_session, SLICE("[" LISTED "," LISTED "]"), &out),
		    -EMSGSIZE);
		buffer_clear(&out);
		assert_int_equal(body_tunnel_status(&session, &told, &out), -EMSGSIZE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_offers_both_protocols),
		cmocka_unit_test(events_are_as_the_protocol_says),
		cmocka_unit_test(the_tunnel_is_told_twice),
		cmocka_unit_test(reports_say_what_they_are),
		cmocka_unit_test(decommissioning_is_acknowledged),
		cmocka_unit_test(a_body_without_room_says_so),
	};

	return RUN_TESTS(tests);
}
