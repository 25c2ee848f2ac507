/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See ingress.h.  Rules come from the master, which made them of tenants' labels. */
#include "ingress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"

#define RULE_TEXT_MAX_BYTES 4096

struct rule {
	const char *status;
	const char *hostname;
	const char *service;
	const char *path;
};

#define RULE_TEXT(member, need, least)                                                       \
	{                                                                                    \
		.name = #member, .kind = FIELD_TEXT, .text = TEXT_LINE, .optional = !(need), \
		.offset = offsetof(struct rule, member), .min = (least),                     \
		.max = RULE_TEXT_MAX_BYTES                                                   \
	}

static const struct field given_fields[] = {
	RULE_TEXT(status, false, 0),
	RULE_TEXT(hostname, true, 1),
	RULE_TEXT(service, true, 1),
	RULE_TEXT(path, false, 0),
};

/* The same struct as the configuration has it: without `status`. */
static const struct field entry_fields[] = {
	RULE_TEXT(hostname, true, 1),
	RULE_TEXT(service, true, 1),
	RULE_TEXT(path, false, 1),
};

static const struct record given_record = {
	.name = "rule",
	.size_bytes = sizeof(struct rule),
	.open = true,
	.field_count = ARRAY_LEN(given_fields),
	.fields = given_fields,
};

static const struct record entry_record = {
	.name = "ingress",
	.size_bytes = sizeof(struct rule),
	.field_count = ARRAY_LEN(entry_fields),
	.fields = entry_fields,
};

/* What `status` says, even of a rule that is malformed otherwise. */
static bool
is_active(struct slice rule, struct arena *arena)
{
	struct slice value;
	const char *status;

	if (rule.length == 0 || rule.bytes[0] != '{' || !json_member(rule, "status", &value))
		return false;
	status = json_text(value, arena);
	return status != NULL && strcmp(status, "active") == 0;
}

static int
write_rule(struct slice given, struct buffer *out, size_t *skipped)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct rule rule;
	int error;

	if (given.length > 0 && given.bytes[0] == '{' && !is_active(given, &arena))
		return 0;
	if (record_decode(&given_record, given, &arena, &rule, why) != 0) {
		(*skipped)++;
		return 0;
	}
	if (rule.path != NULL && rule.path[0] == '\0')
		rule.path = NULL;
	error = record_encode(&entry_record, &rule, out, why);
	return error != 0 ? error : buffer_add_text(out, ",");
}

int
ingress_write(struct slice rules, struct buffer *out, size_t *ret_skipped)
{
	int error = buffer_add_text(out, "{\"config\":{\"ingress\":[");
	struct slice key, rule;
	size_t at = 0;

	*ret_skipped = 0;
	while (error == 0 && json_next_member(rules, &at, &key, &rule))
		error = write_rule(rule, out, ret_skipped);
	if (error == 0)
		error = buffer_add_text(out, "{\"service\":\"http_status:404\"}]}}");
	return error;
}

int
account_read(struct slice answer, char account[ACCOUNT_ID_MAX_BYTES + 1])
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct slice result, first, id;
	const char *text;
	size_t at = 0;

	if (json_check(answer, JSON_MAX_DEPTH) != JSON_GOOD || !answer_is_success(answer) ||
	    !json_member(answer, "result", &result) || !json_next_element(result, &at, &first) ||
	    !json_member(first, "id", &id))
		return -EBADMSG;
	text = json_text(id, &arena);
	if (text == NULL || text[0] == '\0' || strlen(text) > ACCOUNT_ID_MAX_BYTES ||
	    !text_is(TEXT_NAME, text, strlen(text)))
		return -EBADMSG;
	(void)snprintf(account, ACCOUNT_ID_MAX_BYTES + 1, "%s", text);
	return 0;
}

bool
answer_is_success(struct slice answer)
{
	struct slice value;

	return json_member(answer, "success", &value) && value.length == 4 &&
	       memcmp(value.bytes, "true", 4) == 0;
}
