/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Which policy belongs to which process. */
#include "policy/policies.h"

const struct policy *const policies[PROCESS_COUNT] = {
	[PROCESS_MASTER_LINK] = &policy_master_link,
	[PROCESS_DOCKER_WATCHER] = &policy_docker_watcher,
	[PROCESS_TUNNEL_KEEPER] = &policy_tunnel_keeper,
	[PROCESS_NAME_RESOLVER] = &policy_name_resolver,
	[PROCESS_GATE_READ] = &policy_gate_read,
	[PROCESS_GATE_TUNNEL] = &policy_gate_tunnel,
	[PROCESS_GATE_ENGINE] = &policy_gate_engine,
};

const struct policy *const supervisor_policies[PROGRAM_COUNT] = {
	[PROGRAM_AGENT] = &policy_supervisor,
	[PROGRAM_GATE] = &policy_gate_supervisor,
};
