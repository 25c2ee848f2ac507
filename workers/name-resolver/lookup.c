/* SPDX-License-Identifier: GPL-3.0-or-later */
/* name-resolver.  See lookup.h. */
#include "workers/name-resolver/lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/attr.h"
#include "common/log.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define SERVER_TIMEOUT_MS 2000
#define SERVER_TRIES 2
#define WORKER_FDS_MAX 16

struct lookup {
	ares_channel channel;
	unsigned running; /* questions under way */
	bool stale;       /* make a new channel when none is under way */
	struct stat conf; /* resolv.conf as the channel has read it */
};

struct running {
	struct lookup *lookup;
	lookup_done *done;
	void *context;
};

static bool
open_channel(struct lookup *lookup)
{
	/* The hosts file before DNS, whatever nsswitch.conf says; /etc/hosts is how containers
	   name each other with --add-host. */
	char order[] = "fb";
	struct ares_options options = {
		.timeout = SERVER_TIMEOUT_MS,
		.tries = SERVER_TRIES,
		.lookups = order,
	};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;

	if (stat(RESOLV_CONF, &lookup->conf) != 0)
		memset(&lookup->conf, 0, sizeof(lookup->conf));
	lookup->stale = false;
	return ares_init_options(&lookup->channel, &options, mask) == ARES_SUCCESS;
}

struct lookup *
lookup_new(void)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    !open_channel(lookup)) {
		free(lookup);
		return NULL;
	}
	return lookup;
}

static bool
conf_has_changed(const struct lookup *lookup)
{
	struct stat now;

	if (stat(RESOLV_CONF, &now) != 0)
		return false;
	return now.st_ino != lookup->conf.st_ino || now.st_size != lookup->conf.st_size ||
	       now.st_mtim.tv_sec != lookup->conf.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != lookup->conf.st_mtim.tv_nsec;
}

/* Between questions: under way ones are never disturbed. */
static void
renew_channel(struct lookup *lookup)
{
	if (lookup->running > 0 || (!lookup->stale && !conf_has_changed(lookup)))
		return;
	log_debug("reading " RESOLV_CONF " anew");
	ares_destroy(lookup->channel);
	if (!open_channel(lookup))
		fatal("the resolver library can't be set up");
}

/* The numeric form, without a scope: it is of no use to whoever connects. */
static bool
write_address(const struct sockaddr *address, char text[ADDRESS_TEXT_MAX_BYTES + 1])
{
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (address->sa_family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		return inet_ntop(AF_INET, &ipv4.sin_addr, text, ADDRESS_TEXT_MAX_BYTES + 1) != NULL;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&ipv6, address, sizeof(ipv6));
	return inet_ntop(AF_INET6, &ipv6.sin6_addr, text, ADDRESS_TEXT_MAX_BYTES + 1) != NULL;
}

/* Every address in its numeric form; how many. */
static size_t
collect(const struct ares_addrinfo *result, char texts[][ADDRESS_TEXT_MAX_BYTES + 1],
    const char **items)
{
	size_t count = 0;

	for (const struct ares_addrinfo_node *node = result == NULL ? NULL : result->nodes;
	     node != NULL && count < ADDRESSES_MAX; node = node->ai_next) {
		if (!write_address(node->ai_addr, texts[count]))
			continue;
		items[count] = texts[count];
		count++;
	}
	return count;
}

static enum lookup_end
end_of(int status)
{
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		return LOOKUP_UNKNOWN;
	return status == ARES_SUCCESS ? LOOKUP_FOUND : LOOKUP_FAILED;
}

static void
on_result(void *argument, int status, int timeouts UNUSED, struct ares_addrinfo *result)
{
	struct running *running = argument;
	char texts[ADDRESSES_MAX][ADDRESS_TEXT_MAX_BYTES + 1];
	const char *items[ADDRESSES_MAX];
	struct texts addresses = { collect(result, texts, items), items };

	running->lookup->running--;
	if (status == ARES_ECONNREFUSED || status == ARES_ETIMEOUT || status == ARES_ESERVFAIL)
		running->lookup->stale = true;
	running->done(running->context, end_of(status), addresses,
	    status == ARES_SUCCESS ? "no address" : ares_strerror(status));
	ares_freeaddrinfo(result);
	free(running);
}

void
lookup_start(struct lookup *lookup, const char *host, lookup_done *done, void *context)
{
	static const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT,
	};
	struct running *running = calloc(1, sizeof(*running));

	if (running == NULL)
		fatal("out of memory");
	renew_channel(lookup);
	*running = (struct running){ .lookup = lookup, .done = done, .context = context };
	lookup->running++;
	ares_getaddrinfo(lookup->channel, host, NULL, &hints, on_result, running);
}

/* Adds the library's sockets; the number of descriptors then. */
static unsigned
add_sockets(struct lookup *lookup, struct pollfd *fds, unsigned count)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	int bits = ares_getsock(lookup->channel, sockets, ARES_GETSOCK_MAXNUM);

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = (short)((ARES_GETSOCK_READABLE((unsigned)bits, i) ? POLLIN : 0) |
				       (ARES_GETSOCK_WRITABLE((unsigned)bits, i) ? POLLOUT : 0));

		if (events != 0)
			fds[count++] = (struct pollfd){ .fd = sockets[i], .events = events };
	}
	return count;
}

/* The time until the library's next time-out, if that is sooner. */
static int
shorten(struct lookup *lookup, int timeout_ms)
{
	struct timeval until;
	long left;

	if (ares_timeout(lookup->channel, NULL, &until) == NULL)
		return timeout_ms;
	left = until.tv_sec * 1000 + until.tv_usec / 1000 + 1;
	return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

int
lookup_wait(struct lookup *lookup, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct pollfd all[WORKER_FDS_MAX + ARES_GETSOCK_MAXNUM];
	unsigned total;
	int served;

	if (count > WORKER_FDS_MAX)
		fatal("more channels than were thought of");
	memcpy(all, fds, count * sizeof(*fds));
	total = add_sockets(lookup, all, count);
	served = poll(all, total, shorten(lookup, timeout_ms));
	if (served < 0)
		return served;
	memcpy(fds, all, count * sizeof(*fds));
	for (unsigned i = count; i < total; i++)
		ares_process_fd(lookup->channel,
		    (all[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? all[i].fd :
									   ARES_SOCKET_BAD,
		    (all[i].revents & POLLOUT) != 0 ? all[i].fd : ARES_SOCKET_BAD);
	if (total > count || lookup->running > 0)
		ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	return served;
}
