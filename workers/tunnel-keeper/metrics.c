/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Asks cloudflared itself, at the address that Docker gives for its container (not
 * by name: anyone on that network can claim a name).  No answer is no error: Docker's state and the
 * image's tag then serve.
 */
#include <stdio.h>
#include <string.h>

#include "keeper.h"

#define ASK_MS 2000
#define SOON_MS 250 /* after a start, or while it is not ready */
#define UNREADY_MS 1000
#define STEADY_MS 15000
#define READY_MAX_BYTES (64 * 1024)
#define METRICS_MAX_BYTES (1024 * 1024)
#define URL_BYTES 96

static void ask_ready(struct worker *worker, struct worker_timer *timer);

/* A container's own address, never this host's or a public one. */
static bool
is_container_address(void *context, const struct address *address, uint16_t port)
{
	const struct keeper *keeper = context;

	return port == keeper->metrics_port && address_kind(address) == ADDRESS_PRIVATE;
}

static void
ask(struct keeper *keeper, const char *path, size_t max_bytes,
    void (*on_done)(void *context, const struct http_answer *answer))
{
	const char *address = keeper->observed.address;
	char url[URL_BYTES];
	struct http_call call = { .method = "GET",
		.url = url,
		.body_max_bytes = max_bytes,
		.connect_timeout_ms = ASK_MS,
		.timeout_ms = ASK_MS,
		.judge = is_container_address,
		.on_done = on_done,
		.context = keeper };

	snprintf(url, sizeof(url),
	    strchr(address, ':') != NULL ? "http://[%s]:%d%s" : "http://%s:%d%s", address,
	    (int)keeper->metrics_port, path);
	keeper->health.request = http_start(keeper->http, &call);
	if (keeper->health.request == NULL)
		fatal("out of memory");
}

/* Soon while it starts, seldom once it is ready or known not to answer. */
static void
ask_later(struct keeper *keeper)
{
	struct health *health = &keeper->health;
	int64_t delay_ms = STEADY_MS;

	if (health->ready == 0)
		delay_ms = UNREADY_MS;
	else if (health->ready < 0 && health->failures * SOON_MS < READY_SILENCE_MS)
		delay_ms = SOON_MS;
	worker_timer_set(keeper->worker, &health->timer, delay_ms, ask_ready);
}

/* Kept over the runs of one image, so that a restart does not make it unknown for a moment. */
static void
take_version(struct keeper *keeper, struct slice metrics)
{
	struct health *health = &keeper->health;

	health->asked_version = true;
	ready_version(metrics, health->version);
	snprintf(health->image, sizeof(health->image), "%s", keeper->observed.image.whole);
}

static void
on_metrics(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;

	keeper->health.request = NULL;
	if (answer->error == HTTP_OK && answer->status == 200)
		take_version(keeper, answer->body);
	keeper_tell(keeper, false);
	ask_later(keeper);
}

/* 200 and 503 tell the number of connections; anything else is not cloudflared. */
static void
on_ready(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;
	struct health *health = &keeper->health;
	bool known = answer->error == HTTP_OK && (answer->status == 200 || answer->status == 503);
	int64_t ready = known ? ready_connections(answer->body) : -1;

	health->request = NULL;
	health->failures = ready < 0 ? health->failures + 1 : 0;
	/* One lost answer says nothing yet. */
	if (ready >= 0 || health->failures > 1)
		health->ready = ready;
	keeper_tell(keeper, false);
	if (ready >= 0 && !health->asked_version)
		ask(keeper, "/metrics", METRICS_MAX_BYTES, on_metrics);
	else
		ask_later(keeper);
}

static void
ask_ready(struct worker *worker, struct worker_timer *timer)
{
	struct keeper *keeper = worker_context(worker);

	(void)timer;
	if (keeper->observed.address[0] == '\0') {
		keeper->health.failures++;
		ask_later(keeper);
		return;
	}
	keeper_ask_ready(keeper, on_ready);
}

void
keeper_ask_ready(struct keeper *keeper,
    void (*done)(void *context, const struct http_answer *answer))
{
	ask(keeper, "/ready", READY_MAX_BYTES, done);
}

void
keeper_health_end(struct keeper *keeper)
{
	struct health *health = &keeper->health;

	http_cancel(keeper->http, health->request);
	health->request = NULL;
	worker_timer_stop(keeper->worker, &health->timer);
	health->ready = -1;
	health->failures = 0;
	health->asked_version = false;
}

void
keeper_health_begin(struct keeper *keeper)
{
	keeper_health_end(keeper);
	worker_timer_set(keeper->worker, &keeper->health.timer, 0, ask_ready);
}
