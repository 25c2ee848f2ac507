/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  Where to connect to: see endpoint.h.  What
 * name-resolver says is judged here; name-resolver is not trusted.
 */
#include "common/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

/* How long old addresses serve on where a name could not be asked for anew. */
#define ENDPOINT_STALE_RETRY_MS 10000

void
endpoint_init(struct endpoint *endpoint, const char *url, const char *listed,
    bool (*good)(const struct endpoint *endpoint, const struct address *address))
{
	static const unsigned schemes = URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS) |
					URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_UNIX);
	const char *why;

	*endpoint = (struct endpoint){ .good = good };
	if (url == NULL || url_parse(url, schemes, false, &endpoint->url, &why) < 0)
		fatal("an endpoint of the configuration can't be read");
	if (listed != NULL && networks_parse(listed, &endpoint->listed, &why) < 0)
		fatal("a list of networks of the configuration can't be read");
}

static void
finish(struct endpoint *endpoint, bool ok)
{
	void (*ready)(struct endpoint * endpoint, bool ok) = endpoint->ready;

	endpoint->asked_id = 0;
	endpoint->ready = NULL;
	if (ready != NULL)
		ready(endpoint, ok);
}

/* No answer: addresses that still worked a moment ago are better than none. */
static void
finish_without(struct endpoint *endpoint)
{
	if (endpoint->count > 0 && endpoint->resolved_ms != 0) {
		endpoint->resolved_ms = clock_ms() - ENDPOINT_FRESH_MS + ENDPOINT_STALE_RETRY_MS;
		finish(endpoint, true);
		return;
	}
	finish(endpoint, false);
}

static void
on_timeout(struct worker *worker UNUSED, struct worker_timer *timer)
{
	struct endpoint *endpoint = container_of(timer, struct endpoint, timeout);

	endpoint->silent = true;
	(void)snprintf(endpoint->error, sizeof(endpoint->error),
	    "name-resolver has not answered for %.64s", endpoint->url.host);
	finish_without(endpoint);
}

static void
ask(struct endpoint *endpoint, struct worker *worker)
{
	struct message_resolve question = { .id = endpoint->asked_id, .host = endpoint->url.host };

	/* Without a channel the question waits for endpoint_resolver_up. */
	(void)worker_send(worker, PROCESS_NAME_RESOLVER, MESSAGE_RESOLVE, &question);
}

static bool
is_judged_good(struct endpoint *endpoint, const struct address *address)
{
	return endpoint->good == NULL || endpoint->good(endpoint, address);
}

/* A numeric host needs nobody's answer. */
static void
take_numeric(struct endpoint *endpoint)
{
	if (address_parse(endpoint->url.host, &endpoint->addresses[0]) == 0 &&
	    is_judged_good(endpoint, &endpoint->addresses[0])) {
		endpoint->count = 1;
		endpoint->next = 0;
		finish(endpoint, true);
		return;
	}
	endpoint->not_allowed = true;
	(void)snprintf(endpoint->error, sizeof(endpoint->error),
	    "the address %.64s is not one that may be used", endpoint->url.host);
	finish(endpoint, false);
}

void
endpoint_prepare(struct endpoint *endpoint, struct worker *worker,
    void (*ready)(struct endpoint *endpoint, bool ok))
{
	static int64_t last_id;

	endpoint->ready = ready;
	if (endpoint->asked_id != 0)
		return;
	if (endpoint->url.scheme == URL_UNIX) {
		finish(endpoint, true);
		return;
	}
	if (endpoint->url.host_is_address) {
		take_numeric(endpoint);
		return;
	}
	if (endpoint->count > 0 && endpoint->resolved_ms != 0 &&
	    clock_ms() - endpoint->resolved_ms < ENDPOINT_FRESH_MS) {
		finish(endpoint, true);
		return;
	}
	endpoint->asked_id = ++last_id;
	worker_timer_set(worker, &endpoint->timeout, ENDPOINT_ANSWER_MS, on_timeout);
	ask(endpoint, worker);
}

const char *
endpoint_address(struct endpoint *endpoint)
{
	const struct in6_addr *bytes;
	bool ipv4;

	if (endpoint->url.scheme == URL_UNIX || endpoint->count == 0)
		return NULL;
	bytes = &endpoint->addresses[endpoint->next % endpoint->count].bytes;
	ipv4 = IN6_IS_ADDR_V4MAPPED(bytes);
	if (inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? &bytes->s6_addr[12] : bytes->s6_addr,
		endpoint->address_text, sizeof(endpoint->address_text)) == NULL)
		return NULL;
	return endpoint->address_text;
}

bool
endpoint_failed(struct endpoint *endpoint)
{
	endpoint->next++;
	endpoint->resolved_ms = 0;
	if (++endpoint->failed < endpoint->count)
		return true;
	endpoint->failed = 0;
	return false;
}

void
endpoint_worked(struct endpoint *endpoint)
{
	endpoint->failed = 0;
}

/* Takes the addresses that are judged good; how many. */
static size_t
take_addresses(struct endpoint *endpoint, const struct texts *texts)
{
	struct address addresses[ADDRESSES_MAX] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < texts->count && count < ADDRESSES_MAX; i++)
		if (address_parse(texts->items[i], &addresses[count]) == 0 &&
		    is_judged_good(endpoint, &addresses[count]))
			count++;
	if (count == 0)
		return 0;
	/* The same addresses again: go on behind the one that failed. */
	if (count != endpoint->count ||
	    memcmp(addresses, endpoint->addresses, count * sizeof(addresses[0])) != 0)
		endpoint->next = 0;
	memcpy(endpoint->addresses, addresses, sizeof(addresses));
	endpoint->count = count;
	endpoint->resolved_ms = clock_ms();
	return count;
}

bool
endpoint_answer(struct endpoint *endpoint, struct worker *worker,
    const struct message_addresses *answer)
{
	if (endpoint->asked_id == 0 || answer->id != endpoint->asked_id)
		return false;
	worker_timer_stop(worker, &endpoint->timeout);
	endpoint->silent = false;
	if (take_addresses(endpoint, &answer->addresses) > 0) {
		finish(endpoint, true);
		return true;
	}
	endpoint->not_allowed = answer->addresses.count > 0;
	if (answer->addresses.count > 0)
		(void)snprintf(endpoint->error, sizeof(endpoint->error),
		    "%.64s has no address that may be used (it has %.45s)", endpoint->url.host,
		    answer->addresses.items[0]);
	else
		(void)snprintf(endpoint->error, sizeof(endpoint->error), "%s",
		    answer->error != NULL ? answer->error : "name resolution failed");
	finish_without(endpoint);
	return true;
}

void
endpoint_resolver_up(struct endpoint *endpoint, struct worker *worker)
{
	if (endpoint->asked_id != 0)
		ask(endpoint, worker);
}
