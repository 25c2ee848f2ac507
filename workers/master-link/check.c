/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  `--check --online`: one request to the master in place of the work.  It never
 * registers, which would end a running agent's session, and never asks for commands, which would
 * empty the master's queue; check_judge.h says what it asks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check_judge.h"
#include "common/finding.h"
#include "common/log.h"
#include "link.h"

/* In the place of an id while there is none: no master gives such a one. */
#define PLACEHOLDER "dockflare-agent-check"
#define TIMEOUT_MS 10000
#define ANSWER_MAX_BYTES ((size_t)64 * 1024)
#define DAY_BYTES 16

static void
read_state(struct link *link)
{
	struct tombstone tombstone;

	if (agent_id_read(worker_state(link->worker, STATE_AGENT_ID), link->agent_id) != 0)
		finding_say(FINDING_ID_UNREADABLE, "agent_id.txt holds no id");
	if (tombstone_read(worker_state(link->worker, STATE_DECOMMISSION), &tombstone) == 0 &&
	    tombstone.phase != LIFECYCLE_ACTIVE)
		finding_say(FINDING_RETIRED, "the master %s this agent out of service",
		    tombstone.phase == LIFECYCLE_FINALIZED ? "has taken" : "is taking");
}

/* ---- the answer ---- */

static void
write_day(int64_t seconds, char day[DAY_BYTES])
{
	time_t when = (time_t)seconds;
	struct tm parts;

	if (gmtime_r(&when, &parts) == NULL || strftime(day, DAY_BYTES, "%Y-%m-%d", &parts) == 0)
		(void)snprintf(day, DAY_BYTES, "?");
}

static void
say_tls(const struct link *link, const struct http_answer *answer)
{
	char day[DAY_BYTES];

	write_day(answer->certificate_until_s, day);
	if (answer->certificate_until_s < 0)
		finding_say(FINDING_TLS_GOOD, "TLS: the certificate of %s is good",
		    link->master.host);
	else
		finding_say(answer->certificate_until_s - time(NULL) < CHECK_CERTIFICATE_SOON_S ?
				FINDING_TLS_ENDS_SOON :
				FINDING_TLS_GOOD,
		    "TLS: the certificate of %s is good until %s", link->master.host, day);
}

static void
say_clock(const struct http_answer *answer)
{
	int64_t now_s = time(NULL), apart_s = answer->date_s - now_s;
	enum finding finding = check_judge_clock(answer, now_s);

	if (finding == FINDING_CLOCK_GOOD)
		finding_say(finding, "the clocks agree");
	else if (finding != FINDING_COUNT)
		finding_say(finding, "the master's clock is %" PRId64 " s %s this machine's",
		    apart_s < 0 ? -apart_s : apart_s, apart_s < 0 ? "behind" : "ahead of");
}

static void
say_status(struct link *link, const struct http_answer *answer)
{
	bool access = worker_secret(link->worker, SECRET_ACCESS_ID) != NULL;
	bool known = link->agent_id[0] != '\0';
	enum finding finding = check_judge_status(answer, access, known);

	switch ((int)finding) {
	case FINDING_KEY_GOOD:
		finding_say(finding, "the master takes the key%s%s", known ? "; agent " : "",
		    link->agent_id);
		break;
	case FINDING_KEY_REJECTED:
		finding_say(finding, "key rejected: HTTP %ld", answer->status);
		break;
	case FINDING_AGENT_UNKNOWN:
		finding_say(finding, "the master does not know agent %s", link->agent_id);
		break;
	case FINDING_KEY_UNJUDGED:
		finding_say(finding, "a master answers; the key is judged at the first start");
		break;
	default:
		finding_say(finding, "%s answers with HTTP %ld%s", link->master.host,
		    answer->status,
		    answer_is_object(answer->body) ? "" : ", which is not the master's own answer");
	}
}

static void ask(struct endpoint *endpoint, bool ok);

static void
on_answer(void *context, const struct http_answer *answer)
{
	struct link *link = context;

	link->request = NULL;
	if (answer->error != HTTP_OK) {
		/* As in the work: another of its addresses may serve. */
		if (endpoint_failed(&link->endpoint) && answer->error != HTTP_TIMEOUT) {
			endpoint_prepare(&link->endpoint, link->worker, ask);
			return;
		}
		finding_say(check_judge_failure(answer), "%s", answer->detail);
		worker_checked(link->worker);
		return;
	}
	if (link->master.scheme == URL_HTTPS)
		say_tls(link, answer);
	say_clock(answer);
	say_status(link, answer);
	worker_checked(link->worker);
}

/* ---- the question ---- */

static void
send_question(struct link *link)
{
	struct outgoing outgoing = {
		.method = "POST",
		.path = BUFFER(4096),
		.body = BUFFER(8),
		.timeout_ms = TIMEOUT_MS,
		.answer_max_bytes = ANSWER_MAX_BYTES,
		.details = true,
	};
	const char *id = link->agent_id[0] != '\0' ? link->agent_id : PLACEHOLDER;

	if (buffer_add_text(&outgoing.path, "/api/v2/agents/") != 0 ||
	    url_append_segment(&outgoing.path, id) != 0 ||
	    buffer_add_text(&outgoing.path, "/events") != 0 ||
	    buffer_add_text(&outgoing.body, "{}") != 0 ||
	    !request_start(link, &outgoing, on_answer))
		fatal("the check's request can't be set up");
	buffer_free(&outgoing.path);
	buffer_free(&outgoing.body);
}

static void
ask(struct endpoint *endpoint, bool ok)
{
	struct link *link = container_of(endpoint, struct link, endpoint);

	if (ok) {
		send_question(link);
		return;
	}
	/* Of a name without addresses name-resolver has told. */
	if (endpoint->not_allowed)
		finding_say(FINDING_MASTER_ADDRESS, "%s", endpoint->error);
	else if (endpoint->silent)
		finding_say(FINDING_NO_DNS, "%s", endpoint->error);
	worker_checked(link->worker);
}

/* ---- the worker's handlers ---- */

static void
start(struct worker *worker)
{
	struct link *link = worker_context(worker);

	read_state(link);
	link_ask_addresses(link, ask);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	if (peer == PROCESS_NAME_RESOLVER)
		link_resolver_up(worker_context(worker));
}

static void
take_message(struct worker *worker, enum process from UNUSED, const struct message *message)
{
	if (message->id == MESSAGE_ADDRESSES)
		link_take_addresses(worker_context(worker), &message->body.addresses);
}

static int
wait_for(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct link *link = worker_context(worker);

	return http_wait(link->http, fds, count, timeout_ms);
}

const struct worker_handlers link_check_handlers = {
	.process = PROCESS_MASTER_LINK,
	.configure = link_configure,
	.start = start,
	.peer_up = peer_up,
	.message = take_message,
	.wait = wait_for,
};
