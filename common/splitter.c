/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  See splitter.h.  Only strings and brackets are looked at: each
 * object is judged by json_check_structure afterwards.
 */
#include "common/splitter.h"

#include <errno.h>
#include <string.h>

/* RFC 7464 puts a record separator before each value; newer engines may send it. */
#define RECORD_SEPARATOR 0x1e

void
splitter_free(struct splitter *splitter)
{
	buffer_free(&splitter->object);
}

void
splitter_begin(struct splitter *splitter, bool list, size_t max_bytes)
{
	splitter_free(splitter);
	*splitter = (struct splitter){
		.list = list,
		.place = list ? SPLITTER_BEFORE : SPLITTER_BETWEEN,
		.object = BUFFER(max_bytes),
	};
}

bool
splitter_is_whole(const struct splitter *splitter)
{
	return splitter->place == (splitter->list ? SPLITTER_AFTER : SPLITTER_BETWEEN);
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' ||
	       byte == RECORD_SEPARATOR;
}

/* One byte outside of objects.  0 or -EBADMSG. */
static int
step_outside(struct splitter *splitter, char byte)
{
	enum splitter_place place = splitter->place;
	bool may_begin = place == SPLITTER_FIRST || place == SPLITTER_BETWEEN;
	bool may_end = place == SPLITTER_FIRST || place == SPLITTER_BEHIND;

	if (is_blank(byte))
		return 0;
	if (byte == '[' && place == SPLITTER_BEFORE)
		splitter->place = SPLITTER_FIRST;
	else if (byte == '{' && may_begin)
		splitter->place = SPLITTER_INSIDE;
	else if (byte == ',' && place == SPLITTER_BEHIND)
		splitter->place = SPLITTER_BETWEEN;
	else if (byte == ']' && may_end)
		splitter->place = SPLITTER_AFTER;
	else
		return -EBADMSG;
	return 0;
}

/* One byte inside an object; whether it was its last one. */
static bool
step_inside(struct splitter *splitter, char byte)
{
	if (splitter->in_string) {
		if (splitter->escaped)
			splitter->escaped = false;
		else if (byte == '\\')
			splitter->escaped = true;
		else if (byte == '"')
			splitter->in_string = false;
		return false;
	}
	if (byte == '"')
		splitter->in_string = true;
	else if (byte == '{' || byte == '[')
		splitter->depth++;
	else if (byte == '}' || byte == ']')
		splitter->depth--;
	return splitter->depth == 0;
}

/* Cuts the object to its head, which the piece may have to complete.  0 or -ENOMEM. */
static int
keep_head(struct splitter *splitter, const char *bytes, size_t length)
{
	struct buffer *object = &splitter->object;
	size_t most = object->max_bytes < SPLITTER_HEAD_BYTES ? object->max_bytes :
								SPLITTER_HEAD_BYTES;

	splitter->oversized = true;
	if (object->length >= most) {
		object->length = most;
		return 0;
	}
	most -= object->length;
	return buffer_add(object, bytes, length < most ? length : most);
}

/* Keeps bytes of the object, or only its head once it is over the bound.  0 or -ENOMEM. */
static int
keep(struct splitter *splitter, const char *bytes, size_t length)
{
	int result;

	if (splitter->oversized)
		return 0;
	result = buffer_add(&splitter->object, bytes, length);
	return result == -EMSGSIZE ? keep_head(splitter, bytes, length) : result;
}

static bool
deliver(struct splitter *splitter, const struct splitter_sink *sink, void *context)
{
	struct slice text = { splitter->object.bytes, splitter->object.length };
	bool go_on = splitter->oversized ? sink->oversized(context, text) :
					   sink->object(context, text);

	buffer_clear(&splitter->object);
	splitter->oversized = false;
	splitter->place = splitter->list ? SPLITTER_BEHIND : SPLITTER_BETWEEN;
	return go_on;
}

/* Eats bytes of an object from `at` on, up to its end or the piece's; where that is. */
static size_t
eat(struct splitter *splitter, struct slice piece, size_t at, bool *ret_complete)
{
	*ret_complete = false;
	while (at < piece.length && !*ret_complete)
		*ret_complete = step_inside(splitter, piece.bytes[at++]);
	return at;
}

int
splitter_feed(struct splitter *splitter, struct slice piece, const struct splitter_sink *sink,
    void *context)
{
	size_t at = 0, from;
	bool complete;

	while (at < piece.length) {
		if (splitter->place != SPLITTER_INSIDE) {
			if (step_outside(splitter, piece.bytes[at]) < 0)
				return -EBADMSG;
			/* The "{" is the object's first byte: seen again inside. */
			if (splitter->place != SPLITTER_INSIDE)
				at++;
			continue;
		}
		from = at;
		at = eat(splitter, piece, at, &complete);
		if (keep(splitter, piece.bytes + from, at - from) < 0)
			return -ENOMEM;
		if (complete && !deliver(splitter, sink, context))
			return -ECANCELED;
	}
	return 0;
}
