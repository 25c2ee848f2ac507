/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The token of a container: see observe_token.h. */
#include "observe_token.h"

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

/* The last TUNNEL_TOKEN in the environment: the last one is what the process gets. */
static bool
find_in_environment(struct slice config, struct slice *ret_token)
{
	struct slice list, value;
	size_t at = 0;
	bool found = false;

	if (!json_member(config, "Env", &list))
		return false;
	while (json_next_element(list, &at, &value))
		found = after_prefix(inside(value), "TUNNEL_TOKEN=", ret_token) || found;
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

void
observe_token(struct slice answer, const char *token, bool *ret_has_token, bool *ret_matches)
{
	struct slice config, found = { .bytes = "", .length = 0 };

	*ret_has_token = false;
	*ret_matches = false;
	if (!json_member(answer, "Config", &config))
		return;
	if (!find_in_arguments(answer, "Args", &found) &&
	    !find_in_arguments(config, "Cmd", &found) && !find_in_environment(config, &found))
		return;
	*ret_has_token = found.length > 0;
	*ret_matches = token[0] != '\0' && is_text(found, token);
}
