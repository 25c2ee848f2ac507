/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  The one table of messages: name, senders, receivers, fields with kinds and
 * bounds.  A receiver judges a frame against it before it looks at it; docs/protocol.md is checked
 * against it by a test.  The structs below are what handlers see.
 */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/record.h"
#include "policy/process.h"

#define MESSAGE_MAX_BYTES (1024 * 1024)

/* Bounds that several messages and the master's and Docker's records share. */
#define AGENT_ID_MAX_BYTES 128
#define CONTAINER_ID_BYTES 64
#define CONTAINER_NAME_MAX_BYTES 255
#define LABEL_KEY_MAX_BYTES MAP_KEY_MAX_BYTES
#define LABEL_VALUE_MAX_BYTES 4096
#define LABELS_MAX 256
#define TOKEN_MAX_BYTES 4096
#define TUNNEL_ID_MAX_BYTES 64
#define TUNNEL_NAME_MAX_BYTES 255
#define COMMAND_ID_MAX_BYTES 64
#define OPERATION_ID_MAX_BYTES 128
#define DETAIL_MAX_BYTES 512
#define HOST_MAX_BYTES 253
#define ADDRESS_TEXT_MAX_BYTES 45
#define ADDRESSES_MAX 16
#define PAGE_CONTAINERS_MAX 256

enum message_id {
	/* supervisor to a worker, over its control channel */
	MESSAGE_CONFIG,
	MESSAGE_SECRET,
	MESSAGE_STATE,
	MESSAGE_SAVED,
	MESSAGE_SAVE_FAILED,
	MESSAGE_PEER,
	MESSAGE_RELOAD,
	MESSAGE_LOG_LEVEL,
	MESSAGE_SHUTDOWN,
	MESSAGE_LISTEN,
	/* a worker to the supervisor: fixed texts, compared byte for byte */
	MESSAGE_READY,
	MESSAGE_ALIVE,
	MESSAGE_STATUS,
	MESSAGE_SAVE,
	MESSAGE_CORRUPT,
	MESSAGE_BAD_PEER,
	MESSAGE_CHECKED,
	/* between workers */
	MESSAGE_RESOLVE,
	MESSAGE_ADDRESSES,
	MESSAGE_SNAPSHOT,
	MESSAGE_CONTAINER,
	MESSAGE_DOCKER_LOST,
	MESSAGE_TUNNEL_HINT,
	MESSAGE_COMMAND,
	MESSAGE_COMMAND_DONE,
	MESSAGE_TUNNEL,
	MESSAGE_HALT,
	MESSAGE_HALTED,
	MESSAGE_RESTORE,
	MESSAGE_AT_WORK,
	/* between the gate's workers: requests of gate-read and gate-tunnel */
	MESSAGE_GATE_ABOUT,
	MESSAGE_GATE_READ,
	MESSAGE_GATE_TUNNEL,
	MESSAGE_GATE_CREATE,
	MESSAGE_GATE_CANCEL,
	/* and what gate-engine answers */
	MESSAGE_GATE_ABOUT_IS,
	MESSAGE_GATE_ROWS,
	MESSAGE_GATE_EVENT,
	MESSAGE_GATE_CONTAINER,
	MESSAGE_GATE_FOUND,
	MESSAGE_GATE_PROGRESS,
	MESSAGE_GATE_BEGUN,
	MESSAGE_GATE_DONE,
	/* status blobs: a worker to dockflare-agentctl, kept by the supervisor as they came */
	MESSAGE_STATUS_LINK,
	MESSAGE_STATUS_DOCKER,
	MESSAGE_STATUS_TUNNEL,
	MESSAGE_STATUS_RESOLVER,
	MESSAGE_STATUS_FRONT,
	MESSAGE_STATUS_ENGINE,
	/* the supervisor's own account to dockflare-agentctl */
	MESSAGE_STATUS_AGENT,
	MESSAGE_STATUS_WORKER,
	MESSAGE_COUNT,
};

struct message_entry {
	const char *name;     /* the frame's "type" */
	unsigned from;        /* PROCESS_BIT of each process that may send it */
	unsigned to;          /* PROCESS_BIT of each process that may receive it */
	bool blob;            /* the next frame on the channel is an opaque blob */
	bool descriptor;      /* carries exactly one descriptor */
	bool secret;          /* wiped after use, never shown */
	struct record record; /* the fields beside "type"; bounds of the struct */
	const char *why;      /* one line: what it is for, and why a hostile sender may send it */
};

extern const struct message_entry messages[MESSAGE_COUNT];

/* ---- supervisor to worker ---- */

struct message_config {
	int process;       /* enum process, choice by name: who the receiver is */
	struct map values; /* setting name to checked, normalised value */
};

struct message_secret {
	int name;          /* enum secret */
	const char *value; /* NULL: not configured */
};

struct message_log_level {
	int level; /* enum log_level */
};

struct message_state { /* the blob is the file's content, empty if it does not exist */
	int file;      /* enum state_file */
	bool exists;
};

struct message_saved {
	int file;
};

struct message_save_failed {
	int file;
	const char *reason;
};

struct message_peer { /* with the descriptor of the new channel */
	int peer;     /* enum process */
};

/* ---- worker to supervisor ---- */

struct message_save { /* the blob is the file's new content */
	int file;
};

struct message_corrupt {
	int file;
};

struct message_bad_peer {
	int peer;
};

/* ---- name-resolver ---- */

struct message_resolve {
	int64_t id; /* chosen by the asker, returned with the answer */
	const char *host;
};

struct message_addresses {
	int64_t id;
	struct texts addresses; /* numeric IPv4 and IPv6, none on failure */
	const char *error;      /* one line if there are none */
};

/* ---- docker-watcher to master-link ---- */

struct container_fact {
	const char *id;     /* 64 hex digits */
	const char *name;   /* without the leading "/" */
	const char *status; /* Docker's State: "running", "paused", "restarting" */
	struct map labels;  /* only those under the enabled prefixes */
};

struct message_snapshot {
	int64_t generation; /* one more for each snapshot of this channel */
	int64_t page;       /* from 0 up */
	bool last;          /* the snapshot is complete with this page, and only then valid */
	struct records containers; /* struct container_fact */
};

enum container_change { CONTAINER_RUNS, CONTAINER_GONE };

struct message_container {
	int change; /* enum container_change */
	const char *id;
	const char *name;
	const char *status;
	struct map labels;
};

struct message_docker_lost {
	const char *reason;
};

/* ---- docker-watcher to tunnel-keeper ---- */

struct message_tunnel_hint {
	const char *action; /* Docker's event action, "start", "die", … */
};

/* ---- master-link and tunnel-keeper ---- */

enum command_action { COMMAND_START, COMMAND_RESTART, COMMAND_STOP };

struct message_command {
	const char *id;        /* the journal entry's */
	int action;            /* enum command_action */
	const char *tunnel_id; /* the three: NULL for stop */
	const char *tunnel_name;
	const char *token;
};

enum command_outcome { COMMAND_OBEYED, COMMAND_REFUSED };

struct message_command_done { /* the wanted state is saved (or its failure told): drop the entry */
	const char *id;
	int outcome; /* enum command_outcome */
	const char *detail;
};

enum tunnel_state { TUNNEL_UNKNOWN, TUNNEL_STOPPED, TUNNEL_STARTING, TUNNEL_RUNNING, TUNNEL_ERROR };

struct message_tunnel { /* what it is now */
	int state;      /* enum tunnel_state */
	const char *id;
	const char *name;
	const char *version;
	const char *detail;
	const char *image; /* CLOUDFLARED_IMAGE as in use */
};

struct message_halt { /* decommissioning: stop and keep the container */
	const char *id;
	bool forget; /* also forget token, id and name */
};

enum halt_result { HALT_STOPPED, HALT_ABSENT, HALT_FAILED };

struct message_halted {
	const char *id;
	int result; /* enum halt_result */
	const char *detail;
};

struct message_restore { /* what the master's record holds; taken only where nothing is cached */
	const char *tunnel_id;
	const char *tunnel_name;
	const char *token;
};

/* ---- the gate: gate-read and gate-tunnel to gate-engine ---- */

/* Every request has an id of its asker's choice, which its answers carry. */
#define GATE_ID_MAX INT64_MAX
#define GATE_IMAGE_MAX_BYTES 512
#define GATE_TEXT_MAX_BYTES 512
#define GATE_STOP_MAX_S 60
#define GATE_GRACE_MAX_S 60

struct message_gate_about { /* for /_ping, /version and /healthz */
	int64_t id;
};

enum gate_read_verb { GATE_LIST, GATE_EVENTS };

struct message_gate_read {
	int64_t id;
	int verb; /* enum gate_read_verb */
	bool all; /* of a list: those that do not run too */
};

enum gate_tunnel_verb {
	GATE_INSPECT,
	GATE_START,
	GATE_STOP,
	GATE_REMOVE,
	GATE_NETWORK,
	GATE_IMAGE,
	GATE_PULL,
};

struct message_gate_tunnel {
	int64_t id;
	int verb;              /* enum gate_tunnel_verb */
	const char *container; /* the id that was asked for; NULL: the name */
	const char *image;     /* of image and pull: as configured or listed; else NULL */
	int64_t seconds;       /* of stop: until the engine kills it */
};

struct message_gate_create {
	int64_t id;
	const char *image; /* as configured or listed */
	const char *token;
	const char *command_id; /* NULL: none */
	int64_t grace_s;        /* TUNNEL_GRACE_PERIOD; 0: none */
	int64_t metrics_port;   /* TUNNEL_METRICS; 0: none */
};

struct message_gate_cancel { /* the client is gone; no answer is due any more */
	int64_t id;
};

/* ---- the gate: gate-engine's answers ---- */

struct message_gate_about_is {
	int64_t id;
	const char *version;     /* the engine's */
	const char *api_version; /* as the gate speaks it */
	const char *minimum;     /* the oldest that may be asked for */
	const char *os;
	const char *arch;
};

struct message_gate_rows { /* a page of a list; gate-done follows the last */
	int64_t id;
	struct records containers; /* struct container_fact; any of Docker's states */
};

struct message_gate_event {
	int64_t id;
	const char *action; /* Docker's: "start", "die", … */
	const char *container;
	const char *name;
	const char *old_name; /* of a rename; else NULL */
	struct map labels;
	int64_t time_ns; /* since 1970; 0: not known */
};

struct message_gate_container { /* what is known of the container of the tunnel's name */
	int64_t id;
	bool ours; /* else only container, name, image and state are told */
	bool labelled;
	const char *container;
	const char *image;
	const char *state; /* Docker's State.Status */
	const char *error;
	const char *started_at;
	const char *finished_at;
	const char *command_id;
	const char *token; /* only to gate-tunnel; NULL: none */
	bool on_network;   /* attached to the one network, with these addresses, if any */
	const char *address;
	const char *address6;
	int64_t exit_code;
	int64_t restart_count;
};

struct message_gate_found { /* an image, the network, or what was created */
	int64_t id;
	const char *object; /* the engine's id of it, without "sha256:" */
};

struct message_gate_progress { /* of a pull */
	int64_t id;
	const char *text;
	const char *layer; /* NULL: none */
	int64_t current;
	int64_t total;
	const char *error; /* NULL: none */
};

struct message_gate_begun { /* the engine has answered a stream's request: its answer begins */
	int64_t id;
};

struct message_gate_done { /* the last answer to a request */
	int64_t id;
	int64_t status;      /* as HTTP has it */
	const char *message; /* of a refusal; NULL: none */
};

/* ---- status ---- */

enum link_state { LINK_CONNECTING, LINK_CONNECTED, LINK_AWAY, LINK_REJECTED, LINK_DECOMMISSIONED };
enum agent_status { AGENT_UNKNOWN, AGENT_PENDING, AGENT_ENROLLED };
enum lifecycle { LIFECYCLE_ACTIVE, LIFECYCLE_PREPARED, LIFECYCLE_FINALIZED };

/*
 * Times are of CLOCK_MONOTONIC; -1: never.  A worker may lie about itself, so how long it has been
 * silent is its peer's word: NAME_heard_ms.
 */
struct message_status_link {
	int state; /* enum link_state */
	const char *agent_id;
	int agent_status; /* enum agent_status */
	int64_t protocol; /* 0 before the first registration */
	int lifecycle;
	int64_t last_contact_ms;
	int64_t docker_heard_ms; /* docker-watcher */
	int64_t tunnel_heard_ms; /* tunnel-keeper */
	const char *detail;
	struct texts warnings;
};

enum docker_state { DOCKER_CONNECTING, DOCKER_CONNECTED, DOCKER_UNREADABLE };

/* What becomes of a container that has labels under the enabled prefixes. */
enum container_verdict {
	CONTAINER_PUBLISHED,   /* enabled, with a hostname and a service */
	CONTAINER_NOT_ENABLED, /* ignored: the enable label has another value than a true one */
	CONTAINER_NO_ENABLE,   /* ignored: there is no enable label */
	CONTAINER_NO_HOSTNAME, /* enabled, but the master can make no rule of it */
	CONTAINER_NO_SERVICE,  /* the same */
	CONTAINER_OFF_NETWORK, /* enabled, but not on the tunnel's network */
};

/* Of each kind, enabled and ignored, so many are told. */
#define SEEN_MAX 32
#define SEEN_SERVICE_MAX_BYTES 256
#define SEEN_VALUE_MAX_BYTES 64

struct seen_container {
	const char *name;
	int verdict;          /* enum container_verdict */
	const char *hostname; /* the first one; NULL: none */
	const char *service;  /* without a user and a password, cut to fit */
	const char *value;    /* of the enable label of CONTAINER_NOT_ENABLED, cut to fit */
};

struct message_status_docker {
	int state; /* enum docker_state */
	const char *api_version;
	const char *engine_version;
	int64_t containers;
	int64_t ignored;     /* that have labels and are not enabled */
	struct records seen; /* struct seen_container */
	int64_t last_list_ms;
	const char *detail;
	struct texts warnings;
};

struct message_status_tunnel {
	int state; /* enum tunnel_state */
	const char *id;
	const char *name;
	const char *version;
	const char *container_id;
	int64_t ready_connections; /* -1: not known */
	int64_t link_heard_ms;     /* master-link */
	const char *detail;
	struct texts warnings;
};

struct message_status_resolver {
	int64_t answered;
	int64_t failed;
};

struct message_status_front {
	int64_t connections; /* open now */
	int64_t streams;     /* of them event streams and pulls */
	int64_t requests;    /* since its start */
	int64_t refused;
	int64_t engine_heard_ms; /* gate-engine; -1: never */
};

struct message_status_engine {
	int state; /* enum docker_state */
	const char *api_version;
	int64_t requests; /* since its start */
	int64_t creates;
	const char *detail;
	struct texts warnings;
};

struct told_setting {
	const char *name;
	const char *value; /* NULL: it may name somebody; of a URL only the scheme */
};

struct message_status_agent {
	const char *version;
	int64_t pid;
	int64_t uptime_ms;
	int64_t now_ms;             /* CLOCK_MONOTONIC, for the ages in the workers' blobs */
	const char *start_mode;     /* policy_start_mode */
	int64_t landlock_abi;       /* 0: the kernel has none */
	struct texts landlock_lost; /* what that one does not bound */
	bool mdwe;                  /* the kernel has memory-deny-write-execute */
	bool best_effort;           /* SANDBOX=best-effort */
	int64_t seccomp_filters;    /* its own */
	const char *kernel;         /* release and machine */
	struct records settings;    /* struct told_setting: those that are set */
	struct texts warnings;
};

enum worker_phase { PHASE_STOPPED, PHASE_STARTING, PHASE_RUNNING, PHASE_BACKOFF, PHASE_STOPPING };

struct message_status_worker { /* followed by the worker's last status blob, maybe empty */
	int process;           /* enum process */
	int64_t pid;           /* 0: none runs */
	int64_t uid;
	int phase; /* enum worker_phase */
	int64_t restarts;
	int64_t uptime_ms;
	int64_t seccomp_filters;
	int64_t log_lines_dropped;
};

extern const char *const process_choices[];      /* by enum process */
extern const char *const tunnel_state_choices[]; /* by enum tunnel_state */
extern const char *const link_state_choices[];
extern const char *const agent_status_choices[];
extern const char *const lifecycle_choices[];
extern const char *const docker_state_choices[];
extern const char *const container_verdict_choices[]; /* by enum container_verdict */
extern const char *const worker_phase_choices[];
extern const char *const halt_result_choices[];
extern const char *const gate_read_choices[];   /* by enum gate_read_verb */
extern const char *const gate_tunnel_choices[]; /* by enum gate_tunnel_verb */

/* ---- coding ---- */

union message_body {
	struct message_config config;
	struct message_secret secret;
	struct message_log_level log_level;
	struct message_state state;
	struct message_saved saved;
	struct message_save_failed save_failed;
	struct message_peer peer;
	struct message_save save;
	struct message_corrupt corrupt;
	struct message_bad_peer bad_peer;
	struct message_resolve resolve;
	struct message_addresses addresses;
	struct message_snapshot snapshot;
	struct message_container container;
	struct message_docker_lost docker_lost;
	struct message_tunnel_hint tunnel_hint;
	struct message_command command;
	struct message_command_done command_done;
	struct message_tunnel tunnel;
	struct message_halt halt;
	struct message_halted halted;
	struct message_restore restore;
	struct message_status_link status_link;
	struct message_status_docker status_docker;
	struct message_status_tunnel status_tunnel;
	struct message_status_resolver status_resolver;
	struct message_gate_about gate_about;
	struct message_gate_read gate_read;
	struct message_gate_tunnel gate_tunnel;
	struct message_gate_create gate_create;
	struct message_gate_cancel gate_cancel;
	struct message_gate_about_is gate_about_is;
	struct message_gate_rows gate_rows;
	struct message_gate_event gate_event;
	struct message_gate_container gate_container;
	struct message_gate_found gate_found;
	struct message_gate_progress gate_progress;
	struct message_gate_begun gate_begun;
	struct message_gate_done gate_done;
	struct message_status_front status_front;
	struct message_status_engine status_engine;
	struct message_status_agent status_agent;
	struct message_status_worker status_worker;
};

struct message {
	enum message_id id;
	union message_body body;
	struct arena arena; /* owns every pointer in `body` */
};

/*
 * Judges one frame that `from` sent to `to`, and decodes it.  0; -EBADMSG with one line in `why`
 * (never a value from the frame): flawed JSON, unknown type, wrong side, missing, surplus or
 * out-of-bounds field; -ENOMEM.  On success the caller owns `ret_message`: message_free.
 */
int message_decode(enum process from, enum process to, struct slice frame,
    struct message *ret_message, char why[RECORD_WHY_BYTES]);

/*
 * Appends one message as JSON.  `body` is the struct that belongs to `id`, NULL for a message
 * without fields.  0, -EINVAL with `why` if the body is outside the table's bounds, -EMSGSIZE,
 * -ENOMEM.
 */
int message_encode(enum message_id id, const void *body, struct buffer *out,
    char why[RECORD_WHY_BYTES]);

/* Wipes and releases. */
void message_free(struct message *message);

#define _cleanup_message_ __attribute__((cleanup(message_free)))

#endif
