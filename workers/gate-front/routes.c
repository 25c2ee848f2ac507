/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See routes.h. */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/docker.h"
#include "common/tunnel_container.h"
#include "events_filter.h"
#include "query.h"

#define READ (1u << LISTENER_READ)
#define TUNNEL (1u << LISTENER_TUNNEL)
#define BOTH (READ | TUNNEL)
#define STOP_DEFAULT_S 10 /* Docker's own */

/* What the parameters of one request say together. */
struct taking {
	const struct rules *rules;
	struct wish *wish;
	const char *from; /* fromImage, tag */
	const char *tag;
};

/* Whether the value has the needed form; takes what it says. */
typedef bool take_value(struct taking *taking, const char *value);

struct known {
	const char *name;
	take_value *take;
	bool needed;
};

struct route {
	const char *method;
	const char *path; /* behind the version; {container}, {image}, {network} stand for those */
	unsigned endpoints;
	enum wish_kind kind;
	enum { VERSIONED, EITHER, BARE } prefix;
	const struct known *parameters; /* ended by a NULL name; NULL: none */
};

/* ---- parameters ---- */

static bool
is_true(const char *value)
{
	return strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
}

static bool
is_boolean(const char *value)
{
	return is_true(value) || strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
}

static bool
take_all(struct taking *taking, const char *value)
{
	taking->wish->all = is_true(value);
	return is_boolean(value);
}

/* A removal always takes the container's volumes along, and a running one too. */
static bool
take_volumes(struct taking *taking, const char *value)
{
	(void)taking;
	return is_true(value);
}

static bool
take_force(struct taking *taking, const char *value)
{
	(void)taking;
	return is_boolean(value);
}

static bool
take_seconds(struct taking *taking, const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || length > 2 || strspn(value, "0123456789") != length ||
	    (length > 1 && value[0] == '0'))
		return false;
	taking->wish->seconds = strtol(value, NULL, 10);
	return taking->wish->seconds <= GATE_STOP_MAX_S;
}

static bool
take_name(struct taking *taking, const char *value)
{
	(void)taking;
	return strcmp(value, TUNNEL_CONTAINER_NAME) == 0;
}

static bool
take_from(struct taking *taking, const char *value)
{
	taking->from = value;
	return value[0] != '\0';
}

static bool
take_tag(struct taking *taking, const char *value)
{
	taking->tag = value;
	return value[0] != '\0';
}

static const struct known list_parameters[] = { { "all", take_all, false }, { 0 } };
/* `filters` says why it refuses: see take_parameters. */
static const struct known events_parameters[] = { { "filters", NULL, false }, { 0 } };
static const struct known create_parameters[] = { { "name", take_name, true }, { 0 } };
static const struct known stop_parameters[] = { { "t", take_seconds, false }, { 0 } };
static const struct known remove_parameters[] = { { "v", take_volumes, false },
	{ "force", take_force, false }, { 0 } };
static const struct known pull_parameters[] = { { "fromImage", take_from, true },
	{ "tag", take_tag, true }, { 0 } };

/* ---- the table ---- */

static const struct route routes[] = {
	{ "GET", "/_ping", BOTH, WISH_PING, EITHER, NULL },
	{ "HEAD", "/_ping", BOTH, WISH_PING, EITHER, NULL },
	{ "GET", "/version", BOTH, WISH_VERSION, EITHER, NULL },
	{ "GET", "/healthz", BOTH, WISH_HEALTH, BARE, NULL },
	{ "GET", "/containers/json", READ, WISH_LIST, VERSIONED, list_parameters },
	{ "GET", "/events", READ, WISH_EVENTS, VERSIONED, events_parameters },
	{ "GET", "/containers/{container}/json", TUNNEL, WISH_INSPECT, VERSIONED, NULL },
	{ "POST", "/containers/create", TUNNEL, WISH_CREATE, VERSIONED, create_parameters },
	{ "POST", "/containers/{container}/start", TUNNEL, WISH_START, VERSIONED, NULL },
	{ "POST", "/containers/{container}/stop", TUNNEL, WISH_STOP, VERSIONED, stop_parameters },
	{ "DELETE", "/containers/{container}", TUNNEL, WISH_REMOVE, VERSIONED, remove_parameters },
	{ "GET", "/networks/{network}", TUNNEL, WISH_NETWORK, VERSIONED, NULL },
	{ "GET", "/images/{image}/json", TUNNEL, WISH_IMAGE, VERSIONED, NULL },
	{ "POST", "/images/create", TUNNEL, WISH_PULL, VERSIONED, pull_parameters },
};

const char *
route_text(size_t at)
{
	static char text[PATH_MAX_BYTES];

	if (at >= ARRAY_LEN(routes))
		return NULL;
	(void)snprintf(text, sizeof(text), "%s %s", routes[at].method, routes[at].path);
	return text;
}

/* ---- the path ---- */

static bool
is_container(struct slice part, struct wish *wish)
{
	if (part.length == strlen(TUNNEL_CONTAINER_NAME) &&
	    memcmp(part.bytes, TUNNEL_CONTAINER_NAME, part.length) == 0)
		return true;
	if (part.length != CONTAINER_ID_BYTES || !text_is(TEXT_HEX, part.bytes, part.length))
		return false;
	memcpy(wish->container, part.bytes, part.length);
	wish->container[part.length] = '\0';
	return true;
}

static bool
is_image(const struct rules *rules, struct slice part, struct wish *wish)
{
	char reference[IMAGE_MAX_BYTES + 1];

	if (part.length >= sizeof(reference))
		return false;
	memcpy(reference, part.bytes, part.length);
	reference[part.length] = '\0';
	wish->image = rules_image(rules, reference);
	return wish->image != NULL;
}

/* Whether the part of a path is what `{placeholder}` stands for. */
static bool
part_fits(const struct rules *rules, char placeholder, struct slice part, struct wish *wish)
{
	switch (placeholder) {
	case 'c':
		return is_container(part, wish);
	case 'i':
		return is_image(rules, part, wish);
	default:
		return rules->network != NULL && part.length == strlen(rules->network) &&
		       memcmp(part.bytes, rules->network, part.length) == 0;
	}
}

enum fit { FIT_NOT, FIT_OTHER, FIT_WHOLE };

/* A path has at most one placeholder; FIT_OTHER: the path, but of another container or image. */
static enum fit
path_fits(const struct rules *rules, const struct route *route, struct slice path,
    struct wish *wish)
{
	const char *open = strchr(route->path, '{'), *close;
	size_t before, after;
	struct slice part;

	if (open == NULL)
		return path.length == strlen(route->path) &&
			       memcmp(path.bytes, route->path, path.length) == 0 ?
			   FIT_WHOLE :
			   FIT_NOT;
	close = strchr(open, '}') + 1;
	before = (size_t)(open - route->path);
	after = strlen(close);
	if (path.length <= before + after || memcmp(path.bytes, route->path, before) != 0 ||
	    memcmp(path.bytes + path.length - after, close, after) != 0)
		return FIT_NOT;
	part = (struct slice){ .bytes = path.bytes + before,
		.length = path.length - before - after };
	if (part_fits(rules, open[1], part, wish))
		return FIT_WHOLE;
	return open[1] == 'i' || memchr(part.bytes, '/', part.length) == NULL ? FIT_OTHER : FIT_NOT;
}

/* Takes "/v1.N" off.  1: it was there, 0: it is not, -1: it is no version that is spoken here. */
static int
take_version(struct slice *path)
{
	size_t at = strlen("/v1."), digits = 0;
	int minor = 0;

	if (path->length < 3 || memcmp(path->bytes, "/v", 2) != 0 || path->bytes[2] < '0' ||
	    path->bytes[2] > '9')
		return 0;
	if (path->length < at || memcmp(path->bytes, "/v1.", at) != 0)
		return -1;
	for (; at < path->length && path->bytes[at] >= '0' && path->bytes[at] <= '9'; at++)
		if (++digits <= 2)
			minor = minor * 10 + path->bytes[at] - '0';
	if (digits != 2 || minor < DOCKER_API_MIN || minor > DOCKER_API_MAX || at == path->length ||
	    path->bytes[at] != '/')
		return -1;
	path->bytes += at;
	path->length -= at;
	return 1;
}

static bool
path_is_clean(struct slice path, struct refusal *refusal)
{
	if (path.length == 0 || path.bytes[0] != '/')
		return refuse(refusal, 400, "the request target is no path");
	if (path.length > PATH_MAX_BYTES)
		return refuse(refusal, 414, "the path is longer than %d bytes", PATH_MAX_BYTES);
	if (!text_is(TEXT_VISIBLE, path.bytes, path.length))
		return refuse(refusal, 400, "the path is not plain ASCII");
	if (memchr(path.bytes, '%', path.length) != NULL)
		return refuse(refusal, 400, "a \"%%\" is not allowed in the path");
	if (memmem(path.bytes, path.length, "//", 2) != NULL)
		return refuse(refusal, 400, "\"//\" is not allowed in the path");
	if (memmem(path.bytes, path.length, "/.", 2) != NULL)
		return refuse(refusal, 400, "\"/.\" is not allowed in the path");
	return true;
}

/* ---- the request ---- */

static const struct known *
find_known(const struct route *route, struct slice name)
{
	for (const struct known *known = route->parameters; known != NULL && known->name != NULL;
	     known++)
		if (strlen(known->name) == name.length &&
		    memcmp(known->name, name.bytes, name.length) == 0)
			return known;
	return NULL;
}

static bool
is_given(const struct query *query, const char *name)
{
	for (size_t at = 0; at < query->count; at++)
		if (query->items[at].name.length == strlen(name) &&
		    memcmp(query->items[at].name.bytes, name, strlen(name)) == 0)
			return true;
	return false;
}

static bool
take_parameter(const struct route *route, const struct parameter *parameter, struct taking *taking,
    struct refusal *refusal)
{
	const struct known *known = find_known(route, parameter->name);
	char shown[REFUSAL_NAME_BYTES];

	if (known == NULL) {
		refusal_name(parameter->name, shown);
		return refuse(refusal, 403, "parameter \"%s\" is not allowed", shown);
	}
	if (known->take == NULL)
		return filters_read((struct slice){ .bytes = parameter->value,
					.length = strlen(parameter->value) },
		    &taking->wish->actions, refusal);
	if (!known->take(taking, parameter->value))
		return refuse(refusal, 403, "parameter \"%s\" has a value that is not allowed",
		    known->name);
	return true;
}

static bool
take_parameters(const struct route *route, const struct query *query, struct taking *taking,
    struct refusal *refusal)
{
	for (size_t at = 0; at < query->count; at++)
		if (!take_parameter(route, &query->items[at], taking, refusal))
			return false;
	for (const struct known *known = route->parameters; known != NULL && known->name != NULL;
	     known++)
		if (known->needed && !is_given(query, known->name))
			return refuse(refusal, 403, "parameter \"%s\" is missing", known->name);
	return true;
}

/* fromImage and tag together; a tag may be a digest. */
static const char *
find_pulled(const struct rules *rules, const char *from, const char *tag)
{
	bool digest = strncmp(tag, "sha256:", strlen("sha256:")) == 0;
	char reference[IMAGE_MAX_BYTES + 1];
	int length = snprintf(reference, sizeof(reference), "%s%s%s", from, digest ? "@" : ":",
	    tag);

	/* A tag or digest in the wrong one of the two would name another image than both together. */
	if (length >= (int)sizeof(reference) || strchr(from, '@') != NULL ||
	    strpbrk(tag, "/@") != NULL)
		return NULL;
	return rules_image(rules, reference);
}

static bool
take_pull(struct taking *taking, struct refusal *refusal)
{
	if (taking->from != NULL && taking->tag != NULL)
		taking->wish->image = find_pulled(taking->rules, taking->from, taking->tag);
	return taking->wish->image != NULL || refuse(refusal, 403, "this image is not allowed");
}

static bool
route_take(const struct rules *rules, const struct route *route, struct slice query_text,
    struct wish *wish, struct refusal *refusal)
{
	struct taking taking = { .rules = rules, .wish = wish };
	struct query query;

	wish->kind = route->kind;
	wish->seconds = route->kind == WISH_STOP ? STOP_DEFAULT_S : 0;
	return query_read(query_text, &query, refusal) &&
	       take_parameters(route, &query, &taking, refusal) &&
	       (route->kind != WISH_PULL || take_pull(&taking, refusal));
}

static const char *
other_text(enum wish_kind kind)
{
	if (kind == WISH_IMAGE)
		return "this image is not allowed";
	return kind == WISH_NETWORK ? "this network is not allowed" :
				      "this container is not allowed: only " TUNNEL_CONTAINER_NAME;
}

/* The row for a path; NULL with the refusal set. */
static const struct route *
find(const struct rules *rules, const char *method, struct slice path, int versioned,
    struct wish *wish, struct refusal *refusal)
{
	const char *why = rules->endpoint == LISTENER_READ ?
			      "this is not allowed at docker-gate's read endpoint" :
			      "this is not allowed at docker-gate's tunnel endpoint";

	for (size_t at = 0; at < ARRAY_LEN(routes); at++) {
		const struct route *route = &routes[at];
		enum fit fit;

		if ((route->endpoints & (1u << rules->endpoint)) == 0 ||
		    strcmp(route->method, method) != 0)
			continue;
		fit = path_fits(rules, route, path, wish);
		if (fit == FIT_OTHER)
			why = other_text(route->kind);
		if (fit != FIT_WHOLE)
			continue;
		if (versioned == (route->prefix == VERSIONED) || route->prefix == EITHER)
			return route;
		why = versioned ? "this path has no version" : "this path needs a version: /v1.N";
	}
	(void)refuse(refusal, 403, "%s", why);
	return NULL;
}

bool
route_find(const struct rules *rules, const char *method, const char *target, struct wish *ret_wish,
    struct refusal *refusal)
{
	size_t length = strcspn(target, "?");
	struct slice path = { .bytes = target, .length = length };
	struct slice query = { .bytes = target + length, .length = strlen(target) - length };
	const struct route *route;
	int versioned;

	memset(ret_wish, 0, sizeof(*ret_wish));
	if (!path_is_clean(path, refusal))
		return false;
	versioned = take_version(&path);
	if (versioned < 0)
		return refuse(refusal, 400, "only the API versions 1.%d to 1.%d are spoken here",
		    DOCKER_API_MIN, DOCKER_API_MAX);
	route = find(rules, method, path, versioned, ret_wish, refusal);
	if (route == NULL)
		return false;
	if (query.length > 0) {
		query.bytes++;
		query.length--;
		if (query.length == 0)
			return refuse(refusal, 400, "the query is empty");
	}
	return route_take(rules, route, query, ret_wish, refusal);
}
