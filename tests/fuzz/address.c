/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  Addresses, as name-resolver gives them, and lists of networks: the first line is a
 * list, each further one an address.
 *
 * Covers: common/address.c
 */
#include <arpa/inet.h>
#include <errno.h>

#include "common/address.h"
#include "tests/fuzz/fuzz.h"

/* What connect would get is the same address. */
static void
judge_sockaddr(const struct address *address)
{
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_addr = address->bytes };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct address again;

	fuzz_assert(address_from_sockaddr((struct sockaddr *)&ipv6, &again) == 0);
	fuzz_assert(address_equal(address, &again));
	fuzz_assert(address_from_sockaddr(&other, &again) == -EAFNOSUPPORT);
	if (!IN6_IS_ADDR_V4MAPPED(&address->bytes))
		return;
	memcpy(&ipv4.sin_addr, address->bytes.s6_addr + 12, 4);
	fuzz_assert(address_from_sockaddr((struct sockaddr *)&ipv4, &again) == 0);
	fuzz_assert(address_equal(address, &again));
}

static void
judge_kind(const struct address *address)
{
	static const struct networks none = { 0 };
	enum address_kind kind = address_kind(address);
	bool near = kind == ADDRESS_LOOPBACK || kind == ADDRESS_PRIVATE;
	bool never = kind == ADDRESS_LINK_LOCAL || kind == ADDRESS_UNSPECIFIED ||
		     kind == ADDRESS_MULTICAST;

	fuzz_assert(kind <= ADDRESS_MULTICAST);
	fuzz_assert(address_good_for_docker(address, &none) == near);
	fuzz_assert(address_good_for_master(address, &none, true) == near);
	fuzz_assert(address_good_for_master(address, &none, false) == !never);
}

static void
take_address(struct slice line, const struct networks *networks)
{
	char *text _cleanup_free_ = fuzz_text(line);
	char printed[INET6_ADDRSTRLEN];
	struct address address, again;
	bool held;

	if (address_parse(text, &address) != 0)
		return;
	fuzz_assert(inet_ntop(AF_INET6, &address.bytes, printed, sizeof(printed)) != NULL);
	fuzz_assert(address_parse(printed, &again) == 0 && address_equal(&address, &again));
	judge_sockaddr(&address);
	judge_kind(&address);
	if (networks->count == 0)
		return;
	/* A list decides alone. */
	held = networks_hold(networks, &address);
	fuzz_assert(address_good_for_docker(&address, networks) == held);
	fuzz_assert(address_good_for_master(&address, networks, true) == held);
	fuzz_assert(address_good_for_master(&address, networks, false) == held);
}

static void
take_networks(struct slice line, struct networks *networks)
{
	char *text _cleanup_free_ = fuzz_text(line);
	const char *why = NULL;

	if (networks_parse(text, networks, &why) != 0) {
		fuzz_assert(why != NULL);
		networks->count = 0;
	}
	fuzz_assert(networks->count <= NETWORKS_MAX);
	for (size_t at = 0; at < networks->count; at++) {
		fuzz_assert(networks->items[at].prefix_bits <= 128);
		fuzz_assert(networks_hold(networks, &networks->items[at].base));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice rest = fuzz_slice(bytes, length), line;
	struct networks networks = { 0 };

	if (fuzz_cut(&rest, "\n", &line))
		take_networks(line, &networks);
	while (fuzz_cut(&rest, "\n", &line))
		take_address(line, &networks);
	return 0;
}
