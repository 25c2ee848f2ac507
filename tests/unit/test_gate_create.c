/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The container that gate-engine asks for, to the byte; and the archive with its token. */
#include "tests/unit/gate.h"

#include <errno.h>

#include "workers/gate-engine/create.h"
#include "workers/gate-engine/tar.h"

static char token[] = GATE_TOKEN;

#define HEAD                                                                       \
	"{\"Image\":\"cloudflare/cloudflared:2025.9.0\",\"User\":\"65532:65532\"," \
	"\"Cmd\":[\"tunnel\",\"--no-autoupdate\",\"run\"],"
#define HOST                                                                                  \
	"\"HostConfig\":{\"NetworkMode\":\"cf-net\","                                         \
	"\"RestartPolicy\":{\"Name\":\"unless-stopped\"},\"ReadonlyRootfs\":true,"            \
	"\"Privileged\":false,\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"]," \
	"\"Memory\":268435456,\"MemorySwap\":268435456,\"PidsLimit\":256,"                    \
	"\"LogConfig\":{\"Type\":\"json-file\","                                              \
	"\"Config\":{\"max-file\":\"3\",\"max-size\":\"10m\"}},\"Mounts\":["

static void
the_body_is_fixed(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct gate_rules rules = gate_rules_of();
	struct order order = { .image = &rules.images.list[0],
		.token = token,
		.token_in_file = true,
		.command_id = "c-1",
		.grace_s = 5,
		.metrics_port = 20241 };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&rules, &order, &out, why), 0);
	assert_string_equal(out.bytes,
	    HEAD "\"Env\":[\"TUNNEL_TOKEN_FILE=/etc/dockflare-tunnel/token\","
		 "\"TUNNEL_GRACE_PERIOD=5s\",\"TUNNEL_METRICS=0.0.0.0:20241\"],"
		 "\"Labels\":{\"dockflare.agent.owner\":\"dockflare-agent\","
		 "\"dockflare.agent.command-id\":\"c-1\"}," HOST
		 "{\"Type\":\"volume\",\"Target\":\"/etc/dockflare-tunnel\"}]}}");
}

static void
the_body_with_the_token_is_fixed(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct gate_rules rules = gate_rules_of();
	struct order order = { .image = &rules.images.list[0], .token = token };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&rules, &order, &out, why), 0);
	assert_string_equal(out.bytes,
	    HEAD "\"Env\":[\"TUNNEL_TOKEN=" GATE_TOKEN "\"],"
		 "\"Labels\":{\"dockflare.agent.owner\":\"dockflare-agent\"}," HOST "]}}");
}

static void
hostile_values_stay_texts(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct gate_rules rules = gate_rules_of();
	char hostile[] = "t\",\"Privileged\":true,\"x\":\"";
	struct order order = { .image = &rules.images.list[0], .token = hostile };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&rules, &order, &out, why), 0);
	assert_null(strstr(out.bytes, "\"Privileged\":true"));
	buffer_clear(&out);
	rules.network = "a b";
	assert_int_equal(create_body(&rules, &order, &out, why), -EINVAL);
}

static void
the_longest_token_fits(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct gate_rules rules = gate_rules_of();
	char longest[TOKEN_MAX_BYTES + 1];
	struct order order = { .image = &rules.images.list[0], .token = longest };
	char why[RECORD_WHY_BYTES];

	(void)state;
	memset(longest, 'x', TOKEN_MAX_BYTES);
	longest[TOKEN_MAX_BYTES] = '\0';
	assert_int_equal(create_body(&rules, &order, &out, why), 0);
	buffer_clear(&out);
	assert_int_equal(create_archive(&order, &out), 0);
}

static void
the_archive_holds_the_token(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct order order = { .token = token };
	struct slice content;

	(void)state;
	assert_int_equal(create_archive(&order, &out), 0);
	assert_int_equal(tar_read((struct slice){ out.bytes, out.length }, TOKEN_FILE, &content),
	    0);
	assert_int_equal(content.length, strlen(GATE_TOKEN));
	assert_memory_equal(content.bytes, GATE_TOKEN, content.length);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_is_fixed),
		cmocka_unit_test(the_body_with_the_token_is_fixed),
		cmocka_unit_test(hostile_values_stay_texts),
		cmocka_unit_test(the_longest_token_fits),
		cmocka_unit_test(the_archive_holds_the_token),
	};

	return RUN_TESTS(tests);
}
