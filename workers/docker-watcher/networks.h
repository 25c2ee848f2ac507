/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  What Docker's list says of a container and the tunnel's network. */
#ifndef DOCKER_WATCHER_NETWORKS_H
#define DOCKER_WATCHER_NETWORKS_H

#include "common/json_check.h"

enum on_network {
	NOT_TOLD,    /* docker-gate leaves networks out, and so do events */
	ON_NETWORK,  /* attached, or the host's own network, which has other ways */
	OFF_NETWORK, /* attached to others, or to none */
};

/* `element` is one of GET /containers/json that json_check_structure called good. */
enum on_network list_network(struct slice element, const char *network);

#endif
