/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See account.h. */
#include "agentctl/account.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 4

/* ---- judging ---- */

/* Cuts the next frame off the text.  False if there is no whole one. */
static bool
next_frame(struct slice *text, struct slice *ret_frame)
{
	uint32_t length;

	if (text->length < HEADER_BYTES)
		return false;
	memcpy(&length, text->bytes, sizeof(length));
	length = ntohl(length);
	if (length > text->length - HEADER_BYTES)
		return false;
	*ret_frame = (struct slice){ .bytes = text->bytes + HEADER_BYTES, .length = length };
	text->bytes += HEADER_BYTES + length;
	text->length -= HEADER_BYTES + length;
	return true;
}

static int
refuse(char why[ACCOUNT_WHY_BYTES], const char *reason)
{
	snprintf(why, ACCOUNT_WHY_BYTES, "what came over status.sock is not this agent's: %s",
	    reason);
	return -EBADMSG;
}

/* A message of the supervisor's that must be the given one. */
static int
read_own(struct slice *text, enum message_id id, struct message *ret_message,
    char why[ACCOUNT_WHY_BYTES])
{
	char reason[RECORD_WHY_BYTES] = "cut short";
	struct slice frame;
	int error;

	if (!next_frame(text, &frame))
		return refuse(why, reason);
	error = message_decode(PROCESS_SUPERVISOR, PROCESS_AGENTCTL, frame, ret_message, reason);
	if (error == -EBADMSG)
		return refuse(why, reason);
	if (error == 0 && ret_message->id != id)
		return refuse(why, "a message out of order");
	return error;
}

/* The worker's own words, which prove nothing but themselves. */
static int
read_blob(struct slice blob, enum process process, struct account *account)
{
	int error;

	if (blob.length == 0)
		return 0;
	error = message_decode(process, PROCESS_AGENTCTL, blob, &account->blobs[process],
	    account->flaws[process]);
	if (error == 0)
		account->flaws[process][0] = '\0';
	else
		account->blobs[process].id = MESSAGE_COUNT;
	return error == -ENOMEM ? error : 0;
}

static int
read_worker(struct slice *text, struct account *account, char why[ACCOUNT_WHY_BYTES])
{
	struct message message = { .id = MESSAGE_COUNT };
	int error = read_own(text, MESSAGE_STATUS_WORKER, &message, why);
	enum process process = (enum process)message.body.status_worker.process;
	struct slice blob;

	if (error == 0 && ((PROCESS_BIT(process) & PROCESS_WORKERS) == 0 ||
			      account->workers[process].id != MESSAGE_COUNT))
		error = refuse(why, "an account of no worker, or twice of one");
	if (error != 0) {
		message_free(&message);
		return error;
	}
	account->workers[process] = message;
	if ((PROCESS_BIT(process) & PROCESS_GATE_WORKERS) != 0)
		account->program = PROGRAM_GATE;
	if (!next_frame(text, &blob))
		return refuse(why, "cut short");
	return read_blob(blob, process, account);
}

int
account_read(struct slice text, struct account *ret_account, char why[ACCOUNT_WHY_BYTES])
{
	int error;

	memset(ret_account, 0, sizeof(*ret_account));
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		ret_account->workers[process].id = ret_account->blobs[process].id = MESSAGE_COUNT;
	error = read_own(&text, MESSAGE_STATUS_AGENT, &ret_account->agent, why);
	while (error == 0 && text.length > 0)
		error = read_worker(&text, ret_account, why);
	return error;
}

void
account_free(struct account *account)
{
	message_free(&account->agent);
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		message_free(&account->workers[process]);
		message_free(&account->blobs[process]);
	}
}

/* ---- looking ---- */

bool
account_has(const struct account *account, enum process process)
{
	for_each_worker_of(account->program, each)
		if (each == process)
			return true;
	return false;
}

const union message_body *
account_of(const struct account *account, enum process process)
{
	const struct message *blob = &account->blobs[process];

	return blob->id == MESSAGE_COUNT ? NULL : &blob->body;
}

const struct message_status_worker *
account_worker(const struct account *account, enum process process)
{
	const struct message *worker = &account->workers[process];

	return worker->id == MESSAGE_COUNT ? NULL : &worker->body.status_worker;
}

int64_t
account_age_s(const struct account *account, int64_t then_ms)
{
	int64_t age_ms = account->agent.body.status_agent.now_ms - then_ms;

	if (then_ms < 0)
		return -1;
	/* The supervisor's clock was read a moment earlier than the worker's. */
	return age_ms < 0 ? 0 : age_ms / 1000;
}

/* Who hears from whom: the peer's own moment of having heard from `process`, -1 for never. */
static int64_t
heard_ms(const struct account *account, enum process process, enum process *ret_peer)
{
	const union message_body *link = account_of(account, PROCESS_MASTER_LINK);
	const union message_body *tunnel = account_of(account, PROCESS_TUNNEL_KEEPER);

	*ret_peer = process == PROCESS_MASTER_LINK ? PROCESS_TUNNEL_KEEPER : PROCESS_MASTER_LINK;
	if (process == PROCESS_MASTER_LINK)
		return tunnel == NULL ? -1 : tunnel->status_tunnel.link_heard_ms;
	if (link == NULL)
		return -1;
	if (process == PROCESS_DOCKER_WATCHER)
		return link->status_link.docker_heard_ms;
	return process == PROCESS_TUNNEL_KEEPER ? link->status_link.tunnel_heard_ms : -1;
}

static bool
runs(const struct account *account, enum process process)
{
	const struct message_status_worker *worker = account_worker(account, process);

	return worker != NULL && worker->phase == PHASE_RUNNING;
}

int64_t
account_silence_s(const struct account *account, enum process process)
{
	enum process peer;
	int64_t then_ms = heard_ms(account, process, &peer);

	if (!runs(account, process) || !runs(account, peer))
		return -1;
	return account_age_s(account, then_ms);
}

bool
account_is_stale(const struct account *account, enum process process)
{
	return account_silence_s(account, process) >= ACCOUNT_STALE_S;
}

const struct texts *
account_warnings(const struct account *account, enum process process)
{
	const union message_body *body = account_of(account, process);

	if (body == NULL)
		return NULL;
	if (process == PROCESS_MASTER_LINK)
		return &body->status_link.warnings;
	if (process == PROCESS_DOCKER_WATCHER)
		return &body->status_docker.warnings;
	if (process == PROCESS_GATE_ENGINE)
		return &body->status_engine.warnings;
	return process == PROCESS_TUNNEL_KEEPER ? &body->status_tunnel.warnings : NULL;
}
