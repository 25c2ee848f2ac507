/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  The HTTP client's loop: one libcurl multi handle,
 * whose poll serves the worker's channels as extra descriptors.  libcurl may not be re-entered
 * from its callbacks, so what they start or cancel is carried out once libcurl has been left.
 */
#include "common/http.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/attr.h"
#include "common/http_request.h"
#include "common/log.h"

/* A worker has four channels at most; libcurl's sockets are its own. */
#define WAIT_FDS_MAX 16
/* Idle connections that are kept. */
#define CONNECTIONS_MAX 4
/* curl_multi_poll knows no endless wait. */
#define WAIT_MAX_MS 60000

struct http {
	CURLM *multi;
	struct buffer ca;
	struct http_request *requests; /* all that have not ended */
	bool inside;                   /* libcurl is on the stack */
	bool fresh;                    /* connect anew until that has worked once */
};

/* What libraries read or ask at first use, which the filter would refuse later. */
static bool
warm_up(void)
{
	struct json_object *object;

	tzset();
	object = json_object_new_object();
	if (object == NULL || json_object_object_add(object, "a", json_object_new_int(1)) < 0) {
		json_object_put(object);
		return false;
	}
	json_object_put(object);
	return curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
}

struct http *
http_new(struct slice ca)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->ca = BUFFER(ca.length);
	if (!warm_up() || buffer_add(&http->ca, ca.bytes, ca.length) < 0)
		goto failed;
	http->multi = curl_multi_init();
	if (http->multi == NULL)
		goto failed;
	if (curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX) ||
	    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING))
		goto failed;
	return http;
failed:
	http_free(http);
	return NULL;
}

static void
unlink_request(struct http *http, struct http_request *request)
{
	for (struct http_request **at = &http->requests; *at != NULL; at = &(*at)->next) {
		if (*at == request) {
			*at = request->next;
			return;
		}
	}
}

static void
destroy(struct http *http, struct http_request *request)
{
	unlink_request(http, request);
	if (request->state != REQUEST_QUEUED)
		(void)curl_multi_remove_handle(http->multi, request->easy);
	http_request_free(request);
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	while (http->requests != NULL)
		destroy(http, http->requests);
	if (http->multi != NULL)
		(void)curl_multi_cleanup(http->multi);
	buffer_free(&http->ca);
	free(http);
}

/* Hands a request to libcurl, or fails. */
static bool
add(struct http *http, struct http_request *request)
{
	if (curl_multi_add_handle(http->multi, request->easy) != CURLM_OK)
		return false;
	request->state = REQUEST_RUNNING;
	return true;
}

struct http_request *
http_start(struct http *http, const struct http_call *call)
{
	struct slice ca = { http->ca.bytes, http->ca.length };
	struct http_request *request = http_request_new(http, ca, call);

	if (request == NULL)
		return NULL;
	request->fresh = http->fresh;
	if (curl_easy_setopt(request->easy, CURLOPT_FRESH_CONNECT, http->fresh ? 1L : 0L) ||
	    (!http->inside && !add(http, request))) {
		http_request_free(request);
		return NULL;
	}
	request->next = http->requests;
	http->requests = request;
	return request;
}

void
http_cancel(struct http *http, struct http_request *request)
{
	struct http_request *at = http->requests;

	while (at != NULL && at != request)
		at = at->next;
	if (at == NULL)
		return;
	if (http->inside && at->state == REQUEST_RUNNING)
		at->state = REQUEST_CANCELLED;
	else
		destroy(http, at);
}

void
http_forget_connections(struct http *http)
{
	http->fresh = true;
}

/* Carries out what callbacks started and cancelled. */
static void
settle(struct http *http)
{
	struct http_request *next;

	for (struct http_request *request = http->requests; request != NULL; request = next) {
		next = request->next;
		if (request->state == REQUEST_CANCELLED)
			destroy(http, request);
		else if (request->state == REQUEST_QUEUED && !add(http, request))
			fatal("libcurl took no further request");
	}
}

static void
finish(struct http *http, struct http_request *request, CURLcode code)
{
	struct http_answer answer;

	http_answer_fill(request, code, &answer);
	if (answer.error == HTTP_OK && request->fresh)
		http->fresh = false;
	(void)curl_multi_remove_handle(http->multi, request->easy);
	unlink_request(http, request);
	request->on_done(request->context, &answer);
	http_request_free(request);
}

static void
finish_all(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		void *request = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request) != CURLE_OK)
			fatal("libcurl lost a request");
		finish(http, request, message->data.result);
	}
}

static void
perform(struct http *http)
{
	CURLMcode code;
	int running;

	http->inside = true;
	code = curl_multi_perform(http->multi, &running);
	http->inside = false;
	if (code != CURLM_OK)
		fatal("libcurl: %s", curl_multi_strerror(code));
	settle(http);
	finish_all(http);
}

static int
take_events(struct pollfd *fds, unsigned count, const struct curl_waitfd *extra)
{
	int ready = 0;

	for (unsigned i = 0; i < count; i++) {
		short events = extra[i].revents;

		/* libcurl turns a hang-up into "readable" and an error into both. */
		fds[i].revents = (short)(((events & CURL_WAIT_POLLIN) ? POLLIN : 0) |
					 ((events & CURL_WAIT_POLLOUT) ? POLLOUT : 0));
		ready += fds[i].revents != 0;
	}
	return ready;
}

int
http_wait(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct curl_waitfd extra[WAIT_FDS_MAX];
	CURLMcode code;
	int ready;

	if (count > WAIT_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (unsigned i = 0; i < count; i++)
		extra[i] = (struct curl_waitfd){
			.fd = fds[i].fd,
			.events = (short)(((fds[i].events & POLLIN) ? CURL_WAIT_POLLIN : 0) |
					  ((fds[i].events & POLLOUT) ? CURL_WAIT_POLLOUT : 0)),
		};
	if (timeout_ms < 0 || timeout_ms > WAIT_MAX_MS)
		timeout_ms = WAIT_MAX_MS;
	code = curl_multi_poll(http->multi, extra, count, timeout_ms, NULL);
	if (code != CURLM_OK)
		fatal("libcurl: %s", curl_multi_strerror(code));
	ready = take_events(fds, count, extra);
	perform(http);
	return ready;
}
