/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process of the agent.  The one table of what `--check` can find: who says it, how bad it is,
 * and what to do.  A worker names a row by its id and adds one line of its own; verdict, subject and
 * remedy are the table's, so that a worker can't speak in another's name or give advice of its own.
 * docs/findings.md is made from it, and each row of the README's troubleshooting table names one.
 */
#ifndef COMMON_FINDING_H
#define COMMON_FINDING_H

#include <stddef.h>

#include "common/attr.h"
#include "common/log.h"
#include "policy/process.h"

enum verdict_of_check { CHECK_OK, CHECK_WARNING, CHECK_WRONG, CHECK_VERDICT_COUNT };

/* "ok", "warning", "wrong". */
extern const char *const check_verdict_names[CHECK_VERDICT_COUNT];

enum finding {
	/* the supervisor's */
	FINDING_SETTINGS_GOOD,
	FINDING_SETTING_WARNING,
	FINDING_SETTING_WRONG,
	FINDING_KERNEL,
	FINDING_KERNEL_LESS,
	FINDING_START_MODE,
	FINDING_DATA_GOOD,
	FINDING_DATA_UNUSABLE,
	FINDING_LOCK_FREE,
	FINDING_LOCK_HELD,
	FINDING_LOCK_UNKNOWN,
	FINDING_STATE_UNREADABLE,
	FINDING_RUN_GOOD,
	FINDING_RUN_UNUSABLE,
	FINDING_WORKER_ENDED,
	FINDING_WORKER_LATE,
	FINDING_TOO_MANY,
	/* name-resolver's */
	FINDING_NAME_GOOD,
	FINDING_NAME_UNKNOWN,
	FINDING_NO_DNS,
	/* master-link's */
	FINDING_TLS_GOOD,
	FINDING_TLS_ENDS_SOON,
	FINDING_MASTER_ADDRESS,
	FINDING_MASTER_UNREACHABLE,
	FINDING_MASTER_TIMEOUT,
	FINDING_TLS_UNKNOWN_CA,
	FINDING_TLS_EXPIRED,
	FINDING_TLS_NOT_YET,
	FINDING_TLS_NAME,
	FINDING_TLS_NONE,
	FINDING_PROXY_REFUSES,
	FINDING_PROXY_USER,
	FINDING_ACCESS_NEEDED,
	FINDING_ACCESS_REFUSED,
	FINDING_NO_MASTER,
	FINDING_MASTER_FAILS,
	FINDING_CLOCK_GOOD,
	FINDING_CLOCK_OFF,
	FINDING_CLOCK_WRONG,
	FINDING_KEY_GOOD,
	FINDING_KEY_REJECTED,
	FINDING_AGENT_UNKNOWN,
	FINDING_KEY_UNJUDGED,
	FINDING_ID_UNREADABLE,
	FINDING_RETIRED,
	/* docker-watcher's and tunnel-keeper's */
	FINDING_DOCKER_VERSION,
	FINDING_CALL_GOOD,
	FINDING_CALL_DENIED,
	FINDING_CALL_MISSED,
	FINDING_ENGINE_AWAY,
	FINDING_DOCKER_UNREACHABLE,
	FINDING_DOCKER_TIMEOUT,
	FINDING_NO_DOCKER,
	FINDING_DOCKER_OTHER_VERSION,
	FINDING_DOCKER_ADDRESS,
	FINDING_CALL_FAILED,
	/* docker-watcher's */
	FINDING_CONTAINERS,
	FINDING_NOT_ON_NETWORK,
	FINDING_LABEL_DROPPED,
	/* tunnel-keeper's */
	FINDING_TUNNEL_ABSENT,
	FINDING_TUNNEL_OURS,
	FINDING_TUNNEL_FOREIGN,
	FINDING_TUNNEL_DOWN,
	FINDING_NETWORK_GOOD,
	FINDING_NETWORK_MISSING,
	FINDING_IMAGE_GOOD,
	FINDING_IMAGE_MISSING,
	FINDING_TUNNEL_READY,
	FINDING_TUNNEL_UNREADY,
	FINDING_METRICS_SILENT,
	FINDING_NOT_ENROLLED,
	FINDING_TUNNEL_KNOWN,
	FINDING_TUNNEL_STATE_UNREADABLE,
	FINDING_TUNNEL_REFUSED,
	FINDING_COUNT,
};

struct finding_entry {
	char id[LOG_ID_BYTES + 1];
	enum verdict_of_check verdict;
	unsigned from;       /* PROCESS_BIT of each process that may say it */
	const char *subject; /* NULL: that of the process, as finding_subject says */
	const char *means;
	const char
	    *remedy; /* what to do; NULL for what is good, or where the line itself says it */
};

extern const struct finding_entry findings[FINDING_COUNT];

/* What the finding is about: "master", "docker", "tunnel", "names", "data", … */
const char *finding_subject(enum finding finding, enum process from);

/*
 * The row of that process with which `line` begins: its id, byte for byte, and a blank behind it.
 * FINDING_COUNT: none.
 */
enum finding finding_of_line(enum process from, const char *line, size_t length);

/*
 * A worker's.  Says a finding on the log pipe, whatever LOG_LEVEL is: the id, a blank, one line of
 * text, which the supervisor escapes and bounds.
 */
void finding_say(enum finding finding, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
