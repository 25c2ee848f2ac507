/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  Inside of the HTTP client: what http.c (the loop),
 * http_request.c (setting one up) and http_answer.c (what comes back) share, and nobody else.
 */
#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

#include <curl/curl.h>

#include "common/buffer.h"
#include "common/http.h"

/* All header lines of one answer, interim ones included; libcurl's own bound is 300 KiB. */
#define HTTP_HEADER_MAX_BYTES (64 * 1024)
/* What is kept of an answer that is not 2xx, and how much more of it is read. */
#define HTTP_ERROR_BODY_KEPT_BYTES (64 * 1024)
#define HTTP_ERROR_BODY_MAX_BYTES (1024 * 1024)
#define HTTP_CONNECT_TIMEOUT_MS 10000
/* Room for "host:port (address)". */
#define HTTP_TARGET_BYTES 320

enum request_state {
	REQUEST_QUEUED, /* libcurl does not know it yet: it was started inside a callback */
	REQUEST_RUNNING,
	REQUEST_CANCELLED, /* to be destroyed once libcurl is left */
};

struct http_request {
	struct http *http;
	struct http_request *next;
	enum request_state state;
	CURL *easy;
	/* A list of ours, which libcurl reads in place: the lines may hold the API key. */
	struct curl_slist headers[HTTP_HEADERS_MAX + 2];
	size_t header_count;
	struct curl_slist *resolve;
	struct buffer body;   /* what is sent */
	struct buffer answer; /* what came */
	size_t error_bytes;   /* of an answer that is not 2xx */
	size_t header_bytes;
	bool fresh;   /* asked for a new connection */
	bool started; /* on_start was called */
	bool too_large;
	bool refused;  /* the judge refused the address */
	int no_socket; /* why there was no socket for the connection (errno), 0: there was */
	bool stopped;  /* on_data said so */
	bool json;
	bool proxied;
	int64_t retry_after_ms;
	bool details; /* the next one is wanted, and the certificate's end */
	int64_t date_s;
	size_t body_max_bytes;
	http_judge *judge;
	void *judge_context;
	void (*on_start)(void *context, long status);
	bool (*on_data)(void *context, struct slice piece);
	void (*on_done)(void *context, const struct http_answer *answer);
	void *context;
	char target[HTTP_TARGET_BYTES]; /* for messages: where it connects to */
	char error[CURL_ERROR_SIZE];
};

/* Makes a request ready for curl_multi_add_handle.  NULL as http_start says. */
struct http_request *http_request_new(struct http *http, struct slice ca,
    const struct http_call *call);

/* Wipes and releases; the handle must have left the multi handle. */
void http_request_free(struct http_request *request);

/* libcurl's callbacks (CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION, CURLOPT_OPENSOCKETFUNCTION). */
size_t http_on_header(char *bytes, size_t size, size_t count, void *data);
size_t http_on_body(char *bytes, size_t size, size_t count, void *data);
curl_socket_t http_on_socket(void *data, curlsocktype purpose, struct curl_sockaddr *target);

/* Tells how a request ended. */
void http_answer_fill(struct http_request *request, CURLcode code, struct http_answer *ret_answer);

#endif
