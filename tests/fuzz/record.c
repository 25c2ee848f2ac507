/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  A record with a field of every kind, closed and open: what is decoded lies within the
 * table's bounds, and is the same after it was encoded and decoded again.
 *
 * Covers: common/record.c common/record_decode.c common/record_encode.c common/arena.c
 */
#include <errno.h>

#include "common/record.h"
#include "tests/fuzz/fuzz.h"

struct item {
	const char *hex;
	int64_t number;
};

struct probe {
	const char *any;
	const char *line;
	const char *visible;
	const char *name;
	const char *secret;
	int64_t number;
	bool flag;
	int choice;
	int maybe;
	struct map map;
	struct texts texts;
	struct records items;
	const struct item *item;
};

#define TEXT(member, class, hidden)                                                               \
	{                                                                                         \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = true,           \
		.secret = (hidden), .offset = offsetof(struct probe, member), .min = 0, .max = 16 \
	}

static const char *const choices[] = { "red", "green", NULL };

static const struct field item_fields[] = {
	{ .name = "hex",
	    .kind = FIELD_TEXT,
	    .text = TEXT_HEX,
	    .offset = offsetof(struct item, hex),
	    .min = 1,
	    .max = 8 },
	{ .name = "number",
	    .kind = FIELD_INTEGER,
	    .offset = offsetof(struct item, number),
	    .min = INT64_MIN,
	    .max = INT64_MAX },
};
static const struct record item_record = { .name = "item",
	.size_bytes = sizeof(struct item),
	.field_count = ARRAY_LEN(item_fields),
	.fields = item_fields };

static const struct field probe_fields[] = {
	TEXT(any, TEXT_ANY, false),
	TEXT(line, TEXT_LINE, false),
	TEXT(visible, TEXT_VISIBLE, false),
	TEXT(name, TEXT_NAME, false),
	TEXT(secret, TEXT_VISIBLE, true),
	{ .name = "number",
	    .kind = FIELD_INTEGER,
	    .offset = offsetof(struct probe, number),
	    .min = -5,
	    .max = 1000 },
	{ .name = "flag",
	    .kind = FIELD_BOOLEAN,
	    .optional = true,
	    .offset = offsetof(struct probe, flag) },
	{ .name = "choice",
	    .kind = FIELD_CHOICE,
	    .offset = offsetof(struct probe, choice),
	    .choices = choices },
	{ .name = "maybe",
	    .kind = FIELD_CHOICE,
	    .optional = true,
	    .offset = offsetof(struct probe, maybe),
	    .choices = choices },
	{ .name = "map",
	    .kind = FIELD_MAP,
	    .text = TEXT_LINE,
	    .optional = true,
	    .offset = offsetof(struct probe, map),
	    .max = 3,
	    .value_max = 8 },
	{ .name = "texts",
	    .kind = FIELD_TEXTS,
	    .text = TEXT_LINE,
	    .optional = true,
	    .offset = offsetof(struct probe, texts),
	    .max = 3,
	    .value_max = 8 },
	{ .name = "items",
	    .kind = FIELD_RECORDS,
	    .optional = true,
	    .offset = offsetof(struct probe, items),
	    .max = 3,
	    .record = &item_record },
	{ .name = "item",
	    .kind = FIELD_RECORD,
	    .optional = true,
	    .offset = offsetof(struct probe, item),
	    .record = &item_record },
};
static const struct record closed = { .name = "probe",
	.size_bytes = sizeof(struct probe),
	.field_count = ARRAY_LEN(probe_fields),
	.fields = probe_fields };
static const struct record open = { .name = "probe",
	.size_bytes = sizeof(struct probe),
	.open = true,
	.field_count = ARRAY_LEN(probe_fields),
	.fields = probe_fields };

static void
judge_text(const char *text, enum text_class text_class, size_t max_bytes)
{
	fuzz_assert(
	    text == NULL || (strlen(text) <= max_bytes && text_is(text_class, text, strlen(text))));
}

static void
judge_item(const struct item *item)
{
	fuzz_assert(item->hex != NULL && item->hex[0] != '\0');
	judge_text(item->hex, TEXT_HEX, 8);
}

static void
judge(const struct probe *probe)
{
	const struct item *items = probe->items.items;

	judge_text(probe->any, TEXT_ANY, 16);
	judge_text(probe->line, TEXT_LINE, 16);
	judge_text(probe->visible, TEXT_VISIBLE, 16);
	judge_text(probe->name, TEXT_NAME, 16);
	judge_text(probe->secret, TEXT_VISIBLE, 16);
	fuzz_assert(probe->number >= -5 && probe->number <= 1000);
	fuzz_assert(probe->choice >= 0 && probe->choice < 2);
	fuzz_assert(probe->maybe >= -1 && probe->maybe < 2);
	fuzz_assert(probe->map.count <= 3 && probe->texts.count <= 3 && probe->items.count <= 3);
	for (size_t at = 0; at < probe->map.count; at++) {
		judge_text(probe->map.entries[at].key, TEXT_LINE, MAP_KEY_MAX_BYTES);
		judge_text(probe->map.entries[at].value, TEXT_LINE, 8);
	}
	for (size_t at = 0; at < probe->texts.count; at++)
		judge_text(probe->texts.items[at], TEXT_LINE, 8);
	for (size_t at = 0; at < probe->items.count; at++)
		judge_item(&items[at]);
	if (probe->item != NULL)
		judge_item(probe->item);
}

/* Bounds that do not hold are refused, and a full buffer is left as it was. */
static void
refuse_bad(const struct probe *good)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4096), small _cleanup_buffer_ = BUFFER(20);
	const char *long_texts[] = { "123456789" };
	struct probe bad = *good;
	char why[RECORD_WHY_BYTES] = "";

	fuzz_assert(record_encode(&closed, good, &small, why) == -EMSGSIZE && small.length == 0);
	bad.number = 1001;
	fuzz_assert(record_encode(&closed, &bad, &out, why) == -EINVAL && out.length == 0);
	bad = *good;
	bad.choice = 2;
	fuzz_assert(record_encode(&closed, &bad, &out, why) == -EINVAL && out.length == 0);
	bad = *good;
	bad.name = "not a name";
	fuzz_assert(record_encode(&closed, &bad, &out, why) == -EINVAL && out.length == 0);
	bad = *good;
	bad.texts = (struct texts){ 1, long_texts };
	fuzz_assert(record_encode(&closed, &bad, &out, why) == -EINVAL && out.length == 0);
	bad = *good;
	bad.map.count = 4;
	fuzz_assert(record_encode(&closed, &bad, &out, why) == -EINVAL && out.length == 0);
	fuzz_judge_why(why, sizeof(why));
}

/* Decodes with `record`; true with the text that the result is encoded as. */
static bool
recode(const struct record *record, struct slice text, struct buffer *out)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	struct probe probe;

	if (record_decode(record, text, &arena, &probe, why) != 0) {
		fuzz_assert(fuzz_is_zero(&probe, sizeof(probe)));
		fuzz_assert(why[0] != '\0');
		fuzz_judge_why(why, sizeof(why));
		return false;
	}
	judge(&probe);
	fuzz_assert(record_encode(&closed, &probe, out, why) == 0);
	refuse_bad(&probe);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buffer strict _cleanup_buffer_ = BUFFER(1024 * 1024);
	struct buffer loose _cleanup_buffer_ = BUFFER(1024 * 1024);
	struct buffer again _cleanup_buffer_ = BUFFER(1024 * 1024);
	struct slice text = fuzz_slice(bytes, length);
	bool good = recode(&closed, text, &strict);

	if (!recode(&open, text, &loose)) {
		fuzz_assert(!good);
		return 0;
	}
	fuzz_assert(!good || strcmp(strict.bytes, loose.bytes) == 0);
	fuzz_assert(recode(&closed, (struct slice){ loose.bytes, loose.length }, &again));
	fuzz_assert(strcmp(loose.bytes, again.bytes) == 0);
	return 0;
}
