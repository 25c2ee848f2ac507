/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit tests.  Parts of the documentation that are made from a table of the source: a test renders
 * the part and compares, and writes it anew when it is called with `--write`.
 */
#ifndef TESTS_UNIT_DOCUMENT_H
#define TESTS_UNIT_DOCUMENT_H

#include "common/buffer.h"

#define DOCUMENT_MAX_BYTES ((size_t)1024 * 1024)

/* What stands between two lines of a document, neither of them included. */
struct section {
	const char *path;
	const char *begin; /* with its newline */
	const char *end;   /* NULL: up to the end of the file */
	void (*render)(struct buffer *out);
};

/* The whole document, appended; fails the test if it can't be read. */
void document_read(const char *path, struct buffer *out);

/* Fails the test where the document differs from what is rendered. */
void section_check(const struct section *section);

/* Writes the section anew; the rest of the document stays. */
void section_write(const struct section *section);

/* "master-link, tunnel-keeper", or "every worker", for a set of PROCESS_BITs. */
void add_processes(struct buffer *out, unsigned mask);

#endif
