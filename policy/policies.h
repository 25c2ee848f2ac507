/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policies, one file each. */
#ifndef POLICY_POLICIES_H
#define POLICY_POLICIES_H

#include "policy/policy.h"

extern const struct policy policy_supervisor;
extern const struct policy policy_gate_supervisor;
extern const struct policy policy_master_link;
extern const struct policy policy_docker_watcher;
extern const struct policy policy_tunnel_keeper;
extern const struct policy policy_name_resolver;
extern const struct policy policy_gate_read;
extern const struct policy policy_gate_tunnel;
extern const struct policy policy_gate_engine;

#endif
