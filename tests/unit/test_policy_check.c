/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's look at a worker: children are made that lack one thing each, and one that lacks
 * nothing.  And what a start must have: the floor of the sandbox, the CA file, the descriptors.
 */
#include "tests/unit/unit.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/policies.h"
#include "policy/values.h"

#define SOCKET_GID 4711
#define OTHER_UID 65527

/* ---- children ---- */

/* What is left out, or one too many. */
enum lack {
	LACKS_NOTHING,
	LACKS_NO_NEW_PRIVS,
	HAS_THREAD,
	HAS_TRACER,
	HAS_CAPABILITIES,
	HAS_OTHER_UID,
	HAS_OTHER_SAVED_UID,
	HAS_OTHER_GID,
	HAS_GROUP,
	HAS_SOCKET_GROUP,
	HAS_TWO_FILTERS,
};

static void *
wait_for_ever(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
	return NULL;
}

/* One filter that forbids nothing, as far as this test needs. */
static bool
add_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool good = filter != NULL &&
		    seccomp_rule_add(filter, SCMP_ACT_KILL, SCMP_SYS(acct), 0) == 0 &&
		    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) == 0 &&
		    seccomp_load(filter) == 0;

	seccomp_release(filter);
	return good;
}

static bool
take_identity(enum lack lack)
{
	uid_t uid = processes[PROCESS_DOCKER_WATCHER].uid;
	gid_t group = lack == HAS_GROUP ? 0 : SOCKET_GID;
	gid_t gid = lack == HAS_OTHER_GID ? OTHER_UID : uid;
	uid_t saved = lack == HAS_OTHER_SAVED_UID || lack == HAS_OTHER_UID ? OTHER_UID : uid;

	if (setgroups(lack == HAS_GROUP || lack == HAS_SOCKET_GROUP ? 1 : 0, &group) != 0 ||
	    setresgid(gid, gid, gid) != 0)
		return false;
	if (lack == HAS_CAPABILITIES)
		return true;
	uid = lack == HAS_OTHER_UID ? OTHER_UID : uid;
	if (setresuid(uid, uid, saved) != 0)
		return false;
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

/* In the child: becomes what a worker is, but for one thing. */
static bool
become(enum lack lack)
{
	pthread_t thread;

	/* With CAP_SYS_ADMIN a filter needs no no_new_privs (seccomp(2)). */
	if (lack != LACKS_NO_NEW_PRIVS && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	if (!add_filter() || (lack == HAS_TWO_FILTERS && !add_filter()))
		return false;
	if (lack == HAS_THREAD && pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		return false;
	if (!take_identity(lack))
		return false;
	return lack != HAS_TRACER || ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static pid_t
start_child(enum lack lack)
{
	int ends[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		/* A failure shows as no byte. */
		if (!become(lack) || write(ends[1], "x", 1) != 1)
			_exit(1);
		(void)wait_for_ever(NULL);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		child = -child;
	close(ends[0]);
	return child;
}

static void
end_child(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

struct row {
	const char *what;
	enum lack lack;
	bool docker_unix;
	const char *why; /* part of the reason; NULL: good */
};

static const struct row rows[] = {
	{ "a worker as it must be", LACKS_NOTHING, false, NULL },
	{ "it may gain privileges", LACKS_NO_NEW_PRIVS, false, "NoNewPrivs is 0, must be 1" },
	{ "a thread", HAS_THREAD, false, "Threads is 2, must be 1" },
	{ "a tracer", HAS_TRACER, false, "TracerPid is " },
	{ "root's capabilities", HAS_CAPABILITIES, false, "CapPrm is " },
	{ "another uid", HAS_OTHER_UID, false, "Uid is 65527 65527 65527 65527, must be 65529" },
	{ "another saved uid", HAS_OTHER_SAVED_UID, false,
	    "Uid is 65529 65529 65527 65529, must be 65529" },
	{ "another gid", HAS_OTHER_GID, false, "Gid is 65527 65527 65527 65527, must be 65529" },
	{ "root's group", HAS_GROUP, false, "Groups is 0, must be " },
	{ "the socket's group without a socket", HAS_SOCKET_GROUP, false,
	    "Groups is 4711, must be" },
	{ "the socket's group", HAS_SOCKET_GROUP, true, NULL },
	{ "a socket and another group", HAS_GROUP, true, "Groups is 0, must be 4711" },
	{ "a socket and no group", LACKS_NOTHING, true, "Groups is , must be 4711" },
	{ "a filter too many", HAS_TWO_FILTERS, false, "Seccomp_filters is " },
};

static void
workers_are_looked_at(void **state)
{
	int own_filters = policy_own_filters();

	(void)state;
	assert_true(own_filters >= 0);
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct policy_values values = { .distinct_uids = true,
			.docker_unix = { [ENDPOINT_READ] = row->docker_unix },
			.docker_gid = { [ENDPOINT_READ] = SOCKET_GID } };
		char why[POLICY_WHY_BYTES] = "";
		pid_t child;
		int error;

		child = start_child(row->lack);
		if (child < 0)
			fail_msg("%s: the child could not become so; this test needs root",
			    row->what);
		error = policy_check(&policy_docker_watcher, &values, child, (unsigned)own_filters,
		    why);
		end_child(child);
		if (row->why == NULL ? error != 0 :
				       error != -EPERM || strstr(why, row->why) == NULL)
			fail_msg("%s: %d, %s", row->what, error, why);
	}
}

static void
a_filter_too_few_is_seen(void **state)
{
	struct policy_values values = { .distinct_uids = true };
	char why[POLICY_WHY_BYTES] = "";
	pid_t child = start_child(LACKS_NOTHING);
	int error;

	(void)state;
	assert_true(child > 0);
	/* As if the supervisor had one more itself. */
	error = policy_check(&policy_docker_watcher, &values, child,
	    (unsigned)policy_own_filters() + 1, why);
	end_child(child);
	assert_int_equal(error, -EPERM);
	assert_non_null(strstr(why, "Seccomp_filters is "));
}

static void
a_policy_is_for_one_process(void **state)
{
	struct policy_values values = { .distinct_uids = true };
	char why[POLICY_WHY_BYTES] = "";
	pid_t child = start_child(LACKS_NOTHING);
	int error;

	(void)state;
	assert_true(child > 0);
	error = policy_check(&policy_tunnel_keeper, &values, child, (unsigned)policy_own_filters(),
	    why);
	end_child(child);
	assert_int_equal(error, -EPERM);
	assert_non_null(strstr(why, "Uid is 65529 65529 65529 65529, must be 65530"));
}

static void
the_test_itself_is_no_worker(void **state)
{
	struct policy_values values = { .distinct_uids = false };
	char why[POLICY_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(policy_check(&policy_docker_watcher, &values, getpid(), 0, why), -EPERM);
	assert_non_null(strstr(why, ", must be "));
}

static void
a_process_that_is_gone_is_told(void **state)
{
	struct policy_values values = { .distinct_uids = true };
	char why[POLICY_WHY_BYTES] = "";
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(policy_check(&policy_docker_watcher, &values, child, 0, why), -ENOENT);
	assert_non_null(strstr(why, "can't be read: No such file"));
}

/* ---- the floor ---- */

struct floor_row {
	const char *what;
	struct policy_values values;
	const char *mistake; /* part of it; NULL: none */
	const char *warning;
};

static const struct floor_row floor_rows[] = {
	{ "all there is", { .distinct_uids = true, .landlock_abi = 6 }, NULL, NULL },
	{ "a newer kernel", { .landlock_abi = 9 }, NULL, NULL },
	{ "one uid and Landlock", { .landlock_abi = 1 }, NULL,
	    "ABI 1: files can't be moved between folders at all; truncate(2) is not bounded; TCP" },
	{ "Landlock without ports", { .landlock_abi = 3 }, NULL,
	    "ABI 3: TCP ports are not bounded" },
	{ "Landlock without scopes", { .landlock_abi = 5 }, NULL, "ABI 5: signals and abstract" },
	{ "uids and no Landlock", { .distinct_uids = true }, NULL, "has no Landlock" },
	{ "neither", { .distinct_uids = false }, "has no Landlock", NULL },
	{ "neither, accepted", { .best_effort = true }, NULL, "below the floor" },
	{ "surplus capabilities", { .landlock_abi = 6, .surplus = "net_raw" }, NULL,
	    "dropped them: net_raw; start it with cap_drop: [ALL]" },
	{ "another user", { .landlock_abi = 6, .foreign_uid = 1000 }, NULL,
	    "runs as uid 1000, not 65532" },
};

static const char *
text_of(const struct buffer *lines)
{
	return lines->length > 0 ? lines->bytes : "";
}

static void
the_floor_is_checked(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(floor_rows); at++) {
		const struct floor_row *row = &floor_rows[at];
		struct config config = { .mistakes = BUFFER(4096), .warnings = BUFFER(4096) };

		policy_values_check(&config, &row->values);
		if ((config.mistakes.length > 0) != (row->mistake != NULL) ||
		    (config.warnings.length > 0) != (row->warning != NULL))
			fail_msg("%s: %s %s", row->what, text_of(&config.mistakes),
			    text_of(&config.warnings));
		if (row->mistake != NULL)
			assert_non_null(strstr(config.mistakes.bytes, row->mistake));
		if (row->warning != NULL)
			assert_non_null(strstr(config.warnings.bytes, row->warning));
		config_free(&config);
	}
}

static void
the_ca_must_be_readable_for_its_reader(void **state)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		bool distinct;
		bool good;
	} files[] = {
		{ 0644, 0, 0, true, true }, { 0640, 0, 0, true, false },
		{ 0640, 0, 65528, true, true }, { 0400, 65528, 0, true, true },
		{ 0200, 65528, 0, true, false }, { 0600, 0, 65528, true, false },
		{ 0640, 0, 0, false, true }, /* the supervisor has tried it itself */
	};
	char path[] = "/tmp/unit-ca-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t at = 0; at < ARRAY_LEN(files); at++) {
		struct config config = { .mistakes = BUFFER(4096), .warnings = BUFFER(4096) };
		struct policy_values values = { .distinct_uids = files[at].distinct,
			.landlock_abi = 6,
			.ca_file = path };

		assert_int_equal(fchown(fd, files[at].uid, files[at].gid), 0);
		assert_int_equal(fchmod(fd, files[at].mode), 0);
		policy_values_check(&config, &values);
		if ((config.mistakes.length == 0) != files[at].good) {
			(void)unlink(path);
			fail_msg("row %zu: %s", at, text_of(&config.mistakes));
		}
		config_free(&config);
	}
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void
values_come_from_the_configuration(void **state)
{
	struct policy_values values = { .distinct_uids = true };
	char metrics[] = "20241", ca[] = "/ca.pem", sandbox[] = "best-effort";
	struct config config = {
		.master = { .scheme = URL_HTTPS, .port = 8443 },
		.docker = { [ENDPOINT_READ] = { .scheme = URL_TCP, .port = 2375 },
		    [ENDPOINT_TUNNEL] = { .scheme = URL_UNIX, .path = "/nowhere.sock" } },
		.values = { [SETTING_METRICS_PORT] = metrics,
		    [SETTING_CA_FILE] = ca,
		    [SETTING_SANDBOX] = sandbox },
	};

	(void)state;
	policy_values_find(&config, &values);
	assert_true(values.distinct_uids);
	assert_int_equal(values.ports[PORT_MASTER], 8443);
	assert_int_equal(values.ports[PORT_DOCKER], 2375);
	assert_int_equal(values.ports[PORT_DOCKER_TUNNEL], 0);
	assert_int_equal(values.ports[PORT_METRICS], 20241);
	assert_int_equal(values.ports[PORT_DNS], 53);
	assert_false(values.docker_unix[ENDPOINT_READ]);
	assert_true(values.docker_unix[ENDPOINT_TUNNEL]);
	assert_int_equal(values.docker_gid[ENDPOINT_TUNNEL], NO_GROUP);
	assert_string_equal(values.ca_file, "/ca.pem");
	assert_true(values.best_effort);
	/* The port that the master is reached by is the proxy's. */
	config.proxy = (struct url){ .scheme = URL_HTTP, .port = 3128 };
	config.master.scheme = URL_HTTP;
	policy_values_find(&config, &values);
	assert_int_equal(values.ports[PORT_MASTER], 3128);
	assert_null(values.ca_file);
}

/* ---- descriptors ---- */

/* In a child: just `open` of the first descriptors, and one more where `other` is not -1. */
static int
look_at_descriptors(int open_count, int other)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd < open_count; fd++)
			(void)dup2(null, fd);
		for (int fd = open_count; fd < 1024; fd++)
			if (fd != null)
				close(fd);
		if (other >= 0)
			(void)dup2(null, other);
		if (null != other && null >= open_count)
			close(null);
		_exit(policy_descriptors() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
just_the_due_descriptors_are_open(void **state)
{
	(void)state;
	assert_int_equal(look_at_descriptors(WORKER_FD_COUNT, -1), 0);
	assert_int_not_equal(look_at_descriptors(WORKER_FD_COUNT - 1, -1), 0);
	assert_int_not_equal(look_at_descriptors(WORKER_FD_COUNT, WORKER_FD_COUNT), 0);
	assert_int_not_equal(look_at_descriptors(WORKER_FD_COUNT, 700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_are_looked_at),
		cmocka_unit_test(a_filter_too_few_is_seen),
		cmocka_unit_test(a_policy_is_for_one_process),
		cmocka_unit_test(the_test_itself_is_no_worker),
		cmocka_unit_test(a_process_that_is_gone_is_told),
		cmocka_unit_test(the_floor_is_checked),
		cmocka_unit_test(the_ca_must_be_readable_for_its_reader),
		cmocka_unit_test(values_come_from_the_configuration),
		cmocka_unit_test(just_the_due_descriptors_are_open),
	};

	return RUN_TESTS(tests);
}
