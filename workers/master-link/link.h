/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The worker's one struct, and what its parts offer each other.  One request is
 * under way at a time: the master keeps an agent's record as a read-modify-write.
 */
#ifndef MASTER_LINK_LINK_H
#define MASTER_LINK_LINK_H

#include "agent_id.h"
#include "answer.h"
#include "backoff.h"
#include "body.h"
#include "command.h"
#include "common/endpoint.h"
#include "common/http.h"
#include "common/worker.h"
#include "ingress.h"
#include "journal.h"
#include "tombstone.h"
#include "view.h"

#define LINK_REJECTED_RETRY_MS 60000
/* Within this time after a registration a second refusal is not answered by another one. */
#define LINK_SETTLED_MS 60000
#define LINK_DOCKER_ENDPOINTS 2

/* What can be asked of the master, the most urgent first; the table is in schedule.c. */
enum job {
	JOB_REGISTER,
	JOB_ACKNOWLEDGE, /* a decommission's step */
	JOB_POLL,        /* commands */
	JOB_REPORT,
	JOB_CONTAINER, /* container_start, container_stop */
	JOB_TUNNEL,    /* tunnel_status */
	JOB_HEARTBEAT,
	JOB_ACCOUNTS, /* the Cloudflare helper's two */
	JOB_CONFIGURE,
	JOB_COUNT,
};

/* A request as a job wants it. */
struct outgoing {
	const char *method;
	struct buffer path; /* behind DOCKFLARE_MASTER_URL */
	struct buffer body;
	long timeout_ms;
	size_t answer_max_bytes;
	bool details; /* as http_call has it */
};

/* What the event under way tells, for when it is answered. */
struct telling {
	enum job job;
	char id[CONTAINER_ID_BYTES + 1]; /* JOB_CONTAINER */
	struct container_text *text;     /* owned reference; what the body has */
	bool stop;
	int64_t tunnel_serial; /* JOB_TUNNEL */
	struct buffer body;
	bool resend; /* no answer came: the same must be sent again, with its sequence */
};

/* What tunnel-keeper said last. */
struct tunnel_view {
	int64_t serial; /* one more for each change; 0: nothing was said */
	int64_t told;   /* the serial that the master knows */
	enum tunnel_state state;
	char id[TUNNEL_ID_MAX_BYTES + 1];
	char name[TUNNEL_NAME_MAX_BYTES + 1];
	char version[65];
	char image[513];
};

enum loss { LOSS_NONE, LOSS_UNKNOWN, LOSS_FORBIDDEN };

/* The way from a decommission command to its acknowledgement. */
enum retire_step { RETIRE_IDLE, RETIRE_SAVING, RETIRE_HALTING, RETIRE_ACKNOWLEDGING };

struct retire {
	struct tombstone tombstone;
	enum retire_step step;
	char command_id[OPERATION_ID_MAX_BYTES + 1];
	bool persisted;
	const char *tunnel_container; /* of halt_result_choices */
	const char *error_code;       /* NULL: nothing failed */
	struct worker_timer patience; /* with tunnel-keeper */
};

struct saving {
	char failure[DETAIL_MAX_BYTES + 1]; /* "" while the file on disk is right */
};

struct link {
	struct worker *worker;
	struct http *http;
	int64_t interval_ms;
	int64_t poll_ms;

	/* where to */
	struct url master;
	struct endpoint endpoint; /* the master, or its proxy */
	bool proxied;
	struct endpoint docker[LINK_DOCKER_ENDPOINTS]; /* only those on the same port */
	size_t docker_count;
	size_t docker_asked; /* how many of them have been asked for */
	void (*addressed)(struct endpoint *endpoint, bool ok);

	/* the state towards the master */
	enum link_state state;
	char detail[ANSWER_REASON_BYTES];
	char agent_id[AGENT_ID_MAX_BYTES + 1]; /* "": none yet */
	enum agent_status agent_status;
	struct session session;
	int64_t last_contact_ms; /* -1: never */
	int64_t registered_ms;   /* -1: never */
	int64_t register_at_ms;  /* when to register; INT64_MAX while registered */
	enum loss loss;          /* why the last session ended */
	/* Why no registration lasts, which was said; "": the last one does. */
	char restless[ANSWER_REASON_BYTES];
	struct backoff backoff; /* of requests */
	struct backoff losses;  /* of registrations that did not last */
	int64_t hold_until_ms;  /* no request before */
	int64_t away_since_ms;
	unsigned stale; /* answers in a row that a sequence was stale */

	/* the request under way */
	bool preparing; /* waits for an address */
	struct http_request *request;
	enum job job;
	struct telling telling;
	struct worker_timer wake;

	/* what there is to say */
	int64_t next_poll_ms;
	int64_t next_heartbeat_ms;
	int64_t next_report_ms;
	int64_t report_not_before_ms; /* the master would not take one */
	bool report_complete;         /* the one under way */
	bool report_refused;
	unsigned report_failures;
	struct view view;
	bool docker_lost; /* docker-watcher said so */
	struct tunnel_view tunnel;
	struct journal journal;
	bool journal_left_out;           /* a configuration is kept in memory only */
	struct message_restore *restore; /* owned, wiped; waits for tunnel-keeper */
	char account[ACCOUNT_ID_MAX_BYTES + 1];
	bool helper_not_offered; /* was said once */
	struct retire retire;

	struct saving savings[STATE_FILE_COUNT];
	struct worker_timer save_again;
	bool stopping;
	struct worker_timer stop_by;
};

/* configure.c: before confinement. */
void link_configure(struct worker *worker);
/* Whether a connection may go to that address and port. */
bool link_address_good(const struct link *link, const struct address *address, uint16_t port);

/*
 * addresses.c: asks for addresses, Docker's first, where it uses the same port, so that the master's
 * can be compared with them; then `addressed` with the master's endpoint.
 */
void link_ask_addresses(struct link *link, void (*addressed)(struct endpoint *endpoint, bool ok));
void link_resolver_up(struct link *link);
void link_take_addresses(struct link *link, const struct message_addresses *addresses);

/* schedule.c: looks for what to send next; call it after any change. */
void link_schedule(struct link *link);
struct job_entry {
	const char *name;
	enum route route;
	bool event; /* carries an event sequence */
	/* CLOCK_MONOTONIC time when it is due, INT64_MAX: not at all. */
	int64_t (*due)(const struct link *link, int64_t now_ms);
	/* Fills the request, and the telling of an event. */
	void (*build)(struct link *link, struct outgoing *outgoing);
	/* 2xx. */
	void (*done)(struct link *link, const struct http_answer *answer);
	/* VERDICT_REFUSED and VERDICT_NOT_OFFERED. */
	void (*refused)(struct link *link, const struct judgement *judgement);
	/* The master could not do it, or did not answer.  May be NULL. */
	void (*failed)(struct link *link, const struct judgement *judgement);
};
extern const struct job_entry jobs[JOB_COUNT];

/* request.c */
void request_send(struct link *link, enum job job);
/* A request with the link's secrets whose answer goes to `done`, with the link as context.  False if
   it can't be set up. */
bool request_start(struct link *link, const struct outgoing *outgoing,
    void (*done)(void *context, const struct http_answer *answer));

/* check.c: the handlers of `--check --online`. */
extern const struct worker_handlers link_check_handlers;

/* state.c: what becomes of the link. */
void link_is_back(struct link *link);
void link_is_away(struct link *link, const char *reason, int64_t retry_after_ms);
void link_is_rejected(struct link *link, const struct judgement *judgement);
void link_lost_session(struct link *link, enum loss loss, const struct judgement *judgement);
/* After a registration and after an outage: everything is to be said again, soon. */
void link_say_all(struct link *link);
/* The way /api/v2/agents/ID and `tail`. */
void link_agent_path(const struct link *link, const char *tail, struct buffer *out);

/* registration.c */
int64_t register_due(const struct link *link, int64_t now_ms);
void register_build(struct link *link, struct outgoing *outgoing);
void register_done(struct link *link, const struct http_answer *http);
void register_refused(struct link *link, const struct judgement *judgement);
void restore_send(struct link *link);

/* poll.c */
int64_t poll_due(const struct link *link, int64_t now_ms);
void poll_build(struct link *link, struct outgoing *outgoing);
void poll_done(struct link *link, const struct http_answer *answer);
void poll_refused(struct link *link, const struct judgement *judgement);

/* handover.c: journal entries to tunnel-keeper. */
void handover_saved(struct link *link);
void handover_send_all(struct link *link);
void handover_done(struct link *link, const struct message_command_done *done);

/* tell.c */
int64_t container_due(const struct link *link, int64_t now_ms);
void container_build(struct link *link, struct outgoing *outgoing);
void container_done(struct link *link, const struct http_answer *answer);
void container_refused(struct link *link, const struct judgement *judgement);
void container_failed(struct link *link, const struct judgement *judgement);
int64_t tunnel_due(const struct link *link, int64_t now_ms);
void tunnel_build(struct link *link, struct outgoing *outgoing);
void tunnel_done(struct link *link, const struct http_answer *answer);
void tunnel_refused(struct link *link, const struct judgement *judgement);
int64_t heartbeat_due(const struct link *link, int64_t now_ms);
void heartbeat_build(struct link *link, struct outgoing *outgoing);
void heartbeat_done(struct link *link, const struct http_answer *answer);
void heartbeat_refused(struct link *link, const struct judgement *judgement);
void tunnel_take(struct link *link, const struct message_tunnel *given);
void telling_drop(struct link *link);

/* report.c */
int64_t report_due(const struct link *link, int64_t now_ms);
void report_build(struct link *link, struct outgoing *outgoing);
void report_done(struct link *link, const struct http_answer *answer);
void report_refused(struct link *link, const struct judgement *judgement);
void report_failed(struct link *link, const struct judgement *judgement);
/* Whether the master hears of stopped containers from events only. */
bool report_leaves_stops(const struct link *link);

/* helper.c: the Cloudflare helper. */
void helper_take(struct link *link, const struct command *command);
int64_t accounts_due(const struct link *link, int64_t now_ms);
void accounts_build(struct link *link, struct outgoing *outgoing);
void accounts_done(struct link *link, const struct http_answer *answer);
int64_t configure_due(const struct link *link, int64_t now_ms);
void configure_build(struct link *link, struct outgoing *outgoing);
void configure_done(struct link *link, const struct http_answer *answer);
void helper_refused(struct link *link, const struct judgement *judgement);

/* retire.c: decommissioning. */
void retire_start(struct link *link);
void retire_command(struct link *link, const struct command *command);
void retire_saved(struct link *link, bool persisted);
void retire_peer_up(struct link *link);
void retire_halted(struct link *link, const struct message_halted *halted);
/* The master has revoked the key: true if that ends a decommission. */
bool retire_rejected(struct link *link);
/* Whether nothing is to be said any more, at all and but for decommissioning. */
bool retire_is_over(const struct link *link);
bool retire_has_begun(const struct link *link);
int64_t acknowledge_due(const struct link *link, int64_t now_ms);
void acknowledge_build(struct link *link, struct outgoing *outgoing);
void acknowledge_done(struct link *link, const struct http_answer *answer);
void acknowledge_refused(struct link *link, const struct judgement *judgement);
void acknowledge_failed(struct link *link, const struct judgement *judgement);

/* save.c: the three state files. */
void save_load(struct link *link);
void save_file(struct link *link, enum state_file file);
void save_answered(struct worker *worker, enum state_file file, const char *reason);

/* status.c */
void link_status(struct link *link);

#endif
