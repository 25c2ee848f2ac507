/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The token of a container: see observe_token.h. */
#include "observe_token.h"

#include <string.h>

#include "common/tunnel_container.h"

void
observe_token(struct slice answer, const char *token, bool *ret_has_token, bool *ret_matches)
{
	struct slice found;

	*ret_has_token = container_token(answer, &found);
	*ret_matches = token[0] != '\0' && *ret_has_token && found.length == strlen(token) &&
		       memcmp(found.bytes, token, found.length) == 0;
}
