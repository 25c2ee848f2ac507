/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  The calls to Docker: see calls.h. */
#include "workers/gate-engine/calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/record.h"
#include "common/tunnel_container.h"

#define CALL_MS 30000
#define LIST_MS 60000
#define STOP_MORE_MS 10000
#define PULL_IDLE_MS 120000
#define ANSWER_MAX_BYTES (256 * 1024)
#define INSPECT_MAX_BYTES (1024 * 1024)

const struct call_entry calls[CALL_COUNT] = {
	[CALL_VERSION] = { "GET", "/version", CALL_MS, 0, ANSWER_MAX_BYTES },
	[CALL_LIST] = { "GET", "/containers/json", LIST_MS, 0, 0 },
	[CALL_LIST_ALL] = { "GET", "/containers/json?all=1", LIST_MS, 0, 0 },
	/* {"type":["container"],"event":["start","die","died","stop","destroy","remove","rename",
	   "pause","unpause"]}: died and remove are Podman's words. */
	[CALL_EVENTS] = { "GET",
	    "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B"
	    "%22start%22%2C%22die%22%2C%22died%22%2C%22stop%22%2C%22destroy%22%2C%22remove%22%2C"
	    "%22rename%22%2C%22pause%22%2C%22unpause%22%5D%7D",
	    0, 0, 0 },
	[CALL_INSPECT] = { "GET", "/containers/" TUNNEL_CONTAINER_NAME "/json", CALL_MS, 0,
	    INSPECT_MAX_BYTES },
	[CALL_START] = { "POST", "/containers/{id}/start", CALL_MS, 0, ANSWER_MAX_BYTES },
	[CALL_STOP] = { "POST", "/containers/{id}/stop?t={seconds}", STOP_MORE_MS, 0,
	    ANSWER_MAX_BYTES },
	[CALL_REMOVE] = { "DELETE", "/containers/{id}?v=1&force=1", CALL_MS, 0, ANSWER_MAX_BYTES },
	[CALL_READ_TOKEN] = { "GET", "/containers/{id}/archive?path=" TOKEN_PATH, CALL_MS, 0,
	    TAR_ANSWER_MAX_BYTES },
	[CALL_WRITE_TOKEN] = { "PUT", "/containers/{id}/archive?path=" TOKEN_FOLDER, CALL_MS, 0,
	    ANSWER_MAX_BYTES },
	[CALL_CREATE] = { "POST", "/containers/create?name=" TUNNEL_CONTAINER_NAME, CALL_MS, 0,
	    ANSWER_MAX_BYTES },
	[CALL_NETWORK] = { "GET", "/networks/{network}", CALL_MS, 0, ANSWER_MAX_BYTES },
	[CALL_IMAGE] = { "GET", "/images/{image}/json", CALL_MS, 0, ANSWER_MAX_BYTES },
	[CALL_PULL] = { "POST", "/images/create?fromImage={repository}&tag={tag}", 0, PULL_IDLE_MS,
	    0 },
};

/* ---- the words ---- */

/* Whether a segment is empty or of dots alone, and could lead out of its place in the path. */
static bool
has_dot_segment(const char *text)
{
	for (;;) {
		size_t length = strcspn(text, "/");

		if (strspn(text, ".") >= length)
			return true;
		if (text[length] == '\0')
			return false;
		text += length + 1;
	}
}

/* Part of an image reference: no byte of it means anything in a URL but itself. */
static bool
is_reference(const char *text)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._-/:@[]";
	size_t length = strlen(text);

	return length > 0 && strspn(text, good) == length && !has_dot_segment(text);
}

static bool
word_id(const struct call_words *words, char *out, size_t size)
{
	if (words->id == NULL || strlen(words->id) != CONTAINER_ID_BYTES ||
	    !text_is(TEXT_HEX, words->id, CONTAINER_ID_BYTES))
		return false;
	return snprintf(out, size, "%s", words->id) < (int)size;
}

static bool
word_seconds(const struct call_words *words, char *out, size_t size)
{
	return words->seconds >= 0 && words->seconds <= GATE_STOP_MAX_S &&
	       snprintf(out, size, "%d", (int)words->seconds) < (int)size;
}

static bool
word_network(const struct call_words *words, char *out, size_t size)
{
	return words->network != NULL && words->network[0] != '\0' &&
	       text_is(TEXT_NAME, words->network, strlen(words->network)) &&
	       !has_dot_segment(words->network) &&
	       snprintf(out, size, "%s", words->network) < (int)size;
}

static bool
add_reference(const char *text, char *out, size_t size)
{
	return is_reference(text) && snprintf(out, size, "%s", text) < (int)size;
}

static bool
word_image(const struct call_words *words, char *out, size_t size)
{
	return words->image != NULL && add_reference(words->image->whole, out, size);
}

static bool
word_repository(const struct call_words *words, char *out, size_t size)
{
	return words->image != NULL && add_reference(words->image->repository, out, size);
}

static bool
word_tag(const struct call_words *words, char *out, size_t size)
{
	return words->image != NULL && add_reference(words->image->tag, out, size);
}

static const struct {
	const char *mark;
	bool (*fill)(const struct call_words *words, char *out, size_t size);
} word_table[] = {
	{ "{id}", word_id },
	{ "{seconds}", word_seconds },
	{ "{network}", word_network },
	{ "{image}", word_image },
	{ "{repository}", word_repository },
	{ "{tag}", word_tag },
};

/* Puts the word of the mark at `*at` into the path and goes behind the mark. */
static bool
fill_word(const char **at, const struct call_words *words, char *out, size_t size)
{
	for (size_t i = 0; i < sizeof(word_table) / sizeof(word_table[0]); i++) {
		size_t length = strlen(word_table[i].mark);

		if (strncmp(*at, word_table[i].mark, length) == 0) {
			*at += length;
			return word_table[i].fill(words, out, size);
		}
	}
	return false;
}

int
call_path(enum call call, const struct call_words *words, char path[CALL_PATH_BYTES])
{
	const char *at = calls[call].path;
	size_t length = 0;

	while (*at != '\0') {
		if (length + 1 >= CALL_PATH_BYTES)
			return -EINVAL;
		if (*at != '{') {
			path[length++] = *at++;
		} else {
			if (!fill_word(&at, words, path + length, CALL_PATH_BYTES - length))
				return -EINVAL;
			length += strlen(path + length);
		}
	}
	path[length] = '\0';
	return 0;
}

long
call_timeout_ms(enum call call, int64_t seconds)
{
	return calls[call].timeout_ms + (call == CALL_STOP ? (long)seconds * 1000 : 0);
}
