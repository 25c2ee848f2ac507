/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Each file rule of the policies, once where it is and once just beside
 * it, while only the first layer is on; and those that end at `ready` once more after it.  The port
 * rules are in network.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/escape/attempt.h"
#include "tests/escape/rules.h"

#if defined(__x86_64__)
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define LOADER_FOLDER "/lib64"
#define LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6"
#else
#define LOADER "/lib/ld-linux-aarch64.so.1"
#define LOADER_FOLDER "/lib"
#define LIBC "/usr/lib/aarch64-linux-gnu/libc.so.6"
#endif

#define OPEN .call = SYS_openat, .arguments = { AT_FDCWD, ARGUMENT_PATH, O_RDONLY }
#define LINK PROCESS_BIT(PROCESS_MASTER_LINK)
#define FIRST_LAYER .before_filter = true, .layers = LAYER_LANDLOCK, .behind = EACCES
#define ENDED .through_filter = RESOLVER, .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES

static int
open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	return outcome_of(fd);
}

static int
open_self(const struct scene *scene)
{
	return open_file(scene->program);
}

static int
open_neighbour(const struct scene *scene)
{
	return open_file(scene->neighbour);
}

static int
open_certificate(const struct scene *scene)
{
	return open_file(scene->certificate);
}

/* glibc's library is a program that tells its version; here it may only be read. */
static int
execute_library(const struct scene *scene UNUSED)
{
	const char *arguments[] = { LIBC, NULL };
	const char *environment[] = { NULL };

	return outcome_of(syscall(SYS_execve, LIBC, arguments, environment));
}

static const struct attempt attempts[] = {
	{ "rule", "self", "open the worker's program", .act = open_self, FIRST_LAYER,
	    .granted = WORKERS },
	{ "rule", "beside-self", "open a program beside it", .act = open_neighbour, FIRST_LAYER },
	{ "rule", "loader", "open the dynamic loader", .path = LOADER, OPEN, FIRST_LAYER,
	    .granted = WORKERS },
	{ "rule", "beside-loader", "list its folder", .path = LOADER_FOLDER, OPEN, FIRST_LAYER },
	{ "rule", "library", "open a library", .path = LIBC, OPEN, FIRST_LAYER,
	    .granted = WORKERS },
	{ "rule", "execute-library", "start a library", .act = execute_library, FIRST_LAYER },
	{ "rule", "usr-lib", "open a file below /usr/lib", .path = "/usr/lib/os-release", OPEN,
	    FIRST_LAYER, .granted = WORKERS },
	{ "rule", "beside-usr-lib", "open one below /usr/bin", .path = "/usr/bin/env", OPEN,
	    FIRST_LAYER },
	{ "rule", "lib", "open a file below /lib", .path = "/lib/os-release", OPEN, FIRST_LAYER,
	    .granted = WORKERS },
	{ "rule", "beside-lib", "open one below /bin", .path = "/bin/sh", OPEN, FIRST_LAYER },
	{ "rule", "beside-usr-local-lib", "list /usr/local", .path = "/usr/local", OPEN,
	    FIRST_LAYER },
	{ "rule", "ld-so-cache", "open the list of libraries", .path = "/etc/ld.so.cache", OPEN,
	    FIRST_LAYER, .granted = WORKERS },
	{ "rule", "beside-ld-so-cache", "open its configuration", .path = "/etc/ld.so.conf", OPEN,
	    FIRST_LAYER, .only = WORKERS & ~RESOLVER },
	{ "rule", "localtime", "open the time zone", .path = "/etc/localtime", OPEN, FIRST_LAYER,
	    .granted = WORKERS },
	{ "rule", "beside-localtime", "open /etc/hosts", .path = "/etc/hosts", OPEN, FIRST_LAYER,
	    .granted = RESOLVER },
	{ "rule", "ssl", "open OpenSSL's configuration", .path = "/etc/ssl/openssl.cnf", OPEN,
	    FIRST_LAYER, .granted = CONNECTING },
	{ "rule", "beside-ssl", "open /etc/passwd", .path = "/etc/passwd", OPEN, FIRST_LAYER,
	    .granted = RESOLVER },
	{ "rule", "certificate", "open the CA file", .act = open_certificate, FIRST_LAYER,
	    .granted = LINK },
	{ "rule", "beside-certificate", "open a file beside it", .path = "%f/beside.pem", OPEN,
	    FIRST_LAYER },
	/* What stays while running. */
	{ "rule", "etc", "open a file below /etc", .path = "/etc/hosts", OPEN, ENDED,
	    .granted = RESOLVER },
	{ "rule", "beside-etc", "list the root", .path = "/", OPEN, ENDED },
	{ "rule", "list-etc", "list /etc", .path = "/etc", OPEN, ENDED },
	{ "rule", "beside-resolve", "list /run", .path = "/run", OPEN, ENDED },
	{ "rule", "urandom", "open /dev/urandom", .path = "/dev/urandom", OPEN, ENDED,
	    .granted = RESOLVER },
	{ "rule", "beside-urandom", "open /dev/null", .path = "/dev/null", OPEN, ENDED },
	/* What has ended. */
	{ "rule", "ended-self", "open the worker's program, later", .act = open_self, ENDED },
	{ "rule", "ended-library", "open a library, later", .path = LIBC, OPEN, ENDED },
	{ "rule", "ended-certificate", "open the CA file, later", .act = open_certificate, ENDED },
};

const struct attempt_table attempts_rules = { attempts, ARRAY_LEN(attempts) };

/* The file rules that the rows above are about. */
static const char *const tried[] = {
	"@self",
	"@loader",
	"@ca",
	"/usr/lib",
	"/lib",
	"/usr/local/lib",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/etc/ssl",
	"/etc",
	"/run/systemd/resolve",
	"/dev/urandom",
};

static bool
is_tried(const char *path)
{
	for (size_t at = 0; at < ARRAY_LEN(tried); at++)
		if (strcmp(tried[at], path) == 0)
			return true;
	return false;
}

const char *
rule_not_tried(void)
{
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		for (size_t at = 0; policies[process] != NULL && at < policies[process]->file_count;
		     at++)
			if (!is_tried(policies[process]->files[at].path))
				return policies[process]->files[at].path;
	return NULL;
}
