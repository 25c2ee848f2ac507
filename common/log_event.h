/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  The one table of what the log can say: each line that tells an operator something
 * is an event with an id of fixed width, a level and a meaning, and only a process of its row may
 * say it.  docs/events.md is made from it.
 *
 * On a worker's pipe the id stands behind the level's mark, with a blank behind it: "<2>L010 text".
 * The supervisor compares these bytes with the ids of that worker's rows; what is none of them is
 * text, so that no worker speaks in another's name.
 */
#ifndef COMMON_LOG_EVENT_H
#define COMMON_LOG_EVENT_H

#include <stddef.h>

#include "common/attr.h"
#include "common/log.h"
#include "policy/process.h"

/* In the log, where a line has no id. */
#define LOG_ID_NONE "----"

enum log_event {
	/* the supervisor's */
	LOG_STARTED,
	LOG_SETTING_DOUBTFUL,
	LOG_SETTING_WRONG,
	LOG_NOT_STARTED,
	LOG_IDENTITY_WRONG,
	LOG_NO_SANDBOX,
	LOG_NO_STATUS,
	LOG_POLL_FAILS,
	LOG_STOPPING,
	LOG_STOPPING_AT_ONCE,
	LOG_STOPPED,
	LOG_WORKER_READY,
	LOG_WORKER_DIED,
	LOG_WORKER_ENDED,
	LOG_WORKER_SILENT,
	LOG_WORKER_WAITS,
	LOG_WORKER_UNSTARTED,
	LOG_WORKER_LATE,
	LOG_WORKER_UNCONFINED,
	LOG_PROTOCOL_BROKEN,
	LOG_PEER_REPORTED,
	LOG_NO_CHANNEL,
	LOG_FILE_ASIDE,
	LOG_FILE_UNREADABLE,
	LOG_SECRET_UNREADABLE,
	LOG_SECRETS_KEPT,
	LOG_SECRETS_READ,
	LOG_RELOADING,
	LOG_LEVEL_CHANGED,
	LOG_LEVEL_KEPT,
	LOG_RESTART_NEEDED,
	LOG_LINE_REPEATED,
	LOG_LINES_DROPPED,
	LOG_LINES_LOST,
	/* any worker's */
	LOG_GAVE_UP,
	LOG_CALL_DENIED,
	LOG_MEMORY_UNLOCKED,
	LOG_SAVE_SLOW,
	LOG_SAVE_IN_TIME,
	LOG_PEER_BROKE,
	/* master-link's */
	LOG_REGISTERED,
	LOG_PENDING,
	LOG_REGISTRATION_LASTS,
	LOG_REGISTRATION_WANTED,
	LOG_REGISTRATION_RESTLESS,
	LOG_NEW_ID,
	LOG_RECORD_UNUSED,
	LOG_REGISTERING_ANEW,
	LOG_MASTER_AWAY,
	LOG_MASTER_BACK,
	LOG_KEY_REJECTED,
	LOG_KEY_TAKEN,
	LOG_COMMAND,
	LOG_COMMAND_IGNORED,
	LOG_COMMAND_SKIPPED,
	LOG_COMMANDS_MISSING,
	LOG_POLL_REFUSED,
	LOG_COMMAND_REFUSED,
	LOG_CONTAINER_TOLD,
	LOG_CONTAINER_REFUSED,
	LOG_CONTAINER_UNPROCESSED,
	LOG_TUNNEL_UNTOLD,
	LOG_HEARTBEAT_UNTOLD,
	LOG_REPORT_REFUSED,
	LOG_REPORT_UNPROCESSED,
	LOG_REPORT_TAKEN,
	LOG_VIEW_FULL,
	LOG_CONFIGURED,
	LOG_CONFIGURATION_REFUSED,
	LOG_CONFIGURATION_SKIPPED,
	LOG_CONFIGURING_NOT_OFFERED,
	LOG_RETIRED,
	LOG_RETIRING,
	LOG_RETIRE_ORDERED,
	LOG_RETIRE_ACKNOWLEDGED,
	LOG_RETIRE_FAILS,
	LOG_LINK_FILE_CORRUPT,
	LOG_LINK_FILE_UNSAVED,
	LOG_LINK_FILE_SAVED,
	/* docker-watcher's */
	LOG_DOCKER_WATCHED,
	LOG_DOCKER_UNREADABLE,
	LOG_LABEL_DROPPED,
	/* tunnel-keeper's */
	LOG_TUNNEL_STATE,
	LOG_TUNNEL_ERROR,
	LOG_TUNNEL_STEP,
	LOG_TUNNEL_FAILS,
	LOG_TUNNEL_UNCHECKED,
	LOG_TUNNEL_ADOPTED,
	LOG_TUNNEL_RIGHT,
	LOG_TUNNEL_UNSEEN,
	LOG_TUNNEL_ENDED,
	LOG_TUNNEL_LEFT,
	LOG_DOCKER_AWAY,
	LOG_DOCKER_BACK,
	LOG_PULLING,
	LOG_PULLED,
	LOG_PULL_UNWANTED,
	LOG_TUNNEL_COMMAND,
	LOG_TUNNEL_COMMAND_REFUSED,
	LOG_ACCOUNT_MOVED,
	LOG_TUNNEL_ID_DIFFERS,
	LOG_TUNNEL_RESTORED,
	LOG_RECORD_REFUSED,
	LOG_CACHED_REFUSED,
	LOG_ANSWERS_FULL,
	LOG_TUNNEL_HALTED,
	LOG_TUNNEL_FILE_CORRUPT,
	LOG_TUNNEL_FILE_UNSAVED,
	LOG_TUNNEL_FILE_SAVED,
	/* name-resolver's */
	LOG_NAME_UNCONFIGURED,
	/* gate-read's and gate-tunnel's */
	LOG_GATE_REFUSED,
	LOG_GATE_SILENT,
	LOG_GATE_NO_MEMORY,
	LOG_GATE_SLOW_CLIENT,
	LOG_GATE_NO_CONNECTION,
	/* gate-engine's */
	LOG_ENGINE_SPEAKS,
	LOG_ENGINE_AWAY,
	LOG_ENGINE_BACK,
	LOG_ENGINE_FAILS,
	LOG_FRONT_REFUSED,
	LOG_STREAM_CUT,
	LOG_CONTAINER_LEFT_OUT,
	LOG_GATE_PULLING,
	LOG_GATE_STEP,
	LOG_TOKEN_FAILS,
	LOG_TOKEN_FOREIGN,
	LOG_NEW_LEFT,
	LOG_EVENT_COUNT,
};

struct log_event_entry {
	char id[LOG_ID_BYTES + 1];
	enum log_level level;
	unsigned from; /* PROCESS_BIT of each process that may say it */
	const char *means;
	const char *todo; /* NULL: nothing */
};

extern const struct log_event_entry log_events[LOG_EVENT_COUNT];

/*
 * The row of that process with which `line` begins: its id, byte for byte, and a blank behind it.
 * LOG_EVENT_COUNT: none.
 */
enum log_event log_event_of_line(enum process from, const char *line, size_t length);

/* A worker's.  One line of the event's level, with its id; see log_line. */
void log_event(enum log_event event, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
