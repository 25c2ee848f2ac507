/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  libmicrohttpd: how it is set up, and requests as it brings them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "common/log.h"

/* Head and body of a request lie there; libc's free, and with it the wiping one, gives it back. */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)

/* ---- requests, as libmicrohttpd brings them ---- */

static void *
on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct server *server = context;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL || info == NULL || info->socket_context == NULL)
		fatal("out of memory");
	exchange->server = server;
	exchange->client = info->socket_context;
	exchange->client->exchange = exchange;
	exchange->body = SECRET_BUFFER(BODY_MAX_BYTES);
	if (exchange->client->phase == CLIENT_IDLE)
		client_set_phase(exchange->client, CLIENT_READING);
	if (strlen(target) <= TARGET_MAX_BYTES) {
		exchange->target = strdup(target);
		if (exchange->target == NULL)
			fatal("out of memory");
	}
	return exchange;
}

static enum MHD_Result
on_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
    const char *value, size_t value_length)
{
	(void)kind;
	head_add(context, (struct slice){ .bytes = name, .length = name_length },
	    (struct slice){ .bytes = value == NULL ? "" : value, .length = value_length });
	return MHD_YES;
}

static enum MHD_Result
refuse_exchange(struct exchange *exchange)
{
	struct server *server = exchange->server;

	server->handlers->refused(server->context, exchange, exchange->refusal.message);
	exchange_refuse(exchange, exchange->refusal.status, exchange->refusal.message);
	return exchange_respond(exchange);
}

/* The head is here and nothing behind it. */
static enum MHD_Result
take_head(struct exchange *exchange, const char *method, const char *version)
{
	struct head head = { .method = method, .version = version, .target = exchange->target };

	exchange->judged = true;
	exchange->server->requests++;
	(void)snprintf(exchange->method, sizeof(exchange->method), "%s", method);
	(void)MHD_get_connection_values_n(exchange->client->connection, MHD_HEADER_KIND, on_header,
	    &head);
	/* Where the framing is good, the rest is read before a refusal: the connection goes on. */
	if (head_judge(exchange->server->rules, &head, &exchange->wish, &exchange->refusal) ||
	    !exchange->refusal.close)
		return MHD_YES;
	return refuse_exchange(exchange);
}

static enum MHD_Result
take_body(struct exchange *exchange, const char *bytes, size_t *length)
{
	if (exchange->refusal.status == 0 &&
	    buffer_add(&exchange->body, bytes, *length) == -EMSGSIZE)
		(void)refuse(&exchange->refusal, 413, "the body is longer than %d bytes",
		    BODY_MAX_BYTES);
	*length = 0;
	return MHD_YES;
}

/* The request is whole, or its answer has come meanwhile. */
static enum MHD_Result
take_whole(struct exchange *exchange)
{
	struct server *server = exchange->server;

	if (exchange->cut)
		return MHD_NO;
	if (exchange->stage == EXCHANGE_READING && exchange->refusal.status != 0)
		return refuse_exchange(exchange);
	if (exchange->stage == EXCHANGE_READING) {
		exchange->stage = EXCHANGE_WAITING;
		client_set_phase(exchange->client, CLIENT_WRITING);
		if (server->stopping)
			exchange_refuse(exchange, 503, "the gate stops");
		else
			server->handlers->asked(server->context, exchange);
		buffer_free(&exchange->body);
	}
	if (exchange->stage == EXCHANGE_WAITING) {
		client_set_phase(exchange->client, CLIENT_WAITING);
		MHD_suspend_connection(exchange->client->connection);
		return MHD_YES;
	}
	return exchange->queued ? MHD_YES : exchange_respond(exchange);
}

/* As libmicrohttpd calls it. */
static enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_length, void **request)
{
	struct exchange *exchange = *request;

	(void)context;
	(void)connection;
	(void)url; /* libmicrohttpd's idea of the path; ours is the target as it came */
	if (!exchange->judged)
		return take_head(exchange, method, version);
	if (*upload_length > 0)
		return take_body(exchange, upload, upload_length);
	return take_whole(exchange);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **request,
    enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *request;

	(void)context;
	(void)code;
	if (exchange == NULL)
		return;
	*request = NULL;
	if (exchange->client->phase != CLIENT_ENDING)
		client_set_phase(exchange->client, CLIENT_IDLE);
	(void)MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	exchange_free(exchange);
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct server *server = context;
	struct client *client = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client == NULL)
			return;
		*client->link = client->next;
		if (client->next != NULL)
			client->next->link = client->link;
		server->client_count--;
		free(client);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		fatal("out of memory");
	client->fd =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	client->connection = connection;
	client->next = server->clients;
	client->link = &server->clients;
	if (client->next != NULL)
		client->next->link = &client->next;
	server->clients = client;
	server->client_count++;
	client_set_phase(client, CLIENT_READING);
	*socket_context = client;
}

/* ---- libmicrohttpd itself ---- */

/* Paths and parameters are judged as they came. */
static size_t
leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static void
on_panic(void *context, const char *file, unsigned line, const char *reason)
{
	(void)context;
	(void)file;
	fatal("libmicrohttpd: line %u: %s", line, reason == NULL ? "it gives up" : reason);
}

bool
server_open(struct server *server, const struct rules *rules,
    const struct server_handlers *handlers, void *context)
{
	const union MHD_DaemonInfo *info;

	*server = (struct server){ .handlers = handlers,
		.context = context,
		.rules = rules,
		.epoll_fd = -1,
		.listen_fd = -1 };
	MHD_set_panic_func(on_panic, NULL);
	/* Without a date no file of the time zone is read. */
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
					      MHD_ALLOW_SUSPEND_RESUME |
					      MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, NULL, NULL, on_request, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, server, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)(CLIENTS_MAX + 1), MHD_OPTION_CONNECTION_TIMEOUT,
	    0u, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_END);
	if (server->daemon == NULL)
		return false;
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return false;
	server->epoll_fd = info->epoll_fd;
	return true;
}
