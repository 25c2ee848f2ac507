/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The Cloudflare helper: a tunnel's configuration goes to Cloudflare through the
 * master.  Old masters do not offer it and do it themselves; nothing else depends on it.
 */
#include <string.h>

#include "common/log_event.h"
#include "link.h"

#define PUT_TIMEOUT_MS 30000
#define CONFIGURATION_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* There is a configuration to send, and it is known for which tunnel. */
static bool
is_wanted(const struct link *link)
{
	return link->journal.configuration != NULL && link->tunnel.id[0] != '\0' &&
	       !retire_has_begun(link);
}

static void
forget(struct link *link)
{
	journal_set_configuration(&link->journal, NULL);
	save_file(link, STATE_JOURNAL);
}

void
helper_take(struct link *link, const struct command *command)
{
	struct buffer text _cleanup_buffer_ = BUFFER(CONFIGURATION_MAX_BYTES);
	size_t skipped;

	if (ingress_write(command->rules, &text, &skipped) != 0) {
		log_event(LOG_CONFIGURATION_SKIPPED, "a configuration of over %zu bytes is skipped",
		    CONFIGURATION_MAX_BYTES);
		return;
	}
	if (skipped > 0)
		log_event(LOG_CONFIGURATION_SKIPPED,
		    "%zu malformed rules of the master are left out", skipped);
	journal_set_configuration(&link->journal, text.bytes);
	save_file(link, STATE_JOURNAL);
}

int64_t
accounts_due(const struct link *link, int64_t now_ms)
{
	return is_wanted(link) && link->account[0] == '\0' ? now_ms : INT64_MAX;
}

void
accounts_build(struct link *link UNUSED, struct outgoing *outgoing)
{
	outgoing->method = "GET";
	if (buffer_add_text(&outgoing->path, "/accounts") != 0)
		fatal("a path is too long");
}

void
accounts_done(struct link *link, const struct http_answer *answer)
{
	if (account_read(answer->body, link->account) == 0)
		return;
	log_event(LOG_CONFIGURATION_REFUSED,
	    "the tunnel's configuration is not sent: the master names no account");
	forget(link);
}

int64_t
configure_due(const struct link *link, int64_t now_ms)
{
	return is_wanted(link) && link->account[0] != '\0' ? now_ms : INT64_MAX;
}

void
configure_build(struct link *link, struct outgoing *outgoing)
{
	outgoing->method = "PUT";
	outgoing->timeout_ms = PUT_TIMEOUT_MS;
	outgoing->body.max_bytes = CONFIGURATION_MAX_BYTES;
	if (buffer_add_text(&outgoing->path, "/accounts/") != 0 ||
	    url_append_segment(&outgoing->path, link->account) != 0 ||
	    buffer_add_text(&outgoing->path, "/cfd_tunnel/") != 0 ||
	    url_append_segment(&outgoing->path, link->tunnel.id) != 0 ||
	    buffer_add_text(&outgoing->path, "/configurations") != 0 ||
	    buffer_add_text(&outgoing->body, link->journal.configuration) != 0)
		fatal("a configuration can't be sent");
}

void
configure_done(struct link *link, const struct http_answer *answer)
{
	if (answer_is_success(answer->body))
		log_event(LOG_CONFIGURED, "the tunnel's configuration is with Cloudflare");
	else
		log_event(LOG_CONFIGURATION_REFUSED,
		    "Cloudflare does not take the tunnel's configuration");
	forget(link);
}

void
helper_refused(struct link *link, const struct judgement *judgement)
{
	if (judgement->verdict != VERDICT_NOT_OFFERED) {
		log_event(LOG_CONFIGURATION_REFUSED,
		    "the master does not take the tunnel's configuration: %s", judgement->reason);
		link->account[0] = '\0';
	} else if (!link->helper_not_offered) {
		log_event(LOG_CONFIGURING_NOT_OFFERED,
		    "configuring tunnels for agents is not offered by this master: it does so "
		    "itself");
		link->helper_not_offered = true;
	}
	forget(link);
}
