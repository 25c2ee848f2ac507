/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor and gate-front.  See admission.h. */
#include "common/admission.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS ", \t"
#define ENTRY_MAX_BYTES 64
#define UID_MARK "uid:"

static int
refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static int
take_uid(const char *digits, struct admission *admission, const char **ret_why)
{
	size_t length = strlen(digits);
	unsigned long uid;

	if (length == 0 || length > 10 || strspn(digits, "0123456789") != length)
		return refuse(ret_why, "has an entry uid:N whose N is no number");
	uid = strtoul(digits, NULL, 10);
	if (uid >= UINT32_MAX)
		return refuse(ret_why, "has an entry uid:N whose N is too large");
	if (admission->uid_count == ADMITTED_UIDS_MAX)
		return refuse(ret_why, "has more than 16 user ids");
	admission->uids[admission->uid_count++] = (uid_t)uid;
	return 0;
}

static int
take_network(const char *entry, struct admission *admission, const char **ret_why)
{
	struct networks one;
	int error = networks_parse(entry, &one, ret_why);

	if (error != 0)
		return error;
	if (admission->networks.count == NETWORKS_MAX)
		return refuse(ret_why, "has too many entries");
	admission->networks.items[admission->networks.count++] = one.items[0];
	return 0;
}

int
admission_parse(const char *text, struct admission *ret_admission, const char **ret_why)
{
	int error = 0;

	*ret_admission = (struct admission){ 0 };
	for (text += strspn(text, BLANKS); *text != '\0' && error == 0;
	     text += strspn(text, BLANKS)) {
		size_t length = strcspn(text, BLANKS);
		char entry[ENTRY_MAX_BYTES + 1];

		if (length > ENTRY_MAX_BYTES)
			return refuse(ret_why, "has an entry that is too long");
		memcpy(entry, text, length);
		entry[length] = '\0';
		text += length;
		error = strncmp(entry, UID_MARK, strlen(UID_MARK)) == 0 ?
			    take_uid(entry + strlen(UID_MARK), ret_admission, ret_why) :
			    take_network(entry, ret_admission, ret_why);
	}
	if (error == 0 && ret_admission->networks.count + ret_admission->uid_count == 0)
		return refuse(ret_why, "has no entry");
	return error;
}

bool
admission_takes_address(const struct admission *admission, const struct address *address)
{
	return address_good_for_docker(address, &admission->networks);
}

bool
admission_takes_uid(const struct admission *admission, uid_t uid)
{
	for (size_t at = 0; at < admission->uid_count; at++)
		if (admission->uids[at] == uid)
			return true;
	return false;
}
