/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings: a complete table, and for each what is accepted, as what, and what is refused. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/record.h"
#include "common/setting.h"
#include "common/setting_value.h"

#define ACCOUNT "0123456789abcdef0123456789ABCDEF"
#define ACCOUNT_LOW "0123456789abcdef0123456789abcdef"
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST_HIGH "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- the table ---- */

static void
the_table_is_complete(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];

		assert_non_null(entry->name);
		assert_non_null(entry->help);
		assert_int_equal(setting_by_name(entry->name), setting);
		if ((entry->normalise != NULL) == entry->derived)
			fail_msg("%s: derived, or checked, and not both", entry->name);
		if (entry->derived && (entry->required || entry->fallback != NULL || entry->secret))
			fail_msg("%s is derived and read", entry->name);
		if ((entry->workers & ~(unsigned)PROCESS_WORKERS) != 0)
			fail_msg("%s is due to what is no worker", entry->name);
	}
	assert_int_equal(setting_by_name("PATH"), SETTING_COUNT);
	assert_int_equal(setting_by_name(""), SETTING_COUNT);
}

static void
secrets_go_their_own_way(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];

		if (entry->secret && (entry->workers != 0 || entry->fallback != NULL))
			fail_msg("%s would be in a frame config", entry->name);
	}
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		enum setting setting = setting_by_name(secret_names[secret]);
		char file[64];

		assert_int_not_equal(setting, SETTING_COUNT);
		assert_true(settings[setting].secret);
		snprintf(file, sizeof(file), "%s_FILE", secret_names[secret]);
		setting = setting_by_name(file);
		assert_int_not_equal(setting, SETTING_COUNT);
		assert_ptr_equal(settings[setting].normalise, value_path);
	}
	assert_null(secret_names[SECRET_COUNT]);
}

static void
defaults_are_what_they_are_checked_into(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		struct buffer out _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(1024);
		const struct setting_entry *entry = &settings[setting];

		if (entry->fallback == NULL)
			continue;
		if (entry->normalise(entry->fallback, &out, &why) != 0)
			fail_msg("%s: its default %s", entry->name, why.bytes);
		assert_string_equal(out.bytes, entry->fallback);
	}
}

/* ---- values ---- */

struct accepted {
	setting_check *check;
	const char *raw;
	const char *value; /* NULL: as it came */
};

static const struct accepted accepted_rows[] = {
	{ value_master_url, "https://master.example.com", NULL },
	{ value_master_url, "http://10.0.0.1:5000", NULL },
	{ value_master_url, "https://master/base///", "https://master/base" },
	{ value_master_url, "https://[fd00::1]:8443/", "https://[fd00::1]:8443" },
	{ value_docker_url, "tcp://proxy:2375", NULL },
	{ value_docker_url, "http://proxy:2375", NULL },
	{ value_docker_url, "unix:///var/run/docker.sock", NULL },
	{ value_engine_url, "unix:///var/run/docker.sock", NULL },
	{ value_engine_url, "tcp://127.0.0.1:2375", NULL },
	{ value_listen_url, "tcp://[::]:2375", NULL },
	{ value_listen_url, "unix:///run/gate/read.sock", NULL },
	{ value_peers, "10.0.0.0/8 uid:1000\t,::1", "10.0.0.0/8,uid:1000,::1" },
	{ value_images, "cf/cloudflared:2 , cf/cloudflared:1",
	    "cf/cloudflared:2,cf/cloudflared:1" },
	{ value_token_in, "Auto", "auto" },
	{ value_mebibytes, "16", NULL },
	{ value_mebibytes, "65536", NULL },
	{ value_proxy_url, "http://proxy:3128", NULL },
	{ value_proxy_url, "http://user:p%40ss@proxy:3128/", "http://user:p%40ss@proxy:3128" },
	{ value_proxy_url, "HTTP://[::1]:3128", NULL },
	{ value_secret, "!~k3y-_=", NULL },
	{ value_path, "/run/secrets/api key", NULL },
	{ value_path, "/", NULL },
	{ value_any, "x y \xc3\xa9", NULL },
	{ value_display_name, "Caf\xc3\xa9 \"1\"", NULL },
	{ value_network_name, "cloudflare-net", NULL },
	{ value_network_name, "0a_b.c-d", NULL },
	{ value_label_prefix, "my.prefix.", NULL },
	{ value_log_level, "debug", "DEBUG" },
	{ value_log_level, "Info", "INFO" },
	{ value_log_level, "warn", "WARNING" },
	{ value_log_level, "WARNING", NULL },
	{ value_log_level, "error", "ERROR" },
	{ value_log_level, "fatal", "CRITICAL" },
	{ value_log_level, "Critical", "CRITICAL" },
	{ value_boolean, "true", NULL },
	{ value_boolean, "YES", "true" },
	{ value_boolean, "1", "true" },
	{ value_boolean, "t", "true" },
	{ value_boolean, "On", "true" },
	{ value_boolean, "False", "false" },
	{ value_boolean, "0", "false" },
	{ value_boolean, "f", "false" },
	{ value_boolean, "no", "false" },
	{ value_boolean, "off", "false" },
	{ value_on_exit, "Remove", "remove" },
	{ value_on_exit, "keep", NULL },
	{ value_sandbox, "Required", "required" },
	{ value_sandbox, "BEST-EFFORT", "best-effort" },
	{ value_log_format, "JSON", "json" },
	{ value_log_format, "text", NULL },
	{ value_creates, "1", NULL },
	{ value_creates, "3600", NULL },
	{ value_creates, "0030", "30" },
	{ value_duration, "1", NULL },
	{ value_duration, "3600", NULL },
	{ value_duration, "0030", "30" },
	{ value_duration, "30s", "30" },
	{ value_duration, "5m", "300" },
	{ value_duration, "60m", "3600" },
	{ value_duration, "1h", "3600" },
	{ value_port, "1", NULL },
	{ value_port, "65535", NULL },
	{ value_zone, "UTC", NULL },
	{ value_zone, ":UTC", "UTC" },
	{ value_zone, "CET-1CEST,M3.5.0,M10.5.0/3", NULL },
	{ value_zone, "<-03>3", NULL },
	{ value_zone, "EST5", NULL },
	{ value_zone, SOURCE_DIR "/LICENSE", NULL }, /* any file by its whole path */
	{ value_networks, "10.0.0.0/8", NULL },
	{ value_networks, "10.0.0.0/8 ,\tfd00::/8, 192.168.0.1 ",
	    "10.0.0.0/8,fd00::/8,192.168.0.1" },
	{ value_no_proxy, "localhost,.example.com *.x.org 10.0.0.0/8,[::1]:443", NULL },
	{ value_no_proxy, "*", NULL },
	{ value_allowed_tunnels, ACCOUNT, ACCOUNT_LOW },
	{ value_allowed_tunnels, ACCOUNT "/My-Tunnel", ACCOUNT_LOW "/my-tunnel" },
	{ value_allowed_tunnels, " " ACCOUNT ", " ACCOUNT "/t ,",
	    ACCOUNT_LOW "," ACCOUNT_LOW "/t" },
	{ value_image, "cloudflare/cloudflared:2025.9.0", NULL },
	{ value_image, "cloudflared", NULL },
	{ value_image, "registry:5000/cf/cloudflared", NULL },
	{ value_image, "Registry.example:5000/cf:tag", NULL },
	{ value_image, "localhost/cf", NULL },
	{ value_image, "a.b_c__d-e---f/g:_T.-", NULL },
	{ value_image, "cf/cloudflared:1 # pinned", "cf/cloudflared:1" },
	{ value_image, "cf/cloudflared:1#pinned", "cf/cloudflared:1" },
	{ value_image, "cf/cloudflared:1\tmore", "cf/cloudflared:1" },
	{ value_image, "cf/cloudflared@sha256:" DIGEST_HIGH, "cf/cloudflared@sha256:" DIGEST },
	{ value_image, "cf/cloudflared:1@sha256:" DIGEST, NULL },
};

static void
good_values_are_normalised(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(accepted_rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(1024);
		const struct accepted *row = &accepted_rows[at];

		if (row->check(row->raw, &out, &why) != 0)
			fail_msg("row %zu, \"%s\" %s", at, row->raw, why.bytes);
		assert_int_equal(why.length, 0);
		assert_string_equal(out.bytes, row->value != NULL ? row->value : row->raw);
		/* As the frame `config` has it; a worker that gets anything else ends. */
		if (!text_is(TEXT_LINE, out.bytes, out.length))
			fail_msg("row %zu, \"%s\" would not pass a frame", at, row->raw);
	}
}

struct refused {
	setting_check *check;
	const char *raw;
	const char *why; /* part of the reason */
};

static const struct refused refused_rows[] = {
	{ value_master_url, "master.example.com", "no scheme that is known here; use https://" },
	{ value_master_url, "tcp://master", "no scheme" },
	{ value_master_url, "https://user:key@master", "user information" },
	{ value_master_url, "https://master/?a=b", "query" },
	{ value_docker_url, "https://proxy:2376", "use tcp://PROXY:2375" },
	{ value_docker_url, "HTTPS://proxy", "use tcp://PROXY:2375" },
	{ value_docker_url, "ssh://host", "use tcp://HOST:PORT" },
	{ value_docker_url, "npipe:////./pipe/docker", "no scheme" },
	{ value_docker_url, "unix://docker.sock", "absolute path" },
	{ value_proxy_url, "https://proxy:3128", "no scheme that is known here; use http://" },
	{ value_proxy_url, "proxy:3128", "no scheme" },
	{ value_proxy_url, "socks5://proxy:1080", "no scheme" },
	{ value_proxy_url, "http://proxy", "no port" },
	{ value_proxy_url, "http://user:1@proxy", "no port" },
	{ value_proxy_url, "http://[::1]", "no port" },
	{ value_proxy_url, "http://proxy:", "port" },
	{ value_proxy_url, "http://proxy:3128/path", "has a path" },
	{ value_proxy_url, "http://proxy/:3128", "has a path" },
	{ value_proxy_url, "http://us/er:1@proxy:3128", "has a path" },
	{ value_secret, "two words", "blank" },
	{ value_secret, "key\n", "blank" },
	{ value_secret, "k\xc3\xa9y", "not visible ASCII" },
	{ value_secret, "key\x7f", "not visible ASCII" },
	{ value_path, "relative", "absolute" },
	{ value_path, "~/key", "absolute" },
	{ value_path, "/run\n/key", "absolute" },
	{ value_any, "a\tb", "control character" },
	{ value_display_name, "a\nb", "control character" },
	{ value_display_name, "\x7f", "control character" },
	{ value_network_name, "-net", "not the name" },
	{ value_network_name, ".net", "not the name" },
	{ value_network_name, "my net", "not the name" },
	{ value_network_name, "net/x", "not the name" },
	{ value_network_name, "n\xc3\xa9t", "not the name" },
	{ value_label_prefix, "my prefix", "blank" },
	{ value_label_prefix, "pr\xc3\xa9", "not visible ASCII" },
	{ value_log_level, "verbose", "no level; use DEBUG" },
	{ value_log_level, "1", "no level" },
	{ value_boolean, "maybe", "neither true nor false" },
	{ value_boolean, "2", "neither true nor false" },
	{ value_on_exit, "stop", "neither remove nor keep" },
	{ value_sandbox, "none", "neither required nor best-effort" },
	{ value_log_format, "xml", "neither text nor json" },
	{ value_creates, "0", "from 1 to 3600" },
	{ value_creates, "3601", "from 1 to 3600" },
	{ value_creates, "-1", "whole number" },
	{ value_creates, "+1", "whole number" },
	{ value_creates, " 1", "whole number" },
	{ value_creates, "1 ", "whole number" },
	{ value_creates, "1.5", "whole number" },
	{ value_creates, "30s", "whole number" },
	{ value_creates, "0x10", "whole number" },
	{ value_creates, "99999999999999999999999", "whole number" },
	{ value_duration, "0", "no time from 1 s to 1 h" },
	{ value_duration, "0s", "no time from 1 s to 1 h" },
	{ value_duration, "3601", "no time from 1 s to 1 h" },
	{ value_duration, "61m", "no time from 1 s to 1 h" },
	{ value_duration, "2h", "no time from 1 s to 1 h" },
	{ value_duration, "-1", "no time from 1 s to 1 h" },
	{ value_duration, "+1", "no time from 1 s to 1 h" },
	{ value_duration, " 1", "no time from 1 s to 1 h" },
	{ value_duration, "1 ", "no time from 1 s to 1 h" },
	{ value_duration, "1.5", "no time from 1 s to 1 h" },
	{ value_duration, "500ms", "no time from 1 s to 1 h" },
	{ value_duration, "1d", "no time from 1 s to 1 h" },
	{ value_duration, "s", "no time from 1 s to 1 h" },
	{ value_duration, "1hh", "no time from 1 s to 1 h" },
	{ value_duration, "0x10", "no time from 1 s to 1 h" },
	{ value_duration, "99999999999999999999999", "no time from 1 s to 1 h" },
	{ value_port, "0", "from 1 to 65535" },
	{ value_port, "65536", "from 1 to 65535" },
	{ value_zone, "No/Such_Zone", "not installed; use a name" },
	{ value_zone, "/usr/share", "not installed" },
	{ value_zone, ":", "not installed" },
	{ value_zone, "../../../etc/passwd", "not a time zone" },
	{ value_zone, "UTC\n", "not a time zone" },
	{ value_zone, "AB5", "not installed" },
	{ value_zone, "<AB5", "not installed" },
	{ value_networks, "10.0.0.1/8", "bits set" },
	{ value_networks, "master.example.com", "no address" },
	{ value_networks, "10.0.0.1,,10.0.0.2", "empty entry" },
	{ value_networks, ",", "empty entry" },
	{ value_no_proxy, "http://x", "prefix length" },
	{ value_no_proxy, "a;b", "hosts and networks" },
	{ value_no_proxy, "10.0.0.1/8", "bits set" },
	{ value_no_proxy, "example.com/8", "no address" },
	{ value_no_proxy, "n\xc3\xa9t", "hosts and networks" },
	{ value_allowed_tunnels, ",", "no entry" },
	{ value_allowed_tunnels, "my-tunnel", "32 hexadecimal digits" },
	{ value_allowed_tunnels, ACCOUNT "0", "32 hexadecimal digits" },
	{ value_allowed_tunnels, ACCOUNT "/", "32 hexadecimal digits" },
	{ value_allowed_tunnels, ACCOUNT "/a/b", "32 hexadecimal digits" },
	{ value_allowed_tunnels, ACCOUNT ";" ACCOUNT, "32 hexadecimal digits" },
	{ value_allowed_tunnels, ACCOUNT ",x", "32 hexadecimal digits" },
	{ value_image, "#comment", "no image reference" },
	{ value_image, "https://registry/cf", "no image reference" },
	{ value_image, "Cloudflared", "no image reference" },
	{ value_image, "cf/Cloudflared", "no image reference" },
	{ value_image, "cf:", "no image reference" },
	{ value_image, "cf:-tag", "no image reference" },
	{ value_image, "cf:t\xc3\xa9g", "no image reference" },
	{ value_image, "/cf", "no image reference" },
	{ value_image, "cf/", "no image reference" },
	{ value_image, "cf//cf", "no image reference" },
	{ value_image, ".cf", "no image reference" },
	{ value_image, "cf.", "no image reference" },
	{ value_image, "c..f", "no image reference" },
	{ value_image, "c.-f", "no image reference" },
	{ value_image, "c_-f", "no image reference" },
	{ value_image, "c___f", "no image reference" },
	{ value_image, "c-.f", "no image reference" },
	{ value_image, "reg!:5000/cf", "no image reference" },
	{ value_image, "cf@sha256:" DIGEST "0", "no image reference" },
	{ value_image, "cf@sha256:0123", "no image reference" },
	{ value_image, "cf@sha512:" DIGEST, "no image reference" },
	{ value_image, "cf@sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    "no image reference" },
	{ value_image, "@sha256:" DIGEST, "no image reference" },
	{ value_image, "cf@sha256:" DIGEST "@sha256:" DIGEST, "no image reference" },
};

static void
bad_values_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(refused_rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(1024);
		const struct refused *row = &refused_rows[at];

		if (row->check(row->raw, &out, &why) != -EINVAL)
			fail_msg("row %zu, \"%s\" is accepted", at, row->raw);
		if (why.length == 0 || strstr(why.bytes, row->why) == NULL)
			fail_msg("row %zu, \"%s\" %s, expected \"%s\"", at, row->raw,
			    why.length > 0 ? why.bytes : "", row->why);
	}
}

/* ---- lengths ---- */

struct bound {
	setting_check *check;
	const char *start;
	const char *end;
	size_t most; /* bytes in all */
	const char *why;
};

static const struct bound bounds[] = {
	{ value_secret, "", "", SECRET_MAX_BYTES, "longer than 4096" },
	{ value_proxy_url, "http://", "@proxy:3128", SECRET_MAX_BYTES, "longer than 4096" },
	{ value_display_name, "", "", 255, "longer than 255" },
	{ value_network_name, "", "", 128, "not the name" },
	{ value_label_prefix, "", "", 128, "longer than 128" },
	{ value_image, "cf:", "", 3 + 128, "no image" },
	{ value_image, "", ":1", 399, "no image" },
	{ value_no_proxy, "", "", 255, "too long" },
	{ value_allowed_tunnels, ACCOUNT "/", "", 32 + 1 + 64, "32 hex" },
	{ value_zone, "/", "", 200, "not" },
};

static int
check_length(const struct bound *bound, size_t length, struct buffer *why)
{
	struct buffer raw _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer out _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);

	assert_int_equal(buffer_add_text(&raw, bound->start), 0);
	while (raw.length < length - strlen(bound->end))
		assert_int_equal(buffer_add_text(&raw, "a"), 0);
	assert_int_equal(buffer_add_text(&raw, bound->end), 0);
	return bound->check(raw.bytes, &out, why);
}

static void
lengths_are_bounded(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bounds); at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(1024);

		/* No time zone has a name as long as is allowed. */
		if (bounds[at].check != value_zone &&
		    check_length(&bounds[at], bounds[at].most, &why) != 0)
			fail_msg("bound %zu: %s", at, why.bytes);
		if (check_length(&bounds[at], bounds[at].most + 1, &why) != -EINVAL)
			fail_msg("bound %zu: one more is accepted", at);
		assert_non_null(strstr(why.bytes, bounds[at].why));
	}
}

static void
reasons_never_quote_a_secret(void **state)
{
	static const struct {
		setting_check *check;
		const char *raw;
	} rows[] = {
		{ value_secret, "SECRET SECRET" },
		{ value_proxy_url, "http://SECRET:SECRET@proxy" },
		{ value_proxy_url, "http://user:SECRET@proxy:SECRET" },
		{ value_proxy_url, "SECRET://user:SECRET@proxy:1" },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer why _cleanup_buffer_ = BUFFER(1024);

		assert_int_equal(rows[at].check(rows[at].raw, &out, &why), -EINVAL);
		assert_null(strstr(why.bytes, "SECRET"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(secrets_go_their_own_way),
		cmocka_unit_test(defaults_are_what_they_are_checked_into),
		cmocka_unit_test(good_values_are_normalised),
		cmocka_unit_test(bad_values_are_refused_with_a_reason),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(reasons_never_quote_a_secret),
	};

	return RUN_TESTS(tests);
}
