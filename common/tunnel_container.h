/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher, tunnel-keeper, gate-front and gate-engine.  What the tunnel's container is known
 * by: the name that the Python agent uses too, and the labels that this one puts on it.
 */
#ifndef COMMON_TUNNEL_CONTAINER_H
#define COMMON_TUNNEL_CONTAINER_H

#define TUNNEL_CONTAINER_NAME "dockflare-agent-tunnel"
#define OWNER_LABEL "dockflare.agent.owner"
#define OWNER_VALUE "dockflare-agent"
#define COMMAND_LABEL "dockflare.agent.command-id"

#endif
