/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor, its child and the workers.  See landlock.h. */
#include "policy/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/attr.h"

/* Newer than Debian 12's header. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
#define RULE_NET_PORT 2

const struct landlock_loss landlock_losses[LANDLOCK_LOSSES] = {
	{ 1, "files and folders are not bounded" },
	{ 2, "files can't be moved between folders at all" },
	{ 3, "truncate(2) is not bounded" },
	{ 4, "TCP ports are not bounded" },
	{ 5, "ioctl on devices is not bounded" },
	{ 6, "signals and abstract unix sockets are not bounded" },
};

/* struct landlock_ruleset_attr as of ABI 6; older kernels take a prefix of it. */
struct ruleset_attributes {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;             /* ABI 6 */
};

struct net_port_attributes {
	uint64_t allowed_access;
	uint64_t port;
};

#define FOLDER_MAX_BYTES 4096

/* All rights that ABI 1 knows: the lowest thirteen bits. */
#define FS_ABI_1 ((1ULL << 13) - 1)

#if defined(__x86_64__)
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#elif defined(__aarch64__)
#define LOADER "/lib/ld-linux-aarch64.so.1"
#else
#error "add the dynamic loader's path of this architecture"
#endif

int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t
handled_fs(int abi)
{
	uint64_t handled = FS_ABI_1;

	if (abi >= 2)
		handled |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		handled |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		handled |= FS_IOCTL_DEV;
	return handled;
}

static int
create_ruleset(int abi, bool first_layer)
{
	struct ruleset_attributes attributes = { .handled_access_fs = handled_fs(abi) };
	size_t size = abi >= 6 ? sizeof(attributes) :
		      abi >= 4 ? offsetof(struct ruleset_attributes, scoped) :
				 offsetof(struct ruleset_attributes, handled_access_net);
	long fd;

	if (abi >= 4 && first_layer)
		attributes.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	fd = syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	return fd < 0 ? -errno : (int)fd;
}

/* ---- rules ---- */

static const uint64_t rights[FILE_ACCESS_COUNT] = {
	[FILE_READ] = LANDLOCK_ACCESS_FS_READ_FILE,
	[FILE_EXECUTE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
	/* And what a name may be taken by is seen and put aside: a folder, a link, a pipe, a socket. */
	[FILE_KEEP] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		      LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
		      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
		      LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
		      LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK,
	[FILE_SOCKET] = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE,
};

/* Allows a path; one that is not there is passed over. */
static int
allow_path(int ruleset, const char *path, enum file_access access)
{
	struct landlock_path_beneath_attr attributes = { .allowed_access = rights[access] };
	int fd _cleanup_close_ = -1;

	if (path == NULL)
		return 0;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	attributes.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0) !=
	    0)
		return -errno;
	return 0;
}

/* The folder of a file: a rule holds an inode, and a file may be replaced by rename. */
static int
allow_folder_of(int ruleset, const char *path, enum file_access access)
{
	char folder[FOLDER_MAX_BYTES];
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL)
		return 0;
	if ((size_t)(slash - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	return allow_path(ruleset, folder[0] == '\0' ? "/" : folder, access);
}

/* The path that a special one stands for; NULL if there is none. */
static const char *
resolve(const char *path, const struct policy_values *values)
{
	if (strcmp(path, "@loader") == 0)
		return LOADER;
	if (values == NULL)
		return NULL;
	if (strcmp(path, "@ca") == 0)
		return values->ca_file;
	if (strcmp(path, "@workers") == 0)
		return values->worker_folder;
	if (strcmp(path, "@data") == 0)
		return values->data_folder;
	if (strcmp(path, "@run") == 0)
		return values->run_folder;
	return strcmp(path, "@self") == 0 ? values->program_path : NULL;
}

static int
add_file(int ruleset, const struct file_rule *rule, const struct policy_values *values)
{
	int error = 0;

	if (rule->path[0] != '@')
		return allow_path(ruleset, rule->path, rule->access);
	if (values != NULL && strcmp(rule->path, "@ca-folder") == 0)
		return allow_folder_of(ruleset, values->ca_file, rule->access);
	if (values != NULL && strcmp(rule->path, "@level") == 0)
		return allow_folder_of(ruleset, values->level_file, rule->access);
	if (values == NULL || strcmp(rule->path, "@secrets") != 0)
		return allow_path(ruleset, resolve(rule->path, values), rule->access);
	for (enum secret secret = 0; secret < SECRET_COUNT && error == 0; secret++)
		error = allow_folder_of(ruleset, values->secret_files[secret], rule->access);
	return error;
}

static int
add_port(int ruleset, uint16_t port)
{
	struct net_port_attributes attributes = { .allowed_access = NET_CONNECT_TCP, .port = port };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &attributes, 0) != 0)
		return -errno;
	return 0;
}

/* How the rules of one policy are added. */
struct adding {
	int ruleset;
	const struct policy_values *values;
	int abi;
	bool first_layer;
};

static int
add_rules(const struct adding *adding, const struct policy *policy)
{
	const struct policy_values *values = adding->values;
	int error = 0;

	for (size_t at = 0; at < policy->file_count && error == 0; at++)
		if (adding->first_layer || policy->files[at].while_running)
			error = add_file(adding->ruleset, &policy->files[at], values);
	for (size_t at = 0; at < policy->port_count && error == 0; at++) {
		uint16_t port = values == NULL ? 0 : values->ports[policy->ports[at].source];

		if (adding->first_layer && adding->abi >= 4 && port != 0)
			error = add_port(adding->ruleset, port);
	}
	return error;
}

static int
add_workers(const struct adding *adding, enum program program)
{
	int error = 0;

	for_each_worker_of(program, process)
		if (error == 0)
			error = add_rules(adding, policies[process]);
	return error;
}

int
landlock_enter(const struct policy *policy, const struct policy_values *values, int abi,
    bool first_layer)
{
	int ruleset _cleanup_close_ = create_ruleset(abi, first_layer);
	struct adding adding = { ruleset, values, abi, first_layer };
	int error;

	if (ruleset < 0)
		return ruleset;
	error = add_rules(&adding, policy);
	if (error == 0 && policy->with_workers)
		error = add_workers(&adding, policy->program);
	if (error != 0)
		return error;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) != 0 ? -errno : 0;
}
