/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See container_text.h.  Its labels are a tenant's: bounded by the table, no more. */
#include "container_text.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"

static const struct field text_fields[] = {
	{ .name = "id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_HEX,
	    .offset = offsetof(struct container_fact, id),
	    .min = CONTAINER_ID_BYTES,
	    .max = CONTAINER_ID_BYTES },
	{ .name = "name",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .offset = offsetof(struct container_fact, name),
	    .min = 1,
	    .max = CONTAINER_NAME_MAX_BYTES },
	{ .name = "labels",
	    .kind = FIELD_MAP,
	    .text = TEXT_ANY,
	    .offset = offsetof(struct container_fact, labels),
	    .max = LABELS_MAX,
	    .value_max = LABEL_VALUE_MAX_BYTES },
};

static const struct record text_record = {
	.name = "container",
	.size_bytes = sizeof(struct container_fact),
	.field_count = ARRAY_LEN(text_fields),
	.fields = text_fields,
};

static size_t total_bytes;

size_t
container_text_total_bytes(void)
{
	return total_bytes;
}

static size_t
size_of(const struct container_text *text)
{
	return sizeof(*text) + text->length + 1;
}

struct container_text *
container_text_new(const struct container_fact *fact)
{
	/* Six bytes of JSON for a control character, and the keys. */
	struct buffer json _cleanup_buffer_ = BUFFER((size_t)8 * 1024 * 1024);
	char why[RECORD_WHY_BYTES];
	struct container_text *text;

	if (record_encode(&text_record, fact, &json, why) != 0)
		fatal("a container can't be encoded: %s", why);
	text = calloc(1, sizeof(*text) + json.length + 1);
	if (text == NULL)
		fatal("out of memory");
	text->references = 1;
	text->length = json.length;
	total_bytes += size_of(text);
	memcpy(text->json, json.bytes, json.length);
	(void)snprintf(text->name, sizeof(text->name), "%s", fact->name);
	(void)snprintf(text->status, sizeof(text->status), "%s", fact->status);
	return text;
}

struct container_text *
container_text_ref(struct container_text *text)
{
	if (text != NULL)
		text->references++;
	return text;
}

void
container_text_unref(struct container_text *text)
{
	if (text == NULL || --text->references > 0)
		return;
	total_bytes -= size_of(text);
	free(text);
}

bool
container_text_equal(const struct container_text *one, const struct container_text *other)
{
	if (one == other)
		return true;
	return one != NULL && other != NULL && one->length == other->length &&
	       memcmp(one->json, other->json, one->length) == 0;
}

int
container_text_write(const struct container_text *text, struct buffer *out)
{
	/* The closing brace makes room for one more member; the status is letters by the table. */
	int error = buffer_add(out, text->json, text->length - 1);

	if (error != 0)
		return error;
	return buffer_printf(out, ",\"status\":\"%s\"}", text->status);
}
