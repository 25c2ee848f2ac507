/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that confines itself.  See denied.h. */
#include "policy/denied.h"

#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log_event.h"

#define NAMES_MAX 512
#define NAME_BYTES 32

static char names[NAMES_MAX][NAME_BYTES];

static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

/* The number without libc's help: only what is safe in a signal handler (signal-safety(7)). */
static void
say_number(int number)
{
	char digits[12];
	size_t at = sizeof(digits) - 1;
	unsigned rest = number < 0 ? 0 : (unsigned)number;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	say(digits + at);
}

static void
on_denied(int number, siginfo_t *info, void *context)
{
	(void)context;
	say(log_level_marks[log_events[LOG_CALL_DENIED].level]);
	say(log_events[LOG_CALL_DENIED].id);
	say(" the sandbox denies system call ");
	if (info->si_syscall >= 0 && info->si_syscall < NAMES_MAX &&
	    names[info->si_syscall][0] != '\0') {
		say(names[info->si_syscall]);
		say(", ");
	}
	say("number ");
	say_number(info->si_syscall);
	say("; please report it\n");
	signal(number, SIG_DFL);
	raise(number);
}

void
denied_catch(void)
{
	struct sigaction action = { .sa_sigaction = on_denied, .sa_flags = SA_SIGINFO };

	for (int number = 0; number < NAMES_MAX; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

		snprintf(names[number], NAME_BYTES, "%s", name == NULL ? "" : name);
		free(name);
	}
	sigaction(SIGSYS, &action, NULL);
}
