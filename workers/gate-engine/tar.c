/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  Archives of one file: see tar.h. */
#include "workers/gate-engine/tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)512)

/* The header block.  Numbers are octal digits, ended by a NUL or a blank. */
struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char owner[32];
	char group[32];
	char device[16];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct header) == BLOCK_BYTES, "a block");

/* The sum of all bytes, the checksum's own taken as blanks. */
static unsigned
sum_of(const struct header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t from = offsetof(struct header, checksum);
	unsigned sum = 0;

	for (size_t at = 0; at < BLOCK_BYTES; at++)
		sum += at >= from && at < from + sizeof(header->checksum) ? ' ' : bytes[at];
	return sum;
}

/* ---- writing ---- */

int
tar_write(struct buffer *out, const char *name, unsigned gid, struct slice content)
{
	static const char zeros[2 * BLOCK_BYTES];
	struct header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	size_t padding = (BLOCK_BYTES - content.length % BLOCK_BYTES) % BLOCK_BYTES;
	int error;

	if (strlen(name) >= sizeof(header.name) || strchr(name, '/') != NULL || gid > 07777777 ||
	    content.length > 0777777)
		return -EINVAL;
	(void)snprintf(header.name, sizeof(header.name), "%s", name);
	(void)snprintf(header.mode, sizeof(header.mode), "%07o", TAR_FILE_MODE);
	(void)snprintf(header.uid, sizeof(header.uid), "%07o", 0U);
	(void)snprintf(header.gid, sizeof(header.gid), "%07o", gid);
	(void)snprintf(header.size, sizeof(header.size), "%011o", (unsigned)content.length);
	(void)snprintf(header.mtime, sizeof(header.mtime), "%011o", 0U);
	(void)snprintf(header.checksum, sizeof(header.checksum), "%06o", sum_of(&header));
	header.checksum[7] = ' ';
	error = buffer_add(out, &header, sizeof(header));
	if (error == 0)
		error = buffer_add(out, content.bytes, content.length);
	if (error == 0)
		error = buffer_add(out, zeros, padding);
	/* Two blocks of zeros end it. */
	return error == 0 ? buffer_add(out, zeros, sizeof(zeros)) : error;
}

/* ---- reading ---- */

/* The value of octal digits, which a NUL or a blank ends; SIZE_MAX if it is none. */
static size_t
number_of(const char *digits, size_t length)
{
	size_t number = 0, at = 0;

	while (at < length && digits[at] >= '0' && digits[at] <= '7' && at < 11)
		number = number * 8 + (size_t)(digits[at++] - '0');
	return at > 0 && at < length && (digits[at] == '\0' || digits[at] == ' ') ? number :
										    SIZE_MAX;
}

static bool
is_zero(struct slice rest)
{
	for (size_t at = 0; at < rest.length; at++)
		if (rest.bytes[at] != '\0')
			return false;
	return true;
}

/* Cuts the next member off the archive.  False if it is none, or longer than the archive. */
static bool
next_member(struct slice *archive, struct header *ret_header, struct slice *ret_content)
{
	size_t length, whole;

	if (archive->length < BLOCK_BYTES)
		return false;
	memcpy(ret_header, archive->bytes, BLOCK_BYTES);
	archive->bytes += BLOCK_BYTES;
	archive->length -= BLOCK_BYTES;
	length = number_of(ret_header->size, sizeof(ret_header->size));
	if (number_of(ret_header->checksum, sizeof(ret_header->checksum)) != sum_of(ret_header) ||
	    length > archive->length)
		return false;
	whole = (length + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	if (whole > archive->length)
		return false;
	*ret_content = (struct slice){ .bytes = archive->bytes, .length = length };
	archive->bytes += whole;
	archive->length -= whole;
	return true;
}

int
tar_read(struct slice archive, const char *name, struct slice *ret_content)
{
	struct header header;
	struct slice content;

	do {
		if (!next_member(&archive, &header, &content))
			return -EBADMSG;
	} while (header.type == 'x' || header.type == 'g');
	if ((header.type != '0' && header.type != '\0') ||
	    strnlen(header.name, sizeof(header.name)) != strlen(name) ||
	    strncmp(header.name, name, sizeof(header.name)) != 0 || header.prefix[0] != '\0' ||
	    !is_zero(archive))
		return -EBADMSG;
	*ret_content = content;
	return 0;
}
