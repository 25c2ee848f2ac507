/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  The labelled containers in `status`: what each publishes, or why nothing
 * comes of it.
 */
#include <inttypes.h>

#include "agentctl/show.h"
#include "common/attr.h"

/* What stands in front of the reason, and the reason. */
static const struct {
	const char *state; /* "": all is well */
	const char *reason;
} verdicts[] = {
	[CONTAINER_PUBLISHED] = { "", "" },
	[CONTAINER_NOT_ENABLED] = { "ignored", "" },
	[CONTAINER_NO_ENABLE] = { "ignored", "it has no label dockflare.enable" },
	[CONTAINER_NO_HOSTNAME] = { "no rule", "it has no label for a hostname" },
	[CONTAINER_NO_SERVICE] = { "no rule", "it has no label for a service" },
	[CONTAINER_OFF_NETWORK] = { "off network",
	    "not on cloudflared's network, so its name answers 502" },
};

const char *
seen_reason(const struct seen_container *seen)
{
	return verdicts[seen->verdict].reason;
}

static void
write_seen(const struct seen_container *seen, const struct output *output)
{
	struct line line _cleanup_line_ = LINE;

	line_add(&line, "  %-14s ", seen->name);
	if (verdicts[seen->verdict].state[0] != '\0') {
		line_add_state(&line, verdicts[seen->verdict].state);
		line_add(&line, ": ");
	}
	if (seen->verdict == CONTAINER_NOT_ENABLED)
		line_add(&line, "its enable label is \"%s\", which is none of true, 1, t, yes",
		    seen->value == NULL ? "" : seen->value);
	line_add_part(&line, "", seen_reason(seen));
	if (seen->verdict != CONTAINER_NOT_ENABLED && seen->verdict != CONTAINER_NO_ENABLE) {
		line_add_part(&line, "", seen->hostname);
		if (seen->hostname != NULL && seen->service != NULL)
			line_add(&line, " to %s", seen->service);
		else
			line_add_part(&line, "service", seen->service);
	}
	line_write(&line, output);
}

static bool
is_ignored(const struct seen_container *seen)
{
	return seen->verdict == CONTAINER_NOT_ENABLED || seen->verdict == CONTAINER_NO_ENABLE;
}

static void
write_rest(int64_t rest, const char *what, const struct output *output)
{
	struct line line _cleanup_line_ = LINE;

	if (rest <= 0)
		return;
	line_add(&line, "  and %" PRId64 " more %s", rest, what);
	line_write(&line, output);
}

void
show_seen(const struct account *account, const struct output *output)
{
	const union message_body *body = account_of(account, PROCESS_DOCKER_WATCHER);
	const struct message_status_docker *docker;
	const struct seen_container *seen;
	int64_t ignored = 0;

	if (body == NULL || account_is_stale(account, PROCESS_DOCKER_WATCHER) ||
	    body->status_docker.seen.count == 0)
		return;
	docker = &body->status_docker;
	seen = docker->seen.items;
	fputs("containers\n", output->file);
	for (size_t at = 0; at < docker->seen.count; at++) {
		ignored += is_ignored(&seen[at]) ? 1 : 0;
		write_seen(&seen[at], output);
	}
	write_rest(docker->containers - ((int64_t)docker->seen.count - ignored), "that are enabled",
	    output);
	write_rest(docker->ignored - ignored, "that are ignored", output);
}
