/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What the engine answers to gate-engine, by the first byte: "i" an inspect answer, "t"
 * an archive, "l" a list, "v" what the engine is, "d" something with an id, "p" a line of a pull.
 * What comes of it fits the frames that are sent on, and holds no secret but where one is due.
 *
 * Covers: workers/gate-engine/sight.c workers/gate-engine/tar.c workers/gate-engine/rows.c
 * workers/gate-engine/said.c
 */
#include <errno.h>

#include "common/splitter.h"
#include "tests/fuzz/fuzz.h"
#include "workers/gate-engine/order.h"
#include "workers/gate-engine/rows.h"
#include "workers/gate-engine/said.h"
#include "workers/gate-engine/tar.h"

/* What is sent must be what the other side takes. */
static void
judge_frame(enum message_id id, const void *body, enum process to, bool secret)
{
	struct buffer frame _cleanup_buffer_ = SECRET_BUFFER(MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";
	struct message message;

	fuzz_assert(message_encode(id, body, &frame, why) == 0);
	fuzz_assert(secret || strstr(frame.bytes, FUZZ_SECRET) == NULL);
	fuzz_assert(message_decode(PROCESS_GATE_ENGINE, to,
			(struct slice){ frame.bytes, frame.length }, &message, why) == 0);
	message_free(&message);
}

static void
take_inspect(struct slice text)
{
	struct gate_rules rules = { .network = "cloudflare-net" };
	char why[RECORD_WHY_BYTES] = "";
	struct message_gate_container told;
	struct sight sight;

	fuzz_assert(images_read("cloudflare/cloudflared:2025.9.0", NULL, &rules.images));
	if (sight_read(text, &rules.images.list[0], rules.network, &sight, why) != 0) {
		fuzz_assert(fuzz_is_zero(&sight, sizeof(sight)) && why[0] != '\0');
		fuzz_judge_why(why, sizeof(why));
		return;
	}
	fuzz_assert(!sight.labelled || sight.ours);
	fuzz_assert(!sight.token_in_file || (sight.labelled && sight.token[0] == '\0'));
	fuzz_assert(sight.ours || sight.token[0] == '\0');
	sight_tell(&sight, 1, &told);
	judge_frame(MESSAGE_GATE_CONTAINER, &told, PROCESS_GATE_TUNNEL, true);
	fuzz_assert(
	    sight.ours || (told.token == NULL && told.error == NULL && told.started_at == NULL &&
			      told.command_id == NULL && told.address == NULL &&
			      told.address6 == NULL && !told.on_network && told.exit_code == 0));
}

static void
take_archive(struct slice text)
{
	struct sight sight = { 0 };
	struct slice content;

	if (tar_read(text, "token", &content) == 0)
		fuzz_assert(fuzz_is_within(content, text));
	if (sight_take_token(&sight, text) != 0)
		fuzz_assert(fuzz_is_zero(&sight, sizeof(sight)));
	else
		fuzz_assert(strlen(sight.token) == content.length && content.length > 0 &&
			    text_is(TEXT_VISIBLE, sight.token, content.length));
}

/* ---- lists ---- */

static bool
on_element(void *context, struct slice text)
{
	return rows_take(context, "custom.", text);
}

static bool
on_oversized(void *context, struct slice head)
{
	(void)head;
	((struct rows *)context)->oversized++;
	return true;
}

static void
judge_page(const struct page *page)
{
	struct message_gate_rows rows = { .id = 1 };
	struct container_fact facts[PAGE_CONTAINERS_MAX];

	memcpy(facts, page->facts, page->count * sizeof(facts[0]));
	rows.containers.items = facts;
	rows.containers.count = page->count;
	fuzz_assert(page->count > 0 && page->count <= PAGE_CONTAINERS_MAX);
	judge_frame(MESSAGE_GATE_ROWS, &rows, PROCESS_GATE_READ, true);
	for (size_t at = 0; at < page->count; at++) {
		const struct map *labels = &page->facts[at].labels;

		fuzz_assert(labels->count > 0 ||
			    strcmp(page->facts[at].name, "dockflare-agent-tunnel") == 0);
		for (size_t each = 0; each < labels->count; each++)
			fuzz_assert(
			    strncmp(labels->entries[each].key, "custom.", 7) == 0 ||
			    strncmp(labels->entries[each].key, "dockflare.", 10) == 0 ||
			    strncmp(labels->entries[each].key, "cloudflare.tunnel.", 18) == 0);
	}
}

static void
take_list(struct slice text)
{
	static const struct splitter_sink sink = {
		.object = on_element,
		.oversized = on_oversized,
	};
	struct pieces pieces = pieces_begin(text);
	struct splitter splitter = { 0 };
	struct rows rows = { 0 };
	struct page *page;
	struct slice piece;
	int result = 0;

	splitter_begin(&splitter, true, 2048);
	while (pieces_next(&pieces, &piece))
		if (result == 0)
			result = splitter_feed(&splitter, piece, &sink, &rows);
	if (result == -ECANCELED)
		fuzz_judge_why(rows.why, sizeof(rows.why));
	fuzz_assert((result == -ECANCELED) == (rows.why[0] != '\0'));
	while ((page = rows_next(&rows)) != NULL) {
		judge_page(page);
		page_free(page);
	}
	rows_free(&rows);
	splitter_free(&splitter);
}

/* ---- short answers ---- */

static void
take_about(struct slice text)
{
	struct said_about about;
	struct message_gate_about_is is = { .id = 1,
		.version = about.version,
		.api_version = "1.41",
		.minimum = "1.24",
		.os = about.os,
		.arch = about.arch };

	if (said_about(text, &about) == 0)
		judge_frame(MESSAGE_GATE_ABOUT_IS, &is, PROCESS_GATE_READ, true);
}

static void
take_id(struct slice text)
{
	char id[CONTAINER_ID_BYTES + 1];
	struct message_gate_found found = { .id = 1, .object = id };

	if (said_id(text, id) == 0)
		judge_frame(MESSAGE_GATE_FOUND, &found, PROCESS_GATE_TUNNEL, false);
	else
		fuzz_assert(id[0] == '\0');
}

static void
take_progress(struct slice text)
{
	struct said_progress said;
	struct message_gate_progress progress = { .id = 1 };

	if (said_progress(text, &said) != 0) {
		fuzz_assert(fuzz_is_zero(&said, sizeof(said)));
		return;
	}
	progress.text = said.text[0] == '\0' ? NULL : said.text;
	progress.layer = said.layer[0] == '\0' ? NULL : said.layer;
	progress.error = said.error[0] == '\0' ? NULL : said.error;
	progress.current = said.current;
	progress.total = said.total;
	judge_frame(MESSAGE_GATE_PROGRESS, &progress, PROCESS_GATE_TUNNEL, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	char kind = length > 0 ? text.bytes[0] : '\0';

	if (length == 0)
		return 0;
	text.bytes++;
	text.length--;
	if (kind == 'i')
		take_inspect(text);
	else if (kind == 't')
		take_archive(text);
	else if (kind == 'l')
		take_list(text);
	else if (kind == 'v')
		take_about(text);
	else if (kind == 'd')
		take_id(text);
	else if (kind == 'p')
		take_progress(text);
	return 0;
}
