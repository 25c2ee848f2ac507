/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  Docker's answers about the tunnel's container: what is seen is bounded, and never the
 * token.
 *
 * Covers: workers/tunnel-keeper/observe.c workers/tunnel-keeper/observe_token.c
 * common/tunnel_container.c
 */
#include "common/address.h"
#include "common/record.h"
#include "create.h"
#include "observe.h"
#include "tests/fuzz/fuzz.h"

static bool
is_line(const char *text, enum text_class text_class, size_t size_bytes)
{
	size_t length = strnlen(text, size_bytes);

	return length < size_bytes && text_is(text_class, text, length);
}

static void
judge_seen(struct slice text, const struct observed *seen)
{
	struct address address;

	fuzz_assert(seen->presence == PRESENCE_OURS || seen->presence == PRESENCE_FOREIGN);
	fuzz_assert(is_line(seen->id, TEXT_HEX, sizeof(seen->id)) && strlen(seen->id) == 64);
	fuzz_assert(seen->state >= 0 && seen->state < CONTAINER_STATE_COUNT);
	fuzz_assert(is_line(seen->error, TEXT_LINE, sizeof(seen->error)));
	fuzz_assert(is_line(seen->started_at, TEXT_VISIBLE, sizeof(seen->started_at)));
	fuzz_assert(is_line(seen->command_id, TEXT_NAME, sizeof(seen->command_id)));
	fuzz_assert(is_line(seen->image.whole, TEXT_LINE, sizeof(seen->image.whole)));
	fuzz_assert(seen->address[0] == '\0' || address_parse(seen->address, &address) == 0);
	fuzz_assert(seen->on_network || seen->address[0] == '\0');
	fuzz_assert(!seen->labelled || seen->presence == PRESENCE_OURS);
	/* The token stands there in full, or it does not match. */
	fuzz_assert(!seen->token_matches ||
		    memmem(text.bytes, text.length, FUZZ_SECRET, strlen(FUZZ_SECRET)) != NULL);
}

static void
judge_created(struct slice text)
{
	char id[CONTAINER_ID_BYTES + 1];

	if (create_read_id(text, id) == 0)
		fuzz_assert(is_line(id, TEXT_HEX, sizeof(id)) && strlen(id) == CONTAINER_ID_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	struct image image;
	struct expected expected = { .image = &image,
		.network = "cloudflare-net",
		.token = length % 8 == 7 ? "" : FUZZ_SECRET };
	char why[RECORD_WHY_BYTES] = "";
	struct observed seen;

	fuzz_assert(image_split("cloudflare/cloudflared:2025.9.0", &image));
	if (observe(text, &expected, &seen, why) == 0) {
		judge_seen(text, &seen);
		fuzz_assert(expected.token[0] != '\0' || !seen.token_matches);
	} else {
		fuzz_assert(fuzz_is_zero(&seen, sizeof(seen)) && why[0] != '\0');
		fuzz_judge_why(why, sizeof(why));
	}
	judge_created(text);
	return 0;
}
