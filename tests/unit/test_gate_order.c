/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a front asks for: which orders come of it, which refusals, and which container they meet. */
#include "tests/unit/gate.h"

#include <errno.h>

#define ID CONTAINER_ID("a")
#define OTHER CONTAINER_ID("b")

static struct message
tunnel_message(enum gate_tunnel_verb verb, const char *container, const char *image)
{
	return (struct message){ .id = MESSAGE_GATE_TUNNEL,
		.body.gate_tunnel = { .id = 7,
		    .verb = (int)verb,
		    .container = container,
		    .image = image,
		    .seconds = 3 } };
}

static void
reads_become_orders(void **state)
{
	struct gate_rules rules = gate_rules_of();
	struct message message = { .id = MESSAGE_GATE_READ,
		.body.gate_read = { .id = 5, .verb = GATE_LIST, .all = true } };
	struct order order;
	struct refusal refusal;

	(void)state;
	assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
	assert_int_equal(order.id, 5);
	assert_int_equal(order_first_call(&order), CALL_LIST_ALL);
	message.body.gate_read.all = false;
	assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
	assert_int_equal(order_first_call(&order), CALL_LIST);
	message.body.gate_read.verb = GATE_EVENTS;
	assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
	assert_int_equal(order_first_call(&order), CALL_EVENTS);
	message = (struct message){ .id = MESSAGE_GATE_ABOUT, .body.gate_about = { .id = 6 } };
	assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
	assert_int_equal(order_first_call(&order), CALL_VERSION);
}

struct image_row {
	const char *asked;
	const char *taken; /* NULL: refused */
};

static const struct image_row image_rows[] = {
	{ "cloudflare/cloudflared:2025.9.0", "cloudflare/cloudflared:2025.9.0" },
	{ "docker.io/cloudflare/cloudflared:2025.9.0", "cloudflare/cloudflared:2025.9.0" },
	{ "cloudflare/cloudflared:2025.2.1", "cloudflare/cloudflared:2025.2.1" },
	{ "reg.example:5000/cf@sha256:ab", "reg.example:5000/cf@sha256:ab" },
	{ "reg.example:5000/cf@sha256:ac", NULL },
	{ "cloudflare/cloudflared", NULL },
	{ "cloudflare/cloudflared:2025.9.1", NULL },
	{ "evil.example/cloudflare/cloudflared:2025.9.0", NULL },
	{ "../containers/json", NULL },
	{ "", NULL },
	{ NULL, NULL },
};

static void
only_listed_images_are_meant(void **state)
{
	struct gate_rules rules = gate_rules_of();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(image_rows); i++) {
		const struct image_row *row = &image_rows[i];
		struct message message = tunnel_message(GATE_PULL, NULL, row->asked);
		const char *what = row->asked == NULL ? "none" : row->asked;
		struct order order;
		struct refusal refusal;
		int error = order_take(&rules, &message, &order, &refusal);

		row_int_equal(what, error, row->taken == NULL ? -EPERM : 0);
		if (row->taken == NULL) {
			row_int_equal(what, refusal.status, 403);
			continue;
		}
		/* Not one byte of the frame: the gate's own text. */
		row_string_equal(what, order.image->whole, row->taken);
		assert_ptr_not_equal(order.image->whole, row->asked);
	}
}

struct judge_row {
	const char *what;
	enum gate_tunnel_verb verb;
	const char *container;
	bool ours;
	bool in_file;
	int status; /* 0: carried out */
	enum call call;
};

static const struct judge_row judge_rows[] = {
	{ "inspect by name", GATE_INSPECT, NULL, true, false, 0, CALL_COUNT },
	{ "inspect by id", GATE_INSPECT, ID, true, true, 0, CALL_READ_TOKEN },
	{ "inspect of another id", GATE_INSPECT, OTHER, true, false, 404, CALL_COUNT },
	{ "inspect of a foreign one", GATE_INSPECT, NULL, false, false, 0, CALL_COUNT },
	{ "start", GATE_START, NULL, true, false, 0, CALL_START },
	{ "stop", GATE_STOP, ID, true, true, 0, CALL_STOP },
	{ "remove", GATE_REMOVE, ID, true, true, 0, CALL_REMOVE },
	{ "start of another id", GATE_START, OTHER, true, false, 404, CALL_COUNT },
	{ "stop of another id", GATE_STOP, OTHER, true, false, 404, CALL_COUNT },
	{ "remove of another id", GATE_REMOVE, OTHER, true, false, 404, CALL_COUNT },
	{ "start of a foreign one", GATE_START, NULL, false, false, 403, CALL_COUNT },
	{ "stop of a foreign one", GATE_STOP, ID, false, false, 403, CALL_COUNT },
	{ "remove of a foreign one", GATE_REMOVE, ID, false, false, 403, CALL_COUNT },
};

static void
each_step_is_judged_by_what_is_there(void **state)
{
	struct gate_rules rules = gate_rules_of();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(judge_rows); i++) {
		const struct judge_row *row = &judge_rows[i];
		struct message message = tunnel_message(row->verb, row->container, NULL);
		struct sight sight = { .id = ID, .ours = row->ours, .token_in_file = row->in_file };
		struct order order;
		struct refusal refusal;
		enum call call;

		assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
		row_int_equal(row->what, order_first_call(&order), CALL_INSPECT);
		row_int_equal(row->what, order_judge(&order, &sight, &call, &refusal),
		    row->status == 0 ? 0 : -EPERM);
		row_int_equal(row->what, refusal.status, row->status);
		row_int_equal(row->what, call, row->call);
	}
}

struct create_row {
	const char *what;
	const char *image;
	const char *token;
	const char *allowed;
	enum token_in token_in;
	int status; /* 0: taken */
	bool in_file;
};

#define NEW "cloudflare/cloudflared:2025.9.0"
#define OLD "cloudflare/cloudflared:2025.2.1"
#define DIGEST "reg.example:5000/cf@sha256:ab"

static const struct create_row create_rows[] = {
	{ "by file", NEW, GATE_TOKEN, NULL, TOKEN_IN_AUTO, 0, true },
	{ "an older image", OLD, GATE_TOKEN, NULL, TOKEN_IN_AUTO, 0, false },
	{ "a digest", DIGEST, GATE_TOKEN, NULL, TOKEN_IN_AUTO, 0, true },
	{ "always by file", OLD, GATE_TOKEN, NULL, TOKEN_IN_FILE, 0, true },
	{ "never by file", NEW, GATE_TOKEN, NULL, TOKEN_IN_ENVIRONMENT, 0, false },
	{ "another image", "debian:1", GATE_TOKEN, NULL, TOKEN_IN_AUTO, 403, false },
	{ "no token", NEW, "abc", NULL, TOKEN_IN_AUTO, 400, false },
	{ "base64 of no token", NEW, "bm8gdG9rZW4=", NULL, TOKEN_IN_AUTO, 400, false },
	{ "the account is allowed", NEW, GATE_TOKEN, "acc1", TOKEN_IN_AUTO, 0, true },
	{ "the tunnel is allowed", NEW, GATE_TOKEN, "x,acc1/tun1", TOKEN_IN_AUTO, 0, true },
	{ "the tunnel is not allowed", NEW, GATE_TOKEN, "acc1/tun2", TOKEN_IN_AUTO, 403, false },
	{ "the account is not allowed", NEW, GATE_TOKEN, "acc2", TOKEN_IN_AUTO, 403, false },
};

static void
creates_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(create_rows); i++) {
		const struct create_row *row = &create_rows[i];
		struct gate_rules rules = gate_rules_of();
		struct message message = { .id = MESSAGE_GATE_CREATE,
			.body.gate_create = { .id = 9,
			    .image = row->image,
			    .token = row->token,
			    .command_id = "c-1",
			    .grace_s = 5,
			    .metrics_port = 2000 } };
		struct order order;
		struct refusal refusal;

		rules.allowed = row->allowed;
		rules.token_in = row->token_in;
		row_int_equal(row->what, order_take(&rules, &message, &order, &refusal),
		    row->status == 0 ? 0 : -EPERM);
		row_int_equal(row->what, refusal.status, row->status);
		row_int_equal(row->what, order.id, 9);
		assert_null(strstr(refusal.text, row->token));
		if (row->status == 0) {
			row_int_equal(row->what, order.token_in_file, row->in_file);
			row_string_equal(row->what, order.token, row->token);
			row_int_equal(row->what, order_first_call(&order), CALL_CREATE);
		}
		order_free(&order);
	}
}

struct tag_row {
	const char *tag;
	bool in_file;
};

static const struct tag_row tag_rows[] = {
	{ "2025.4.0", true },
	{ "2025.3.9", false },
	{ "2025.3.11", false },
	{ "2025.10.0", true },
	{ "2024.12.2", false },
	{ "2026.1.0", true },
	{ "latest", true },
	{ "2025.3", true },
	{ "2025.3.1-amd64", true },
	{ "1", true },
	{ "2025..1", true },
	{ "0.3.1", true },
};

static void
the_tag_tells_what_cloudflared_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tag_rows); i++) {
		struct gate_rules rules = { .network = "n" };
		char text[64] = "cf:";
		struct message message = { .id = MESSAGE_GATE_CREATE,
			.body.gate_create = { .id = 1, .image = text, .token = GATE_TOKEN } };
		struct order order;
		struct refusal refusal;

		strncat(text, tag_rows[i].tag, sizeof(text) - 8);
		assert_true(images_read(text, NULL, &rules.images));
		assert_int_equal(order_take(&rules, &message, &order, &refusal), 0);
		row_int_equal(text, order.token_in_file, tag_rows[i].in_file);
		order_free(&order);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_become_orders),
		cmocka_unit_test(only_listed_images_are_meant),
		cmocka_unit_test(each_step_is_judged_by_what_is_there),
		cmocka_unit_test(creates_are_judged),
		cmocka_unit_test(the_tag_tells_what_cloudflared_reads),
	};

	return RUN_TESTS(tests);
}
