/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  A tunnel token, as it stands, and the base64 of what an input holds behind its first
 * line.  That line is an ALLOWED_TUNNELS.
 *
 * Covers: common/tunnel_token.c
 */
#include "common/message.h"
#include "tests/fuzz/fuzz.h"
#include "common/tunnel_token.h"

/* Appends a text as RFC 4648, section 4, has it. */
static void
base64(struct slice slice, struct buffer *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < slice.length; at += 3) {
		size_t left = slice.length - at;
		char group[4];
		unsigned bits = 0;

		for (size_t byte = 0; byte < 3; byte++)
			bits = bits << 8 |
			       (byte < left ? (unsigned char)slice.bytes[at + byte] : 0u);
		for (size_t digit = 0; digit < 4; digit++)
			group[digit] = digit <= left ? digits[bits >> (18 - 6 * digit) & 63] : '=';
		fuzz_assert(buffer_add(out, group, sizeof(group)) == 0);
	}
}

static void
judge(const struct token_facts *facts, const char *allowed)
{
	char list[4 * TOKEN_PART_MAX_BYTES];

	fuzz_assert(facts->account[0] != '\0' && facts->tunnel[0] != '\0');
	fuzz_assert(strlen(facts->account) <= TOKEN_PART_MAX_BYTES);
	fuzz_assert(text_is(TEXT_NAME, facts->account, strlen(facts->account)));
	fuzz_assert(text_is(TEXT_NAME, facts->tunnel, strlen(facts->tunnel)));
	fuzz_assert(token_is_allowed(NULL, facts));
	(void)snprintf(list, sizeof(list), "other, %s", facts->account);
	fuzz_assert(token_is_allowed(list, facts));
	(void)snprintf(list, sizeof(list), "%s/%s", facts->account, facts->tunnel);
	fuzz_assert(token_is_allowed(list, facts));
	(void)snprintf(list, sizeof(list), "%s/x%s,x%s", facts->account, facts->tunnel,
	    facts->account);
	fuzz_assert(!token_is_allowed(list, facts));
	if (token_is_allowed(allowed, facts))
		fuzz_assert(strcasestr(allowed, facts->account) != NULL);
}

static int
take(const char *token, const char *allowed)
{
	struct token_facts facts;
	int error = token_read(token, &facts);

	if (error == 0)
		judge(&facts, allowed);
	else
		fuzz_assert(facts.account[0] == '\0' && facts.tunnel[0] == '\0');
	return error;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice rest = fuzz_slice(bytes, length), first = { .bytes = "", .length = 0 };
	char *whole _cleanup_free_ = fuzz_text(rest);
	char *allowed _cleanup_free_ = NULL;
	struct buffer coded _cleanup_buffer_ = BUFFER(2 * length + 4);

	(void)fuzz_cut(&rest, "\n", &first);
	allowed = fuzz_text(first);
	base64(rest, &coded);
	(void)take(whole, allowed);
	/* Over the bound of what a token may be, whatever it holds. */
	fuzz_assert(
	    coded.length == 0 || take(coded.bytes, allowed) != 0 || rest.length <= TOKEN_MAX_BYTES);
	return 0;
}
