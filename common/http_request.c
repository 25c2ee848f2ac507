/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  Sets one request up, with every option that keeps
 * libcurl from doing more than is asked: no environment, no files, no other protocol, no redirect,
 * no name lookup, no address that the worker has not judged.
 */
#include "common/http_request.h"

#include <string.h>

#include "common/attr.h"
#include "common/secret_memory.h"
#include "common/url.h"
#include "version.h"

#define USER_AGENT "dockflare-agent/" AGENT_VERSION
/* A certificate is checked when a connection is made, so none lives for ever. */
#define CONNECTION_LIFETIME_S 3600L
#define KEEPALIVE_IDLE_S 60L
#define KEEPALIVE_INTERVAL_S 15L

/* Fails the whole function on an option that libcurl refuses. */
#define SET(option, value)                                                 \
	do {                                                               \
		if (curl_easy_setopt(easy, (option), (value)) != CURLE_OK) \
			return false;                                      \
	} while (0)

void
http_request_free(struct http_request *request)
{
	if (request == NULL)
		return;
	curl_easy_cleanup(request->easy);
	for (size_t at = 0; at < request->header_count; at++)
		secret_free(request->headers[at].data);
	curl_slist_free_all(request->resolve);
	buffer_free(&request->body);
	buffer_free(&request->answer);
	free(request);
}

/* Appends a header line of our own, on pages for secrets: curl_slist_append's copy would not be. */
static bool
add_line(struct http_request *request, const char *line)
{
	struct curl_slist *item = &request->headers[request->header_count];

	item->data = secret_copy(line, strlen(line));
	if (item->data == NULL)
		return false;
	if (request->header_count > 0)
		item[-1].next = item;
	request->header_count++;
	return true;
}

/* libcurl sends header lines as they are: a line break in one would be a header of its own. */
static bool
is_good_header(const char *line)
{
	for (const char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return strchr(line, ':') != NULL;
}

static bool
add_headers(struct http_request *request, const struct http_call *call)
{
	const char *json = "application/json";
	char type[64] = "Content-Type:";

	for (size_t i = 0; i < HTTP_HEADERS_MAX && call->headers[i] != NULL; i++)
		if (!is_good_header(call->headers[i]) || !add_line(request, call->headers[i]))
			return false;
	if (call->body.length > 0 &&
	    snprintf(type, sizeof(type), "Content-Type: %s",
		call->body_type != NULL ? call->body_type : json) >= (int)sizeof(type))
		return false;
	/* Without "Expect:" libcurl would wait for a 100 that few servers send. */
	return add_line(request, type) && add_line(request, "Expect:");
}

/* Reads the URL that we built: its host is what must not be looked up. */
static bool
read_url(const char *text, struct url *url)
{
	static const unsigned schemes = URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS);
	char head[URL_HOST_MAX_BYTES + 32];
	const char *host = strstr(text, "://"), *why;
	size_t length;

	if (host == NULL)
		return false;
	length = (size_t)(host - text) + 3;
	length += strcspn(text + length, "/?#");
	if (length >= sizeof(head))
		return false;
	memcpy(head, text, length);
	head[length] = '\0';
	return url_parse(head, schemes, false, url, &why) == 0;
}

/* Where the connection goes to: what must be numeric, or come with its address. */
static bool
set_target(struct http_request *request, const struct http_call *call, const struct url *url)
{
	struct url proxy;

	if (call->unix_socket != NULL) {
		snprintf(request->target, sizeof(request->target), "%s", call->unix_socket);
		return curl_easy_setopt(request->easy, CURLOPT_UNIX_SOCKET_PATH,
			   call->unix_socket) == CURLE_OK;
	}
	if (call->proxy != NULL) {
		if (!read_url(call->proxy, &proxy) || proxy.scheme != URL_HTTP)
			return false;
		url = &proxy;
	}
	if (call->resolve_address == NULL) {
		snprintf(request->target, sizeof(request->target),
		    url->host_is_ipv6 ? "[%s]:%u" : "%s:%u", url->host, url->port);
		return url->host_is_address;
	}
	snprintf(request->target, sizeof(request->target), "%s:%u (%s)", url->host, url->port,
	    call->resolve_address);
	return true;
}

/* libcurl asks this before it looks a name up: we never want that. */
static int
refuse_lookup(void *state UNUSED, void *reserved UNUSED, void *context UNUSED)
{
	return 1;
}

static bool
set_address(struct http_request *request, const struct http_call *call)
{
	bool ipv6;
	char entry[HTTP_TARGET_BYTES];
	CURL *easy = request->easy;

	if (call->unix_socket != NULL || call->resolve_address == NULL)
		return true;
	ipv6 = strchr(call->resolve_address, ':') != NULL;
	if (snprintf(entry, sizeof(entry), "%s:%u:%s%s%s", call->resolve_host, call->resolve_port,
		ipv6 ? "[" : "", call->resolve_address, ipv6 ? "]" : "") >= (int)sizeof(entry))
		return false;
	request->resolve = curl_slist_append(NULL, entry);
	if (request->resolve == NULL)
		return false;
	SET(CURLOPT_RESOLVE, request->resolve);
	SET(CURLOPT_RESOLVER_START_FUNCTION, refuse_lookup);
	return true;
}

static bool
set_proxy(CURL *easy, const struct http_call *call)
{
	SET(CURLOPT_PROXY, call->proxy != NULL ? call->proxy : "");
	SET(CURLOPT_NOPROXY, call->proxy != NULL ? "" : "*");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	if (call->proxy == NULL)
		return true;
	SET(CURLOPT_PROXYTYPE, (long)CURLPROXY_HTTP);
	/* A tunnel also for http://: else the proxy would be handed the key's header. */
	SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
	SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
	if (call->proxy_user != NULL)
		SET(CURLOPT_PROXYUSERPWD, call->proxy_user);
	return true;
}

/* A libcurl without TLS refuses these options: see docs/dependencies.md. */
static bool
set_tls(CURL *easy, struct slice ca)
{
	/* NOCOPY: the client outlives its requests. */
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY, .len = ca.length };

	memcpy(&blob.data, &ca.bytes, sizeof(blob.data));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CAINFO, (char *)NULL);
	SET(CURLOPT_CAPATH, (char *)NULL);
	if (ca.length > 0)
		SET(CURLOPT_CAINFO_BLOB, &blob);
	return true;
}

/* What every request is held to, whatever it asks. */
static const struct {
	CURLoption option;
	long value;
} constants[] = {
	{ CURLOPT_PATH_AS_IS, 1 },
	{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_MAXREDIRS, 0 },
	{ CURLOPT_UNRESTRICTED_AUTH, 0 },
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFETIME_S },
	{ CURLOPT_TCP_KEEPALIVE, 1 },
	{ CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
	{ CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
	{ CURLOPT_TCP_FASTOPEN, 0 },
};

static bool
set_constants(CURL *easy)
{
	for (size_t i = 0; i < ARRAY_LEN(constants); i++)
		SET(constants[i].option, constants[i].value);
	return true;
}

static bool
set_protocol(CURL *easy, const struct http_call *call, const struct url *url)
{
	const char *scheme = url->scheme == URL_HTTPS ? "https" : "http";

	SET(CURLOPT_PROTOCOLS_STR, scheme);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, scheme);
	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_USERAGENT, USER_AGENT);
	/* A libcurl without HTTP/2 refuses to be asked for it. */
	if (url->scheme != URL_HTTPS ||
	    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS))
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return true;
}

static bool
set_times(CURL *easy, const struct http_call *call)
{
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    call->connect_timeout_ms > 0 ? call->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS);
	SET(CURLOPT_TIMEOUT_MS, call->timeout_ms);
	if (call->idle_timeout_ms > 0) {
		SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
		SET(CURLOPT_LOW_SPEED_TIME, (call->idle_timeout_ms + 999) / 1000);
	}
	return true;
}

static bool
set_method(struct http_request *request, const struct http_call *call)
{
	CURL *easy = request->easy;

	SET(CURLOPT_HTTPHEADER, request->headers);
	if (strcmp(call->method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return true;
	}
	SET(CURLOPT_CUSTOMREQUEST, call->method);
	if (call->body.length > 0 || strcmp(call->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
		SET(CURLOPT_POSTFIELDS, request->body.length > 0 ? request->body.bytes : "");
	}
	return true;
}

static bool
set_callbacks(struct http_request *request)
{
	CURL *easy = request->easy;

	SET(CURLOPT_PRIVATE, request);
	SET(CURLOPT_ERRORBUFFER, request->error);
	SET(CURLOPT_HEADERFUNCTION, http_on_header);
	SET(CURLOPT_HEADERDATA, request);
	SET(CURLOPT_WRITEFUNCTION, http_on_body);
	SET(CURLOPT_WRITEDATA, request);
	SET(CURLOPT_OPENSOCKETFUNCTION, http_on_socket);
	SET(CURLOPT_OPENSOCKETDATA, request);
	return true;
}

static bool
set_up(struct http_request *request, struct slice ca, const struct http_call *call)
{
	struct url url;

	return read_url(call->url, &url) && set_target(request, call, &url) &&
	       add_headers(request, call) && set_constants(request->easy) &&
	       set_protocol(request->easy, call, &url) && set_proxy(request->easy, call) &&
	       (url.scheme != URL_HTTPS || set_tls(request->easy, ca)) &&
	       (!call->details || url.scheme != URL_HTTPS ||
		   curl_easy_setopt(request->easy, CURLOPT_CERTINFO, 1L) == CURLE_OK) &&
	       set_address(request, call) && set_times(request->easy, call) &&
	       set_callbacks(request) &&
	       buffer_add(&request->body, call->body.bytes, call->body.length) == 0 &&
	       set_method(request, call);
}

struct http_request *
http_request_new(struct http *http, struct slice ca, const struct http_call *call)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	*request = (struct http_request){
		.http = http,
		.easy = curl_easy_init(),
		.proxied = call->proxy != NULL,
		.retry_after_ms = -1,
		.details = call->details,
		.date_s = -1,
		.body_max_bytes = call->body_max_bytes,
		.judge = call->judge,
		.judge_context = call->judge_context != NULL ? call->judge_context : call->context,
		.on_start = call->on_start,
		.on_data = call->on_data,
		.on_done = call->on_done,
		.context = call->context,
	};
	/* Both may hold tokens. */
	request->body = SECRET_BUFFER(call->body.length);
	request->answer = SECRET_BUFFER(call->body_max_bytes > HTTP_ERROR_BODY_KEPT_BYTES ?
					    call->body_max_bytes :
					    HTTP_ERROR_BODY_KEPT_BYTES);
	if (request->easy == NULL || !set_up(request, ca, call)) {
		http_request_free(request);
		return NULL;
	}
	return request;
}
