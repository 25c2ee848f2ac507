/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See line.h. */
#include "agentctl/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "common/attr.h"
#include "common/printable.h"

#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)

/* ---- colours ---- */

#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define RESET "\033[0m"

/* What is not here is neither good nor bad. */
static const struct {
	const char *state;
	const char *colour;
} colours[] = {
	{ "healthy", GREEN },
	{ "connected", GREEN },
	{ "running", GREEN },
	{ "serves", GREEN },
	{ "degraded", YELLOW },
	{ "prepared", YELLOW },
	{ "decommissioned", YELLOW },
	{ "connecting", YELLOW },
	{ "away", YELLOW },
	{ "starting", YELLOW },
	{ "stopping", YELLOW },
	{ "backoff", YELLOW },
	{ "warning", YELLOW },
	{ "ignored", YELLOW },
	{ "no rule", YELLOW },
	{ "off network", YELLOW },
	{ "unhealthy", RED },
	{ "rejected", RED },
	{ "unreadable", RED },
	{ "error", RED },
	{ "stale", RED },
};

static const char *
colour_of(const char *word, size_t length)
{
	for (size_t at = 0; at < ARRAY_LEN(colours); at++)
		if (strlen(colours[at].state) == length &&
		    memcmp(colours[at].state, word, length) == 0)
			return colours[at].colour;
	return NULL;
}

/* ---- putting together ---- */

void
line_add(struct line *line, const char *format, ...)
{
	char text[2 * SHOWN_MAX_BYTES];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)buffer_add_text(&line->text, text);
}

void
line_add_state(struct line *line, const char *state)
{
	line->word_at = line->text.length;
	line->word_length = strlen(state);
	line_add(line, "%s", state);
}

void
line_begin(struct line *line, const char *what, const char *state)
{
	line_add(line, "%-8s ", what);
	line_add_state(line, state);
	line_add(line, "%*s", state[0] == '\0' ? 14 : 14 - (int)strlen(state), "");
}

void
line_add_part(struct line *line, const char *word, const char *text)
{
	const struct buffer *so_far = &line->text;

	if (text == NULL || text[0] == '\0')
		return;
	line_add(line, "%s%s%s%s",
	    so_far->length > 0 && so_far->bytes[so_far->length - 1] == ' ' ? "" : ", ", word,
	    word[0] == '\0' ? "" : " ", text);
}

void
line_add_count(struct line *line, int64_t count, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
	line_add_part(line, "", text);
}

/* ---- writing ---- */

static void
write_piece(const struct line *line, size_t from, size_t length, FILE *file)
{
	struct buffer shown _cleanup_buffer_ = BUFFER((size_t)4 * SHOWN_MAX_BYTES);

	if (length == 0)
		return;
	printable_add(&shown, line->text.bytes + from, length, 2 * SHOWN_MAX_BYTES);
	fputs(shown.bytes == NULL ? "" : shown.bytes, file);
}

void
line_write(const struct line *line, const struct output *output)
{
	size_t at = line->word_at, length = line->word_length, behind = at + length;
	const char *colour = NULL;

	if (output->colour && length > 0 && behind <= line->text.length)
		colour = colour_of(line->text.bytes + at, length);
	if (colour == NULL) {
		write_piece(line, 0, line->text.length, output->file);
	} else {
		write_piece(line, 0, at, output->file);
		fputs(colour, output->file);
		write_piece(line, at, length, output->file);
		fputs(RESET, output->file);
		write_piece(line, behind, line->text.length - behind, output->file);
	}
	fputc('\n', output->file);
}

void
line_free(struct line *line)
{
	buffer_free(&line->text);
}

/* ---- times ---- */

const char *
age_text(int64_t seconds, char text[AGE_BYTES])
{
	if (seconds < 0)
		snprintf(text, AGE_BYTES, "never");
	else if (seconds < 2 * MINUTE_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " s", seconds);
	else if (seconds < HOUR_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " min", seconds / MINUTE_S);
	else if (seconds < DAY_S)
		snprintf(text, AGE_BYTES, "%" PRId64 " h %" PRId64 " min", seconds / HOUR_S,
		    seconds % HOUR_S / MINUTE_S);
	else
		snprintf(text, AGE_BYTES, "%" PRId64 " d %" PRId64 " h", seconds / DAY_S,
		    seconds % DAY_S / HOUR_S);
	return text;
}

const char *
ago_text(int64_t seconds, char text[AGE_BYTES])
{
	age_text(seconds, text);
	if (seconds >= 0)
		strncat(text, " ago", AGE_BYTES - strlen(text) - 1);
	return text;
}
