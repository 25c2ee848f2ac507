/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: their kinds, also behind IPv6 forms of IPv4, lists of networks, and who may be met. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/un.h>

#include "common/address.h"
#include "common/buffer.h"

static struct address
parsed(const char *text)
{
	struct address address;

	if (address_parse(text, &address) != 0)
		fail_msg("\"%s\" is no address", text);
	return address;
}

static struct networks
parsed_networks(const char *text)
{
	struct networks networks;
	const char *why = NULL;

	if (networks_parse(text, &networks, &why) != 0)
		fail_msg("\"%s\" %s", text, why);
	return networks;
}

struct kind_row {
	const char *text;
	enum address_kind kind;
};

static const struct kind_row kind_rows[] = {
	{ "1.1.1.1", ADDRESS_GLOBAL },
	{ "9.255.255.255", ADDRESS_GLOBAL },
	{ "10.0.0.0", ADDRESS_PRIVATE },
	{ "10.255.255.255", ADDRESS_PRIVATE },
	{ "11.0.0.0", ADDRESS_GLOBAL },
	{ "172.15.255.255", ADDRESS_GLOBAL },
	{ "172.16.0.0", ADDRESS_PRIVATE },
	{ "172.31.255.255", ADDRESS_PRIVATE },
	{ "172.32.0.0", ADDRESS_GLOBAL },
	{ "192.168.255.255", ADDRESS_PRIVATE },
	{ "192.169.0.0", ADDRESS_GLOBAL },
	{ "100.63.255.255", ADDRESS_GLOBAL },
	{ "100.64.0.0", ADDRESS_SHARED },
	{ "100.127.255.255", ADDRESS_SHARED },
	{ "100.128.0.0", ADDRESS_GLOBAL },
	{ "127.0.0.1", ADDRESS_LOOPBACK },
	{ "127.255.255.255", ADDRESS_LOOPBACK },
	{ "169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "169.255.0.0", ADDRESS_GLOBAL },
	{ "0.0.0.0", ADDRESS_UNSPECIFIED },
	{ "0.255.255.255", ADDRESS_UNSPECIFIED },
	{ "224.0.0.1", ADDRESS_MULTICAST },
	{ "240.0.0.1", ADDRESS_MULTICAST },
	{ "255.255.255.255", ADDRESS_MULTICAST },
	{ "2606:4700::1111", ADDRESS_GLOBAL },
	{ "::", ADDRESS_UNSPECIFIED },
	{ "::1", ADDRESS_LOOPBACK },
	{ "fbff::1", ADDRESS_GLOBAL },
	{ "fc00::1", ADDRESS_PRIVATE },
	{ "fdff::1", ADDRESS_PRIVATE },
	{ "fe00::1", ADDRESS_GLOBAL },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "febf::1", ADDRESS_LINK_LOCAL },
	{ "fec0::1", ADDRESS_GLOBAL },
	{ "ff02::1", ADDRESS_MULTICAST },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "::ffff:1.1.1.1", ADDRESS_GLOBAL },
	{ "::10.0.0.1", ADDRESS_PRIVATE },
	{ "::2", ADDRESS_UNSPECIFIED }, /* 0.0.0.2, v4-compatible */
	{ "64:ff9b::169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "64:ff9b::7f00:1", ADDRESS_LOOPBACK },
	{ "64:ff9b::101:101", ADDRESS_GLOBAL },
	{ "64:ff9b:0:0:0:1:7f00:1", ADDRESS_GLOBAL }, /* behind the /96 */
	{ "2002:7f00:1::", ADDRESS_LOOPBACK },
	{ "2002:a9fe:a9fe::1", ADDRESS_LINK_LOCAL },
	{ "2002:a00:1::", ADDRESS_PRIVATE },
	{ "2002:101:101::", ADDRESS_GLOBAL },
	{ "2003:7f00:1::", ADDRESS_GLOBAL },
};

static void
each_has_its_kind(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(kind_rows); at++) {
		struct address address = parsed(kind_rows[at].text);

		if (address_kind(&address) != kind_rows[at].kind)
			fail_msg("%s: kind %d, expected %d", kind_rows[at].text,
			    (int)address_kind(&address), (int)kind_rows[at].kind);
	}
}

static void
some_are_no_addresses(void **state)
{
	static const char *const rows[] = { "", "localhost", "1.2.3", "1.2.3.4.5", "01.2.3.4",
		"0x7f.0.0.1", "256.0.0.1", "2130706433", "::g", "1::2::3", "[::1]", "::1%lo",
		"1.2.3.4 ", " 1.2.3.4", "10.0.0.0/8" };
	struct address address;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		if (address_parse(rows[at], &address) != -EINVAL)
			fail_msg("\"%s\" is taken for an address", rows[at]);
}

static void
one_comparison_serves_both(void **state)
{
	struct address one = parsed("10.0.0.1"), mapped = parsed("::ffff:10.0.0.1"),
		       other = parsed("10.0.0.2");

	(void)state;
	assert_true(address_equal(&one, &mapped));
	assert_false(address_equal(&one, &other));
}

static void
socket_addresses_are_read(void **state)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct address address, expected = parsed("10.0.0.1");

	(void)state;
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&ipv4, &address), 0);
	assert_true(address_equal(&address, &expected));
	expected = parsed("::1");
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&ipv6, &address), 0);
	assert_true(address_equal(&address, &expected));
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&local, &address), -EAFNOSUPPORT);
}

struct list_row {
	const char *what;
	const char *list;
	const char *inside; /* NULL: none is looked for */
	const char *outside;
};

static const struct list_row list_rows[] = {
	{ "a network", "10.0.0.0/8", "10.255.0.1", "11.0.0.0" },
	{ "an address", "192.168.1.7", "192.168.1.7", "192.168.1.8" },
	{ "both, with blanks", " 10.0.0.0/8 ,\tfd00::1 ", "fd00::1", "fd00::2" },
	{ "its first entry", " 10.0.0.0/8 ,\tfd00::1 ", "10.1.2.3", "::1" },
	{ "a prefix inside a byte", "172.16.0.0/12", "172.31.255.255", "172.32.0.0" },
	{ "all of IPv4", "0.0.0.0/0", "8.8.8.8", "2606:4700::1111" },
	{ "all there is", "::/0", "8.8.8.8", NULL },
	{ "all of one address", "10.0.0.1/32", "10.0.0.1", "10.0.0.0" },
	{ "IPv6", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::" },
	{ "one IPv6 address", "::1/128", "::1", "::2" },
	{ "IPv4 in its mapped form", "::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0" },
	{ "IPv4 is not looked for behind NAT64", "10.0.0.0/8", "10.0.0.1", "64:ff9b::a00:1" },
	{ "nothing", "", NULL, "10.0.0.1" },
};

static void
lists_hold_what_they_say(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(list_rows); at++) {
		const struct list_row *row = &list_rows[at];
		struct networks networks = parsed_networks(row->list);

		if (row->inside != NULL) {
			struct address address = parsed(row->inside);

			if (!networks_hold(&networks, &address))
				fail_msg("%s: %s is not in it", row->what, row->inside);
		}
		if (row->outside != NULL) {
			struct address address = parsed(row->outside);

			if (networks_hold(&networks, &address))
				fail_msg("%s: %s is in it", row->what, row->outside);
		}
	}
}

struct refused_row {
	const char *list;
	const char *why; /* part of the reason */
};

static const struct refused_row refused_rows[] = {
	{ ",", "empty entry" },
	{ "10.0.0.1,,10.0.0.2", "empty entry" },
	{ " ", "empty entry" },
	{ "10.0.0.1, ,10.0.0.2", "empty entry" },
	{ "10.0.0.1/8", "bits set" },
	{ "10.0.0.1/31", "bits set" },
	{ "fd00::1/64", "bits set" },
	{ "0.0.0.1/0", "bits set" },
	{ "10.0.0.0/33", "prefix length" },
	{ "::/129", "prefix length" },
	{ "10.0.0.0/", "prefix length" },
	{ "10.0.0.0/-1", "prefix length" },
	{ "10.0.0.0/+8", "prefix length" },
	{ "10.0.0.0/ 8", "prefix length" },
	{ "10.0.0.0/8x", "prefix length" },
	{ "10.0.0.0/8/8", "prefix length" },
	{ "10.0.0.0/4294967304", "prefix length" },
	{ "10.0.0.0/99999999999999999999", "prefix length" },
	{ "localhost", "no address" },
	{ "10.0.0", "no address" },
	{ "[::1]", "no address" },
	{ "10.0.0.1 10.0.0.2", "no address" },
	{ "/8", "no address" },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	    "no address" },
};

static void
lists_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(refused_rows); at++) {
		struct networks networks;
		const char *why = "";

		if (networks_parse(refused_rows[at].list, &networks, &why) != -EINVAL)
			fail_msg("\"%s\" is accepted", refused_rows[at].list);
		if (strstr(why, refused_rows[at].why) == NULL)
			fail_msg("\"%s\" %s, expected \"%s\"", refused_rows[at].list, why,
			    refused_rows[at].why);
	}
}

static void
lists_are_bounded(void **state)
{
	struct buffer list _cleanup_buffer_ = BUFFER(4096);
	struct networks networks;
	const char *why = "";

	(void)state;
	for (unsigned entry = 0; entry < NETWORKS_MAX; entry++)
		assert_int_equal(buffer_printf(&list, "%s10.0.0.%u", entry > 0 ? "," : "", entry),
		    0);
	assert_int_equal(networks_parse(list.bytes, &networks, &why), 0);
	assert_int_equal(networks.count, NETWORKS_MAX);
	assert_int_equal(buffer_add_text(&list, ",10.0.1.0"), 0);
	assert_int_equal(networks_parse(list.bytes, &networks, &why), -EINVAL);
	assert_non_null(strstr(why, "more than 64"));
}

struct judgement_row {
	const char *address;
	const char *listed; /* "": not set */
	bool master;
	bool plaintext; /* the master by plain HTTP */
	bool docker;
};

static const struct judgement_row judgement_rows[] = {
	{ "1.1.1.1", "", true, false, false },
	{ "2606:4700::1111", "", true, false, false },
	{ "10.0.0.1", "", true, true, true },
	{ "192.168.0.1", "", true, true, true },
	{ "fd00::1", "", true, true, true },
	{ "127.0.0.1", "", true, true, true },
	{ "::1", "", true, true, true },
	{ "100.64.0.1", "", true, false, false },
	{ "169.254.169.254", "", false, false, false },
	{ "fe80::1", "", false, false, false },
	{ "0.0.0.0", "", false, false, false },
	{ "::", "", false, false, false },
	{ "224.0.0.1", "", false, false, false },
	{ "255.255.255.255", "", false, false, false },
	{ "ff02::1", "", false, false, false },
	{ "64:ff9b::a9fe:a9fe", "", false, false, false },
	{ "2002:a9fe:a9fe::", "", false, false, false },
	{ "::ffff:169.254.169.254", "", false, false, false },
	{ "10.0.0.1", "192.168.0.0/16", false, false, false },
	{ "192.168.0.1", "192.168.0.0/16", true, true, true },
	{ "1.1.1.1", "1.1.1.0/24", true, true, true },
	{ "127.0.0.1", "1.1.1.0/24", false, false, false },
	{ "169.254.1.1", "169.254.1.1", true, true, true },
};

static void
addresses_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(judgement_rows); at++) {
		const struct judgement_row *row = &judgement_rows[at];
		struct networks listed = parsed_networks(row->listed);
		struct address address = parsed(row->address);

		if (address_good_for_master(&address, &listed, false) != row->master)
			fail_msg("%s with \"%s\": the master", row->address, row->listed);
		if (address_good_for_master(&address, &listed, true) != row->plaintext)
			fail_msg("%s with \"%s\": plain HTTP", row->address, row->listed);
		if (address_good_for_docker(&address, &listed) != row->docker)
			fail_msg("%s with \"%s\": Docker", row->address, row->listed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_kind),
		cmocka_unit_test(some_are_no_addresses),
		cmocka_unit_test(one_comparison_serves_both),
		cmocka_unit_test(socket_addresses_are_read),
		cmocka_unit_test(lists_hold_what_they_say),
		cmocka_unit_test(lists_are_refused_with_a_reason),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(addresses_are_judged),
	};

	return RUN_TESTS(tests);
}
