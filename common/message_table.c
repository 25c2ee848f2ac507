/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  The table of messages: see message.h.  An entry names who may send it to whom
 * and what each field may hold; what is not here does not pass.
 */
#include <stdint.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/message.h"
#include "common/setting.h"

#define TEXT_FIELD(type, member, from, to, class)                                   \
	{                                                                           \
		.name = #member, .kind = FIELD_TEXT, .text = (class),               \
		.offset = offsetof(struct type, member), .min = (from), .max = (to) \
	}
#define OPTIONAL_TEXT(type, member, from, to, class)                                    \
	{                                                                               \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = true, \
		.offset = offsetof(struct type, member), .min = (from), .max = (to)     \
	}
#define SECRET_TEXT(type, member, from, to)                                                  \
	{                                                                                    \
		.name = #member, .kind = FIELD_TEXT, .text = TEXT_VISIBLE, .optional = true, \
		.secret = true, .offset = offsetof(struct type, member), .min = (from),      \
		.max = (to)                                                                  \
	}
#define INTEGER_FIELD(type, member, from, to)                                                    \
	{                                                                                        \
		.name = #member, .kind = FIELD_INTEGER, .offset = offsetof(struct type, member), \
		.min = (from), .max = (to)                                                       \
	}
#define BOOLEAN_FIELD(type, member)                                                             \
	{                                                                                       \
		.name = #member, .kind = FIELD_BOOLEAN, .offset = offsetof(struct type, member) \
	}
#define CHOICE_FIELD(type, member, list)                                                        \
	{                                                                                       \
		.name = #member, .kind = FIELD_CHOICE, .offset = offsetof(struct type, member), \
		.choices = (list)                                                               \
	}
#define WARNINGS_FIELD(type)                                                           \
	{                                                                              \
		.name = "warnings", .kind = FIELD_TEXTS, .text = TEXT_LINE,            \
		.offset = offsetof(struct type, warnings), .max = 32, .value_max = 512 \
	}
#define LABELS_FIELD(type)                                                  \
	{                                                                   \
		.name = "labels", .kind = FIELD_MAP, .text = TEXT_ANY,      \
		.offset = offsetof(struct type, labels), .max = LABELS_MAX, \
		.value_max = LABEL_VALUE_MAX_BYTES                          \
	}

#define RECORD(type, list)                                                                        \
	{                                                                                         \
		.name = #type, .size_bytes = sizeof(struct type), .field_count = ARRAY_LEN(list), \
		.fields = (list)                                                                  \
	}
#define NO_FIELDS(text)        \
	{                      \
		.name = (text) \
	}

#define TIME_FIELD(type, member) INTEGER_FIELD(type, member, -1, INT64_MAX)
#define DETAIL_FIELD(type) OPTIONAL_TEXT(type, detail, 0, DETAIL_MAX_BYTES, TEXT_LINE)

/* ---- choices ---- */

const char *const process_choices[] = { "supervisor", "master-link", "docker-watcher",
	"tunnel-keeper", "name-resolver", "agentctl", "gate-read", "gate-tunnel", "gate-engine",
	NULL };
_Static_assert(ARRAY_LEN(process_choices) == PROCESS_COUNT + 1, "a name for each process");

const char *const tunnel_state_choices[] = { "unknown", "stopped", "starting", "running", "error",
	NULL };
const char *const link_state_choices[] = { "connecting", "connected", "away", "rejected",
	"decommissioned", NULL };
const char *const agent_status_choices[] = { "unknown", "pending", "enrolled", NULL };
const char *const lifecycle_choices[] = { "active", "prepared", "finalized", NULL };
const char *const docker_state_choices[] = { "connecting", "connected", "unreadable", NULL };
const char *const container_verdict_choices[] = { "published", "not-enabled", "no-enable",
	"no-hostname", "no-service", "off-network", NULL };
const char *const worker_phase_choices[] = { "stopped", "starting", "running", "backoff",
	"stopping", NULL };
const char *const halt_result_choices[] = { "stopped", "absent", "failed", NULL };
const char *const gate_read_choices[] = { "list", "events", NULL };
const char *const gate_tunnel_choices[] = { "inspect", "start", "stop", "remove", "network",
	"image", "pull", NULL };
static const char *const change_choices[] = { "runs", "gone", NULL };
static const char *const action_choices[] = { "start", "restart", "stop", NULL };
static const char *const outcome_choices[] = { "obeyed", "refused", NULL };

/* ---- supervisor to worker ---- */

static const struct field config_fields[] = {
	CHOICE_FIELD(message_config, process, process_choices),
	{ .name = "values",
	    .kind = FIELD_MAP,
	    .text = TEXT_LINE,
	    .offset = offsetof(struct message_config, values),
	    .max = SETTING_COUNT,
	    .value_max = SETTING_VALUE_MAX_BYTES },
};
static const struct field secret_fields[] = {
	CHOICE_FIELD(message_secret, name, secret_names),
	SECRET_TEXT(message_secret, value, 1, SECRET_MAX_BYTES),
};
static const struct field log_level_fields[] = {
	CHOICE_FIELD(message_log_level, level, log_level_names),
};
static const struct field state_fields[] = {
	CHOICE_FIELD(message_state, file, state_file_names),
	BOOLEAN_FIELD(message_state, exists),
};
static const struct field saved_fields[] = {
	CHOICE_FIELD(message_saved, file, state_file_names),
};
static const struct field save_failed_fields[] = {
	CHOICE_FIELD(message_save_failed, file, state_file_names),
	TEXT_FIELD(message_save_failed, reason, 1, DETAIL_MAX_BYTES, TEXT_LINE),
};
static const struct field peer_fields[] = {
	CHOICE_FIELD(message_peer, peer, process_choices),
};

/* ---- worker to supervisor ---- */

static const struct field save_fields[] = {
	CHOICE_FIELD(message_save, file, state_file_names),
};
static const struct field corrupt_fields[] = {
	CHOICE_FIELD(message_corrupt, file, state_file_names),
};
static const struct field bad_peer_fields[] = {
	CHOICE_FIELD(message_bad_peer, peer, process_choices),
};

/* ---- between workers ---- */

static const struct field resolve_fields[] = {
	INTEGER_FIELD(message_resolve, id, 1, INT64_MAX),
	TEXT_FIELD(message_resolve, host, 1, HOST_MAX_BYTES, TEXT_NAME),
};
static const struct field addresses_fields[] = {
	INTEGER_FIELD(message_addresses, id, 1, INT64_MAX),
	{ .name = "addresses",
	    .kind = FIELD_TEXTS,
	    .text = TEXT_VISIBLE,
	    .offset = offsetof(struct message_addresses, addresses),
	    .max = ADDRESSES_MAX,
	    .value_max = ADDRESS_TEXT_MAX_BYTES },
	OPTIONAL_TEXT(message_addresses, error, 0, DETAIL_MAX_BYTES, TEXT_LINE),
};
static const struct field container_fact_fields[] = {
	TEXT_FIELD(container_fact, id, CONTAINER_ID_BYTES, CONTAINER_ID_BYTES, TEXT_HEX),
	TEXT_FIELD(container_fact, name, 1, CONTAINER_NAME_MAX_BYTES, TEXT_NAME),
	TEXT_FIELD(container_fact, status, 1, 32, TEXT_NAME),
	LABELS_FIELD(container_fact),
};
static const struct record container_fact_record = RECORD(container_fact, container_fact_fields);
static const struct field snapshot_fields[] = {
	INTEGER_FIELD(message_snapshot, generation, 1, INT64_MAX),
	INTEGER_FIELD(message_snapshot, page, 0, 1000000),
	BOOLEAN_FIELD(message_snapshot, last),
	{ .name = "containers",
	    .kind = FIELD_RECORDS,
	    .offset = offsetof(struct message_snapshot, containers),
	    .max = PAGE_CONTAINERS_MAX,
	    .record = &container_fact_record },
};
static const struct field container_fields[] = {
	CHOICE_FIELD(message_container, change, change_choices),
	TEXT_FIELD(message_container, id, CONTAINER_ID_BYTES, CONTAINER_ID_BYTES, TEXT_HEX),
	TEXT_FIELD(message_container, name, 1, CONTAINER_NAME_MAX_BYTES, TEXT_NAME),
	TEXT_FIELD(message_container, status, 1, 32, TEXT_NAME),
	LABELS_FIELD(message_container),
};
static const struct field docker_lost_fields[] = {
	TEXT_FIELD(message_docker_lost, reason, 1, DETAIL_MAX_BYTES, TEXT_LINE),
};
static const struct field tunnel_hint_fields[] = {
	TEXT_FIELD(message_tunnel_hint, action, 1, 64, TEXT_NAME),
};
static const struct field command_fields[] = {
	TEXT_FIELD(message_command, id, 1, COMMAND_ID_MAX_BYTES, TEXT_NAME),
	CHOICE_FIELD(message_command, action, action_choices),
	OPTIONAL_TEXT(message_command, tunnel_id, 1, TUNNEL_ID_MAX_BYTES, TEXT_NAME),
	OPTIONAL_TEXT(message_command, tunnel_name, 1, TUNNEL_NAME_MAX_BYTES, TEXT_LINE),
	SECRET_TEXT(message_command, token, 1, TOKEN_MAX_BYTES),
};
static const struct field command_done_fields[] = {
	TEXT_FIELD(message_command_done, id, 1, COMMAND_ID_MAX_BYTES, TEXT_NAME),
	CHOICE_FIELD(message_command_done, outcome, outcome_choices),
	DETAIL_FIELD(message_command_done),
};
static const struct field tunnel_fields[] = {
	CHOICE_FIELD(message_tunnel, state, tunnel_state_choices),
	OPTIONAL_TEXT(message_tunnel, id, 1, TUNNEL_ID_MAX_BYTES, TEXT_NAME),
	OPTIONAL_TEXT(message_tunnel, name, 1, TUNNEL_NAME_MAX_BYTES, TEXT_LINE),
	OPTIONAL_TEXT(message_tunnel, version, 1, 64, TEXT_LINE),
	DETAIL_FIELD(message_tunnel),
	OPTIONAL_TEXT(message_tunnel, image, 1, 512, TEXT_VISIBLE),
};
static const struct field halt_fields[] = {
	TEXT_FIELD(message_halt, id, 1, OPERATION_ID_MAX_BYTES, TEXT_NAME),
	BOOLEAN_FIELD(message_halt, forget),
};
static const struct field halted_fields[] = {
	TEXT_FIELD(message_halted, id, 1, OPERATION_ID_MAX_BYTES, TEXT_NAME),
	CHOICE_FIELD(message_halted, result, halt_result_choices),
	DETAIL_FIELD(message_halted),
};
static const struct field restore_fields[] = {
	TEXT_FIELD(message_restore, tunnel_id, 1, TUNNEL_ID_MAX_BYTES, TEXT_NAME),
	TEXT_FIELD(message_restore, tunnel_name, 1, TUNNEL_NAME_MAX_BYTES, TEXT_LINE),
	{ .name = "token",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .secret = true,
	    .offset = offsetof(struct message_restore, token),
	    .min = 1,
	    .max = TOKEN_MAX_BYTES },
};

/* ---- between the gate's workers ---- */

#define GATE_ID(type) INTEGER_FIELD(type, id, 1, GATE_ID_MAX)
#define GATE_HEX(type, member) \
	TEXT_FIELD(type, member, CONTAINER_ID_BYTES, CONTAINER_ID_BYTES, TEXT_HEX)
#define GATE_OPTIONAL(type, member, most, class) OPTIONAL_TEXT(type, member, 1, most, class)

static const struct field gate_about_fields[] = { GATE_ID(message_gate_about) };
static const struct field gate_read_fields[] = {
	GATE_ID(message_gate_read),
	CHOICE_FIELD(message_gate_read, verb, gate_read_choices),
	BOOLEAN_FIELD(message_gate_read, all),
};
static const struct field gate_tunnel_fields[] = {
	GATE_ID(message_gate_tunnel),
	CHOICE_FIELD(message_gate_tunnel, verb, gate_tunnel_choices),
	OPTIONAL_TEXT(message_gate_tunnel, container, CONTAINER_ID_BYTES, CONTAINER_ID_BYTES,
	    TEXT_HEX),
	GATE_OPTIONAL(message_gate_tunnel, image, GATE_IMAGE_MAX_BYTES, TEXT_VISIBLE),
	INTEGER_FIELD(message_gate_tunnel, seconds, 0, GATE_STOP_MAX_S),
};
static const struct field gate_create_fields[] = {
	GATE_ID(message_gate_create),
	TEXT_FIELD(message_gate_create, image, 1, GATE_IMAGE_MAX_BYTES, TEXT_VISIBLE),
	{ .name = "token",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .secret = true,
	    .offset = offsetof(struct message_gate_create, token),
	    .min = 1,
	    .max = TOKEN_MAX_BYTES },
	GATE_OPTIONAL(message_gate_create, command_id, COMMAND_ID_MAX_BYTES, TEXT_NAME),
	INTEGER_FIELD(message_gate_create, grace_s, 0, GATE_GRACE_MAX_S),
	INTEGER_FIELD(message_gate_create, metrics_port, 0, UINT16_MAX),
};
static const struct field gate_cancel_fields[] = { GATE_ID(message_gate_cancel) };

static const struct field gate_about_is_fields[] = {
	GATE_ID(message_gate_about_is),
	TEXT_FIELD(message_gate_about_is, version, 1, 64, TEXT_LINE),
	TEXT_FIELD(message_gate_about_is, api_version, 1, 16, TEXT_NAME),
	TEXT_FIELD(message_gate_about_is, minimum, 1, 16, TEXT_NAME),
	TEXT_FIELD(message_gate_about_is, os, 1, 32, TEXT_NAME),
	TEXT_FIELD(message_gate_about_is, arch, 1, 32, TEXT_NAME),
};
static const struct field gate_rows_fields[] = {
	GATE_ID(message_gate_rows),
	{ .name = "containers",
	    .kind = FIELD_RECORDS,
	    .offset = offsetof(struct message_gate_rows, containers),
	    .max = PAGE_CONTAINERS_MAX,
	    .record = &container_fact_record },
};
static const struct field gate_event_fields[] = {
	GATE_ID(message_gate_event),
	TEXT_FIELD(message_gate_event, action, 1, 32, TEXT_NAME),
	GATE_HEX(message_gate_event, container),
	TEXT_FIELD(message_gate_event, name, 1, CONTAINER_NAME_MAX_BYTES, TEXT_NAME),
	GATE_OPTIONAL(message_gate_event, old_name, CONTAINER_NAME_MAX_BYTES, TEXT_NAME),
	LABELS_FIELD(message_gate_event),
	INTEGER_FIELD(message_gate_event, time_ns, 0, INT64_MAX),
};
static const struct field gate_container_fields[] = {
	GATE_ID(message_gate_container),
	BOOLEAN_FIELD(message_gate_container, ours),
	BOOLEAN_FIELD(message_gate_container, labelled),
	GATE_HEX(message_gate_container, container),
	TEXT_FIELD(message_gate_container, image, 1, GATE_IMAGE_MAX_BYTES, TEXT_LINE),
	TEXT_FIELD(message_gate_container, state, 1, 32, TEXT_NAME),
	OPTIONAL_TEXT(message_gate_container, error, 0, GATE_TEXT_MAX_BYTES, TEXT_LINE),
	OPTIONAL_TEXT(message_gate_container, started_at, 0, 64, TEXT_VISIBLE),
	OPTIONAL_TEXT(message_gate_container, finished_at, 0, 64, TEXT_VISIBLE),
	GATE_OPTIONAL(message_gate_container, command_id, COMMAND_ID_MAX_BYTES, TEXT_NAME),
	SECRET_TEXT(message_gate_container, token, 1, TOKEN_MAX_BYTES),
	BOOLEAN_FIELD(message_gate_container, on_network),
	OPTIONAL_TEXT(message_gate_container, address, 0, ADDRESS_TEXT_MAX_BYTES, TEXT_VISIBLE),
	OPTIONAL_TEXT(message_gate_container, address6, 0, ADDRESS_TEXT_MAX_BYTES, TEXT_VISIBLE),
	INTEGER_FIELD(message_gate_container, exit_code, INT32_MIN, UINT32_MAX),
	INTEGER_FIELD(message_gate_container, restart_count, 0, INT32_MAX),
};
static const struct field gate_found_fields[] = {
	GATE_ID(message_gate_found),
	GATE_HEX(message_gate_found, object),
};
static const struct field gate_progress_fields[] = {
	GATE_ID(message_gate_progress),
	OPTIONAL_TEXT(message_gate_progress, text, 0, GATE_TEXT_MAX_BYTES, TEXT_LINE),
	GATE_OPTIONAL(message_gate_progress, layer, 64, TEXT_NAME),
	INTEGER_FIELD(message_gate_progress, current, 0, INT64_MAX),
	INTEGER_FIELD(message_gate_progress, total, 0, INT64_MAX),
	GATE_OPTIONAL(message_gate_progress, error, GATE_TEXT_MAX_BYTES, TEXT_LINE),
};
static const struct field gate_begun_fields[] = { GATE_ID(message_gate_begun) };
static const struct field gate_done_fields[] = {
	GATE_ID(message_gate_done),
	INTEGER_FIELD(message_gate_done, status, 200, 599),
	OPTIONAL_TEXT(message_gate_done, message, 0, GATE_TEXT_MAX_BYTES, TEXT_LINE),
};

/* ---- status ---- */

static const struct field status_link_fields[] = {
	CHOICE_FIELD(message_status_link, state, link_state_choices),
	OPTIONAL_TEXT(message_status_link, agent_id, 1, AGENT_ID_MAX_BYTES, TEXT_VISIBLE),
	CHOICE_FIELD(message_status_link, agent_status, agent_status_choices),
	INTEGER_FIELD(message_status_link, protocol, 0, 2),
	CHOICE_FIELD(message_status_link, lifecycle, lifecycle_choices),
	TIME_FIELD(message_status_link, last_contact_ms),
	TIME_FIELD(message_status_link, docker_heard_ms),
	TIME_FIELD(message_status_link, tunnel_heard_ms),
	DETAIL_FIELD(message_status_link),
	WARNINGS_FIELD(message_status_link),
};
static const struct field seen_container_fields[] = {
	TEXT_FIELD(seen_container, name, 1, CONTAINER_NAME_MAX_BYTES, TEXT_NAME),
	CHOICE_FIELD(seen_container, verdict, container_verdict_choices),
	OPTIONAL_TEXT(seen_container, hostname, 0, HOST_MAX_BYTES, TEXT_LINE),
	OPTIONAL_TEXT(seen_container, service, 0, SEEN_SERVICE_MAX_BYTES, TEXT_LINE),
	OPTIONAL_TEXT(seen_container, value, 0, SEEN_VALUE_MAX_BYTES, TEXT_LINE),
};
static const struct record seen_container_record = RECORD(seen_container, seen_container_fields);
static const struct field status_docker_fields[] = {
	CHOICE_FIELD(message_status_docker, state, docker_state_choices),
	OPTIONAL_TEXT(message_status_docker, api_version, 1, 16, TEXT_NAME),
	OPTIONAL_TEXT(message_status_docker, engine_version, 0, 64, TEXT_LINE),
	INTEGER_FIELD(message_status_docker, containers, 0, 10000000),
	INTEGER_FIELD(message_status_docker, ignored, 0, 10000000),
	{ .name = "seen",
	    .kind = FIELD_RECORDS,
	    .offset = offsetof(struct message_status_docker, seen),
	    .max = 2 * SEEN_MAX,
	    .record = &seen_container_record },
	TIME_FIELD(message_status_docker, last_list_ms),
	DETAIL_FIELD(message_status_docker),
	WARNINGS_FIELD(message_status_docker),
};
static const struct field status_tunnel_fields[] = {
	CHOICE_FIELD(message_status_tunnel, state, tunnel_state_choices),
	OPTIONAL_TEXT(message_status_tunnel, id, 1, TUNNEL_ID_MAX_BYTES, TEXT_NAME),
	OPTIONAL_TEXT(message_status_tunnel, name, 1, TUNNEL_NAME_MAX_BYTES, TEXT_LINE),
	OPTIONAL_TEXT(message_status_tunnel, version, 1, 64, TEXT_LINE),
	OPTIONAL_TEXT(message_status_tunnel, container_id, CONTAINER_ID_BYTES, CONTAINER_ID_BYTES,
	    TEXT_HEX),
	INTEGER_FIELD(message_status_tunnel, ready_connections, -1, 1000000),
	TIME_FIELD(message_status_tunnel, link_heard_ms),
	DETAIL_FIELD(message_status_tunnel),
	WARNINGS_FIELD(message_status_tunnel),
};
static const struct field status_resolver_fields[] = {
	INTEGER_FIELD(message_status_resolver, answered, 0, INT64_MAX),
	INTEGER_FIELD(message_status_resolver, failed, 0, INT64_MAX),
};
static const struct field status_front_fields[] = {
	INTEGER_FIELD(message_status_front, connections, 0, INT32_MAX),
	INTEGER_FIELD(message_status_front, streams, 0, INT32_MAX),
	INTEGER_FIELD(message_status_front, requests, 0, INT64_MAX),
	INTEGER_FIELD(message_status_front, refused, 0, INT64_MAX),
	TIME_FIELD(message_status_front, engine_heard_ms),
};
static const struct field status_engine_fields[] = {
	CHOICE_FIELD(message_status_engine, state, docker_state_choices),
	OPTIONAL_TEXT(message_status_engine, api_version, 1, 16, TEXT_NAME),
	INTEGER_FIELD(message_status_engine, requests, 0, INT64_MAX),
	INTEGER_FIELD(message_status_engine, creates, 0, INT64_MAX),
	DETAIL_FIELD(message_status_engine),
	WARNINGS_FIELD(message_status_engine),
};
static const struct field told_setting_fields[] = {
	TEXT_FIELD(told_setting, name, 1, 64, TEXT_NAME),
	OPTIONAL_TEXT(told_setting, value, 0, 64, TEXT_VISIBLE),
};
static const struct record told_setting_record = RECORD(told_setting, told_setting_fields);
static const struct field status_agent_fields[] = {
	TEXT_FIELD(message_status_agent, version, 1, 64, TEXT_VISIBLE),
	INTEGER_FIELD(message_status_agent, pid, 1, INT32_MAX),
	TIME_FIELD(message_status_agent, uptime_ms),
	TIME_FIELD(message_status_agent, now_ms),
	TEXT_FIELD(message_status_agent, start_mode, 1, 32, TEXT_LINE),
	INTEGER_FIELD(message_status_agent, landlock_abi, 0, 1000),
	{ .name = "landlock_lost",
	    .kind = FIELD_TEXTS,
	    .text = TEXT_LINE,
	    .offset = offsetof(struct message_status_agent, landlock_lost),
	    .max = 16,
	    .value_max = 128 },
	BOOLEAN_FIELD(message_status_agent, mdwe),
	BOOLEAN_FIELD(message_status_agent, best_effort),
	INTEGER_FIELD(message_status_agent, seccomp_filters, 0, 1000),
	TEXT_FIELD(message_status_agent, kernel, 0, 128, TEXT_LINE),
	{ .name = "settings",
	    .kind = FIELD_RECORDS,
	    .offset = offsetof(struct message_status_agent, settings),
	    .max = SETTING_COUNT,
	    .record = &told_setting_record },
	WARNINGS_FIELD(message_status_agent),
};
static const struct field status_worker_fields[] = {
	CHOICE_FIELD(message_status_worker, process, process_choices),
	INTEGER_FIELD(message_status_worker, pid, 0, INT32_MAX),
	INTEGER_FIELD(message_status_worker, uid, 0, UINT32_MAX),
	CHOICE_FIELD(message_status_worker, phase, worker_phase_choices),
	INTEGER_FIELD(message_status_worker, restarts, 0, INT64_MAX),
	TIME_FIELD(message_status_worker, uptime_ms),
	INTEGER_FIELD(message_status_worker, seccomp_filters, 0, 1000),
	INTEGER_FIELD(message_status_worker, log_lines_dropped, 0, INT64_MAX),
};

#define SUPERVISOR PROCESS_BIT(PROCESS_SUPERVISOR)
#define MASTER_LINK PROCESS_BIT(PROCESS_MASTER_LINK)
#define DOCKER_WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define TUNNEL_KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)
#define NAME_RESOLVER PROCESS_BIT(PROCESS_NAME_RESOLVER)
#define AGENTCTL PROCESS_BIT(PROCESS_AGENTCTL)
#define GATE_READER PROCESS_BIT(PROCESS_GATE_READ)
#define GATE_TUNNELLER PROCESS_BIT(PROCESS_GATE_TUNNEL)
#define GATE_FRONTS PROCESS_GATE_FRONTS
#define GATE_ENGINE PROCESS_BIT(PROCESS_GATE_ENGINE)

const struct message_entry messages[MESSAGE_COUNT] = {
	[MESSAGE_CONFIG] = { .name = "config",
	    .from = SUPERVISOR,
	    .to = PROCESS_WORKERS,
	    .record = RECORD(message_config, config_fields),
	    .why = "the checked settings that are due to the worker; the first frame it gets" },
	[MESSAGE_SECRET] = { .name = "secret",
	    .from = SUPERVISOR,
	    .to = MASTER_LINK,
	    .secret = true,
	    .record = RECORD(message_secret, secret_fields),
	    .why = "one secret, after the supervisor's check, and again on SIGHUP" },
	[MESSAGE_STATE] = { .name = "state",
	    .from = SUPERVISOR,
	    .to = MASTER_LINK | TUNNEL_KEEPER,
	    .blob = true,
	    .record = RECORD(message_state, state_fields),
	    .why = "announces the content of a state file, which is the next frame" },
	[MESSAGE_SAVED] = { .name = "saved",
	    .from = SUPERVISOR,
	    .to = MASTER_LINK | TUNNEL_KEEPER,
	    .record = RECORD(message_saved, saved_fields),
	    .why = "the last save of that file is on disk" },
	[MESSAGE_SAVE_FAILED] = { .name = "save-failed",
	    .from = SUPERVISOR,
	    .to = MASTER_LINK | TUNNEL_KEEPER,
	    .record = RECORD(message_save_failed, save_failed_fields),
	    .why = "the last save of that file is not on disk; the old content is" },
	[MESSAGE_PEER] = { .name = "peer",
	    .from = SUPERVISOR,
	    .to = PROCESS_WORKERS,
	    .descriptor = true,
	    .record = RECORD(message_peer, peer_fields),
	    .why = "the worker's end of a new channel to another worker" },
	[MESSAGE_RELOAD] = { .name = "reload",
	    .from = SUPERVISOR,
	    .to = MASTER_LINK,
	    .record = NO_FIELDS("reload"),
	    .why = "the secrets before it are new" },
	[MESSAGE_LOG_LEVEL] = { .name = "log-level",
	    .from = SUPERVISOR,
	    .to = PROCESS_WORKERS,
	    .record = RECORD(message_log_level, log_level_fields),
	    .why = "LOG_LEVEL_FILE has another level: lines below it are left out from now on" },
	[MESSAGE_SHUTDOWN] = { .name = "shutdown",
	    .from = SUPERVISOR,
	    .to = PROCESS_WORKERS,
	    .record = NO_FIELDS("shutdown"),
	    .why = "finish what must be finished, then exit" },
	[MESSAGE_LISTEN] = { .name = "listen",
	    .from = SUPERVISOR,
	    .to = GATE_FRONTS,
	    .descriptor = true,
	    .record = NO_FIELDS("listen"),
	    .why = "the listening socket of the worker's endpoint" },

	[MESSAGE_READY] = { .name = "ready",
	    .from = PROCESS_WORKERS,
	    .to = SUPERVISOR,
	    .record = NO_FIELDS("ready"),
	    .why =
		"the worker has confined itself; believed only after the supervisor's own look" },
	[MESSAGE_ALIVE] = { .name = "alive",
	    .from = PROCESS_WORKERS,
	    .to = SUPERVISOR,
	    .record = NO_FIELDS("alive"),
	    .why = "a sign of life; a worker that lies here is seen by the age of its work" },
	[MESSAGE_STATUS] = { .name = "status",
	    .from = PROCESS_WORKERS,
	    .to = SUPERVISOR,
	    .blob = true,
	    .record = NO_FIELDS("status"),
	    .why = "announces a blob for dockflare-agentctl, which judges it; bounded and kept" },
	[MESSAGE_SAVE] = { .name = "save",
	    .from = MASTER_LINK | TUNNEL_KEEPER,
	    .to = SUPERVISOR,
	    .blob = true,
	    .record = RECORD(message_save, save_fields),
	    .why = "announces new content for a file that is the worker's own; bounded in size and "
		   "rate" },
	[MESSAGE_CORRUPT] = { .name = "corrupt",
	    .from = MASTER_LINK | TUNNEL_KEEPER,
	    .to = SUPERVISOR,
	    .record = RECORD(message_corrupt, corrupt_fields),
	    .why = "its file can't be read: it is renamed, never deleted" },
	[MESSAGE_BAD_PEER] = { .name = "bad-peer",
	    .from = PROCESS_WORKERS,
	    .to = SUPERVISOR,
	    .record = RECORD(message_bad_peer, bad_peer_fields),
	    .why = "a peer broke the protocol: both are replaced, so that it is no weapon" },
	[MESSAGE_CHECKED] = { .name = "checked",
	    .from = PROCESS_AGENT_WORKERS,
	    .to = SUPERVISOR,
	    .record = NO_FIELDS("checked"),
	    .why = "in a check only: the worker has said all that it found" },

	[MESSAGE_RESOLVE] = { .name = "resolve",
	    .from = MASTER_LINK | DOCKER_WATCHER | TUNNEL_KEEPER,
	    .to = NAME_RESOLVER,
	    .record = RECORD(message_resolve, resolve_fields),
	    .why = "asks for the addresses of a configured name; any other is refused" },
	[MESSAGE_ADDRESSES] = { .name = "addresses",
	    .from = NAME_RESOLVER,
	    .to = MASTER_LINK | DOCKER_WATCHER | TUNNEL_KEEPER,
	    .record = RECORD(message_addresses, addresses_fields),
	    .why = "the addresses; the asker judges each before it connects" },
	[MESSAGE_SNAPSHOT] = { .name = "snapshot",
	    .from = DOCKER_WATCHER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_snapshot, snapshot_fields),
	    .why = "a page of the enabled containers that run; valid once the last page is there" },
	[MESSAGE_CONTAINER] = { .name = "container",
	    .from = DOCKER_WATCHER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_container, container_fields),
	    .why = "a change since the last snapshot" },
	[MESSAGE_DOCKER_LOST] = { .name = "docker-lost",
	    .from = DOCKER_WATCHER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_docker_lost, docker_lost_fields),
	    .why = "Docker can't be read: what is known is no longer complete" },
	[MESSAGE_TUNNEL_HINT] = { .name = "tunnel-hint",
	    .from = DOCKER_WATCHER,
	    .to = TUNNEL_KEEPER,
	    .record = RECORD(message_tunnel_hint, tunnel_hint_fields),
	    .why =
		"the tunnel's container changed: causes an own, rate-limited look, nothing else" },
	[MESSAGE_COMMAND] = { .name = "command",
	    .from = MASTER_LINK,
	    .to = TUNNEL_KEEPER,
	    .secret = true,
	    .record = RECORD(message_command, command_fields),
	    .why = "a command of the master; judged against the allowed tunnels" },
	[MESSAGE_COMMAND_DONE] = { .name = "command-done",
	    .from = TUNNEL_KEEPER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_command_done, command_done_fields),
	    .why = "what is wanted is saved: the journal entry is dropped" },
	[MESSAGE_TUNNEL] = { .name = "tunnel",
	    .from = TUNNEL_KEEPER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_tunnel, tunnel_fields),
	    .why = "what the tunnel is now; never its token" },
	[MESSAGE_HALT] = { .name = "halt",
	    .from = MASTER_LINK,
	    .to = TUNNEL_KEEPER,
	    .record = RECORD(message_halt, halt_fields),
	    .why = "decommissioning: stop the container and keep it" },
	[MESSAGE_HALTED] = { .name = "halted",
	    .from = TUNNEL_KEEPER,
	    .to = MASTER_LINK,
	    .record = RECORD(message_halted, halted_fields),
	    .why = "the answer to halt" },
	[MESSAGE_RESTORE] = { .name = "restore",
	    .from = MASTER_LINK,
	    .to = TUNNEL_KEEPER,
	    .secret = true,
	    .record = RECORD(message_restore, restore_fields),
	    .why = "the tunnel that the master's record holds; taken only where none is known" },
	[MESSAGE_AT_WORK] = { .name = "at-work",
	    .from = MASTER_LINK | DOCKER_WATCHER | TUNNEL_KEEPER,
	    .to = MASTER_LINK | TUNNEL_KEEPER,
	    .record = NO_FIELDS("at-work"),
	    .why =
		"nothing is new, and the sender's work goes on; comes where nothing else was said "
		"for 15 s" },

	[MESSAGE_GATE_ABOUT] = { .name = "gate-about",
	    .from = GATE_FRONTS,
	    .to = GATE_ENGINE,
	    .record = RECORD(message_gate_about, gate_about_fields),
	    .why = "asks what the engine is; tells nothing of any container" },
	[MESSAGE_GATE_READ] = { .name = "gate-read",
	    .from = GATE_READER,
	    .to = GATE_ENGINE,
	    .record = RECORD(message_gate_read, gate_read_fields),
	    .why = "asks for the published containers, or for what happens to them" },
	[MESSAGE_GATE_TUNNEL] = { .name = "gate-tunnel",
	    .from = GATE_TUNNELLER,
	    .to = GATE_ENGINE,
	    .record = RECORD(message_gate_tunnel, gate_tunnel_fields),
	    .why = "one step with the tunnel's container, its image or its network; the id is "
		   "compared with the one that the engine has under the name" },
	[MESSAGE_GATE_CREATE] = { .name = "gate-create",
	    .from = GATE_TUNNELLER,
	    .to = GATE_ENGINE,
	    .secret = true,
	    .record = RECORD(message_gate_create, gate_create_fields),
	    .why = "all that may be chosen of the tunnel's container; the rest is a template" },
	[MESSAGE_GATE_CANCEL] = { .name = "gate-cancel",
	    .from = GATE_FRONTS,
	    .to = GATE_ENGINE,
	    .record = RECORD(message_gate_cancel, gate_cancel_fields),
	    .why = "who asked is gone; of one that is not known it means nothing" },
	[MESSAGE_GATE_ABOUT_IS] = { .name = "gate-about-is",
	    .from = GATE_ENGINE,
	    .to = GATE_FRONTS,
	    .record = RECORD(message_gate_about_is, gate_about_is_fields),
	    .why = "what the engine is" },
	[MESSAGE_GATE_ROWS] = { .name = "gate-rows",
	    .from = GATE_ENGINE,
	    .to = GATE_READER,
	    .record = RECORD(message_gate_rows, gate_rows_fields),
	    .why = "a page of the published containers: nothing else of them leaves gate-engine" },
	[MESSAGE_GATE_EVENT] = { .name = "gate-event",
	    .from = GATE_ENGINE,
	    .to = GATE_READER,
	    .record = RECORD(message_gate_event, gate_event_fields),
	    .why = "what happened to a published container, or to the tunnel's" },
	[MESSAGE_GATE_CONTAINER] = { .name = "gate-container",
	    .from = GATE_ENGINE,
	    .to = GATE_TUNNELLER,
	    .secret = true,
	    .record = RECORD(message_gate_container, gate_container_fields),
	    .why = "what the container of the tunnel's name is" },
	[MESSAGE_GATE_FOUND] = { .name = "gate-found",
	    .from = GATE_ENGINE,
	    .to = GATE_TUNNELLER,
	    .record = RECORD(message_gate_found, gate_found_fields),
	    .why = "the id of the image, of the network, or of what was created" },
	[MESSAGE_GATE_PROGRESS] = { .name = "gate-progress",
	    .from = GATE_ENGINE,
	    .to = GATE_TUNNELLER,
	    .record = RECORD(message_gate_progress, gate_progress_fields),
	    .why = "how far a pull is" },
	[MESSAGE_GATE_BEGUN] = { .name = "gate-begun",
	    .from = GATE_ENGINE,
	    .to = GATE_FRONTS,
	    .record = RECORD(message_gate_begun, gate_begun_fields),
	    .why = "the engine has taken a stream's request: what happens from now on is told" },
	[MESSAGE_GATE_DONE] = { .name = "gate-done",
	    .from = GATE_ENGINE,
	    .to = GATE_FRONTS,
	    .record = RECORD(message_gate_done, gate_done_fields),
	    .why = "the end of an answer, with its status" },

	[MESSAGE_STATUS_LINK] = { .name = "status-link",
	    .from = MASTER_LINK,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_link, status_link_fields),
	    .why = "blob: the link to the master" },
	[MESSAGE_STATUS_DOCKER] = { .name = "status-docker",
	    .from = DOCKER_WATCHER,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_docker, status_docker_fields),
	    .why = "blob: Docker" },
	[MESSAGE_STATUS_TUNNEL] = { .name = "status-tunnel",
	    .from = TUNNEL_KEEPER,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_tunnel, status_tunnel_fields),
	    .why = "blob: the tunnel" },
	[MESSAGE_STATUS_RESOLVER] = { .name = "status-resolver",
	    .from = NAME_RESOLVER,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_resolver, status_resolver_fields),
	    .why = "blob: name resolution" },
	[MESSAGE_STATUS_FRONT] = { .name = "status-front",
	    .from = GATE_FRONTS,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_front, status_front_fields),
	    .why = "blob: an endpoint of the gate" },
	[MESSAGE_STATUS_ENGINE] = { .name = "status-engine",
	    .from = GATE_ENGINE,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_engine, status_engine_fields),
	    .why = "blob: the gate's link to the engine" },
	[MESSAGE_STATUS_AGENT] = { .name = "status-agent",
	    .from = SUPERVISOR,
	    .to = AGENTCTL,
	    .record = RECORD(message_status_agent, status_agent_fields),
	    .why = "the supervisor's own account; the first frame on the status socket" },
	[MESSAGE_STATUS_WORKER] = { .name = "status-worker",
	    .from = SUPERVISOR,
	    .to = AGENTCTL,
	    .blob = true,
	    .record = RECORD(message_status_worker, status_worker_fields),
	    .why = "the account of one worker, before its own blob" },
};
