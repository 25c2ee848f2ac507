/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and the gate's workers.  Tunnel tokens: see tunnel_token.h. */
#include "common/tunnel_token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/message.h"
#include "common/record.h"

/* So much of a token in a text would be a secret told. */
#define TOKEN_PART_BYTES 16

struct token_json {
	const char *account;
	const char *tunnel;
	const char *secret;
};

static const struct field token_fields[] = {
	{ .name = "a",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .min = 1,
	    .max = TOKEN_PART_MAX_BYTES,
	    .offset = offsetof(struct token_json, account) },
	{ .name = "t",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .min = 1,
	    .max = TOKEN_PART_MAX_BYTES,
	    .offset = offsetof(struct token_json, tunnel) },
	{ .name = "s",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .min = 1,
	    .max = TOKEN_MAX_BYTES,
	    .secret = true,
	    .offset = offsetof(struct token_json, secret) },
};

/* Open: cloudflared ignores what it does not know; what it might know is refused below. */
static const struct record token_record = {
	.name = "token",
	.size_bytes = sizeof(struct token_json),
	.open = true,
	.field_count = ARRAY_LEN(token_fields),
	.fields = token_fields,
};

/* The value of a base64 digit (RFC 4648, section 4), or -1. */
static int
base64_digit(char digit)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = digit == '\0' ? NULL : strchr(digits, digit);

	return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes one group of four; the number of bytes in it (1 to 3), or 0 for a malformed one. */
static size_t
decode_group(const char group[4], char out[3])
{
	size_t pads = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
	unsigned bits = 0;

	for (size_t at = 0; at < 4; at++) {
		int digit = at < 4 - pads ? base64_digit(group[at]) : 0;

		if (digit < 0)
			return 0;
		bits = bits << 6 | (unsigned)digit;
	}
	out[0] = (char)(bits >> 16 & 0xff);
	out[1] = (char)(bits >> 8 & 0xff);
	out[2] = (char)(bits & 0xff);
	return 3 - pads;
}

static int
base64_decode(const char *text, struct buffer *out)
{
	size_t length = strlen(text);

	if (length == 0 || length % 4 != 0)
		return -EINVAL;
	for (size_t at = 0; at < length; at += 4) {
		char bytes[3];
		size_t count = decode_group(text + at, bytes);
		int error;

		if (count == 0 || (count < 3 && at + 4 != length))
			return -EINVAL;
		error = buffer_add(out, bytes, count);
		explicit_bzero(bytes, sizeof(bytes));
		if (error != 0)
			return error;
	}
	return 0;
}

/*
 * Whether a key that is not one of ours could be taken for one: cloudflared's reader (Go's
 * encoding/json) matches keys in any case and by Unicode's folding, and the last one wins.
 */
static bool
is_ambiguous(struct slice key)
{
	static const char *const known[] = { "\"a\"", "\"t\"", "\"s\"", "\"e\"" };

	for (size_t at = 0; at < ARRAY_LEN(known); at++)
		if (key.length == 3 && memcmp(key.bytes, known[at], 3) == 0)
			return false;
	/* Of two plain letters or more: equal to none of one letter. */
	return key.length < 4 || !text_is(TEXT_NAME, key.bytes + 1, key.length - 2);
}

static bool
has_ambiguous_key(struct slice json)
{
	struct slice key, value;
	size_t at = 0;

	while (json_next_member(json, &at, &key, &value))
		if (is_ambiguous(key))
			return true;
	return false;
}

int
token_read(const char *token, struct token_facts *ret_facts)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct buffer json _cleanup_buffer_ = SECRET_BUFFER(TOKEN_MAX_BYTES);
	char why[RECORD_WHY_BYTES];
	struct token_json parts;
	int error;

	memset(ret_facts, 0, sizeof(*ret_facts));
	error = base64_decode(token, &json);
	if (error != 0)
		return error == -ENOMEM ? -ENOMEM : -EINVAL;
	error = record_decode(&token_record,
	    (struct slice){ .bytes = json.bytes, .length = json.length }, &arena, &parts, why);
	if (error != 0)
		return error == -ENOMEM ? -ENOMEM : -EINVAL;
	if (has_ambiguous_key((struct slice){ .bytes = json.bytes, .length = json.length }))
		return -EINVAL;
	snprintf(ret_facts->account, sizeof(ret_facts->account), "%s", parts.account);
	snprintf(ret_facts->tunnel, sizeof(ret_facts->tunnel), "%s", parts.tunnel);
	return 0;
}

/* Whether the text of `length` bytes is `whole`, in any case. */
static bool
is_same(const char *text, size_t length, const char *whole)
{
	return strlen(whole) == length && strncasecmp(text, whole, length) == 0;
}

static bool
item_holds(const char *item, size_t length, const struct token_facts *facts)
{
	const char *slash = memchr(item, '/', length);
	size_t account_length = slash == NULL ? length : (size_t)(slash - item);

	if (!is_same(item, account_length, facts->account))
		return false;
	return slash == NULL || is_same(slash + 1, length - account_length - 1, facts->tunnel);
}

bool
token_is_allowed(const char *allowed, const struct token_facts *facts)
{
	if (allowed == NULL)
		return true;
	while (*allowed != '\0') {
		size_t length = strcspn(allowed, ", ");

		if (length > 0 && item_holds(allowed, length, facts))
			return true;
		allowed += length;
		allowed += strspn(allowed, ", ");
	}
	return false;
}

bool
token_is_in(const char *token, const char *text)
{
	size_t length = strlen(token), text_length = strlen(text);

	for (size_t at = 0; at + TOKEN_PART_BYTES <= length; at++)
		if (memmem(text, text_length, token + at, TOKEN_PART_BYTES) != NULL)
			return true;
	return length > 0 && length < TOKEN_PART_BYTES && strstr(text, token) != NULL;
}
