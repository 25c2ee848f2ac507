/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker runtime: this program plays the supervisor, a child runs a small worker.  The sandbox
 * is left out here (policy_confine is this file's); it is tested where it is real.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/worker.h"
#include "policy/policy.h"

#define WAIT_MS 5000
#define ALIVE "{\"type\":\"alive\"}"
#define ALIVE_EVERY_MS 5000
#define CONFIG_LINK \
	"{\"type\":\"config\",\"process\":\"master-link\",\"values\":{\"LOG_LEVEL\":\"ERROR\"}}"

const struct policy *const policies[PROCESS_COUNT] = { 0 };

int
policy_descriptors(void)
{
	return 0;
}

int
policy_confine(const struct policy *policy, const struct confine_options *options,
    const char **ret_step)
{
	(void)policy;
	(void)options;
	(void)ret_step;
	return 0;
}

/* ---- the small worker ---- */

static void
on_start(struct worker *worker)
{
	struct slice id = worker_state(worker, STATE_AGENT_ID);

	/* Three saves at once: the second is replaced by the third while the first waits. */
	worker_save(worker, STATE_AGENT_ID, id);
	worker_save(worker, STATE_AGENT_ID, SLICE("second"));
	worker_save(worker, STATE_AGENT_ID, SLICE("third"));
	worker_state_forget(worker, STATE_AGENT_ID);
}

static void
on_saved(struct worker *worker, enum state_file file, const char *reason)
{
	struct message_status_link status = { .agent_id = "saved", .detail = reason };

	if (file == STATE_AGENT_ID)
		worker_status(worker, MESSAGE_STATUS_LINK, &status);
}

static void
on_message(struct worker *worker, enum process from, const struct message *message)
{
	struct message_status_link status = { .agent_id = "got" };

	status.detail = message->body.tunnel.name;
	if (from == PROCESS_TUNNEL_KEEPER && message->id == MESSAGE_TUNNEL)
		worker_status(worker, MESSAGE_STATUS_LINK, &status);
}

static void
on_reload(struct worker *worker)
{
	struct message_status_link status = { .agent_id = "reloaded" };

	status.detail = worker_secret(worker, SECRET_API_KEY);
	worker_status(worker, MESSAGE_STATUS_LINK, &status);
}

static const struct worker_handlers handlers = {
	.process = PROCESS_MASTER_LINK,
	.start = on_start,
	.saved = on_saved,
	.message = on_message,
	.reload = on_reload,
};

/* ---- the supervisor's part ---- */

struct child {
	pid_t pid;
	struct channel control;
};

static struct child
start_worker(void)
{
	struct child child;
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		dup2(fds[1], WORKER_FD_CONTROL);
		if (fds[0] != WORKER_FD_CONTROL)
			close(fds[0]);
		_exit(worker_run(&handlers, NULL));
	}
	close(fds[1]);
	channel_open(&child.control, fds[0], false);
	return child;
}

static void
say(struct child *child, const char *text, int fd)
{
	assert_int_equal(channel_send(&child->control, slice_of(text), fd), 0);
	assert_int_equal(channel_flush(&child->control), 0);
}

/* Waits for the next frame; false at the end of the stream. */
static bool
next_frame(struct channel *channel)
{
	int64_t until = clock_ms() + WAIT_MS;
	int got;

	while ((got = channel_read(channel, FRAME_MAX_BYTES, clock_ms())) == 0) {
		struct pollfd poll_fd = { .fd = channel->fd, .events = POLLIN };

		if (clock_ms() > until)
			fail_msg("nothing came within %d ms", WAIT_MS);
		poll(&poll_fd, 1, 100);
	}
	assert_true(got == 1 || got == -EPIPE);
	return got == 1;
}

static bool
is_text(struct slice frame, const char *text)
{
	return frame.length == strlen(text) && memcmp(frame.bytes, text, frame.length) == 0;
}

/* Passes over signs of life, which come when it is time for them. */
static void
expect(struct child *child, const char *text)
{
	struct slice frame;

	assert_true(next_frame(&child->control));
	frame = channel_frame(&child->control);
	while (is_text(frame, ALIVE) && strcmp(text, ALIVE) != 0) {
		channel_next(&child->control);
		assert_true(next_frame(&child->control));
		frame = channel_frame(&child->control);
	}
	if (!is_text(frame, text))
		fail_msg("got \"%.*s\", expected \"%s\"", (int)frame.length, frame.bytes, text);
	channel_next(&child->control);
}

/* The next status blob must have this agent_id and detail. */
static void
expect_status(struct child *child, const char *agent_id, const char *detail)
{
	struct message message;
	char why[RECORD_WHY_BYTES] = "";

	expect(child, "{\"type\":\"status\"}");
	assert_true(next_frame(&child->control));
	if (message_decode(PROCESS_MASTER_LINK, PROCESS_AGENTCTL, channel_frame(&child->control),
		&message, why) != 0)
		fail_msg("bad status: %s", why);
	channel_next(&child->control);
	assert_string_equal(message.body.status_link.agent_id, agent_id);
	if (detail == NULL)
		assert_null(message.body.status_link.detail);
	else
		assert_string_equal(message.body.status_link.detail, detail);
	message_free(&message);
}

static int
end(struct child *child)
{
	int status = 0;

	channel_close(&child->control);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* An orderly stop, whatever the worker still says before it. */
static void
stop(struct child *child)
{
	say(child, "{\"type\":\"shutdown\"}", -1);
	while (next_frame(&child->control))
		channel_next(&child->control);
	assert_int_equal(end(child), 0);
}

/* Up to the first `alive`, with an id of "first" in the state file. */
static struct child
start_whole(void)
{
	static const char *const due[] = {
		"{\"type\":\"state\",\"file\":\"agent_id.txt\",\"exists\":true}",
		"first",
		"{\"type\":\"state\",\"file\":\"decommission.json\",\"exists\":false}",
		"",
		"{\"type\":\"state\",\"file\":\"journal.json\",\"exists\":false}",
		"",
		"{\"type\":\"secret\",\"name\":\"DOCKFLARE_API_KEY\",\"value\":\"k\"}",
		"{\"type\":\"secret\",\"name\":\"CF_ACCESS_CLIENT_ID\"}",
		"{\"type\":\"secret\",\"name\":\"CF_ACCESS_CLIENT_SECRET\"}",
	};
	struct child child = start_worker();
	struct pollfd silent = { .fd = child.control.fd, .events = POLLIN };

	say(&child, CONFIG_LINK, -1);
	expect(&child, "{\"type\":\"ready\"}");
	for (size_t at = 0; at < ARRAY_LEN(due); at++)
		say(&child, due[at], -1);
	/* One secret is still missing: no sign of life before it has come. */
	assert_int_equal(poll(&silent, 1, 100), 0);
	say(&child, "{\"type\":\"secret\",\"name\":\"HTTPS_PROXY\"}", -1);
	expect(&child, "{\"type\":\"save\",\"file\":\"agent_id.txt\"}");
	expect(&child, "first");
	expect(&child, ALIVE);
	return child;
}

static void
starts_in_order_and_saves_the_newest(void **state)
{
	struct child child = start_whole();

	(void)state;
	say(&child, "{\"type\":\"saved\",\"file\":\"agent_id.txt\"}", -1);
	expect(&child, "{\"type\":\"save\",\"file\":\"agent_id.txt\"}");
	expect(&child, "third");
	say(&child, "{\"type\":\"save-failed\",\"file\":\"agent_id.txt\",\"reason\":\"full\"}", -1);
	expect_status(&child, "saved", "full");
	stop(&child);
}

/* Begun at three fifths, the next sign of life comes soon after the end of the interval. */
static void
all_give_signs_of_life_at_the_same_moment(void **state)
{
	int64_t phase = clock_ms() % ALIVE_EVERY_MS;
	struct child child;

	(void)state;
	poll(NULL, 0, (int)((ALIVE_EVERY_MS * 8 / 5 - phase) % ALIVE_EVERY_MS));
	child = start_whole();
	say(&child, "{\"type\":\"saved\",\"file\":\"agent_id.txt\"}", -1);
	expect(&child, "{\"type\":\"save\",\"file\":\"agent_id.txt\"}");
	expect(&child, "third");
	expect(&child, ALIVE);
	assert_true(clock_ms() % ALIVE_EVERY_MS < ALIVE_EVERY_MS / 2);
	stop(&child);
}

static void
new_secrets_replace_the_old(void **state)
{
	struct child child = start_whole();

	(void)state;
	say(&child, "{\"type\":\"secret\",\"name\":\"DOCKFLARE_API_KEY\",\"value\":\"new\"}", -1);
	say(&child, "{\"type\":\"reload\"}", -1);
	expect_status(&child, "reloaded", "new");
	stop(&child);
}

/* Gives the worker a channel to tunnel-keeper and returns our end. */
static struct channel
give_peer(struct child *child)
{
	struct channel channel;
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	say(child, "{\"type\":\"peer\",\"peer\":\"tunnel-keeper\"}", fds[1]);
	close(fds[1]);
	channel_open(&channel, fds[0], false);
	return channel;
}

static void
say_to_peer(struct channel *channel, const char *text)
{
	assert_int_equal(channel_send(channel, slice_of(text), -1), 0);
	assert_int_equal(channel_flush(channel), 0);
}

static void
a_peer_is_heard_and_judged(void **state)
{
	struct child child = start_whole();
	struct channel peer = give_peer(&child);

	(void)state;
	say_to_peer(&peer, "{\"type\":\"tunnel\",\"state\":\"running\",\"name\":\"t\"}");
	expect_status(&child, "got", "t");
	say_to_peer(&peer, "{\"type\":\"container\"}");
	expect(&child, "{\"type\":\"bad-peer\",\"peer\":\"tunnel-keeper\"}");
	assert_false(next_frame(&peer));
	channel_close(&peer);

	/* A new channel is as good as the first. */
	peer = give_peer(&child);
	say_to_peer(&peer, "{\"type\":\"tunnel\",\"state\":\"running\",\"name\":\"u\"}");
	expect_status(&child, "got", "u");
	channel_close(&peer);
	stop(&child);
}

static void
ends_with_its_supervisor(void **state)
{
	struct child child = start_whole();

	(void)state;
	assert_int_equal(end(&child), 1);
}

static void
a_config_for_another_is_refused(void **state)
{
	struct child child = start_worker();

	(void)state;
	say(&child,
	    "{\"type\":\"config\",\"process\":\"docker-watcher\",\"values\":{\"LOG_LEVEL\":\"ERROR\"}}",
	    -1);
	assert_false(next_frame(&child.control));
	assert_int_equal(end(&child), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_in_order_and_saves_the_newest),
		cmocka_unit_test(all_give_signs_of_life_at_the_same_moment),
		cmocka_unit_test(new_secrets_replace_the_old),
		cmocka_unit_test(a_peer_is_heard_and_judged),
		cmocka_unit_test(ends_with_its_supervisor),
		cmocka_unit_test(a_config_for_another_is_refused),
	};

	return RUN_TESTS(tests);
}
