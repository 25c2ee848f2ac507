/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor.  The settings that are comma-separated lists: see setting_value.h. */
#include <errno.h>
#include <string.h>

#include "common/address.h"
#include "common/admission.h"
#include "common/image.h"
#include "common/setting_value.h"

#define ACCOUNT_DIGITS 32
#define TUNNEL_ID_MAX_BYTES 64
#define ENTRY_MAX_BYTES 255

/* The next entry between commas and blanks; its length, 0 at the end.  `*at` moves behind it. */
static size_t
next_entry(const char **at, const char **ret_start)
{
	size_t length;

	*at += strspn(*at, ", \t");
	*ret_start = *at;
	length = strcspn(*at, ", \t");
	*at += length;
	return length;
}

/* Blanks only stand around entries, and a tab would make a value that no frame may hold. */
int
value_networks(const char *raw, struct buffer *out, struct buffer *why)
{
	struct networks networks;
	const char *at = raw, *start, *reason;
	size_t length;

	if (networks_parse(raw, &networks, &reason) != 0)
		return setting_refuse(why, reason);
	/* Without blanks: a tab would not pass the frame `config`. */
	while ((length = next_entry(&at, &start)) > 0)
		if ((out->length > 0 && buffer_add_text(out, ",") != 0) ||
		    buffer_add(out, start, length) != 0)
			return -ENOMEM;
	return 0;
}

/* GATE_READ_PEERS, GATE_TUNNEL_PEERS. */
int
value_peers(const char *raw, struct buffer *out, struct buffer *why)
{
	struct admission admission;
	const char *at = raw, *start, *reason;
	size_t length;

	if (admission_parse(raw, &admission, &reason) != 0) {
		(void)buffer_add_text(why, reason);
		return setting_refuse(why, "; use a comma-separated list of networks and uid:N");
	}
	while ((length = next_entry(&at, &start)) > 0)
		if ((out->length > 0 && buffer_add_text(out, ",") != 0) ||
		    buffer_add(out, start, length) != 0)
			return -ENOMEM;
	return 0;
}

/* GATE_IMAGES: each as CLOUDFLARED_IMAGE is, which is one more of them. */
int
value_images(const char *raw, struct buffer *out, struct buffer *why)
{
	const char *at = raw, *start;
	char entry[ENTRY_MAX_BYTES * 2 + 1];
	size_t length, count = 1;

	while ((length = next_entry(&at, &start)) > 0) {
		if (++count > IMAGES_MAX) {
			(void)buffer_printf(why, "has more than %d images", IMAGES_MAX - 1);
			return -EINVAL;
		}
		if (length >= sizeof(entry))
			return setting_refuse(why, "has an entry that is too long");
		memcpy(entry, start, length);
		entry[length] = '\0';
		if (out->length > 0 && buffer_add_text(out, ",") != 0)
			return -ENOMEM;
		if (value_image(entry, out, why) != 0)
			return -EINVAL;
	}
	return out->length > 0 ? 0 : setting_refuse(why, "has no entry");
}

/* A host, .domain or address; what has a slash must be a network. */
static int
check_no_proxy_entry(const char *start, size_t length, struct buffer *why)
{
	struct networks networks;
	char entry[ENTRY_MAX_BYTES + 1];
	const char *reason;

	if (length > ENTRY_MAX_BYTES)
		return setting_refuse(why, "has an entry that is too long");
	memcpy(entry, start, length);
	entry[length] = '\0';
	for (size_t at = 0; at < length; at++)
		if (!setting_byte_is(entry[at], ".:/*_-[]"))
			return setting_refuse(why,
			    "is not a comma-separated list of hosts and networks");
	if (strchr(entry, '/') != NULL && networks_parse(entry, &networks, &reason) != 0)
		return setting_refuse(why, reason);
	return 0;
}

int
value_no_proxy(const char *raw, struct buffer *out, struct buffer *why)
{
	const char *at = raw, *start;
	size_t length;

	while ((length = next_entry(&at, &start)) > 0)
		if (check_no_proxy_entry(start, length, why) != 0)
			return -EINVAL;
	return buffer_add_text(out, raw);
}

/* An account id, or ACCOUNT/TUNNEL (Cloudflare: 32 hex digits; a UUID, or what it makes of it). */
static bool
is_tunnel_entry(const char *start, size_t length)
{
	if (length < ACCOUNT_DIGITS || strspn(start, "0123456789abcdefABCDEF") != ACCOUNT_DIGITS)
		return false;
	if (length == ACCOUNT_DIGITS)
		return true;
	if (start[ACCOUNT_DIGITS] != '/' || length == ACCOUNT_DIGITS + 1 ||
	    length > ACCOUNT_DIGITS + 1 + TUNNEL_ID_MAX_BYTES)
		return false;
	for (size_t at = ACCOUNT_DIGITS + 1; at < length; at++)
		if (!setting_byte_is(start[at], "-"))
			return false;
	return true;
}

/* Ids are compared as lower case: appends the entry so. */
static int
add_lower(struct buffer *out, const char *start, size_t length)
{
	for (size_t at = 0; at < length; at++) {
		char byte = start[at];

		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte - 'A' + 'a');
		if (buffer_add(out, &byte, 1) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
value_allowed_tunnels(const char *raw, struct buffer *out, struct buffer *why)
{
	const char *at = raw, *start;
	size_t length;

	while ((length = next_entry(&at, &start)) > 0) {
		if (!is_tunnel_entry(start, length))
			return setting_refuse(why, "is not a comma-separated list of ACCOUNT (32 "
						   "hexadecimal digits) or ACCOUNT/TUNNEL ids");
		if ((out->length > 0 && buffer_add_text(out, ",") != 0) ||
		    add_lower(out, start, length) != 0)
			return -ENOMEM;
	}
	return out->length > 0 ? 0 : setting_refuse(why, "has no entry");
}
