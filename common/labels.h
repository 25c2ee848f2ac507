/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  A container's labels, which a tenant wrote: those under the
 * enabled prefixes are kept, an offending one is dropped and named, and none costs the container.
 */
#ifndef COMMON_LABELS_H
#define COMMON_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/json_check.h"
#include "common/record.h"

/* The labels of one container, as a frame would hold them: far under its 1 MiB. */
#define LABELS_WEIGHT_MAX_BYTES (512 * 1024)
#define DROPPED_KEY_BYTES 64

#define LABEL_PREFIXES_MAX 3

struct labels {
	struct map map;      /* in the arena that was given */
	size_t weight_bytes; /* at most so many bytes of JSON */
	bool enabled;
	size_t dropped;                      /* how many were not taken */
	char dropped_key[DROPPED_KEY_BYTES]; /* the first of them, printable ASCII */
	const char *dropped_why;             /* a constant text */
};

/*
 * Reads an object of labels (or of an event's attributes, which hold them too) that
 * json_check_structure called good.  `prefix` is LABEL_PREFIX, looked at first, or NULL.
 * Enabled are true, 1, t and yes, in any case, of the first "enable" label that is there.  0, or
 * -EBADMSG if `object` is neither an object nor null, -ENOMEM.
 */
int labels_read(struct slice object, const char *prefix, struct arena *arena,
    struct labels *ret_labels);

/*
 * The enabled prefixes, in the order in which "enable" is looked for; `prefix` as above.  How many
 * there are.
 */
size_t labels_prefixes(const char *prefix, const char *ret_prefixes[LABEL_PREFIXES_MAX]);

/* At most so many bytes of JSON are needed for a text that has no control characters. */
size_t labels_weight(const char *text);

#endif
