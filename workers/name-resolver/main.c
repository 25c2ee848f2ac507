/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name-resolver.  Turns the configured names into addresses for the other workers, so that none of
 * them needs DNS.  The program's entry: who may ask what, and the answers.  It trusts neither the
 * askers nor the DNS; the asker judges each address.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/finding.h"
#include "common/log_event.h"
#include "common/url.h"
#include "common/worker.h"
#include "workers/name-resolver/lookup.h"

#define NAMES_MAX 4
#define QUESTIONS_MAX 16 /* of one peer at a time */

static struct {
	struct lookup *lookup;
	char names[NAMES_MAX][HOST_MAX_BYTES + 1];
	size_t name_count;
	bool said[NAMES_MAX];             /* in a check: it was told what became of that name */
	unsigned asked[PROCESS_COUNT];    /* questions under way */
	uint64_t channels[PROCESS_COUNT]; /* how often the channel was made anew */
	int64_t answered;
	int64_t failed;
} resolver;

/* One question under way; freed with its answer. */
struct question {
	struct worker *worker;
	enum process asker;
	uint64_t channel;
	int64_t id;
	char host[HOST_MAX_BYTES + 1];
};

static void
tell_status(struct worker *worker)
{
	struct message_status_resolver status = {
		.answered = resolver.answered,
		.failed = resolver.failed,
	};

	worker_status(worker, MESSAGE_STATUS_RESOLVER, &status);
}

static void
answer(struct worker *worker, enum process asker, int64_t id, struct texts addresses,
    const char *error)
{
	struct message_addresses message = { .id = id, .addresses = addresses, .error = error };

	if (addresses.count > 0)
		resolver.answered++;
	else
		resolver.failed++;
	(void)worker_send(worker, asker, MESSAGE_ADDRESSES, &message);
	tell_status(worker);
}

/* In a check: once for each name, however many ask for it. */
static void
say_found(const char *host, enum lookup_end end, const struct texts *addresses, const char *why)
{
	static const enum finding found[] = {
		[LOOKUP_FOUND] = FINDING_NAME_GOOD,
		[LOOKUP_UNKNOWN] = FINDING_NAME_UNKNOWN,
		[LOOKUP_FAILED] = FINDING_NO_DNS,
	};
	char text[ADDRESSES_MAX * (ADDRESS_TEXT_MAX_BYTES + 2) + 8] = "";
	size_t length = 0;

	for (size_t i = 0; i < resolver.name_count; i++) {
		if (strcasecmp(resolver.names[i], host) != 0)
			continue;
		if (resolver.said[i])
			return;
		resolver.said[i] = true;
	}
	for (size_t i = 0; i < addresses->count && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
		    i == 0 ? "has " : ", ", addresses->items[i]);
	finding_say(found[end], "%s %s", host, addresses->count > 0 ? text : why);
}

static void
on_found(void *context, enum lookup_end end, struct texts addresses, const char *why)
{
	struct question *question = context;
	char error[DETAIL_MAX_BYTES];

	resolver.asked[question->asker]--;
	if (worker_is_check(question->worker))
		say_found(question->host, end, &addresses, why);
	(void)snprintf(error, sizeof(error), "%s: %s", question->host, why == NULL ? "" : why);
	/* A channel that was made anew knows nothing of this question. */
	if (question->channel == resolver.channels[question->asker])
		answer(question->worker, question->asker, question->id, addresses,
		    addresses.count > 0 ? NULL : error);
	free(question);
}

static bool
is_configured(const char *host)
{
	for (size_t i = 0; i < resolver.name_count; i++)
		if (strcasecmp(resolver.names[i], host) == 0)
			return true;
	return false;
}

static void
on_message(struct worker *worker, enum process from, const struct message *message)
{
	const struct message_resolve *resolve = &message->body.resolve;
	const struct texts none = { 0 };
	struct question *question;

	if (!is_configured(resolve->host)) {
		log_event(LOG_NAME_UNCONFIGURED, "%s asked for a name that is not configured",
		    processes[from].name);
		answer(worker, from, resolve->id, none, "that name is not configured");
		return;
	}
	if (resolver.asked[from] >= QUESTIONS_MAX) {
		answer(worker, from, resolve->id, none, "too many questions at once");
		return;
	}
	question = calloc(1, sizeof(*question));
	if (question == NULL)
		fatal("out of memory");
	question->worker = worker;
	question->asker = from;
	question->channel = resolver.channels[from];
	question->id = resolve->id;
	(void)snprintf(question->host, sizeof(question->host), "%s", resolve->host);
	resolver.asked[from]++;
	lookup_start(resolver.lookup, question->host, on_found, question);
}

static void
peer_up(struct worker *worker UNUSED, enum process peer)
{
	resolver.channels[peer]++;
}

static void
add_name(const struct worker *worker, enum setting setting)
{
	static const unsigned schemes = URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS) |
					URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_UNIX);
	const char *value = worker_setting(worker, setting), *why;
	struct url url;

	if (value == NULL || url_parse(value, schemes, false, &url, &why) != 0 ||
	    url.host_is_address || url.host[0] == '\0' || resolver.name_count == NAMES_MAX)
		return;
	memcpy(resolver.names[resolver.name_count++], url.host, sizeof(url.host));
}

static void
configure(struct worker *worker)
{
	add_name(worker, SETTING_MASTER_URL);
	add_name(worker, SETTING_PROXY_ENDPOINT);
	add_name(worker, SETTING_DOCKER_HOST);
	add_name(worker, SETTING_DOCKER_TUNNEL_HOST);
	resolver.lookup = lookup_new();
	if (resolver.lookup == NULL)
		fatal("the resolver library can't be set up");
}

static void
start(struct worker *worker)
{
	tell_status(worker);
	/* It finds what the others ask for: it is through when they are. */
	if (worker_is_check(worker))
		worker_checked(worker);
}

static int
wait_for(struct worker *worker UNUSED, struct pollfd *fds, unsigned count, int timeout_ms)
{
	return lookup_wait(resolver.lookup, fds, count, timeout_ms);
}

int
main(void)
{
	static const struct worker_handlers handlers = {
		.process = PROCESS_NAME_RESOLVER,
		.configure = configure,
		.start = start,
		.peer_up = peer_up,
		.message = on_message,
		.wait = wait_for,
	};

	return worker_run(&handlers, NULL);
}
