/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher, tunnel-keeper and gate-engine.  The Docker client that they need: see docker.h. 
 * Trusts neither the engine nor the proxy before it: every answer is bounded and judged.
 */
#include "common/docker.h"

#include <stdio.h>
#include <string.h>

#include "common/docker_calls.h"
#include "common/log.h"
#include "common/record.h"

#define PING_TIMEOUT_MS 10000
#define VERSION_MAX_BYTES (256 * 1024)

/* GET /version (Docker API 1.24 to 1.52); MinAPIVersion since 1.25. */
struct version {
	const char *api;
	const char *minimum;
};

static const struct field version_fields[] = {
	{ .name = "ApiVersion",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .min = 1,
	    .max = 16,
	    .offset = offsetof(struct version, api) },
	{ .name = "MinAPIVersion",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .max = 16,
	    .optional = true,
	    .offset = offsetof(struct version, minimum) },
};

static const struct record version_record = {
	.name = "version",
	.size_bytes = sizeof(struct version),
	.open = true,
	.field_count = ARRAY_LEN(version_fields),
	.fields = version_fields,
};

static bool
is_docker_address(const struct endpoint *endpoint, const struct address *address)
{
	return address_good_for_docker(address, &endpoint->listed);
}

/* Judges again at connect: what libcurl connects to is what was judged. */
static bool
judge(void *context, const struct address *address, uint16_t port)
{
	const struct docker *docker = context;

	return port == docker->endpoint.url.port && is_docker_address(&docker->endpoint, address);
}

void
docker_init(struct docker *docker, struct worker *worker, struct http *http,
    enum setting url_setting, void *context)
{
	*docker = (struct docker){ .http = http, .worker = worker, .context = context };
	endpoint_init(&docker->endpoint, worker_setting(worker, url_setting),
	    worker_setting(worker, SETTING_DOCKER_ADDRESSES), is_docker_address);
}

/* http://HOST:PORT of the endpoint; for a unix socket the host is only a name. */
static int
add_base(const struct docker *docker, struct buffer *url)
{
	const struct url *parts = &docker->endpoint.url;

	if (parts->scheme == URL_UNIX)
		return buffer_add_text(url, "http://docker");
	return buffer_printf(url, parts->host_is_ipv6 ? "http://[%s]:%u%s" : "http://%s:%u%s",
	    parts->host, parts->port, parts->path);
}

/* A call that is no row of the list is a bug here.  docker-gate has a list of its own. */
static void
check_listed(const struct docker *docker, const char *prefix, const struct docker_call *call)
{
	enum process process = worker_process(docker->worker);

	if (process != PROCESS_GATE_ENGINE &&
	    docker_call_find(process, prefix[0] == '\0', call->method, call->path) == NULL)
		fatal("a Docker call that is not in the list of them: %s %.100s", call->method,
		    call->path);
}

static struct http_request *
start(struct docker *docker, const char *prefix, const struct docker_call *call)
{
	struct buffer url _cleanup_buffer_ = BUFFER(16 * 1024);
	const struct url *parts = &docker->endpoint.url;
	bool is_unix = parts->scheme == URL_UNIX;
	struct http_call request = {
		.method = call->method,
		.unix_socket = is_unix ? parts->path : NULL,
		.resolve_host = parts->host,
		.resolve_port = parts->port,
		.resolve_address = is_unix || parts->host_is_address ?
				       NULL :
				       endpoint_address(&docker->endpoint),
		.body = call->body,
		.body_type = call->body_type,
		.body_max_bytes = call->body_max_bytes,
		.timeout_ms = call->timeout_ms,
		.idle_timeout_ms = call->idle_timeout_ms,
		.judge = judge,
		.judge_context = docker,
		.on_start = call->on_start,
		.on_data = call->on_data,
		.on_done = call->on_done,
		.context = call->context,
	};

	check_listed(docker, prefix, call);
	if (add_base(docker, &url) < 0 || buffer_add_text(&url, prefix) < 0 ||
	    buffer_add_text(&url, call->path) < 0)
		return NULL;
	request.url = url.bytes;
	return http_start(docker->http, &request);
}

struct http_request *
docker_call(struct docker *docker, const struct docker_call *call)
{
	char prefix[16];

	if (docker->api_minor == 0)
		fatal("a Docker call before the API version is settled");
	(void)snprintf(prefix, sizeof(prefix), "/v%s", docker->api_version);
	return start(docker, prefix, call);
}

struct http_request *
docker_call_plain(struct docker *docker, const struct docker_call *call)
{
	return start(docker, "", call);
}

/* ---- connecting ---- */

static void
finish(struct docker *docker, bool ok)
{
	docker->connecting = NULL;
	docker->connected(docker, ok);
}

static void on_address(struct endpoint *endpoint, bool ok);

static void
fail(struct docker *docker, const char *path, const struct http_answer *answer)
{
	bool next = answer->error != HTTP_OK && endpoint_failed(&docker->endpoint);

	/* One that hangs has taken long enough. */
	if (next && answer->error != HTTP_TIMEOUT) {
		docker->connecting = NULL;
		endpoint_prepare(&docker->endpoint, docker->worker, on_address);
		return;
	}
	docker->failed = answer->error;
	docker->failed_status = answer->status;
	(void)docker_explain(docker, "GET", path, answer);
	finish(docker, false);
}

/* An unversioned GET, as it comes before a version is known. */
static void
ask(struct docker *docker, const char *path,
    void (*on_done)(void *context, const struct http_answer *answer))
{
	struct docker_call call = {
		.method = "GET",
		.path = path,
		.body_max_bytes = VERSION_MAX_BYTES,
		.timeout_ms = PING_TIMEOUT_MS,
		.on_done = on_done,
		.context = docker,
	};

	docker->connecting = start(docker, "", &call);
	if (docker->connecting == NULL) {
		(void)snprintf(docker->error, sizeof(docker->error), "GET %s could not be set up",
		    path);
		finish(docker, false);
	}
}

static bool
settle(struct docker *docker, const struct http_answer *answer)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct version version;
	const char *told;

	if (record_decode(&version_record, answer->body, &arena, &version, why) < 0) {
		(void)snprintf(docker->error, sizeof(docker->error),
		    "the answer to GET /version is not Docker's: %s", why);
		docker->failed = HTTP_PROTOCOL;
		return false;
	}
	(void)snprintf(docker->newest, sizeof(docker->newest), "%s", version.api);
	(void)snprintf(docker->oldest, sizeof(docker->oldest), "%s",
	    version.minimum == NULL ? "" : version.minimum);
	told = json_member_text(answer->body, "Version", TEXT_LINE, sizeof(docker->engine) - 1,
	    &arena);
	(void)snprintf(docker->engine, sizeof(docker->engine), "%s", told == NULL ? "" : told);
	docker->api_minor = docker_choose_version(version.api, version.minimum, docker->error);
	if (docker->api_minor == 0)
		return false;
	(void)snprintf(docker->api_version, sizeof(docker->api_version), "1.%d", docker->api_minor);
	return true;
}

static void
on_version(void *context, const struct http_answer *answer)
{
	struct docker *docker = context;

	if (answer->error != HTTP_OK || answer->status != 200) {
		fail(docker, "/version", answer);
		return;
	}
	finish(docker, settle(docker, answer));
}

static void
on_ping(void *context, const struct http_answer *answer)
{
	struct docker *docker = context;

	/* A proxy that denies /_ping may still let /version through. */
	if (answer->error != HTTP_OK || (answer->status != 200 && answer->status != 403)) {
		fail(docker, "/_ping", answer);
		return;
	}
	endpoint_worked(&docker->endpoint);
	ask(docker, "/version", on_version);
}

static void
on_address(struct endpoint *endpoint, bool ok)
{
	struct docker *docker = container_of(endpoint, struct docker, endpoint);

	if (ok) {
		ask(docker, "/_ping", on_ping);
		return;
	}
	(void)snprintf(docker->error, sizeof(docker->error), "%s", endpoint->error);
	finish(docker, false);
}

void
docker_connect(struct docker *docker, void (*connected)(struct docker *docker, bool ok))
{
	http_cancel(docker->http, docker->connecting);
	docker->connecting = NULL;
	docker->connected = connected;
	docker->api_minor = 0;
	docker->error[0] = '\0';
	docker->failed = HTTP_OK;
	docker->failed_status = 0;
	endpoint_prepare(&docker->endpoint, docker->worker, on_address);
}

void
docker_cancel(struct docker *docker)
{
	http_cancel(docker->http, docker->connecting);
	docker->connecting = NULL;
	docker->endpoint.ready = NULL;
}
