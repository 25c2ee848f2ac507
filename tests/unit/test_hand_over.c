/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the supervisor says to workers and on status.sock, over real sockets and read as they read
 * it: each frame is good by the table of messages, and only what is due goes out.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/secret_memory.h"
#include "supervisor/check/check.h"
#include "supervisor/slot.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"

#define HOSTILE_NAME "a \"b\" \\ \xc3\xa9 </script> {\"type\":\"x\"}"

/* In place of slot.c and control.c, which would need processes. */
const enum program supervisor_program = PROGRAM_AGENT;

static unsigned kills;
static unsigned files_aside;

void
slot_kill(struct slot *slot)
{
	(void)slot;
	kills++;
}

void
put_aside(const struct supervisor *supervisor, enum state_file file, const char *why)
{
	assert_non_null(why);
	assert_int_equal(state_file_corrupt(supervisor->data_fd, file), 0);
	files_aside++;
}

void
check_state(struct check *check, enum state_file file, const char *why)
{
	(void)check;
	(void)file;
	fail_msg("no check runs here: %s", why);
}

/* ---- a supervisor with its four workers ---- */

struct scene {
	struct config config;
	struct supervisor supervisor;
	struct channel workers[PROCESS_COUNT]; /* the workers' ends */
	char folder[32];
};

static void
take_setting(struct scene *scene, enum setting setting, const char *value)
{
	if (settings[setting].secret) {
		secret_free(scene->config.values[setting]);
		scene->config.values[setting] = secret_copy(value, strlen(value));
		return;
	}
	free(scene->config.values[setting]);
	scene->config.values[setting] = strdup(value);
}

static int
set_up(void **state)
{
	static struct scene the_scene;
	struct scene *scene = &the_scene;
	struct supervisor *supervisor = &scene->supervisor;

	*scene = (struct scene){ 0 };
	kills = files_aside = 0;
	supervisor->config = &scene->config;
	supervisor->status_fd = -1;
	snprintf(scene->folder, sizeof(scene->folder), "/tmp/unit-hand-XXXXXX");
	if (mkdtemp(scene->folder) == NULL)
		return -1;
	supervisor->data_fd = open(scene->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		take_setting(scene, setting, settings[setting].name);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		scene->config.secrets[secret] = secret_copy("hunter2\"\\", 9);
	for_each_worker(process) {
		int ends[2];

		if (channel_pair(ends) != 0)
			return -1;
		supervisor->slots[process].process = process;
		supervisor->slots[process].log.fd = -1;
		channel_open(&supervisor->slots[process].control, ends[0], false);
		channel_open(&scene->workers[process], ends[1], true);
	}
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	for_each_worker(process) {
		channel_close(&scene->supervisor.slots[process].control);
		channel_close(&scene->workers[process]);
		buffer_free(&scene->supervisor.slots[process].status);
	}
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++) {
		char aside[64];

		snprintf(aside, sizeof(aside), "%s.corrupt", state_file_names[file]);
		(void)unlinkat(scene->supervisor.data_fd, state_file_names[file], 0);
		(void)unlinkat(scene->supervisor.data_fd, aside, 0);
	}
	close(scene->supervisor.data_fd);
	config_free(&scene->config);
	return rmdir(scene->folder);
}

/* Moves what waits, on both sides; whether a frame is there for the worker. */
static bool
next_frame(struct scene *scene, enum process worker)
{
	for (int turn = 0; turn < 1000; turn++) {
		int got = channel_read(&scene->workers[worker], FRAME_MAX_BYTES, 0);

		assert_true(got >= 0);
		if (got == 1)
			return true;
		assert_int_equal(channel_flush(&scene->supervisor.slots[worker].control), 0);
	}
	return false;
}

/* The next message, which the worker would take. */
static void
next_message(struct scene *scene, enum process worker, enum message_id id, struct message *message)
{
	char why[RECORD_WHY_BYTES] = "";
	struct slice frame;

	if (!next_frame(scene, worker))
		fail_msg("%s gets no %s", processes[worker].name, messages[id].name);
	frame = channel_frame(&scene->workers[worker]);
	if (message_decode(PROCESS_SUPERVISOR, worker, frame, message, why) != 0)
		fail_msg("%s: %s in %.*s", processes[worker].name, why, (int)frame.length,
		    frame.bytes);
	assert_int_equal(message->id, id);
}

static void
expect_silence(struct scene *scene, enum process worker)
{
	assert_false(next_frame(scene, worker));
	assert_int_equal(kills, 0);
}

/* ---- configuration ---- */

static void
expect_config(struct scene *scene, enum process worker)
{
	struct message message _cleanup_message_ = { 0 };
	const struct map *values = &message.body.config.values;
	size_t due = 0;

	next_message(scene, worker, MESSAGE_CONFIG, &message);
	assert_int_equal(message.body.config.process, worker);
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		due += (settings[setting].workers & PROCESS_BIT(worker)) != 0;
	assert_int_equal(values->count, due);
	for (size_t at = 0; at < values->count; at++) {
		enum setting setting = setting_by_name(values->entries[at].key);

		assert_int_not_equal(setting, SETTING_COUNT);
		assert_true((settings[setting].workers & PROCESS_BIT(worker)) != 0);
		assert_string_equal(values->entries[at].value, scene->config.values[setting]);
	}
	channel_next(&scene->workers[worker]);
}

static void
each_worker_gets_the_settings_that_are_due(void **state)
{
	struct scene *scene = *state;

	take_setting(scene, SETTING_DISPLAY_NAME, HOSTILE_NAME);
	for_each_worker(process) {
		assert_int_equal(send_config(&scene->supervisor, &scene->supervisor.slots[process]),
		    0);
		expect_config(scene, process);
		expect_silence(scene, process);
	}
}

/* ---- state, secrets, peers ---- */

static void
expect_state(struct scene *scene, enum process worker, enum state_file file, bool exists,
    struct slice content)
{
	struct message message _cleanup_message_ = { 0 };
	struct slice frame;

	next_message(scene, worker, MESSAGE_STATE, &message);
	assert_int_equal(message.body.state.file, file);
	assert_int_equal(message.body.state.exists, exists);
	channel_next(&scene->workers[worker]);
	assert_true(next_frame(scene, worker));
	frame = channel_frame(&scene->workers[worker]);
	assert_int_equal(frame.length, content.length);
	if (frame.length > 0)
		assert_memory_equal(frame.bytes, content.bytes, frame.length);
	channel_next(&scene->workers[worker]);
}

static void
expect_secret(struct scene *scene, enum process worker, enum secret secret, const char *value)
{
	struct message message _cleanup_message_ = { 0 };

	next_message(scene, worker, MESSAGE_SECRET, &message);
	assert_int_equal(message.body.secret.name, secret);
	if (value == NULL)
		assert_null(message.body.secret.value);
	else
		assert_string_equal(message.body.secret.value, value);
	channel_next(&scene->workers[worker]);
}

static void
expect_peer(struct scene *scene, enum process worker, enum process peer)
{
	struct message message _cleanup_message_ = { 0 };
	int fd;

	next_message(scene, worker, MESSAGE_PEER, &message);
	assert_int_equal(message.body.peer.peer, peer);
	fd = channel_take_fd(&scene->workers[worker]);
	assert_true(fd >= 0);
	close(fd);
	channel_next(&scene->workers[worker]);
}

/* Without descriptors: a worker that went on without its state would save over it. */
static void
state_that_cannot_be_read_now_is_waited_for(void **state)
{
	struct scene *scene = *state;
	struct slot *slot = &scene->supervisor.slots[PROCESS_TUNNEL_KEEPER];
	struct rlimit before, none;

	assert_int_equal(state_file_save(scene->supervisor.data_fd, STATE_TUNNEL, SLICE("{}")), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	hand_over(&scene->supervisor, slot);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(kills, 1);
	assert_false(slot->state_given);
	assert_false(next_frame(scene, PROCESS_TUNNEL_KEEPER));
}

static void
a_worker_gets_what_is_its_own(void **state)
{
	struct scene *scene = *state;
	struct supervisor *supervisor = &scene->supervisor;
	struct slot *link = &supervisor->slots[PROCESS_MASTER_LINK];

	secret_free(scene->config.secrets[SECRET_ACCESS_ID]);
	scene->config.secrets[SECRET_ACCESS_ID] = NULL;
	free(scene->config.values[SETTING_ACCESS_ID_FILE]);
	scene->config.values[SETTING_ACCESS_ID_FILE] = NULL;
	supervisor->slots[PROCESS_NAME_RESOLVER].phase = PHASE_RUNNING;
	assert_int_equal(state_file_save(supervisor->data_fd, STATE_AGENT_ID, SLICE("id\0\xff")),
	    0);
	assert_int_equal(state_file_save(supervisor->data_fd, STATE_JOURNAL, SLICE("")), 0);
	hand_over(supervisor, link);
	assert_true(link->state_given);
	expect_state(scene, PROCESS_MASTER_LINK, STATE_AGENT_ID, true, SLICE("id\0\xff"));
	expect_state(scene, PROCESS_MASTER_LINK, STATE_DECOMMISSION, false, SLICE(""));
	expect_state(scene, PROCESS_MASTER_LINK, STATE_JOURNAL, true, SLICE(""));
	expect_secret(scene, PROCESS_MASTER_LINK, SECRET_API_KEY, "hunter2\"\\");
	expect_secret(scene, PROCESS_MASTER_LINK, SECRET_ACCESS_ID, NULL);
	expect_secret(scene, PROCESS_MASTER_LINK, SECRET_ACCESS_SECRET, "hunter2\"\\");
	expect_secret(scene, PROCESS_MASTER_LINK, SECRET_HTTPS_PROXY, "hunter2\"\\");
	expect_peer(scene, PROCESS_MASTER_LINK, PROCESS_NAME_RESOLVER);
	expect_silence(scene, PROCESS_MASTER_LINK);
	expect_peer(scene, PROCESS_NAME_RESOLVER, PROCESS_MASTER_LINK);
	expect_silence(scene, PROCESS_NAME_RESOLVER);
	expect_silence(scene, PROCESS_TUNNEL_KEEPER);
}

static void
others_get_no_secret(void **state)
{
	struct scene *scene = *state;

	hand_over(&scene->supervisor, &scene->supervisor.slots[PROCESS_DOCKER_WATCHER]);
	hand_over(&scene->supervisor, &scene->supervisor.slots[PROCESS_NAME_RESOLVER]);
	hand_over(&scene->supervisor, &scene->supervisor.slots[PROCESS_TUNNEL_KEEPER]);
	expect_silence(scene, PROCESS_DOCKER_WATCHER);
	expect_silence(scene, PROCESS_NAME_RESOLVER);
	expect_state(scene, PROCESS_TUNNEL_KEEPER, STATE_TUNNEL, false, SLICE(""));
	expect_silence(scene, PROCESS_TUNNEL_KEEPER);
}

static void
what_is_no_state_is_put_aside_and_absent(void **state)
{
	struct scene *scene = *state;
	struct supervisor *supervisor = &scene->supervisor;
	char *blob _cleanup_free_ = calloc(1, STATE_FILE_MAX_BYTES + 1);
	struct slice content = { blob, STATE_FILE_MAX_BYTES + 1 };

	assert_non_null(blob);
	assert_int_equal(state_file_save(supervisor->data_fd, STATE_TUNNEL, content), 0);
	hand_over(supervisor, &supervisor->slots[PROCESS_TUNNEL_KEEPER]);
	assert_int_equal(files_aside, 1);
	expect_state(scene, PROCESS_TUNNEL_KEEPER, STATE_TUNNEL, false, SLICE(""));
	expect_silence(scene, PROCESS_TUNNEL_KEEPER);
}

/* More than the socket takes before the worker reads, and a descriptor for each peer behind it. */
static void
the_largest_state_and_all_peers_fit(void **state)
{
	struct scene *scene = *state;
	struct supervisor *supervisor = &scene->supervisor;
	char *blob _cleanup_free_ = calloc(1, STATE_FILE_MAX_BYTES);
	struct slice content = { blob, STATE_FILE_MAX_BYTES };
	char secret_value[SECRET_MAX_BYTES + 1] = "";

	assert_non_null(blob);
	memset(secret_value, 's', SECRET_MAX_BYTES);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		secret_free(scene->config.secrets[secret]);
		scene->config.secrets[secret] = secret_copy(secret_value, strlen(secret_value));
	}
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		assert_int_equal(state_file_save(supervisor->data_fd, file, content), 0);
	for_each_worker(process) {
		supervisor->slots[process].phase = PHASE_RUNNING;
	}
	hand_over(supervisor, &supervisor->slots[PROCESS_MASTER_LINK]);
	assert_int_equal(kills, 0);
	expect_state(scene, PROCESS_MASTER_LINK, STATE_AGENT_ID, true, content);
	expect_state(scene, PROCESS_MASTER_LINK, STATE_DECOMMISSION, true, content);
	expect_state(scene, PROCESS_MASTER_LINK, STATE_JOURNAL, true, content);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		expect_secret(scene, PROCESS_MASTER_LINK, secret, secret_value);
	expect_peer(scene, PROCESS_MASTER_LINK, PROCESS_DOCKER_WATCHER);
	expect_peer(scene, PROCESS_MASTER_LINK, PROCESS_TUNNEL_KEEPER);
	expect_peer(scene, PROCESS_MASTER_LINK, PROCESS_NAME_RESOLVER);
	expect_silence(scene, PROCESS_MASTER_LINK);
}

/* ---- secrets, again ---- */

static void
a_reload_brings_all_secrets_or_none(void **state)
{
	struct scene *scene = *state;
	struct supervisor *supervisor = &scene->supervisor;
	struct slot *link = &supervisor->slots[PROCESS_MASTER_LINK];
	struct message message _cleanup_message_ = { 0 };

	hand_out_secrets(supervisor, link);
	expect_silence(scene, PROCESS_MASTER_LINK); /* it is not ready */
	link->phase = PHASE_RUNNING;
	hand_out_secrets(supervisor, link);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		expect_secret(scene, PROCESS_MASTER_LINK, secret, "hunter2\"\\");
	next_message(scene, PROCESS_MASTER_LINK, MESSAGE_RELOAD, &message);
	channel_next(&scene->workers[PROCESS_MASTER_LINK]);

	secret_free(scene->config.secrets[SECRET_ACCESS_SECRET]);
	scene->config.secrets[SECRET_ACCESS_SECRET] = NULL;
	take_setting(scene, SETTING_ACCESS_SECRET_FILE, "/nowhere");
	hand_out_secrets(supervisor, link);
	expect_silence(scene, PROCESS_MASTER_LINK);
	supervisor->slots[PROCESS_TUNNEL_KEEPER].phase = PHASE_RUNNING;
	hand_out_secrets(supervisor, &supervisor->slots[PROCESS_TUNNEL_KEEPER]);
	expect_silence(scene, PROCESS_TUNNEL_KEEPER);
}

/* ---- status.sock ---- */

static int
connect_to(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/status.sock", folder);
	assert_int_equal(stat(address.sun_path, &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0666);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
next_status(struct channel *channel, enum message_id id, struct message *message)
{
	char why[RECORD_WHY_BYTES] = "";
	struct slice frame;

	assert_int_equal(channel_read(channel, FRAME_MAX_BYTES, 0), 1);
	frame = channel_frame(channel);
	if (message_decode(PROCESS_SUPERVISOR, PROCESS_AGENTCTL, frame, message, why) != 0)
		fail_msg("%s in %.*s", why, (int)frame.length, frame.bytes);
	assert_int_equal(message->id, id);
	channel_next(channel);
}

static void
expect_worker_status(struct channel *channel, enum process worker, const char *blob)
{
	struct message message _cleanup_message_ = { 0 };

	next_status(channel, MESSAGE_STATUS_WORKER, &message);
	assert_int_equal(message.body.status_worker.process, worker);
	assert_int_equal(message.body.status_worker.uid, processes[worker].uid);
	assert_int_equal(message.body.status_worker.phase, worker % (PHASE_STOPPING + 1));
	assert_int_equal(channel_read(channel, FRAME_MAX_BYTES, 0), 1);
	assert_int_equal(channel_frame(channel).length, strlen(blob));
	channel_next(channel);
}

/* Of what is set only what names nobody is shown. */
static const struct {
	enum setting setting;
	const char *value;
	const char *shown;
} set_settings[] = {
	{ SETTING_MASTER_URL, "https://master.example.com", "https" },
	{ SETTING_API_KEY, "dfk-a-secret", NULL },
	{ SETTING_HTTPS_PROXY, "http://user:password@proxy:3128", NULL },
	{ SETTING_DISPLAY_NAME, "a \"name\"", NULL },
	{ SETTING_LOG_LEVEL, "DEBUG", "DEBUG" },
};

static void
expect_account(const struct message_status_agent *agent)
{
	const struct told_setting *told = agent->settings.items;

	assert_int_equal(agent->settings.count, ARRAY_LEN(set_settings));
	for (size_t at = 0; at < ARRAY_LEN(set_settings); at++) {
		assert_string_equal(told[at].name, settings[set_settings[at].setting].name);
		if (set_settings[at].shown == NULL)
			assert_null(told[at].value);
		else
			assert_string_equal(told[at].value, set_settings[at].shown);
	}
	assert_int_equal(agent->landlock_lost.count, 2);
	assert_string_equal(agent->landlock_lost.items[0], "ioctl on devices is not bounded");
	assert_string_equal(agent->kernel, "6.1 \"x\"");
	assert_true(agent->mdwe);
	assert_false(agent->best_effort);
}

static void
status_is_told_to_whoever_connects(void **state)
{
	struct scene *scene = *state;
	struct supervisor *supervisor = &scene->supervisor;
	struct message message _cleanup_message_ = { 0 };
	struct buffer *warnings = &scene->config.warnings;
	struct channel channel;

	take_setting(scene, SETTING_RUN_DIR, scene->folder);
	for (size_t at = 0; at < ARRAY_LEN(set_settings); at++) {
		take_setting(scene, set_settings[at].setting, set_settings[at].value);
		scene->config.given[set_settings[at].setting] = true;
	}
	supervisor->values.landlock_abi = 4;
	supervisor->values.mdwe = true;
	snprintf(supervisor->values.kernel, sizeof(supervisor->values.kernel), "6.1 \"x\"");
	*warnings = BUFFER(65536);
	for (unsigned line = 0; line < 40; line++)
		assert_int_equal(buffer_printf(warnings, "LINE_%u: \"quoted\" %0600d\n", line, 0),
		    0);
	supervisor->values.distinct_uids = true;
	for_each_worker(process) {
		supervisor->slots[process].phase = (enum worker_phase)(
		    process % (PHASE_STOPPING + 1));
	}
	supervisor->slots[PROCESS_MASTER_LINK].status = BUFFER(64);
	assert_int_equal(buffer_add_text(&supervisor->slots[PROCESS_MASTER_LINK].status, "blob"),
	    0);
	status_open(supervisor);
	assert_true(supervisor->status_fd >= 0);
	channel_open(&channel, connect_to(scene->folder), false);
	status_accept(supervisor);
	next_status(&channel, MESSAGE_STATUS_AGENT, &message);
	assert_int_equal(message.body.status_agent.pid, getpid());
	assert_string_equal(message.body.status_agent.start_mode, "distinct uids");
	expect_account(&message.body.status_agent);
	assert_int_equal(message.body.status_agent.warnings.count, 32);
	assert_memory_equal(message.body.status_agent.warnings.items[31], "LINE_31: \"quoted\"",
	    17);
	for_each_worker(process)
		expect_worker_status(&channel, process,
		    process == PROCESS_MASTER_LINK ? "blob" : "");
	assert_int_equal(channel_read(&channel, FRAME_MAX_BYTES, 0), -EPIPE);
	channel_close(&channel);
	status_close(supervisor);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(each_worker_gets_the_settings_that_are_due),
		SCENE_TEST(state_that_cannot_be_read_now_is_waited_for),
		SCENE_TEST(a_worker_gets_what_is_its_own),
		SCENE_TEST(others_get_no_secret),
		SCENE_TEST(what_is_no_state_is_put_aside_and_absent),
		SCENE_TEST(the_largest_state_and_all_peers_fit),
		SCENE_TEST(a_reload_brings_all_secrets_or_none),
		SCENE_TEST(status_is_told_to_whoever_connects),
	};

	return RUN_TESTS(tests);
}
