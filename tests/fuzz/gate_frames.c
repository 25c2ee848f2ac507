/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  A frame of a front (the first byte says which: "r" or "t"), and behind a line of
 * "---" what Docker says of the container of the tunnel's name: whatever they are, what would be
 * sent to Docker is a template's form, with an id that Docker gave and texts that the gate has.
 *
 * Covers: workers/gate-engine/order.c workers/gate-engine/calls.c workers/gate-engine/create.c
 */
#include "common/record.h"
#include "tests/fuzz/fuzz.h"
#include "workers/gate-engine/create.h"
#include "workers/gate-engine/tar.h"

#define IMAGE "cloudflare/cloudflared:2025.9.0"
#define OLDER "registry.example:5000/cf/cloudflared:2025.2.1"
#define NETWORK "cloudflare-net"

/*
 * What may be sent, written down once more and independently: "#" is 64 hexadecimal digits, "@" a
 * number up to 60.
 */
static const struct {
	const char *method;
	const char *path;
} forms[] = {
	{ "GET", "/version" },
	{ "GET", "/containers/json" },
	{ "GET", "/containers/json?all=1" },
	{ "GET", "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B"
		 "%22start%22%2C%22die%22%2C%22died%22%2C%22stop%22%2C%22destroy%22%2C"
		 "%22remove%22%2C%22rename%22%2C%22pause%22%2C%22unpause%22%5D%7D" },
	{ "GET", "/containers/dockflare-agent-tunnel/json" },
	{ "POST", "/containers/#/start" },
	{ "POST", "/containers/#/stop?t=@" },
	{ "DELETE", "/containers/#?v=1&force=1" },
	{ "GET", "/containers/#/archive?path=/etc/dockflare-tunnel/token" },
	{ "PUT", "/containers/#/archive?path=/etc/dockflare-tunnel" },
	{ "POST", "/containers/create?name=dockflare-agent-tunnel" },
	{ "GET", "/networks/" NETWORK },
	{ "GET", "/images/" IMAGE "/json" },
	{ "GET", "/images/" OLDER "/json" },
	{ "POST", "/images/create?fromImage=cloudflare/cloudflared&tag=2025.9.0" },
	{ "POST", "/images/create?fromImage=registry.example:5000/cf/cloudflared&tag=2025.2.1" },
};

static bool
take_hex(const char **at)
{
	for (size_t i = 0; i < CONTAINER_ID_BYTES; i++, (*at)++)
		if ((**at < '0' || **at > '9') && (**at < 'a' || **at > 'f'))
			return false;
	return true;
}

static bool
take_seconds(const char **at)
{
	int number = 0, digits = 0;

	for (; **at >= '0' && **at <= '9' && digits < 3; (*at)++, digits++)
		number = number * 10 + (**at - '0');
	return digits > 0 && number <= GATE_STOP_MAX_S;
}

static bool
is_of_form(const char *path, const char *form)
{
	for (; *form != '\0'; form++) {
		if (*form == '#') {
			if (!take_hex(&path))
				return false;
		} else if (*form == '@') {
			if (!take_seconds(&path))
				return false;
		} else if (*path++ != *form) {
			return false;
		}
	}
	return *path == '\0';
}

static bool
is_a_form(const char *method, const char *path)
{
	for (size_t at = 0; at < ARRAY_LEN(forms); at++)
		if (strcmp(forms[at].method, method) == 0 && is_of_form(path, forms[at].path))
			return true;
	return false;
}

static void
judge_call(const struct gate_rules *rules, const struct order *order, enum call call,
    const char *id)
{
	struct call_words words = { .id = id,
		.seconds = order->seconds,
		.network = rules->network,
		.image = order->image };
	char path[CALL_PATH_BYTES];

	fuzz_assert(call_path(call, &words, path) == 0);
	fuzz_assert(is_a_form(calls[call].method, path));
}

/* The body around its texts is always the same. */
static void
judge_body(const struct gate_rules *rules, const struct order *order)
{
	static const char tail[] = "\"HostConfig\":{\"NetworkMode\":\"" NETWORK "\","
				   "\"RestartPolicy\":{\"Name\":\"unless-stopped\"},"
				   "\"ReadonlyRootfs\":true,\"Privileged\":false,"
				   "\"CapDrop\":[\"ALL\"],"
				   "\"SecurityOpt\":[\"no-new-privileges\"],";
	struct buffer body _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct slice text, member, key;
	char why[RECORD_WHY_BYTES] = "";
	size_t at = 0, members = 0;

	fuzz_assert(create_body(rules, order, &body, why) == 0);
	text = (struct slice){ body.bytes, body.length };
	fuzz_assert(json_check(text, JSON_MAX_DEPTH) == JSON_GOOD);
	while (json_next_member(text, &at, &key, &member))
		members++;
	fuzz_assert(members == 6);
	fuzz_assert(memmem(text.bytes, text.length, tail, strlen(tail)) != NULL);
	/* A text in the body could only hold it with its quotes escaped. */
	fuzz_assert(json_member(text, "HostConfig", &member));
	at = members = 0;
	while (json_next_member(member, &at, &key, &text))
		members++;
	fuzz_assert(members == 11);
	fuzz_assert((strstr(body.bytes, order->token) == NULL) == order->token_in_file);
}

static void
judge_archive(const struct order *order)
{
	struct buffer archive _cleanup_buffer_ = SECRET_BUFFER(TAR_ANSWER_MAX_BYTES);
	struct slice content;

	fuzz_assert(create_archive(order, &archive) == 0);
	fuzz_assert(
	    tar_read((struct slice){ archive.bytes, archive.length }, TOKEN_FILE, &content) == 0);
	fuzz_assert(content.length == strlen(order->token) &&
		    memcmp(content.bytes, order->token, content.length) == 0);
}

static void
judge_refusal(const struct refusal *refusal)
{
	fuzz_assert(refusal->status >= 400 && refusal->status < 500);
	fuzz_assert(refusal->text[0] != '\0');
	fuzz_assert(text_is(TEXT_LINE, refusal->text, strlen(refusal->text)));
}

/* The container that was found decides: only its own id is ever acted on, and only if it is ours. */
static void
judge_act(const struct gate_rules *rules, const struct order *order, struct slice answer)
{
	char why[RECORD_WHY_BYTES] = "";
	struct refusal refusal;
	struct sight sight;
	enum call call;

	if (sight_read(answer, &rules->images.list[0], rules->network, &sight, why) != 0)
		return;
	if (order_judge(order, &sight, &call, &refusal) != 0) {
		judge_refusal(&refusal);
		fuzz_assert(call == CALL_COUNT);
		return;
	}
	fuzz_assert(order->container[0] == '\0' || strcmp(order->container, sight.id) == 0);
	if (call == CALL_COUNT) {
		fuzz_assert(order->verb == VERB_INSPECT);
		return;
	}
	fuzz_assert(sight.ours);
	fuzz_assert(call == CALL_READ_TOKEN || call == CALL_START || call == CALL_STOP ||
		    call == CALL_REMOVE);
	judge_call(rules, order, call, sight.id);
	fuzz_assert(memmem(answer.bytes, answer.length, sight.id, CONTAINER_ID_BYTES) != NULL);
}

static void
take_order(const struct gate_rules *rules, const struct message *message, struct slice answer)
{
	struct order order;
	struct refusal refusal;

	if (order_take(rules, message, &order, &refusal) != 0) {
		judge_refusal(&refusal);
		order_free(&order);
		return;
	}
	fuzz_assert(order.image == NULL || order.image == &rules->images.list[0] ||
		    order.image == &rules->images.list[1]);
	judge_call(rules, &order, order_first_call(&order), NULL);
	if (order.verb == VERB_CREATE) {
		judge_body(rules, &order);
		judge_archive(&order);
	} else if (order_first_call(&order) == CALL_INSPECT) {
		judge_act(rules, &order, answer);
	}
	order_free(&order);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct gate_rules rules = { .network = NETWORK, .memory_mib = 256 };
	struct slice text = fuzz_slice(bytes, length), frame, answer = { "", 0 };
	enum process from = length > 0 && bytes[0] == 'r' ? PROCESS_GATE_READ : PROCESS_GATE_TUNNEL;
	char why[RECORD_WHY_BYTES] = "";
	struct message message;

	rules.token_in = (enum token_in)(length % 3);
	rules.allowed = length % 5 == 4 ? "acc1/tun1" : NULL;
	fuzz_assert(images_read(IMAGE, OLDER, &rules.images));
	if (!fuzz_cut(&text, "\n---\n", &frame) || frame.length == 0)
		return 0;
	(void)fuzz_cut(&text, "\n---\n", &answer);
	frame.bytes++;
	frame.length--;
	if (message_decode(from, PROCESS_GATE_ENGINE, frame, &message, why) != 0)
		return 0;
	if (message.id != MESSAGE_GATE_CANCEL && message.id != MESSAGE_AT_WORK)
		take_order(&rules, &message, answer);
	message_free(&message);
	return 0;
}
