/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  The network: families and protocols, other ports, listening, and the
 * ways round Landlock's rule for connect.  All of it stays on loopback, where stage.c listens on each
 * policy's port and on the one above it.  What a front can do with its endpoint is in endpoint.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define OTHER_LOOPBACK "127.0.0.2"
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
/* Who may connect at all is the filter's; where to is Landlock's. */
#define CONNECT_ONLY                                                                      \
	.layers = LAYER_SECCOMP | LAYER_LANDLOCK, .abi = 4, .through_filter = CONNECTING, \
	.behind = EACCES
#define WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)
#define LINK PROCESS_BIT(PROCESS_MASTER_LINK)
#define ENGINE PROCESS_BIT(PROCESS_GATE_ENGINE)

/* ---- TCP ---- */

static struct sockaddr_in
ipv4(const char *host, unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, host, &address.sin_addr);
	return address;
}

static int
connect_socket(int fd, const char *host, unsigned port)
{
	struct sockaddr_in address = ipv4(host, port);

	if (fd < 0)
		return -errno;
	return outcome_of(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int
connect_tcp(const char *host, unsigned port)
{
	return connect_socket(socket(AF_INET, SOCK_STREAM, 0), host, port);
}

static int
connect_tcp6(const char *host, unsigned port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	inet_pton(AF_INET6, host, &address.sin6_addr);
	return fd < 0 ? -errno :
			outcome_of(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* The first port of the process's policy; for a front, which has none, the engine's. */
static unsigned
own_port(const struct scene *scene)
{
	const struct policy *policy = policies[scene->process];

	return scene->ports[policy->port_count == 0 ? PORT_ENGINE : policy->ports[0].source];
}

/* The one above, which is in no policy. */
static unsigned
port_beside(const struct scene *scene)
{
	return own_port(scene) + 1;
}

#define PORT_ATTEMPTS(word, source)                                         \
	static int connect_##word(const struct scene *scene)                \
	{                                                                   \
		return connect_tcp("127.0.0.1", scene->ports[source]);      \
	}                                                                   \
	static int beside_##word(const struct scene *scene)                 \
	{                                                                   \
		return connect_tcp("127.0.0.1", scene->ports[source] + 1u); \
	}

PORT_ATTEMPTS(master, PORT_MASTER)
PORT_ATTEMPTS(docker, PORT_DOCKER)
PORT_ATTEMPTS(docker_tunnel, PORT_DOCKER_TUNNEL)
PORT_ATTEMPTS(metrics, PORT_METRICS)
PORT_ATTEMPTS(dns, PORT_DNS)
PORT_ATTEMPTS(engine, PORT_ENGINE)
_Static_assert(PORT_SOURCE_COUNT == 6, "each source of a port is tried");

static int
connect_mapped(const struct scene *scene)
{
	return connect_tcp6("::ffff:127.0.0.1", port_beside(scene));
}

static int
connect_other_address(const struct scene *scene)
{
	return connect_tcp(OTHER_LOOPBACK, own_port(scene));
}

static int
connect_other_port(const struct scene *scene)
{
	return connect_tcp(OTHER_LOOPBACK, port_beside(scene));
}

static int
reconnect(const struct scene *scene)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error = connect_socket(fd, "127.0.0.1", own_port(scene));

	if (error == 0)
		error = outcome_of(connect(fd, &nobody, sizeof(nobody)));
	return error != 0 ? error : connect_socket(fd, "127.0.0.1", port_beside(scene));
}

/* ---- round connect ---- */

static int
send_fast_open(const struct scene *scene)
{
	struct sockaddr_in address = ipv4("127.0.0.1", port_beside(scene));
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return outcome_of(syscall(SYS_sendto, fd, "x", 1, MSG_FASTOPEN, &address, sizeof(address)));
}

static int
send_fast_open_high_bits(const struct scene *scene)
{
	struct sockaddr_in address = ipv4("127.0.0.1", port_beside(scene));
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return outcome_of(
	    syscall(SYS_sendto, fd, "x", 1, 1L << 40 | MSG_FASTOPEN, &address, sizeof(address)));
}

static struct mmsghdr
fast_message(struct sockaddr_in *address, struct iovec *piece)
{
	return (struct mmsghdr){ .msg_hdr = { .msg_name = address,
				     .msg_namelen = sizeof(*address),
				     .msg_iov = piece,
				     .msg_iovlen = 1 } };
}

static int
send_message_fast_open(const struct scene *scene)
{
	struct sockaddr_in address = ipv4("127.0.0.1", port_beside(scene));
	struct iovec piece = { (char[]){ "x" }, 1 };
	struct mmsghdr message = fast_message(&address, &piece);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return outcome_of(sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN));
}

static int
send_messages_fast_open(const struct scene *scene)
{
	struct sockaddr_in address = ipv4("127.0.0.1", port_beside(scene));
	struct iovec piece = { (char[]){ "x" }, 1 };
	struct mmsghdr message = fast_message(&address, &piece);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return outcome_of(syscall(SYS_sendmmsg, fd, &message, 1, MSG_FASTOPEN));
}

static int
connect_fast_open(const struct scene *scene)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)) != 0)
		return -errno;
	return connect_socket(fd, "127.0.0.1", port_beside(scene));
}

static int
connect_multipath(const struct scene *scene)
{
	return connect_socket(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), "127.0.0.1",
	    port_beside(scene));
}

/* ---- UDP, listening ---- */

static int
send_datagram(const struct scene *scene)
{
	struct sockaddr_in address = ipv4("127.0.0.1", port_beside(scene));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 ?
		   -errno :
		   outcome_of(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)));
}

static int
connect_datagram(const struct scene *scene)
{
	return connect_socket(socket(AF_INET, SOCK_DGRAM, 0), OTHER_LOOPBACK, port_beside(scene));
}

static int
bind_socket(int type)
{
	struct sockaddr_in address = ipv4("127.0.0.1", 0);
	int fd = socket(AF_INET, type, 0);

	return fd < 0 ? -errno : outcome_of(bind(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int
bind_stream(const struct scene *scene UNUSED)
{
	return bind_socket(SOCK_STREAM);
}

static int
bind_datagram(const struct scene *scene UNUSED)
{
	return bind_socket(SOCK_DGRAM);
}

/* Without bind: the kernel chooses a port, and Landlock does not see it. */
static int
listen_unbound(const struct scene *scene UNUSED)
{
	return outcome_of(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

/* ---- unix sockets ---- */

static int
connect_unix(const struct sockaddr_un *address, size_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ?
		   -errno :
		   outcome_of(connect(fd, (const struct sockaddr *)address, (socklen_t)length));
}

static int
connect_abstract(const struct scene *scene)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(scene->abstract);

	memcpy(address.sun_path + 1, scene->abstract, length);
	return connect_unix(&address, offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int
connect_path(const struct scene *scene)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/socket", scene->folder);
	return connect_unix(&address, sizeof(address));
}

/* ---- socket options ---- */

/* A front's sockets are given to it: the option is what is tried, not the making. */
static int
make_socket(struct scene *scene)
{
	scene->fd = socket(AF_INET, SOCK_STREAM, 0);
	return scene->fd < 0 ? -errno : 0;
}

static int
set_option(const struct scene *scene, int level, int option, const void *value, size_t length)
{
	return outcome_of(syscall(SYS_setsockopt, scene->fd, level, option, value, length));
}

#define OPTION_ATTEMPT(word, level, option)                                     \
	static int option_##word(const struct scene *scene)                     \
	{                                                                       \
		int one = 1;                                                    \
                                                                                \
		return set_option(scene, (level), (option), &one, sizeof(one)); \
	}

OPTION_ATTEMPT(repair, IPPROTO_TCP, TCP_REPAIR)
OPTION_ATTEMPT(transparent, IPPROTO_IP, IP_TRANSPARENT)
OPTION_ATTEMPT(mark, SOL_SOCKET, SO_MARK)
OPTION_ATTEMPT(force_buffer, SOL_SOCKET, SO_RCVBUFFORCE)
OPTION_ATTEMPT(zero_copy, SOL_SOCKET, SO_ZEROCOPY)
OPTION_ATTEMPT(lock_filter, SOL_SOCKET, SO_LOCK_FILTER)
OPTION_ATTEMPT(no_delay, IPPROTO_TCP, TCP_NODELAY)
OPTION_ATTEMPT(cork, IPPROTO_TCP, TCP_CORK)

static int
bind_to_device(const struct scene *scene)
{
	return set_option(scene, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}

static int
upper_protocol(const struct scene *scene)
{
	return set_option(scene, IPPROTO_TCP, TCP_ULP, "nothing", 8);
}

static int
peer_descriptor(const struct scene *scene UNUSED)
{
	int fd = -1;
	socklen_t length = sizeof(fd);

	return outcome_of(
	    syscall(SYS_getsockopt, WORKER_FD_CONTROL, SOL_SOCKET, SO_PEERPIDFD, &fd, &length));
}

static int
peer_credentials(const struct scene *scene UNUSED)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return outcome_of(
	    syscall(SYS_getsockopt, WORKER_FD_CONTROL, SOL_SOCKET, SO_PEERCRED, &peer, &length));
}

#define SOCKET(family, type, protocol) CALL(SYS_socket, (family), (type), (protocol))
#define FILTER_ONLY .layers = LAYER_SECCOMP

static const struct attempt attempts[] = {
	/* The port rules of the policies: each once where it is, and once just beside it. */
	{ "56", "port-master", "connect to the master's port", .act = connect_master, CONNECT_ONLY,
	    .granted = LINK },
	{ "56", "port-docker", "connect to docker-watcher's port", .act = connect_docker,
	    CONNECT_ONLY, .granted = WATCHER },
	{ "56", "port-docker-tunnel", "connect to tunnel-keeper's port",
	    .act = connect_docker_tunnel, CONNECT_ONLY, .granted = KEEPER },
	{ "56", "port-metrics", "connect to the metrics port", .act = connect_metrics, CONNECT_ONLY,
	    .granted = KEEPER },
	{ "56", "port-dns", "connect to the DNS port", .act = connect_dns, CONNECT_ONLY,
	    .granted = RESOLVER },
	{ "56", "port-engine", "connect to the Docker engine's port", .act = connect_engine,
	    CONNECT_ONLY, .granted = ENGINE },
	{ "56", "beside-master", "connect to the port above", .act = beside_master, CONNECT_ONLY },
	{ "56", "beside-docker", "connect to the port above", .act = beside_docker, CONNECT_ONLY },
	{ "56", "beside-docker-tunnel", "connect to the port above", .act = beside_docker_tunnel,
	    CONNECT_ONLY },
	{ "56", "beside-metrics", "connect to the port above", .act = beside_metrics,
	    CONNECT_ONLY },
	{ "56", "beside-dns", "connect to the port above", .act = beside_dns, CONNECT_ONLY },
	{ "56", "beside-engine", "connect to the port above", .act = beside_engine, CONNECT_ONLY },
	{ "56", "mapped", "another port by an IPv4-mapped address", .act = connect_mapped,
	    CONNECT_ONLY },
	{ "66", "other-port", "another port of another address", .act = connect_other_port,
	    CONNECT_ONLY },
	{ "66", "other-address", "another address at the allowed port",
	    .act = connect_other_address, CONNECT_ONLY, .open = CONNECTING },
	{ "63", "reconnect", "disconnect, then connect to another port", .act = reconnect,
	    CONNECT_ONLY },
	/* Round Landlock's rule. */
	{ "57", "fast-open", "connect by sending (MSG_FASTOPEN)", .act = send_fast_open,
	    FILTER_ONLY },
	{ "57", "fast-open-message", "the same by sendmsg", .act = send_message_fast_open,
	    FILTER_ONLY },
	{ "57", "fast-open-messages", "the same by sendmmsg", .act = send_messages_fast_open,
	    FILTER_ONLY },
	{ "19", "fast-open-high-bits", "the same, with garbage above 32 bits",
	    .act = send_fast_open_high_bits, FILTER_ONLY },
	{ "58", "fast-open-connect", "connect later (TCP_FASTOPEN_CONNECT)",
	    .act = connect_fast_open, .abi = 4, .layers = LAYER_SECCOMP | LAYER_LANDLOCK,
	    .behind = EACCES },
	{ "59", "mptcp", "connect by MPTCP", .act = connect_multipath, FILTER_ONLY },
	/* Other protocols and families. */
	{ "60", "udp-lite", "UDP-Lite", SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), FILTER_ONLY },
	{ "60", "sctp", "SCTP", SOCKET(AF_INET, SOCK_STREAM, IPPROTO_SCTP), FILTER_ONLY },
	{ "61", "udp", "send UDP to any port", .act = send_datagram, FILTER_ONLY,
	    .open = RESOLVER },
	{ "61", "udp-connect", "connect UDP to any address", .act = connect_datagram, FILTER_ONLY,
	    .open = RESOLVER },
	{ "19", "udp-high-bits", "a UDP socket, with garbage above 32 bits",
	    SOCKET(AF_INET | 1L << 40, SOCK_DGRAM | 1L << 40, 1L << 40), FILTER_ONLY,
	    .granted = RESOLVER },
	{ "19", "unix-high-bits", "a unix socket, with garbage above 32 bits",
	    SOCKET(AF_UNIX | 1L << 40, SOCK_STREAM, 0), FILTER_ONLY },
	{ "62", "bind", "bind a TCP port", .act = bind_stream, .abi = 4,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "62", "bind-udp", "bind a UDP port", .act = bind_datagram, FILTER_ONLY },
	{ "62", "listen", "listen at a port that the kernel chooses", .act = listen_unbound,
	    FILTER_ONLY },
	{ "41", "abstract", "connect to an abstract unix socket", .act = connect_abstract, .abi = 6,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EPERM, .only_unix = true },
	{ "42", "unix-path", "connect to another unix socket", .act = connect_path, FILTER_ONLY,
	    .open = WATCHER | KEEPER | ENGINE, .only_unix = true },
	{ "42", "socketpair", "a pair of unix sockets",
	    CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ARGUMENT_BUFFER), FILTER_ONLY },
	{ "64", "netlink", "ask for the machine's network",
	    SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), FILTER_ONLY },
	{ "65", "vsock", "a socket to the virtual machine's host", SOCKET(AF_VSOCK, SOCK_STREAM, 0),
	    FILTER_ONLY },
	{ "65", "packet", "packets of the network card", SOCKET(AF_PACKET, SOCK_RAW, 0),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "65", "raw", "raw IP", SOCKET(AF_INET, SOCK_RAW, IPPROTO_ICMP),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "65", "xdp", "an AF_XDP socket", SOCKET(AF_XDP, SOCK_RAW, 0),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "65", "alg", "the kernel's ciphers", SOCKET(AF_ALG, SOCK_SEQPACKET, 0), FILTER_ONLY },
	{ "65", "bluetooth", "Bluetooth", SOCKET(AF_BLUETOOTH, SOCK_SEQPACKET, 0), FILTER_ONLY },
	/* Socket options. */
	{ "67", "option-no-delay", "an option that libraries set", .prepare = make_socket,
	    .act = option_no_delay, .granted = WORKERS },
	{ "67", "option-cork", "an option that a server sets", .prepare = make_socket,
	    .act = option_cork, FILTER_ONLY, .granted = FRONTS },
	{ "67", "lock-filter", "lock a socket's filter", .prepare = make_socket,
	    .act = option_lock_filter, FILTER_ONLY },
	{ "67", "repair", "forge a connection's state", .prepare = make_socket,
	    .act = option_repair, .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM,
	    .control = EPERM },
	{ "67", "transparent", "send from foreign addresses", .prepare = make_socket,
	    .act = option_transparent, .layers = LAYER_SECCOMP | LAYER_CAPABILITIES,
	    .behind = EPERM, .control = EPERM },
	{ "67", "mark", "mark packets for the firewall", .prepare = make_socket, .act = option_mark,
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "67", "force-buffer", "larger buffers than are due", .prepare = make_socket,
	    .act = option_force_buffer, .layers = LAYER_SECCOMP | LAYER_CAPABILITIES,
	    .behind = EPERM, .control = EPERM },
	{ "67", "zero-copy", "pinned pages", .prepare = make_socket, .act = option_zero_copy,
	    FILTER_ONLY },
	{ "67", "bind-device", "choose the network card", .prepare = make_socket,
	    .act = bind_to_device, FILTER_ONLY },
	{ "67", "upper-protocol", "have the kernel load a protocol", .prepare = make_socket,
	    .act = upper_protocol, FILTER_ONLY, .behind = ENOENT, .control = ENOENT },
	{ "67", "peer-pidfd", "a descriptor of the supervisor", .act = peer_descriptor,
	    FILTER_ONLY },
	{ "67", "peer-credentials", "who the supervisor is", .act = peer_credentials, FILTER_ONLY,
	    .granted = FRONTS },
};

const struct attempt_table attempts_network = { attempts, ARRAY_LEN(attempts) };
