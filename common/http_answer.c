/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  What comes back: header lines and body counted
 * against their bounds, the address judged before a socket is made, and libcurl's result turned
 * into one line that a person can act on.  Trusts nothing that the other side sends.
 */
#include "common/http_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/http_date.h"

#define RETRY_AFTER_MAX_S 86400

static struct slice
trim(struct slice text)
{
	while (text.length > 0 && strchr(" \t\r\n", text.bytes[0]) != NULL)
		text.bytes++, text.length--;
	while (text.length > 0 && strchr(" \t\r\n", text.bytes[text.length - 1]) != NULL)
		text.length--;
	return text;
}

/* Whether `line` is the header `name`; its value then. */
static bool
header_is(struct slice line, const char *name, struct slice *ret_value)
{
	size_t length = strlen(name);

	if (line.length <= length || line.bytes[length] != ':' ||
	    strncasecmp(line.bytes, name, length) != 0)
		return false;
	*ret_value = trim((struct slice){ line.bytes + length + 1, line.length - length - 1 });
	return true;
}

/* The form in seconds; a date is treated as none (RFC 9110 10.2.3). */
static int64_t
parse_retry_after(struct slice value)
{
	int64_t seconds = 0;

	if (value.length == 0 || value.length > 9)
		return -1;
	for (size_t i = 0; i < value.length; i++) {
		if (value.bytes[i] < '0' || value.bytes[i] > '9')
			return -1;
		seconds = seconds * 10 + (value.bytes[i] - '0');
	}
	return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

static bool
is_json_type(struct slice value)
{
	static const char type[] = "application/json";
	size_t length = sizeof(type) - 1;

	return value.length >= length && strncasecmp(value.bytes, type, length) == 0 &&
	       (value.length == length || strchr("; \t", value.bytes[length]) != NULL);
}

static long
status_of(const struct http_request *request)
{
	long status = 0;

	(void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool
is_success(long status)
{
	return status >= 200 && status < 300;
}

/* Once for an answer, before its first byte of body, and not for an interim one. */
static void
start(struct http_request *request)
{
	long status = status_of(request);

	if (request->started || status < 200)
		return;
	request->started = true;
	if (request->on_start != NULL && request->state == REQUEST_RUNNING)
		request->on_start(request->context, status);
}

size_t
http_on_header(char *bytes, size_t size, size_t count, void *data)
{
	struct http_request *request = data;
	struct slice line = { bytes, size * count }, value;

	request->header_bytes += line.length;
	if (request->header_bytes > HTTP_HEADER_MAX_BYTES) {
		request->too_large = true;
		return 0;
	}
	if (line.length >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
		request->json = false;
		request->retry_after_ms = -1;
		request->date_s = -1;
	} else if (request->details && header_is(line, "Date", &value)) {
		request->date_s = http_date(value);
	} else if (header_is(line, "Retry-After", &value)) {
		request->retry_after_ms = parse_retry_after(value);
	} else if (header_is(line, "Content-Type", &value)) {
		request->json = is_json_type(value);
	} else if (trim(line).length == 0) {
		start(request);
	}
	return line.length;
}

/* Keeps the beginning of an error's body, and reads on only so far. */
static bool
keep_error_body(struct http_request *request, struct slice piece)
{
	size_t room = HTTP_ERROR_BODY_KEPT_BYTES - request->answer.length;

	request->error_bytes += piece.length;
	if (request->error_bytes > HTTP_ERROR_BODY_MAX_BYTES) {
		request->too_large = true;
		return false;
	}
	return buffer_add(&request->answer, piece.bytes,
		   piece.length < room ? piece.length : room) == 0;
}

static bool
take_body(struct http_request *request, struct slice piece)
{
	start(request);
	if (request->state != REQUEST_RUNNING)
		return false;
	if (!is_success(status_of(request)))
		return keep_error_body(request, piece);
	if (request->on_data != NULL) {
		request->stopped = !request->on_data(request->context, piece);
		return !request->stopped;
	}
	if (request->answer.length + piece.length > request->body_max_bytes) {
		request->too_large = true;
		return false;
	}
	return buffer_add(&request->answer, piece.bytes, piece.length) == 0;
}

size_t
http_on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct slice piece = { bytes, size * count };

	if (piece.length == 0)
		return 0;
	/* Anything but the length ends the transfer, and with it the connection. */
	return take_body(data, piece) ? piece.length : 0;
}

static uint16_t
port_of(const struct sockaddr *sockaddr)
{
	const void *at = sockaddr;

	if (sockaddr->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)at)->sin6_port);
	return ntohs(((const struct sockaddr_in *)at)->sin_port);
}

curl_socket_t
http_on_socket(void *data, curlsocktype purpose UNUSED, struct curl_sockaddr *target)
{
	struct http_request *request = data;
	struct address address;
	int fd;

	if (target->family != AF_UNIX && request->judge != NULL) {
		if (address_from_sockaddr(&target->addr, &address) < 0 ||
		    !request->judge(request->judge_context, &address, port_of(&target->addr))) {
			request->refused = true;
			return CURL_SOCKET_BAD;
		}
	}
	fd = socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
	request->no_socket = fd < 0 ? errno : 0;
	return fd;
}

static enum http_error
classify(const struct http_request *request, CURLcode code)
{
	long connect_code = 0;

	if (code == CURLE_OK)
		return HTTP_OK;
	if (request->too_large)
		return HTTP_TOO_LARGE;
	if (request->refused)
		return HTTP_UNREACHABLE;
	(void)curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &connect_code);
	if (request->proxied && connect_code != 0 && !is_success(connect_code))
		return HTTP_PROXY;
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return HTTP_CUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_TLS;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		return HTTP_PROTOCOL;
	default:
		return HTTP_FAILED;
	}
}

/* X509_V_ERR_… of OpenSSL's x509_vfy.h, which are part of its stable interface. */
enum {
	VERIFY_GOOD = 0,
	VERIFY_UNSPECIFIED = 1, /* libcurl's while it has not asked, which it does after the name */
	VERIFY_NOT_YET = 9,
	VERIFY_EXPIRED = 10,
};

static enum http_tls
tls_fault(const struct http_request *request, CURLcode code)
{
	long verified = 0;

	if (code != CURLE_PEER_FAILED_VERIFICATION)
		return HTTP_TLS_OTHER;
	(void)curl_easy_getinfo(request->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	if (verified == VERIFY_EXPIRED)
		return HTTP_TLS_EXPIRED;
	if (verified == VERIFY_NOT_YET)
		return HTTP_TLS_NOT_YET;
	/* OpenSSL refuses a bad chain in the handshake, so after it it is the name. */
	return verified == VERIFY_GOOD || verified == VERIFY_UNSPECIFIED ? HTTP_TLS_NAME :
									   HTTP_TLS_CA;
}

/* Of the first certificate that the server sent, its own. */
static int64_t
certificate_until(const struct http_request *request)
{
	static const char expires[] = "Expire date:";
	struct curl_certinfo *chain = NULL;

	if (!request->details ||
	    curl_easy_getinfo(request->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
	    chain == NULL || chain->num_of_certs < 1)
		return -1;
	for (const struct curl_slist *at = chain->certinfo[0]; at != NULL; at = at->next)
		if (strncmp(at->data, expires, sizeof(expires) - 1) == 0)
			return http_date((struct slice){ at->data + sizeof(expires) - 1,
			    strlen(at->data) - (sizeof(expires) - 1) });
	return -1;
}

/* Why a connection could not be made, as the kernel says it. */
static const char *
connect_reason(const struct http_request *request)
{
	long number = 0;

	if (request->refused)
		return "an address that the configuration does not allow";
	if (request->no_socket != 0)
		return strerrordesc_np(request->no_socket);
	(void)curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &number);
	return number != 0 ? strerrordesc_np((int)number) : "no connection";
}

/* libcurl's own text, which may quote the other side, in printable ASCII. */
static void
printable_error(const struct http_request *request, CURLcode code, char out[CURL_ERROR_SIZE])
{
	const char *text = request->error[0] != '\0' ? request->error : curl_easy_strerror(code);
	size_t i;

	for (i = 0; i + 1 < CURL_ERROR_SIZE && text[i] != '\0'; i++)
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[i] = '\0';
}

static void
describe(const struct http_request *request, CURLcode code, struct http_answer *answer)
{
	char text[CURL_ERROR_SIZE];
	const char *target = request->target;
	char *detail = answer->detail;
	long connect_code = 0;
	size_t size = sizeof(answer->detail);

	printable_error(request, code, text);
	switch (answer->error) {
	case HTTP_OK:
		break;
	case HTTP_UNREACHABLE:
		(void)snprintf(detail, size, "cannot connect to %.150s: %s", target,
		    connect_reason(request));
		break;
	case HTTP_TIMEOUT:
		(void)snprintf(detail, size, "%.150s did not answer in time", target);
		break;
	case HTTP_CUT:
		(void)snprintf(detail, size,
		    "%.150s ended the connection before its answer was complete", target);
		break;
	case HTTP_TOO_LARGE:
		(void)snprintf(detail, size, "the answer of %.150s is too large", target);
		break;
	case HTTP_TLS:
		(void)snprintf(detail, size, "no trusted TLS with %.100s: %.120s", target, text);
		break;
	case HTTP_PROTOCOL:
		(void)snprintf(detail, size, "%.150s does not speak HTTP", target);
		break;
	case HTTP_PROXY:
		(void)curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &connect_code);
		(void)snprintf(detail, size, "the proxy %.150s answered %ld to CONNECT", target,
		    connect_code);
		break;
	case HTTP_FAILED:
		(void)snprintf(detail, size, "request to %.100s failed: %.120s", target, text);
		break;
	}
}

void
http_answer_fill(struct http_request *request, CURLcode code, struct http_answer *ret_answer)
{
	*ret_answer = (struct http_answer){
		.error = classify(request, code),
		.status = status_of(request),
		.body = { request->answer.bytes != NULL ? request->answer.bytes : "",
		    request->answer.length },
		.json = request->json,
		.retry_after_ms = request->retry_after_ms,
		.date_s = request->date_s,
		.tls = tls_fault(request, code),
		.certificate_until_s = certificate_until(request),
	};
	(void)curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE,
	    &ret_answer->proxy_status);
	describe(request, code, ret_answer);
}
