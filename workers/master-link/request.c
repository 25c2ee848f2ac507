/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  Carries one request out: URL, headers with the secrets, and what its answer means
 * for the link as a whole, before the job hears of it.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "link.h"

#define CONNECT_TIMEOUT_MS 10000
#define URL_MAX_BYTES 4096
/* So many wrong guesses of a sequence, each twice as far, and a new session is simpler. */
#define STALE_MAX 16

static int
append_origin(const struct url *url, struct buffer *out)
{
	return buffer_printf(out, url->host_is_ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
	    url->scheme == URL_HTTPS ? "https" : "http", url->host, (unsigned)url->port);
}

/* A header line that ends with a secret; NULL if there is none. */
static const char *
make_header(struct buffer *header, const char *begin, const char *value)
{
	if (value == NULL)
		return NULL;
	if (buffer_printf(header, "%s%s", begin, value) != 0)
		fatal("a header can't be made");
	return header->bytes;
}

/* user:password of the proxy's URL as it stands there; NULL without. */
static const char *
proxy_user(const struct link *link, struct buffer *out)
{
	const char *url = worker_secret(link->worker, SECRET_HTTPS_PROXY);
	const char *begin = url != NULL ? strstr(url, "://") : NULL;
	const char *end;
	size_t length;

	if (begin == NULL)
		return NULL;
	begin += 3;
	length = strcspn(begin, "/");
	end = memrchr(begin, '@', length);
	if (end == NULL)
		return NULL;
	if (buffer_add(out, begin, (size_t)(end - begin)) != 0)
		fatal("the proxy's user is too long");
	return out->bytes;
}

static bool
judge(void *context, const struct address *address, uint16_t port)
{
	return link_address_good(context, address, port);
}

/* ---- the answer ---- */

static void
count_sequence(struct link *link, const struct job_entry *entry)
{
	if (link->job == JOB_REPORT)
		link->session.report_sequence++;
	else if (entry->event)
		link->session.event_sequence++;
}

/* Another number, further on each time, until the master takes one. */
static void
skip_sequence(struct link *link, const struct job_entry *entry)
{
	struct judgement judgement = { .reason = "every sequence is stale" };

	if (link->stale >= STALE_MAX) {
		link_lost_session(link, LOSS_UNKNOWN, &judgement);
		return;
	}
	link->telling.resend = false;
	for (int64_t step = (int64_t)1 << link->stale; step > 0; step--)
		count_sequence(link, entry);
	link->stale++;
}

static void
no_answer(struct link *link, const struct job_entry *entry, const struct http_answer *answer,
    const struct judgement *judgement)
{
	bool next = false;

	if (answer->error != HTTP_OK) {
		next = endpoint_failed(&link->endpoint) && answer->error != HTTP_TIMEOUT;
		http_forget_connections(link->http);
	}
	/*
	 * The master may have kept it: an event is sent again as it was, so that its sequence tells
	 * the master; a report says all anew, with another sequence.
	 */
	link->telling.resend = entry->event && link->session.protocol == 2;
	if (link->job == JOB_REPORT)
		link->session.report_sequence++;
	/* Another of its addresses may serve: tried at once, and nothing is said of this one. */
	if (!next)
		link_is_away(link, judgement->reason, answer->retry_after_ms);
}

static void
refused(struct link *link, const struct job_entry *entry, const struct judgement *judgement)
{
	if (link->job != JOB_REGISTER)
		link_is_back(link);
	entry->refused(link, judgement);
	telling_drop(link);
}

static void
unkept(struct link *link, const struct http_answer *answer, const struct judgement *judgement)
{
	const struct job_entry *entry = &jobs[link->job];

	telling_drop(link);
	if (entry->failed == NULL)
		link_is_away(link, judgement->reason, answer->retry_after_ms);
	else
		link->hold_until_ms = clock_ms() +
				      backoff_next(&link->backoff, answer->retry_after_ms);
}

static void
take_answer(struct link *link, const struct http_answer *answer, const struct judgement *judgement)
{
	const struct job_entry *entry = &jobs[link->job];

	if (judgement->verdict == VERDICT_UNKEPT || judgement->verdict == VERDICT_AWAY)
		if (entry->failed != NULL)
			entry->failed(link, judgement);
	switch (judgement->verdict) {
	case VERDICT_DONE:
		/* A registration must be understood first. */
		if (link->job != JOB_REGISTER)
			link_is_back(link);
		count_sequence(link, entry);
		entry->done(link, answer);
		telling_drop(link);
		break;
	case VERDICT_REGISTER:
		link_lost_session(link, LOSS_UNKNOWN, judgement);
		break;
	case VERDICT_FORBIDDEN:
		link_lost_session(link, LOSS_FORBIDDEN, judgement);
		break;
	case VERDICT_REJECTED:
		link_is_rejected(link, judgement);
		break;
	case VERDICT_STALE:
		skip_sequence(link, entry);
		break;
	case VERDICT_REFUSED:
	case VERDICT_NOT_OFFERED:
		refused(link, entry, judgement);
		break;
	case VERDICT_UNKEPT:
		unkept(link, answer, judgement);
		break;
	case VERDICT_AWAY:
	case VERDICT_COUNT:
		no_answer(link, entry, answer, judgement);
		break;
	}
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct link *link = context;
	struct judgement judgement;

	link->request = NULL;
	answer_judge(answer, jobs[link->job].route, &judgement);
	log_debug("%s: %s", jobs[link->job].name, judgement.reason);
	if (judgement.verdict != VERDICT_AWAY)
		link->last_contact_ms = clock_ms();
	if (answer->error == HTTP_OK)
		endpoint_worked(&link->endpoint);
	take_answer(link, answer, &judgement);
	link_status(link);
	link_schedule(link);
}

/* ---- the request ---- */

bool
request_start(struct link *link, const struct outgoing *outgoing,
    void (*done)(void *context, const struct http_answer *answer))
{
	struct buffer url _cleanup_buffer_ = BUFFER(URL_MAX_BYTES);
	struct buffer proxy _cleanup_buffer_ = BUFFER(URL_MAX_BYTES);
	struct buffer key _cleanup_buffer_ = SECRET_BUFFER(SECRET_MAX_BYTES + 64);
	struct buffer access_id _cleanup_buffer_ = SECRET_BUFFER(SECRET_MAX_BYTES + 64);
	struct buffer access_secret _cleanup_buffer_ = SECRET_BUFFER(SECRET_MAX_BYTES + 64);
	struct buffer user _cleanup_buffer_ = SECRET_BUFFER(SECRET_MAX_BYTES);
	const char *id = worker_secret(link->worker, SECRET_ACCESS_ID);
	const char *secret = worker_secret(link->worker, SECRET_ACCESS_SECRET);
	const struct url *target = &link->endpoint.url;
	struct http_call call = {
		.method = outgoing->method,
		.resolve_host = target->host,
		.resolve_port = target->port,
		.body = { outgoing->body.bytes, outgoing->body.length },
		.body_max_bytes = outgoing->answer_max_bytes,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = outgoing->timeout_ms,
		.details = outgoing->details,
		.judge = judge,
		.on_done = done,
		.context = link,
	};
	size_t headers = 0;

	if (append_origin(&link->master, &url) != 0 ||
	    buffer_add_text(&url, link->master.path) != 0 ||
	    buffer_add(&url, outgoing->path.bytes, outgoing->path.length) != 0 ||
	    (link->proxied && append_origin(target, &proxy) != 0))
		fatal("a URL is too long");
	call.url = url.bytes;
	if (!target->host_is_address)
		call.resolve_address = endpoint_address(&link->endpoint);
	if (link->proxied) {
		call.proxy = proxy.bytes;
		call.proxy_user = proxy_user(link, &user);
	}
	call.headers[headers++] = make_header(&key, "Authorization: Bearer ",
	    worker_secret(link->worker, SECRET_API_KEY));
	if (id != NULL && secret != NULL) {
		call.headers[headers++] = make_header(&access_id, "CF-Access-Client-Id: ", id);
		call.headers[headers++] = make_header(&access_secret,
		    "CF-Access-Client-Secret: ", secret);
	}
	link->request = http_start(link->http, &call);
	return link->request != NULL;
}

void
request_send(struct link *link, enum job job)
{
	struct outgoing outgoing = {
		.method = "POST",
		.path = BUFFER(URL_MAX_BYTES),
		.body = SECRET_BUFFER(BODY_MAX_BYTES),
		.timeout_ms = 15000,
		.answer_max_bytes = 65536,
	};

	link->job = job;
	if (link->telling.resend && job == link->telling.job) {
		link->telling.resend = false;
		link_agent_path(link, "/events", &outgoing.path);
		if (buffer_add(&outgoing.body, link->telling.body.bytes,
			link->telling.body.length) != 0)
			fatal("out of memory");
	} else {
		/* The master may have kept what is given up here, under that sequence. */
		link->session.event_sequence += link->telling.resend ? 1 : 0;
		telling_drop(link);
		jobs[job].build(link, &outgoing);
	}
	if (!request_start(link, &outgoing, on_done))
		link_is_away(link, "a request can't be set up", -1);
	buffer_free(&outgoing.path);
	buffer_free(&outgoing.body);
}
