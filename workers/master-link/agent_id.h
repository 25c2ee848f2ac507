/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The agent's id: an opaque text of the master's choosing, kept in agent_id.txt as
 * the Python agent keeps it (the id, maybe a newline).
 */
#ifndef MASTER_LINK_AGENT_ID_H
#define MASTER_LINK_AGENT_ID_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/json_check.h"
#include "common/message.h"

/* Whether the text can be an id: 1 to AGENT_ID_MAX_BYTES bytes of visible ASCII. */
bool agent_id_is_good(struct slice text);

/*
 * Reads the file's content into `id`, "" if the file is empty.  0, or -EBADMSG if it holds
 * something else, and `id` is "".
 */
int agent_id_read(struct slice content, char id[AGENT_ID_MAX_BYTES + 1]);

/*
 * Appends `text` as one segment of a path: everything but RFC 3986's unreserved characters is
 * percent-encoded, and so are "." and "..", which a server would take for a step.  Errors as
 * buffer_add.
 */
int url_append_segment(struct buffer *out, const char *text);

#endif
