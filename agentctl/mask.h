/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  What may be told in public.  What names somebody becomes a placeholder that
 * is the same wherever it stands; of a free text only words of the agent's own texts are left.  So
 * nothing has to be recognised as a secret: what is not known is not shown.
 */
#ifndef AGENTCTL_MASK_H
#define AGENTCTL_MASK_H

#include <stddef.h>

#include "common/buffer.h"

#define MASKED_MAX 512
#define PLACEHOLDER_BYTES 24

/* Made by words.py, sorted. */
extern const char *const mask_words[];
extern const size_t mask_word_count;

struct masked {
	char *text;
	char placeholder[PLACEHOLDER_BYTES];
};

/* A zeroed one is empty and ready. */
struct mask {
	size_t count;
	struct masked items[MASKED_MAX];
};

/*
 * The placeholder for `text`: the one that it has, or a new one, "KIND-N".  "(none)" for NULL or an
 * empty text, "(masked)" when there are too many or memory ran out.  Never NULL.
 */
const char *mask_name(struct mask *mask, const char *kind, const char *text);

/* Appends a free text: known names become their placeholders, unknown words new ones. */
void mask_add_text(struct mask *mask, const char *text, struct buffer *out);

/* Appends a version's numbers, up to three: "20.10.24", and "…" for what follows them. */
void mask_add_version(const char *version, struct buffer *out);

/* Appends the scheme and the port of a service, as far as they are such. */
void mask_add_service(const char *service, struct buffer *out);

void mask_free(struct mask *mask);
#define _cleanup_mask_ __attribute__((cleanup(mask_free)))

#endif
