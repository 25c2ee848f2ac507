/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of a create: tunnel-keeper's own passes, and nothing else does. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "create.h"
#include "create_body.h"

/* base64 of {"a":…,"t":…,"s":…} */
#define TOKEN                                                                                  \
	"eyJhIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYiLCJ0IjoiNmZmNDJhZTItNzY1ZC00YWRm" \
	"LTgxMTItMzFjNTVjMTU1MWVmIiwicyI6ImMyVmpjbVYwIn0="

#define IMAGE "\"Image\":\"a/b:1\""
#define CMD "\"Cmd\":[\"tunnel\",\"--no-autoupdate\",\"run\"]"
#define ENV "\"Env\":[\"TUNNEL_TOKEN=" TOKEN "\"]"
#define LABELS "\"Labels\":{\"dockflare.agent.owner\":\"dockflare-agent\"}"
#define NETWORK "\"NetworkMode\":\"net-1\""
#define RESTART "\"RestartPolicy\":{\"Name\":\"unless-stopped\"}"
#define ROOT "\"ReadonlyRootfs\":true"
#define CAPS "\"CapDrop\":[\"ALL\"]"
#define SECURITY "\"SecurityOpt\":[\"no-new-privileges\"]"
#define INSIDE NETWORK "," RESTART "," ROOT "," CAPS "," SECURITY
#define HOST "\"HostConfig\":{" INSIDE "}"
#define BEFORE "{" IMAGE "," CMD "," ENV "," LABELS ","
#define WITH_HOST(inside) BEFORE "\"HostConfig\":{" inside "}}"
#define WITH_ENV(list) "{" IMAGE "," CMD "," LABELS "," HOST ",\"Env\":[" list "]}"
#define WITH_LABELS(inside) "{" IMAGE "," CMD "," ENV "," HOST ",\"Labels\":{" inside "}}"
#define OWNER "\"dockflare.agent.owner\":\"dockflare-agent\""
#define MINE "\"TUNNEL_TOKEN=" TOKEN "\""

static struct rules rules;

static void
tunnel_keepers_own_passes(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
	struct arena arena _cleanup_arena_ = { .secret = true };
	struct create asked = { .image = "docker.io/a/b:1",
		.network = "net-1",
		.token = TOKEN,
		.command_id = "c-1",
		.metrics_port = 20241 };
	struct message_gate_create create;
	struct refusal refusal = { 0 };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&asked, &out, why), 0);
	assert_true(create_body_read(&rules,
	    (struct slice){ .bytes = out.bytes, .length = out.length }, &arena, &create, &refusal));
	assert_string_equal(create.image, "a/b:1");
	assert_string_equal(create.token, TOKEN);
	assert_string_equal(create.command_id, "c-1");
	assert_int_equal(create.grace_s, 5);
	assert_int_equal(create.metrics_port, 20241);
	buffer_clear(&out);
	asked.command_id = "";
	assert_int_equal(create_body(&asked, &out, why), 0);
	assert_true(create_body_read(&rules,
	    (struct slice){ .bytes = out.bytes, .length = out.length }, &arena, &create, &refusal));
	assert_null(create.command_id);
}

static const struct row {
	const char *body;
	int status; /* 0: it passes */
	const char *why;
} rows[] = {
	{ BEFORE HOST "}", 0, NULL },
	{ " \n" BEFORE HOST " } ", 0, NULL },
	{ WITH_ENV(MINE ",\"TUNNEL_GRACE_PERIOD=60s\",\"TUNNEL_METRICS=0.0.0.0:1\""), 0, NULL },
	{ WITH_LABELS(OWNER ",\"dockflare.agent.command-id\":\"a-1\""), 0, NULL },

	{ "", 400, "empty" },
	{ "[]", 400, "not an object" },
	{ "null", 400, "not an object" },
	{ "{", 400, "JSON" },
	{ BEFORE HOST "}x", 400, "JSON" },
	{ "\xef\xbb\xbf" BEFORE HOST "}", 400, "JSON" },
	{ BEFORE HOST ",\"Image\":\"a/b:1\"}", 400, "duplicate" },
	{ BEFORE HOST ",\"Im\\u0061ge\":\"a/b:1\"}", 400, "duplicate" },
	{ BEFORE HOST ",\"User\":\"\\u0000\"}", 400, "NUL" },
	{ BEFORE HOST ",\"User\":\"\xff\"}", 400, "UTF-8" },
	{ BEFORE HOST ",\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", 400, "deep" },
	{ BEFORE HOST ",}", 400, "JSON" },

	{ BEFORE HOST ",\"User\":\"root\"}", 403, "field \"User\" is not allowed" },
	{ BEFORE HOST ",\"Entrypoint\":[\"sh\"]}", 403, "\"Entrypoint\"" },
	{ BEFORE HOST ",\"Volumes\":{}}", 403, "\"Volumes\"" },
	{ BEFORE HOST ",\"NetworkingConfig\":{}}", 403, "\"NetworkingConfig\"" },
	{ BEFORE HOST ",\"\":1}", 403, "\"\"" },
	{ BEFORE HOST ",\"image\":\"a/b:1\"}", 403, "\"image\"" },
	{ BEFORE HOST ",\"hostconfig\":{}}", 403, "\"hostconfig\"" },
	{ BEFORE HOST ",\"Us\\u0065r\":\"0\"}", 403, "Us\\u0065r" },
	{ "{\"Im\\u0061ge\":\"a/b:1\"," CMD "," ENV "," LABELS "," HOST "}", 403, "Im\\u0061ge" },
	{ WITH_HOST(INSIDE ",\"Binds\":[\"/:/h\"]"), 403, "\"HostConfig.Binds\" is not" },
	{ WITH_HOST(INSIDE ",\"binds\":[\"/:/h\"]"), 403, "\"HostConfig.binds\"" },
	{ WITH_HOST(INSIDE ",\"Privileged\":false"), 403, "\"HostConfig.Privileged\"" },
	{ WITH_HOST(INSIDE ",\"Mounts\":null"), 403, "\"HostConfig.Mounts\"" },
	{ WITH_HOST(NETWORK "," ROOT "," CAPS "," SECURITY
			    ",\"RestartPolicy\":{\"Name\":\"unless-stopped\",\"X\":1}"),
	    403, "\"HostConfig.RestartPolicy.X\"" },

	{ "{" CMD "," ENV "," LABELS "," HOST "}", 400, "\"Image\" is missing" },
	{ "{" IMAGE "," ENV "," LABELS "," HOST "}", 400, "\"Cmd\" is missing" },
	{ "{" IMAGE "," CMD "," LABELS "," HOST "}", 400, "\"Env\" is missing" },
	{ "{" IMAGE "," CMD "," ENV "," HOST "}", 400, "\"Labels\" is missing" },
	{ "{" IMAGE "," CMD "," ENV "," LABELS "}", 400, "\"HostConfig\" is missing" },
	{ WITH_HOST(RESTART "," ROOT "," CAPS "," SECURITY), 400, "\"NetworkMode\"" },
	{ WITH_HOST(NETWORK "," ROOT "," CAPS "," SECURITY), 400, "\"RestartPolicy\"" },
	{ WITH_HOST(NETWORK "," RESTART "," CAPS "," SECURITY), 400, "\"ReadonlyRootfs\"" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT "," SECURITY), 400, "\"CapDrop\"" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT "," CAPS), 400, "\"SecurityOpt\"" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT "," CAPS ",\"SecurityOpt\":null"), 400,
	    "\"SecurityOpt\"" },

	{ "{\"Image\":\"a/b:2\"," CMD "," ENV "," LABELS "," HOST "}", 403, "\"Image\"" },
	{ "{\"Image\":\"a/b\"," CMD "," ENV "," LABELS "," HOST "}", 403, "\"Image\"" },
	{ "{\"Image\":[\"a/b:1\"]," CMD "," ENV "," LABELS "," HOST "}", 400, "\"Image\"" },
	{ "{" IMAGE ",\"Cmd\":[\"tunnel\",\"run\"]," ENV "," LABELS "," HOST "}", 403, "\"Cmd\"" },
	{ "{" IMAGE ",\"Cmd\":\"tunnel\"," ENV "," LABELS "," HOST "}", 400, "\"Cmd\"" },
	{ "{" IMAGE ",\"Cmd\":[\"tunnel\",\"--no-autoupdate\",\"run\",\"--x\"]," ENV "," LABELS
	  "," HOST "}",
	    403, "\"Cmd\"" },

	{ WITH_ENV(""), 403, "no TUNNEL_TOKEN" },
	{ WITH_ENV("\"TUNNEL_TOKEN=\""), 400, "no tunnel token" },
	{ WITH_ENV("\"TUNNEL_TOKEN=Zq7Secret\""), 400, "no tunnel token" },
	{ WITH_ENV("\"tunnel_token=" TOKEN "\""), 403, "tunnel_token" },
	{ WITH_ENV("\"" TOKEN "\""), 403, "a text that is not allowed" },
	{ WITH_ENV(MINE "," MINE), 403, "twice" },
	{ WITH_ENV(MINE ",\"LD_PRELOAD=Zq7Secret\""), 403, "LD_PRELOAD is not allowed" },
	{ WITH_ENV(MINE ",\"TUNNEL_GRACE_PERIOD=0s\""), 403, "TUNNEL_GRACE_PERIOD" },
	{ WITH_ENV(MINE ",\"TUNNEL_GRACE_PERIOD=61s\""), 403, "TUNNEL_GRACE_PERIOD" },
	{ WITH_ENV(MINE ",\"TUNNEL_GRACE_PERIOD=5\""), 403, "TUNNEL_GRACE_PERIOD" },
	{ WITH_ENV(MINE ",\"TUNNEL_GRACE_PERIOD=5s\",\"TUNNEL_GRACE_PERIOD=5s\""), 403,
	    "TUNNEL_GRACE_PERIOD" },
	{ WITH_ENV(MINE ",\"TUNNEL_METRICS=127.0.0.1:1\""), 403, "TUNNEL_METRICS" },
	{ WITH_ENV(MINE ",\"TUNNEL_METRICS=0.0.0.0:0\""), 403, "TUNNEL_METRICS" },
	{ WITH_ENV(MINE ",\"TUNNEL_METRICS=0.0.0.0:65536\""), 403, "TUNNEL_METRICS" },
	{ WITH_ENV(MINE ",\"TUNNEL_METRICS=0.0.0.0:99999999999999999999\""), 403,
	    "TUNNEL_METRICS" },
	{ WITH_ENV(MINE ",1"), 400, "\"Env\"" },
	{ WITH_ENV(MINE ",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\""), 400, "\"Env\"" },

	{ WITH_LABELS(""), 403, "no dockflare.agent.owner" },
	{ WITH_LABELS("\"dockflare.agent.owner\":\"other\""), 403, "dockflare.agent.owner" },
	{ WITH_LABELS(OWNER ",\"dockflare.agent.command-id\":\"\""), 403, "command-id" },
	{ WITH_LABELS(OWNER ",\"dockflare.agent.command-id\":\"a_1\""), 403, "command-id" },
	{ WITH_LABELS(OWNER ",\"com.docker.x\":\"Zq7Secret\""), 403, "com.docker.x" },

	{ WITH_HOST("\"NetworkMode\":\"host\"," RESTART "," ROOT "," CAPS "," SECURITY), 403,
	    "HostConfig.NetworkMode" },
	{ WITH_HOST(NETWORK ",\"RestartPolicy\":{\"Name\":\"always\"}," ROOT "," CAPS "," SECURITY),
	    403, "HostConfig.RestartPolicy.Name" },
	{ WITH_HOST(NETWORK ",\"RestartPolicy\":\"x\"," ROOT "," CAPS "," SECURITY), 400,
	    "RestartPolicy" },
	{ WITH_HOST(NETWORK "," RESTART ",\"ReadonlyRootfs\":false," CAPS "," SECURITY), 403,
	    "HostConfig.ReadonlyRootfs" },
	{ WITH_HOST(NETWORK "," RESTART ",\"ReadonlyRootfs\":\"true\"," CAPS "," SECURITY), 400,
	    "ReadonlyRootfs" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT ",\"CapDrop\":[]," SECURITY), 403, "CapDrop" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT ",\"CapDrop\":[\"all\"]," SECURITY), 403,
	    "CapDrop" },
	{ WITH_HOST(NETWORK "," RESTART "," ROOT "," CAPS
			    ",\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=unconfined\"]"),
	    403, "SecurityOpt" },
};

static void
all_else_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct arena arena _cleanup_arena_ = { .secret = true };
		struct message_gate_create create;
		struct refusal refusal = { 0 };
		bool good = create_body_read(&rules, slice_of(rows[at].body), &arena, &create,
		    &refusal);

		row_int_equal(rows[at].body, good, rows[at].status == 0);
		row_int_equal(rows[at].body, refusal.status, rows[at].status);
		row_string_holds(rows[at].body, refusal.message, rows[at].why);
		/* Never a value. */
		row_int_equal(rows[at].body, strstr(refusal.message, "Zq7Secret") == NULL, true);
		row_int_equal(rows[at].body, strstr(refusal.message, "eyJh") == NULL, true);
		row_int_equal(rows[at].body, good || create.token == NULL, true);
	}
}

static void
names_are_shown_bounded(void **state)
{
	struct arena arena _cleanup_arena_ = { .secret = true };
	struct message_gate_create create;
	struct refusal refusal = { 0 };
	char body[4096] = "{\"\x1b[31m";

	(void)state;
	memset(body + strlen(body), 'x', 3000);
	memcpy(body + strlen(body), "\":1}", sizeof("\":1}"));
	assert_false(create_body_read(&rules, slice_of(body), &arena, &create, &refusal));
	assert_int_equal(refusal.status, 400);
	body[2] = '\n' + 'A';
	assert_false(create_body_read(&rules, slice_of(body), &arena, &create, &refusal));
	assert_int_equal(refusal.status, 403);
	assert_true(strlen(refusal.message) < REFUSAL_NAME_BYTES + 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_keepers_own_passes),
		cmocka_unit_test(all_else_is_refused_by_name),
		cmocka_unit_test(names_are_shown_bounded),
	};

	if (!rules_init(&rules, LISTENER_TUNNEL, "net-1", "a/b:1", NULL))
		return 1;
	return RUN_TESTS(tests);
}
