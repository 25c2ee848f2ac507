/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link: the link to the DockFlare master.  It trusts the supervisor; what the master, the
 * other workers and the network say is judged.  It holds the API key, and sees neither Docker nor
 * a file.
 */
#include "common/clock.h"
#include "common/log_event.h"
#include "common/secret_memory.h"
#include "link.h"

/* An orderly stop waits so long for the master to hear how the tunnel ended. */
#define STOP_MS 600

static void
start(struct worker *worker)
{
	struct link *link = worker_context(worker);

	save_load(link);
	link->register_at_ms = clock_ms();
	telling_drop(link);
	retire_start(link);
	link_status(link);
	link_schedule(link);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	struct link *link = worker_context(worker);

	if (peer == PROCESS_NAME_RESOLVER) {
		link_resolver_up(link);
	} else if (peer == PROCESS_TUNNEL_KEEPER) {
		retire_peer_up(link);
		handover_send_all(link);
		restore_send(link);
	}
}

static void
peer_down(struct worker *worker, enum process peer)
{
	struct link *link = worker_context(worker);

	/* The next docker-watcher begins with a snapshot. */
	if (peer == PROCESS_DOCKER_WATCHER)
		view_lost(&link->view);
}

static void
take_view_result(struct link *link, enum view_result result, bool overflowed_before)
{
	switch (result) {
	case VIEW_TAKEN:
		break;
	case VIEW_NO_ROOM:
		if (!overflowed_before)
			log_event(LOG_VIEW_FULL,
			    "there are more containers or labels than this agent can hold "
			    "(%zu bytes): some are not told to the master, and none is "
			    "reported as stopped by a report",
			    VIEW_BYTES_MAX);
		break;
	case VIEW_BAD_PAGE:
		worker_bad_peer(link->worker, PROCESS_DOCKER_WATCHER,
		    "a page of a snapshot out of order");
		break;
	}
}

static void
take_docker(struct link *link, const struct message *message)
{
	bool overflowed = link->view.overflowed, complete = link->view.complete;

	if (message->id == MESSAGE_DOCKER_LOST) {
		link->docker_lost = true;
		view_lost(&link->view);
	} else if (message->id == MESSAGE_SNAPSHOT) {
		take_view_result(link, view_page(&link->view, &message->body.snapshot), overflowed);
	} else {
		const struct view_entry *entry = view_find(&link->view, message->body.container.id);

		/* What made reports too large may be gone. */
		if (entry != NULL && entry->refused)
			link->report_not_before_ms = 0;
		take_view_result(link, view_change(&link->view, &message->body.container),
		    overflowed);
	}
	if (link->view.current && message->id != MESSAGE_CONTAINER)
		link->docker_lost = false;
	if (link->view.complete && !complete)
		log_debug("%zu containers run", link->view.running);
}

static void
take_message(struct worker *worker, enum process from, const struct message *message)
{
	struct link *link = worker_context(worker);

	switch ((int)message->id) {
	case MESSAGE_ADDRESSES:
		link_take_addresses(link, &message->body.addresses);
		break;
	case MESSAGE_SNAPSHOT:
	case MESSAGE_CONTAINER:
	case MESSAGE_DOCKER_LOST:
		take_docker(link, message);
		break;
	case MESSAGE_TUNNEL:
		tunnel_take(link, &message->body.tunnel);
		break;
	case MESSAGE_COMMAND_DONE:
		handover_done(link, &message->body.command_done);
		break;
	case MESSAGE_HALTED:
		retire_halted(link, &message->body.halted);
		break;
	default:
		worker_bad_peer(worker, from, "a message that is not for this worker");
		return;
	}
	link_schedule(link);
}

static void
reload(struct worker *worker)
{
	struct link *link = worker_context(worker);

	if (retire_is_over(link))
		return;
	log_event(LOG_REGISTERING_ANEW, "the secrets were read again: registering");
	http_cancel(link->http, link->request);
	link->request = NULL;
	http_forget_connections(link->http);
	telling_drop(link);
	link->session = (struct session){ 0 };
	link->loss = LOSS_NONE;
	link->restless[0] = '\0';
	link->register_at_ms = clock_ms();
	link->hold_until_ms = 0;
	backoff_reset(&link->backoff);
	link_schedule(link);
}

static void
on_stop_by(struct worker *worker, struct worker_timer *timer UNUSED)
{
	worker_exit(worker);
}

/* The last tunnel_status, and nothing else. */
static void
stop(struct worker *worker)
{
	struct link *link = worker_context(worker);

	link->stopping = true;
	worker_timer_set(worker, &link->stop_by, STOP_MS, on_stop_by);
	if (clock_ms() < link->hold_until_ms)
		worker_exit(worker);
	else
		link_schedule(link);
}

/* Whether its work comes to anything is in the age of its last contact with the master. */
static void
tick(struct worker *worker)
{
	worker_at_work(worker, PROCESS_TUNNEL_KEEPER, clock_ms());
	link_status(worker_context(worker));
}

static int
wait_for(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct link *link = worker_context(worker);

	return http_wait(link->http, fds, count, timeout_ms);
}

static const struct worker_handlers handlers = {
	.process = PROCESS_MASTER_LINK,
	.check = &link_check_handlers,
	.configure = link_configure,
	.start = start,
	.peer_up = peer_up,
	.peer_down = peer_down,
	.message = take_message,
	.tick = tick,
	.saved = save_answered,
	.reload = reload,
	.shutdown = stop,
	.wait = wait_for,
};

int
main(void)
{
	/* On pages for secrets: its journal may hold a token. */
	struct link *link = secret_alloc(sizeof(*link));

	if (link == NULL)
		fatal("out of memory");
	link->last_contact_ms = -1;
	link->registered_ms = -1;
	return worker_run(&handlers, link);
}
