/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  See answer.h.  Between agent and master stand proxies and Cloudflare's edge, whose
 * own pages (a login, a 502) must not be taken for the master's word.
 */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "common/record.h"

/* Deep enough that one hostile command does not cost the others in the same answer. */
#define ANSWER_MAX_DEPTH 64

bool
answer_is_object(struct slice body)
{
	size_t at = 0;

	if (json_check_structure(body, ANSWER_MAX_DEPTH) != JSON_GOOD)
		return false;
	while (at < body.length && memchr(" \t\r\n", body.bytes[at], 4) != NULL)
		at++;
	return at < body.length && body.bytes[at] == '{';
}

static void
read_code(struct slice body, char code[ANSWER_CODE_BYTES])
{
	struct arena arena _cleanup_arena_ = { 0 };
	const char *text = NULL;
	struct slice value;

	if (json_member(body, "code", &value) && json_check(value, 1) == JSON_GOOD)
		text = json_text(value, &arena);
	if (text != NULL && strlen(text) < ANSWER_CODE_BYTES &&
	    text_is(TEXT_NAME, text, strlen(text)))
		(void)snprintf(code, ANSWER_CODE_BYTES, "%s", text);
}

static bool
code_is(const struct judgement *judgement, const char *code)
{
	return strcmp(judgement->code, code) == 0;
}

/* What to try, for answers that stand for a common mistake. */
static const char *
advice(long status, bool object)
{
	if (status >= 300 && status < 400)
		return "; redirects are not followed: if Cloudflare Access guards the master, check "
		       "CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET, else DOCKFLARE_MASTER_URL";
	if ((status == 401 || status == 403) && !object)
		return "; this is not the master's own answer: check CF_ACCESS_CLIENT_ID and "
		       "CF_ACCESS_CLIENT_SECRET";
	if (status == 404 || status == 405)
		return "; no DockFlare master answers there: check DOCKFLARE_MASTER_URL";
	if (status >= 200 && status < 300)
		return "; this is not the master's own answer: check DOCKFLARE_MASTER_URL";
	return "";
}

static void
explain(const struct http_answer *answer, bool object, struct judgement *judgement)
{
	if (answer->error != HTTP_OK) {
		(void)snprintf(judgement->reason, sizeof(judgement->reason), "%s", answer->detail);
		return;
	}
	if (judgement->code[0] != '\0')
		(void)snprintf(judgement->reason, sizeof(judgement->reason), "HTTP %ld (%s)",
		    answer->status, judgement->code);
	else
		(void)snprintf(judgement->reason, sizeof(judgement->reason), "HTTP %ld%s%s",
		    answer->status, object ? "" : " without JSON",
		    judgement->verdict == VERDICT_AWAY ? advice(answer->status, object) : "");
}

static enum verdict
judge_conflict(const struct judgement *judgement, enum route route)
{
	if (route == ROUTE_AGENT && code_is(judgement, "registration_required"))
		return VERDICT_REGISTER;
	if (route == ROUTE_AGENT && code_is(judgement, "stale_sequence"))
		return VERDICT_STALE;
	/* Another conflict is the master's state, which a later try or command finds changed. */
	return route == ROUTE_AGENT && judgement->code[0] != '\0' ? VERDICT_UNKEPT : VERDICT_AWAY;
}

/* 401 and 403 with the master's JSON. */
static enum verdict
judge_key(long status, enum route route)
{
	switch (route) {
	case ROUTE_REGISTER:
		return VERDICT_REJECTED;
	case ROUTE_HELPER:
		return VERDICT_REFUSED;
	case ROUTE_AGENT:
		break;
	}
	return status == 403 ? VERDICT_FORBIDDEN : VERDICT_REGISTER;
}

static enum verdict
judge_unknown(enum route route)
{
	switch (route) {
	case ROUTE_REGISTER:
		return VERDICT_AWAY;
	case ROUTE_HELPER:
		return VERDICT_NOT_OFFERED;
	case ROUTE_AGENT:
		break;
	}
	return VERDICT_REGISTER;
}

static enum verdict
judge_status(const struct http_answer *answer, enum route route, bool object,
    const struct judgement *judgement)
{
	switch (answer->status) {
	case 400:
		return object ? VERDICT_REFUSED : VERDICT_AWAY;
	case 401:
	case 403:
		return object ? judge_key(answer->status, route) : VERDICT_AWAY;
	case 404:
		return judge_unknown(route);
	case 405:
		return route == ROUTE_HELPER ? VERDICT_NOT_OFFERED : VERDICT_AWAY;
	case 409:
		return judge_conflict(judgement, route);
	case 413:
		return VERDICT_REFUSED;
	default:
		break;
	}
	if (answer->status >= 200 && answer->status < 300 && object)
		return VERDICT_DONE;
	if (answer->status >= 500 &&
	    (code_is(judgement, "processing_failed") || code_is(judgement, "persistence_failed")))
		return VERDICT_UNKEPT;
	return VERDICT_AWAY;
}

void
answer_judge(const struct http_answer *answer, enum route route, struct judgement *ret_judgement)
{
	bool object = false;

	*ret_judgement = (struct judgement){ .verdict = VERDICT_AWAY };
	if (answer->error == HTTP_OK) {
		object = answer_is_object(answer->body);
		if (object)
			read_code(answer->body, ret_judgement->code);
		ret_judgement->verdict = judge_status(answer, route, object, ret_judgement);
	}
	explain(answer, object, ret_judgement);
}
