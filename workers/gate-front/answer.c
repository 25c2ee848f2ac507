/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See answer.h. */
#include "answer.h"

#include <errno.h>
#include <string.h>

#include "common/json_out.h"
#include "common/tunnel_container.h"

#define NEVER "0001-01-01T00:00:00Z" /* Go's zero time, as Docker writes it */
#define NANOSECONDS 1000000000

/*
 * Appends pieces one after another and keeps the first error, so that a writer reads as the text it
 * writes.
 */
struct writing {
	struct buffer *out;
	int error;
};

static void
raw(struct writing *writing, const char *text)
{
	if (writing->error == 0)
		writing->error = buffer_add_text(writing->out, text);
}

static void
text(struct writing *writing, const char *value)
{
	if (writing->error == 0)
		writing->error = json_add_text(writing->out, value == NULL ? "" : value);
}

/* `key` is the text before the value: ",\"Id\":". */
static void
member(struct writing *writing, const char *key, const char *value)
{
	raw(writing, key);
	text(writing, value);
}

static void
number(struct writing *writing, const char *key, int64_t value)
{
	if (writing->error == 0)
		writing->error = buffer_printf(writing->out, "%s%lld", key, (long long)value);
}

static void
boolean(struct writing *writing, const char *key, bool value)
{
	raw(writing, key);
	raw(writing, value ? "true" : "false");
}

/* Labels may stand beside other members, which they must not repeat. */
static bool
is_taken(const char *key)
{
	return strcmp(key, "name") == 0 || strcmp(key, "oldName") == 0;
}

static void
labels(struct writing *writing, const struct map *map, bool first)
{
	for (size_t at = 0; at < map->count; at++) {
		if (!first && is_taken(map->entries[at].key))
			continue;
		raw(writing, first ? "" : ",");
		text(writing, map->entries[at].key);
		raw(writing, ":");
		text(writing, map->entries[at].value);
		first = false;
	}
}

int
answer_refusal(struct buffer *out, const char *message)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"message\":", message);
	raw(&writing, "}\n");
	return writing.error;
}

int
answer_version(struct buffer *out, const struct message_gate_about_is *about)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"Version\":", about->version);
	member(&writing, ",\"ApiVersion\":", about->api_version);
	member(&writing, ",\"MinAPIVersion\":", about->minimum);
	member(&writing, ",\"Os\":", about->os);
	member(&writing, ",\"Arch\":", about->arch);
	raw(&writing, "}\n");
	return writing.error;
}

int
answer_row(struct buffer *out, const struct container_fact *fact, bool first)
{
	struct writing writing = { .out = out };

	member(&writing, first ? "{\"Id\":" : ",{\"Id\":", fact->id);
	raw(&writing, ",\"Names\":[\"/");
	raw(&writing, fact->name); /* of the class TEXT_NAME: nothing to escape */
	member(&writing, "\"],\"State\":", fact->status);
	member(&writing, ",\"Status\":", fact->status);
	raw(&writing, ",\"Labels\":{");
	labels(&writing, &fact->labels, true);
	raw(&writing, "}}");
	return writing.error;
}

int
answer_event(struct buffer *out, const struct message_gate_event *event)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"status\":", event->action);
	member(&writing, ",\"id\":", event->container);
	member(&writing, ",\"Type\":\"container\",\"Action\":", event->action);
	member(&writing, ",\"Actor\":{\"ID\":", event->container);
	member(&writing, ",\"Attributes\":{\"name\":", event->name);
	if (event->old_name != NULL)
		member(&writing, ",\"oldName\":", event->old_name);
	labels(&writing, &event->labels, false);
	number(&writing, "}},\"scope\":\"local\",\"time\":", event->time_ns / NANOSECONDS);
	number(&writing, ",\"timeNano\":", event->time_ns);
	raw(&writing, "}\n");
	return writing.error;
}

static bool
is_up(const char *state)
{
	return strcmp(state, "running") == 0 || strcmp(state, "paused") == 0 ||
	       strcmp(state, "restarting") == 0;
}

static void
write_state(struct writing *writing, const struct message_gate_container *container)
{
	member(writing, ",\"State\":{\"Status\":", container->state);
	if (container->ours) {
		boolean(writing, ",\"Running\":", is_up(container->state));
		number(writing, ",\"ExitCode\":", container->exit_code);
		member(writing, ",\"Error\":", container->error);
		member(writing, ",\"StartedAt\":",
		    container->started_at == NULL ? NEVER : container->started_at);
		member(writing, ",\"FinishedAt\":",
		    container->finished_at == NULL ? NEVER : container->finished_at);
	}
	raw(writing, "}");
}

static void
write_environment(struct writing *writing, const char *token)
{
	struct buffer variable _cleanup_buffer_ = SECRET_BUFFER(TOKEN_MAX_BYTES + 32);

	raw(writing, ",\"Env\":[");
	if (token != NULL && writing->error == 0) {
		writing->error = buffer_add_text(&variable, "TUNNEL_TOKEN=");
		if (writing->error == 0)
			writing->error = buffer_add_text(&variable, token);
		text(writing, variable.bytes);
	}
	raw(writing, "]");
}

static void
write_config(struct writing *writing, const struct message_gate_container *container)
{
	struct map_entry entries[2];
	struct map map = { .count = 0, .entries = entries };

	member(writing, ",\"Config\":{\"Image\":", container->image);
	if (container->ours) {
		write_environment(writing, container->token);
		if (container->labelled)
			entries[map.count++] = (struct map_entry){ OWNER_LABEL, OWNER_VALUE };
		if (container->command_id != NULL)
			entries[map.count++] = (struct map_entry){ COMMAND_LABEL,
				container->command_id };
		raw(writing, ",\"Labels\":{");
		labels(writing, &map, true);
		raw(writing, "}");
	}
	raw(writing, "}");
}

static void
write_network(struct writing *writing, const struct message_gate_container *container,
    const char *network)
{
	raw(writing, ",\"NetworkSettings\":{\"Networks\":{");
	if (container->on_network) {
		text(writing, network);
		member(writing, ":{\"IPAddress\":", container->address);
		member(writing, ",\"GlobalIPv6Address\":", container->address6);
		raw(writing, "}");
	}
	raw(writing, "}}");
}

int
answer_container(struct buffer *out, const struct message_gate_container *container,
    const char *network)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"Id\":", container->container);
	member(&writing, ",\"Name\":", "/" TUNNEL_CONTAINER_NAME);
	if (container->ours)
		number(&writing, ",\"RestartCount\":", container->restart_count);
	write_state(&writing, container);
	write_config(&writing, container);
	if (container->ours)
		write_network(&writing, container, network);
	raw(&writing, "}\n");
	return writing.error;
}

int
answer_created(struct buffer *out, const char *id)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"Id\":", id);
	raw(&writing, ",\"Warnings\":[]}\n");
	return writing.error;
}

int
answer_image(struct buffer *out, const char *id)
{
	struct writing writing = { .out = out };

	raw(&writing, "{\"Id\":\"sha256:");
	raw(&writing, id);
	raw(&writing, "\"}\n");
	return writing.error;
}

int
answer_network(struct buffer *out, const char *id, const char *name)
{
	struct writing writing = { .out = out };

	member(&writing, "{\"Name\":", name);
	member(&writing, ",\"Id\":", id);
	raw(&writing, "}\n");
	return writing.error;
}

int
answer_progress(struct buffer *out, const struct message_gate_progress *progress)
{
	struct writing writing = { .out = out };

	if (progress->error != NULL) {
		member(&writing, "{\"errorDetail\":{\"message\":", progress->error);
		member(&writing, "},\"error\":", progress->error);
		raw(&writing, "}\r\n");
		return writing.error;
	}
	member(&writing, "{\"status\":", progress->text);
	if (progress->total > 0) {
		number(&writing, ",\"progressDetail\":{\"current\":", progress->current);
		number(&writing, ",\"total\":", progress->total);
		raw(&writing, "}");
	}
	if (progress->layer != NULL)
		member(&writing, ",\"id\":", progress->layer);
	raw(&writing, "}\r\n");
	return writing.error;
}
