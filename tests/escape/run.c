/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * escape-run: attacks the sandbox of every worker from inside.  Takes the supervisor's part, in
 * either start mode, with the supervisor's own code: what is attacked is the real sandbox.  Prints a
 * line of JSON for each attempt, process and selection of layers; tests/integration/test_escape.py
 * judges them.
 *
 *   escape-run --folder DIR [--sandbox] [--layers] [--control] [--every] [--attempt NAME]
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "policy/identity.h"
#include "tests/escape/launch.h"
#include "tests/escape/report.h"
#include "tests/escape/rules.h"
#include "tests/escape/stage.h"

struct options {
	const char *folder;
	const char *attempt; /* only this one; NULL: all */
	bool sandbox;        /* with all layers */
	bool layers;         /* with one layer left out, where an attempt has two or more */
	bool control;        /* with none */
	bool every;          /* these two for every process, instead of in turn */
};

static bool
read_flag(int option, struct options *options)
{
	switch (option) {
	case 's':
		return options->sandbox = true;
	case 'l':
		return options->layers = true;
	case 'c':
		return options->control = true;
	case 'e':
		return options->every = true;
	default:
		return false;
	}
}

static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "folder", required_argument, NULL, 'f' },
		{ "attempt", required_argument, NULL, 'a' },
		{ "sandbox", no_argument, NULL, 's' },
		{ "layers", no_argument, NULL, 'l' },
		{ "control", no_argument, NULL, 'c' },
		{ "every", no_argument, NULL, 'e' },
		/* The neighbour that attempts try to start. */
		{ "succeed", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'x')
			exit(0);
		if (option == 'f')
			options->folder = optarg;
		else if (option == 'a')
			options->attempt = optarg;
		else if (!read_flag(option, options))
			return EX_USAGE;
	}
	return options->folder == NULL || optind < argc ? EX_USAGE : 0;
}

/* gate-tunnel may do what gate-read may (the unit test policy_tables): it would only take time. */
static const enum process attacked[] = {
	PROCESS_MASTER_LINK,
	PROCESS_DOCKER_WATCHER,
	PROCESS_TUNNEL_KEEPER,
	PROCESS_GATE_ENGINE,
	PROCESS_GATE_READ,
	PROCESS_NAME_RESOLVER,
};
_Static_assert(ARRAY_LEN(attacked) == PROCESS_COUNT - 3,
    "all but the supervisors, agentctl and gate-tunnel");

static bool
passes_filter(const struct attempt *attempt, enum process process)
{
	return (attempt->through_filter & PROCESS_BIT(process)) != 0;
}

/*
 * Without a layer the processes differ little, and starting them takes time: attempts go to them in
 * turn.  A process whose filter treats one otherwise than most, such as name-resolver's the opening of
 * files and a front's the making of sockets, gets it in any case.
 */
static bool
is_turn(const struct round *round, const struct attempt *attempt, size_t number)
{
	enum process process = round->scene.process;

	if (attempt->only != 0)
		return true;
	if (!round->control &&
	    passes_filter(attempt, process) != passes_filter(attempt, PROCESS_MASTER_LINK))
		return true;
	return attacked[number % ARRAY_LEN(attacked)] == process;
}

/* Whether the round with these layers left out is about this attempt. */
static bool
is_due(const struct round *round, const struct attempt *attempt, size_t number,
    const struct options *options)
{
	const struct scene *scene = &round->scene;
	unsigned layers = attempt_layers(attempt, scene->process, round->values.distinct_uids);
	unsigned without = round->values.without;

	if (!attempt_applies(attempt, scene->process, scene->unix_socket))
		return false;
	if (options->attempt != NULL && strcmp(options->attempt, attempt->name) != 0)
		return false;
	if (without == 0)
		return true;
	if (!options->every && !is_turn(round, attempt, number))
		return false;
	if (round->control)
		return true;
	return (layers & without) != 0 && (layers & ~without) != 0 &&
	       !attempt_is_granted(attempt, scene->process) &&
	       !attempt_is_open(attempt, scene->process, scene->unix_socket);
}

/* One process of the sandbox's tests is a supervisor with its workers; it ends with its round. */
static _Noreturn void
run_round(struct round *round, const struct options *options)
{
	const struct attempt *attempt;
	const char *step = "";
	int error = round_begin(round, &step);

	if (error != 0) {
		fprintf(stderr, "escape-run: %s: %s\n", step, strerror(-error));
		_exit(EX_OSERR);
	}
	for (size_t number = 0; (attempt = attempt_at(number)) != NULL; number++) {
		struct result result;

		if (!is_due(round, attempt, number, options))
			continue;
		round_attempt(round, attempt, number, &result);
		report(round, attempt, &result);
	}
	round_end(round);
	fflush(stdout);
	_exit(0);
}

static enum program
program_of(enum process process)
{
	return (PROCESS_BIT(process) & PROCESS_GATE_WORKERS) != 0 ? PROGRAM_GATE : PROGRAM_AGENT;
}

static int
start_round(const struct round *given, enum process process, unsigned without, bool unix_socket,
    const struct options *options)
{
	struct round round = *given;
	int status = 0;
	pid_t pid;

	round.values.program = program_of(process);
	round.scene.process = process;
	round.scene.unix_socket = unix_socket;
	round.values.docker_unix[processes[process].docker] = unix_socket;
	round.values.without = without;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_round(&round, options);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

static int
run_process(const struct round *round, enum process process, const struct options *options)
{
	int status = 0;

	if (options->sandbox)
		status = start_round(round, process, 0, false, options);
	if (status == 0 && options->sandbox && processes[process].docker != ENDPOINT_NONE)
		status = start_round(round, process, 0, true, options);
	for (unsigned layer = 1; options->layers && status == 0 && layer < LAYERS_ALL; layer <<= 1)
		if (layer != LAYER_UID || round->values.distinct_uids)
			status = start_round(round, process, layer, false, options);
	if (status == 0 && options->control)
		status = start_round(round, process, LAYERS_ALL, false, options);
	return status;
}

/* The probe is beside this program. */
static int
find_programs(struct scene *scene)
{
	ssize_t length = readlink("/proc/self/exe", scene->neighbour, sizeof(scene->neighbour) - 1);
	char *slash;

	if (length < 0)
		return -errno;
	scene->neighbour[length] = '\0';
	slash = strrchr(scene->neighbour, '/');
	if (slash == NULL)
		return -ENOENT;
	snprintf(scene->program, sizeof(scene->program), "%.*s/escape-probe",
	    (int)(slash - scene->neighbour), scene->neighbour);
	return access(scene->program, X_OK) != 0 ? -errno : 0;
}

int
main(int argc, char **argv)
{
	static struct round round;
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	struct options options = { NULL };
	int status = read_options(argc, argv, &options), error;

	if (status != 0)
		return status;
	if (rule_not_tried() != NULL) {
		fprintf(stderr, "escape-run: rules.c has no row for %s\n", rule_not_tried());
		return EX_SOFTWARE;
	}
	snprintf(round.scene.folder, sizeof(round.scene.folder), "%s", options.folder);
	error = find_programs(&round.scene);
	if (error == 0 && identity_take(&round.values, &why) != 0) {
		fprintf(stderr, "escape-run: %s\n", why.bytes);
		return EX_CONFIG;
	}
	if (error == 0)
		error = stage_build(&round.scene);
	if (error != 0) {
		fprintf(stderr, "escape-run: %s: %s\n", options.folder, strerror(-error));
		return EX_OSERR;
	}
	round.values.landlock_abi = landlock_abi();
	for (enum docker_endpoint at = ENDPOINT_NONE; at < ENDPOINT_COUNT; at++)
		round.values.docker_gid[at] = NO_GROUP;
	/* The control run signals every process of its uid: not with the other mode's signal. */
	round.scene.signal = round.values.distinct_uids ? SIGURG : SIGWINCH;
	round.scene.fd = -1;
	for (size_t at = 0; at < ARRAY_LEN(attacked) && status == 0; at++)
		status = run_process(&round, attacked[at], &options);
	return status;
}
