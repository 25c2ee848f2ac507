/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See check_judge.h. */
#include "check_judge.h"

#include "answer.h"

#define PROXY_AUTHENTICATION 407

static enum finding
judge_tls(enum http_tls fault)
{
	switch (fault) {
	case HTTP_TLS_CA:
		return FINDING_TLS_UNKNOWN_CA;
	case HTTP_TLS_EXPIRED:
		return FINDING_TLS_EXPIRED;
	case HTTP_TLS_NOT_YET:
		return FINDING_TLS_NOT_YET;
	case HTTP_TLS_NAME:
		return FINDING_TLS_NAME;
	case HTTP_TLS_OTHER:
		break;
	}
	return FINDING_TLS_NONE;
}

enum finding
check_judge_failure(const struct http_answer *answer)
{
	switch (answer->error) {
	case HTTP_UNREACHABLE:
		return FINDING_MASTER_UNREACHABLE;
	case HTTP_TIMEOUT:
		return FINDING_MASTER_TIMEOUT;
	case HTTP_TLS:
		return judge_tls(answer->tls);
	case HTTP_PROXY:
		return answer->proxy_status == PROXY_AUTHENTICATION ? FINDING_PROXY_USER :
								      FINDING_PROXY_REFUSES;
	case HTTP_PROTOCOL:
	case HTTP_TOO_LARGE:
		return FINDING_NO_MASTER;
	case HTTP_OK:
	case HTTP_CUT:
	case HTTP_FAILED:
		break;
	}
	return FINDING_MASTER_FAILS;
}

enum finding
check_judge_status(const struct http_answer *answer, bool access, bool known)
{
	bool object = answer_is_object(answer->body);
	enum finding guarded = access ? FINDING_ACCESS_REFUSED : FINDING_ACCESS_NEEDED;
	long status = answer->status;

	if (status >= 300 && status < 400)
		return guarded;
	if ((status == 401 || status == 403) && !object)
		return guarded;
	if (status >= 500 || status == 429)
		return FINDING_MASTER_FAILS;
	if (!object)
		return FINDING_NO_MASTER;
	/* A placeholder's id is nobody's, which is no word on the key. */
	if ((status == 403 || status == 404) && !known)
		return FINDING_KEY_UNJUDGED;
	if (status == 401 || status == 403)
		return FINDING_KEY_REJECTED;
	if (status == 404)
		return FINDING_AGENT_UNKNOWN;
	return status == 400 || status == 409 ? FINDING_KEY_GOOD : FINDING_NO_MASTER;
}

enum finding
check_judge_clock(const struct http_answer *answer, int64_t now_s)
{
	int64_t apart_s = answer->date_s - now_s;

	if (answer->date_s < 0)
		return FINDING_COUNT;
	if (apart_s < 0)
		apart_s = -apart_s;
	if (apart_s > CHECK_CLOCK_WRONG_S)
		return FINDING_CLOCK_WRONG;
	return apart_s > CHECK_CLOCK_OFF_S ? FINDING_CLOCK_OFF : FINDING_CLOCK_GOOD;
}
