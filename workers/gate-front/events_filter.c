/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See events_filter.h. */
#include "events_filter.h"

#include <string.h>

#define FILTERS_DEPTH 3

/* The last two but three are Podman's words, which docker-watcher asks for too. */
static const char *const actions[] = { "start", "die", "stop", "destroy", "rename", "pause",
	"unpause", "died", "remove" };

unsigned
action_bit(const char *action)
{
	for (size_t at = 0; at < ARRAY_LEN(actions); at++)
		if (strcmp(actions[at], action) == 0)
			return 1u << at;
	return 0;
}

/* What stands between the quotes, as it is written; escapes are not looked through. */
static struct slice
inside(struct slice text)
{
	if (text.length < 2 || text.bytes[0] != '"')
		return (struct slice){ .bytes = "", .length = 0 };
	return (struct slice){ .bytes = text.bytes + 1, .length = text.length - 2 };
}

static bool
is_word(struct slice text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

static bool
take_word(struct slice key, struct slice word, unsigned *ret_actions, struct refusal *refusal)
{
	char shown[REFUSAL_NAME_BYTES];

	if (is_word(key, "type") && is_word(word, "container"))
		return true;
	for (size_t at = 0; is_word(key, "event") && at < ARRAY_LEN(actions); at++) {
		if (is_word(word, actions[at])) {
			*ret_actions |= 1u << at;
			return true;
		}
	}
	refusal_name(word, shown);
	return refuse(refusal, 403, "filter \"%s\" is not allowed to be \"%s\"",
	    is_word(key, "type") ? "type" : "event", shown);
}

static bool
take_filter(struct slice key, struct slice value, unsigned *ret_actions, struct refusal *refusal)
{
	char shown[REFUSAL_NAME_BYTES];
	struct slice word, flag;
	size_t at = 0;

	if (!is_word(key, "type") && !is_word(key, "event")) {
		refusal_name(key, shown);
		return refuse(refusal, 403, "filter \"%s\" is not allowed", shown);
	}
	if (value.bytes[0] == '[') {
		while (json_next_element(value, &at, &word))
			if (!take_word(key, inside(word), ret_actions, refusal))
				return false;
		return true;
	}
	if (value.bytes[0] != '{')
		return refuse(refusal, 400, "parameter \"filters\" has a filter that is no list");
	while (json_next_member(value, &at, &word, &flag)) {
		if (!is_word(flag, "true"))
			return refuse(refusal, 400,
			    "parameter \"filters\" has a word that is not true");
		if (!take_word(key, inside(word), ret_actions, refusal))
			return false;
	}
	return true;
}

bool
filters_read(struct slice text, unsigned *ret_actions, struct refusal *refusal)
{
	enum json_flaw flaw = json_check(text, FILTERS_DEPTH);
	struct slice key, value;
	size_t at = 0;

	*ret_actions = 0;
	if (flaw != JSON_GOOD)
		return refuse(refusal, 400, "parameter \"filters\" is not good JSON: %s",
		    json_flaw_texts[flaw]);
	if (text.bytes[strspn(text.bytes, " \t\r\n")] != '{')
		return refuse(refusal, 400, "parameter \"filters\" is not an object");
	while (json_next_member(text, &at, &key, &value))
		if (!take_filter(inside(key), value, ret_actions, refusal))
			return false;
	return true;
}
