/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets from files: what such a file may hold, what is told of a bad one, and what a reload may
 * change. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config.h"

#define OTHER_UID 65532
#define PATH_BYTES 64

static char folder[] = "/tmp/unit-secret-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "key", "proxy", "fifo", "link" };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(names); at++)
		(void)unlink(path_of(names[at]));
	return rmdir(folder);
}

static void
write_file(const char *name, struct slice content)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.bytes, content.length), content.length);
	close(fd);
}

/* A configuration with only that file. */
static struct config
config_with(enum setting file, const char *path)
{
	struct config config = { 0 };

	config.values[file] = strdup(path);
	assert_non_null(config.values[file]);
	return config;
}

struct row {
	const char *what;
	struct slice content;
	const char *value; /* NULL: refused */
	const char *why;   /* part of the reason */
};

static const struct row rows[] = {
	{ "a newline at its end is dropped", SLICE("hunter2\n"), "hunter2", NULL },
	{ "and may be missing", SLICE("hunter2"), "hunter2", NULL },
	{ "empty", SLICE(""), NULL, "is empty" },
	{ "a newline only", SLICE("\n"), NULL, "is empty" },
	{ "two newlines", SLICE("hunter2\n\n"), NULL, "has a blank" },
	{ "two lines", SLICE("hunter2\nhunter2\n"), NULL, "has a blank" },
	{ "a carriage return", SLICE("hunter2\r\n"), NULL, "has a blank" },
	{ "a blank", SLICE(" hunter2"), NULL, "has a blank" },
	{ "NUL at its end", SLICE("hunter2\0"), NULL, "has a NUL" },
	{ "NUL inside", SLICE("hunt\0er2\n"), NULL, "has a NUL" },
	{ "NUL only", SLICE("\0"), NULL, "has a NUL" },
	{ "a byte order mark", SLICE("\xef\xbb\xbfhunter2\n"), NULL, "not visible ASCII" },
	{ "UTF-16", SLICE("\xff\xfeS\0E\0"), NULL, "has a NUL" },
};

static void
each_content_is_judged(void **state)
{
	struct config config = config_with(SETTING_API_KEY_FILE, path_of("key"));

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(2048);
		const struct row *row = &rows[at];
		int error;

		write_file("key", row->content);
		error = config_secret(&config, SECRET_API_KEY, &value, &why);
		if (error != (row->value != NULL ? 0 : -EINVAL))
			fail_msg("%s: %d", row->what, error);
		if (row->value != NULL) {
			assert_string_equal(value.bytes, row->value);
			assert_int_equal(why.length, 0);
			continue;
		}
		assert_int_equal(value.length, 0);
		if (strstr(why.bytes, row->why) == NULL)
			fail_msg("%s: %s", row->what, why.bytes);
		assert_non_null(strstr(why.bytes, path_of("key")));
		assert_null(strstr(why.bytes, "hunt"));
	}
	config_free(&config);
}

static void
lengths_are_bounded(void **state)
{
	struct config config = config_with(SETTING_API_KEY_FILE, path_of("key"));
	char content[2 * SECRET_MAX_BYTES];

	(void)state;
	memset(content, 'k', sizeof(content));
	for (size_t length = SECRET_MAX_BYTES - 1; length <= SECRET_MAX_BYTES + 3; length++) {
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(2048);
		bool fits = length <= SECRET_MAX_BYTES;

		write_file("key", (struct slice){ content, length });
		assert_int_equal(config_secret(&config, SECRET_API_KEY, &value, &why),
		    fits ? 0 : -EINVAL);
		assert_int_equal(value.length, fits ? length : 0);
		if (!fits)
			assert_non_null(strstr(why.bytes, "longer than 4096"));
	}
	content[SECRET_MAX_BYTES] = '\n';
	write_file("key", (struct slice){ content, SECRET_MAX_BYTES + 1 });
	{
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(2048);

		assert_int_equal(config_secret(&config, SECRET_API_KEY, &value, &why), 0);
		assert_int_equal(value.length, SECRET_MAX_BYTES);
	}
	config_free(&config);
}

static void
expect_error(const char *name, int error, const char *part)
{
	struct config config = config_with(SETTING_API_KEY_FILE, path_of(name));
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(2048);

	assert_int_equal(config_secret(&config, SECRET_API_KEY, &value, &why), error);
	assert_int_equal(value.length, 0);
	assert_non_null(strstr(why.bytes, part));
	assert_non_null(strstr(why.bytes, path_of(name)));
	config_free(&config);
}

static void
files_that_are_none_are_told(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path_of("fifo"), 0644), 0);
	assert_int_equal(symlink("nothing", path_of("link")), 0);
	expect_error("absent", -ENOENT, "No such file");
	expect_error("", -EISDIR, "Is a directory");
	expect_error("fifo", -EINVAL, "is empty"); /* and it is not waited for */
	expect_error("link", -ENOENT, "No such file");
}

/* In a child of another uid, for root may read everything. */
static void
an_unreadable_file_is_told(void **state)
{
	pid_t child;
	int status;

	(void)state;
	write_file("key", SLICE("hunter2\n"));
	assert_int_equal(chmod(path_of("key"), 0), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct config config = config_with(SETTING_API_KEY_FILE, path_of("key"));
		struct buffer value = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why = BUFFER(2048);
		char part[64];

		if (geteuid() == 0 && setresuid(OTHER_UID, OTHER_UID, OTHER_UID) != 0)
			_exit(2);
		snprintf(part, sizeof(part), "by uid %u: Permission denied", geteuid());
		_exit(config_secret(&config, SECRET_API_KEY, &value, &why) == -EACCES &&
			      strstr(why.bytes, part) != NULL ?
			  0 :
			  1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(unlink(path_of("key")), 0);
}

static void
what_is_not_configured_is_empty(void **state)
{
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(2048);
	struct config config = { 0 };

	(void)state;
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		assert_int_equal(config_secret(&config, secret, &value, &why), 0);
	assert_int_equal(value.length, 0);
	assert_int_equal(why.length, 0);
}

/* ---- reloads ---- */

static void
all_that_can_not_be_read_are_told(void **state)
{
	struct config config = config_with(SETTING_API_KEY_FILE, path_of("key"));
	struct buffer why _cleanup_buffer_ = BUFFER(2048);
	const unsigned key = SECRET_BIT(SECRET_API_KEY), id = SECRET_BIT(SECRET_ACCESS_ID);

	(void)state;
	config.values[SETTING_ACCESS_ID_FILE] = strdup("/nowhere");
	write_file("key", SLICE("hunter2\n"));
	assert_int_equal(config_check_readable(&config, key, &why), 0);
	assert_int_equal(why.length, 0);
	write_file("key", SLICE("hunter2 hunter2\n"));
	assert_int_equal(config_check_readable(&config, SECRET_BIT(SECRET_HTTPS_PROXY), &why), 0);
	assert_int_equal(config_check_readable(&config, key | id, &why), -EINVAL);
	assert_non_null(strstr(why.bytes, "DOCKFLARE_API_KEY: "));
	assert_non_null(strstr(why.bytes, "; CF_ACCESS_CLIENT_ID: /nowhere can't be read"));
	assert_null(strstr(why.bytes, "hunter2"));
	config_free(&config);
}

struct proxy_row {
	const char *what;
	const char *content;
	bool good;
};

static const struct proxy_row proxy_rows[] = {
	{ "as before", "http://user:hunter2@proxy:3128\n", true },
	{ "another password", "http://user:hunter22@proxy:3128\n", true },
	{ "no password any more", "http://proxy:3128\n", true },
	{ "another spelling", "HTTP://PROXY:3128/\n", true },
	{ "another port", "http://user:hunter2@proxy:3129\n", false },
	{ "another host", "http://user:hunter2@proxy2:3128\n", false },
	{ "no proxy", "hunter2\n", false },
	{ "another scheme", "https://user:hunter2@proxy:3128\n", false },
};

static void
a_proxy_may_not_move(void **state)
{
	char url[] = "DOCKFLARE_MASTER_URL=https://master", key[] = "DOCKFLARE_API_KEY=hunter2";
	char ca[] = "DOCKFLARE_CA_FILE=" SOURCE_DIR "/LICENSE", variable[PATH_BYTES + 32];
	char *environment[] = { url, key, ca, variable, NULL };
	struct config config;

	(void)state;
	snprintf(variable, sizeof(variable), "HTTPS_PROXY_FILE=%s", path_of("proxy"));
	write_file("proxy", slice_of(proxy_rows[0].content));
	assert_int_equal(config_read(PROGRAM_AGENT, environment, &config), 0);
	assert_string_equal(config.values[SETTING_PROXY_ENDPOINT], "http://proxy:3128");
	for (size_t at = 0; at < ARRAY_LEN(proxy_rows); at++) {
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(2048);
		const struct proxy_row *row = &proxy_rows[at];
		int error;

		write_file("proxy", slice_of(row->content));
		error = config_secret(&config, SECRET_HTTPS_PROXY, &value, &why);
		if (error != (row->good ? 0 : -EINVAL))
			fail_msg("%s: %d", row->what, error);
		assert_int_equal(value.length > 0, row->good);
		assert_int_equal(why.length > 0, !row->good);
		if (!row->good)
			assert_null(strstr(why.bytes, "hunter2"));
	}
	config_free(&config);
}

static void
a_proxy_that_is_not_used_may_move(void **state)
{
	struct config config = config_with(SETTING_HTTPS_PROXY_FILE, path_of("proxy"));
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(2048);

	(void)state;
	write_file("proxy", SLICE("http://elsewhere:1\n"));
	assert_int_equal(config_secret(&config, SECRET_HTTPS_PROXY, &value, &why), 0);
	assert_string_equal(value.bytes, "http://elsewhere:1");
	config_free(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_content_is_judged),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(files_that_are_none_are_told),
		cmocka_unit_test(an_unreadable_file_is_told),
		cmocka_unit_test(what_is_not_configured_is_empty),
		cmocka_unit_test(all_that_can_not_be_read_are_told),
		cmocka_unit_test(a_proxy_may_not_move),
		cmocka_unit_test(a_proxy_that_is_not_used_may_move),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
