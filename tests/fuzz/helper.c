/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The Cloudflare helper's answers, and the master's rules: whatever they are, what is
 * made of them is good JSON that ends in the catch-all.
 *
 * Covers: workers/master-link/ingress.c
 */
#include <errno.h>

#include "agent_id.h"
#include "common/record.h"
#include "ingress.h"
#include "tests/fuzz/fuzz.h"

#define CATCH_ALL "{\"service\":\"http_status:404\"}]}}"

static size_t
count_rules(struct slice rules)
{
	struct slice key, value;
	size_t at = 0, count = 0;

	while (json_next_member(rules, &at, &key, &value))
		count++;
	return count;
}

static void
judge_written(struct slice rules, const struct buffer *out, size_t skipped)
{
	struct slice text = { out->bytes, out->length }, config, ingress, entry;
	size_t end = strlen(CATCH_ALL), at = 0, entries = 0;

	fuzz_assert(json_check(text, JSON_MAX_DEPTH) == JSON_GOOD);
	fuzz_assert(out->length > end && strcmp(out->bytes + out->length - end, CATCH_ALL) == 0);
	fuzz_assert(
	    json_member(text, "config", &config) && json_member(config, "ingress", &ingress));
	while (json_next_element(ingress, &at, &entry))
		entries++;
	fuzz_assert(entries >= 1 && entries - 1 + skipped <= count_rules(rules));
}

static void
write_rules(struct slice rules)
{
	struct buffer out _cleanup_buffer_ = BUFFER(1024 * 1024);
	struct buffer small _cleanup_buffer_ = BUFFER(100);
	size_t skipped = 0;

	fuzz_assert(ingress_write(rules, &out, &skipped) == 0);
	judge_written(rules, &out, skipped);
	fuzz_assert(ingress_write(rules, &small, &skipped) == (out.length > 100 ? -EMSGSIZE : 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	char account[ACCOUNT_ID_MAX_BYTES + 1] = "";
	struct buffer path _cleanup_buffer_ = BUFFER(4 * ACCOUNT_ID_MAX_BYTES);
	int error = account_read(text, account);

	if (error == 0) {
		fuzz_assert(account[0] != '\0' && text_is(TEXT_NAME, account, strlen(account)));
		fuzz_assert(url_append_segment(&path, account) == 0);
		fuzz_assert(strchr(path.bytes, '/') == NULL);
		fuzz_assert(strcmp(path.bytes, ".") != 0 && strcmp(path.bytes, "..") != 0);
	} else {
		fuzz_assert(error == -EBADMSG && account[0] == '\0');
	}
	if (json_check(text, JSON_MAX_DEPTH) == JSON_GOOD) {
		fuzz_assert(error != 0 || answer_is_success(text));
		if (memchr(bytes, '{', length) != NULL)
			write_rules(text);
	}
	return 0;
}
