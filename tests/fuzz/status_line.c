/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What the kernel says of a worker in /proc/PID/status, where the first line is a name
 * that the worker chose.  The first line of an input is the name that is looked for.
 *
 * Covers: policy/status_line.c
 */
#include "policy/status_line.h"
#include "tests/fuzz/fuzz.h"

static void
judge(const char *text, const char *name, const char *value, bool found)
{
	fuzz_assert(strnlen(value, STATUS_LINE_BYTES) < STATUS_LINE_BYTES);
	fuzz_assert(found || value[0] == '\0');
	fuzz_assert(!found || strstr(text, name) != NULL);
	fuzz_assert(strpbrk(value, "\t\n") == NULL && strstr(value, "  ") == NULL);
	fuzz_assert(value[0] != ' ' && (value[0] == '\0' || value[strlen(value) - 1] != ' '));
}

/* Only a line's start counts: the same text as another line's value is not found. */
static void
judge_inside(const char *text, const char *name)
{
	char value[STATUS_LINE_BYTES], line[STATUS_LINE_BYTES * 4];

	if (strchr(name, ':') != NULL || strcmp(name, "x") == 0)
		return;
	(void)snprintf(line, sizeof(line), "x: %s:5 %.*s", name, (int)strcspn(text, "\n"), text);
	fuzz_assert(!status_line(line, name, value) && value[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice rest = fuzz_slice(bytes, length), first = { .bytes = "", .length = 0 };
	char *name _cleanup_free_ = NULL, *text _cleanup_free_ = NULL;
	char value[STATUS_LINE_BYTES];
	bool found;

	(void)fuzz_cut(&rest, "\n", &first);
	name = fuzz_text(first);
	text = fuzz_text(rest);
	memset(value, 'x', sizeof(value));
	found = status_line(text, name, value);
	judge(text, name, value, found);
	judge_inside(text, name);
	return 0;
}
