/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The master's answers, and the commands within: the first line is the status, the rest
 * the body.  A command that is taken goes through the journal, and is one that tunnel-keeper takes.
 *
 * Covers: workers/master-link/answer.c workers/master-link/command.c
 */
#include "answer.h"
#include "journal.h"
#include "tests/fuzz/fuzz.h"

static bool
is_code(const char *code)
{
	return text_is(TEXT_NAME, code, strlen(code));
}

static void
judge_answer(const struct http_answer *answer, enum route route, struct judgement *judgement)
{
	bool success = answer->status >= 200 && answer->status < 300;

	memset(judgement, 'x', sizeof(*judgement));
	answer_judge(answer, route, judgement);
	fuzz_assert(judgement->verdict < VERDICT_COUNT);
	fuzz_assert(strnlen(judgement->code, ANSWER_CODE_BYTES) < ANSWER_CODE_BYTES);
	fuzz_assert(is_code(judgement->code));
	fuzz_assert(strnlen(judgement->reason, ANSWER_REASON_BYTES) < ANSWER_REASON_BYTES);
	/* A code is quoted, and nothing else of the body. */
	if (strstr(judgement->code, FUZZ_SECRET) == NULL)
		fuzz_judge_why(judgement->reason, ANSWER_REASON_BYTES);
	if (judgement->verdict == VERDICT_DONE)
		fuzz_assert(success && json_check_structure(answer->body, 64) == JSON_GOOD);
	fuzz_assert(judgement->verdict != VERDICT_REJECTED || route == ROUTE_REGISTER);
	fuzz_assert(judgement->verdict != VERDICT_NOT_OFFERED || route == ROUTE_HELPER);
	fuzz_assert(
	    !success || judgement->verdict == VERDICT_DONE || judgement->verdict == VERDICT_AWAY);
}

/* tunnel-keeper's table takes what the journal holds. */
static void
judge_entry(const struct journal_entry *entry)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(MESSAGE_MAX_BYTES);
	struct message_command message = { .id = entry->id,
		.action = (int)entry->action,
		.tunnel_id = entry->tunnel_id[0] == '\0' ? NULL : entry->tunnel_id,
		.tunnel_name = entry->tunnel_name[0] == '\0' ? NULL : entry->tunnel_name,
		.token = entry->token[0] == '\0' ? NULL : entry->token };
	char why[RECORD_WHY_BYTES] = "";

	fuzz_assert(message_encode(MESSAGE_COMMAND, &message, &out, why) == 0);
	fuzz_assert(entry->action == COMMAND_STOP || (message.token != NULL && message.tunnel_id));
}

static void
judge_retire(const struct command *command)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct message_halt halt = { .id = command->operation_id };
	char why[RECORD_WHY_BYTES] = "";

	fuzz_assert(message_encode(MESSAGE_HALT, &halt, &out, why) == 0);
	fuzz_assert(command->command_id[0] != '\0');
	fuzz_assert(strlen(command->command_id) <= OPERATION_ID_MAX_BYTES);
}

static void
take_element(struct slice element, struct journal *journal)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[COMMAND_WHY_BYTES] = "";
	struct command command;

	if (command_decode(element, &arena, &command, why) != 0) {
		fuzz_assert(why[0] != '\0');
		/* An unknown action is quoted, and nothing else. */
		if (strncmp(why, "unknown action", 14) != 0)
			fuzz_judge_why(why, sizeof(why));
		return;
	}
	fuzz_assert(command.kind < KIND_COUNT);
	if (command.kind == KIND_CONFIGURE)
		fuzz_assert(fuzz_is_within(command.rules, element) &&
			    command.rules.bytes[0] == '{' &&
			    json_check(command.rules, JSON_MAX_DEPTH) == JSON_GOOD);
	else if (command.kind == KIND_PREPARE || command.kind == KIND_FINALIZE)
		judge_retire(&command);
	else
		journal_add(journal, &command);
}

static void
take_commands(struct slice answer)
{
	struct buffer file _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct journal journal = { 0 }, again;
	struct slice list, element;
	size_t at = 0;
	bool left_out;

	if (!commands_find(answer, &list))
		return;
	fuzz_assert(fuzz_is_within(list, answer));
	while (json_next_element(list, &at, &element))
		take_element(element, &journal);
	fuzz_assert(journal_write(&journal, &file, &left_out) == 0 && !left_out);
	fuzz_assert(journal_read((struct slice){ file.bytes, file.length }, &again) == 0);
	fuzz_assert(journal.count == again.count);
	for (size_t entry = 0; entry < journal.count; entry++) {
		judge_entry(&again.entries[entry]);
		fuzz_assert(strcmp(journal.entries[entry].token, again.entries[entry].token) == 0);
		fuzz_assert(journal_drop(&journal, again.entries[entry].id) || entry > 0);
	}
	journal_free(&again);
	journal_free(&journal);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice rest = fuzz_slice(bytes, length), first = { .bytes = "", .length = 0 };
	struct http_answer answer = { .detail = "timed out", .retry_after_ms = -1 };
	char *status _cleanup_free_ = NULL;
	struct judgement judgement;

	(void)fuzz_cut(&rest, "\n", &first);
	status = fuzz_text(first);
	answer.body = rest;
	answer.status = strtol(status, NULL, 10) % 1000;
	answer.error = answer.status == 0 ? HTTP_TIMEOUT : HTTP_OK;
	judge_answer(&answer, ROUTE_REGISTER, &judgement);
	judge_answer(&answer, ROUTE_HELPER, &judgement);
	judge_answer(&answer, ROUTE_AGENT, &judgement);
	if (judgement.verdict == VERDICT_DONE)
		take_commands(rest);
	return 0;
}
