/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher, tunnel-keeper, gate-front and gate-engine.  What the tunnel's container is known
 * by: the name that the Python agent uses too, and the labels that this one puts on it.
 */
#ifndef COMMON_TUNNEL_CONTAINER_H
#define COMMON_TUNNEL_CONTAINER_H

#include <stdbool.h>

#include "common/json_check.h"

#define TUNNEL_CONTAINER_NAME "dockflare-agent-tunnel"
#define OWNER_LABEL "dockflare.agent.owner"
#define OWNER_VALUE "dockflare-agent"
#define COMMAND_LABEL "dockflare.agent.command-id"

/*
 * The functions below look at an inspect answer (or its "Config") that json_check called good.
 * The texts stay where they stand, and are never copied: a token has no character that JSON
 * escapes.
 */

/*
 * The token that cloudflared would take: behind `--token` among the arguments, which it prefers,
 * or the last TUNNEL_TOKEN in the environment.  False if there is none, or an empty one.
 */
bool container_token(struct slice answer, struct slice *ret_token);

/* The last variable of the environment that begins with `prefix` ("NAME="): what follows it. */
bool container_variable(struct slice config, const char *prefix, struct slice *ret_value);

/*
 * Ours is what carries our label; and what carries no owner's label, is made from the configured
 * image's repository and holds a token (the Python agent's, or one of ours without labels).
 */
bool container_is_ours(struct slice config, bool has_token, bool same_repository,
    bool *ret_labelled);

#endif
