/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Pulls CLOUDFLARED_IMAGE where the engine does not have it, and says how far. */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "keeper.h"

/* A registry that says nothing for so long is given up. */
#define PULL_IDLE_MS 120000
#define PULL_TELL_MS 3000
#define PULL_ANSWER_MAX_BYTES (64 * 1024)
#define PULL_PATH_BYTES (2 * IMAGE_MAX_BYTES + 64)

static void
path_of(const struct keeper *keeper, char path[PULL_PATH_BYTES])
{
	snprintf(path, PULL_PATH_BYTES, "/images/create?fromImage=%s&tag=%s",
	    keeper->image.repository, keeper->image.tag);
}

static bool
on_data(void *context, struct slice piece)
{
	struct keeper *keeper = context;
	char text[96];

	progress_take(&keeper->pull.progress, piece);
	if (clock_ms() - keeper->pull.told_ms < PULL_TELL_MS)
		return true;
	keeper->pull.told_ms = clock_ms();
	progress_tell(&keeper->pull.progress, text, sizeof(text));
	log_event(LOG_PULLING, "pulling %s: %s", keeper->image.whole, text);
	return true;
}

/* Docker answers 200 before it knows: a failure is in the stream. */
static void
on_done(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;
	const struct progress *progress = &keeper->pull.progress;
	char path[PULL_PATH_BYTES], text[DETAIL_MAX_BYTES + 1];

	keeper->request = NULL;
	if (answer->error == HTTP_UNREACHABLE) {
		keeper_docker_lost(keeper, answer->detail);
		return;
	}
	path_of(keeper, path);
	if (answer->error == HTTP_OK && answer->status == 200 && progress->error[0] == '\0') {
		log_event(LOG_PULLED, "pulled %s in %.1f s", keeper->image.whole,
		    (double)(clock_ms() - keeper->pull.since_ms) / 1000);
		keeper->image_known = IMAGE_UNKNOWN;
		keeper_step_done(keeper, NULL);
		return;
	}
	snprintf(text, sizeof(text), "image %.200s can't be pulled: %.280s", keeper->image.whole,
	    progress->error[0] != '\0' ? progress->error :
					 docker_explain(&keeper->docker, "POST", path, answer));
	keeper_step_done(keeper, text);
}

void
keeper_pull(struct keeper *keeper)
{
	struct pull *pull = &keeper->pull;
	char path[PULL_PATH_BYTES];
	struct docker_call call = { .method = "POST",
		.path = path,
		.body_max_bytes = PULL_ANSWER_MAX_BYTES,
		.idle_timeout_ms = PULL_IDLE_MS,
		.on_data = on_data,
		.on_done = on_done,
		.context = keeper };

	progress_free(&pull->progress);
	pull->progress = PROGRESS();
	pull->since_ms = clock_ms();
	pull->told_ms = pull->since_ms;
	snprintf(keeper->doing, sizeof(keeper->doing), "pulling %.480s", keeper->image.whole);
	if (keeper->problem[0] == '\0')
		log_event(LOG_PULLING, "pulling %s: this engine does not have it yet",
		    keeper->image.whole);
	path_of(keeper, path);
	keeper_call(keeper, &call);
	keeper_tell(keeper, false);
}

void
keeper_pull_cancel(struct keeper *keeper)
{
	if (keeper->busy != BUSY_STEPPING || keeper->step != STEP_PULL)
		return;
	http_cancel(keeper->http, keeper->request);
	keeper->request = NULL;
	keeper->busy = BUSY_NO;
	keeper->doing[0] = '\0';
	log_event(LOG_PULL_UNWANTED, "the pull of %s is given up: it is no longer wanted",
	    keeper->image.whole);
}
