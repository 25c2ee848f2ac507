/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher and tunnel-keeper.  The list of calls to Docker: see docker_calls.h. */
#include "common/docker_calls.h"

#include <stddef.h>
#include <string.h>

#include "common/tunnel_container.h"

#define WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)

const struct docker_call_entry docker_calls[DOCKER_CALLS] = {
	{ "GET", "/_ping", WATCHER | KEEPER, true, true, CHECKED_AS_IT_IS,
	    "first, at each connect" },
	{ "GET", "/version", WATCHER | KEEPER, true, false, CHECKED_AS_IT_IS,
	    "which API versions the engine speaks, at each connect" },
	{ "GET", "/events?filters={filters}", WATCHER, false, false, CHECKED_AS_IT_IS,
	    "events of containers: start, die, died, stop, destroy, remove, rename, pause, "
	    "unpause; a stream that stays open" },
	{ "GET", "/containers/json", WATCHER, false, false, CHECKED_AS_IT_IS,
	    "the containers that run: after each connect, every minute, and when an event leaves "
	    "a doubt" },
	{ "GET", "/containers/" TUNNEL_CONTAINER_NAME "/json", KEEPER, false, false,
	    CHECKED_AS_IT_IS, "what is there under the tunnel's name" },
	{ "GET", "/networks/{network}", KEEPER, false, true, CHECKED_AS_IT_IS,
	    "whether `CLOUDFLARED_NETWORK_NAME` is there" },
	{ "GET", "/images/{image}/json", KEEPER, false, true, CHECKED_AS_IT_IS,
	    "whether `CLOUDFLARED_IMAGE` is there" },
	{ "POST", "/images/create?fromImage={repository}&tag={tag}", KEEPER, false, false,
	    CHECKED_REFUSED, "pulls the image where it is missing; the tag may be a digest" },
	{ "POST", "/containers/create?name=" TUNNEL_CONTAINER_NAME, KEEPER, false, false,
	    CHECKED_REFUSED, "makes the tunnel's container" },
	{ "POST", "/containers/{id}/start", KEEPER, false, false, CHECKED_REFUSED, "starts it" },
	{ "POST", "/containers/{id}/stop?t=6", KEEPER, false, false, CHECKED_REFUSED, "stops it" },
	{ "DELETE", "/containers/{id}?v=1", KEEPER, false, false, CHECKED_REFUSED,
	    "removes it when it has ended" },
	{ "DELETE", "/containers/{id}?v=1&force=1", KEEPER, false, false, CHECKED_NOT,
	    "removes it when Docker calls it dead" },
};

/* How many bytes at `path` may stand for the word of `mark` before what is behind it. */
static size_t
word_length(const char *mark, const char *path)
{
	bool with_slash = strncmp(mark, "{image}", 7) == 0 ||
			  strncmp(mark, "{repository}", 12) == 0;

	return strcspn(path, with_slash ? "?&" : "?&/");
}

static bool
matches(const char *pattern, const char *path)
{
	while (*pattern != '\0' && *pattern != '{') {
		if (*pattern++ != *path++)
			return false;
	}
	if (*pattern == '\0')
		return *path == '\0';
	/* The longest that fits: "/json" is also what a repository may be called. */
	for (size_t length = word_length(pattern, path); length > 0; length--)
		if (matches(strchr(pattern, '}') + 1, path + length))
			return true;
	return false;
}

const struct docker_call_entry *
docker_call_find(enum process process, bool plain, const char *method, const char *path)
{
	for (size_t at = 0; at < DOCKER_CALLS; at++) {
		const struct docker_call_entry *entry = &docker_calls[at];

		if ((entry->processes & PROCESS_BIT(process)) != 0 && entry->plain == plain &&
		    strcmp(entry->method, method) == 0 && matches(entry->path, path))
			return entry;
	}
	return NULL;
}
