/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See identity.h. */
#include "policy/identity.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/attr.h"
#include "policy/process.h"

static const unsigned kept[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };

static bool
has_kept(void)
{
	if (capng_get_caps_process() != 0)
		return false;
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
identity_take(bool *ret_distinct, struct buffer *why)
{
	int error;

	*ret_distinct = geteuid() == 0;
	error = *ret_distinct ? become_supervisor(why) : drop_everything(why);
	if (error != 0)
		return error;
	if (geteuid() == 0 || getuid() == 0 || getegid() == 0) {
		(void)buffer_add_text(why, "still has uid or gid 0; start it as 65532:65532");
		return -EPERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
		(void)buffer_printf(why, "can't set no_new_privs: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}
