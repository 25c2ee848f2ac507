/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  See seen.h.  Labels are a tenant's: looked at, cut, and shown. */
#include "workers/docker-watcher/seen.h"

#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/labels.h"
#include "common/tunnel_container.h"

/* ---- one container ---- */

/* Cuts to fit, between characters. */
static void
copy_cut(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		for (length = size - 1; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
			length--;
	memcpy(out, text, length);
	out[length] = '\0';
}

/* The same without a user and a password, which the status is not the place for. */
static void
copy_service(char *out, size_t size, const char *service)
{
	char shown[LABEL_VALUE_MAX_BYTES + 1];
	const char *authority = strstr(service, "://"), *user_end = NULL;

	if (authority != NULL) {
		authority += strlen("://");
		user_end = memrchr(authority, '@', strcspn(authority, "/?#"));
	}
	if (user_end == NULL) {
		copy_cut(out, size, service);
		return;
	}
	(void)snprintf(shown, sizeof(shown), "%.*s%s", (int)(authority - service), service,
	    user_end + 1);
	copy_cut(out, size, shown);
}

/* Whether it is "WORD", or "N.WORD". */
static bool
is_indexed(const char *key, const char *word)
{
	size_t digits = strspn(key, "0123456789");

	if (digits > 0 && key[digits] == '.')
		key += digits + 1;
	return strcmp(key, word) == 0;
}

static bool
is_enable(const char *key, const char *value)
{
	(void)value;
	return strcmp(key, "enable") == 0;
}

static bool
is_hostname(const char *key, const char *value)
{
	return is_indexed(key, "hostname") && value[0] != '\0';
}

static bool
is_service(const char *key, const char *value)
{
	return is_indexed(key, "service") && value[0] != '\0';
}

/* The value of the first label that is meant, prefix by prefix; NULL: there is none. */
static const char *
find(const struct map *labels, const char *prefix, bool (*is_meant)(const char *, const char *))
{
	const char *prefixes[LABEL_PREFIXES_MAX];
	size_t count = labels_prefixes(prefix, prefixes);

	for (size_t which = 0; which < count; which++) {
		size_t length = strlen(prefixes[which]);

		for (size_t at = 0; at < labels->count; at++) {
			const struct map_entry *entry = &labels->entries[at];

			if (strncmp(entry->key, prefixes[which], length) == 0 &&
			    is_meant(entry->key + length, entry->value))
				return entry->value;
		}
	}
	return NULL;
}

void
seen_judge(const struct map *labels, const char *prefix, bool enabled, enum on_network on_network,
    struct seen_entry *ret_entry)
{
	const char *hostname = find(labels, prefix, is_hostname);
	const char *service = find(labels, prefix, is_service);
	const char *enable = find(labels, prefix, is_enable);

	ret_entry->has_hostname = hostname != NULL;
	ret_entry->has_service = service != NULL;
	copy_cut(ret_entry->hostname, sizeof(ret_entry->hostname),
	    hostname == NULL ? "" : hostname);
	copy_service(ret_entry->service, sizeof(ret_entry->service),
	    service == NULL ? "" : service);
	copy_cut(ret_entry->value, sizeof(ret_entry->value), enable == NULL ? "" : enable);
	if (!enabled)
		ret_entry->verdict = enable == NULL ? CONTAINER_NO_ENABLE : CONTAINER_NOT_ENABLED;
	else if (hostname == NULL)
		ret_entry->verdict = CONTAINER_NO_HOSTNAME;
	else if (service == NULL)
		ret_entry->verdict = CONTAINER_NO_SERVICE;
	else
		ret_entry->verdict = on_network == OFF_NETWORK ? CONTAINER_OFF_NETWORK :
								 CONTAINER_PUBLISHED;
}

/* ---- the ignored ones ---- */

static void
add(struct seen_list *list, const char *prefix, const struct fact *fact)
{
	struct seen_entry *entry;

	/* The tunnel's own container has labels too, and is nobody's mistake. */
	if (strcmp(fact->name, TUNNEL_CONTAINER_NAME) == 0)
		return;
	list->in_all++;
	if (list->count == SEEN_MAX)
		return;
	entry = &list->entries[list->count++];
	memcpy(entry->id, fact->id, sizeof(entry->id));
	memcpy(entry->name, fact->name, sizeof(entry->name));
	seen_judge(&fact->labels.map, prefix, false, NOT_TOLD, entry);
}

static void
drop(struct seen_list *list, const char *id)
{
	for (size_t at = 0; at < list->count; at++) {
		if (strcmp(list->entries[at].id, id) != 0)
			continue;
		list->count--;
		list->in_all--;
		memmove(&list->entries[at], &list->entries[at + 1],
		    (list->count - at) * sizeof(list->entries[0]));
		return;
	}
}

void
seen_list_begin(struct seen *seen)
{
	seen->listing.in_all = seen->listing.count = 0;
}

void
seen_list_take(struct seen *seen, const char *prefix, const struct fact *fact)
{
	add(&seen->listing, prefix, fact);
}

void
seen_list_end(struct seen *seen)
{
	seen->ignored = seen->listing;
}

void
seen_event(struct seen *seen, const char *prefix, const struct event *event)
{
	if (event->kind != EVENT_START && event->kind != EVENT_END)
		return;
	drop(&seen->ignored, event->fact.id);
	/* Beyond what is shown only a list can tell how many there are. */
	if (event->kind == EVENT_START && !event->fact.labels.enabled &&
	    event->fact.labels.map.count > 0 && seen->ignored.count < SEEN_MAX)
		add(&seen->ignored, prefix, &event->fact);
}

/* ---- telling ---- */

static size_t
tell_enabled(const struct table *table, const char *prefix, bool faulty, struct seen_entry *entries,
    size_t count)
{
	for (size_t at = 0; at < table->count && count < SEEN_MAX; at++) {
		struct row *row = table->rows[at];
		struct seen_entry *entry = &entries[count];

		if (row->judged && (row->verdict != CONTAINER_PUBLISHED) != faulty)
			continue;
		seen_judge(&row->labels, prefix, true, row->on_network, entry);
		row->judged = true;
		row->verdict = (int)entry->verdict;
		if ((entry->verdict != CONTAINER_PUBLISHED) != faulty)
			continue;
		memcpy(entry->name, row->name, sizeof(entry->name));
		count++;
	}
	return count;
}

size_t
seen_tell(const struct seen *seen, const struct table *table, const char *prefix,
    struct seen_entry *entries, struct seen_container *ret_containers)
{
	size_t count = tell_enabled(table, prefix, true, entries, 0);

	count = tell_enabled(table, prefix, false, entries, count);
	memcpy(&entries[count], seen->ignored.entries,
	    seen->ignored.count * sizeof(seen->ignored.entries[0]));
	count += seen->ignored.count;
	for (size_t at = 0; at < count; at++) {
		const struct seen_entry *entry = &entries[at];

		ret_containers[at] = (struct seen_container){
			.name = entry->name,
			.verdict = (int)entry->verdict,
			.hostname = entry->has_hostname ? entry->hostname : NULL,
			.service = entry->has_service ? entry->service : NULL,
			.value = entry->verdict == CONTAINER_NOT_ENABLED ? entry->value : NULL,
		};
	}
	return count;
}
