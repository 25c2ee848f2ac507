/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each endpoint lets through, and why it refuses all else: the raw target decides. */
#include "tests/unit/unit.h"

#include "events_filter.h"
#include "routes.h"

#define ID CONTAINER_ID("a")
#define NAME "dockflare-agent-tunnel"
#define DIGEST "sha256:" CONTAINER_ID("b")
#define C "/v1.41/containers/"

static struct rules read_rules, tunnel_rules;

static const struct allowed {
	const char *method;
	const char *target;
	enum wish_kind kind;
	enum { READS = 1, TUNNELS = 2, EACH = 3 } endpoints;
} allowed[] = {
	{ "GET", "/_ping", WISH_PING, EACH },
	{ "HEAD", "/_ping", WISH_PING, EACH },
	{ "HEAD", "/v1.44/_ping", WISH_PING, EACH },
	{ "GET", "/version", WISH_VERSION, EACH },
	{ "GET", "/v1.24/version", WISH_VERSION, EACH },
	{ "GET", "/healthz", WISH_HEALTH, EACH },
	{ "GET", C "json", WISH_LIST, READS },
	{ "GET", C "json?all=1", WISH_LIST, READS },
	{ "GET", "/v1.41/events", WISH_EVENTS, READS },
	{ "GET", C NAME "/json", WISH_INSPECT, TUNNELS },
	{ "GET", C ID "/json", WISH_INSPECT, TUNNELS },
	{ "POST", C "create?name=" NAME, WISH_CREATE, TUNNELS },
	{ "POST", C NAME "/start", WISH_START, TUNNELS },
	{ "POST", C ID "/stop", WISH_STOP, TUNNELS },
	{ "POST", C ID "/stop?t=60", WISH_STOP, TUNNELS },
	{ "DELETE", C ID, WISH_REMOVE, TUNNELS },
	{ "DELETE", C NAME "?v=1&force=1", WISH_REMOVE, TUNNELS },
	{ "DELETE", C NAME "?force=0", WISH_REMOVE, TUNNELS },
	{ "GET", "/v1.41/networks/net-1", WISH_NETWORK, TUNNELS },
	{ "GET", "/v1.41/images/cloudflare/cloudflared:1/json", WISH_IMAGE, TUNNELS },
	{ "GET", "/v1.41/images/docker.io/cloudflare/cloudflared:1/json", WISH_IMAGE, TUNNELS },
	{ "GET", "/v1.41/images/h:5/a@" DIGEST "/json", WISH_IMAGE, TUNNELS },
	{ "POST", "/v1.41/images/create?fromImage=cloudflare/cloudflared&tag=1", WISH_PULL,
	    TUNNELS },
	{ "POST", "/v1.41/images/create?fromImage=cloudflare%2Fcloudflared&tag=%31", WISH_PULL,
	    TUNNELS },
	{ "POST", "/v1.41/images/create?fromImage=h:5/a&tag=" DIGEST, WISH_PULL, TUNNELS },
};

static void
judge_allowed(const struct allowed *row, const struct rules *rules, bool due)
{
	struct refusal refusal = { 0 };
	struct wish wish;
	bool good = route_find(rules, row->method, row->target, &wish, &refusal);

	row_int_equal(row->target, good, due);
	if (due)
		row_int_equal(row->target, wish.kind, row->kind);
	else
		row_int_equal(row->target, refusal.status, 403);
}

static void
each_endpoint_has_its_own(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(allowed); at++) {
		judge_allowed(&allowed[at], &read_rules, (allowed[at].endpoints & READS) != 0);
		judge_allowed(&allowed[at], &tunnel_rules, (allowed[at].endpoints & TUNNELS) != 0);
	}
}

static const struct refused {
	const char *method;
	const char *target;
	int status;
	const char *why;
} refused[] = {
	{ "GET", "", 400, "no path" },
	{ "GET", "*", 400, "no path" },
	{ "GET", "http://docker/_ping", 400, "no path" },
	{ "GET", "/%5fping", 400, "%" },
	{ "GET", C "%64ockflare-agent-tunnel/json", 400, "%" },
	{ "GET", "/v1.41//version", 400, "//" },
	{ "GET", "//version", 400, "//" },
	{ "GET", "/v1.41/containers/../version", 400, "/." },
	{ "GET", "/./version", 400, "/." },
	{ "GET", "/v1.41/versi\xc3\xb6n", 400, "ASCII" },
	{ "GET", "/v1.41/Version", 403, NULL },
	{ "GET", "/V1.41/version", 403, NULL },
	{ "get", "/version", 403, NULL },
	{ "GET", "/version/", 403, NULL },
	{ "GET", "/v1.41", 400, "versions" },
	{ "GET", "/v1.23/version", 400, "1.24 to 1.44" },
	{ "GET", "/v1.45/version", 400, "versions" },
	{ "GET", "/v1.041/version", 400, "versions" },
	{ "GET", "/v1.4/version", 400, "versions" },
	{ "GET", "/v1.410/version", 400, "versions" },
	{ "GET", "/v1.4294967337/version", 400, "versions" },
	{ "GET", "/v2.41/version", 400, "versions" },
	{ "GET", "/v1/version", 400, "versions" },
	{ "GET", "/v1.41/v1.41/version", 403, NULL },
	{ "GET", "/v1.41/healthz", 403, "no version" },
	{ "GET", "/containers/" NAME "/json", 403, "needs a version" },
	{ "GET", C "web/json", 403, "only " NAME },
	{ "GET", C NAME "2/json", 403, "only" },
	{ "GET", C "ockflare-agent-tunnel/json", 403, "only" },
	{ "GET", C "aaaaaaaaaaaa/json", 403, "only" },
	{ "GET", C CONTAINER_ID("A") "/json", 403, "only" },
	{ "GET", C ID "a/json", 403, "only" },
	{ "GET", C "/json", 400, "//" },
	{ "GET", C NAME "/json/", 403, NULL },
	{ "GET", C NAME "/json?size=1", 403, "\"size\"" },
	{ "GET", C NAME "/logs", 403, NULL },
	{ "GET", C NAME "/archive?path=/", 403, NULL },
	{ "GET", C NAME "/export", 403, NULL },
	{ "POST", C NAME "/exec", 403, NULL },
	{ "POST", C NAME "/kill", 403, NULL },
	{ "POST", C NAME "/update", 403, NULL },
	{ "POST", C NAME "/attach?stream=1", 403, NULL },
	{ "PUT", C NAME "/archive?path=/", 403, NULL },
	{ "HEAD", C NAME "/json", 403, NULL },
	{ "GET", C NAME, 403, NULL },
	{ "POST", C "create", 403, "\"name\" is missing" },
	{ "POST", C "create?name=", 403, "\"name\"" },
	{ "POST", C "create?name=other", 403, "\"name\"" },
	{ "POST", C "create?name=" NAME "&platform=x", 403, "\"platform\"" },
	{ "POST", C "create?name=" NAME "&name=" NAME, 400, "twice" },
	{ "POST", C NAME "/stop?t=61", 403, "\"t\"" },
	{ "POST", C NAME "/stop?t=-1", 403, "\"t\"" },
	{ "POST", C NAME "/stop?t=010", 403, "\"t\"" },
	{ "POST", C NAME "/stop?t=", 403, "\"t\"" },
	{ "POST", C NAME "/stop?t", 400, "no value" },
	{ "POST", C NAME "/stop?", 400, "empty" },
	{ "POST", C NAME "/stop?t=1&", 400, "ends in" },
	{ "POST", C NAME "/stop?&t=1", 400, "no value" },
	{ "POST", C NAME "/stop?%74=1", 403, "not allowed" },
	{ "POST", C NAME "/stop?t=%3", 400, "encoded" },
	{ "POST", C NAME "/stop?t=%zz", 400, "encoded" },
	{ "POST", C NAME "/stop?t=1%00", 400, "encoded" },
	{ "POST", C NAME "/stop?signal=KILL", 403, "\"signal\"" },
	{ "DELETE", C NAME "?v=0", 403, "\"v\"" },
	{ "DELETE", C NAME "?link=1", 403, "\"link\"" },
	{ "DELETE", C NAME "?force=yes", 403, "\"force\"" },
	{ "DELETE", "/v1.41/networks/net-1", 403, NULL },
	{ "GET", "/v1.41/networks", 403, NULL },
	{ "GET", "/v1.41/networks/host", 403, "network" },
	{ "GET", "/v1.41/networks/net-1?verbose=1", 403, "\"verbose\"" },
	{ "GET", "/v1.41/images/cloudflare/cloudflared:2/json", 403, "image" },
	{ "GET", "/v1.41/images/cloudflare/cloudflared/json", 403, "image" },
	{ "GET", "/v1.41/images/json", 403, NULL },
	{ "POST", "/v1.41/images/create?fromImage=alpine&tag=1", 403, "image" },
	{ "POST", "/v1.41/images/create?fromImage=cloudflare/cloudflared", 403, "\"tag\"" },
	{ "POST", "/v1.41/images/create?fromImage=cloudflare/cloudflared:1&tag=1", 403, "image" },
	{ "POST", "/v1.41/images/create?fromImage=cloudflare/cloudflared&tag=1&repo=x", 403,
	    "\"repo\"" },
	{ "POST", "/v1.41/images/create?fromSrc=-&tag=1", 403, "\"fromSrc\"" },
	{ "POST", "/v1.41/build", 403, NULL },
	{ "POST", "/v1.41/session", 403, NULL },
	{ "POST", "/v1.41/swarm/init", 403, NULL },
};

static void
all_else_is_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(refused); at++) {
		const struct refused *row = &refused[at];
		struct refusal refusal = { 0 };
		struct wish wish;

		row_int_equal(row->target,
		    route_find(&tunnel_rules, row->method, row->target, &wish, &refusal), false);
		row_int_equal(row->target, refusal.status, row->status);
		row_string_holds(row->target, refusal.message, row->why);
	}
}

static void
long_targets_are_refused(void **state)
{
	struct refusal refusal;
	struct wish wish;
	char target[4096];

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[sizeof(target) - 1] = '\0';
	assert_false(route_find(&read_rules, "GET", target, &wish, &refusal));
	assert_int_equal(refusal.status, 414);
	memcpy(target, "/v1.41/events?filters=", strlen("/v1.41/events?filters="));
	assert_false(route_find(&read_rules, "GET", target, &wish, &refusal));
	assert_int_equal(refusal.status, 414);
}

static void
wishes_say_what_is_asked_for(void **state)
{
	struct refusal refusal;
	struct wish wish;

	(void)state;
	assert_true(route_find(&tunnel_rules, "POST", C ID "/stop", &wish, &refusal));
	assert_string_equal(wish.container, ID);
	assert_int_equal(wish.seconds, 10);
	assert_true(route_find(&tunnel_rules, "POST", C NAME "/stop?t=0", &wish, &refusal));
	assert_string_equal(wish.container, "");
	assert_int_equal(wish.seconds, 0);
	/* The configured text, not the client's. */
	assert_true(route_find(&tunnel_rules, "GET",
	    "/v1.41/images/docker.io/cloudflare/cloudflared:1/json", &wish, &refusal));
	assert_string_equal(wish.image, "cloudflare/cloudflared:1");
	assert_true(route_find(&read_rules, "GET", C "json?all=true", &wish, &refusal));
	assert_true(wish.all);
	assert_true(route_find(&read_rules, "GET", C "json?all=0", &wish, &refusal));
	assert_false(wish.all);
	assert_false(route_find(&read_rules, "GET", C "json?all=2", &wish, &refusal));
}

static const struct filtered {
	const char *text;
	const char *why;     /* NULL: it is good */
	const char *wanted;  /* an action that passes */
	const char *blocked; /* one that does not; NULL: all pass */
} filtered[] = {
	{ "{}", NULL, "start", NULL },
	{ "{\"type\":[\"container\"]}", NULL, "start", NULL },
	{ "{\"type\":{\"container\":true}}", NULL, "start", NULL },
	{ " {\"event\": [\"start\", \"died\"]}", NULL, "died", "die" },
	{ "{\"event\":{\"start\":true}}", NULL, "start", "die" },
	{ "{\"type\":[\"container\"],\"event\":[\"start\",\"die\",\"died\",\"stop\",\"destroy\","
	  "\"remove\",\"rename\",\"pause\",\"unpause\"]}",
	    NULL, "rename", "exec_start" },
	{ "", "JSON", NULL, NULL },
	{ "[]", "object", NULL, NULL },
	{ "\"type\"", "object", NULL, NULL },
	{ "{\"type\":[\"image\"]}", "\"image\"", NULL, NULL },
	{ "{\"event\":[\"exec_start\"]}", "\"exec_start\"", NULL, NULL },
	{ "{\"event\":[1]}", "\"event\"", NULL, NULL },
	{ "{\"event\":[[\"start\"]]}", "\"event\"", NULL, NULL },
	{ "{\"event\":\"start\"}", "no list", NULL, NULL },
	{ "{\"event\":{\"start\":false}}", "not true", NULL, NULL },
	{ "{\"label\":[\"a\"]}", "\"label\"", NULL, NULL },
	{ "{\"container\":[\"web\"]}", "\"container\"", NULL, NULL },
	{ "{\"Type\":[\"container\"]}", "\"Type\"", NULL, NULL },
	{ "{\"type\":[],\"type\":[]}", "duplicate", NULL, NULL },
	{ "{\"type\":[[[[\"container\"]]]]}", "JSON", NULL, NULL },
};

static void
filters_are_known_words(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(filtered); at++) {
		const struct filtered *row = &filtered[at];
		struct refusal refusal = { 0 };
		unsigned actions;
		bool good = filters_read(slice_of(row->text), &actions, &refusal);

		row_int_equal(row->text, good, row->why == NULL);
		row_string_holds(row->text, refusal.message, row->why);
		if (!good)
			continue;
		row_int_equal(row->text, actions == 0 || (actions & action_bit(row->wanted)) != 0,
		    true);
		row_int_equal(row->text, row->blocked == NULL, actions == 0);
		if (row->blocked != NULL)
			row_int_equal(row->text, actions & action_bit(row->blocked), 0);
	}
}

static void
parameters_of_the_read_endpoint(void **state)
{
	static const char *const targets[] = { C "json?limit=1", C "json?filters=%7B%7D",
		C "json?size=1", "/v1.41/events?since=1", "/v1.41/events?until=1",
		"/v1.41/events?filters=%7B%22label%22%3A%5B%22a%22%5D%7D" };
	struct refusal refusal;
	struct wish wish;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(targets); at++) {
		row_int_equal(targets[at],
		    route_find(&read_rules, "GET", targets[at], &wish, &refusal), false);
		row_int_equal(targets[at], refusal.status, 403);
	}
	assert_true(route_find(&read_rules, "GET",
	    "/v1.41/events?filters=%7B%22event%22%3A%5B%22die%22%5D%7D", &wish, &refusal));
	assert_int_equal(wish.actions, action_bit("die"));
}

static int
make_rules(void **state)
{
	(void)state;
	return rules_init(&read_rules, LISTENER_READ, NULL, NULL, NULL) &&
		       rules_init(&tunnel_rules, LISTENER_TUNNEL, "net-1",
			   "cloudflare/cloudflared:1", "h:5/a@" DIGEST ", b:2") ?
		   0 :
		   -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_endpoint_has_its_own),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(long_targets_are_refused),
		cmocka_unit_test(wishes_say_what_is_asked_for),
		cmocka_unit_test(filters_are_known_words),
		cmocka_unit_test(parameters_of_the_read_endpoint),
	};

	return cmocka_run_group_tests(tests, make_rules, NULL);
}
