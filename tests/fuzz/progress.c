/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The progress of a pull: the same account of it wherever the stream's pieces end.
 *
 * Covers: workers/tunnel-keeper/progress.c
 */
#include "common/record.h"
#include "progress.h"
#include "tests/fuzz/fuzz.h"

static void
judge(const struct progress *progress)
{
	fuzz_assert(progress->layer_count <= PROGRESS_LAYERS_MAX);
	for (size_t at = 0; at < progress->layer_count; at++) {
		const struct progress_layer *layer = &progress->layers[at];

		fuzz_assert(strlen(layer->id) == 12 && text_is(TEXT_HEX, layer->id, 12));
		fuzz_assert(layer->current_bytes >= 0 && layer->total_bytes >= 0);
	}
	fuzz_assert(strnlen(progress->error, sizeof(progress->error)) < sizeof(progress->error));
	fuzz_assert(text_is(TEXT_LINE, progress->error, strlen(progress->error)));
	fuzz_assert(progress->line.length <= PROGRESS_LINE_MAX_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length), piece;
	struct pieces pieces = pieces_begin(text);
	struct progress whole = PROGRESS(), cut = PROGRESS();
	char told_whole[128], told_cut[128];

	progress_take(&whole, text);
	while (pieces_next(&pieces, &piece)) {
		progress_take(&cut, piece);
		judge(&cut);
	}
	judge(&whole);
	progress_tell(&whole, told_whole, sizeof(told_whole));
	progress_tell(&cut, told_cut, sizeof(told_cut));
	fuzz_assert(strcmp(told_whole, told_cut) == 0);
	fuzz_assert(strcmp(whole.error, cut.error) == 0);
	progress_free(&whole);
	progress_free(&cut);
	return 0;
}
