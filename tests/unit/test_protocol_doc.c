/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docs/protocol.md against the table of messages: everything behind the marker is what this
 * program renders.  `test_protocol_doc --write` writes it anew.
 */
#include "tests/unit/unit.h"

#include <inttypes.h>

#include "common/message.h"
#include "tests/unit/document.h"

static const char *const class_texts[] = {
	[TEXT_ANY] = "",
	[TEXT_LINE] = ", no control characters",
	[TEXT_VISIBLE] = ", visible ASCII",
	[TEXT_NAME] = ", letters, digits, `_`, `-`, `.`",
	[TEXT_HEX] = ", lower case hexadecimal digits",
};

static void
add_bounds(struct buffer *out, const struct field *field)
{
	switch (field->kind) {
	case FIELD_TEXT:
		buffer_printf(out, "text, %" PRId64 " to %" PRId64 " bytes%s", field->min,
		    field->max, class_texts[field->text]);
		break;
	case FIELD_INTEGER:
		buffer_printf(out, "whole number, %" PRId64 " to %" PRId64, field->min, field->max);
		break;
	case FIELD_BOOLEAN:
		buffer_add_text(out, "true or false");
		break;
	case FIELD_CHOICE:
		for (size_t at = 0; field->choices[at] != NULL; at++)
			buffer_printf(out, "%s`%s`", at == 0 ? "" : ", ", field->choices[at]);
		break;
	case FIELD_MAP:
		buffer_printf(out,
		    "object of texts, at most %" PRId64 " entries, keys up to %d and values up to "
		    "%zu bytes%s",
		    field->max, MAP_KEY_MAX_BYTES, field->value_max, class_texts[field->text]);
		break;
	case FIELD_TEXTS:
		buffer_printf(out, "list of at most %" PRId64 " texts of up to %zu bytes%s",
		    field->max, field->value_max, class_texts[field->text]);
		break;
	case FIELD_RECORDS:
		buffer_printf(out, "list of at most %" PRId64 " `%s`", field->max,
		    field->record->name);
		break;
	case FIELD_RECORD:
		buffer_printf(out, "`%s`", field->record->name);
		break;
	}
	buffer_printf(out, "%s%s", field->optional ? "; may be absent" : "",
	    field->secret ? "; secret" : "");
}

static void
add_fields(struct buffer *out, const struct record *record)
{
	if (record->field_count == 0)
		return;
	buffer_add_text(out, "| field | what it may hold |\n| --- | --- |\n");
	for (size_t at = 0; at < record->field_count; at++) {
		buffer_printf(out, "| `%s` | ", record->fields[at].name);
		add_bounds(out, &record->fields[at]);
		buffer_add_text(out, " |\n");
	}
	for (size_t at = 0; at < record->field_count; at++) {
		const struct record *inner = record->fields[at].record;

		if (inner == NULL)
			continue;
		buffer_printf(out, "\nEach `%s`:\n\n", inner->name);
		add_fields(out, inner);
	}
}

static void
render(struct buffer *out)
{
	for (enum message_id id = 0; id < MESSAGE_COUNT; id++) {
		const struct message_entry *entry = &messages[id];

		buffer_printf(out, "\n### %s\n\n", entry->name);
		add_processes(out, entry->from);
		buffer_add_text(out, " to ");
		add_processes(out, entry->to);
		buffer_printf(out, ": %s.%s%s\n\n", entry->why,
		    entry->blob ? " The next frame is a blob." : "",
		    entry->descriptor ? " Carries one descriptor." : "");
		add_fields(out, &entry->record);
	}
	/* One newline at the end of the file. */
	while (out->length > 1 && out->bytes[out->length - 2] == '\n')
		out->bytes[--out->length] = '\0';
}

static const struct section messages_section = {
	.path = SOURCE_DIR "/docs/protocol.md",
	.begin = "<!-- the rest is made from common/message_table.c -->\n",
	.render = render,
};

static void
the_document_is_the_table(void **state)
{
	(void)state;
	section_check(&messages_section);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_the_table),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		section_write(&messages_section);
		return 0;
	}
	return RUN_TESTS(tests);
}
