/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The archive of one small file, which is what Docker's archive calls bring and take
 * (POSIX.1-2017, pax, "ustar Interchange Format").
 */
#ifndef GATE_ENGINE_TAR_H
#define GATE_ENGINE_TAR_H

#include "common/buffer.h"
#include "common/json_check.h"

/* The group may read it, and nobody but root change it. */
#define TAR_FILE_MODE 0440

/*
 * Appends an archive of one file to a secret buffer.  `name` has at most 99 bytes, no slash;
 * the file is root's, and of the group `gid`.  0, -EINVAL, -EMSGSIZE, -ENOMEM.
 */
int tar_write(struct buffer *out, const char *name, unsigned gid, struct slice content);

/*
 * Finds the content of the one regular file `name`; pax headers before it are passed over.  0, or
 * -EBADMSG for anything else: a link, a second file, a wrong checksum, a length beyond the archive.
 */
int tar_read(struct slice archive, const char *name, struct slice *ret_content);

#endif
