/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  What single values can't tell: the parts of config_read. */
#ifndef COMMON_CONFIG_CHECK_H
#define COMMON_CONFIG_CHECK_H

#include "common/config.h"

/* One line each, begun with the variable's name. */
void config_mistake(struct config *config, enum setting setting, const char *reason);
void config_warning(struct config *config, enum setting setting, const char *text);

/* Takes the secrets out of the values, tries each file, finds doubles and halves. */
void config_check_secrets(struct config *config);

/* LOG_LEVEL_FILE takes the place of LOG_LEVEL; not both. */
void config_check_level(struct config *config);

/* At most SECRET_MAX_BYTES and a newline of a file, which is dropped.  0, or -errno and a line. */
int config_read_file(const char *path, struct buffer *content, struct buffer *why);

/* Reads the URLs, decides on the proxy, judges plain HTTP and shared ports. */
void config_check_endpoints(struct config *config);

/* Files, and variables that are accepted and not used. */
void config_check_rest(struct config *config);

/* docker-gate: where it listens, and what it stands before. */
void config_check_gate(struct config *config);

/* Whether a master's URL is reached without the proxy (NO_PROXY; NULL: not set). */
bool config_no_proxy(const char *list, const struct url *master);

#endif
