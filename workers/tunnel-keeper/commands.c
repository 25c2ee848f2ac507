/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The master's commands, from master-link.  A command never acts: it changes what
 * is wanted, which is saved, and the reconciler carries it out.  ALLOWED_TUNNELS bounds them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "keeper.h"

static const char *const action_texts[] = { [COMMAND_START] = "start_tunnel",
	[COMMAND_RESTART] = "restart_tunnel",
	[COMMAND_STOP] = "stop_tunnel" };

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/* Judges a token; false with one line in `why`. */
static bool
judge_token(const struct keeper *keeper, const char *token, struct token_facts *ret_facts,
    char why[DETAIL_MAX_BYTES + 1])
{
	int error = token_read(token, ret_facts);

	if (error != 0) {
		snprintf(why, DETAIL_MAX_BYTES + 1, "%s",
		    error == -EINVAL ? "its token is no tunnel token" : "out of memory");
		return false;
	}
	if (!token_is_allowed(keeper->allowed, ret_facts)) {
		snprintf(why, DETAIL_MAX_BYTES + 1, "ALLOWED_TUNNELS does not hold %s/%s",
		    ret_facts->account, ret_facts->tunnel);
		return false;
	}
	return true;
}

/* Whoever holds the master could lead this host's services into an account of their own. */
static void
watch_account(const struct keeper *keeper, const struct token_facts *facts)
{
	struct token_facts cached;

	if (keeper->allowed != NULL || keeper->desired.token[0] == '\0' ||
	    token_read(keeper->desired.token, &cached) != 0 ||
	    strcasecmp(cached.account, facts->account) == 0)
		return;
	log_event(LOG_ACCOUNT_MOVED,
	    "security: the master moves the tunnel from Cloudflare account %s to %s "
	    "(ALLOWED_TUNNELS would bound that)",
	    cached.account, facts->account);
}

static void
watch_id(const struct token_facts *facts, const char *tunnel_id)
{
	if (tunnel_id != NULL && strcasecmp(tunnel_id, facts->tunnel) != 0)
		log_event(LOG_TUNNEL_ID_DIFFERS,
		    "the master calls the tunnel %s, its token is for %s", tunnel_id,
		    facts->tunnel);
}

static void
refuse(struct keeper *keeper, const struct message_command *command, const char *why)
{
	log_event(LOG_TUNNEL_COMMAND_REFUSED, "%s refused: %s", action_texts[command->action], why);
	keeper_answer(keeper, command->id, COMMAND_REFUSED, why);
}

/* Takes what is wanted from a command, and lets the reconciler at it once it is saved. */
static void
take(struct keeper *keeper, const char *command_id)
{
	keeper->refusal[0] = '\0';
	keeper_save(keeper, command_id);
	keeper_fresh_start(keeper);
}

/* Token or id differ: another container.  Otherwise the one that is there only has to run. */
static void
on_start(struct keeper *keeper, const struct message_command *command)
{
	struct desired *desired = &keeper->desired;
	const char *id = or_empty(command->tunnel_id), *name = or_empty(command->tunnel_name);
	bool same_token = strcmp(desired->token, command->token) == 0;
	bool other_id = desired->id[0] != '\0' && strcmp(desired->id, id) != 0;

	if (desired->state == WANTED_RUNNING && same_token && strcmp(desired->id, id) == 0 &&
	    strcmp(desired->name, name) == 0) {
		keeper_answer(keeper, command->id, COMMAND_OBEYED, NULL);
		keeper_fresh_start(keeper);
		return;
	}
	desired_set_command(desired, command->id,
	    (same_token && other_id) || (desired->pending && desired->state == WANTED_RUNNING));
	desired_set_tunnel(desired, command->token, id, name);
	desired->state = WANTED_RUNNING;
	take(keeper, command->id);
}

/* A replayed one that was taken before changes nothing; the container's label tells the rest. */
static void
on_restart(struct keeper *keeper, const struct message_command *command)
{
	struct desired *desired = &keeper->desired;

	if (desired->state == WANTED_RUNNING && strcmp(desired->command_id, command->id) == 0 &&
	    strcmp(desired->token, command->token) == 0) {
		keeper_answer(keeper, command->id, COMMAND_OBEYED, NULL);
		return;
	}
	desired_set_tunnel(desired, command->token, command->tunnel_id, command->tunnel_name);
	desired_set_command(desired, command->id, true);
	desired->state = WANTED_RUNNING;
	take(keeper, command->id);
}

static void
on_stop(struct keeper *keeper, const struct message_command *command)
{
	struct desired *desired = &keeper->desired;

	if (desired->name[0] != '\0')
		snprintf(keeper->last_name, sizeof(keeper->last_name), "%s", desired->name);
	desired_set_tunnel(desired, NULL, NULL, NULL);
	desired_set_command(desired, command->id, true);
	desired->state = WANTED_STOPPED;
	take(keeper, command->id);
}

void
keeper_on_command(struct keeper *keeper, const struct message_command *command)
{
	char why[DETAIL_MAX_BYTES + 1];
	struct token_facts facts;

	log_event(LOG_TUNNEL_COMMAND, "command %s%s%s", action_texts[command->action],
	    command->tunnel_name == NULL ? "" : ": tunnel ", or_empty(command->tunnel_name));
	if (command->action == COMMAND_STOP) {
		on_stop(keeper, command);
		return;
	}
	if (command->token == NULL ||
	    (command->action == COMMAND_RESTART &&
		(command->tunnel_id == NULL || command->tunnel_name == NULL))) {
		refuse(keeper, command, "it needs the tunnel's id, name and token");
		return;
	}
	if (!judge_token(keeper, command->token, &facts, why)) {
		refuse(keeper, command, why);
		return;
	}
	watch_account(keeper, &facts);
	watch_id(&facts, command->tunnel_id);
	if (command->action == COMMAND_START)
		on_start(keeper, command);
	else
		on_restart(keeper, command);
}

/* Only where nothing is known: a tunnel that was stopped, or is cached, is not the master's
   record's to bring back. */
void
keeper_on_restore(struct keeper *keeper, const struct message_restore *restore)
{
	struct desired *desired = &keeper->desired;
	char why[DETAIL_MAX_BYTES + 1];
	struct token_facts facts;

	if (desired->token[0] != '\0' || desired->state == WANTED_STOPPED)
		return;
	if (!judge_token(keeper, restore->token, &facts, why)) {
		log_event(LOG_RECORD_REFUSED, "the tunnel in the master's record is refused: %s",
		    why);
		return;
	}
	log_event(LOG_TUNNEL_RESTORED,
	    "the tunnel's state is restored from the master's record: tunnel %s",
	    restore->tunnel_name);
	desired_set_tunnel(desired, restore->token, restore->tunnel_id, restore->tunnel_name);
	desired_set_command(desired, NULL, false);
	desired->state = WANTED_RUNNING;
	take(keeper, NULL);
}

void
keeper_judge_cached(struct keeper *keeper)
{
	char why[DETAIL_MAX_BYTES + 1];
	struct token_facts facts;

	keeper->refusal[0] = '\0';
	if (keeper->desired.token[0] == '\0' ||
	    judge_token(keeper, keeper->desired.token, &facts, why))
		return;
	snprintf(keeper->refusal, sizeof(keeper->refusal), "the cached tunnel may not run: %.400s",
	    why);
	log_event(LOG_CACHED_REFUSED, "%s", keeper->refusal);
}
