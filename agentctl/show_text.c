/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  `status`: one line each for the link, Docker, the tunnel, each worker. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agentctl/show.h"
#include "common/printable.h"

#define LINE_MAX_BYTES (2 * SHOWN_MAX_BYTES)
#define AGE_BYTES 32
#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)

/* "12 s", "5 min", "3 h 5 min", "2 d 3 h", or "never". */
static const char *
age(int64_t seconds, char text[AGE_BYTES])
{
	if (seconds < 0)
		snprintf(text, AGE_BYTES, "never");
	else if (seconds < 2 * MINUTE_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " s", seconds);
	else if (seconds < HOUR_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " min", seconds / MINUTE_S);
	else if (seconds < DAY_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " h %" PRId64 " min", seconds / HOUR_S,
		    seconds % HOUR_S / MINUTE_S);
	else
		snprintf(text, AGE_BYTES, "%" PRId64 " d %" PRId64 " h", seconds / DAY_S,
		    seconds % DAY_S / HOUR_S);
	return text;
}

/* "3 s ago", "never". */
static const char *
ago(int64_t seconds, char text[AGE_BYTES])
{
	age(seconds, text);
	if (seconds >= 0)
		strncat(text, " ago", AGE_BYTES - strlen(text) - 1);
	return text;
}

/* One line, escaped as a whole. */
static void
print_line(const struct buffer *line)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(2 * LINE_MAX_BYTES);

	printable_add(&shown, line->bytes == NULL ? "" : line->bytes, line->length, LINE_MAX_BYTES);
	printf("%s\n", shown.bytes == NULL ? "" : shown.bytes);
}

static void
begin_line(struct buffer *line, const char *what, const char *state)
{
	(void)buffer_printf(line, "%-8s %-14s", what, state);
}

/* Adds ", WORD TEXT" where there is a text; the first of a line without the comma. */
static void
add_part(struct buffer *line, const char *word, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	(void)buffer_printf(line, "%s%s%s%s",
	    line->bytes != NULL && line->bytes[line->length - 1] == ' ' ? "" : ", ", word,
	    word[0] == '\0' ? "" : " ", text);
}

static void
add_count(struct buffer *line, int64_t count, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
	add_part(line, "", text);
}

static void
print_link(const struct account *account, const union message_body *body)
{
	const struct message_status_link *link = &body->status_link;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char text[AGE_BYTES], protocol[16];

	begin_line(&line, "master", link_state_choices[link->state]);
	add_part(&line, "agent", link->agent_id);
	if (link->agent_status != AGENT_UNKNOWN)
		add_part(&line, "", agent_status_choices[link->agent_status]);
	snprintf(protocol, sizeof(protocol), "%" PRId64, link->protocol);
	add_part(&line, "protocol", link->protocol == 0 ? NULL : protocol);
	add_part(&line, "last contact", ago(account_age_s(account, link->last_contact_ms), text));
	add_part(&line, "", link->detail);
	print_line(&line);
}

static void
print_docker(const struct account *account, const union message_body *body)
{
	const struct message_status_docker *docker = &body->status_docker;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char text[AGE_BYTES];

	begin_line(&line, "docker", docker_state_choices[docker->state]);
	add_part(&line, "API", docker->api_version);
	add_count(&line, docker->containers, "enabled container");
	add_part(&line, "last list", ago(account_age_s(account, docker->last_list_ms), text));
	add_part(&line, "", docker->detail);
	print_line(&line);
}

static void
print_tunnel(const struct account *account, const union message_body *body)
{
	const struct message_status_tunnel *tunnel = &body->status_tunnel;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char container[13];

	(void)account;
	snprintf(container, sizeof(container), "%s",
	    tunnel->container_id == NULL ? "" : tunnel->container_id);
	begin_line(&line, "tunnel", tunnel_state_choices[tunnel->state]);
	add_part(&line, "", tunnel->name);
	add_part(&line, "cloudflared", tunnel->version);
	if (tunnel->ready_connections >= 0)
		add_count(&line, tunnel->ready_connections, "connection");
	add_part(&line, "container", container);
	add_part(&line, "", tunnel->detail);
	print_line(&line);
}

static void
print_resolver(const struct account *account, const union message_body *body)
{
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);

	(void)account;
	begin_line(&line, "names", "");
	(void)buffer_printf(&line, "%" PRId64 " answered, %" PRId64 " failed",
	    body->status_resolver.answered, body->status_resolver.failed);
	print_line(&line);
}

static void
print_front(const char *what, const union message_body *body)
{
	const struct message_status_front *front = &body->status_front;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);

	begin_line(&line, what, "serves");
	add_count(&line, front->connections, "connection");
	add_count(&line, front->streams, "stream");
	add_count(&line, front->requests, "request");
	(void)buffer_printf(&line, ", %" PRId64 " refused", front->refused);
	print_line(&line);
}

static void
print_read_endpoint(const struct account *account, const union message_body *body)
{
	(void)account;
	print_front("read", body);
}

static void
print_tunnel_endpoint(const struct account *account, const union message_body *body)
{
	(void)account;
	print_front("tunnel", body);
}

static void
print_engine(const struct account *account, const union message_body *body)
{
	const struct message_status_engine *engine = &body->status_engine;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);

	(void)account;
	begin_line(&line, "engine", docker_state_choices[engine->state]);
	add_part(&line, "API", engine->api_version);
	add_count(&line, engine->requests, "request");
	add_count(&line, engine->creates, "create");
	add_part(&line, "", engine->detail);
	print_line(&line);
}

static void
print_worker(const struct account *account, enum process process)
{
	const struct message_status_worker *worker = account_worker(account, process);
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char text[AGE_BYTES];

	if (worker == NULL)
		return;
	(void)buffer_printf(&line, "  %-14s %-8s pid %-6" PRId64 " uid %" PRId64 ", up %s",
	    processes[process].name, worker_phase_choices[worker->phase], worker->pid, worker->uid,
	    age(worker->uptime_ms / 1000, text));
	add_count(&line, worker->restarts, "restart");
	if (worker->log_lines_dropped > 0)
		add_count(&line, worker->log_lines_dropped, "dropped log line");
	add_part(&line, "its account is not understood:", account->flaws[process]);
	print_line(&line);
}

/* The parts that are told apart, in the order in which they are shown. */
static const struct {
	const char *what;
	enum process process;
	void (*print)(const struct account *account, const union message_body *body);
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
print_stale(const struct account *account, const char *what, enum process process)
{
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char text[AGE_BYTES];

	begin_line(&line, what, "stale");
	(void)buffer_printf(&line, "%s has told its peers nothing for %s", processes[process].name,
	    age(account_silence_s(account, process), text));
	print_line(&line);
}

static const struct texts *
warnings_of(const struct account *account, enum process process)
{
	const union message_body *body = account_of(account, process);

	if (body == NULL)
		return NULL;
	if (process == PROCESS_MASTER_LINK)
		return &body->status_link.warnings;
	if (process == PROCESS_DOCKER_WATCHER)
		return &body->status_docker.warnings;
	if (process == PROCESS_GATE_ENGINE)
		return &body->status_engine.warnings;
	return process == PROCESS_TUNNEL_KEEPER ? &body->status_tunnel.warnings : NULL;
}

static void
print_warnings(const char *who, const struct texts *warnings)
{
	for (size_t at = 0; warnings != NULL && at < warnings->count; at++) {
		struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);

		(void)buffer_printf(&line, "warning  %s: %s", who, warnings->items[at]);
		print_line(&line);
	}
}

static void
print_head(const struct account *account, enum health health, const char *reasons)
{
	const struct message_status_agent *agent = &account->agent.body.status_agent;
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_MAX_BYTES);
	char text[AGE_BYTES];

	begin_line(&line, account->program == PROGRAM_GATE ? "gate" : "agent",
	    health_names[health]);
	add_part(&line, "version", agent->version);
	add_part(&line, "up", age(agent->uptime_ms / 1000, text));
	(void)buffer_printf(&line, ", %s, Landlock ABI %" PRId64, agent->start_mode,
	    agent->landlock_abi);
	print_line(&line);
	if (reasons[0] == '\0')
		return;
	buffer_clear(&line);
	(void)buffer_printf(&line, "%-8s %s", "", reasons);
	print_line(&line);
}

int
show_text(const struct account *account, enum health health, const char *reasons)
{
	print_head(account, health, reasons);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++) {
		const union message_body *body = account_of(account, parts[at].process);

		if (!account_has(account, parts[at].process))
			continue;
		if (account_is_stale(account, parts[at].process))
			print_stale(account, parts[at].what, parts[at].process);
		else if (body != NULL)
			parts[at].print(account, body);
		else
			printf("%-8s no account of it\n", parts[at].what);
	}
	printf("workers\n");
	for (size_t at = 0; at < ARRAY_LEN(parts); at++)
		print_worker(account, parts[at].process);
	print_warnings("supervisor", &account->agent.body.status_agent.warnings);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++)
		print_warnings(processes[parts[at].process].name,
		    warnings_of(account, parts[at].process));
	return 0;
}
