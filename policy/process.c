/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See process.h. */
#include "policy/process.h"

#include <string.h>

const char *const state_file_names[STATE_FILE_COUNT + 1] = {
	[STATE_AGENT_ID] = "agent_id.txt",
	[STATE_DECOMMISSION] = "decommission.json",
	[STATE_JOURNAL] = "journal.json",
	[STATE_TUNNEL] = "tunnel_state.json",
};

const char *const secret_names[SECRET_COUNT + 1] = {
	[SECRET_API_KEY] = "DOCKFLARE_API_KEY",
	[SECRET_ACCESS_ID] = "CF_ACCESS_CLIENT_ID",
	[SECRET_ACCESS_SECRET] = "CF_ACCESS_CLIENT_SECRET",
	[SECRET_HTTPS_PROXY] = "HTTPS_PROXY",
};

/* The journal first: losing it costs a command; losing the id costs a new enrolment. */
static const enum state_file master_link_losses[] = {
	STATE_JOURNAL,
	STATE_DECOMMISSION,
	STATE_AGENT_ID,
};

static const enum state_file tunnel_keeper_losses[] = { STATE_TUNNEL };

const struct process_entry processes[PROCESS_COUNT] = {
	[PROCESS_SUPERVISOR] = {
		.name = "supervisor",
		.uid = 65532,
	},
	[PROCESS_MASTER_LINK] = {
		.name = "master-link",
		.file = "master-link",
		.uid = 65528,
		.peers = PROCESS_BIT(PROCESS_DOCKER_WATCHER) | PROCESS_BIT(PROCESS_TUNNEL_KEEPER) |
		    PROCESS_BIT(PROCESS_NAME_RESOLVER),
		.secrets = SECRET_BIT(SECRET_API_KEY) | SECRET_BIT(SECRET_ACCESS_ID) |
		    SECRET_BIT(SECRET_ACCESS_SECRET) | SECRET_BIT(SECRET_HTTPS_PROXY),
		.state_files = STATE_FILE_BIT(STATE_AGENT_ID) | STATE_FILE_BIT(STATE_DECOMMISSION) |
		    STATE_FILE_BIT(STATE_JOURNAL),
		.loss_order = master_link_losses,
		.stop_order = 2, /* last: it tells the master how the tunnel ended */
	},
	[PROCESS_DOCKER_WATCHER] = {
		.name = "docker-watcher",
		.file = "docker-watcher",
		.docker = ENDPOINT_READ,
		.uid = 65529,
		.peers = PROCESS_BIT(PROCESS_MASTER_LINK) | PROCESS_BIT(PROCESS_TUNNEL_KEEPER) |
		    PROCESS_BIT(PROCESS_NAME_RESOLVER),
		.stop_order = 1,
	},
	[PROCESS_TUNNEL_KEEPER] = {
		.name = "tunnel-keeper",
		.file = "tunnel-keeper",
		.docker = ENDPOINT_TUNNEL,
		.uid = 65530,
		.peers = PROCESS_BIT(PROCESS_MASTER_LINK) | PROCESS_BIT(PROCESS_DOCKER_WATCHER) |
		    PROCESS_BIT(PROCESS_NAME_RESOLVER),
		.state_files = STATE_FILE_BIT(STATE_TUNNEL),
		.loss_order = tunnel_keeper_losses,
		.stop_order = 0, /* first: it takes the tunnel down while the others still serve it */
	},
	[PROCESS_NAME_RESOLVER] = {
		.name = "name-resolver",
		.file = "name-resolver",
		.uid = 65531,
		.peers = PROCESS_BIT(PROCESS_MASTER_LINK) | PROCESS_BIT(PROCESS_DOCKER_WATCHER) |
		    PROCESS_BIT(PROCESS_TUNNEL_KEEPER),
		.stop_order = 2, /* master-link may need an address for its last request */
	},
	[PROCESS_AGENTCTL] = {
		.name = "agentctl",
	},
	[PROCESS_GATE_READ] = {
		.name = "gate-read",
		.file = "gate-front",
		.uid = 65524,
		.peers = PROCESS_BIT(PROCESS_GATE_ENGINE),
		.listener = LISTENER_READ,
	},
	[PROCESS_GATE_TUNNEL] = {
		.name = "gate-tunnel",
		.file = "gate-front",
		.uid = 65525,
		.peers = PROCESS_BIT(PROCESS_GATE_ENGINE),
		.listener = LISTENER_TUNNEL,
	},
	[PROCESS_GATE_ENGINE] = {
		.name = "gate-engine",
		.file = "gate-engine",
		.uid = 65526,
		.peers = PROCESS_GATE_FRONTS,
		.docker = ENDPOINT_ENGINE,
		.stop_order = 1, /* after the fronts, which end their clients' streams */
	},
};

const struct program_entry programs[PROGRAM_COUNT] = {
	[PROGRAM_AGENT] = {
		.name = "dockflare-agent",
		.what = "the DockFlare agent",
		.first_worker = PROCESS_MASTER_LINK,
		.last_worker = PROCESS_NAME_RESOLVER,
	},
	[PROGRAM_GATE] = {
		.name = "docker-gate",
		.what = "the gate before the Docker socket",
		.first_worker = PROCESS_GATE_READ,
		.last_worker = PROCESS_GATE_ENGINE,
	},
};

enum process
process_by_name(const char *name)
{
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		if (strcmp(processes[process].name, name) == 0)
			return process;
	return PROCESS_COUNT;
}

enum process
program_process(enum program program, const char *name)
{
	enum process found = process_by_name(name);

	for_each_worker_of(program, process)
		if (process == found)
			return found;
	return found == PROCESS_SUPERVISOR ? found : PROCESS_COUNT;
}
