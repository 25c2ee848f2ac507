/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  All that is libmicrohttpd's: connections, reading requests, writing answers and
 * streams, and every time-out for a client.  Trusts no byte of a client's.  libmicrohttpd runs
 * without a thread and without a listening socket of its own; one poll serves it and the channels.
 * accept.c takes connections, receive.c their requests, exchange.c has what becomes of one, respond.c
 * its answer, serve.c the loop.
 */
#ifndef GATE_FRONT_SERVE_H
#define GATE_FRONT_SERVE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/admission.h"
#include "common/buffer.h"
#include "head.h"
#include "refusal.h"
#include "rules.h"
#include "wish.h"

#define CLIENTS_MAX 64
#define TARGET_MAX_BYTES 4096
/* From the accept, or from a later request's first byte, until a request is there as a whole. */
#define REQUEST_MAX_MS 10000
#define KEPT_IDLE_MS 120000
/* A client that takes nothing of its answer for so long is cut. */
#define STALLED_MAX_MS 30000
/* What waits for a stream's client, and for all clients together. */
#define STREAM_QUEUE_MAX_BYTES (1024 * 1024)

struct MHD_Connection;
struct MHD_Daemon;
struct server;
struct client;

enum exchange_stage {
	EXCHANGE_READING,  /* the request is not whole yet */
	EXCHANGE_WAITING,  /* for an answer */
	EXCHANGE_ANSWERED, /* `answer` is whole; libmicrohttpd has it, or gets it in a moment */
	EXCHANGE_STREAMS,  /* the answer has begun */
};

enum answer_type { ANSWER_JSON, ANSWER_PING };

/* One request and its answer. */
struct exchange {
	struct server *server;
	struct client *client;
	enum exchange_stage stage;
	char *target; /* as it came, owned; NULL: too long */
	char method[16];
	bool judged;
	struct wish wish;
	struct refusal refusal;
	struct buffer body; /* of the request; secret */

	int status;
	enum answer_type type;
	struct buffer
	    answer; /* of a stream: what the client has not taken yet, from answer_at on */
	size_t answer_at;
	char api_version[17]; /* for a ping's headers */
	char os[33];
	bool queued;      /* libmicrohttpd has the answer */
	bool ended;       /* no more comes to the stream */
	bool cut;         /* the connection is to be ended */
	bool gone;        /* its owner has been told so */
	int64_t moved_ms; /* when the client last took something of a stream */

	/* For the owner (requests.c). */
	int64_t id;     /* of gate-engine's request; 0: none */
	int64_t due_ms; /* 0: no bound */
	struct exchange *next;
};

struct server_handlers {
	/* A request is whole and allowed so far: answer now or later. */
	void (*asked)(void *context, struct exchange *exchange);
	/* The client is gone or has its answer; the exchange is freed afterwards. */
	void (*gone)(void *context, struct exchange *exchange);
	/* A request (NULL: a connection) is refused, and answered. */
	void (*refused)(void *context, const struct exchange *exchange, const char *why);
};

struct server {
	const struct server_handlers *handlers;
	void *context;
	const struct rules *rules;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	int listen_fd; /* owned; -1: none */
	struct admission admission;
	bool run_due;
	bool stopping;
	struct client *clients;
	unsigned client_count;
	unsigned stream_count;
	int64_t requests;
};

/* Makes libmicrohttpd ready; before the sandbox.  False: it could not be made. */
bool server_open(struct server *server, const struct rules *rules,
    const struct server_handlers *handlers, void *context);

/* Takes over a listening socket; who may connect is in server->admission. */
void server_listen(struct server *server, int fd);

/* Gives one connection to libmicrohttpd, which owns it from then on. */
bool server_add(struct server *server, int fd);

/*
 * worker_handlers.wait: waits for `fds` and for clients, and serves these.  `timeout_ms` bounds the
 * wait, -1: nothing does.
 */
int server_wait(struct server *server, struct pollfd *fds, unsigned count, int timeout_ms);

/* Ends what can be ended in order: streams get their end.  Nobody is accepted any more. */
void server_stop(struct server *server);

/* Ends all connections, whatever they are at. */
void server_drop(struct server *server);

/* Gives the answer that is in exchange->answer. */
void exchange_answer(struct exchange *exchange, int status, enum answer_type type);

/* Answers in Docker's form of an error.  NULL: the status alone, with an empty object. */
void exchange_refuse(struct exchange *exchange, int status, const char *message);

/* The head of a stream's answer goes out. */
void exchange_begin(struct exchange *exchange);

/* What was added to exchange->answer goes out; a client that lets too much wait is cut. */
void exchange_flush(struct exchange *exchange);

/* The stream's answer is over. */
void exchange_end(struct exchange *exchange);

#endif
