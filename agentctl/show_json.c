/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  `status --json`: one object, its members documented in docs/operation.md. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "agentctl/show.h"
#include "common/printable.h"

/* An object under construction; an addition that fails is remembered and told at the end. */
struct building {
	json_object *object;
	bool failed;
};

static void
add(struct building *building, const char *key, json_object *value, bool may_be_null)
{
	if ((value == NULL && !may_be_null) ||
	    json_object_object_add(building->object, key, value) != 0) {
		building->failed = true;
		json_object_put(value);
	}
}

/* Escaped, though json-c escapes control characters: C1 and direction marks would get through. */
static json_object *
make_text(const char *text)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(2 * SHOWN_MAX_BYTES);

	printable_add(&shown, text, strlen(text), SHOWN_MAX_BYTES);
	return json_object_new_string_len(shown.length == 0 ? "" : shown.bytes, (int)shown.length);
}

static void
add_text(struct building *building, const char *key, const char *text)
{
	add(building, key, text == NULL ? NULL : make_text(text), text == NULL);
}

static void
add_number(struct building *building, const char *key, int64_t number)
{
	add(building, key, json_object_new_int64(number), false);
}

/* A number that -1 stands in for where there is none. */
static void
add_known(struct building *building, const char *key, int64_t number)
{
	add(building, key, number < 0 ? NULL : json_object_new_int64(number), number < 0);
}

static void
add_texts(struct building *building, const char *key, const struct texts *texts)
{
	json_object *list = json_object_new_array();

	for (size_t at = 0; at < texts->count && list != NULL; at++)
		if (json_object_array_add(list, make_text(texts->items[at])) != 0)
			building->failed = true;
	add(building, key, list, false);
}

static void
begin(struct building *inner)
{
	*inner = (struct building){ .object = json_object_new_object() };
	inner->failed = inner->object == NULL;
}

static void
end(struct building *building, const char *key, struct building *inner)
{
	building->failed = building->failed || inner->failed;
	add(building, key, inner->object, false);
}

static void
add_agent(struct building *building, const struct account *account)
{
	const struct message_status_agent *agent = &account->agent.body.status_agent;
	struct building inner;

	begin(&inner);
	add_text(&inner, "version", agent->version);
	add_number(&inner, "pid", agent->pid);
	add_number(&inner, "uptime_s", agent->uptime_ms / 1000);
	add_text(&inner, "start_mode", agent->start_mode);
	add_number(&inner, "landlock_abi", agent->landlock_abi);
	add_texts(&inner, "landlock_lost", &agent->landlock_lost);
	add(&inner, "mdwe", json_object_new_boolean(agent->mdwe), false);
	add_text(&inner, "sandbox", agent->best_effort ? "best-effort" : "required");
	add_number(&inner, "seccomp_filters", agent->seccomp_filters);
	add_text(&inner, "kernel", agent->kernel);
	add_texts(&inner, "warnings", &agent->warnings);
	end(building, "agent", &inner);
}

/* The worker's own word, or that it is worth nothing: see account_is_stale. */
static void
add_state(struct building *building, const struct account *account, enum process process,
    const char *said)
{
	add_text(building, "state", account_is_stale(account, process) ? "stale" : said);
	add_known(building, "heard_s", account_silence_s(account, process));
}

static void
add_link(struct building *building, const struct account *account, const union message_body *body)
{
	const struct message_status_link *link = &body->status_link;
	struct building inner;

	begin(&inner);
	add_state(&inner, account, PROCESS_MASTER_LINK, link_state_choices[link->state]);
	add_text(&inner, "agent_id", link->agent_id);
	add_text(&inner, "agent_status", agent_status_choices[link->agent_status]);
	add_number(&inner, "protocol", link->protocol);
	add_text(&inner, "lifecycle", lifecycle_choices[link->lifecycle]);
	add_known(&inner, "last_contact_s", account_age_s(account, link->last_contact_ms));
	add_text(&inner, "detail", link->detail);
	add_texts(&inner, "warnings", &link->warnings);
	end(building, "link", &inner);
}

static void
add_seen(struct building *building, const struct records *records)
{
	const struct seen_container *seen = records->items;
	json_object *list = json_object_new_array();

	for (size_t at = 0; at < records->count && list != NULL; at++) {
		struct building inner;

		begin(&inner);
		add_text(&inner, "name", seen[at].name);
		add_text(&inner, "verdict", container_verdict_choices[seen[at].verdict]);
		add_text(&inner, "hostname", seen[at].hostname);
		add_text(&inner, "service", seen[at].service);
		add_text(&inner, "enable", seen[at].value);
		building->failed = building->failed || inner.failed ||
				   json_object_array_add(list, inner.object) != 0;
	}
	add(building, "seen", list, false);
}

static void
add_docker(struct building *building, const struct account *account, const union message_body *body)
{
	const struct message_status_docker *docker = &body->status_docker;
	struct building inner;

	begin(&inner);
	add_state(&inner, account, PROCESS_DOCKER_WATCHER, docker_state_choices[docker->state]);
	add_text(&inner, "api_version", docker->api_version);
	add_text(&inner, "engine_version", docker->engine_version);
	add_number(&inner, "containers", docker->containers);
	add_number(&inner, "ignored", docker->ignored);
	add_seen(&inner, &docker->seen);
	add_known(&inner, "last_list_s", account_age_s(account, docker->last_list_ms));
	add_text(&inner, "detail", docker->detail);
	add_texts(&inner, "warnings", &docker->warnings);
	end(building, "docker", &inner);
}

static void
add_tunnel(struct building *building, const struct account *account, const union message_body *body)
{
	const struct message_status_tunnel *tunnel = &body->status_tunnel;
	struct building inner;

	begin(&inner);
	add_state(&inner, account, PROCESS_TUNNEL_KEEPER, tunnel_state_choices[tunnel->state]);
	add_text(&inner, "id", tunnel->id);
	add_text(&inner, "name", tunnel->name);
	add_text(&inner, "version", tunnel->version);
	add_text(&inner, "container_id", tunnel->container_id);
	add_known(&inner, "ready_connections", tunnel->ready_connections);
	add_text(&inner, "detail", tunnel->detail);
	add_texts(&inner, "warnings", &tunnel->warnings);
	end(building, "tunnel", &inner);
}

static void
add_resolver(struct building *building, const struct account *account,
    const union message_body *body)
{
	struct building inner;

	(void)account;
	begin(&inner);
	add_number(&inner, "answered", body->status_resolver.answered);
	add_number(&inner, "failed", body->status_resolver.failed);
	end(building, "resolver", &inner);
}

static void
add_front(struct building *building, const char *key, const union message_body *body)
{
	const struct message_status_front *front = &body->status_front;
	struct building inner;

	begin(&inner);
	add_number(&inner, "connections", front->connections);
	add_number(&inner, "streams", front->streams);
	add_number(&inner, "requests", front->requests);
	add_number(&inner, "refused", front->refused);
	end(building, key, &inner);
}

static void
add_read_endpoint(struct building *building, const struct account *account,
    const union message_body *body)
{
	(void)account;
	add_front(building, "read", body);
}

static void
add_tunnel_endpoint(struct building *building, const struct account *account,
    const union message_body *body)
{
	(void)account;
	add_front(building, "tunnel", body);
}

static void
add_engine(struct building *building, const struct account *account, const union message_body *body)
{
	const struct message_status_engine *engine = &body->status_engine;
	struct building inner;

	(void)account;
	begin(&inner);
	add_text(&inner, "state", docker_state_choices[engine->state]);
	add_text(&inner, "api_version", engine->api_version);
	add_number(&inner, "requests", engine->requests);
	add_number(&inner, "creates", engine->creates);
	add_text(&inner, "detail", engine->detail);
	add_texts(&inner, "warnings", &engine->warnings);
	end(building, "engine", &inner);
}

static void
add_workers(struct building *building, const struct account *account)
{
	json_object *list = json_object_new_array();

	for_each_worker_of(account->program, process) {
		const struct message_status_worker *worker = account_worker(account, process);
		struct building inner;

		if (worker == NULL || list == NULL)
			continue;
		begin(&inner);
		add_text(&inner, "name", processes[process].name);
		add_text(&inner, "state", worker_phase_choices[worker->phase]);
		add_number(&inner, "pid", worker->pid);
		add_number(&inner, "uid", worker->uid);
		add_number(&inner, "restarts", worker->restarts);
		add_number(&inner, "uptime_s", worker->uptime_ms / 1000);
		add_number(&inner, "seccomp_filters", worker->seccomp_filters);
		add_number(&inner, "log_lines_dropped", worker->log_lines_dropped);
		building->failed = building->failed || inner.failed ||
				   json_object_array_add(list, inner.object) != 0;
	}
	add(building, "workers", list, false);
}

/* What each worker's blob becomes; null where there is none. */
static const struct {
	const char *key;
	enum process process;
	void (*add)(struct building *building, const struct account *account,
	    const union message_body *body);
} parts[] = {
	{ "link", PROCESS_MASTER_LINK, add_link },
	{ "docker", PROCESS_DOCKER_WATCHER, add_docker },
	{ "tunnel", PROCESS_TUNNEL_KEEPER, add_tunnel },
	{ "resolver", PROCESS_NAME_RESOLVER, add_resolver },
	{ "read", PROCESS_GATE_READ, add_read_endpoint },
	{ "tunnel", PROCESS_GATE_TUNNEL, add_tunnel_endpoint },
	{ "engine", PROCESS_GATE_ENGINE, add_engine },
};

/* A worker that has said nothing yet: null, or only that it is stale. */
static void
add_nothing(struct building *building, const struct account *account, const char *key,
    enum process process)
{
	struct building inner;

	if (!account_is_stale(account, process)) {
		add(building, key, NULL, true);
		return;
	}
	begin(&inner);
	add_state(&inner, account, process, NULL);
	end(building, key, &inner);
}

int
show_json(const struct account *account, enum health health, const char *reasons,
    const struct output *output, bool one_line)
{
	struct building building;
	const char *text = NULL;

	begin(&building);
	if (building.failed)
		return -ENOMEM;
	add_text(&building, "status", health_names[health]);
	add_text(&building, "reason", reasons[0] == '\0' ? NULL : reasons);
	add_agent(&building, account);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++) {
		const union message_body *body = account_of(account, parts[at].process);

		if (!account_has(account, parts[at].process))
			continue;
		if (body == NULL)
			add_nothing(&building, account, parts[at].key, parts[at].process);
		else
			parts[at].add(&building, account, body);
	}
	add_workers(&building, account);
	if (!building.failed)
		text = json_object_to_json_string_ext(building.object,
		    (one_line ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY) |
			JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text != NULL)
		fprintf(output->file, "%s\n", text);
	json_object_put(building.object);
	return text == NULL ? -ENOMEM : 0;
}
