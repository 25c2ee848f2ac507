/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl's judgement: the words for each state, and workers that are silent. */
#include "tests/unit/unit.h"

#include "agentctl/verdict.h"

#define NOW_MS 1000000
#define AGO(seconds) (NOW_MS - (seconds)*1000)

/* ---- an account of an agent that is well ---- */

static struct account account;

static struct message_status_worker *
worker_of(enum process process)
{
	return &account.workers[process].body.status_worker;
}

static struct message_status_link *
link_of(void)
{
	return &account.blobs[PROCESS_MASTER_LINK].body.status_link;
}

static struct message_status_docker *
docker_of(void)
{
	return &account.blobs[PROCESS_DOCKER_WATCHER].body.status_docker;
}

static struct message_status_tunnel *
tunnel_of(void)
{
	return &account.blobs[PROCESS_TUNNEL_KEEPER].body.status_tunnel;
}

static void
begin(void)
{
	memset(&account, 0, sizeof(account));
	account.agent.id = MESSAGE_STATUS_AGENT;
	account.agent.body.status_agent.now_ms = NOW_MS;
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		account.workers[process].id = account.blobs[process].id = MESSAGE_COUNT;
	for_each_worker_of(PROGRAM_AGENT, process) {
		account.workers[process].id = MESSAGE_STATUS_WORKER;
		worker_of(process)->phase = PHASE_RUNNING;
	}
	account.blobs[PROCESS_MASTER_LINK].id = MESSAGE_STATUS_LINK;
	account.blobs[PROCESS_DOCKER_WATCHER].id = MESSAGE_STATUS_DOCKER;
	account.blobs[PROCESS_TUNNEL_KEEPER].id = MESSAGE_STATUS_TUNNEL;
	account.blobs[PROCESS_NAME_RESOLVER].id = MESSAGE_STATUS_RESOLVER;
	link_of()->state = LINK_CONNECTED;
	link_of()->last_contact_ms = AGO(3);
	link_of()->docker_heard_ms = AGO(20);
	link_of()->tunnel_heard_ms = AGO(20);
	docker_of()->state = DOCKER_CONNECTED;
	tunnel_of()->state = TUNNEL_RUNNING;
	tunnel_of()->link_heard_ms = AGO(20);
}

/* ---- what is changed in it ---- */

static void
nothing(void)
{
}

static void
master_away(void)
{
	link_of()->state = LINK_AWAY;
	link_of()->detail = "no route";
}

static void
contact_old(void)
{
	link_of()->last_contact_ms = AGO(120);
}

static void
contact_not_so_old(void)
{
	link_of()->last_contact_ms = AGO(119);
}

static void
docker_unreadable(void)
{
	docker_of()->state = DOCKER_UNREADABLE;
}

static void
tunnel_in_error(void)
{
	tunnel_of()->state = TUNNEL_ERROR;
	tunnel_of()->detail = "no image";
}

static void
keeper_in_backoff(void)
{
	worker_of(PROCESS_TUNNEL_KEEPER)->phase = PHASE_BACKOFF;
	account.blobs[PROCESS_TUNNEL_KEEPER].id = MESSAGE_COUNT;
	link_of()->tunnel_heard_ms = AGO(300);
}

static void
watcher_silent(void)
{
	link_of()->docker_heard_ms = AGO(45);
}

static void
watcher_silent_from_the_start(void)
{
	account.blobs[PROCESS_DOCKER_WATCHER].id = MESSAGE_COUNT;
	link_of()->docker_heard_ms = AGO(50);
}

static void
watcher_not_so_silent(void)
{
	link_of()->docker_heard_ms = AGO(44);
}

static void
watcher_never_had(void)
{
	link_of()->docker_heard_ms = -1;
}

static void
keeper_silent(void)
{
	link_of()->tunnel_heard_ms = AGO(46);
}

static void
link_silent(void)
{
	tunnel_of()->link_heard_ms = AGO(59);
}

/* Whoever should have heard it is not there. */
static void
link_in_backoff(void)
{
	worker_of(PROCESS_MASTER_LINK)->phase = PHASE_BACKOFF;
	link_of()->docker_heard_ms = AGO(300);
	tunnel_of()->link_heard_ms = AGO(300);
}

static void
prepared(void)
{
	link_of()->lifecycle = LIFECYCLE_PREPARED;
}

static void
finalized(void)
{
	link_of()->lifecycle = LIFECYCLE_FINALIZED;
}

/* docker-gate's account in place of the agent's. */
static void
gate(void)
{
	static const enum message_id blobs[] = { MESSAGE_STATUS_FRONT, MESSAGE_STATUS_FRONT,
		MESSAGE_STATUS_ENGINE };

	account.program = PROGRAM_GATE;
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		account.workers[process].id = account.blobs[process].id = MESSAGE_COUNT;
	for_each_worker_of(PROGRAM_GATE, process) {
		account.workers[process].id = MESSAGE_STATUS_WORKER;
		worker_of(process)->phase = PHASE_RUNNING;
		account.blobs[process].id = blobs[process - PROCESS_GATE_READ];
	}
	account.blobs[PROCESS_GATE_ENGINE].body.status_engine.state = DOCKER_CONNECTED;
}

static void
gate_without_engine(void)
{
	gate();
	account.blobs[PROCESS_GATE_ENGINE].body.status_engine.state = DOCKER_UNREADABLE;
	account.blobs[PROCESS_GATE_ENGINE].body.status_engine.detail = "no socket";
}

static void
gate_without_endpoint(void)
{
	gate();
	worker_of(PROCESS_GATE_TUNNEL)->phase = PHASE_BACKOFF;
}

#define NOBODY PROCESS_COUNT

static const struct {
	const char *what;
	void (*change)(void);
	enum health health;
	const char *reason; /* a part of it */
	enum process stale;
} rows[] = {
	{ "all is well", nothing, HEALTHY, NULL, NOBODY },
	{ "the master is away", master_away, DEGRADED, "the master is away: no route", NOBODY },
	{ "an old contact", contact_old, DEGRADED, "no contact with the master", NOBODY },
	{ "a contact of 119 s", contact_not_so_old, HEALTHY, NULL, NOBODY },
	{ "Docker can't be read", docker_unreadable, DEGRADED, "Docker can't be read", NOBODY },
	{ "the tunnel is in error", tunnel_in_error, UNHEALTHY, "error: no image", NOBODY },
	{ "tunnel-keeper is down", keeper_in_backoff, DEGRADED, "tunnel-keeper: backoff", NOBODY },
	{ "docker-watcher is silent", watcher_silent, UNHEALTHY,
	    "stale: docker-watcher has told its peers nothing for 45 s", PROCESS_DOCKER_WATCHER },
	{ "it always was", watcher_silent_from_the_start, UNHEALTHY,
	    "stale: docker-watcher has told its peers nothing for 50 s", PROCESS_DOCKER_WATCHER },
	{ "silent for 44 s", watcher_not_so_silent, HEALTHY, NULL, NOBODY },
	{ "no channel", watcher_never_had, HEALTHY, NULL, NOBODY },
	{ "tunnel-keeper is silent", keeper_silent, UNHEALTHY,
	    "stale: tunnel-keeper has told its peers nothing for 46 s", PROCESS_TUNNEL_KEEPER },
	{ "master-link is silent", link_silent, DEGRADED,
	    "stale: master-link has told its peers nothing for 59 s", PROCESS_MASTER_LINK },
	{ "master-link is down", link_in_backoff, DEGRADED, "master-link: backoff", NOBODY },
	{ "prepared", prepared, PREPARED, "out of service", NOBODY },
	{ "a gate", gate, HEALTHY, NULL, NOBODY },
	{ "a gate without its engine", gate_without_engine, DEGRADED,
	    "Docker can't be read: no socket", NOBODY },
	{ "a gate without an endpoint", gate_without_endpoint, DEGRADED, "gate-tunnel: backoff",
	    NOBODY },
	{ "finalized", finalized, DECOMMISSIONED, "clear the data folder", NOBODY },
};

static void
test_verdicts(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer reasons _cleanup_buffer_ = BUFFER(4096);

		begin();
		rows[at].change();
		row_int_equal(rows[at].what, verdict(&account, &reasons), rows[at].health);
		(void)buffer_add(&reasons, "", 1);
		if (rows[at].reason == NULL)
			row_string_equal(rows[at].what, reasons.bytes, "");
		row_string_holds(rows[at].what, reasons.bytes, rows[at].reason);
		for (enum process process = 0; process < PROCESS_COUNT; process++)
			row_int_equal(rows[at].what, account_is_stale(&account, process),
			    process == rows[at].stale);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdicts) };

	return RUN_TESTS(tests);
}
