/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every worker.  The life of a worker and its loop: see worker.h. */
#include "common/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "common/secret_memory.h"
#include "common/url.h"
#include "common/worker_private.h"
#include "policy/policy.h"

/* ---- what a worker asks for ---- */

enum process
worker_process(const struct worker *worker)
{
	return worker->handlers->process;
}

void *
worker_context(struct worker *worker)
{
	return worker->context;
}

const char *
worker_setting(const struct worker *worker, enum setting setting)
{
	return worker->values[setting];
}

int64_t
worker_setting_integer(const struct worker *worker, enum setting setting)
{
	const char *value = worker->values[setting];

	return value == NULL ? 0 : strtoll(value, NULL, 10);
}

bool
worker_setting_boolean(const struct worker *worker, enum setting setting)
{
	const char *value = worker->values[setting];

	return value != NULL && strcmp(value, "true") == 0;
}

const char *
worker_secret(const struct worker *worker, enum secret secret)
{
	return worker->secrets[secret].length == 0 ? NULL : worker->secrets[secret].bytes;
}

struct slice
worker_state(const struct worker *worker, enum state_file file)
{
	const struct buffer *content = &worker->files[file].content;

	return (struct slice){ .bytes = content->bytes, .length = content->length };
}

void
worker_state_forget(struct worker *worker, enum state_file file)
{
	buffer_free(&worker->files[file].content);
}

bool
worker_is_check(const struct worker *worker)
{
	return worker_setting_boolean(worker, SETTING_CHECK);
}

void
worker_checked(struct worker *worker)
{
	control_say(worker, "{\"type\":\"checked\"}");
}

void
worker_exit(struct worker *worker)
{
	worker->stage = STAGE_STOPPING;
	worker->exit_by_ms = clock_ms() + WORKER_EXIT_MS;
}

/* ---- signs of life and status ---- */

/* Once: the sandbox holds without it, but a secret could reach the swap space. */
static void
say_unlocked(void)
{
	static bool said;

	if (said || secret_memory_error() == 0)
		return;
	said = true;
	log_event(LOG_MEMORY_UNLOCKED,
	    "memory with secrets can't be locked or kept out of dumps: %s",
	    strerror(-secret_memory_error()));
}

static bool
buffers_equal(const struct buffer *one, const struct buffer *other)
{
	return one->length == other->length &&
	       (one->length == 0 || memcmp(one->bytes, other->bytes, one->length) == 0);
}

static void
send_status(struct worker *worker, struct worker_timer *timer)
{
	(void)timer;
	if (buffers_equal(&worker->status, &worker->status_sent))
		return;
	control_say(worker, "{\"type\":\"status\"}");
	control_blob(worker,
	    (struct slice){ .bytes = worker->status.bytes, .length = worker->status.length });
	worker->status_sent_ms = clock_ms();
	buffer_clear(&worker->status_sent);
	if (buffer_add(&worker->status_sent, worker->status.bytes, worker->status.length) != 0)
		fatal("out of memory");
}

/*
 * At the whole five seconds of the clock that all workers share, so that an idle machine wakes once
 * for all of them.  A status that the tick has made goes along, and wakes nobody a second time.
 */
static void
say_alive(struct worker *worker, struct worker_timer *timer)
{
	struct worker_timer *status = &worker->status_timer;

	say_unlocked();
	control_say(worker, "{\"type\":\"alive\"}");
	if (worker->handlers->tick != NULL)
		worker->handlers->tick(worker);
	if (worker_timer_is_set(status) && status->due_ms <= clock_ms()) {
		worker_timer_stop(worker, status);
		send_status(worker, status);
	}
	worker_timer_set(worker, timer, WORKER_ALIVE_MS - clock_ms() % WORKER_ALIVE_MS, say_alive);
}

void
worker_status(struct worker *worker, enum message_id id, const void *body)
{
	int64_t wait_ms = worker->status_sent_ms + WORKER_STATUS_MS - clock_ms();
	char why[RECORD_WHY_BYTES];

	buffer_clear(&worker->status);
	if (message_encode(id, body, &worker->status, why) != 0)
		fatal("the status can't be told: %s", why);
	if (!worker_timer_is_set(&worker->status_timer))
		worker_timer_set(worker, &worker->status_timer,
		    worker->status_sent_ms == 0 || wait_ms < 0 ? 0 : wait_ms, send_status);
}

/* ---- start-up ---- */

static void
setup(struct worker *worker, const struct worker_handlers *handlers, void *context)
{
	*worker = (struct worker){
		.handlers = handlers,
		.entry = &processes[handlers->process],
		.context = context,
		.status = BUFFER(STATE_FILE_MAX_BYTES),
		.status_sent = BUFFER(STATE_FILE_MAX_BYTES),
	};
	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		channel_close(&worker->peers[peer]);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		worker->secrets[secret] = SECRET_BUFFER(SECRET_MAX_BYTES);
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++) {
		worker->files[file].content = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
		worker->files[file].next = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	}
	channel_open(&worker->control, WORKER_FD_CONTROL, true);
}

/* Waits for the first frame, `config`; nothing else is there to be served yet. */
static void
wait_for_config(struct worker *worker)
{
	struct pollfd control = { .fd = WORKER_FD_CONTROL, .events = POLLIN };

	while (worker->values[SETTING_LOG_LEVEL] == NULL) {
		if (poll(&control, 1, -1) < 0 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		control_read(worker);
	}
	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++)
		if (strcmp(worker->values[SETTING_LOG_LEVEL], log_level_names[level]) == 0)
			log_set_level(level);
}

/* Whether the Docker endpoint that this worker uses is a unix socket. */
static bool
uses_unix_socket(const struct worker *worker)
{
	enum setting setting = endpoint_settings[worker->entry->docker];
	const char *value = setting == SETTING_COUNT ? NULL : worker->values[setting];

	return value != NULL && strncmp(value, "unix:", 5) == 0;
}

static void
confine(struct worker *worker)
{
	struct confine_options options = {
		.unix_socket = uses_unix_socket(worker),
		.log_denied = worker_setting_boolean(worker, SETTING_SANDBOX_LOG),
	};
	const char *step = "policy";
	int error = policy_confine(policies[worker->handlers->process], &options, &step);

	if (error != 0)
		fatal("the sandbox can't be set up: %s: %s", step, strerror(-error));
	control_say(worker, "{\"type\":\"ready\"}");
	worker->stage = STAGE_CONFINED;
}

/*
 * Whether everything that is due before start() is here.  A worker to which neither state nor
 * secrets are due starts as soon as it is confined: it has nothing that the supervisor's look
 * must come before, and its peers come only after it.
 */
static bool
is_complete(const struct worker *worker)
{
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		if ((worker->entry->state_files & STATE_FILE_BIT(file)) != 0 &&
		    !worker->files[file].arrived)
			return false;
	return (worker->secrets_arrived & worker->entry->secrets) == worker->entry->secrets;
}

static void
start(struct worker *worker)
{
	worker->stage = STAGE_STARTED;
	worker->handlers->start(worker);
	say_alive(worker, &worker->alive_timer);
	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		if (channel_is_open(&worker->peers[peer]) && worker->handlers->peer_up != NULL)
			worker->handlers->peer_up(worker, peer);
}

/* ---- the loop ---- */

/* Fills `fds` and `owners` (PROCESS_SUPERVISOR for the control channel); their number. */
static unsigned
collect(const struct worker *worker, struct pollfd *fds, enum process *owners)
{
	unsigned count = 0;

	fds[count] = (struct pollfd){ .fd = worker->control.fd,
		.events = POLLIN | (channel_wants_write(&worker->control) ? POLLOUT : 0) };
	owners[count++] = PROCESS_SUPERVISOR;
	for (enum process peer = 0; peer < PROCESS_COUNT; peer++) {
		const struct channel *channel = &worker->peers[peer];

		if (!channel_is_open(channel))
			continue;
		/* Frames wait in the socket until start(): the handlers are not ready. */
		fds[count] = (struct pollfd){ .fd = channel->fd,
			.events = (short)((worker->stage == STAGE_STARTED ? POLLIN : 0) |
					  (channel_wants_write(channel) ? POLLOUT : 0)) };
		owners[count++] = peer;
	}
	return count;
}

static void
serve(struct worker *worker, const struct pollfd *fds, const enum process *owners, unsigned count)
{
	/* The supervisor last: what peers said before it ordered a stop is still heard. */
	for (unsigned at = count; at-- > 0;) {
		if ((fds[at].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
			continue;
		if (owners[at] == PROCESS_SUPERVISOR)
			control_read(worker);
		else if (worker->stage == STAGE_STARTED &&
			 worker->peers[owners[at]].fd == fds[at].fd)
			peers_read(worker, owners[at]);
	}
}

static bool
is_done(const struct worker *worker)
{
	bool waiting = channel_wants_write(&worker->control);

	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		waiting = waiting || channel_wants_write(&worker->peers[peer]);
	return worker->stage == STAGE_STOPPING && (!waiting || clock_ms() >= worker->exit_by_ms);
}

static void
flush(struct worker *worker)
{
	if (channel_flush(&worker->control) != 0)
		_exit(1);
	peers_flush(worker);
}

static void
turn(struct worker *worker)
{
	struct pollfd fds[PROCESS_COUNT + 1];
	enum process owners[PROCESS_COUNT + 1];
	unsigned count = collect(worker, fds, owners);
	int timeout_ms = peers_wait_ms(worker, timers_wait_ms(worker)), served;

	if (worker->stage == STAGE_CONFINED && is_complete(worker))
		timeout_ms = 0;
	if (worker->stage == STAGE_STOPPING && (timeout_ms < 0 || timeout_ms > 100))
		timeout_ms = 100;
	served = worker->handlers->wait != NULL && worker->stage >= STAGE_STARTED ?
		     worker->handlers->wait(worker, fds, count, timeout_ms) :
		     poll(fds, count, timeout_ms);
	if (served < 0 && errno != EINTR)
		fatal("poll: %s", strerror(errno));
	if (served > 0)
		serve(worker, fds, owners, count);
	peers_expire(worker);
	if (worker->stage == STAGE_CONFINED && is_complete(worker))
		start(worker);
	timers_fire(worker);
	flush(worker);
}

int
worker_run(const struct worker_handlers *handlers, void *context)
{
	static struct worker worker;

	if (policy_descriptors() != 0)
		fatal("a descriptor is open that is not due, or one is missing");
	signal(SIGPIPE, SIG_IGN);
	setup(&worker, handlers, context);
	wait_for_config(&worker);
	if (worker_is_check(&worker) && handlers->check != NULL)
		worker.handlers = handlers->check;
	if (worker.handlers->configure != NULL)
		worker.handlers->configure(&worker);
	confine(&worker);
	while (!is_done(&worker)) {
		flush(&worker);
		turn(&worker);
	}
	return 0;
}
