/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The container that Docker is asked for, to the byte; and Docker's answer. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "create.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
the_body_is_fixed(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
	struct create create = { .image = "cloudflare/cloudflared:2025.9.0",
		.network = "cf-net",
		.token = "dG9r/2Vu",
		.command_id = "c-1",
		.metrics_port = 20241 };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&create, &out, why), 0);
	assert_string_equal(out.bytes,
	    "{\"Image\":\"cloudflare/cloudflared:2025.9.0\","
	    "\"Cmd\":[\"tunnel\",\"--no-autoupdate\",\"run\"],"
	    "\"Env\":[\"TUNNEL_TOKEN=dG9r/2Vu\",\"TUNNEL_GRACE_PERIOD=5s\","
	    "\"TUNNEL_METRICS=0.0.0.0:20241\"],"
	    "\"Labels\":{\"dockflare.agent.owner\":\"dockflare-agent\","
	    "\"dockflare.agent.command-id\":\"c-1\"},"
	    "\"HostConfig\":{\"NetworkMode\":\"cf-net\","
	    "\"RestartPolicy\":{\"Name\":\"unless-stopped\"},\"ReadonlyRootfs\":true,"
	    "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"]}}");
	buffer_clear(&out);
	create.command_id = "";
	assert_int_equal(create_body(&create, &out, why), 0);
	assert_null(strstr(out.bytes, "command-id"));
}

static void
hostile_values_stay_texts(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
	struct create create = { .image = "a:1",
		.network = "n\",\"Binds\":[\"/:/host\"],\"x\":\"",
		.token = "t\",\"Privileged",
		.command_id = "",
		.metrics_port = 1 };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_int_equal(create_body(&create, &out, why), 0);
	assert_null(strstr(out.bytes, ",\"Binds\""));
	assert_null(strstr(out.bytes, ",\"Privileged"));
	create.image = "a b";
	assert_int_equal(create_body(&create, &out, why), -EINVAL);
}

static void
the_id_is_read(void **state)
{
	char id[65] = "";

	(void)state;
	assert_int_equal(create_read_id(SLICE("{\"Id\":\"" ID "\",\"Warnings\":[]}"), id), 0);
	assert_string_equal(id, ID);
	assert_int_equal(create_read_id(SLICE("{\"Id\":\"abc\"}"), id), -EBADMSG);
	assert_int_equal(create_read_id(SLICE("{}"), id), -EBADMSG);
	assert_int_equal(create_read_id(SLICE(""), id), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_is_fixed),
		cmocka_unit_test(hostile_values_stay_texts),
		cmocka_unit_test(the_id_is_read),
	};

	return RUN_TESTS(tests);
}
