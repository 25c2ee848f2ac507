/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a report shows of names and texts, and of a whole account with secrets in every text of it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/mask.h"
#include "agentctl/report.h"

#define SHOWN_BYTES 65536

/* ---- single texts ---- */

struct text_row {
	const char *text;
	const char *shown;
};

/* After mask_name of "web", "My shop" and "app.example.test". */
static const struct text_row text_rows[] = {
	{ "", "" },
	{ "container web: label dockflare.x9q is dropped: it is too long",
	    "container container-1: label text-1 is dropped: it is too long" },
	{ "(web)", "(container-1)" },
	{ "web.", "container-1." },
	{ "web-2", "text-1" },
	{ "web.example.test", "text-1" },
	{ "the tunnel \"My shop\" of app.example.test", "the tunnel \"tunnel-1\" of host-1" },
	{ "http://10.1.2.3:2375/x: Connection refused", "url-1: Connection refused" },
	{ "10.1.2.3:443 and 10.1.2.3:443, fe80::1", "address-1 and address-1, text-1" },
	{ "Couldn't connect to server", "Couldn't connect to server" },
	{ "HTTP 404 after 30 s, API 1.41", "HTTP 404 after 30 s, API 1.41" },
	{ "123456", "text-1" },
	{ "0a1b2c3d4e5f", "id-1" },
	{ "/home/somebody/key can't be read", "path-1 can't be read" },
	{ "zq8\tzq8  zq9", "text-1 text-1 text-2" },
	{ "\"zq8\"", "\"text-1\"" },
	{ "!?!?!?", "text-1" },
	{ "\xc3\xa4\xc3\xb6", "text-1" },
	{ "is\033[31m", "text-1" },
};

static void
texts_are_masked(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(text_rows); at++) {
		struct mask mask _cleanup_mask_ = { 0 };
		struct buffer out _cleanup_buffer_ = BUFFER(4096);

		assert_string_equal(mask_name(&mask, "container", "web"), "container-1");
		assert_string_equal(mask_name(&mask, "tunnel", "My shop"), "tunnel-1");
		assert_string_equal(mask_name(&mask, "host", "app.example.test"), "host-1");
		mask_add_text(&mask, text_rows[at].text, &out);
		assert_string_equal(out.length == 0 ? "" : out.bytes, text_rows[at].shown);
	}
}

static void
names_keep_their_placeholder(void **state)
{
	struct mask mask _cleanup_mask_ = { 0 };
	char name[32];

	(void)state;
	assert_string_equal(mask_name(&mask, "host", NULL), "(none)");
	assert_string_equal(mask_name(&mask, "host", ""), "(none)");
	assert_string_equal(mask_name(&mask, "host", "a.test"), "host-1");
	assert_string_equal(mask_name(&mask, "host", "b.test"), "host-2");
	assert_string_equal(mask_name(&mask, "host", "a.test"), "host-1");
	for (int number = 0; number < 2 * MASKED_MAX; number++) {
		snprintf(name, sizeof(name), "zq%d", number);
		(void)mask_name(&mask, "text", name);
	}
	assert_int_equal(mask.count, MASKED_MAX);
	assert_string_equal(mask_name(&mask, "text", "zq-last"), "(masked)");
}

static const struct text_row versions[] = {
	{ "2025.9.0", "2025.9.0" },
	{ "20.10.24+dfsg1", "20.10.24…" },
	{ "1.41", "1.41" },
	{ "secret", "…" },
	{ "123456789", "…" },
	{ "1..2", "…" },
	{ "10.2.3.4", "…" },
	{ "", "(not known)" },
};

static const struct text_row services[] = {
	{ "http://web:80", "http port 80" },
	{ "https://user:pass@web:8443", "https port 8443" },
	{ "web", "(masked)" },
	{ "http_status:404", "http_status port 404" },
	{ "zq8://web:x", "(masked)" },
	{ "http://web/:123456", "http" },
	{ "tcp://10.0.0.1:1.5", "tcp" },
};

static void
shapes_are_masked(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(versions); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(256);

		mask_add_version(versions[at].text, &out);
		assert_string_equal(out.bytes, versions[at].shown);
	}
	for (size_t at = 0; at < ARRAY_LEN(services); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(256);

		mask_add_service(services[at].text, &out);
		assert_string_equal(out.bytes, services[at].shown);
	}
}

static void
words_are_sorted(void **state)
{
	(void)state;
	assert_true(mask_word_count > 1000);
	for (size_t at = 1; at < mask_word_count; at++)
		assert_true(strcmp(mask_words[at - 1], mask_words[at]) < 0);
}

/* ---- a whole account ---- */

/* Each is put into every text that a worker or the environment can fill. */
static const char *const secrets[] = {
	"dfk-Zq8RrT0pAvL2mXw",
	"eyJhIjoiNmQ2MTYiLCJ0IjoiYWJjIiwicyI6IlptOXYifQ==",
	"0123456789abcdef0123456789abcdef",
	"hunter2hunter2",
	"app.customer.example",
	"https://user:pa55w0rd@proxy.customer.example:3128/",
	"192.168.77.41",
	"6f0c1a52-9f1e-4a52-8d8c-0a1b2c3d4e5f",
	"Frieda's shop",
};

static struct account account;
static struct seen_container seen;
static const char *texts[3];

static void
fill(const char *text)
{
	struct message_status_agent *agent = &account.agent.body.status_agent;
	struct message_status_link *link = &account.blobs[PROCESS_MASTER_LINK].body.status_link;
	struct message_status_docker *docker =
	    &account.blobs[PROCESS_DOCKER_WATCHER].body.status_docker;
	struct message_status_tunnel *tunnel =
	    &account.blobs[PROCESS_TUNNEL_KEEPER].body.status_tunnel;
	struct texts warnings = { ARRAY_LEN(texts), texts };

	account.agent.id = MESSAGE_STATUS_AGENT;
	agent->version = "0.1.0";
	agent->start_mode = "distinct uids";
	agent->kernel = "6.1.0 x86_64";
	agent->warnings = warnings;
	link->agent_id = link->detail = text;
	link->warnings = docker->warnings = tunnel->warnings = warnings;
	docker->api_version = docker->engine_version = docker->detail = text;
	seen = (struct seen_container){ text, CONTAINER_NOT_ENABLED, text, text, text };
	docker->seen = (struct records){ 1, &seen };
	tunnel->id = tunnel->name = tunnel->version = tunnel->container_id = tunnel->detail = text;
	for_each_worker_of(PROGRAM_AGENT, process) {
		account.workers[process].id = MESSAGE_STATUS_WORKER;
		account.workers[process].body.status_worker.phase = PHASE_RUNNING;
		account.blobs[process].id = MESSAGE_STATUS_LINK;
		snprintf(account.flaws[process], RECORD_WHY_BYTES, "%s", text);
	}
}

/* The whole report, which the caller frees. */
static char *
make_report(const char *reasons)
{
	char *shown = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&shown, &length);

	assert_non_null(file);
	report(&account, DEGRADED, reasons, file);
	report_nothing(reasons, file);
	assert_int_equal(fclose(file), 0);
	return shown;
}

/* No piece of it that is as long as this is left, so that no half of a secret is either. */
#define PIECE_BYTES 6

static void
expect_hidden(const char *shown, const char *secret)
{
	char piece[PIECE_BYTES + 1] = "";

	for (size_t at = 0; at + PIECE_BYTES <= strlen(secret); at++) {
		memcpy(piece, secret + at, PIECE_BYTES);
		/* Words of English that stand in the report's own lines. */
		if (strstr("https://customer.example proxy.", piece) != NULL)
			continue;
		if (strstr(shown, piece) != NULL)
			fail_msg("\"%s\" of \"%s\" is in:\n%s", piece, secret, shown);
	}
}

static void
no_secret_gets_out(void **state)
{
	char whole[256], quoted[256];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(secrets); at++) {
		char *shown;

		snprintf(whole, sizeof(whole), "the master says: %s (and others)", secrets[at]);
		snprintf(quoted, sizeof(quoted), "container x: \"%s\", can't be read", secrets[at]);
		texts[0] = secrets[at];
		texts[1] = whole;
		texts[2] = quoted;
		fill(secrets[at]);
		shown = make_report(whole);
		expect_hidden(shown, secrets[at]);
		assert_non_null(strstr(shown, "(and others)"));
		free(shown);
		fill(whole);
		shown = make_report(quoted);
		expect_hidden(shown, secrets[at]);
		free(shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_masked),
		cmocka_unit_test(names_keep_their_placeholder),
		cmocka_unit_test(shapes_are_masked),
		cmocka_unit_test(words_are_sorted),
		cmocka_unit_test(no_secret_gets_out),
	};

	return RUN_TESTS(tests);
}
