/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher and tunnel-keeper, in a check.  See docker_check.h. */
#include "common/docker_check.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define CALL_MS 10000
#define HEADER_WAIT_MS 4000 /* a proxy may hold the header back until the first event */
#define CALL_BYTES 200
#define MESSAGE_BYTES 200

static void next(struct docker_check *check);

/* ---- judging ---- */

static enum finding
judge_failure(enum http_error error)
{
	switch (error) {
	case HTTP_UNREACHABLE:
		return FINDING_DOCKER_UNREACHABLE;
	case HTTP_TIMEOUT:
		return FINDING_DOCKER_TIMEOUT;
	case HTTP_OK:
	case HTTP_CUT:
	case HTTP_TOO_LARGE:
	case HTTP_TLS:
	case HTTP_PROTOCOL:
	case HTTP_PROXY:
	case HTTP_FAILED:
		break;
	}
	return FINDING_NO_DOCKER;
}

void
docker_check_say_failure(enum http_error error, const char *detail)
{
	finding_say(judge_failure(error), "%s", detail);
}

/* Docker's own refusal of what was asked in a form that it can't take. */
static bool
is_own_refusal(const struct docker_probe *probe, long status, const char *message)
{
	if (status == 403)
		return probe->gate_refusal != NULL && strcmp(message, probe->gate_refusal) == 0;
	return probe->kind == PROBE_REFUSED && status >= 400 && status <= 500;
}

static bool
is_good(const struct docker_probe *probe, const struct http_answer *answer, bool said,
    const char *message)
{
	if (probe->kind == PROBE_REFUSED)
		return said && is_own_refusal(probe, answer->status, message);
	return answer->status == 200 || (answer->status == 404 && said && probe->absent_is_good);
}

enum finding
docker_check_judge(const struct docker_probe *probe, const struct http_answer *answer)
{
	char message[MESSAGE_BYTES] = "";
	bool said;

	if (answer->error != HTTP_OK)
		return judge_failure(answer->error);
	said = docker_message(answer->body, message, sizeof(message));
	if (is_good(probe, answer, said, message))
		return FINDING_CALL_GOOD;
	if (answer->status == 401 || answer->status == 403 || answer->status == 405)
		return probe->spare ? FINDING_CALL_MISSED : FINDING_CALL_DENIED;
	if (answer->status >= 502 && answer->status <= 504)
		return FINDING_ENGINE_AWAY;
	return said ? FINDING_CALL_FAILED : FINDING_NO_DOCKER;
}

/* ---- one probe ---- */

/* "GET /v1.41/containers/json", as a rule of a proxy's must let it through. */
static void
name_call(const struct docker_check *check, char call[CALL_BYTES])
{
	const struct docker_probe *probe = &check->probes[check->at];
	const char *path = probe->shown != NULL ? probe->shown : probe->path;

	(void)snprintf(call, CALL_BYTES, "%s %s%s%.*s", probe->method, probe->plain ? "" : "/v",
	    probe->plain ? "" : check->docker->api_version, (int)strcspn(path, "?"), path);
}

static bool
is_denied(enum finding finding)
{
	return finding == FINDING_CALL_DENIED || finding == FINDING_CALL_MISSED;
}

static void
say(struct docker_check *check, const struct http_answer *answer)
{
	const struct docker_probe *probe = &check->probes[check->at];
	enum finding finding = docker_check_judge(probe, answer);
	char call[CALL_BYTES];

	name_call(check, call);
	if (is_denied(finding))
		finding_say(finding, "the proxy denies %s (%ld)", call, answer->status);
	else if (finding != FINDING_CALL_GOOD)
		finding_say(finding, "%s",
		    docker_explain(check->docker, probe->method, probe->path, answer));
	else if (probe->kind == PROBE_REFUSED)
		finding_say(finding, "%s: let through (asked so that Docker refuses it: %ld)", call,
		    answer->status);
	else
		finding_say(finding, "%s: let through", call);
	if (finding == FINDING_CALL_GOOD && probe->answered != NULL)
		probe->answered(check->context, answer);
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct docker_check *check = context;

	check->request = NULL;
	worker_timer_stop(check->docker->worker, &check->header);
	say(check, answer);
	check->at++;
	next(check);
}

static void
end_stream(struct docker_check *check, const char *how)
{
	char call[CALL_BYTES];

	name_call(check, call);
	http_cancel(check->docker->http, check->request);
	check->request = NULL;
	worker_timer_stop(check->docker->worker, &check->header);
	finding_say(FINDING_CALL_GOOD, "%s: let through%s", call, how);
	check->at++;
	next(check);
}

static void
on_start(void *context, long status)
{
	if (status == 200)
		end_stream(context, "");
}

static void
on_no_header(struct worker *worker, struct worker_timer *timer)
{
	(void)worker;
	end_stream(container_of(timer, struct docker_check, header),
	    " (its header comes with the first event only)");
}

static bool
on_data(void *context, struct slice piece)
{
	struct docker_check *check = context;
	const struct docker_probe *probe = &check->probes[check->at];

	return probe->data(check->context, piece);
}

static void
next(struct docker_check *check)
{
	const struct docker_probe *probe = &check->probes[check->at];
	struct docker_call call = { .on_done = on_done, .timeout_ms = CALL_MS, .context = check };

	if (check->at == check->count) {
		check->done(check->context);
		return;
	}
	call.method = probe->method;
	call.path = probe->path;
	call.body_max_bytes = probe->body_max_bytes;
	if (probe->body != NULL)
		call.body = (struct slice){ .bytes = probe->body, .length = strlen(probe->body) };
	if (probe->data != NULL)
		call.on_data = on_data;
	if (probe->kind == PROBE_STREAM) {
		call.on_start = on_start;
		worker_timer_set(check->docker->worker, &check->header, HEADER_WAIT_MS,
		    on_no_header);
	}
	check->request = probe->plain ? docker_call_plain(check->docker, &call) :
					docker_call(check->docker, &call);
	if (check->request == NULL)
		fatal("out of memory");
}

/* ---- connecting ---- */

static void
say_no_connection(const struct docker *docker)
{
	static const struct docker_probe version = { .kind = PROBE_READ };
	struct http_answer answer = { .error = docker->failed, .status = docker->failed_status };

	if (docker->failed != HTTP_OK)
		docker_check_say_failure(docker->failed, docker->error);
	else if (docker->failed_status != 0 && is_denied(docker_check_judge(&version, &answer)))
		finding_say(FINDING_CALL_DENIED, "the proxy denies GET /version (%ld)",
		    docker->failed_status);
	else if (docker->failed_status != 0)
		finding_say(docker_check_judge(&version, &answer), "%s", docker->error);
	else if (docker->newest[0] != '\0')
		finding_say(FINDING_DOCKER_OTHER_VERSION, "%s", docker->error);
	else if (docker->endpoint.not_allowed)
		finding_say(FINDING_DOCKER_ADDRESS, "%s", docker->error);
	else if (docker->endpoint.silent)
		finding_say(FINDING_NO_DNS, "%s", docker->error);
	/* Of a name without addresses name-resolver has told. */
}

static void
on_connected(struct docker *docker, bool ok)
{
	struct docker_check *check = docker->check;

	if (!ok) {
		say_no_connection(docker);
		check->done(check->context);
		return;
	}
	finding_say(FINDING_DOCKER_VERSION, "Docker is reached; API %s of %s%s%s",
	    docker->api_version, docker->oldest, docker->oldest[0] != '\0' ? " to " : "",
	    docker->newest);
	next(check);
}

void
docker_check_begin(struct docker_check *check, struct docker *docker,
    const struct docker_probe *probes, size_t count, void (*done)(void *worker))
{
	*check = (struct docker_check){ .docker = docker,
		.probes = probes,
		.count = count,
		.done = done,
		.context = docker->worker };
	docker->check = check;
	docker_connect(check->docker, on_connected);
}
