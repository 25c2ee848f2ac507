/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  Cuts a stream of bytes into JSON objects, wherever the
 * stream's pieces begin and end: Docker's events, one object after another, and its list of
 * containers, one array of objects.  So one object is held at a time, and a huge one costs none of the others.
 */
#ifndef COMMON_SPLITTER_H
#define COMMON_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/json_check.h"

/* What is kept of an object over the bound, to tell whose it was. */
#define SPLITTER_HEAD_BYTES 512

struct splitter;

struct splitter_sink {
	/* One object, not yet judged.  false: stop. */
	bool (*object)(void *context, struct slice text);
	/* An object over the bound was passed over; `head` is how it begins. */
	bool (*oversized)(void *context, struct slice head);
};

enum splitter_place {
	SPLITTER_BEFORE,  /* before the "[" of a list */
	SPLITTER_FIRST,   /* behind the "[": an object or the end */
	SPLITTER_BETWEEN, /* an object may begin */
	SPLITTER_INSIDE,  /* in an object */
	SPLITTER_BEHIND,  /* behind an object of a list: "," or "]" */
	SPLITTER_AFTER,   /* behind the "]" */
};

struct splitter {
	bool list;
	enum splitter_place place;
	struct buffer object;
	unsigned depth;
	bool in_string;
	bool escaped;
	bool oversized;
};

/* Prepares a splitter; what it held is released.  Objects have at most `max_bytes`. */
void splitter_begin(struct splitter *splitter, bool list, size_t max_bytes);

/* Takes the next piece.  0; -EBADMSG if it is no such stream; -ECANCELED if the sink said stop;
   -ENOMEM. */
int splitter_feed(struct splitter *splitter, struct slice piece, const struct splitter_sink *sink,
    void *context);

/* Whether the stream may end here. */
bool splitter_is_whole(const struct splitter *splitter);

void splitter_free(struct splitter *splitter);

#endif
