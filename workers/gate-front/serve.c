/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See serve.h. */
#include "serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "common/clock.h"
#include "common/log.h"

/* Head and body of a request lie there; libc's free, and with it the wiping one, gives it back. */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
/* Pieces in which a stream is given to libmicrohttpd. */
#define STREAM_BLOCK_BYTES ((size_t)8 * 1024)
/* Turns that the end of all streams may take. */
#define STOP_TURNS 64
#define STOP_TURNS_LEAST 4
#define ACCEPTS_A_TURN 64

enum client_phase {
	CLIENT_READING, /* a request has begun */
	CLIENT_IDLE,    /* between two requests */
	CLIENT_WAITING, /* suspended: its request waits for an answer, or its stream for more */
	CLIENT_WRITING, /* an answer goes out */
	CLIENT_ENDING,  /* shut down; libmicrohttpd will close it */
};

struct client {
	int fd; /* libmicrohttpd's */
	struct MHD_Connection *connection;
	enum client_phase phase;
	int64_t since_ms; /* the phase's */
	struct exchange *exchange;
	struct client *next;
	struct client **link;
};

static void
set_phase(struct client *client, enum client_phase phase)
{
	client->phase = phase;
	client->since_ms = clock_ms();
}

/* ---- exchanges ---- */

static void
tell_gone(struct exchange *exchange)
{
	if (exchange->gone)
		return;
	exchange->gone = true;
	exchange->server->handlers->gone(exchange->server->context, exchange);
}

static void
resume(struct exchange *exchange)
{
	struct client *client = exchange->client;

	exchange->server->run_due = true;
	if (client->phase != CLIENT_WAITING)
		return;
	set_phase(client, CLIENT_WRITING);
	exchange->moved_ms = client->since_ms;
	MHD_resume_connection(client->connection);
}

/* Ends a connection whatever it is at: libmicrohttpd sees its end and closes it. */
static void
cut(struct server *server, struct client *client)
{
	struct exchange *exchange = client->exchange;

	if (exchange != NULL) {
		exchange->cut = true;
		tell_gone(exchange);
		resume(exchange);
	}
	(void)shutdown(client->fd, SHUT_RDWR);
	set_phase(client, CLIENT_ENDING);
	server->run_due = true;
}

static void
exchange_free(struct exchange *exchange)
{
	if (exchange->stage == EXCHANGE_STREAMS)
		exchange->server->stream_count--;
	tell_gone(exchange);
	if (exchange->client != NULL)
		exchange->client->exchange = NULL;
	buffer_free(&exchange->body);
	buffer_free(&exchange->answer);
	free(exchange->target);
	free(exchange);
}

void
exchange_answer(struct exchange *exchange, int status, enum answer_type type)
{
	exchange->stage = EXCHANGE_ANSWERED;
	exchange->status = status;
	exchange->type = type;
	resume(exchange);
}

void
exchange_refuse(struct exchange *exchange, int status, const char *message)
{
	buffer_free(&exchange->answer);
	exchange->answer = BUFFER(4096);
	if (answer_refusal(&exchange->answer, message == NULL ? "" : message) != 0)
		fatal("out of memory");
	exchange_answer(exchange, status, ANSWER_JSON);
}

void
exchange_begin(struct exchange *exchange)
{
	exchange->stage = EXCHANGE_STREAMS;
	exchange->status = 200;
	exchange->type = ANSWER_JSON;
	exchange->server->stream_count++;
	resume(exchange);
}

void
exchange_flush(struct exchange *exchange)
{
	if (exchange->answer.length - exchange->answer_at > STREAM_QUEUE_MAX_BYTES) {
		log_warning("a client reads its stream too slowly: it is cut");
		cut(exchange->server, exchange->client);
		return;
	}
	resume(exchange);
}

void
exchange_end(struct exchange *exchange)
{
	exchange->ended = true;
	resume(exchange);
}

/* ---- answers, as libmicrohttpd asks for them ---- */

/* Drops what was taken, now and then, so that a stream's memory stays small. */
static void
drop_taken(struct exchange *exchange)
{
	if (exchange->answer_at < exchange->answer.length &&
	    exchange->answer_at < STREAM_QUEUE_MAX_BYTES / 2)
		return;
	buffer_drop(&exchange->answer, exchange->answer_at);
	exchange->answer_at = 0;
}

/* The next piece of a stream.  Without one the connection sleeps until there is something. */
static ssize_t
read_stream(void *context, uint64_t position, char *target, size_t max_bytes)
{
	struct exchange *exchange = context;
	size_t length = exchange->answer.length - exchange->answer_at;

	(void)position;
	exchange->moved_ms = clock_ms();
	if (exchange->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (length == 0 && exchange->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length == 0) {
		set_phase(exchange->client, CLIENT_WAITING);
		MHD_suspend_connection(exchange->client->connection);
		return 0;
	}
	if (length > max_bytes)
		length = max_bytes;
	memcpy(target, exchange->answer.bytes + exchange->answer_at, length);
	exchange->answer_at += length;
	drop_taken(exchange);
	return (ssize_t)length;
}

/* It reads the exchange's own memory, a secret's too, which outlives it: see on_completed. */
static struct MHD_Response *
make_response(struct exchange *exchange)
{
	struct buffer *answer = &exchange->answer;

	if (exchange->stage == EXCHANGE_STREAMS)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
		    read_stream, exchange, NULL);
	return MHD_create_response_from_buffer(answer->length,
	    answer->length == 0 ? (char *)(uintptr_t) "" : answer->bytes, MHD_RESPMEM_PERSISTENT);
}

static bool
add_headers(const struct exchange *exchange, struct MHD_Response *response)
{
	static const char *const types[] = { [ANSWER_JSON] = "application/json",
		[ANSWER_PING] = "text/plain; charset=utf-8" };
	bool bare = exchange->status == MHD_HTTP_NO_CONTENT ||
		    exchange->status == MHD_HTTP_NOT_MODIFIED;
	bool added = bare || MHD_add_response_header(response, "Content-Type",
				 types[exchange->type]) == MHD_YES;

	if (exchange->refusal.close)
		added = added &&
			MHD_add_response_header(response, "Connection", "close") == MHD_YES;
	if (exchange->type != ANSWER_PING)
		return added;
	return added &&
	       MHD_add_response_header(response, "Api-Version", exchange->api_version) == MHD_YES &&
	       MHD_add_response_header(response, "OSType", exchange->os) == MHD_YES &&
	       MHD_add_response_header(response, "Docker-Experimental", "false") == MHD_YES &&
	       MHD_add_response_header(response, "Cache-Control",
		   "no-cache, no-store, must-revalidate") == MHD_YES;
}

static enum MHD_Result
give_answer(struct exchange *exchange)
{
	struct client *client = exchange->client;
	struct MHD_Response *response = make_response(exchange);
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	set_phase(client, CLIENT_WRITING);
	exchange->queued = true;
	exchange->moved_ms = clock_ms();
	/* A stream has a watch of its own: it may be silent for days. */
	if (exchange->stage != EXCHANGE_STREAMS)
		(void)MHD_set_connection_option(client->connection, MHD_CONNECTION_OPTION_TIMEOUT,
		    (unsigned)(STALLED_MAX_MS / 1000));
	if (add_headers(exchange, response))
		result = MHD_queue_response(client->connection, (unsigned)exchange->status,
		    response);
	MHD_destroy_response(response);
	return result;
}

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
		set_phase(exchange->client, CLIENT_READING);
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
	return give_answer(exchange);
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
		set_phase(exchange->client, CLIENT_WRITING);
		if (server->stopping)
			exchange_refuse(exchange, 503, "the gate stops");
		else
			server->handlers->asked(server->context, exchange);
		buffer_free(&exchange->body);
	}
	if (exchange->stage == EXCHANGE_WAITING) {
		set_phase(exchange->client, CLIENT_WAITING);
		MHD_suspend_connection(exchange->client->connection);
		return MHD_YES;
	}
	return exchange->queued ? MHD_YES : give_answer(exchange);
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
		set_phase(exchange->client, CLIENT_IDLE);
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
	set_phase(client, CLIENT_READING);
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

/* ---- clients ---- */

void
server_listen(struct server *server, int fd)
{
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server->listen_fd = fd;
}

/* Whether the peer may connect; else says why not. */
static bool
is_admitted(const struct server *server, int fd, const struct sockaddr *peer, char *why,
    size_t why_bytes)
{
	struct ucred user = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(user);
	struct address address;

	if (peer->sa_family == AF_UNIX) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length) == 0 &&
		    admission_takes_uid(&server->admission, user.uid))
			return true;
		(void)snprintf(why, why_bytes, "a connection of user id %u", (unsigned)user.uid);
		return false;
	}
	if (address_from_sockaddr(peer, &address) == 0 &&
	    admission_takes_address(&server->admission, &address))
		return true;
	(void)snprintf(why, why_bytes, "a connection from an address that is not admitted");
	return false;
}

bool
server_add(struct server *server, int fd)
{
	static const struct sockaddr nobody = { .sa_family = AF_UNIX };

	server->run_due = true;
	/* Closes the socket where it fails. */
	return MHD_add_connection(server->daemon, fd, &nobody, sizeof(nobody)) == MHD_YES;
}

/* A client whose network is gone says nothing any more: its stream would stay for ever. */
static void
keep_alive(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = { { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 }, { IPPROTO_TCP, TCP_KEEPCNT, 4 } };

	for (size_t at = 0; at < ARRAY_LEN(options); at++)
		(void)setsockopt(fd, options[at].level, options[at].name, &options[at].value,
		    sizeof(options[at].value));
}

static void
accept_client(struct server *server, int fd, const struct sockaddr *peer)
{
	char why[96];

	if (server->client_count >= CLIENTS_MAX) {
		server->handlers->refused(server->context, NULL, "a connection beyond 64");
		close(fd);
		return;
	}
	if (!is_admitted(server, fd, peer, why, sizeof(why))) {
		server->handlers->refused(server->context, NULL, why);
		close(fd);
		return;
	}
	if (peer->sa_family != AF_UNIX)
		keep_alive(fd);
	if (!server_add(server, fd))
		log_warning("a connection could not be taken: %s", strerror(errno));
}

static void
accept_all(struct server *server)
{
	for (int turn = 0; turn < ACCEPTS_A_TURN; turn++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t length = sizeof(peer);
		int fd = accept4(server->listen_fd, (struct sockaddr *)&peer, &length,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		accept_client(server, fd, (const struct sockaddr *)&peer);
	}
}

/* ---- time ---- */

/* When the client is cut if nothing happens; INT64_MAX: never. */
static int64_t
due_of(const struct client *client)
{
	const struct exchange *exchange = client->exchange;

	switch (client->phase) {
	case CLIENT_READING:
		return client->since_ms + REQUEST_MAX_MS;
	case CLIENT_IDLE:
		return client->since_ms + KEPT_IDLE_MS;
	case CLIENT_WRITING:
		if (exchange != NULL && exchange->stage == EXCHANGE_STREAMS)
			return exchange->moved_ms + STALLED_MAX_MS;
		break;
	case CLIENT_WAITING:
	case CLIENT_ENDING:
		break;
	}
	return INT64_MAX;
}

static void
expire(struct server *server)
{
	int64_t now = clock_ms();
	struct client *next;

	for (struct client *client = server->clients; client != NULL; client = next) {
		next = client->next;
		if (due_of(client) > now)
			continue;
		if (client->phase == CLIENT_READING)
			server->handlers->refused(server->context, client->exchange,
			    "the request did not come within 10 s");
		else if (client->phase == CLIENT_WRITING)
			log_warning("a client takes nothing of its stream: it is cut");
		cut(server, client);
	}
}

/* The least of what is waited for, in milliseconds; -1: nothing. */
static int
wait_ms(const struct server *server, int timeout_ms)
{
	int64_t now = clock_ms(), least = timeout_ms < 0 ? INT64_MAX : now + timeout_ms;
	MHD_UNSIGNED_LONG_LONG library_ms;

	if (server->run_due)
		return 0;
	if (MHD_get_timeout(server->daemon, &library_ms) == MHD_YES &&
	    (int64_t)library_ms < least - now)
		least = now + (int64_t)library_ms;
	for (const struct client *client = server->clients; client != NULL; client = client->next)
		if (due_of(client) < least)
			least = due_of(client);
	if (least == INT64_MAX)
		return -1;
	return least <= now ? 0 : (int)(least - now > 60000 ? 60000 : least - now);
}

/* ---- the loop ---- */

/* The places of one poll: the runtime's, ours, and those of clients that libmicrohttpd leaves. */
struct polling {
	struct pollfd fds[PROCESS_COUNT + 3 + CLIENTS_MAX];
	struct client *clients[PROCESS_COUNT + 3 + CLIENTS_MAX];
	unsigned count;
};

static void
watch(struct polling *polling, int fd, short events, struct client *client)
{
	if (polling->count == ARRAY_LEN(polling->fds))
		return;
	polling->clients[polling->count] = client;
	polling->fds[polling->count++] = (struct pollfd){ .fd = fd, .events = events };
}

/* Whether libmicrohttpd itself does not look whether the client is still there. */
static bool
is_unwatched(const struct client *client)
{
	return client->phase == CLIENT_WAITING ||
	       (client->phase == CLIENT_WRITING && client->exchange != NULL &&
		   client->exchange->stage == EXCHANGE_STREAMS);
}

static void
watch_clients(const struct server *server, struct polling *polling)
{
	for (struct client *client = server->clients; client != NULL; client = client->next) {
		if (is_unwatched(client))
			watch(polling, client->fd, POLLRDHUP, client);
		else if (client->phase == CLIENT_IDLE)
			watch(polling, client->fd, POLLIN | POLLRDHUP, client);
	}
}

/* What a client did: the first byte of a request, or its end. */
static void
serve_client(struct server *server, struct client *client, short revents)
{
	if (revents == 0)
		return;
	if ((revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
		cut(server, client);
	else if (client->phase == CLIENT_IDLE)
		set_phase(client, CLIENT_READING);
}

int
server_wait(struct server *server, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct polling polling = { 0 };
	unsigned first;
	int ready;

	for (unsigned at = 0; at < count; at++)
		watch(&polling, fds[at].fd, fds[at].events, NULL);
	first = polling.count;
	watch(&polling, server->epoll_fd, POLLIN, NULL);
	watch(&polling, server->listen_fd, POLLIN, NULL);
	watch_clients(server, &polling);
	ready = poll(polling.fds, polling.count, wait_ms(server, timeout_ms));
	if (ready < 0)
		return ready;
	for (unsigned at = 0; at < count; at++)
		fds[at].revents = polling.fds[at].revents;
	for (unsigned at = first + 2; at < polling.count; at++)
		serve_client(server, polling.clients[at], polling.fds[at].revents);
	if (polling.fds[first + 1].revents != 0 && server->listen_fd >= 0)
		accept_all(server);
	expire(server);
	server->run_due = false;
	(void)MHD_run(server->daemon);
	return ready;
}

void
server_drop(struct server *server)
{
	for (struct client *client = server->clients; client != NULL; client = client->next)
		cut(server, client);
	for (int turn = 0; turn < STOP_TURNS && server->client_count > 0; turn++)
		(void)MHD_run(server->daemon);
}

void
server_stop(struct server *server)
{
	server->stopping = true;
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server->listen_fd = -1;
	for (int turn = 0;
	     turn < STOP_TURNS && (turn < STOP_TURNS_LEAST || server->stream_count > 0); turn++)
		(void)MHD_run(server->daemon);
}
