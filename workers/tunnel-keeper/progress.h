/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The progress of a pull: the stream of POST /images/create, one JSON object a
 * line, in pieces that end anywhere.
 */
#ifndef TUNNEL_KEEPER_PROGRESS_H
#define TUNNEL_KEEPER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/json_check.h"

#define PROGRESS_LINE_MAX_BYTES (16 * 1024)
#define PROGRESS_LAYERS_MAX 64
#define PROGRESS_ERROR_BYTES 200

struct progress_layer {
	char id[16];
	int64_t current_bytes;
	int64_t total_bytes;
	bool done;
};

/* Set it up with PROGRESS(); release it with progress_free(). */
struct progress {
	struct buffer line;
	bool skipping; /* within a line that is too long to be one of Docker's */
	size_t layer_count;
	struct progress_layer layers[PROGRESS_LAYERS_MAX];
	char error[PROGRESS_ERROR_BYTES]; /* printable; "" while none was told */
};

#define PROGRESS() ((struct progress){ .line = BUFFER(PROGRESS_LINE_MAX_BYTES) })

/* Takes a piece of the stream.  What is no line of Docker's is passed over. */
void progress_take(struct progress *progress, struct slice piece);

/* One line for a person: "2 of 4 layers, 12.5 of 41.0 MB". */
void progress_tell(const struct progress *progress, char *text, size_t size_bytes);

void progress_free(struct progress *progress);

#endif
