/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See create_body.h. */
#include "create_body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/record.h"
#include "common/tunnel_container.h"
#include "common/tunnel_token.h"

#define TOKEN_MARK "TUNNEL_TOKEN="
#define GRACE_MARK "TUNNEL_GRACE_PERIOD="
#define METRICS_MARK "TUNNEL_METRICS=0.0.0.0:"

struct restart_policy {
	const char *name;
};

struct host_config {
	const char *network;
	const struct restart_policy *restart;
	bool read_only;
	struct texts cap_drop;
	struct texts security;
};

struct body {
	const char *image;
	struct texts command;
	struct texts environment;
	struct map labels;
	const struct host_config *host;
};

#define MEMBER(type, member) .offset = offsetof(struct type, member)

static const struct field restart_fields[] = {
	{ .name = "Name", .kind = FIELD_TEXT, .max = 32, MEMBER(restart_policy, name) },
};
static const struct record restart_record = { .name = "RestartPolicy",
	.size_bytes = sizeof(struct restart_policy),
	.field_count = ARRAY_LEN(restart_fields),
	.fields = restart_fields };

static const struct field host_fields[] = {
	{ .name = "NetworkMode",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .max = 255,
	    MEMBER(host_config, network) },
	{ .name = "RestartPolicy",
	    .kind = FIELD_RECORD,
	    .record = &restart_record,
	    MEMBER(host_config, restart) },
	{ .name = "ReadonlyRootfs", .kind = FIELD_BOOLEAN, MEMBER(host_config, read_only) },
	{ .name = "CapDrop",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 32,
	    MEMBER(host_config, cap_drop) },
	{ .name = "SecurityOpt",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 64,
	    MEMBER(host_config, security) },
};
static const struct record host_record = { .name = "HostConfig",
	.size_bytes = sizeof(struct host_config),
	.field_count = ARRAY_LEN(host_fields),
	.fields = host_fields };

static const struct field body_fields[] = {
	{ .name = "Image",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .min = 1,
	    .max = IMAGE_MAX_BYTES,
	    MEMBER(body, image) },
	{ .name = "Cmd", .kind = FIELD_TEXTS, .max = 8, .value_max = 64, MEMBER(body, command) },
	{ .name = "Env",
	    .kind = FIELD_TEXTS,
	    .secret = true,
	    .max = 8,
	    .value_max = TOKEN_MAX_BYTES + 32,
	    MEMBER(body, environment) },
	{ .name = "Labels",
	    .kind = FIELD_MAP,
	    .max = 4,
	    .value_max = COMMAND_ID_MAX_BYTES,
	    MEMBER(body, labels) },
	{ .name = "HostConfig", .kind = FIELD_RECORD, .record = &host_record, MEMBER(body, host) },
};
static const struct record body_record = { .name = "the body",
	.size_bytes = sizeof(struct body),
	.field_count = ARRAY_LEN(body_fields),
	.fields = body_fields };

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
			field->record == &restart_record ? "HostConfig.RestartPolicy." :
							   "HostConfig.",
			value, refusal))
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
texts_are(const struct texts *texts, size_t count, const char *const *expected)
{
	if (texts->count != count)
		return false;
	for (size_t at = 0; at < count; at++)
		if (strcmp(texts->items[at], expected[at]) != 0)
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

	if (strncmp(text, TOKEN_MARK, strlen(TOKEN_MARK)) == 0)
		return take_token(text + strlen(TOKEN_MARK), create, refusal);
	if (strncmp(text, GRACE_MARK, strlen(GRACE_MARK)) == 0 && create->grace_s == 0 &&
	    read_number(text + strlen(GRACE_MARK), "s", 1, GATE_GRACE_MAX_S, &create->grace_s))
		return true;
	if (strncmp(text, METRICS_MARK, strlen(METRICS_MARK)) == 0 && create->metrics_port == 0 &&
	    read_number(text + strlen(METRICS_MARK), "", 1, UINT16_MAX, &create->metrics_port))
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
take_host(const struct rules *rules, const struct host_config *host, struct refusal *refusal)
{
	static const char *const all[] = { "ALL" };
	static const char *const privileges[] = { "no-new-privileges" };

	if (rules->network == NULL || strcmp(host->network, rules->network) != 0)
		return not_allowed(refusal, "HostConfig.NetworkMode");
	if (strcmp(host->restart->name, "unless-stopped") != 0)
		return not_allowed(refusal, "HostConfig.RestartPolicy.Name");
	if (!host->read_only)
		return not_allowed(refusal, "HostConfig.ReadonlyRootfs");
	if (!texts_are(&host->cap_drop, ARRAY_LEN(all), all))
		return not_allowed(refusal, "HostConfig.CapDrop");
	if (!texts_are(&host->security, ARRAY_LEN(privileges), privileges))
		return not_allowed(refusal, "HostConfig.SecurityOpt");
	return true;
}

static bool
take(const struct rules *rules, const struct body *body, struct message_gate_create *create,
    struct refusal *refusal)
{
	static const char *const command[] = { "tunnel", "--no-autoupdate", "run" };

	create->image = rules_image(rules, body->image);
	if (create->image == NULL)
		return not_allowed(refusal, "Image");
	if (!texts_are(&body->command, ARRAY_LEN(command), command))
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
	struct body body;
	int error;

	memset(ret_create, 0, sizeof(*ret_create));
	if (text.length == 0)
		return refuse(refusal, 400, "the body is empty");
	if (flaw != JSON_GOOD)
		return refuse(refusal, 400, "the body is not good JSON: %s", json_flaw_texts[flaw]);
	if (!fields_are_known(&body_record, "", text, refusal))
		return false;
	error = record_decode(&body_record, text, arena, &body, why);
	if (error == -ENOMEM)
		return refuse(refusal, 503, "out of memory");
	if (error != 0)
		return refuse(refusal, 400, "%s", why);
	if (take(rules, &body, ret_create, refusal))
		return true;
	memset(ret_create, 0, sizeof(*ret_create));
	return false;
}
