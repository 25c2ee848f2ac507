/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  See document.h. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/process.h"
#include "tests/unit/document.h"

void
document_read(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t got;

	assert_non_null(file);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		assert_int_equal(buffer_add(out, chunk, got), 0);
	assert_int_equal(fclose(file), 0);
}

static _Noreturn void
miss(const struct section *section, const char *marker)
{
	fail_msg("%s has no line %s", section->path, marker);
	abort();
}

/* Finds the section in the document; the test fails if a marker is missing. */
static void
find(const struct section *section, const struct buffer *document, size_t *ret_at, size_t *ret_end)
{
	const char *begin = strstr(document->bytes, section->begin), *end;

	if (begin == NULL)
		miss(section, section->begin);
	begin += strlen(section->begin);
	end = section->end == NULL ? document->bytes + document->length :
				     strstr(begin, section->end);
	if (end == NULL)
		miss(section, section->end);
	*ret_at = (size_t)(begin - document->bytes);
	*ret_end = (size_t)(end - document->bytes);
}

void
section_check(const struct section *section)
{
	struct buffer document _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	struct buffer rendered _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	size_t at, end;

	document_read(section->path, &document);
	section->render(&rendered);
	find(section, &document, &at, &end);
	document.bytes[end] = '\0';
	assert_string_equal(document.bytes + at, rendered.bytes);
}

void
section_write(const struct section *section)
{
	struct buffer document _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	struct buffer written _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	size_t at, end;
	FILE *file;

	document_read(section->path, &document);
	find(section, &document, &at, &end);
	assert_int_equal(buffer_add(&written, document.bytes, at), 0);
	section->render(&written);
	assert_int_equal(buffer_add_text(&written, document.bytes + end), 0);
	file = fopen(section->path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(written.bytes, 1, written.length, file), written.length);
	assert_int_equal(fclose(file), 0);
}

void
add_processes(struct buffer *out, unsigned mask)
{
	const char *separator = "";

	if ((mask & PROCESS_WORKERS) == PROCESS_WORKERS) {
		assert_int_equal(buffer_add_text(out, "every worker"), 0);
		return;
	}
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		if ((mask & PROCESS_BIT(process)) == 0)
			continue;
		assert_int_equal(buffer_printf(out, "%s%s", separator, processes[process].name), 0);
		separator = ", ";
	}
}
