/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Supervisor and workers.  What kind of address an address is, and lists of networks: the worker
 * that connects judges the addresses that name-resolver gave it.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* IPv4 is held as v4-mapped IPv6 (::ffff:a.b.c.d), so that one comparison serves both. */
struct address {
	struct in6_addr bytes;
};

enum address_kind {
	ADDRESS_GLOBAL,
	ADDRESS_LOOPBACK,    /* 127.0.0.0/8, ::1 */
	ADDRESS_PRIVATE,     /* RFC 1918, RFC 4193 (fc00::/7) */
	ADDRESS_SHARED,      /* 100.64.0.0/10 (RFC 6598) */
	ADDRESS_LINK_LOCAL,  /* 169.254.0.0/16, fe80::/10 */
	ADDRESS_UNSPECIFIED, /* 0.0.0.0/8, :: */
	ADDRESS_MULTICAST,   /* 224.0.0.0/4, ff00::/8, and 240.0.0.0/4 with broadcast */
};

/* Reads a numeric address (inet_pton(3)).  0 or -EINVAL. */
int address_parse(const char *text, struct address *ret_address);

/* From what connect would get.  -EAFNOSUPPORT for anything but AF_INET and AF_INET6. */
int address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address);

/*
 * The kind, looking through v4-mapped, v4-compatible, NAT64 (64:ff9b::/96) and 6to4 (2002::/16)
 * forms to the IPv4 address inside.
 */
enum address_kind address_kind(const struct address *address);

bool address_equal(const struct address *one, const struct address *other);

struct network {
	struct address base;
	unsigned prefix_bits; /* 0 to 128; IPv4's plus 96 */
};

#define NETWORKS_MAX 64

struct networks {
	size_t count;
	struct network items[NETWORKS_MAX];
};

/*
 * Reads a comma-separated list of addresses and networks ("10.0.0.0/8, fd00::1").  0, or -EINVAL
 * with a reason in `ret_why` (a constant string): host bits set beyond the prefix, too many, …
 */
int networks_parse(const char *text, struct networks *ret_networks, const char **ret_why);

bool networks_hold(const struct networks *networks, const struct address *address);

/*
 * Whether the master may be reached at this address.  `listed` is MASTER_ADDRESSES (count 0: not
 * set), which decides alone where it is set.  Otherwise never at link-local, unspecified or
 * multicast addresses; with `plaintext` only at loopback, RFC 1918 and ULA ones.
 */
bool address_good_for_master(const struct address *address, const struct networks *listed,
    bool plaintext);

/* The same for Docker: loopback, RFC 1918 and ULA only, unless DOCKER_ADDRESSES decides. */
bool address_good_for_docker(const struct address *address, const struct networks *listed);

#endif
