/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Reads cloudflared's own account: see ready.h. */
#include "ready.h"

#include <string.h>

#include "common/record.h"

struct ready {
	int64_t connections;
};

static const struct field ready_fields[] = {
	{ .name = "readyConnections",
	    .kind = FIELD_INTEGER,
	    .min = 0,
	    .max = 1000000,
	    .offset = offsetof(struct ready, connections) },
};
static const struct record ready_record = { .name = "ready",
	.size_bytes = sizeof(struct ready),
	.open = true,
	.field_count = ARRAY_LEN(ready_fields),
	.fields = ready_fields };

int64_t
ready_connections(struct slice answer)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct ready ready;

	if (record_decode(&ready_record, answer, &arena, &ready, why) != 0)
		return -1;
	return ready.connections;
}

/* The line of `text` that begins with `prefix`; length 0 if there is none. */
static struct slice
find_line(struct slice text, const char *prefix)
{
	size_t prefix_length = strlen(prefix);

	while (text.length > 0) {
		const char *end = memchr(text.bytes, '\n', text.length);
		size_t length = end == NULL ? text.length : (size_t)(end - text.bytes);

		if (length > prefix_length && memcmp(text.bytes, prefix, prefix_length) == 0)
			return (struct slice){ .bytes = text.bytes, .length = length };
		length += end == NULL ? 0 : 1;
		text.bytes += length;
		text.length -= length;
	}
	return (struct slice){ .bytes = "", .length = 0 };
}

void
ready_version(struct slice metrics, char version[VERSION_MAX_BYTES + 1])
{
	static const char *const keys[] = { ",version=\"", "{version=\"" };
	struct slice line = find_line(metrics, "build_info{");

	memset(version, 0, VERSION_MAX_BYTES + 1);
	for (size_t at = 0; at < sizeof(keys) / sizeof(keys[0]); at++) {
		const char *found = memmem(line.bytes, line.length, keys[at], strlen(keys[at]));
		const char *text, *end;
		size_t length;

		if (found == NULL)
			continue;
		text = found + strlen(keys[at]);
		end = memchr(text, '"', (size_t)(line.bytes + line.length - text));
		length = end == NULL ? 0 : (size_t)(end - text);
		if (length == 0 || length > VERSION_MAX_BYTES ||
		    !text_is(TEXT_VISIBLE, text, length))
			return;
		memcpy(version, text, length);
		return;
	}
}
