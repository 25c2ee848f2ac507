/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  Requests over libcurl's multi interface, hardened:
 * no redirects, no environment, no files, addresses given by us (CURLOPT_RESOLVE) and judged
 * again at connect, bounds on headers and body counted by us.
 */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/json_check.h"

#define HTTP_DETAIL_BYTES 320
#define HTTP_HEADERS_MAX 12

enum http_error {
	HTTP_OK,          /* an answer is there, whatever its status */
	HTTP_UNREACHABLE, /* refused, no route, address judged wrong */
	HTTP_TIMEOUT,
	HTTP_CUT,       /* the connection ended inside the answer */
	HTTP_TOO_LARGE, /* headers or body beyond the bounds */
	HTTP_TLS,       /* certificate or handshake */
	HTTP_PROTOCOL,  /* not HTTP */
	HTTP_PROXY,     /* the proxy refused */
	HTTP_FAILED,    /* anything else */
};

/* What was wrong with a certificate or handshake (HTTP_TLS). */
enum http_tls {
	HTTP_TLS_OTHER, /* no TLS, no common version, … */
	HTTP_TLS_CA,
	HTTP_TLS_EXPIRED,
	HTTP_TLS_NOT_YET,
	HTTP_TLS_NAME,
};

struct http_answer {
	enum http_error error;
	char detail[HTTP_DETAIL_BYTES]; /* one line for the log; no secret */
	long status;                    /* 0 without an answer */
	struct slice body;              /* valid during the call; NUL behind it */
	bool json;              /* the content type is application/json (parameters aside) */
	int64_t retry_after_ms; /* -1: no Retry-After in seconds (RFC 9110 10.2.3) */
	int64_t date_s;         /* its Date, since 1970, where the call wants details; -1: none */
	enum http_tls tls;      /* for HTTP_TLS */
	long proxy_status;      /* of CONNECT, for HTTP_PROXY */
	/* Until when the server's own certificate is good, since 1970, where the call wants details;
	   -1: not known. */
	int64_t certificate_until_s;
};

struct http;
struct http_request;

/* Judges an address at connect.  `context` is the call's judge_context. */
typedef bool http_judge(void *context, const struct address *address, uint16_t port);

struct http_call {
	const char *method;      /* "GET", "POST", "PUT", "DELETE" */
	const char *url;         /* as built by us; http:// or https:// */
	const char *unix_socket; /* path, or NULL */
	/* host:port of the URL (or of the proxy) to the address to connect to; NULL for unix or
	   for a numeric host */
	const char *resolve_host;
	uint16_t resolve_port;
	const char *resolve_address;
	const char *proxy;      /* "http://host:port", or NULL */
	const char *proxy_user; /* "user:password" as in the URL, percent-encoded; a secret, or
	                              NULL */
	const char *headers[HTTP_HEADERS_MAX]; /* "Name: value"; may be secrets; NULL-ended */
	struct slice body;                     /* copied; length 0: none */
	const char *body_type;                 /* NULL: application/json */
	size_t body_max_bytes;                 /* of the answer; ignored where on_data takes it */
	long connect_timeout_ms;
	long timeout_ms;      /* of the whole request; 0: none (streams) */
	bool details;         /* tell the Date, and until when the certificate is good */
	long idle_timeout_ms; /* a stream without a byte for so long has ended; 0: none */
	http_judge *judge;    /* NULL: any address */
	void *judge_context;  /* NULL: `context` */
	/* The header of the answer is complete.  May be NULL. */
	void (*on_start)(void *context, long status);
	/* A piece of a 2xx answer's body as it comes; false ends the request (HTTP_FAILED).  NULL:
	   the body is collected for on_done.  Bodies of other answers are always collected (64 KiB
	   kept).  This one and on_start may start and cancel requests, also their own. */
	bool (*on_data)(void *context, struct slice piece);
	/* Once, when the request has ended in any way but http_cancel. */
	void (*on_done)(void *context, const struct http_answer *answer);
	void *context;
};

/*
 * Makes the client and warms up what libcurl and OpenSSL read at first use (so: before the
 * filter).  `ca` is a PEM bundle that is copied (length 0: no TLS is used).  NULL if it failed.
 */
struct http *http_new(struct slice ca);

/* Wipes and releases; requests that still run are cancelled. */
void http_free(struct http *http);

/*
 * Starts a request.  NULL if it could not even be set up: out of memory, control characters in a
 * header, a name to connect to without its address (no worker resolves names itself).
 */
struct http_request *http_start(struct http *http, const struct http_call *call);

/* Ends a request without calling on_done; NULL and one that has ended are accepted. */
void http_cancel(struct http *http, struct http_request *request);

/* The next request connects anew and reuses no idle connection. */
void http_forget_connections(struct http *http);

/* For struct worker_handlers.wait: curl_multi_poll with `fds` as the extra ones. */
int http_wait(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms);

#endif
