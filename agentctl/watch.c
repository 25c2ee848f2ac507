/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See watch.h. */
#include "agentctl/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/attr.h"

/* Another screen, no cursor, long lines cut; and back (XTerm Control Sequences, DECSET). */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"

static bool on_terminal;

static void
say(const char *sequence)
{
	const ssize_t done = write(STDOUT_FILENO, sequence, strlen(sequence));

	(void)done;
}

/* Nothing but what may be done in a handler (signal-safety(7)). */
static void
on_end(int signal_number)
{
	if (on_terminal)
		say(LEAVE);
	/* Ctrl-C is how it is meant to end. */
	if (signal_number == SIGINT)
		_exit(EXIT_SUCCESS);
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

static void
on_stop(int signal_number UNUSED)
{
	const int before = errno;

	say(LEAVE);
	(void)raise(SIGSTOP);
	say(ENTER);
	errno = before;
}

/* Does nothing but wake the sleeper: the window has another size. */
static void
on_resize(int signal_number UNUSED)
{
}

static void
take_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_end };

	sigfillset(&action.sa_mask);
	for (size_t at = 0; at < ARRAY_LEN(ends); at++)
		(void)sigaction(ends[at], &action, NULL);
	if (!on_terminal)
		return;
	action.sa_handler = on_stop;
	(void)sigaction(SIGTSTP, &action, NULL);
	action.sa_handler = on_resize;
	(void)sigaction(SIGWINCH, &action, NULL);
}

bool
watch_on_terminal(void)
{
	return on_terminal;
}

/* In one piece, so that nobody sees half a frame. */
static int
show(const char *text, size_t length)
{
	const char *end = text + length;

	if (!on_terminal) {
		fwrite(text, 1, length, stdout);
		return fflush(stdout);
	}
	fputs(HOME, stdout);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *until = newline == NULL ? end : newline;

		fwrite(text, 1, (size_t)(until - text), stdout);
		fputs(REST_OF_LINE, stdout);
		/* No newline behind the last one: it would move the whole screen up. */
		if (until + 1 < end)
			fputs("\n", stdout);
		text = until + 1;
	}
	fputs(REST_OF_SCREEN, stdout);
	return fflush(stdout);
}

static int
draw_once(void (*draw)(FILE *file, void *context), void *context)
{
	char *text _cleanup_free_ = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	if (file == NULL)
		return 1;
	draw(file, context);
	if (fclose(file) != 0)
		return 1;
	return show(text, length) == 0 ? 0 : 1;
}

int
watch(int seconds, void (*draw)(FILE *file, void *context), void *context)
{
	static char large[65536];
	const struct timespec pause = { .tv_sec = seconds };

	on_terminal = isatty(STDOUT_FILENO) == 1;
	(void)setvbuf(stdout, large, _IOFBF, sizeof(large));
	take_signals();
	if (on_terminal)
		say(ENTER);
	while (draw_once(draw, context) == 0)
		(void)nanosleep(&pause, NULL);
	if (on_terminal)
		say(LEAVE);
	return EXIT_FAILURE;
}
