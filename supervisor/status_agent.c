/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  Its own account on status.sock: what it is, how its workers are confined, and
 * which settings are set.  No secret, and no value that names anybody.
 */
#include <string.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/json_out.h"
#include "policy/landlock.h"
#include "supervisor/status_agent.h"
#include "version.h"

#define WARNINGS_MAX 32
#define VALUE_MAX_BYTES 64

static int
add_lost(int abi, struct buffer *out)
{
	const char *separator = "";
	int error = buffer_add_text(out, ",\"landlock_lost\":[");

	for (size_t at = 0; at < LANDLOCK_LOSSES && error == 0; at++) {
		if (landlock_losses[at].abi <= abi)
			continue;
		error = buffer_add_text(out, separator);
		if (error == 0)
			error = json_add_text(out, landlock_losses[at].lost);
		separator = ",";
	}
	return error != 0 ? error : buffer_add_text(out, "]");
}

static const char *
bool_text(bool value)
{
	return value ? "true" : "false";
}

static int
add_sandbox(const struct supervisor *supervisor, struct buffer *out)
{
	const struct policy_values *values = &supervisor->values;
	int error = buffer_printf(out,
	    ",\"start_mode\":\"%s\",\"landlock_abi\":%d,\"mdwe\":%s,\"best_effort\":%s,"
	    "\"seccomp_filters\":%u,\"kernel\":",
	    policy_start_mode(values), values->landlock_abi, bool_text(values->mdwe),
	    bool_text(values->best_effort), supervisor->own_filters);

	if (error == 0)
		error = json_add_text(out, values->kernel);
	return error != 0 ? error : add_lost(values->landlock_abi, out);
}

/* What may be shown of a value, and how much of it: a URL's scheme; nothing of most. */
static size_t
shown_bytes(const struct config *config, enum setting setting)
{
	const char *value = config->values[setting];
	const char *scheme_end;

	if (value == NULL || settings[setting].secret)
		return 0;
	scheme_end = settings[setting].url ? strstr(value, "://") : NULL;
	if (scheme_end != NULL)
		return (size_t)(scheme_end - value);
	return settings[setting].shown && strlen(value) <= VALUE_MAX_BYTES ? strlen(value) : 0;
}

static int
add_setting(const struct config *config, enum setting setting, struct buffer *out)
{
	char value[VALUE_MAX_BYTES + 1];
	size_t length = shown_bytes(config, setting);
	int error = buffer_printf(out, "{\"name\":\"%s\"", settings[setting].name);

	if (error == 0 && length > 0 && length < sizeof(value)) {
		memcpy(value, config->values[setting], length);
		value[length] = '\0';
		error = buffer_add_text(out, ",\"value\":");
		if (error == 0)
			error = json_add_text(out, value);
	}
	return error != 0 ? error : buffer_add_text(out, "}");
}

static int
add_settings(const struct config *config, struct buffer *out)
{
	const char *separator = "";
	int error = buffer_add_text(out, ",\"settings\":[");

	for (enum setting setting = 0; setting < SETTING_COUNT && error == 0; setting++) {
		if (!config->given[setting])
			continue;
		error = buffer_add_text(out, separator);
		if (error == 0)
			error = add_setting(config, setting, out);
		separator = ",";
	}
	return error != 0 ? error : buffer_add_text(out, "]");
}

int
status_agent_add(const struct supervisor *supervisor, struct buffer *out)
{
	int64_t now = clock_ms();
	int error = buffer_printf(out,
	    "{\"type\":\"status-agent\",\"version\":\"" AGENT_VERSION "\",\"pid\":%d,"
	    "\"uptime_ms\":%lld,\"now_ms\":%lld",
	    getpid(), (long long)(now - supervisor->started_ms), (long long)now);

	if (error == 0)
		error = add_sandbox(supervisor, out);
	if (error == 0)
		error = add_settings(supervisor->config, out);
	if (error == 0)
		error = buffer_add_text(out, ",\"warnings\":[");
	if (error == 0)
		error = json_add_lines(out, supervisor->config->warnings.bytes, WARNINGS_MAX);
	return error != 0 ? error : buffer_add_text(out, "]}");
}
