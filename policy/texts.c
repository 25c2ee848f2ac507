/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See texts.h. */
#include "policy/texts.h"

#include <string.h>
#include <sys/resource.h>

#include "common/attr.h"

const char *const condition_texts[CONDITION_COUNT] = {
	[CONDITION_NONE] = "-",
	[CONDITION_TCP] = "IPv4 or IPv6, stream, protocol 0 or TCP",
	[CONDITION_TCP_UDP] = ("IPv4 or IPv6; stream with protocol 0 or TCP, or datagram with "
			       "protocol 0 or UDP"),
	[CONDITION_DOCKER] = ("IPv4 or IPv6, stream, protocol 0 or TCP; where the endpoint is "
			      "unix://, a unix stream in their place"),
	[CONDITION_TCP_DOCKER] =
	    ("IPv4 or IPv6, stream, protocol 0 or TCP; a unix stream too where "
	     "the endpoint is unix://"),
	[CONDITION_UNIX_PAIR] = "unix stream",
	[CONDITION_SET_OPTION] =
	    "TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT",
	[CONDITION_GET_OPTION] = "SO_ERROR",
	[CONDITION_SERVE_SET_OPTION] = ("TCP_NODELAY, TCP_CORK, SO_KEEPALIVE, TCP_KEEPIDLE, "
					"TCP_KEEPINTVL, TCP_KEEPCNT"),
	[CONDITION_SERVE_GET_OPTION] = "SO_PEERCRED",
	[CONDITION_SEND_FLAGS] = "no address; no flag but MSG_NOSIGNAL, MSG_DONTWAIT",
	[CONDITION_SEND_ANY_ADDRESS] = "no flag but MSG_NOSIGNAL, MSG_DONTWAIT",
	[CONDITION_MESSAGE_FLAGS] = "no flag but MSG_NOSIGNAL, MSG_DONTWAIT, MSG_CMSG_CLOEXEC",
	[CONDITION_NOT_EXECUTABLE] = "never executable",
	[CONDITION_PRIVATE_MEMORY] = "never executable, never shared, never a stack",
	[CONDITION_FCNTL] = "F_GETFD, F_SETFD, F_GETFL, F_SETFL",
	[CONDITION_OWN_PID] =
	    "only to itself (in the supervisor's filter, which is inherited: to any process)",
	[CONDITION_READ_ONLY] = "only for reading; nothing is made or cut",
	[CONDITION_MADVISE] = "MADV_DONTNEED, MADV_FREE, MADV_DONTDUMP, MADV_WIPEONFORK",
	[CONDITION_FCNTL_DUP] = "F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC",
	[CONDITION_FORK] = "as fork(2): no thread, no namespace",
	[CONDITION_SIGKILL] = "SIGKILL",
	[CONDITION_OWN_LIMITS] = "only its own",
	[CONDITION_PRCTL] =
	    ("PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_CAP_AMBIENT, "
	     "PR_CAPBSET_READ, PR_SET_MDWE"),
	[CONDITION_ENOSYS] = "not allowed: answered by ENOSYS",
};

const char *const port_texts[PORT_SOURCE_COUNT] = {
	[PORT_MASTER] = "port of DOCKFLARE_MASTER_URL, or of HTTPS_PROXY where it is used",
	[PORT_DOCKER] = "port of DOCKER_HOST",
	[PORT_DOCKER_TUNNEL] = "port of DOCKER_TUNNEL_HOST",
	[PORT_METRICS] = "TUNNEL_METRICS_PORT",
	[PORT_DNS] = "53",
	[PORT_ENGINE] = "port of GATE_DOCKER_HOST",
};

const char *const access_texts[FILE_ACCESS_COUNT] = {
	[FILE_READ] = "read",
	[FILE_EXECUTE] = "read, execute",
	[FILE_KEEP] = "read, make, write, rename and remove files",
	[FILE_SOCKET] = "make and remove sockets",
};

const struct special_path special_paths[SPECIAL_PATHS] = {
	{ "@self", "the worker's program" },
	{ "@loader", "the dynamic loader" },
	{ "@ca", "the file of DOCKFLARE_CA_FILE" },
	{ "@ca-folder", "the folder of DOCKFLARE_CA_FILE" },
	{ "@workers", "the folder of the workers' programs" },
	{ "@data", "AGENT_DATA_DIR" },
	{ "@run", "AGENT_RUN_DIR" },
	{ "@level", "the folder of LOG_LEVEL_FILE" },
	{ "@secrets", "the folder of each secret file" },
};

const char *
path_text(const char *path)
{
	for (size_t at = 0; at < ARRAY_LEN(special_paths); at++)
		if (strcmp(special_paths[at].name, path) == 0)
			return special_paths[at].text;
	return path;
}

static const struct {
	int resource;
	const char *name;
} limit_names[] = {
	{ RLIMIT_CORE, "RLIMIT_CORE" },
	{ RLIMIT_FSIZE, "RLIMIT_FSIZE" },
	{ RLIMIT_NPROC, "RLIMIT_NPROC" },
	{ RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK" },
	{ RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE" },
	{ RLIMIT_NOFILE, "RLIMIT_NOFILE" },
	{ RLIMIT_DATA, "RLIMIT_DATA" },
};

const char *
limit_name(int resource)
{
	for (size_t at = 0; at < ARRAY_LEN(limit_names); at++)
		if (limit_names[at].resource == resource)
			return limit_names[at].name;
	return "?";
}
