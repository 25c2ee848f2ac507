/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The environment, a variable a line.  A value of a variable whose name ends in _FILE
 * is what its file holds.  No secret is ever told, and what is accepted can be handed to the workers.
 *
 * Covers: common/config.c common/config_endpoint.c common/config_secret.c
 *  common/setting_value.c common/setting_list.c common/setting_image.c
 */
#include <sys/mman.h>

#include "common/config.h"
#include "common/record.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

#define VARIABLES_MAX 64

struct environment {
	size_t count;
	char *items[VARIABLES_MAX + 1];
	int fds[VARIABLES_MAX];
};

/* "NAME_FILE=content" becomes the path of a file that holds it. */
static char *
with_file(struct slice name, struct slice content, int *ret_fd)
{
	char *item = NULL;
	int fd = memfd_create("content", MFD_CLOEXEC);

	fuzz_assert(fd >= 0);
	fuzz_assert(write(fd, content.bytes, content.length) == (ssize_t)content.length);
	fuzz_assert(asprintf(&item, "%.*s=/proc/self/fd/%d", (int)name.length, name.bytes, fd) > 0);
	*ret_fd = fd;
	return item;
}

static void
add(struct environment *environment, struct slice line)
{
	struct slice rest = line, name;
	char *text _cleanup_free_ = fuzz_text(line);
	int fd = -1;
	bool file = fuzz_cut(&rest, "=", &name) && name.length > 5 &&
		    memcmp(name.bytes + name.length - 5, "_FILE", 5) == 0 && rest.length > 0 &&
		    rest.bytes[0] != '/' && memchr(name.bytes, 0, name.length) == NULL;

	if (environment->count == VARIABLES_MAX)
		return;
	environment->items[environment->count] = file ? with_file(name, rest, &fd) : strdup(text);
	environment->fds[environment->count++] = fd;
}

static void
release(struct environment *environment)
{
	for (size_t at = 0; at < environment->count; at++) {
		free(environment->items[at]);
		if (environment->fds[at] >= 0)
			close(environment->fds[at]);
	}
}

static enum setting
setting_of(const char *item)
{
	const char *end = strchr(item, '=');
	char name[64];

	if (end == NULL || (size_t)(end - item) >= sizeof(name))
		return SETTING_COUNT;
	memcpy(name, item, (size_t)(end - item));
	name[end - item] = '\0';
	return setting_by_name(name);
}

/* The last occurrence of the word; NULL: there is none. */
static const char *
last_secret(const char *item)
{
	const char *found = NULL;

	for (const char *at = item; (at = strstr(at, FUZZ_SECRET)) != NULL; at++)
		found = at;
	return found;
}

/* Whether a mistake may quote the word: it stands in a value that is no secret. */
static bool
may_quote(const struct environment *environment)
{
	for (size_t at = 0; at < environment->count; at++) {
		const char *item = environment->items[at], *found = last_secret(item);
		enum setting setting = setting_of(item);

		if (found == NULL || (setting != SETTING_COUNT && settings[setting].secret))
			continue;
		if (setting != SETTING_COUNT && settings[setting].url &&
		    strchr(strrchr(item, '='), '@') != NULL && strrchr(item, '@') > found)
			continue;
		return true;
	}
	return false;
}

/* What was accepted is accepted again, and can be put into a frame. */
static void
judge_value(enum setting setting, const char *value)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	const struct setting_entry *entry = &settings[setting];

	fuzz_assert(strlen(value) <= SETTING_VALUE_MAX_BYTES);
	if (entry->workers != 0)
		fuzz_assert(text_is(TEXT_LINE, value, strlen(value)));
	if (entry->normalise == NULL)
		return;
	fuzz_assert(entry->normalise(value, &out, &why) == 0);
	fuzz_assert(strcmp(out.bytes, value) == 0);
}

static void
judge_good(const struct config *config)
{
	struct buffer why _cleanup_buffer_ = BUFFER(4096);

	fuzz_assert(config->master.scheme == URL_HTTP || config->master.scheme == URL_HTTPS);
	fuzz_assert(config->docker[ENDPOINT_READ].scheme != URL_NONE &&
		    config->docker[ENDPOINT_TUNNEL].scheme != URL_NONE);
	fuzz_assert(
	    (config->proxy.scheme != URL_NONE) == (config->values[SETTING_PROXY_ENDPOINT] != NULL));
	fuzz_assert(config_check_readable(config, (1u << SECRET_COUNT) - 1, &why) == 0);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);

		fuzz_assert(config_secret(config, secret, &value, &why) == 0);
		fuzz_assert(
		    text_is(TEXT_VISIBLE, value.length > 0 ? value.bytes : "", value.length));
	}
}

static void
judge(const struct config *config, bool quotes)
{
	const char *mistakes = config->mistakes.length > 0 ? config->mistakes.bytes : "";
	const char *warnings = config->warnings.length > 0 ? config->warnings.bytes : "";

	fuzz_assert(quotes || strstr(mistakes, FUZZ_SECRET) == NULL);
	fuzz_assert(strstr(warnings, FUZZ_SECRET) == NULL);
	fuzz_assert(utf8_is_valid(mistakes, config->mistakes.length));
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (config->values[setting] != NULL)
			judge_value(setting, config->values[setting]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct environment environment = { 0 };
	struct slice rest = fuzz_slice(bytes, length), line;
	struct config config;
	bool quotes;
	int error;

	while (fuzz_cut(&rest, "\n", &line))
		add(&environment, line);
	quotes = may_quote(&environment);
	error = config_read(PROGRAM_AGENT, environment.items, &config);
	fuzz_assert((error == 0) == (config.mistakes.length == 0));
	judge(&config, quotes);
	if (error == 0)
		judge_good(&config);
	config_free(&config);
	config_wipe_environment(environment.items);
	fuzz_assert(quotes || !may_quote(&environment));
	release(&environment);
	return 0;
}
