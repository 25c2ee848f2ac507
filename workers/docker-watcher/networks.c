/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  Which networks a container is on, as Docker's list tells: see networks.h. */
#include "workers/docker-watcher/networks.h"

#include <string.h>

static bool
key_is(struct slice key, const char *name)
{
	size_t length = strlen(name);

	return key.length == length + 2 && memcmp(key.bytes + 1, name, length) == 0;
}

enum on_network
list_network(struct slice element, const char *network)
{
	struct slice member, networks, key, value;
	size_t at = 0;

	if (!json_member(element, "NetworkSettings", &member) ||
	    !json_member(member, "Networks", &networks) || networks.bytes[0] != '{')
		return NOT_TOLD;
	while (json_next_member(networks, &at, &key, &value))
		if (key_is(key, network) || key_is(key, "host"))
			return ON_NETWORK;
	return OFF_NETWORK;
}
