/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  The policies' words for people: --print-policy and docs/security.md. */
#ifndef POLICY_TEXTS_H
#define POLICY_TEXTS_H

#include "policy/policy.h"

extern const char *const condition_texts[CONDITION_COUNT];
extern const char *const port_texts[PORT_SOURCE_COUNT];
extern const char *const access_texts[FILE_ACCESS_COUNT];

struct special_path {
	const char *name;
	const char *text;
};

#define SPECIAL_PATHS 9
extern const struct special_path special_paths[SPECIAL_PATHS];

/* The path's text if it is a special one, else the path itself. */
const char *path_text(const char *path);

/* "RLIMIT_CORE" for RLIMIT_CORE, …; "?" for a limit that no policy has. */
const char *limit_name(int resource);

#endif
