/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See agent_id.h.  The file may hold anything: the volume is the user's. */
#include "agent_id.h"

#include <errno.h>
#include <string.h>

#include "common/record.h"

bool
agent_id_is_good(struct slice text)
{
	return text.length > 0 && text.length <= AGENT_ID_MAX_BYTES &&
	       text_is(TEXT_VISIBLE, text.bytes, text.length);
}

static bool
is_blank(char byte)
{
	return byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t';
}

int
agent_id_read(struct slice content, char id[AGENT_ID_MAX_BYTES + 1])
{
	id[0] = '\0';
	while (content.length > 0 && is_blank(content.bytes[content.length - 1]))
		content.length--;
	while (content.length > 0 && is_blank(content.bytes[0]))
		content.bytes++, content.length--;
	if (content.length == 0)
		return 0;
	if (!agent_id_is_good(content))
		return -EBADMSG;
	memcpy(id, content.bytes, content.length);
	id[content.length] = '\0';
	return 0;
}

static bool
is_unreserved(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
	       byte == '~';
}

int
url_append_segment(struct buffer *out, const char *text)
{
	bool step = strcmp(text, ".") == 0 || strcmp(text, "..") == 0;
	int error = 0;

	for (; *text != '\0' && error == 0; text++) {
		if (is_unreserved(*text) && !step)
			error = buffer_add(out, text, 1);
		else
			error = buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return error;
}
