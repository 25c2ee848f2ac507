/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  `--check --online`: asks each call that it needs once, and looks at the tunnel as
 * it is.  Nothing is made, started, stopped, removed or pulled: the calls that could are asked with
 * an empty body, an id that is nobody's and a tag that is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/docker_check.h"
#include "common/finding.h"
#include "keeper.h"

#define INSPECT_MAX_BYTES ((size_t)1024 * 1024)
#define ANSWER_MAX_BYTES ((size_t)1024 * 1024)
#define PATH_BYTES (2 * IMAGE_MAX_BYTES + 64)

static struct {
	struct keeper *keeper;
	struct docker_check check;
	char id[CONTAINER_ID_BYTES + 1]; /* nobody's */
	char network[PATH_BYTES];
	char image[PATH_BYTES];
	char start[PATH_BYTES];
	char stop[PATH_BYTES];
	char remove[PATH_BYTES];
	char pull[PATH_BYTES];
} self;

/* ---- the tunnel's container ---- */

static const char *
why_down(const struct observed *seen)
{
	if (seen->state != CONTAINER_STATE_RUNNING)
		return container_state_names[seen->state];
	if (!seen->token_matches)
		return "running with another token than the master's last";
	return "running, but not on the network";
}

static void
say_container(const struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;
	bool good = seen->state == CONTAINER_STATE_RUNNING && seen->token_matches &&
		    seen->on_network;

	if (seen->presence == PRESENCE_FOREIGN)
		finding_say(FINDING_TUNNEL_FOREIGN,
		    "container %.12s is named " TUNNEL_CONTAINER_NAME " and is not this agent's",
		    seen->id);
	else if (keeper_goal(keeper) == GOAL_RUN && !good)
		finding_say(FINDING_TUNNEL_DOWN, "the tunnel's container is %s", why_down(seen));
	else
		finding_say(FINDING_TUNNEL_OURS, "the tunnel's container (%.12s) is %s", seen->id,
		    container_state_names[seen->state]);
}

static void
on_inspect(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = worker_context(context);
	struct expected expected = { .image = &keeper->image,
		.network = keeper->network,
		.token = keeper->desired.token };
	char why[RECORD_WHY_BYTES];

	if (answer->status == 404) {
		finding_say(FINDING_TUNNEL_ABSENT, "no container is named " TUNNEL_CONTAINER_NAME);
		return;
	}
	if (observe(answer->body, &expected, &keeper->observed, why) != 0)
		finding_say(FINDING_NO_DOCKER, "what Docker says of the container is no such: %s",
		    why);
	else
		say_container(keeper);
}

/* ---- network and image ---- */

static void
on_network(void *context, const struct http_answer *answer)
{
	const struct keeper *keeper = worker_context(context);

	if (answer->status == 404)
		finding_say(FINDING_NETWORK_MISSING,
		    "network %s does not exist; make it with: docker network create %s",
		    keeper->network, keeper->network);
	else
		finding_say(FINDING_NETWORK_GOOD, "network %s is there", keeper->network);
}

static void
on_image(void *context, const struct http_answer *answer)
{
	const struct keeper *keeper = worker_context(context);

	if (answer->status == 404)
		finding_say(FINDING_IMAGE_MISSING, "image %s is not there yet, and will be pulled",
		    keeper->image.whole);
	else
		finding_say(FINDING_IMAGE_GOOD, "image %s is there", keeper->image.whole);
}

/* ---- the calls ---- */

static const struct docker_probe probes[] = {
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = "/_ping",
	    .plain = true,
	    .spare = true,
	    .body_max_bytes = 4096 },
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = "/containers/" TUNNEL_CONTAINER_NAME "/json",
	    .absent_is_good = true,
	    .body_max_bytes = INSPECT_MAX_BYTES,
	    .answered = on_inspect },
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = self.network,
	    .spare = true,
	    .absent_is_good = true,
	    .body_max_bytes = ANSWER_MAX_BYTES,
	    .answered = on_network },
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = self.image,
	    .spare = true,
	    .absent_is_good = true,
	    .body_max_bytes = ANSWER_MAX_BYTES,
	    .answered = on_image },
	/* Without a configuration nothing can be made (400). */
	{ .kind = PROBE_REFUSED,
	    .method = "POST",
	    .path = "/containers/create?name=" TUNNEL_CONTAINER_NAME,
	    .body = "{}",
	    .body_max_bytes = ANSWER_MAX_BYTES },
	{ .kind = PROBE_REFUSED,
	    .method = "POST",
	    .path = self.start,
	    .shown = "/containers/ID/start",
	    .body_max_bytes = ANSWER_MAX_BYTES },
	{ .kind = PROBE_REFUSED,
	    .method = "POST",
	    .path = self.stop,
	    .shown = "/containers/ID/stop",
	    .body_max_bytes = ANSWER_MAX_BYTES },
	{ .kind = PROBE_REFUSED,
	    .method = "DELETE",
	    .path = self.remove,
	    .shown = "/containers/ID",
	    .body_max_bytes = ANSWER_MAX_BYTES },
	/* "-" is no tag (400), so no registry is asked.  A proxy that lets one tag through and no
	   other denies this, and may let the real one through: so it is only a warning. */
	{ .kind = PROBE_REFUSED,
	    .method = "POST",
	    .path = self.pull,
	    .spare = true,
	    .gate_refusal = "this image is not allowed",
	    .body_max_bytes = ANSWER_MAX_BYTES },
};

static void
write_paths(const struct keeper *keeper)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t at = 0; at < CONTAINER_ID_BYTES; at++)
		self.id[at] = digits[clock_jitter(16)];
	snprintf(self.network, sizeof(self.network), "/networks/%s", keeper->network);
	snprintf(self.image, sizeof(self.image), "/images/%s/json", keeper->image.whole);
	snprintf(self.start, sizeof(self.start), "/containers/%s/start", self.id);
	snprintf(self.stop, sizeof(self.stop), "/containers/%s/stop?t=6", self.id);
	snprintf(self.remove, sizeof(self.remove), "/containers/%s?v=1", self.id);
	snprintf(self.pull, sizeof(self.pull), "/images/create?fromImage=%s&tag=-",
	    keeper->image.repository);
}

/* ---- cloudflared itself ---- */

static void
on_ready(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;
	bool known = answer->error == HTTP_OK && (answer->status == 200 || answer->status == 503);
	int64_t ready = known ? ready_connections(answer->body) : -1;

	keeper->health.request = NULL;
	if (ready < 0)
		finding_say(FINDING_METRICS_SILENT, "cloudflared does not answer at port %d: %s",
		    (int)keeper->metrics_port,
		    answer->error != HTTP_OK ? answer->detail : "no answer of cloudflared's");
	else if (ready == 0)
		finding_say(FINDING_TUNNEL_UNREADY, "cloudflared has no connection");
	else
		finding_say(FINDING_TUNNEL_READY, "cloudflared has %" PRId64 " connection%s", ready,
		    ready == 1 ? "" : "s");
	worker_checked(keeper->worker);
}

static void
on_checked(void *context)
{
	struct keeper *keeper = worker_context(context);
	const struct observed *seen = &keeper->observed;
	bool runs = seen->presence == PRESENCE_OURS && seen->state == CONTAINER_STATE_RUNNING;

	if (runs && seen->address[0] != '\0') {
		keeper_ask_ready(keeper, on_ready);
		return;
	}
	if (runs)
		finding_say(FINDING_METRICS_SILENT, "cloudflared has no address on network %s",
		    keeper->network);
	worker_checked(keeper->worker);
}

/* ---- what the state file says ---- */

static void
read_state(struct keeper *keeper)
{
	struct desired *desired = &keeper->desired;
	char why[RECORD_WHY_BYTES];

	if (desired_read(worker_state(keeper->worker, STATE_TUNNEL), desired, why) != 0) {
		finding_say(FINDING_TUNNEL_STATE_UNREADABLE,
		    "tunnel_state.json can't be understood: %s", why);
		return;
	}
	keeper_judge_cached(keeper);
	if (keeper->refusal[0] != '\0')
		finding_say(FINDING_TUNNEL_REFUSED, "%s", keeper->refusal);
	else if (desired->token[0] == '\0')
		finding_say(FINDING_NOT_ENROLLED, "no tunnel is known yet");
	else
		finding_say(FINDING_TUNNEL_KNOWN, "tunnel %s is to %s",
		    desired->name[0] != '\0' ? desired->name : desired->id,
		    desired->state == WANTED_RUNNING ? "run" : "be stopped");
}

/* ---- the worker's handlers ---- */

static void
start(struct worker *worker)
{
	self.keeper = worker_context(worker);
	read_state(self.keeper);
	write_paths(self.keeper);
	docker_check_begin(&self.check, &self.keeper->docker, probes, ARRAY_LEN(probes),
	    on_checked);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	if (peer == PROCESS_NAME_RESOLVER)
		endpoint_resolver_up(&self.keeper->docker.endpoint, worker);
}

static void
on_message(struct worker *worker, enum process from, const struct message *message)
{
	(void)from;
	if (message->id == MESSAGE_ADDRESSES)
		(void)endpoint_answer(&self.keeper->docker.endpoint, worker,
		    &message->body.addresses);
}

static int
wait_for(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms)
{
	(void)worker;
	return http_wait(self.keeper->http, fds, count, timeout_ms);
}

const struct worker_handlers keeper_check_handlers = {
	.process = PROCESS_TUNNEL_KEEPER,
	.configure = keeper_configure,
	.start = start,
	.peer_up = peer_up,
	.message = on_message,
	.wait = wait_for,
};
