/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Whether a container holds a tunnel token, and whether it is the one wanted. */
#ifndef TUNNEL_KEEPER_OBSERVE_TOKEN_H
#define TUNNEL_KEEPER_OBSERVE_TOKEN_H

#include <stdbool.h>

#include "common/json_check.h"

/*
 * Looks for TUNNEL_TOKEN in the environment and for `--token` in the arguments, which cloudflared
 * prefers.  `answer` is an inspect answer that json_check called good, `token` the one wanted
 * ("": none, nothing matches).  The texts are compared where they stand, and never
 * copied: a token has no character that JSON escapes.
 */
void observe_token(struct slice answer, const char *token, bool *ret_has_token, bool *ret_matches);

#endif
