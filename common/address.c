/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor and workers.  See address.h. */
#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"

#define ADDRESS_BITS 128
#define MAPPED_BITS 96 /* of an IPv4 address's prefix in the v4-mapped form */
#define NETWORK_TEXT_BYTES 64

static void
map_ipv4(const void *four_bytes, struct address *address)
{
	memset(address, 0, sizeof(*address));
	address->bytes.s6_addr[10] = 0xff;
	address->bytes.s6_addr[11] = 0xff;
	memcpy(&address->bytes.s6_addr[12], four_bytes, 4);
}

int
address_parse(const char *text, struct address *ret_address)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		map_ipv4(&ipv4, ret_address);
		return 0;
	}
	return inet_pton(AF_INET6, text, &ret_address->bytes) == 1 ? 0 : -EINVAL;
}

int
address_from_sockaddr(const struct sockaddr *sockaddr, struct address *ret_address)
{
	if (sockaddr->sa_family == AF_INET) {
		struct sockaddr_in ipv4;

		memcpy(&ipv4, sockaddr, sizeof(ipv4));
		map_ipv4(&ipv4.sin_addr, ret_address);
		return 0;
	}
	if (sockaddr->sa_family == AF_INET6) {
		struct sockaddr_in6 ipv6;

		memcpy(&ipv6, sockaddr, sizeof(ipv6));
		ret_address->bytes = ipv6.sin6_addr;
		return 0;
	}
	return -EAFNOSUPPORT;
}

bool
address_equal(const struct address *one, const struct address *other)
{
	return memcmp(&one->bytes, &other->bytes, sizeof(one->bytes)) == 0;
}

static bool
has_prefix(const struct address *address, const struct address *base, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(address->bytes.s6_addr, base->bytes.s6_addr, whole) != 0)
		return false;
	return rest == 0 ||
	       ((address->bytes.s6_addr[whole] ^ base->bytes.s6_addr[whole]) & mask) == 0;
}

/* Prefixes behind which an IPv4 address stands, and where its four bytes begin. */
static const struct {
	uint8_t prefix[12];
	unsigned bits;
	unsigned at;
} carriers[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96, 12 }, /* v4-mapped */
	{ { 0 }, 96, 12 },                                        /* v4-compatible */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },                   /* NAT64, RFC 6052 */
	{ { 0x20, 0x02 }, 16, 2 },                                /* 6to4, RFC 3056 */
};

static bool
inner_ipv4(const struct address *address, uint32_t *ret_ipv4)
{
	for (size_t at = 0; at < ARRAY_LEN(carriers); at++) {
		struct address base = { 0 };

		memcpy(base.bytes.s6_addr, carriers[at].prefix, sizeof(carriers[at].prefix));
		if (!has_prefix(address, &base, carriers[at].bits))
			continue;
		memcpy(ret_ipv4, &address->bytes.s6_addr[carriers[at].at], 4);
		*ret_ipv4 = ntohl(*ret_ipv4);
		return true;
	}
	return false;
}

/* IANA's special-purpose registry (RFC 6890), as far as it matters here. */
static const struct {
	uint32_t base;
	unsigned bits;
	enum address_kind kind;
} ipv4_kinds[] = {
	{ 0x00000000, 8, ADDRESS_UNSPECIFIED },
	{ 0x0a000000, 8, ADDRESS_PRIVATE },
	{ 0x64400000, 10, ADDRESS_SHARED },
	{ 0x7f000000, 8, ADDRESS_LOOPBACK },
	{ 0xa9fe0000, 16, ADDRESS_LINK_LOCAL },
	{ 0xac100000, 12, ADDRESS_PRIVATE },
	{ 0xc0a80000, 16, ADDRESS_PRIVATE },
	{ 0xe0000000, 4, ADDRESS_MULTICAST },
	{ 0xf0000000, 4, ADDRESS_MULTICAST },
};

static enum address_kind
ipv4_kind(uint32_t ipv4)
{
	for (size_t at = 0; at < ARRAY_LEN(ipv4_kinds); at++)
		if ((ipv4 ^ ipv4_kinds[at].base) >> (32 - ipv4_kinds[at].bits) == 0)
			return ipv4_kinds[at].kind;
	return ADDRESS_GLOBAL;
}

enum address_kind
address_kind(const struct address *address)
{
	const uint8_t *bytes = address->bytes.s6_addr;
	uint32_t ipv4;

	if (IN6_IS_ADDR_UNSPECIFIED(&address->bytes))
		return ADDRESS_UNSPECIFIED;
	if (IN6_IS_ADDR_LOOPBACK(&address->bytes))
		return ADDRESS_LOOPBACK;
	if (inner_ipv4(address, &ipv4))
		return ipv4_kind(ipv4);
	if (bytes[0] == 0xff)
		return ADDRESS_MULTICAST;
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return ADDRESS_LINK_LOCAL;
	if ((bytes[0] & 0xfe) == 0xfc)
		return ADDRESS_PRIVATE;
	return ADDRESS_GLOBAL;
}

static int
wrong(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

/* Whether all bits behind the prefix are 0. */
static bool
is_base(const struct network *network)
{
	for (unsigned bit = network->prefix_bits; bit < ADDRESS_BITS; bit++)
		if ((network->base.bytes.s6_addr[bit / 8] & (0x80u >> (bit % 8))) != 0)
			return false;
	return true;
}

static int
network_parse(char *text, struct network *ret_network, const char **ret_why)
{
	char *slash = strchr(text, '/'), *end;
	bool ipv4 = strchr(text, ':') == NULL;
	unsigned long bits = ipv4 ? 32 : ADDRESS_BITS;

	if (slash != NULL) {
		*slash++ = '\0';
		if (*slash < '0' || *slash > '9')
			return wrong(ret_why, "has an ill-formed prefix length");
		bits = strtoul(slash, &end, 10);
		if (*end != '\0' || bits > (ipv4 ? 32 : ADDRESS_BITS))
			return wrong(ret_why, "has an ill-formed prefix length");
	}
	if (address_parse(text, &ret_network->base) != 0)
		return wrong(ret_why, "has an entry that is no address or network");
	ret_network->prefix_bits = (unsigned)bits + (ipv4 ? MAPPED_BITS : 0);
	if (!is_base(ret_network))
		return wrong(ret_why, "has a network with bits set behind its prefix");
	return 0;
}

/* The next entry of a comma-separated list without blanks around it; its length. */
static size_t
next_entry(const char **at, const char **ret_start)
{
	size_t length;

	*at += strspn(*at, " \t");
	*ret_start = *at;
	length = strcspn(*at, ",");
	*at += length;
	if (**at == ',')
		(*at)++;
	while (length > 0 && strchr(" \t", (*ret_start)[length - 1]) != NULL)
		length--;
	return length;
}

int
networks_parse(const char *text, struct networks *ret_networks, const char **ret_why)
{
	const char *at = text, *start;
	char entry[NETWORK_TEXT_BYTES];
	int error;

	ret_networks->count = 0;
	while (*at != '\0') {
		size_t length = next_entry(&at, &start);

		if (length == 0)
			return wrong(ret_why, "has an empty entry");
		if (length >= sizeof(entry))
			return wrong(ret_why, "has an entry that is no address or network");
		if (ret_networks->count == NETWORKS_MAX)
			return wrong(ret_why, "has more than 64 entries");
		memcpy(entry, start, length);
		entry[length] = '\0';
		error = network_parse(entry, &ret_networks->items[ret_networks->count], ret_why);
		if (error != 0)
			return error;
		ret_networks->count++;
	}
	return 0;
}

bool
networks_hold(const struct networks *networks, const struct address *address)
{
	for (size_t at = 0; at < networks->count; at++)
		if (has_prefix(address, &networks->items[at].base, networks->items[at].prefix_bits))
			return true;
	return false;
}

static bool
is_near(enum address_kind kind)
{
	return kind == ADDRESS_LOOPBACK || kind == ADDRESS_PRIVATE;
}

bool
address_good_for_master(const struct address *address, const struct networks *listed,
    bool plaintext)
{
	enum address_kind kind = address_kind(address);

	if (listed->count > 0)
		return networks_hold(listed, address);
	if (plaintext)
		return is_near(kind);
	return kind != ADDRESS_LINK_LOCAL && kind != ADDRESS_UNSPECIFIED &&
	       kind != ADDRESS_MULTICAST;
}

bool
address_good_for_docker(const struct address *address, const struct networks *listed)
{
	if (listed->count > 0)
		return networks_hold(listed, address);
	return is_near(address_kind(address));
}
