/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  Reads the environment against the table in setting.c, finds every mistake at
 * once, and holds the checked values.  Links only libc.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/setting.h"
#include "common/url.h"

struct config {
	enum program program;
	char *values[SETTING_COUNT]; /* normalised; NULL: not set and no default */
	bool given[SETTING_COUNT];   /* the variable is set, to whatever */
	struct url master;           /* DOCKFLARE_MASTER_URL */
	/* DOCKER_HOST; DOCKER_TUNNEL_HOST, or DOCKER_HOST; GATE_DOCKER_HOST */
	struct url docker[ENDPOINT_COUNT];
	struct url listen[LISTENER_COUNT]; /* GATE_READ_LISTEN, GATE_TUNNEL_LISTEN */
	struct url proxy; /* HTTPS_PROXY where the master is reached through it; else
	                                scheme URL_NONE */
	char
	    *secrets[SECRET_COUNT]; /* that came from the environment; NULL: from a file, or none */
	struct buffer mistakes;     /* one line each, ended by a newline */
	struct buffer warnings;     /* the same; not fatal */
};

/*
 * Reads every variable of `program`, secret files included (they must be readable by the uid that the process
 * now has), and checks what single values can't tell: only one half of the Access token, a
 * variable and its _FILE both set, plain HTTP to a public address, DOCKER_TLS_VERIFY, one port
 * for both Docker endpoints (a warning).  0, or -EINVAL if
 * config->mistakes is not empty, -ENOMEM.  The caller frees with config_free either way.
 */
int config_read(enum program program, char *const *environment, struct config *config);

/* Prints what the program is, and a line for each variable that it reads. */
void config_print_help(enum program program);

/* Wipes and releases. */
void config_free(struct config *config);

/*
 * Overwrites the values of the secret variables in the process's own environment, so that
 * /proc/PID/environ does not show them.
 */
void config_wipe_environment(char **environment);

/*
 * The present value of a secret: the copy from the environment, or its file read anew (one ending
 * newline dropped).  0 with an empty buffer if it is not configured; -errno of the file, -EINVAL
 * for a content that cannot be one (empty, longer than SECRET_MAX_BYTES, control characters), and
 * a line in `why`.  For HTTPS_PROXY also -EINVAL if scheme, host or port differ from
 * config->proxy: the sandbox holds the old port.
 */
int config_secret(const struct config *config, enum secret secret, struct buffer *ret_value,
    struct buffer *why);

/* The file that a secret is read from; NULL if it comes from the environment, or there is none. */
const char *config_secret_file(const struct config *config, enum secret secret);

/*
 * The level in LOG_LEVEL_FILE as it is now, by its name.  0, with an empty buffer if the variable is
 * not set; -errno of the file, -EINVAL for what is no level, and a line in `why`.
 */
int config_level(const struct config *config, struct buffer *ret_level, struct buffer *why);

/*
 * Whether each of these secrets (a mask of SECRET_BIT) could be had now.  0, or -EINVAL with
 * "NAME: why" for each that can't in `why`, joined by "; ".
 */
int config_check_readable(const struct config *config, unsigned secrets, struct buffer *why);

#endif
