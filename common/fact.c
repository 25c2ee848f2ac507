/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  See fact.h.  An element is judged by json_check_structure
 * only, so that a tenant's label costs that label; every text that is used is judged by the strict
 * check then.
 */
#include "common/fact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/record.h"

#define SHORT_ID_BYTES 12

const char *const run_status_names[RUN_STATUS_COUNT] = {
	[RUN_RUNNING] = "running",
	[RUN_PAUSED] = "paused",
	[RUN_RESTARTING] = "restarting",
};

static int
refuse(char why[FACT_WHY_BYTES], const char *reason)
{
	(void)snprintf(why, FACT_WHY_BYTES, "%s", reason);
	return -EBADMSG;
}

static bool
slice_is(struct slice value, const char *quoted)
{
	return value.length == strlen(quoted) && memcmp(value.bytes, quoted, value.length) == 0;
}

/* An id: 64 hexadecimal digits, written plainly. */
static bool
take_id(struct slice value, char id[CONTAINER_ID_BYTES + 1])
{
	/* The closing quote is looked at for a head, which was cut by bytes. */
	if (value.length != CONTAINER_ID_BYTES + 2 || value.bytes[0] != '"' ||
	    value.bytes[CONTAINER_ID_BYTES + 1] != '"' ||
	    !text_is(TEXT_HEX, value.bytes + 1, CONTAINER_ID_BYTES))
		return false;
	memcpy(id, value.bytes + 1, CONTAINER_ID_BYTES);
	id[CONTAINER_ID_BYTES] = '\0';
	return true;
}

/* A name, its leading "/" dropped.  Docker's names need no escapes. */
static bool
take_name(struct slice value, char name[CONTAINER_NAME_MAX_BYTES + 1])
{
	const char *bytes = value.bytes + 1;
	size_t length;

	if (value.length < 3 || value.bytes[0] != '"')
		return false;
	length = value.length - 2;
	if (bytes[0] == '/')
		bytes++, length--;
	if (length == 0 || length > CONTAINER_NAME_MAX_BYTES || !text_is(TEXT_NAME, bytes, length))
		return false;
	memcpy(name, bytes, length);
	name[length] = '\0';
	return true;
}

static void
name_by_id(struct fact *fact)
{
	memcpy(fact->name, fact->id, SHORT_ID_BYTES);
	fact->name[SHORT_ID_BYTES] = '\0';
}

/* The one of "Names" that is no alias of a link ("/other/alias"). */
static void
take_names(struct slice names, struct fact *fact)
{
	struct slice name;
	size_t at = 0;

	name_by_id(fact);
	while (json_next_element(names, &at, &name))
		if (take_name(name, fact->name))
			return;
}

static void
take_state(struct slice state, struct fact *fact)
{
	char quoted[16];

	if (state.length >= 3 && state.length <= CONTAINER_STATE_MAX_BYTES + 2 &&
	    state.bytes[0] == '"' && text_is(TEXT_NAME, state.bytes + 1, state.length - 2))
		memcpy(fact->state, state.bytes + 1, state.length - 2);
	for (enum run_status status = 0; status < RUN_STATUS_COUNT; status++) {
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", run_status_names[status]);
		if (slice_is(state, quoted)) {
			fact->runs = true;
			fact->status = status;
			return;
		}
	}
}

int
fact_from_list(struct slice text, const char *prefix, struct arena *arena, struct fact *ret_fact,
    char why[FACT_WHY_BYTES])
{
	enum json_flaw flaw = json_check_structure(text, JSON_MAX_DEPTH);
	struct slice member;
	int result;

	*ret_fact = (struct fact){ 0 };
	if (flaw != JSON_GOOD)
		return flaw == JSON_MEMORY ? -ENOMEM : refuse(why, json_flaw_texts[flaw]);
	if (!json_member(text, "Id", &member) || !take_id(member, ret_fact->id))
		return refuse(why, "a container without an id");
	if (!json_member(text, "State", &member))
		return refuse(why, "a container without a state");
	take_state(member, ret_fact);
	name_by_id(ret_fact);
	if (json_member(text, "Names", &member))
		take_names(member, ret_fact);
	if (!json_member(text, "Labels", &member))
		return 0;
	result = labels_read(member, prefix, arena, &ret_fact->labels);
	return result == -EBADMSG ? refuse(why, "labels that are no object") : result;
}

bool
fact_id_of_head(struct slice head, char ret_id[CONTAINER_ID_BYTES + 1])
{
	static const char begin[] = "{\"Id\":";
	size_t length = sizeof(begin) - 1;
	struct slice value = { head.bytes + length, CONTAINER_ID_BYTES + 2 };

	return head.length >= length + value.length && memcmp(head.bytes, begin, length) == 0 &&
	       take_id(value, ret_id);
}

/* ---- events ---- */

static const struct {
	const char *quoted;
	const char *action;
	enum event_kind kind;
	enum run_status status;
} actions[] = {
	{ "\"start\"", "start", EVENT_START, RUN_RUNNING },
	{ "\"die\"", "die", EVENT_END, RUN_RUNNING },
	{ "\"died\"", "die", EVENT_END, RUN_RUNNING },
	{ "\"stop\"", "stop", EVENT_END, RUN_RUNNING },
	{ "\"destroy\"", "destroy", EVENT_END, RUN_RUNNING },
	{ "\"remove\"", "destroy", EVENT_END, RUN_RUNNING },
	{ "\"rename\"", "rename", EVENT_RENAME, RUN_RUNNING },
	{ "\"pause\"", "pause", EVENT_PAUSE, RUN_PAUSED },
	{ "\"unpause\"", "unpause", EVENT_UNPAUSE, RUN_RUNNING },
};

static void
take_action(struct slice action, struct event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (slice_is(action, actions[i].quoted)) {
			event->kind = actions[i].kind;
			event->action = actions[i].action;
			event->fact.runs = event->kind != EVENT_END;
			event->fact.status = actions[i].status;
			return;
		}
	}
}

/*
 * Docker mixes labels and attributes of its own (name, image, exitCode) in one object; its own are
 * set last, so that a label can't stand in for the name.
 */
static int
take_attributes(struct slice attributes, const char *prefix, struct arena *arena,
    struct event *event)
{
	struct slice value;

	if (json_member(attributes, "name", &value))
		(void)take_name(value, event->fact.name);
	if (event->kind == EVENT_RENAME && json_member(attributes, "oldName", &value))
		(void)take_name(value, event->old_name);
	return labels_read(attributes, prefix, arena, &event->fact.labels);
}

/* "timeNano", digits without a sign.  What is none, or too large, is not told. */
static void
take_time(struct slice text, struct event *event)
{
	struct slice value;
	int64_t time_ns = 0;

	if (!json_member(text, "timeNano", &value))
		return;
	for (size_t i = 0; i < value.length; i++)
		if (value.bytes[i] < '0' || value.bytes[i] > '9' ||
		    __builtin_mul_overflow(time_ns, 10, &time_ns) ||
		    __builtin_add_overflow(time_ns, value.bytes[i] - '0', &time_ns))
			return;
	event->time_ns = time_ns;
}

int
fact_from_event(struct slice text, const char *prefix, struct arena *arena, struct event *ret_event,
    char why[FACT_WHY_BYTES])
{
	enum json_flaw flaw = json_check_structure(text, JSON_MAX_DEPTH);
	struct slice actor, member;
	int result;

	*ret_event = (struct event){ .kind = EVENT_OTHER };
	if (flaw != JSON_GOOD)
		return flaw == JSON_MEMORY ? -ENOMEM : refuse(why, json_flaw_texts[flaw]);
	if (!json_member(text, "Type", &member) || !slice_is(member, "\"container\"") ||
	    !json_member(text, "Action", &member))
		return 0;
	take_action(member, ret_event);
	if (ret_event->kind == EVENT_OTHER)
		return 0;
	if (!json_member(text, "Actor", &actor) || !json_member(actor, "ID", &member) ||
	    !take_id(member, ret_event->fact.id))
		return refuse(why, "an event without its container's id");
	name_by_id(&ret_event->fact);
	take_time(text, ret_event);
	if (!json_member(actor, "Attributes", &member))
		return refuse(why, "an event without attributes");
	result = take_attributes(member, prefix, arena, ret_event);
	return result == -EBADMSG ? refuse(why, "attributes that are no object") : result;
}
