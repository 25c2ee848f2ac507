/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See report.h. */
#include "agentctl/report.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "agentctl/line.h"
#include "agentctl/mask.h"
#include "common/attr.h"
#include "common/printable.h"
#include "version.h"

#define TEXT_MAX_BYTES ((size_t)64 * 1024)

struct report {
	const struct account *account;
	struct mask mask;
	FILE *file;
};

/* ---- pieces ---- */

static void
write_buffer(const struct report *report, const struct buffer *text)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(2 * TEXT_MAX_BYTES);

	printable_add(&shown, text->bytes == NULL ? "" : text->bytes, text->length, TEXT_MAX_BYTES);
	fputs(shown.bytes == NULL ? "" : shown.bytes, report->file);
}

/* "BEFORE TEXT", masked; nothing where there is none. */
static void
write_text(struct report *report, const char *before, const char *text)
{
	struct buffer masked _cleanup_buffer_ = BUFFER(TEXT_MAX_BYTES);

	if (text == NULL || text[0] == '\0')
		return;
	mask_add_text(&report->mask, text, &masked);
	fputs(before, report->file);
	write_buffer(report, &masked);
}

static void
write_version(struct report *report, const char *before, const char *version)
{
	struct buffer masked _cleanup_buffer_ = BUFFER(256);

	mask_add_version(version, &masked);
	fputs(before, report->file);
	fputs(masked.bytes == NULL ? "" : masked.bytes, report->file);
}

static void
write_name(struct report *report, const char *before, const char *kind, const char *name)
{
	fprintf(report->file, "%s%s", before, mask_name(&report->mask, kind, name));
}

static void
write_age(const struct report *report, const char *before, int64_t then_ms)
{
	char text[AGE_BYTES];

	fprintf(report->file, "%s%s", before,
	    ago_text(account_age_s(report->account, then_ms), text));
}

static void
write_texts(struct report *report, const char *before, const struct texts *texts)
{
	for (size_t at = 0; at < texts->count; at++) {
		write_text(report, before, texts->items[at]);
		fputc('\n', report->file);
	}
}

/* ---- the supervisor ---- */

static void
write_head(struct report *report, enum health health, const char *reasons)
{
	const struct message_status_agent *agent = &report->account->agent.body.status_agent;
	char text[AGE_BYTES];

	fprintf(report->file, "%-8s %s", programs[report->account->program].name,
	    health_names[health]);
	write_text(report, ": ", reasons);
	write_version(report, "\nversion  ", agent->version);
	fprintf(report->file, ", agentctl %s, up %s", AGENT_VERSION,
	    age_text(agent->uptime_ms / 1000, text));
	fprintf(report->file, "\nkernel   %s", agent->kernel);
	fprintf(report->file,
	    "\nsandbox  %s, SANDBOX=%s, Landlock ABI %" PRId64 ", MDWE %s, %" PRId64
	    " seccomp filters\n",
	    agent->start_mode, agent->best_effort ? "best-effort" : "required", agent->landlock_abi,
	    agent->mdwe ? "yes" : "no", agent->seccomp_filters);
	write_texts(report, "         lost: ", &agent->landlock_lost);
}

static void
write_settings(const struct report *report)
{
	const struct message_status_agent *agent = &report->account->agent.body.status_agent;
	const struct told_setting *told = agent->settings.items;

	fputs("settings that are set (of a URL the scheme)\n", report->file);
	for (size_t at = 0; at < agent->settings.count; at++)
		fprintf(report->file, "  %s%s%s\n", told[at].name,
		    told[at].value == NULL ? "" : "=",
		    told[at].value == NULL ? "" : told[at].value);
}

/* ---- the workers' own words ---- */

static void
write_link(struct report *report, const union message_body *body)
{
	const struct message_status_link *link = &body->status_link;

	fprintf(report->file, "%s, %s, protocol %" PRId64 ", lifecycle %s",
	    link_state_choices[link->state], agent_status_choices[link->agent_status],
	    link->protocol, lifecycle_choices[link->lifecycle]);
	write_name(report, ", agent ", "agent", link->agent_id);
	write_age(report, ", last contact ", link->last_contact_ms);
	write_age(report, ", heard of docker-watcher ", link->docker_heard_ms);
	write_age(report, ", of tunnel-keeper ", link->tunnel_heard_ms);
	write_text(report, "\n         ", link->detail);
}

static void
write_docker(struct report *report, const union message_body *body)
{
	const struct message_status_docker *docker = &body->status_docker;

	fprintf(report->file, "%s", docker_state_choices[docker->state]);
	write_version(report, ", API ", docker->api_version);
	write_version(report, ", engine ", docker->engine_version);
	fprintf(report->file, ", %" PRId64 " enabled containers, %" PRId64 " ignored",
	    docker->containers, docker->ignored);
	write_age(report, ", last list ", docker->last_list_ms);
	write_text(report, "\n         ", docker->detail);
}

static void
write_tunnel(struct report *report, const union message_body *body)
{
	const struct message_status_tunnel *tunnel = &body->status_tunnel;

	fprintf(report->file, "%s", tunnel_state_choices[tunnel->state]);
	write_version(report, ", cloudflared ", tunnel->version);
	if (tunnel->ready_connections >= 0)
		fprintf(report->file, ", %" PRId64 " connections", tunnel->ready_connections);
	write_name(report, ", name ", "tunnel", tunnel->name);
	write_name(report, ", id ", "id", tunnel->id);
	write_name(report, ", container ", "id", tunnel->container_id);
	write_age(report, ", heard of master-link ", tunnel->link_heard_ms);
	write_text(report, "\n         ", tunnel->detail);
}

static void
write_resolver(struct report *report, const union message_body *body)
{
	fprintf(report->file, "%" PRId64 " answered, %" PRId64 " failed",
	    body->status_resolver.answered, body->status_resolver.failed);
}

static void
write_front(struct report *report, const union message_body *body)
{
	const struct message_status_front *front = &body->status_front;

	fprintf(report->file,
	    "%" PRId64 " connections, %" PRId64 " streams, %" PRId64 " requests, %" PRId64
	    " refused",
	    front->connections, front->streams, front->requests, front->refused);
}

static void
write_engine(struct report *report, const union message_body *body)
{
	const struct message_status_engine *engine = &body->status_engine;

	fprintf(report->file, "%s", docker_state_choices[engine->state]);
	write_version(report, ", API ", engine->api_version);
	fprintf(report->file, ", %" PRId64 " requests, %" PRId64 " creates", engine->requests,
	    engine->creates);
	write_text(report, "\n         ", engine->detail);
}

static const struct {
	const char *what;
	enum process process;
	void (*write)(struct report *report, const union message_body *body);
} parts[] = {
	{ "master", PROCESS_MASTER_LINK, write_link },
	{ "docker", PROCESS_DOCKER_WATCHER, write_docker },
	{ "tunnel", PROCESS_TUNNEL_KEEPER, write_tunnel },
	{ "names", PROCESS_NAME_RESOLVER, write_resolver },
	{ "read", PROCESS_GATE_READ, write_front },
	{ "tunnel", PROCESS_GATE_TUNNEL, write_front },
	{ "engine", PROCESS_GATE_ENGINE, write_engine },
};

static void
write_parts(struct report *report)
{
	for (size_t at = 0; at < ARRAY_LEN(parts); at++) {
		enum process process = parts[at].process;
		const union message_body *body = account_of(report->account, process);

		if (!account_has(report->account, process))
			continue;
		fprintf(report->file, "%-8s %s", parts[at].what,
		    account_is_stale(report->account, process) ? "stale; it says: " : "");
		if (body == NULL)
			fputs("no account of it", report->file);
		else
			parts[at].write(report, body);
		fputc('\n', report->file);
	}
}

/* Values that people write in place of a true one: they name nobody. */
static bool
is_common(const char *value)
{
	static const char *const common[] = { "", "true", "false", "on", "off", "yes", "no", "y",
		"n", "0", "1", "enable", "enabled", "True", "TRUE", "False", "FALSE" };

	for (size_t at = 0; at < ARRAY_LEN(common); at++)
		if (strcmp(common[at], value) == 0)
			return true;
	return false;
}

static void
write_seen(struct report *report)
{
	const union message_body *body = account_of(report->account, PROCESS_DOCKER_WATCHER);
	const struct seen_container *seen;

	if (body == NULL || body->status_docker.seen.count == 0)
		return;
	seen = body->status_docker.seen.items;
	fputs("containers\n", report->file);
	for (size_t at = 0; at < body->status_docker.seen.count; at++) {
		struct buffer service _cleanup_buffer_ = BUFFER(256);

		write_name(report, "  ", "container", seen[at].name);
		fprintf(report->file, " %s", container_verdict_choices[seen[at].verdict]);
		write_name(report, ", hostname ", "host", seen[at].hostname);
		mask_add_service(seen[at].service, &service);
		fprintf(report->file, ", service %s", service.bytes == NULL ? "" : service.bytes);
		if (seen[at].value != NULL && is_common(seen[at].value))
			fprintf(report->file, ", enable \"%s\"", seen[at].value);
		else if (seen[at].value != NULL)
			write_name(report, ", enable ", "text", seen[at].value);
		fputc('\n', report->file);
	}
}

static void
write_workers(struct report *report)
{
	char text[AGE_BYTES];

	fputs("workers\n", report->file);
	for_each_worker_of(report->account->program, process) {
		const struct message_status_worker *worker = account_worker(report->account,
		    process);

		if (worker == NULL)
			continue;
		fprintf(report->file,
		    "  %-14s %s, up %s, %" PRId64 " restarts, %" PRId64 " seccomp filters, %" PRId64
		    " log lines dropped",
		    processes[process].name, worker_phase_choices[worker->phase],
		    age_text(worker->uptime_ms / 1000, text), worker->restarts,
		    worker->seccomp_filters, worker->log_lines_dropped);
		write_text(report,
		    ", its account is not understood: ", report->account->flaws[process]);
		fputc('\n', report->file);
	}
}

static void
write_warnings(struct report *report)
{
	write_texts(report,
	    "warning  supervisor: ", &report->account->agent.body.status_agent.warnings);
	for (size_t at = 0; at < ARRAY_LEN(parts); at++) {
		const struct texts *warnings = account_warnings(report->account, parts[at].process);
		char before[64];

		snprintf(before, sizeof(before),
		    "warning  %s: ", processes[parts[at].process].name);
		if (warnings != NULL)
			write_texts(report, before, warnings);
	}
}

/* ---- the whole ---- */

/* Known before the first free text, which may hold it. */
static void
learn_names(struct report *report)
{
	const union message_body *link = account_of(report->account, PROCESS_MASTER_LINK);
	const union message_body *docker = account_of(report->account, PROCESS_DOCKER_WATCHER);
	const union message_body *tunnel = account_of(report->account, PROCESS_TUNNEL_KEEPER);

	if (link != NULL)
		(void)mask_name(&report->mask, "agent", link->status_link.agent_id);
	if (tunnel != NULL) {
		(void)mask_name(&report->mask, "tunnel", tunnel->status_tunnel.name);
		(void)mask_name(&report->mask, "id", tunnel->status_tunnel.id);
		(void)mask_name(&report->mask, "id", tunnel->status_tunnel.container_id);
	}
	for (size_t at = 0; docker != NULL && at < docker->status_docker.seen.count; at++) {
		const struct seen_container *seen = docker->status_docker.seen.items;

		(void)mask_name(&report->mask, "container", seen[at].name);
		(void)mask_name(&report->mask, "host", seen[at].hostname);
	}
}

static const char title[] =
    "dockflare-agentctl report.  Names, hosts, addresses and ids are replaced: container-1 is the\n"
    "same one wherever it stands; of texts only words that the programs themselves use are left.\n\n";

void
report(const struct account *account, enum health health, const char *reasons, FILE *file)
{
	static struct report report;

	report = (struct report){ .account = account, .file = file };
	learn_names(&report);
	fputs(title, file);
	write_head(&report, health, reasons);
	write_settings(&report);
	write_parts(&report);
	write_seen(&report);
	write_workers(&report);
	write_warnings(&report);
	mask_free(&report.mask);
}

void
report_nothing(const char *why, FILE *file)
{
	static struct report report;
	struct utsname machine;

	report = (struct report){ .file = file };
	fputs(title, file);
	write_text(&report, "agent    ", why);
	fprintf(file, "\nversion  agentctl %s\n", AGENT_VERSION);
	if (uname(&machine) == 0)
		fprintf(file, "kernel   %s %s\n", machine.release, machine.machine);
	mask_free(&report.mask);
}
