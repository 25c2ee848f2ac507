/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See create_body.h. */
#include "create_body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/record.h"
#include "common/tunnel_body.h"
#include "common/tunnel_container.h"
#include "common/tunnel_token.h"

/* ---- fields that are not in the record ---- */

/* Compared as it is written: an escape inside a key is another way to say a name, and refused. */
static const struct field *
find_field(const struct record *record, struct slice key)
{
	for (size_t at = 0; at < record->field_count; at++) {
		const char *name = record->fields[at].name;

		if (key.length == strlen(name) + 2 &&
		    memcmp(key.bytes + 1, name, strlen(name)) == 0)
			return &record->fields[at];
	}
	return NULL;
}

static bool
fields_are_known(const struct record *record, const char *path, struct slice object,
    struct refusal *refusal)
{
	char shown[REFUSAL_NAME_BYTES];
	struct slice key, value;
	size_t at = 0;

	while (json_next_member(object, &at, &key, &value)) {
		const struct field *field = find_field(record, key);

		if (field == NULL) {
			refusal_name((struct slice){ .bytes = key.bytes + 1,
					 .length = key.length - 2 },
			    shown);
			return refuse(refusal, 403, "field \"%s%s\" is not allowed", path, shown);
		}
		if (field->kind == FIELD_RECORD &&
		    !fields_are_known(field->record,
			path[0] == '\0' ? "HostConfig." : "HostConfig.RestartPolicy.", value,
			refusal))
			return false;
	}
	return true;
}

/* ---- values ---- */

static bool
not_allowed(struct refusal *refusal, const char *field)
{
	return refuse(refusal, 403, "field \"%s\" has a value that is not allowed", field);
}

static bool
texts_equal(const struct texts *one, const struct texts *other)
{
	if (one->count != other->count)
		return false;
	for (size_t at = 0; at < one->count; at++)
		if (strcmp(one->items[at], other->items[at]) != 0)
			return false;
	return true;
}

/* A decimal number from `least` to `most` without leading zeros and with `unit` behind it. */
static bool
read_number(const char *text, const char *unit, int64_t least, int64_t most, int64_t *ret_number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[0] == '0' || strcmp(text + digits, unit) != 0)
		return false;
	*ret_number = strtol(text, NULL, 10);
	return *ret_number >= least && *ret_number <= most;
}

static bool
take_token(const char *value, struct message_gate_create *create, struct refusal *refusal)
{
	struct token_facts facts;

	if (create->token != NULL)
		return refuse(refusal, 403, "field \"Env\" has TUNNEL_TOKEN twice");
	if (strlen(value) > TOKEN_MAX_BYTES || !text_is(TEXT_VISIBLE, value, strlen(value)) ||
	    token_read(value, &facts) != 0)
		return refuse(refusal, 400, "field \"Env\": TUNNEL_TOKEN is no tunnel token");
	create->token = value;
	return true;
}

static bool
is_variable(struct slice name)
{
	return name.length > 0 && name.length < REFUSAL_NAME_BYTES - 8 &&
	       name.bytes[name.length] == '=' && text_is(TEXT_NAME, name.bytes, name.length);
}

static bool
take_variable(const char *text, struct message_gate_create *create, struct refusal *refusal)
{
	struct slice name = { .bytes = text, .length = strcspn(text, "=") };
	char shown[REFUSAL_NAME_BYTES];

	if (strncmp(text, TUNNEL_TOKEN_MARK, strlen(TUNNEL_TOKEN_MARK)) == 0)
		return take_token(text + strlen(TUNNEL_TOKEN_MARK), create, refusal);
	if (strncmp(text, TUNNEL_GRACE_MARK, strlen(TUNNEL_GRACE_MARK)) == 0 &&
	    create->grace_s == 0 &&
	    read_number(text + strlen(TUNNEL_GRACE_MARK), "s", 1, GATE_GRACE_MAX_S,
		&create->grace_s))
		return true;
	if (strncmp(text, TUNNEL_METRICS_MARK, strlen(TUNNEL_METRICS_MARK)) == 0 &&
	    create->metrics_port == 0 &&
	    read_number(text + strlen(TUNNEL_METRICS_MARK), "", 1, UINT16_MAX,
		&create->metrics_port))
		return true;
	/* What is no variable's name may be anything, a token even. */
	if (!is_variable(name))
		return refuse(refusal, 403, "field \"Env\" has a text that is not allowed");
	refusal_name(name, shown);
	return refuse(refusal, 403, "field \"Env\": %s is not allowed, or not with that value",
	    shown);
}

static bool
take_environment(const struct texts *environment, struct message_gate_create *create,
    struct refusal *refusal)
{
	for (size_t at = 0; at < environment->count; at++)
		if (!take_variable(environment->items[at], create, refusal))
			return false;
	return create->token != NULL || refuse(refusal, 403, "field \"Env\" has no TUNNEL_TOKEN");
}

static bool
is_command_id(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= COMMAND_ID_MAX_BYTES && text_is(TEXT_NAME, text, length) &&
	       strpbrk(text, "_.") == NULL;
}

static bool
take_labels(const struct map *labels, struct message_gate_create *create, struct refusal *refusal)
{
	char shown[REFUSAL_NAME_BYTES];
	bool owned = false;

	for (size_t at = 0; at < labels->count; at++) {
		const struct map_entry *entry = &labels->entries[at];
		bool owner = strcmp(entry->key, OWNER_LABEL) == 0;

		if (owner && strcmp(entry->value, OWNER_VALUE) == 0) {
			owned = true;
		} else if (strcmp(entry->key, COMMAND_LABEL) == 0 && is_command_id(entry->value)) {
			create->command_id = entry->value;
		} else {
			refusal_name((struct slice){ .bytes = entry->key,
					 .length = strlen(entry->key) },
			    shown);
			return refuse(refusal, 403,
			    "field \"Labels\": \"%s\" is not allowed, or not with that value",
			    shown);
		}
	}
	return owned || refuse(refusal, 403, "field \"Labels\" has no " OWNER_LABEL);
}

static bool
take_host(const struct rules *rules, const struct tunnel_host *host, struct refusal *refusal)
{
	if (rules->network == NULL || strcmp(host->network, rules->network) != 0)
		return not_allowed(refusal, "HostConfig.NetworkMode");
	if (strcmp(host->restart->name, tunnel_unless_stopped.name) != 0)
		return not_allowed(refusal, "HostConfig.RestartPolicy.Name");
	if (!host->read_only)
		return not_allowed(refusal, "HostConfig.ReadonlyRootfs");
	if (!texts_equal(&host->cap_drop, &tunnel_no_capabilities))
		return not_allowed(refusal, "HostConfig.CapDrop");
	if (!texts_equal(&host->security, &tunnel_no_privileges))
		return not_allowed(refusal, "HostConfig.SecurityOpt");
	return true;
}

static bool
take(const struct rules *rules, const struct tunnel_body *body, struct message_gate_create *create,
    struct refusal *refusal)
{
	create->image = rules_image(rules, body->image);
	if (create->image == NULL)
		return not_allowed(refusal, "Image");
	if (!texts_equal(&body->command, &tunnel_command))
		return not_allowed(refusal, "Cmd");
	return take_environment(&body->environment, create, refusal) &&
	       take_labels(&body->labels, create, refusal) && take_host(rules, body->host, refusal);
}

bool
create_body_read(const struct rules *rules, struct slice text, struct arena *arena,
    struct message_gate_create *ret_create, struct refusal *refusal)
{
	enum json_flaw flaw = json_check(text, JSON_MAX_DEPTH);
	char why[RECORD_WHY_BYTES];
	struct tunnel_body body;
	int error;

	memset(ret_create, 0, sizeof(*ret_create));
	if (text.length == 0)
		return refuse(refusal, 400, "the body is empty");
	if (flaw != JSON_GOOD)
		return refuse(refusal, 400, "the body is not good JSON: %s", json_flaw_texts[flaw]);
	if (!fields_are_known(&tunnel_body_record, "", text, refusal))
		return false;
	error = record_decode(&tunnel_body_record, text, arena, &body, why);
	if (error == -ENOMEM)
		return refuse(refusal, 503, "out of memory");
	if (error != 0)
		return refuse(refusal, 400, "%s", why);
	if (take(rules, &body, ret_create, refusal))
		return true;
	memset(ret_create, 0, sizeof(*ret_create));
	return false;
}
