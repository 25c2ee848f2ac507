/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  Where the workers will connect to, judged before any of them runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/address.h"
#include "common/config_check.h"

#define HTTP_SCHEMES (URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS))
#define DOCKER_SCHEMES \
	(URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_UNIX))

/* Reads a value that take_value has checked; leaves URL_NONE where there is none. */
static void
read_url(const char *value, unsigned schemes, bool user, struct url *ret_url)
{
	const char *why;

	if (value == NULL || url_parse(value, schemes, user, ret_url, &why) != 0)
		*ret_url = (struct url){ 0 };
}

/* ---- NO_PROXY ---- */

static bool
ends_with(const char *host, const char *domain)
{
	size_t host_length = strlen(host), length = strlen(domain);

	if (domain[0] == '.') {
		domain++;
		length--;
	}
	if (host_length < length || strcasecmp(host + host_length - length, domain) != 0)
		return false;
	return host_length == length || host[host_length - length - 1] == '.';
}

/* Whether the entry is an address or a network that holds the master's address. */
static bool
is_in_network(const char *entry, const struct url *master)
{
	struct networks networks;
	struct address address;
	const char *why;

	return networks_parse(entry, &networks, &why) == 0 && master->host_is_address &&
	       address_parse(master->host, &address) == 0 && networks_hold(&networks, &address);
}

/* Cuts ":PORT" off, and the brackets of an IPv6 address.  False if it is another port. */
static bool
take_port(char **entry, const struct url *master)
{
	char *close = strchr(*entry, ']'), *port;

	port = close != NULL && (*entry)[0] == '[' ? close + 1 : strrchr(*entry, ':');
	if (port != NULL && port[0] == ':' && strspn(port + 1, "0123456789") == strlen(port + 1)) {
		*port = '\0';
		if (strtoul(port + 1, NULL, 10) != master->port)
			return false;
	}
	if (close != NULL && (*entry)[0] == '[') {
		*close = '\0';
		(*entry)++;
	}
	return true;
}

static bool
entry_matches(char *entry, const struct url *master)
{
	if (strcmp(entry, "*") == 0 || is_in_network(entry, master))
		return true;
	if (!take_port(&entry, master))
		return false;
	if (is_in_network(entry, master))
		return true;
	return ends_with(master->host, entry[0] == '*' ? entry + 1 : entry);
}

bool
config_no_proxy(const char *list, const struct url *master)
{
	char copy[SETTING_VALUE_MAX_BYTES + 1] = "";
	char *rest = NULL, *entry;
	bool matches = false;

	if (list != NULL)
		snprintf(copy, sizeof(copy), "%s", list);
	for (entry = strtok_r(copy, ", \t", &rest); entry != NULL && !matches;
	     entry = strtok_r(NULL, ", \t", &rest))
		matches = entry_matches(entry, master);
	return matches;
}

/* The proxy, where the master is reached through it. */
static void
read_proxy(struct config *config)
{
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	char endpoint[URL_HOST_MAX_BYTES + 32];

	if (config->master.scheme != URL_HTTPS ||
	    config_no_proxy(config->values[SETTING_NO_PROXY], &config->master) ||
	    config_secret(config, SECRET_HTTPS_PROXY, &value, &why) != 0 || value.length == 0)
		return;
	read_url(value.bytes, URL_SCHEME_BIT(URL_HTTP), true, &config->proxy);
	snprintf(endpoint, sizeof(endpoint),
	    config->proxy.host_is_ipv6 ? "http://[%s]:%u" : "http://%s:%u", config->proxy.host,
	    config->proxy.port);
	config->values[SETTING_PROXY_ENDPOINT] = strdup(endpoint);
}

/* ---- judgements ---- */

/* Whether plain HTTP to this host stays on this host or a private network, as far as a URL tells. */
static bool
is_near(const struct url *url)
{
	struct networks none = { 0 };
	struct address address;

	if (url->host_is_address && address_parse(url->host, &address) == 0)
		return address_good_for_master(&address, &none, true);
	return strchr(url->host, '.') == NULL;
}

static void
check_plaintext(struct config *config)
{
	const char *allowed = config->values[SETTING_PLAINTEXT_MASTER];

	if (config->master.scheme != URL_HTTP)
		return;
	if (is_near(&config->master) || (allowed != NULL && strcmp(allowed, "true") == 0))
		config_warning(config, SETTING_MASTER_URL,
		    "is http://: whoever can read this network's traffic can read the API key");
	else
		config_mistake(config, SETTING_MASTER_URL,
		    "is http:// to a host that is not on a private network; use https://, or set "
		    "ALLOW_PLAINTEXT_MASTER=true if the path to it is protected otherwise");
}

static void
check_docker(struct config *config)
{
	const struct url *read = &config->docker[ENDPOINT_READ],
			 *tunnel = &config->docker[ENDPOINT_TUNNEL];

	if (read->scheme == URL_UNIX)
		config_warning(config, SETTING_DOCKER_HOST,
		    "is a unix socket: neither ports nor Landlock bound which socket "
		    "docker-watcher reaches, and a raw Docker socket is root on this host; use "
		    "two socket proxies");
	if (tunnel->scheme == URL_UNIX)
		config_warning(config, SETTING_DOCKER_TUNNEL_HOST,
		    "is a unix socket: a raw Docker socket is root on this host; use two socket "
		    "proxies");
	else if (read->scheme != URL_NONE && read->scheme != URL_UNIX && read->port == tunnel->port)
		config_warning(config, SETTING_DOCKER_TUNNEL_HOST,
		    "has the port of DOCKER_HOST: docker-watcher, taken over, could use every "
		    "call that the proxy allows tunnel-keeper; give each a proxy on a port of its "
		    "own");
}

void
config_check_endpoints(struct config *config)
{
	char **tunnel = &config->values[SETTING_DOCKER_TUNNEL_HOST];

	if (*tunnel == NULL && config->values[SETTING_DOCKER_HOST] != NULL)
		*tunnel = strdup(config->values[SETTING_DOCKER_HOST]);
	read_url(config->values[SETTING_MASTER_URL], HTTP_SCHEMES, false, &config->master);
	read_url(config->values[SETTING_DOCKER_HOST], DOCKER_SCHEMES, false,
	    &config->docker[ENDPOINT_READ]);
	read_url(*tunnel, DOCKER_SCHEMES, false, &config->docker[ENDPOINT_TUNNEL]);
	read_proxy(config);
	check_plaintext(config);
	check_docker(config);
}

/* ---- the gate ---- */

/* One address for both endpoints: docker-watcher, taken over, could use tunnel-keeper's. */
static void
check_listeners(struct config *config)
{
	const struct url *read = &config->listen[LISTENER_READ],
			 *tunnel = &config->listen[LISTENER_TUNNEL];

	if (read->scheme == URL_NONE || read->scheme != tunnel->scheme)
		return;
	if (read->scheme == URL_UNIX ? strcmp(read->path, tunnel->path) == 0 :
				       read->port == tunnel->port)
		config_mistake(config, SETTING_GATE_TUNNEL,
		    "is where the read endpoint listens too; the agent's workers are kept apart "
		    "by the port: give it one of its own");
}

void
config_check_gate(struct config *config)
{
	read_url(config->values[SETTING_GATE_ENGINE], DOCKER_SCHEMES, false,
	    &config->docker[ENDPOINT_ENGINE]);
	for (enum listener listener = LISTENER_NONE + 1; listener < LISTENER_COUNT; listener++)
		read_url(config->values[listener_settings[listener]], DOCKER_SCHEMES, false,
		    &config->listen[listener]);
	check_listeners(config);
	if (config->docker[ENDPOINT_ENGINE].scheme == URL_TCP)
		config_warning(config, SETTING_GATE_ENGINE,
		    "is a TCP endpoint: whoever else reaches it is not held by the gate; use "
		    "unix:///var/run/docker.sock");
}

/* ---- the rest ---- */

static void
check_ca(struct config *config)
{
	const char *path = config->values[SETTING_CA_FILE];

	if (config->master.scheme == URL_HTTPS && path != NULL && access(path, R_OK) != 0) {
		char reason[512];

		snprintf(reason, sizeof(reason),
		    "%.400s can't be read: %m; name a PEM file with the CA of the master's "
		    "certificate",
		    path);
		config_mistake(config, SETTING_CA_FILE, reason);
	}
}

void
config_check_rest(struct config *config)
{
	check_ca(config);
	if (config->values[SETTING_DOCKER_TLS_VERIFY] != NULL)
		config_mistake(config, SETTING_DOCKER_TLS_VERIFY,
		    "is set, but this agent does not speak TLS to Docker; put a socket proxy on "
		    "this host, set DOCKER_HOST=tcp://PROXY:2375 and unset this");
	if (config->values[SETTING_HEALTH_PORT] != NULL)
		config_warning(config, SETTING_HEALTH_PORT,
		    "is not used: `dockflare-agentctl health` serves instead");
	if (config->values[SETTING_AGENT_VERSION] != NULL)
		config_warning(config, SETTING_AGENT_VERSION,
		    "is not used: the agent tells its own version");
}
