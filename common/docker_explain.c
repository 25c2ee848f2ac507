/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher, tunnel-keeper and gate-engine.  What went wrong with Docker, as one line for a
 * person.  The texts of engine and proxy are quoted in printable ASCII and bounded; pages of HTML
 * are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/docker.h"
#include "common/record.h"

#define MESSAGE_SHOWN_BYTES 140
#define PATH_SHOWN_BYTES 60

/* Docker's errors: {"message": "..."}. */
struct engine_error {
	const char *message;
};

static const struct field engine_error_fields[] = {
	{ .name = "message",
	    .kind = FIELD_TEXT,
	    .text = TEXT_ANY,
	    .min = 1,
	    .max = 65536,
	    .offset = offsetof(struct engine_error, message) },
};

static const struct record engine_error_record = {
	.name = "error",
	.size_bytes = sizeof(struct engine_error),
	.open = true,
	.field_count = ARRAY_LEN(engine_error_fields),
	.fields = engine_error_fields,
};

bool
docker_message(struct slice body, char *ret_message, size_t size_bytes)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct engine_error error;
	size_t i;

	if (record_decode(&engine_error_record, body, &arena, &error, why) < 0)
		return false;
	for (i = 0; i + 1 < size_bytes && error.message[i] != '\0'; i++)
		ret_message[i] = error.message[i] >= 0x20 && error.message[i] < 0x7f ?
				     error.message[i] :
				     '?';
	ret_message[i] = '\0';
	return true;
}

static void
explain_status(struct docker *docker, const char *call, const struct http_answer *answer)
{
	char message[MESSAGE_SHOWN_BYTES + 1];
	char *out = docker->error;
	size_t size = sizeof(docker->error);

	if (docker_message(answer->body, message, sizeof(message)))
		(void)snprintf(out, size, "Docker answered %ld to %s: %s", answer->status, call,
		    message);
	else if (answer->status == 403 || answer->status == 405)
		(void)snprintf(out, size,
		    "the proxy denies %s (%ld): allow it in the proxy's rules", call,
		    answer->status);
	else if (answer->status >= 502 && answer->status <= 504)
		(void)snprintf(out, size, "the proxy does not reach Docker (%ld to %s)",
		    answer->status, call);
	else if (answer->status >= 300 && answer->status < 400)
		(void)snprintf(out, size, "%s is answered by a redirect (%ld), which is not Docker",
		    call, answer->status);
	else
		(void)snprintf(out, size, "%s is answered by %ld and no message of Docker", call,
		    answer->status);
}

const char *
docker_explain(struct docker *docker, const char *method, const char *path,
    const struct http_answer *answer)
{
	char call[PATH_SHOWN_BYTES + 40];
	int length = (int)strcspn(path, "?");
	bool versioned = docker->api_minor != 0;

	if (answer->error != HTTP_OK) {
		(void)snprintf(docker->error, sizeof(docker->error), "%s", answer->detail);
		return docker->error;
	}
	if (length > PATH_SHOWN_BYTES)
		length = PATH_SHOWN_BYTES;
	(void)snprintf(call, sizeof(call), "%.8s %s%s%.*s", method, versioned ? "/v" : "",
	    versioned ? docker->api_version : "", length, path);
	explain_status(docker, call, answer);
	return docker->error;
}

/* The N of "1.N"; 0 for anything else. */
static int
minor_of(const char *version)
{
	char *end;
	long minor;

	if (version == NULL || strncmp(version, "1.", 2) != 0 || version[2] < '0' ||
	    version[2] > '9')
		return 0;
	minor = strtol(version + 2, &end, 10);
	return *end == '\0' && minor > 0 && minor < 1000 ? (int)minor : 0;
}

int
docker_choose_version(const char *newest, const char *oldest, char error[HTTP_DETAIL_BYTES])
{
	int max = minor_of(newest), min = minor_of(oldest);

	if (max == 0) {
		(void)snprintf(error, HTTP_DETAIL_BYTES,
		    "Docker's API version is none that this agent knows (\"%.16s\")", newest);
		return 0;
	}
	if (max < DOCKER_API_MIN) {
		(void)snprintf(error, HTTP_DETAIL_BYTES,
		    "Docker is too old: it speaks API 1.%d, this agent needs 1.%d or newer", max,
		    DOCKER_API_MIN);
		return 0;
	}
	if (min > DOCKER_API_MAX) {
		(void)snprintf(error, HTTP_DETAIL_BYTES,
		    "Docker is too new: it wants API 1.%d or newer, this agent speaks up to 1.%d",
		    min, DOCKER_API_MAX);
		return 0;
	}
	return max < DOCKER_API_MAX ? max : DOCKER_API_MAX;
}
