/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that parses JSON.  A record describes one JSON object as a table: which fields,
 * of which kind, within which bounds, and where each lies in a plain C struct.  One table serves
 * both directions; whoever reads a record sees the struct and never a json_object.
 */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/json_check.h"

enum field_kind {
	FIELD_TEXT,    /* const char *; bounds are bytes */
	FIELD_INTEGER, /* int64_t; bounds are values */
	FIELD_BOOLEAN, /* bool */
	FIELD_CHOICE, /* int: index into `choices`, a NULL-ended list; -1 where optional and absent */
	FIELD_MAP,    /* struct map: text to text; bounds are entries, `value_max` bytes a value */
	FIELD_TEXTS,   /* struct texts; bounds are entries, `value_max` bytes each */
	FIELD_RECORDS, /* struct records; bounds are entries, each as `record` says */
	FIELD_RECORD,  /* pointer to a struct as `record` says (const void *) */
};

/* What the bytes of a FIELD_TEXT, a key or an entry may be, beyond UTF-8 without NUL. */
enum text_class {
	TEXT_ANY,     /* also control characters */
	TEXT_LINE,    /* no control characters (below U+0020, U+007F) */
	TEXT_VISIBLE, /* ASCII 0x21 to 0x7e */
	TEXT_NAME,    /* ASCII letters, digits, "_", "-", "." */
	TEXT_HEX,     /* lower case hexadecimal digits */
};

struct field {
	const char *name;
	enum field_kind kind;
	enum text_class text;
	bool
	    optional; /* absent, or null: text NULL, integer 0, boolean false, choice -1, empty map */
	bool secret; /* for the documentation and for whoever prints frames */
	size_t offset;
	int64_t min;
	int64_t max;
	size_t value_max;
	const char *const *choices;
	const struct record *record;
};

struct record {
	const char *name;
	size_t size_bytes; /* of the C struct */
	bool open; /* fields that are not in the table are ignored, else they are an error */
	size_t field_count;
	const struct field *fields;
};

/* Longest key of a FIELD_MAP. */
#define MAP_KEY_MAX_BYTES 512

struct map_entry {
	const char *key;
	const char *value;
};

struct map {
	size_t count;
	struct map_entry *entries;
};

struct texts {
	size_t count;
	const char **items;
};

struct records {
	size_t count;
	void *items; /* array of structs as the field's `record` says */
};

#define RECORD_WHY_BYTES 160

/*
 * Judges `text` with json_check (JSON_MAX_DEPTH) and against `record`, and fills `ret_struct`, a
 * struct of record->size_bytes whose pointers live in `arena`, on pages for secrets if a field of
 * the record is one.  0, -EBADMSG with one line in
 * `why` (field and reason, never a value), or -ENOMEM.  On failure `ret_struct` is zeroed.
 */
int record_decode(const struct record *record, struct slice text, struct arena *arena,
    void *ret_struct, char why[RECORD_WHY_BYTES]);

/*
 * Appends the struct as one JSON object.  Optional fields that are NULL or -1 are left out; other
 * optional fields are always written.  0, -EINVAL with a reason in `why` if a value is outside
 * the table's bounds, -EMSGSIZE, -ENOMEM; on failure `out` is as before.
 */
int record_encode(const struct record *record, const void *source, struct buffer *out,
    char why[RECORD_WHY_BYTES]);

/* Whether `bytes` are UTF-8 without NUL and of that class. */
bool text_is(enum text_class text_class, const char *bytes, size_t length);

/*
 * Decodes one JSON string, quotes included, which json_check called good.  The text lives in
 * `arena`; NULL if it is no string or memory ran out.
 */
const char *json_text(struct slice string, struct arena *arena);

/*
 * One text of an object that json_check called good; NULL if it is not there, no text, not of that
 * class, or too long.  Taken alone, so that json-c never copies the secrets that stand beside it.
 */
const char *json_member_text(struct slice object, const char *key, enum text_class text_class,
    size_t max_bytes, struct arena *arena);

/* The same for a whole number; 0 if there is none. */
int64_t json_member_integer(struct slice object, const char *key);

#endif
