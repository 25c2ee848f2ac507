/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  `status`: one line each for the link, Docker, the tunnel, each worker. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agentctl/show.h"
#include "common/attr.h"

static void
print_link(const struct account *account, const union message_body *body,
    const struct output *output)
{
	const struct message_status_link *link = &body->status_link;
	struct line line _cleanup_line_ = LINE;
	char text[AGE_BYTES], protocol[16];

	line_begin(&line, "master", link_state_choices[link->state]);
	line_add_part(&line, "agent", link->agent_id);
	if (link->agent_status != AGENT_UNKNOWN)
		line_add_part(&line, "", agent_status_choices[link->agent_status]);
	snprintf(protocol, sizeof(protocol), "%" PRId64, link->protocol);
	line_add_part(&line, "protocol", link->protocol == 0 ? NULL : protocol);
	line_add_part(&line, "last contact",
	    ago_text(account_age_s(account, link->last_contact_ms), text));
	line_add_part(&line, "", link->detail);
	line_write(&line, output);
}

static void
print_docker(const struct account *account, const union message_body *body,
    const struct output *output)
{
	const struct message_status_docker *docker = &body->status_docker;
	struct line line _cleanup_line_ = LINE;
	char text[AGE_BYTES];

	line_begin(&line, "docker", docker_state_choices[docker->state]);
	line_add_part(&line, "API", docker->api_version);
	line_add_part(&line, "engine", docker->engine_version);
	line_add_count(&line, docker->containers, "enabled container");
	if (docker->ignored > 0) {
		snprintf(text, sizeof(text), "%" PRId64 " ignored", docker->ignored);
		line_add_part(&line, "", text);
	}
	line_add_part(&line, "last list",
	    ago_text(account_age_s(account, docker->last_list_ms), text));
	line_add_part(&line, "", docker->detail);
	line_write(&line, output);
}

static void
print_tunnel(const struct account *account, const union message_body *body,
    const struct output *output)
{
	const struct message_status_tunnel *tunnel = &body->status_tunnel;
	struct line line _cleanup_line_ = LINE;
	char container[13];

	(void)account;
	snprintf(container, sizeof(container), "%s",
	    tunnel->container_id == NULL ? "" : tunnel->container_id);
	line_begin(&line, "tunnel", tunnel_state_choices[tunnel->state]);
	line_add_part(&line, "", tunnel->name);
	line_add_part(&line, "cloudflared", tunnel->version);
	if (tunnel->ready_connections >= 0)
		line_add_count(&line, tunnel->ready_connections, "connection");
	line_add_part(&line, "container", container);
	line_add_part(&line, "", tunnel->detail);
	line_write(&line, output);
}

static void
print_resolver(const struct account *account, const union message_body *body,
    const struct output *output)
{
	struct line line _cleanup_line_ = LINE;

	(void)account;
	line_begin(&line, "names", "");
	line_add(&line, "%" PRId64 " answered, %" PRId64 " failed", body->status_resolver.answered,
	    body->status_resolver.failed);
	line_write(&line, output);
}

static void
print_front(const char *what, const union message_body *body, const struct output *output)
{
	const struct message_status_front *front = &body->status_front;
	struct line line _cleanup_line_ = LINE;

	line_begin(&line, what, "serves");
	line_add_count(&line, front->connections, "connection");
	line_add_count(&line, front->streams, "stream");
	line_add_count(&line, front->requests, "request");
	line_add(&line, ", %" PRId64 " refused", front->refused);
	line_write(&line, output);
}

static void
print_read_endpoint(const struct account *account, const union message_body *body,
    const struct output *output)
{
	(void)account;
	print_front("read", body, output);
}

static void
print_tunnel_endpoint(const struct account *account, const union message_body *body,
    const struct output *output)
{
	(void)account;
	print_front("tunnel", body, output);
}

static void
print_engine(const struct account *account, const union message_body *body,
    const struct output *output)
{
	const struct message_status_engine *engine = &body->status_engine;
	struct line line _cleanup_line_ = LINE;

	(void)account;
	line_begin(&line, "engine", docker_state_choices[engine->state]);
	line_add_part(&line, "API", engine->api_version);
	line_add_count(&line, engine->requests, "request");
	line_add_count(&line, engine->creates, "create");
	line_add_part(&line, "", engine->detail);
	line_write(&line, output);
}

static void
print_worker(const struct account *account, enum process process, const struct output *output)
{
	const struct message_status_worker *worker = account_worker(account, process);
	struct line line _cleanup_line_ = LINE;
	char text[AGE_BYTES];

	if (worker == NULL)
		return;
	line_add(&line, "  %-14s ", processes[process].name);
	line_add_state(&line, worker_phase_choices[worker->phase]);
	line_add(&line, "%*s pid %-6" PRId64 " uid %" PRId64 ", up %s",
	    8 - (int)strlen(worker_phase_choices[worker->phase]), "", worker->pid, worker->uid,
	    age_text(worker->uptime_ms / 1000, text));
	line_add_count(&line, worker->restarts, "restart");
	if (worker->log_lines_dropped > 0)
		line_add_count(&line, worker->log_lines_dropped, "dropped log line");
	line_add_part(&line, "its account is not understood:", account->flaws[process]);
	line_write(&line, output);
}

/* The parts that are told apart, in the order in which they are shown. */
static const struct {
	const char *what;
	enum process process;
	void (*print)(const struct account *account, const union message_body *body,
	    const struct output *output);
} parts[] = {
	{ "master", PROCESS_MASTER_LINK, print_link },
	{ "docker", PROCESS_DOCKER_WATCHER, print_docker },
	{ "tunnel", PROCESS_TUNNEL_KEEPER, print_tunnel },
	{ "names", PROCESS_NAME_RESOLVER, print_resolver },
	{ "read", PROCESS_GATE_READ, print_read_endpoint },
	{ "tunnel", PROCESS_GATE_TUNNEL, print_tunnel_endpoint },
	{ "engine", PROCESS_GATE_ENGINE, print_engine },
};

/* What a worker says of itself is worth nothing while nobody else hears of it. */
static void
print_stale(const struct account *account, const char *what, enum process process,
    const struct output *output)
{
	struct line line _cleanup_line_ = LINE;
	char text[AGE_BYTES];

	line_begin(&line, what, "stale");
	line_add(&line, "%s has told its peers nothing for %s", processes[process].name,
	    age_text(account_silence_s(account, process), text));
	line_write(&line, output);
}

static void
print_warnings(const char *who, const struct texts *warnings, const struct output *output)
{
	for (size_t at = 0; warnings != NULL && at < warnings->count; at++) {
		struct line line _cleanup_line_ = LINE;

		line_add_state(&line, "warning");
		line_add(&line, "  %s: %s", who, warnings->items[at]);
		line_write(&line, output);
	}
}

static void
print_head(const struct account *account, enum health health, const char *reasons,
    const struct output *output)
{
	const struct message_status_agent *agent = &account->agent.body.status_agent;
	struct line line _cleanup_line_ = LINE, why _cleanup_line_ = LINE;
	char text[AGE_BYTES];

	line_begin(&line, account->program == PROGRAM_GATE ? "gate" : "agent",
	    health_names[health]);
	line_add_part(&line, "version", agent->version);
	line_add_part(&line, "up", age_text(agent->uptime_ms / 1000, text));
	line_add(&line, ", %s, Landlock ABI %" PRId64, agent->start_mode, agent->landlock_abi);
	line_add_part(&line, "kernel", agent->kernel);
	line_add_part(&line, "", agent->best_effort ? "SANDBOX=best-effort" : NULL);
	line_write(&line, output);
	if (reasons[0] == '\0')
		return;
	line_add(&why, "%-8s %s", "", reasons);
	line_write(&why, output);
}

static void
print_parts(const struct account *account, const struct output *output)
{
	for (size_t at = 0; at < ARRAY_LEN(parts); at++) {
		const union message_body *body = account_of(account, parts[at].process);

		if (!account_has(account, parts[at].process))
			continue;
		if (account_is_stale(account, parts[at].process))
			print_stale(account, parts[at].what, parts[at].process, output);
		else if (body != NULL)
			parts[at].print(account, body, output);
		else
			fprintf(output->file, "%-8s no account of it\n", parts[at].what);
	}
}

void
show_text(const struct account *account, enum health health, const char *reasons,
    const struct output *output)
{
	print_head(account, health, reasons, output);
	print_parts(account, output);
	show_seen(account, output);
	fputs("workers\n", output->file);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++)
		print_worker(account, parts[at].process, output);
	print_warnings("supervisor", &account->agent.body.status_agent.warnings, output);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++)
		print_warnings(processes[parts[at].process].name,
		    account_warnings(account, parts[at].process), output);
}
