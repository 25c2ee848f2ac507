/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What cloudflared says on /ready and /metrics.
 *
 * Covers: workers/tunnel-keeper/ready.c
 */
#include "common/message.h"
#include "ready.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct message_status_tunnel status = { .ready_connections = ready_connections(text) };
	char version[VERSION_MAX_BYTES + 1], why[RECORD_WHY_BYTES] = "";
	size_t version_length;

	memset(version, 'x', sizeof(version));
	ready_version(text, version);
	version_length = strnlen(version, sizeof(version));
	fuzz_assert(version_length <= VERSION_MAX_BYTES);
	fuzz_assert(memmem(bytes, length, version, version_length) != NULL);
	fuzz_assert(status.ready_connections >= -1);
	/* Both are told: the table of messages takes them. */
	status.version = version_length > 0 ? version : NULL;
	fuzz_assert(message_encode(MESSAGE_STATUS_TUNNEL, &status, &out, why) == 0);
	return 0;
}
