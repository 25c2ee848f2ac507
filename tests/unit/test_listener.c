/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate's listening sockets: what is bound, what is replaced, and what is told if it can't be. */
#include "tests/unit/folder.h"

#include <arpa/inet.h>
#include <errno.h>

#include "common/listener.h"

#define SCHEMES (URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_UNIX))

static struct url
url_of(const char *text)
{
	const char *why;
	struct url url;

	assert_int_equal(url_parse(text, SCHEMES, false, &url, &why), 0);
	return url;
}

static int
open_at(const char *text, struct buffer *why)
{
	struct url url = url_of(text);

	return listener_open(&url, why);
}

/* The port that a listening socket has, over IPv4 or IPv6: at the same place in both. */
static unsigned
port_of(int fd)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t length = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin6_port);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static void
expect_descriptor(int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void
tcp_is_bound(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "[::1]" };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(hosts); at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(1024);
		struct url url = url_of("tcp://127.0.0.1:1");
		char text[64];
		int first, second;

		/* Port 0: any that is free; no setting may say so. */
		url.port = 0;
		url.host_is_ipv6 = hosts[at][0] == '[';
		snprintf(url.host, sizeof(url.host), "%s", url.host_is_ipv6 ? "::1" : hosts[at]);
		first = listener_open(&url, &why);
		expect_descriptor(first);
		snprintf(text, sizeof(text), "tcp://%s:%u", hosts[at], port_of(first));
		second = open_at(text, &why);
		assert_int_equal(second, -EADDRINUSE);
		assert_non_null(strstr(why.bytes, "can't listen at "));
		assert_non_null(strstr(why.bytes, "Address already in use"));
		close(first);
		second = open_at(text, &why);
		expect_descriptor(second);
		close(second);
	}
}

static void
unix_is_bound_for_all_to_ask(void **state)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	const struct folder *folder = *state;
	char path[64], text[80];
	struct stat status;
	int fd, client;

	snprintf(path, sizeof(path), "%s/gate.sock", folder->path);
	snprintf(text, sizeof(text), "unix://%s", path);
	fd = open_at(text, &why);
	expect_descriptor(fd);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0666);
	client = connect_to(path);
	assert_true(client >= 0);
	close(client);
	/* One that serves is not taken from whom it serves. */
	assert_int_equal(open_at(text, &why), -EADDRINUSE);
	client = connect_to(path);
	assert_true(client >= 0);
	close(client);
	close(fd);
}

static void
what_is_stale_is_replaced(void **state)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	const struct folder *folder = *state;
	char path[64], text[80];
	int fd;

	snprintf(path, sizeof(path), "%s/gate.sock", folder->path);
	snprintf(text, sizeof(text), "unix://%s", path);
	close(open_at(text, &why));
	assert_int_equal(connect_to(path), -ECONNREFUSED);
	fd = open_at(text, &why);
	expect_descriptor(fd);
	close(fd);
}

/* A worker that was taken over may end it, or make its successor block in accept. */
static void
what_a_worker_did_to_it_is_undone(void **state)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	struct url url = url_of("tcp://127.0.0.1:1");
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int fd, client;

	(void)state;
	/* One that is free, and then by its number: only such a port stays bound. */
	url.port = 0;
	fd = listener_open(&url, &why);
	url.port = (uint16_t)port_of(fd);
	close(fd);
	fd = listener_open(&url, &why);
	expect_descriptor(fd);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, length), -1);
	close(client);
	assert_int_equal(listener_renew(fd), fd);
	expect_descriptor(fd);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
	close(client);
	close(fd);
}

/* Only a socket is. */
static void
a_file_in_its_place_is_left(void **state)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	const struct folder *folder = *state;
	char text[80];

	put(folder, "gate.sock", "mine");
	snprintf(text, sizeof(text), "unix://%s/gate.sock", folder->path);
	assert_int_equal(open_at(text, &why), -EADDRINUSE);
	assert_non_null(strstr(why.bytes, "/gate.sock: "));
	expect_content(folder, "gate.sock", "mine");
}

static void
what_cannot_be_opened_is_a_mistake(void **state)
{
	struct config config = { .mistakes = BUFFER(4096), .program = PROGRAM_GATE };
	int listeners[LISTENER_COUNT];

	(void)state;
	config.listen[LISTENER_READ] = url_of("unix:///nowhere/a.sock");
	config.listen[LISTENER_TUNNEL] = url_of("unix:///nowhere/b.sock");
	listeners_open(&config, listeners);
	assert_int_equal(listeners[LISTENER_READ], -1);
	assert_string_equal(config.mistakes.bytes,
	    "GATE_READ_LISTEN: can't listen at /nowhere/a.sock: No such file or directory\n"
	    "GATE_TUNNEL_LISTEN: can't listen at /nowhere/b.sock: No such file or directory\n");
	buffer_free(&config.mistakes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_bound),
		FOLDER_TEST(unix_is_bound_for_all_to_ask),
		FOLDER_TEST(what_is_stale_is_replaced),
		cmocka_unit_test(what_a_worker_did_to_it_is_undone),
		FOLDER_TEST(a_file_in_its_place_is_left),
		cmocka_unit_test(what_cannot_be_opened_is_a_mistake),
	};

	return RUN_TESTS(tests);
}
