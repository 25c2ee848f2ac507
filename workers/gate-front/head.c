/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See head.h. */
#include "head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/record.h"
#include "routes.h"

/* RFC 9110, 5.6.2. */
#define TOKEN_BYTES "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define JSON_TYPE "application/json"

void
head_add(struct head *head, struct slice name, struct slice value)
{
	head->header_bytes += name.length + value.length;
	if (head->count < HEADERS_MAX)
		head->headers[head->count] = (struct header){ .name = name, .value = value };
	if (head->count <= HEADERS_MAX)
		head->count++;
}

static bool
is_named(const struct header *header, const char *name)
{
	return header->name.length == strlen(name) &&
	       strncasecmp(header->name.bytes, name, header->name.length) == 0;
}

/* The header of that name; NULL if there is none.  `ret_count` (or NULL) says how many there are. */
static const struct header *
find(const struct head *head, const char *name, size_t *ret_count)
{
	const struct header *found = NULL;
	size_t count = 0;

	for (size_t at = 0; at < head->count && at < HEADERS_MAX; at++) {
		if (!is_named(&head->headers[at], name))
			continue;
		found = found == NULL ? &head->headers[at] : found;
		count++;
	}
	if (ret_count != NULL)
		*ret_count = count;
	return found;
}

static bool
is_token(struct slice text)
{
	for (size_t at = 0; at < text.length; at++)
		if (text.bytes[at] == '\0' || strchr(TOKEN_BYTES, text.bytes[at]) == NULL)
			return false;
	return text.length > 0;
}

static bool
is_value(struct slice text)
{
	for (size_t at = 0; at < text.length; at++) {
		unsigned char byte = (unsigned char)text.bytes[at];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

/* Whether a comma list, as of Connection, holds the word. */
static bool
holds_word(struct slice list, const char *word)
{
	while (list.length > 0) {
		const char *comma = memchr(list.bytes, ',', list.length);
		struct slice part = { .bytes = list.bytes,
			.length = comma == NULL ? list.length : (size_t)(comma - list.bytes) };
		size_t used = part.length + (comma != NULL);

		while (part.length > 0 && strchr(" \t", part.bytes[0]) != NULL) {
			part.bytes++;
			part.length--;
		}
		while (part.length > 0 && strchr(" \t", part.bytes[part.length - 1]) != NULL)
			part.length--;
		if (part.length == strlen(word) && strncasecmp(part.bytes, word, part.length) == 0)
			return true;
		list.bytes += used;
		list.length -= used;
	}
	return false;
}

/* The body's length; 0 without the header.  False: two of them, or no number. */
static bool
body_length(const struct head *head, size_t *ret_length)
{
	size_t count, digits = 0;
	const struct header *header = find(head, "Content-Length", &count);

	*ret_length = 0;
	if (count == 0)
		return true;
	for (; digits < header->value.length; digits++) {
		char byte = header->value.bytes[digits];

		if (byte < '0' || byte > '9')
			return false;
		if (*ret_length <= BODY_MAX_BYTES)
			*ret_length = *ret_length * 10 + (size_t)(byte - '0');
	}
	return count == 1 && digits > 0 && digits <= 18;
}

static bool
headers_are_good(const struct head *head, struct refusal *refusal)
{
	char shown[REFUSAL_NAME_BYTES];

	if (head->count > HEADERS_MAX)
		return refuse(refusal, 431, "there are more than %d headers", HEADERS_MAX);
	if (head->header_bytes > HEADERS_MAX_BYTES)
		return refuse(refusal, 431, "the headers are longer than %d bytes",
		    HEADERS_MAX_BYTES);
	for (size_t at = 0; at < head->count; at++) {
		const struct header *header = &head->headers[at];

		if (is_token(header->name) && is_value(header->value))
			continue;
		refusal_name(header->name, shown);
		return refuse(refusal, 400, "header \"%s\" is not well-formed", shown);
	}
	return true;
}

/* What would make two readers see two requests, or lead away from HTTP. */
static bool
framing_is_good(const struct head *head, struct refusal *refusal)
{
	static const struct {
		const char *name;
		int status;
	} barred[] = { { "Transfer-Encoding", 400 }, { "Upgrade", 400 }, { "Expect", 417 },
		{ "Content-Encoding", 415 }, { "HTTP2-Settings", 400 } };
	size_t hosts, length;

	if (strcmp(head->version, "HTTP/1.1") != 0)
		return refuse(refusal, 400, "only HTTP/1.1 is spoken here");
	if (!headers_are_good(head, refusal))
		return false;
	for (size_t at = 0; at < ARRAY_LEN(barred); at++)
		if (find(head, barred[at].name, NULL) != NULL)
			return refuse(refusal, barred[at].status, "header \"%s\" is not allowed",
			    barred[at].name);
	for (size_t at = 0; at < head->count; at++)
		if (is_named(&head->headers[at], "Connection") &&
		    holds_word(head->headers[at].value, "upgrade"))
			return refuse(refusal, 400, "header \"Connection\" asks for an upgrade");
	(void)find(head, "Host", &hosts);
	if (hosts > 1)
		return refuse(refusal, 400, "header \"Host\" comes twice");
	if (!body_length(head, &length))
		return refuse(refusal, 400, "header \"Content-Length\" is not one number");
	if (length > BODY_MAX_BYTES)
		return refuse(refusal, 413, "the body is longer than %d bytes", BODY_MAX_BYTES);
	return true;
}

static bool
is_json(const struct head *head)
{
	size_t count;
	const struct header *type = find(head, "Content-Type", &count);
	size_t length = strlen(JSON_TYPE);

	if (count != 1 || type->value.length < length ||
	    strncasecmp(type->value.bytes, JSON_TYPE, length) != 0)
		return false;
	return type->value.length == length || strchr("; ", type->value.bytes[length]) != NULL;
}

static bool
body_is_due(const struct head *head, const struct wish *wish, struct refusal *refusal)
{
	size_t length;

	(void)body_length(head, &length);
	if (wish->kind != WISH_CREATE)
		return length == 0 || refuse(refusal, 400, "a body is not allowed here");
	if (length == 0)
		return refuse(refusal, 400, "the body is empty");
	return is_json(head) || refuse(refusal, 415, "header \"Content-Type\" is not " JSON_TYPE);
}

bool
head_judge(const struct rules *rules, const struct head *head, struct wish *ret_wish,
    struct refusal *refusal)
{
	memset(ret_wish, 0, sizeof(*ret_wish));
	*refusal = (struct refusal){ 0 };
	if (!framing_is_good(head, refusal)) {
		refusal->close = true;
		return false;
	}
	if (head->target == NULL) {
		refusal->close = true;
		return refuse(refusal, 414, "the request target is too long");
	}
	if (route_find(rules, head->method, head->target, ret_wish, refusal) &&
	    body_is_due(head, ret_wish, refusal))
		return true;
	memset(ret_wish, 0, sizeof(*ret_wish));
	return false;
}
