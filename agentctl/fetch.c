/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  The status socket: see account.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentctl/account.h"
#include "common/attr.h"
#include "common/clock.h"

static int
connect_to(const char *folder, int *ret_fd, char why[ACCOUNT_WHY_BYTES])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/status.sock", folder);
	int fd _cleanup_close_ = -1, error;

	if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
		snprintf(why, ACCOUNT_WHY_BYTES, "the path of AGENT_RUN_DIR is too long");
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		error = errno;
		snprintf(why, ACCOUNT_WHY_BYTES,
		    "no agent answers at %.120s: %s; is it running, and AGENT_RUN_DIR the same?",
		    address.sun_path, strerrordesc_np(error));
		return -error;
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Reads once, when there is something.  Bytes, 0 at the end, -errno. */
static ssize_t
read_some(int fd, int64_t until_ms, char *chunk, size_t size)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	int64_t left = until_ms - clock_ms();
	int ready = left > 0 ? poll(&input, 1, (int)left) : 0;
	ssize_t got;

	if (ready == 0)
		return -ETIMEDOUT;
	got = ready < 0 ? -1 : read(fd, chunk, size);
	return got < 0 ? -errno : got;
}

int
account_fetch(const char *folder, struct buffer *out, char why[ACCOUNT_WHY_BYTES])
{
	int64_t until_ms = clock_ms() + ACCOUNT_WAIT_MS;
	int fd _cleanup_close_ = -1;
	char chunk[16384];
	ssize_t got;
	int error = connect_to(folder, &fd, why);

	if (error != 0)
		return error;
	do {
		got = read_some(fd, until_ms, chunk, sizeof(chunk));
		if (got == -EINTR)
			continue;
		if (got > 0 && buffer_add(out, chunk, (size_t)got) != 0)
			got = -EMSGSIZE;
	} while (got > 0 || got == -EINTR);
	if (got < 0)
		snprintf(why, ACCOUNT_WHY_BYTES, "the agent does not finish its answer: %s",
		    strerrordesc_np((int)-got));
	return (int)got;
}
