/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  One connection, and what the files that serve it share; serve.h is for the others. */
#ifndef GATE_FRONT_CLIENT_H
#define GATE_FRONT_CLIENT_H

#include <microhttpd.h>
#include <stdint.h>

#include "common/clock.h"
#include "serve.h"

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

static inline void
client_set_phase(struct client *client, enum client_phase phase)
{
	client->phase = phase;
	client->since_ms = clock_ms();
}

/* ---- exchange.c ---- */

/* Ends a connection whatever it is at: libmicrohttpd sees its end and closes it. */
void client_cut(struct server *server, struct client *client);

/* Tells the owner that the exchange is gone, and releases it. */
void exchange_free(struct exchange *exchange);

/* ---- respond.c ---- */

/* Gives libmicrohttpd the answer, or the head of the stream, that the exchange has. */
enum MHD_Result exchange_respond(struct exchange *exchange);

/* ---- accept.c ---- */

/* Takes who waits at the listening socket, at most a bounded number of them a turn. */
void server_accept(struct server *server);

#endif
