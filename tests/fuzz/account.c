/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What dockflare-agentctl reads from the status socket, and what it makes of it.  The
 * workers' parts may be hostile: a bad one costs only itself.
 *
 * Covers: agentctl/account.c agentctl/verdict.c
 */
#include <errno.h>

#include "agentctl/account.h"
#include "agentctl/verdict.h"
#include "tests/fuzz/fuzz.h"

static void
judge_worker(const struct account *account, enum process process)
{
	const struct message_status_worker *worker = account_worker(account, process);
	const union message_body *blob = account_of(account, process);

	fuzz_judge_why(account->flaws[process], RECORD_WHY_BYTES);
	fuzz_assert(worker == NULL || worker->process == (int)process);
	fuzz_assert(blob == NULL || worker != NULL);
	fuzz_assert(blob == NULL || account->flaws[process][0] == '\0');
	if (blob != NULL)
		fuzz_assert(
		    (messages[account->blobs[process].id].from & PROCESS_BIT(process)) != 0);
}

static void
judge(const struct account *account)
{
	struct buffer reasons _cleanup_buffer_ = BUFFER(4096);
	int64_t now_ms = account->agent.body.status_agent.now_ms;

	fuzz_assert(account->agent.id == MESSAGE_STATUS_AGENT);
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		judge_worker(account, process);
	fuzz_assert(account_age_s(account, -1) == -1);
	fuzz_assert(account_age_s(account, now_ms < 0 ? 0 : now_ms) == 0);
	fuzz_assert(verdict(account, &reasons) < HEALTH_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char why[ACCOUNT_WHY_BYTES] = "";
	struct account account;
	int error = account_read(fuzz_slice(bytes, length), &account, why);

	if (error == 0) {
		judge(&account);
	} else {
		fuzz_assert(error == -EBADMSG && why[0] != '\0');
		fuzz_judge_why(why, sizeof(why));
	}
	account_free(&account);
	return 0;
}
