/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  Answers and streams, as libmicrohttpd asks for them. */
#include <string.h>

#include "client.h"

/* Pieces in which a stream is given to libmicrohttpd. */
#define STREAM_BLOCK_BYTES ((size_t)8 * 1024)

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
		client_set_phase(exchange->client, CLIENT_WAITING);
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

enum MHD_Result
exchange_respond(struct exchange *exchange)
{
	struct client *client = exchange->client;
	struct MHD_Response *response = make_response(exchange);
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	client_set_phase(client, CLIENT_WRITING);
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
