/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library that lets a program see other clocks than the machine has.  It stands in the place of
 * one that the program loads before libc, and loads that one in turn, so that its clock_gettime(2),
 * gettimeofday(2), time(2) and poll(2) come first: harness/clock.py says how.
 *
 * SHIFT_FILE holds two native 64-bit numbers, which the test changes while the program runs: the
 * nanoseconds to be added to the clock of the day, and to those that count from the machine's
 * start.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ll
#define MILLISECOND 1000000ll
#define SLICE (50 * MILLISECOND)

static const volatile int64_t none[2];
static const volatile int64_t *shift = none;

/* Before main, and so before the sandbox is whole. */
__attribute__((constructor)) static void
map_shift(void)
{
	int fd = open(SHIFT_FILE, O_RDONLY | O_CLOEXEC);
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(none), PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (mapped != MAP_FAILED)
		shift = mapped;
}

static int64_t
shift_of(clockid_t clock)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		return shift[0];
	if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
	    clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME)
		return shift[1];
	return 0;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t all;

	if (syscall(SYS_clock_gettime, clock, now) != 0)
		return -1;
	all = now->tv_sec * SECOND + now->tv_nsec + shift_of(clock);
	now->tv_sec = all / SECOND;
	now->tv_nsec = all % SECOND;
	return 0;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec time;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &time);
	now->tv_sec = time.tv_sec;
	now->tv_usec = time.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *now)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	if (now != NULL)
		*now = time.tv_sec;
	return time.tv_sec;
}

static int64_t
since_start(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* A wait whose end is stepped over ends soon, as it does where the kernel's clock is stepped. */
int
poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int64_t until = since_start() + timeout_ms * MILLISECOND, left;
	struct timespec slice;
	long ready;

	if (timeout_ms < 0)
		return (int)syscall(SYS_ppoll, fds, count, NULL, NULL, 0);
	do {
		left = until - since_start();
		left = left < 0 ? 0 : left > SLICE ? SLICE : left;
		slice = (struct timespec){ .tv_nsec = left };
		ready = syscall(SYS_ppoll, fds, count, &slice, NULL, 0);
	} while (ready == 0 && since_start() < until);
	return (int)ready;
}

/* What _FORTIFY_SOURCE makes of it. */
int
__poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
	(void)size;
	return poll(fds, count, timeout_ms);
}
