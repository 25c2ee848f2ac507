/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See values.h. */
#include "policy/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "policy/landlock.h"
#include "policy/mdwe.h"
#include "version.h"

static gid_t
socket_group(const struct url *url)
{
	struct stat status;

	if (url->scheme != URL_UNIX || stat(url->path, &status) != 0)
		return NO_GROUP;
	return status.st_gid;
}

static bool
setting_is(const struct config *config, enum setting setting, const char *value)
{
	return config->values[setting] != NULL && strcmp(config->values[setting], value) == 0;
}

static void
find_kernel(struct policy_values *values)
{
	struct utsname machine;

	if (uname(&machine) == 0)
		snprintf(values->kernel, sizeof(values->kernel), "%.80s %.40s", machine.release,
		    machine.machine);
	for (char *at = values->kernel; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	values->mdwe = prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0;
}

void
policy_values_find(const struct config *config, struct policy_values *values)
{
	const char *metrics = config->values[SETTING_METRICS_PORT];
	const struct url *master = config->proxy.scheme != URL_NONE ? &config->proxy :
								      &config->master;

	values->ports[PORT_MASTER] = master->port;
	values->program = config->program;
	values->ports[PORT_DOCKER] = config->docker[ENDPOINT_READ].port;
	values->ports[PORT_DOCKER_TUNNEL] = config->docker[ENDPOINT_TUNNEL].port;
	values->ports[PORT_ENGINE] = config->docker[ENDPOINT_ENGINE].port;
	values->ports[PORT_METRICS] = metrics == NULL ? 0 : (uint16_t)strtoul(metrics, NULL, 10);
	values->ports[PORT_DNS] = 53;
	for (enum docker_endpoint at = ENDPOINT_NONE; at < ENDPOINT_COUNT; at++) {
		values->docker_unix[at] = config->docker[at].scheme == URL_UNIX;
		values->docker_gid[at] = socket_group(&config->docker[at]);
	}
	values->ca_file = config->master.scheme == URL_HTTPS ? config->values[SETTING_CA_FILE] :
							       NULL;
	values->worker_folder = WORKER_DIR;
	values->data_folder = config->values[SETTING_DATA_DIR];
	values->run_folder = config->values[SETTING_RUN_DIR];
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		values->secret_files[secret] = config_secret_file(config, secret);
	values->level_file = config->values[SETTING_LOG_LEVEL_FILE];
	values->landlock_abi = landlock_abi();
	find_kernel(values);
	values->log_denied = setting_is(config, SETTING_SANDBOX_LOG, "true");
	values->best_effort = setting_is(config, SETTING_SANDBOX, "best-effort");
}

/* With a uid of its own master-link reads the CA file as that uid. */
static void
check_ca(struct config *config, const struct policy_values *values)
{
	uid_t uid = processes[PROCESS_MASTER_LINK].uid;
	struct stat status;
	mode_t needed;

	if (!values->distinct_uids || values->ca_file == NULL ||
	    stat(values->ca_file, &status) != 0)
		return;
	needed = status.st_uid == uid ? S_IRUSR : status.st_gid == uid ? S_IRGRP : S_IROTH;
	if ((status.st_mode & needed) == 0)
		(void)buffer_printf(&config->mistakes,
		    "DOCKFLARE_CA_FILE: %s can't be read by uid %u (mode %04o); chmod a+r it\n",
		    values->ca_file, uid, status.st_mode & 07777);
}

/* "SANDBOX: this kernel has Landlock ABI 3: TCP ports are not bounded; …" */
static void
warn_of_losses(struct config *config, int abi)
{
	const char *before = ": ";

	if (landlock_losses[LANDLOCK_LOSSES - 1].abi <= abi)
		return;
	if (abi == 0)
		(void)buffer_add_text(&config->warnings, "SANDBOX: this kernel has no Landlock");
	else
		(void)buffer_printf(&config->warnings, "SANDBOX: this kernel has Landlock ABI %d",
		    abi);
	for (size_t at = 0; at < LANDLOCK_LOSSES; at++) {
		if (landlock_losses[at].abi <= abi)
			continue;
		(void)buffer_printf(&config->warnings, "%s%s", before, landlock_losses[at].lost);
		before = "; ";
	}
	(void)buffer_add_text(&config->warnings, "\n");
}

static void
check_floor(struct config *config, const struct policy_values *values)
{
	int abi = values->landlock_abi;

	if (abi == 0 && !values->distinct_uids && !values->best_effort)
		(void)buffer_add_text(&config->mistakes,
		    "SANDBOX: this kernel has no Landlock (or it is off), and all workers would "
		    "share one uid; start the agent as root with SETUID, SETGID and KILL, boot "
		    "with lsm=landlock,…, or accept less with SANDBOX=best-effort\n");
	else
		warn_of_losses(config, abi);
	if (values->best_effort)
		(void)buffer_add_text(&config->warnings,
		    "SANDBOX: best-effort: the agent starts below the floor if it must\n");
}

/* What it was started with and is not meant to have: it does without, or is told apart by nobody. */
static void
check_start(struct config *config, const struct policy_values *values)
{
	if (values->surplus[0] != '\0')
		(void)buffer_printf(&config->warnings,
		    "SANDBOX: started with capabilities that it has no use for, and dropped them: "
		    "%s; start it with cap_drop: [ALL]\n",
		    values->surplus);
	if (values->foreign_uid != 0)
		(void)buffer_printf(&config->warnings,
		    "SANDBOX: runs as uid %u, not %u: whatever else runs as that user is not kept "
		    "apart from it\n",
		    values->foreign_uid, processes[PROCESS_SUPERVISOR].uid);
}

const char *
policy_start_mode(const struct policy_values *values)
{
	if (values->no_new_privs_given)
		return values->distinct_uids ? "distinct uids, no_new_privs set" :
					       "shared uid, no_new_privs set";
	return values->distinct_uids ? "distinct uids" : "shared uid";
}

void
policy_values_check(struct config *config, const struct policy_values *values)
{
	check_ca(config, values);
	check_floor(config, values);
	check_start(config, values);
}
