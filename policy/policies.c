/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Which policy belongs to which process. */
#include "policy/policies.h"

const struct policy *const policies[PROCESS_COUNT] = {
	[PROCESS_SUPERVISOR] = &policy_supervisor,
	[PROCESS_MASTER_LINK] = &policy_master_link,
	[PROCESS_DOCKER_WATCHER] = &policy_docker_watcher,
	[PROCESS_TUNNEL_KEEPER] = &policy_tunnel_keeper,
	[PROCESS_NAME_RESOLVER] = &policy_name_resolver,
};
