/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  What it does in `--check --online` in place of its work. */
#ifndef DOCKER_WATCHER_CHECK_H
#define DOCKER_WATCHER_CHECK_H

#include "common/worker.h"

extern const struct worker_handlers watcher_check_handlers;

#endif
