/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every answer that a master gives, in both protocols and on each route, and every answer that
 * somebody else gives in its place: what has to follow, and what is said about it.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "answer.h"

#define CODE(code) SLICE("{\"status\":\"error\",\"code\":\"" code "\",\"message\":\"secret\"}")
#define OLD SLICE("{\"status\":\"error\",\"message\":\"secret\"}")
#define HTML SLICE("<!DOCTYPE html><html><body>secret</body></html>")
#define NOTHING SLICE("")

struct row {
	const char *what;
	enum route route;
	long status;
	struct slice body;
	enum verdict verdict;
	const char *code;
	const char *reason; /* part of it */
};

static const struct row rows[] = {
	/* ---- registration ---- */
	{ "new, protocol 1", ROUTE_REGISTER, 201, SLICE("{\"status\":\"success\",\"agent\":{}}"),
	    VERDICT_DONE, "", "HTTP 201" },
	{ "known, protocol 1", ROUTE_REGISTER, 200, SLICE("{\"status\":\"success\"}"), VERDICT_DONE,
	    "", NULL },
	{ "registered, protocol 2", ROUTE_REGISTER, 201, CODE("registered"), VERDICT_DONE,
	    "registered", NULL },
	{ "key missing, unknown, revoked", ROUTE_REGISTER, 401, OLD, VERDICT_REJECTED, "",
	    "HTTP 401" },
	{ "the same, protocol 2", ROUTE_REGISTER, 401, CODE("unauthorized"), VERDICT_REJECTED,
	    "unauthorized", "HTTP 401 (unauthorized)" },
	{ "another agent's key", ROUTE_REGISTER, 403, OLD, VERDICT_REJECTED, "", NULL },
	{ "the same, protocol 2", ROUTE_REGISTER, 403, CODE("agent_key_mismatch"), VERDICT_REJECTED,
	    "agent_key_mismatch", NULL },
	{ "no protocol in common", ROUTE_REGISTER, 409, CODE("unsupported_protocol"), VERDICT_AWAY,
	    "unsupported_protocol", "unsupported_protocol" },
	{ "a registration too large", ROUTE_REGISTER, 413, CODE("payload_too_large"),
	    VERDICT_REFUSED, "payload_too_large", NULL },
	{ "a registration not understood", ROUTE_REGISTER, 400, CODE("invalid_payload"),
	    VERDICT_REFUSED, "invalid_payload", NULL },
	{ "not kept", ROUTE_REGISTER, 503, CODE("persistence_failed"), VERDICT_UNKEPT,
	    "persistence_failed", NULL },
	{ "no master there", ROUTE_REGISTER, 404, HTML, VERDICT_AWAY, "", "DOCKFLARE_MASTER_URL" },
	{ "no master there, in JSON", ROUTE_REGISTER, 404, OLD, VERDICT_AWAY, "",
	    "DOCKFLARE_MASTER_URL" },
	{ "no such method there", ROUTE_REGISTER, 405, HTML, VERDICT_AWAY, "",
	    "DOCKFLARE_MASTER_URL" },
	{ "a registration's codes mean nothing elsewhere", ROUTE_REGISTER, 409,
	    CODE("registration_required"), VERDICT_AWAY, "registration_required", NULL },
	/* ---- below an agent's id ---- */
	{ "commands", ROUTE_AGENT, 200, SLICE("{\"status\":\"success\",\"commands\":[]}"),
	    VERDICT_DONE, "", NULL },
	{ "an event, protocol 1", ROUTE_AGENT, 202, SLICE("{\"status\":\"accepted\"}"),
	    VERDICT_DONE, "", NULL },
	{ "accepted", ROUTE_AGENT, 200, CODE("accepted"), VERDICT_DONE, "accepted", NULL },
	{ "kept before", ROUTE_AGENT, 200, CODE("duplicate_sequence"), VERDICT_DONE,
	    "duplicate_sequence", NULL },
	{ "nothing to do", ROUTE_AGENT, 202, CODE("accepted_noop"), VERDICT_DONE, "accepted_noop",
	    NULL },
	{ "incomplete", ROUTE_AGENT, 202, CODE("inventory_incomplete"), VERDICT_DONE,
	    "inventory_incomplete", NULL },
	{ "acknowledged", ROUTE_AGENT, 200, CODE("acknowledged"), VERDICT_DONE, "acknowledged",
	    NULL },
	{ "an unknown agent", ROUTE_AGENT, 404, OLD, VERDICT_REGISTER, "", "HTTP 404" },
	{ "the same, protocol 2", ROUTE_AGENT, 404, CODE("agent_not_found"), VERDICT_REGISTER,
	    "agent_not_found", NULL },
	{ "key missing, unknown, revoked", ROUTE_AGENT, 401, OLD, VERDICT_REGISTER, "", NULL },
	{ "the same, protocol 2", ROUTE_AGENT, 401, CODE("unauthorized"), VERDICT_REGISTER,
	    "unauthorized", NULL },
	{ "a wrong key, or an unknown agent", ROUTE_AGENT, 403, OLD, VERDICT_FORBIDDEN, "", NULL },
	{ "the same, protocol 2", ROUTE_AGENT, 403, CODE("agent_key_mismatch"), VERDICT_FORBIDDEN,
	    "agent_key_mismatch", NULL },
	{ "an unknown session", ROUTE_AGENT, 409, CODE("registration_required"), VERDICT_REGISTER,
	    "registration_required", NULL },
	{ "a used sequence", ROUTE_AGENT, 409, CODE("stale_sequence"), VERDICT_STALE,
	    "stale_sequence", NULL },
	{ "another conflict", ROUTE_AGENT, 409, CODE("operation_changed"), VERDICT_UNKEPT,
	    "operation_changed", NULL },
	{ "somebody's conflict", ROUTE_AGENT, 409, HTML, VERDICT_AWAY, "", "without JSON" },
	{ "a conflict without a code", ROUTE_AGENT, 409, OLD, VERDICT_AWAY, "", NULL },
	{ "a container too large", ROUTE_AGENT, 413, CODE("payload_too_large"), VERDICT_REFUSED,
	    "payload_too_large", NULL },
	{ "too large for a proxy", ROUTE_AGENT, 413, HTML, VERDICT_REFUSED, "", NULL },
	{ "not understood", ROUTE_AGENT, 400, CODE("invalid_payload"), VERDICT_REFUSED,
	    "invalid_payload", NULL },
	{ "not understood, protocol 1", ROUTE_AGENT, 400, OLD, VERDICT_REFUSED, "", NULL },
	{ "not understood by a proxy", ROUTE_AGENT, 400, HTML, VERDICT_AWAY, "", NULL },
	{ "failed", ROUTE_AGENT, 500, CODE("processing_failed"), VERDICT_UNKEPT,
	    "processing_failed", "HTTP 500 (processing_failed)" },
	{ "not kept", ROUTE_AGENT, 503, CODE("persistence_failed"), VERDICT_UNKEPT,
	    "persistence_failed", NULL },
	{ "such a code with another status", ROUTE_AGENT, 403, CODE("persistence_failed"),
	    VERDICT_FORBIDDEN, "persistence_failed", NULL },
	{ "failed, protocol 1", ROUTE_AGENT, 500, OLD, VERDICT_AWAY, "", "HTTP 500" },
	{ "busy", ROUTE_AGENT, 503, OLD, VERDICT_AWAY, "", NULL },
	{ "too often", ROUTE_AGENT, 429, OLD, VERDICT_AWAY, "", NULL },
	{ "too often, says the edge", ROUTE_AGENT, 429, HTML, VERDICT_AWAY, "", NULL },
	{ "a method that no master has", ROUTE_AGENT, 405, OLD, VERDICT_AWAY, "", NULL },
	/* ---- the Cloudflare helper ---- */
	{ "accounts", ROUTE_HELPER, 200, SLICE("{\"success\":true,\"result\":[]}"), VERDICT_DONE,
	    "", NULL },
	{ "no such route", ROUTE_HELPER, 404, HTML, VERDICT_NOT_OFFERED, "", NULL },
	{ "no such route, in JSON", ROUTE_HELPER, 404, OLD, VERDICT_NOT_OFFERED, "", NULL },
	{ "no such method", ROUTE_HELPER, 405, HTML, VERDICT_NOT_OFFERED, "", NULL },
	{ "not allowed", ROUTE_HELPER, 403, OLD, VERDICT_REFUSED, "", NULL },
	{ "not allowed, 401", ROUTE_HELPER, 401, OLD, VERDICT_REFUSED, "", NULL },
	{ "not allowed, says the edge", ROUTE_HELPER, 403, HTML, VERDICT_AWAY, "",
	    "CF_ACCESS_CLIENT_ID" },
	{ "a bad configuration", ROUTE_HELPER, 400, OLD, VERDICT_REFUSED, "", NULL },
	{ "Cloudflare is away", ROUTE_HELPER, 502, OLD, VERDICT_AWAY, "", NULL },
	{ "an event's codes mean nothing here", ROUTE_HELPER, 409, CODE("stale_sequence"),
	    VERDICT_AWAY, "stale_sequence", NULL },
	/* ---- who is not the master ---- */
	{ "Access's login", ROUTE_AGENT, 302, HTML, VERDICT_AWAY, "", "CF_ACCESS_CLIENT_ID" },
	{ "a redirect without a body", ROUTE_REGISTER, 301, NOTHING, VERDICT_AWAY, "",
	    "redirects are not followed" },
	{ "a redirect with JSON", ROUTE_AGENT, 307, OLD, VERDICT_AWAY, "",
	    "redirects are not followed" },
	{ "Access's refusal", ROUTE_AGENT, 403, HTML, VERDICT_AWAY, "", "CF_ACCESS_CLIENT_SECRET" },
	{ "Access's refusal of a registration", ROUTE_REGISTER, 403, HTML, VERDICT_AWAY, "",
	    "not the master's own answer" },
	{ "a proxy's 401", ROUTE_REGISTER, 401, NOTHING, VERDICT_AWAY, "",
	    "not the master's own answer" },
	{ "the edge's page", ROUTE_AGENT, 530, HTML, VERDICT_AWAY, "", "HTTP 530 without JSON" },
	{ "a page", ROUTE_AGENT, 200, HTML, VERDICT_AWAY, "", "DOCKFLARE_MASTER_URL" },
	{ "a page for a registration", ROUTE_REGISTER, 200, HTML, VERDICT_AWAY, "",
	    "DOCKFLARE_MASTER_URL" },
	{ "nothing", ROUTE_AGENT, 200, NOTHING, VERDICT_AWAY, "", "without JSON" },
	{ "204", ROUTE_AGENT, 204, NOTHING, VERDICT_AWAY, "", "without JSON" },
	{ "a list", ROUTE_AGENT, 200, SLICE("[]"), VERDICT_AWAY, "", "without JSON" },
	{ "a text", ROUTE_AGENT, 200, SLICE("\"{}\""), VERDICT_AWAY, "", NULL },
	{ "null", ROUTE_AGENT, 200, SLICE("null"), VERDICT_AWAY, "", NULL },
	{ "cut", ROUTE_AGENT, 200, SLICE("{\"status\":\"succ"), VERDICT_AWAY, "", NULL },
	{ "more behind it", ROUTE_AGENT, 200, SLICE("{}{}"), VERDICT_AWAY, "", NULL },
	{ "a NUL behind it", ROUTE_AGENT, 200, SLICE("{}\0"), VERDICT_AWAY, "", NULL },
	{ "a NUL before it", ROUTE_AGENT, 200, SLICE("\0{}"), VERDICT_AWAY, "", NULL },
	{ "blanks around it", ROUTE_AGENT, 200, SLICE(" \r\n\t{} \n"), VERDICT_DONE, "", NULL },
	{ "a byte order mark", ROUTE_AGENT, 200, SLICE("\357\273\277{}"), VERDICT_AWAY, "", NULL },
	/* ---- codes that are none ---- */
	{ "a code of another kind", ROUTE_AGENT, 409, SLICE("{\"code\":409}"), VERDICT_AWAY, "",
	    NULL },
	{ "a code with blanks", ROUTE_AGENT, 409, SLICE("{\"code\":\"stale sequence\"}"),
	    VERDICT_AWAY, "", NULL },
	{ "a code with control characters", ROUTE_AGENT, 400, SLICE("{\"code\":\"a\\u001b[2J\"}"),
	    VERDICT_REFUSED, "", NULL },
	{ "a code with NUL", ROUTE_AGENT, 409, SLICE("{\"code\":\"stale_sequence\\u0000\"}"),
	    VERDICT_AWAY, "", NULL },
	{ "a code of 63 bytes", ROUTE_AGENT, 400,
	    SLICE("{\"code\":\"" DIGITS16("c") DIGITS16("c") DIGITS16("c") "ccccccccccccccc\"}"),
	    VERDICT_REFUSED, DIGITS16("c") DIGITS16("c") DIGITS16("c") "ccccccccccccccc", NULL },
	{ "a code of 64 bytes", ROUTE_AGENT, 400, SLICE("{\"code\":\"" CONTAINER_ID("c") "\"}"),
	    VERDICT_REFUSED, "", NULL },
	{ "a code further down", ROUTE_AGENT, 409, SLICE("{\"a\":{\"code\":\"stale_sequence\"}}"),
	    VERDICT_AWAY, "", NULL },
	{ "an escaped code", ROUTE_AGENT, 409, SLICE("{\"code\":\"\\u0073tale_sequence\"}"),
	    VERDICT_STALE, "stale_sequence", NULL },
	{ "bad UTF-8 elsewhere costs nothing", ROUTE_AGENT, 200, SLICE("{\"x\":\"\xff\"}"),
	    VERDICT_DONE, "", NULL },
};

static void
each_answer_has_its_verdict(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct http_answer answer = { .status = row->status,
			.body = row->body,
			.retry_after_ms = -1 };
		struct judgement judgement;

		answer_judge(&answer, row->route, &judgement);
		row_int_equal(row->what, judgement.verdict, row->verdict);
		row_string_equal(row->what, judgement.code, row->code);
		row_string_holds(row->what, judgement.reason, row->reason);
		assert_null(strstr(judgement.reason, "secret"));
	}
}

/* An answer as deep as that costs nothing else than itself. */
static void
nesting_has_a_bound(void **state)
{
	char body[256];

	(void)state;
	for (int levels = 63; levels <= 65; levels++) {
		struct http_answer answer = { .status = 200 };
		struct judgement judgement;

		snprintf(body, sizeof(body), "{\"commands\":%.*s%.*s}", levels - 1,
		    CONTAINER_ID("["), levels - 1, CONTAINER_ID("]"));
		answer.body = slice_of(body);
		answer_judge(&answer, ROUTE_AGENT, &judgement);
		assert_int_equal(judgement.verdict, levels <= 64 ? VERDICT_DONE : VERDICT_AWAY);
	}
}

static void
without_an_answer_the_master_is_away(void **state)
{
	static const enum route routes[] = { ROUTE_REGISTER, ROUTE_AGENT, ROUTE_HELPER };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(routes); at++) {
		for (enum http_error error = HTTP_UNREACHABLE; error <= HTTP_FAILED; error++) {
			/* What came before it broke is not looked at. */
			struct http_answer answer = { .error = error,
				.detail = "m:443 (10.0.0.1): refused",
				.status = 200,
				.body = CODE("accepted") };
			struct judgement judgement;

			answer_judge(&answer, routes[at], &judgement);
			assert_int_equal(judgement.verdict, VERDICT_AWAY);
			assert_string_equal(judgement.reason, "m:443 (10.0.0.1): refused");
			assert_string_equal(judgement.code, "");
		}
	}
}

/* Nobody's status makes anything else of a body that is not the master's than these. */
static void
pages_never_are_the_masters_word(void **state)
{
	(void)state;
	for (long status = 100; status < 600; status++) {
		struct http_answer answer = { .status = status, .body = HTML };
		struct judgement judgement;

		answer_judge(&answer, ROUTE_REGISTER, &judgement);
		assert_int_equal(judgement.verdict, status == 413 ? VERDICT_REFUSED : VERDICT_AWAY);
		answer_judge(&answer, ROUTE_AGENT, &judgement);
		if (status != 404 && status != 413)
			assert_int_equal(judgement.verdict, VERDICT_AWAY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_has_its_verdict),
		cmocka_unit_test(nesting_has_a_bound),
		cmocka_unit_test(without_an_answer_the_master_is_away),
		cmocka_unit_test(pages_never_are_the_masters_word),
	};

	return RUN_TESTS(tests);
}
