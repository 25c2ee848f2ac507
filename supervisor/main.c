/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's start: options, identity, configuration, the floor of the sandbox.  Nothing is
 * started while there is a mistake; all of them are listed at once.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "supervisor/identity.h"
#include "supervisor/log_out.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"
#include "version.h"

/* ---- options ---- */

static void
print_help(void)
{
	printf("Usage: dockflare-agent [--check-config | --version | --help]\n\n"
	       "Runs the DockFlare agent. It is configured by environment variables:\n\n");
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (!settings[setting].derived)
			printf("  %-28s %s\n", settings[setting].name, settings[setting].help);
}

struct options {
	bool check_only;
};

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "check-config", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return EXIT_SUCCESS;
		}
		if (option == 'v') {
			printf("dockflare-agent %s\n", AGENT_VERSION);
			return EXIT_SUCCESS;
		}
		if (option != 'c')
			return EX_USAGE;
		options->check_only = true;
	}
	return optind < argc ? EX_USAGE : -1;
}

/* ---- what the workers' policies need to know ---- */

static gid_t
socket_group(const struct url *url)
{
	struct stat status;

	if (url->scheme != URL_UNIX || stat(url->path, &status) != 0)
		return NO_GROUP;
	return status.st_gid;
}

static void
find_values(struct supervisor *supervisor)
{
	const struct config *config = supervisor->config;
	struct policy_values *values = &supervisor->values;
	const struct url *master = config->proxy.scheme != URL_NONE ? &config->proxy :
								      &config->master;

	values->ports[PORT_MASTER] = master->port;
	values->ports[PORT_DOCKER] = config->docker.port;
	values->ports[PORT_DOCKER_TUNNEL] = config->docker_tunnel.port;
	values->ports[PORT_METRICS] = (uint16_t)strtoul(config->values[SETTING_METRICS_PORT], NULL,
	    10);
	values->ports[PORT_DNS] = 53;
	values->docker_unix = config->docker.scheme == URL_UNIX;
	values->docker_tunnel_unix = config->docker_tunnel.scheme == URL_UNIX;
	values->docker_gid = socket_group(&config->docker);
	values->docker_tunnel_gid = socket_group(&config->docker_tunnel);
	values->ca_file = config->master.scheme == URL_HTTPS ? config->values[SETTING_CA_FILE] :
							       NULL;
	values->landlock_abi = landlock_abi();
	values->best_effort = strcmp(config->values[SETTING_SANDBOX], "best-effort") == 0;
}

/* ---- checks beyond single variables ---- */

/* With a uid of its own master-link reads the CA file as that uid. */
static void
check_ca(struct supervisor *supervisor)
{
	const char *path = supervisor->values.ca_file;
	uid_t uid = processes[PROCESS_MASTER_LINK].uid;
	struct stat status;

	if (!supervisor->values.distinct_uids || path == NULL || stat(path, &status) != 0)
		return;
	if ((status.st_mode & S_IROTH) == 0 && status.st_uid != uid && status.st_gid != uid)
		(void)buffer_printf(&supervisor->config->mistakes,
		    "DOCKFLARE_CA_FILE: %s can't be read by uid %u (mode %04o); chmod o+r it\n",
		    path, uid, status.st_mode & 07777);
}

/* The floor: seccomp and no_new_privs always, and distinct uids or Landlock. */
static void
check_floor(struct supervisor *supervisor)
{
	struct config *config = supervisor->config;
	int abi = supervisor->values.landlock_abi;

	if (abi == 0 && !supervisor->values.distinct_uids && !supervisor->values.best_effort)
		(void)buffer_add_text(&config->mistakes,
		    "SANDBOX: this kernel has no Landlock (or it is off), and all workers would "
		    "share one uid; start the agent as root with SETUID, SETGID and KILL, boot "
		    "with lsm=landlock,…, or accept less with SANDBOX=best-effort\n");
	else if (abi == 0)
		(void)buffer_add_text(&config->warnings,
		    "SANDBOX: this kernel has no Landlock: files and TCP ports are not bounded\n");
	else if (abi < 4)
		(void)buffer_printf(&config->warnings,
		    "SANDBOX: Landlock ABI %d does not bound TCP ports (4 does)\n", abi);
	else if (abi < 6)
		(void)buffer_printf(&config->warnings,
		    "SANDBOX: Landlock ABI %d does not bound signals and abstract sockets (6 "
		    "does)\n",
		    abi);
	if (supervisor->values.best_effort)
		(void)buffer_add_text(&config->warnings,
		    "SANDBOX: best-effort: the agent starts below the floor if it must\n");
}

static void
check_folder(struct supervisor *supervisor)
{
	struct buffer why _cleanup_buffer_ = BUFFER(2048);
	const char *path = supervisor->config->values[SETTING_DATA_DIR];

	if (path == NULL)
		return;
	supervisor->data_fd = state_folder_open(path, &why);
	if (supervisor->data_fd < 0)
		(void)buffer_printf(&supervisor->config->mistakes, "AGENT_DATA_DIR: %s\n",
		    why.bytes);
}

/* ---- start ---- */

static void
say_lines(enum log_level level, const struct buffer *lines)
{
	const char *at = lines->bytes;

	while (at != NULL && *at != '\0') {
		int length = (int)strcspn(at, "\n");

		say(level, "%.*s", length, at);
		at += length + (at[length] == '\n' ? 1 : 0);
	}
}

static void
set_log(const struct config *config)
{
	const char *wanted = config->values[SETTING_LOG_LEVEL];

	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++)
		if (wanted != NULL && strcmp(wanted, log_level_names[level]) == 0)
			log_out_level(level);
	setenv("TZ", config->values[SETTING_TZ] != NULL ? config->values[SETTING_TZ] : "UTC", 1);
	tzset();
}

static int
open_signals(void)
{
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	sigaddset(&taken, SIGCHLD);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Reads and checks everything.  0, or the exit status with every mistake told. */
static int
prepare(struct supervisor *supervisor)
{
	struct config *config = supervisor->config;
	int error = config_read(environ, config);

	config_wipe_environment(environ);
	set_log(config);
	if (config->values[SETTING_SANDBOX] != NULL && config->values[SETTING_METRICS_PORT] != NULL)
		find_values(supervisor);
	check_ca(supervisor);
	check_floor(supervisor);
	check_folder(supervisor);
	if (error == 0 && config->mistakes.length == 0)
		return 0;
	say_lines(LOG_LEVEL_CRITICAL, &config->mistakes);
	say(LOG_LEVEL_CRITICAL, "the configuration has mistakes (above); nothing was started");
	log_out_flush();
	return EX_CONFIG;
}

static int
run(struct supervisor *supervisor)
{
	int filters = policy_own_filters();

	if (filters < 0) {
		say(LOG_LEVEL_CRITICAL,
		    "/proc can't be read (%s); the agent needs it to check its "
		    "workers: mount it",
		    strerror(-filters));
		log_out_flush();
		return EX_CONFIG;
	}
	supervisor->own_filters = (unsigned)filters;
	supervisor->signal_fd = open_signals();
	supervisor->started_ms = clock_ms();
	say_lines(LOG_LEVEL_WARNING, &supervisor->config->warnings);
	say(LOG_LEVEL_INFO, "started, version %s (%s, Landlock ABI %d)", AGENT_VERSION,
	    supervisor->values.distinct_uids ? "distinct uids" : "shared uid",
	    supervisor->values.landlock_abi);
	status_open(supervisor);
	return supervisor_run(supervisor);
}

int
main(int argc, char **argv)
{
	static struct supervisor supervisor;
	static struct config config;
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	struct options options = { false };
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	supervisor.config = &config;
	supervisor.data_fd = -1;
	supervisor.values.docker_gid = supervisor.values.docker_tunnel_gid = NO_GROUP;
	if (identity_take(&supervisor.values.distinct_uids, &why) != 0) {
		say(LOG_LEVEL_CRITICAL, "%s", why.bytes);
		return EX_CONFIG;
	}
	status = prepare(&supervisor);
	if (status == 0 && options.check_only)
		printf("the configuration is good\n");
	else if (status == 0)
		status = run(&supervisor);
	config_free(&config);
	return status;
}
