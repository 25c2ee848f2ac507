/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The one table of calls to Docker: whatever gate-engine asks of the engine is one of
 * these templates, with a container's id that the engine gave, a number, or a name that the gate is
 * configured with.
 */
#ifndef GATE_ENGINE_CALLS_H
#define GATE_ENGINE_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "common/image.h"

/* Where the token lies in the container: alone on a small volume of its own. */
#define TOKEN_FOLDER "/etc/dockflare-tunnel"
#define TOKEN_FILE "token"
#define TOKEN_PATH TOKEN_FOLDER "/" TOKEN_FILE

#define CALL_PATH_BYTES (2 * IMAGE_MAX_BYTES + 128)
#define TAR_ANSWER_MAX_BYTES (16 * 1024)

enum call {
	CALL_VERSION,
	CALL_LIST,
	CALL_LIST_ALL,
	CALL_EVENTS,
	CALL_INSPECT,
	CALL_START,
	CALL_STOP,
	CALL_REMOVE,
	CALL_READ_TOKEN,
	CALL_WRITE_TOKEN,
	CALL_CREATE,
	CALL_NETWORK,
	CALL_IMAGE,
	CALL_PULL,
	CALL_COUNT,
};

struct call_entry {
	const char *method;
	const char *path;     /* behind /v1.NN, with {words} that are filled in */
	long timeout_ms;      /* of the whole call; 0: none */
	long idle_timeout_ms; /* 0: none */
	size_t max_bytes;     /* of the answer, where it is not taken piece by piece */
};

extern const struct call_entry calls[CALL_COUNT];

/* What may stand in a template's place. */
struct call_words {
	const char *id;            /* of a container, as the engine gave it */
	int64_t seconds;           /* 0 to GATE_STOP_MAX_S */
	const char *network;       /* the configured one */
	const struct image *image; /* one of the configured ones */
};

/*
 * Writes a call's path.  0, or -EINVAL if a word of its template is missing or is not of its kind:
 * 64 hexadecimal digits, a small number, a name without any byte that has a meaning in a URL.
 */
int call_path(enum call call, const struct call_words *words, char path[CALL_PATH_BYTES]);

/* How long the call may take: what a stop is given is added. */
long call_timeout_ms(enum call call, int64_t seconds);

#endif
