/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor.  The checks that the table of settings refers to: see setting.h. */
#ifndef COMMON_SETTING_VALUE_H
#define COMMON_SETTING_VALUE_H

#include <stdbool.h>

#include "common/buffer.h"

/* Adds the reason; -EINVAL. */
int setting_refuse(struct buffer *why, const char *reason);

/* Whether the byte is an ASCII letter, a digit, or one of `others`. */
bool setting_byte_is(char byte, const char *others);

/* Each: 0 with the normalised value appended to `out`, or -EINVAL with a reason in `why`. */
typedef int setting_check(const char *raw, struct buffer *out, struct buffer *why);

setting_check value_master_url, value_docker_url, value_proxy_url, value_secret, value_path,
    value_no_proxy, value_display_name, value_log_level, value_log_format, value_zone,
    value_duration, value_creates, value_port, value_network_name, value_image, value_on_exit,
    value_allowed_tunnels, value_label_prefix, value_networks, value_boolean, value_sandbox,
    value_any, value_engine_url, value_listen_url, value_peers, value_images, value_token_in,
    value_mebibytes;

#endif
