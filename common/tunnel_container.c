/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and gate-engine.  Whose the tunnel's container is: see tunnel_container.h. */
#include "common/tunnel_container.h"

#include <string.h>

/* What stands between the quotes of a JSON string; empty for any other value. */
static struct slice
inside(struct slice value)
{
	if (value.length < 2 || value.bytes[0] != '"')
		return (struct slice){ .bytes = "", .length = 0 };
	return (struct slice){ .bytes = value.bytes + 1, .length = value.length - 2 };
}

/* Whether the text begins with `prefix`; gives what follows. */
static bool
after_prefix(struct slice text, const char *prefix, struct slice *ret_rest)
{
	size_t length = strlen(prefix);

	if (text.length < length || memcmp(text.bytes, prefix, length) != 0)
		return false;
	*ret_rest = (struct slice){ .bytes = text.bytes + length, .length = text.length - length };
	return true;
}

static bool
is_text(struct slice text, const char *whole)
{
	return text.length == strlen(whole) && memcmp(text.bytes, whole, text.length) == 0;
}

bool
container_variable(struct slice config, const char *prefix, struct slice *ret_value)
{
	struct slice list, value;
	size_t at = 0;
	bool found = false;

	if (!json_member(config, "Env", &list))
		return false;
	while (json_next_element(list, &at, &value))
		found = after_prefix(inside(value), prefix, ret_value) || found;
	return found;
}

/* `--token X` or `--token=X` among the arguments. */
static bool
find_in_arguments(struct slice owner, const char *key, struct slice *ret_token)
{
	struct slice list, value;
	size_t at = 0;

	if (!json_member(owner, key, &list))
		return false;
	while (json_next_element(list, &at, &value)) {
		if (after_prefix(inside(value), "--token=", ret_token))
			return true;
		if (is_text(inside(value), "--token") && json_next_element(list, &at, &value)) {
			*ret_token = inside(value);
			return true;
		}
	}
	return false;
}

bool
container_token(struct slice answer, struct slice *ret_token)
{
	struct slice config;

	*ret_token = (struct slice){ .bytes = "", .length = 0 };
	if (!json_member(answer, "Config", &config))
		return false;
	if (!find_in_arguments(answer, "Args", ret_token) &&
	    !find_in_arguments(config, "Cmd", ret_token) &&
	    !container_variable(config, "TUNNEL_TOKEN=", ret_token))
		return false;
	return ret_token->length > 0;
}

bool
container_is_ours(struct slice config, bool has_token, bool same_repository, bool *ret_labelled)
{
	struct slice labels, owner;
	bool owned = json_member(config, "Labels", &labels) &&
		     json_member(labels, OWNER_LABEL, &owner);

	*ret_labelled = owned && is_text(inside(owner), OWNER_VALUE);
	return *ret_labelled || (!owned && has_token && same_repository);
}
