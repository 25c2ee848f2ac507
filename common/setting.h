/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  The one table of environment variables: name, default, what is accepted, which
 * workers get the checked value.  docs/configuration.md is checked against it by a test.
 */
#ifndef COMMON_SETTING_H
#define COMMON_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "policy/process.h"

enum setting {
	SETTING_MASTER_URL,
	SETTING_API_KEY,
	SETTING_API_KEY_FILE,
	SETTING_ACCESS_ID,
	SETTING_ACCESS_ID_FILE,
	SETTING_ACCESS_SECRET,
	SETTING_ACCESS_SECRET_FILE,
	SETTING_HTTPS_PROXY,
	SETTING_HTTPS_PROXY_FILE,
	SETTING_NO_PROXY,
	SETTING_DOCKER_HOST,
	SETTING_DOCKER_TUNNEL_HOST,
	SETTING_DOCKER_TLS_VERIFY,
	SETTING_DISPLAY_NAME,
	SETTING_LOG_LEVEL,
	SETTING_LOG_LEVEL_FILE,
	SETTING_LOG_FORMAT,
	SETTING_TZ,
	SETTING_REPORT_INTERVAL,
	SETTING_COMMAND_POLL,
	SETTING_NETWORK_NAME,
	SETTING_IMAGE,
	SETTING_TUNNEL_ON_EXIT,
	SETTING_METRICS_PORT,
	SETTING_ALLOWED_TUNNELS,
	SETTING_LABEL_PREFIX,
	SETTING_MASTER_ADDRESSES,
	SETTING_DOCKER_ADDRESSES,
	SETTING_PLAINTEXT_MASTER,
	SETTING_CA_FILE,
	SETTING_HEALTH_PORT,
	SETTING_AGENT_VERSION,
	SETTING_DATA_DIR,
	SETTING_RUN_DIR,
	SETTING_SANDBOX,
	SETTING_SANDBOX_LOG,
	/* docker-gate's own */
	SETTING_GATE_ENGINE,
	SETTING_GATE_READ,
	SETTING_GATE_READ_PEERS,
	SETTING_GATE_TUNNEL,
	SETTING_GATE_TUNNEL_PEERS,
	SETTING_GATE_IMAGES,
	SETTING_GATE_TOKEN,
	SETTING_GATE_CREATES,
	SETTING_GATE_MEMORY,
	/* Worked out by the supervisor, not an environment variable: HTTPS_PROXY without its user
	   information, and only if the master is reached through it. */
	SETTING_PROXY_ENDPOINT,
	SETTING_CHECK, /* "true": the worker checks what it needs in place of its work */
	SETTING_COUNT,
};

#define SETTING_VALUE_MAX_BYTES 8192

struct setting_entry {
	const char *name;     /* of the environment variable and in the frame `config` */
	const char *fallback; /* NULL: none */
	bool required;
	bool secret;       /* never in a frame `config`, never printed */
	bool url;          /* a mistake in it is quoted without user and password */
	bool shown;        /* its value names nobody: `dockflare-agentctl report` shows it */
	bool derived;      /* not read from the environment */
	unsigned programs; /* PROGRAM_BIT of each that reads it; 0: the agent alone */
	unsigned workers;  /* PROCESS_BIT of each worker that gets the value */
	/*
	 * Checks `raw` (never empty) and appends the normalised value to `out`; 0, or -EINVAL with
	 * "what is wrong and what to do" in `why`, which never quotes a secret.
	 */
	int (*normalise)(const char *raw, struct buffer *out, struct buffer *why);
	const char *help; /* one line for docs and --help */
};

extern const struct setting_entry settings[SETTING_COUNT];

/* Whether a program reads that setting. */
bool setting_is_of(enum setting setting, enum program program);

/* Where a worker's Docker endpoint is set (SETTING_COUNT: nowhere), and where one listens. */
extern const enum setting endpoint_settings[ENDPOINT_COUNT];
extern const enum setting listener_settings[LISTENER_COUNT];

/* The setting of that name, or SETTING_COUNT. */
enum setting setting_by_name(const char *name);

#endif
