/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  What it does in `--check --online` in place of its work. */
#ifndef DOCKER_WATCHER_CHECK_H
#define DOCKER_WATCHER_CHECK_H

#include "common/json_check.h"
#include "common/worker.h"

/* What Docker's list says of a container and the tunnel's network. */
enum on_network {
	ON_NETWORK,  /* attached, or the host's own network, which has other ways */
	OFF_NETWORK, /* attached to others, or to none */
	NOT_TOLD,    /* docker-gate leaves networks out */
};

/* `element` is one of GET /containers/json that json_check_structure called good. */
enum on_network list_network(struct slice element, const char *network);

extern const struct worker_handlers watcher_check_handlers;

#endif
