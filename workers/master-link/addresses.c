/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  Addresses of the master, and of what must not be taken for it. */
#include "link.h"

static void ask_next(struct link *link);

static void
on_first_docker(struct endpoint *endpoint, bool ok UNUSED)
{
	ask_next(container_of(endpoint, struct link, docker[0]));
}

static void
on_second_docker(struct endpoint *endpoint, bool ok UNUSED)
{
	ask_next(container_of(endpoint, struct link, docker[1]));
}

static void
ask_next(struct link *link)
{
	static void (*const answers[LINK_DOCKER_ENDPOINTS])(struct endpoint * endpoint, bool ok) = {
		on_first_docker,
		on_second_docker,
	};
	size_t at = link->docker_asked;

	if (at < link->docker_count) {
		link->docker_asked++;
		endpoint_prepare(&link->docker[at], link->worker, answers[at]);
	} else {
		endpoint_prepare(&link->endpoint, link->worker, link->addressed);
	}
}

void
link_ask_addresses(struct link *link, void (*addressed)(struct endpoint *endpoint, bool ok))
{
	link->addressed = addressed;
	link->docker_asked = 0;
	ask_next(link);
}

void
link_resolver_up(struct link *link)
{
	endpoint_resolver_up(&link->endpoint, link->worker);
	for (size_t at = 0; at < link->docker_count; at++)
		endpoint_resolver_up(&link->docker[at], link->worker);
}

void
link_take_addresses(struct link *link, const struct message_addresses *addresses)
{
	bool mine = endpoint_answer(&link->endpoint, link->worker, addresses);

	for (size_t at = 0; at < link->docker_count && !mine; at++)
		mine = endpoint_answer(&link->docker[at], link->worker, addresses);
}
