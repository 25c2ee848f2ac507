/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  One container as the master is told of it: JSON, made once and shared. */
#ifndef MASTER_LINK_CONTAINER_TEXT_H
#define MASTER_LINK_CONTAINER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/message.h"

struct container_text {
	unsigned references;
	char name[CONTAINER_NAME_MAX_BYTES + 1];
	char status[33];
	size_t length;
	char json[]; /* {"id":…,"name":…,"labels":{…}}, and a NUL */
};

/* Makes one with one reference.  Fatal out of memory; the fact was judged by the table. */
struct container_text *container_text_new(const struct container_fact *fact);

/* One reference more, one less; NULL is accepted and given back. */
struct container_text *container_text_ref(struct container_text *text);
void container_text_unref(struct container_text *text);

/* Bytes that all of them take together. */
size_t container_text_total_bytes(void);

/* Whether both say the same to the master, status aside.  Either may be NULL. */
bool container_text_equal(const struct container_text *one, const struct container_text *other);

/* Appends it with its status, as reports have it.  Errors as buffer_add. */
int container_text_write(const struct container_text *text, struct buffer *out);

#endif
