/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See identity.h. */
#include "policy/identity.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/attr.h"
#include "policy/process.h"

static const unsigned kept[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };

/* "chown, net_admin": what is permitted and not kept; libcap-ng must have read it. */
static void
note_surplus(struct policy_values *values)
{
	for (unsigned capability = 0; capability <= (unsigned)CAP_LAST_CAP; capability++) {
		size_t length = strlen(values->surplus);
		bool due = false;

		for (size_t at = 0; at < ARRAY_LEN(kept); at++)
			due = due || (values->distinct_uids && kept[at] == capability);
		if (!due && capng_have_capability(CAPNG_PERMITTED, capability))
			snprintf(values->surplus + length, sizeof(values->surplus) - length, "%s%s",
			    length > 0 ? ", " : "", capng_capability_to_name(capability));
	}
}

static bool
has_kept(void)
{
	for (size_t at = 0; at < ARRAY_LEN(kept); at++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, kept[at]))
			return false;
	return true;
}

static int
become_supervisor(struct buffer *why)
{
	uid_t uid = processes[PROCESS_SUPERVISOR].uid;

	if (!has_kept()) {
		(void)buffer_add_text(why,
		    "started as uid 0 without CAP_SETUID, CAP_SETGID and CAP_KILL; give it these "
		    "three (cap_add: [SETUID, SETGID, KILL]), or start it as another user (user: "
		    "\"65532:65532\")");
		return -EPERM;
	}
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t at = 0; at < ARRAY_LEN(kept); at++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[at]);
	if (capng_change_id((int)uid, (int)uid, CAPNG_DROP_SUPP_GRP) != 0) {
		(void)buffer_printf(why, "can't become uid %u: %s", uid, strerror(errno));
		return -EPERM;
	}
	return 0;
}

static int
drop_everything(struct buffer *why)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
	    capng_apply(CAPNG_SELECT_CAPS) != 0) {
		(void)buffer_add_text(why, "can't drop its capabilities");
		return -EPERM;
	}
	return 0;
}

int
identity_take(struct policy_values *values, struct buffer *why)
{
	int error;

	values->distinct_uids = geteuid() == 0;
	values->no_new_privs_given = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	if (capng_get_caps_process() != 0) {
		(void)buffer_add_text(why,
		    "its capabilities can't be read: /proc can't be read; mount it");
		return -EPERM;
	}
	note_surplus(values);
	error = values->distinct_uids ? become_supervisor(why) : drop_everything(why);
	if (error != 0)
		return error;
	if (geteuid() == 0 || getuid() == 0 || getegid() == 0) {
		(void)buffer_add_text(why, "still has uid or gid 0; start it as 65532:65532");
		return -EPERM;
	}
	if (geteuid() != processes[PROCESS_SUPERVISOR].uid)
		values->foreign_uid = geteuid();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
		(void)buffer_printf(why, "can't set no_new_privs: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}
