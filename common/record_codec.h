/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codec's own parts; messages use the tagged forms, everybody else includes record.h. */
#ifndef COMMON_RECORD_CODEC_H
#define COMMON_RECORD_CODEC_H

#include "common/record.h"

/* As record_decode, but the object also has the member `tag`, which is not looked at. */
int record_decode_tagged(const struct record *record, const char *tag, struct slice text,
    struct arena *arena, void *ret_struct, char why[RECORD_WHY_BYTES]);

/* As record_encode, but the object begins with the member `tag` of the text `value`. */
int record_encode_tagged(const struct record *record, const char *tag, const char *value,
    const void *source, struct buffer *out, char why[RECORD_WHY_BYTES]);

/* Whether a text of a field (or an entry of it) is within the table's bounds; else says why. */
bool record_text_fits(const struct field *field, const char *bytes, size_t length, int64_t min,
    int64_t max, char why[RECORD_WHY_BYTES]);

/* Whether a number of entries is within the field's bounds; else says why. */
bool record_count_fits(const struct field *field, size_t count, char why[RECORD_WHY_BYTES]);

/* Whether an integer is within the field's bounds; else says why. */
bool record_integer_fits(const struct field *field, int64_t value, char why[RECORD_WHY_BYTES]);

#endif
