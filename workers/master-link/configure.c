/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What is set up before confinement: the CA file is read, the endpoints are taken
 * from the configuration, which the supervisor checked.  Also who may be connected to: name-resolver
 * is not trusted, so each address is judged here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/log.h"
#include "link.h"

#define CA_MAX_BYTES ((size_t)4 * 1024 * 1024)

static const struct link *
link_of(const struct endpoint *endpoint)
{
	return (const struct link *)(const void *)((const char *)endpoint -
						   offsetof(struct link, endpoint));
}

/* An address of Docker's, on Docker's port: the key is not for it. */
static bool
is_docker(const struct link *link, const struct address *address, uint16_t port)
{
	for (size_t at = 0; at < link->docker_count; at++) {
		const struct endpoint *docker = &link->docker[at];

		for (size_t i = 0; i < docker->count && docker->url.port == port; i++)
			if (address_equal(&docker->addresses[i], address))
				return true;
	}
	return false;
}

bool
link_address_good(const struct link *link, const struct address *address, uint16_t port)
{
	bool plaintext = link->master.scheme == URL_HTTP;

	/* ALLOW_PLAINTEXT_MASTER says that the user wants it at any address. */
	if (plaintext && worker_setting_boolean(link->worker, SETTING_PLAINTEXT_MASTER))
		plaintext = false;
	return port == link->endpoint.url.port &&
	       address_good_for_master(address, &link->endpoint.listed, plaintext) &&
	       !is_docker(link, address, port);
}

static bool
is_good(const struct endpoint *endpoint, const struct address *address)
{
	return link_address_good(link_of(endpoint), address, endpoint->url.port);
}

static bool
is_good_for_docker(const struct endpoint *endpoint UNUSED, const struct address *address UNUSED)
{
	return true; /* only compared with */
}

/* Docker on another port is kept off by the port alone. */
static void
add_docker(struct link *link, const char *url)
{
	struct endpoint *docker = &link->docker[link->docker_count];

	if (url == NULL)
		return;
	endpoint_init(docker, url, NULL, is_good_for_docker);
	if (docker->url.scheme != URL_UNIX && docker->url.port == link->endpoint.url.port)
		link->docker_count++;
}

static void
set_endpoints(struct link *link, struct worker *worker)
{
	static const unsigned schemes = URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS);
	const char *url = worker_setting(worker, SETTING_MASTER_URL);
	const char *proxy = worker_setting(worker, SETTING_PROXY_ENDPOINT);
	const char *why;

	if (url == NULL || url_parse(url, schemes, false, &link->master, &why) != 0)
		fatal("DOCKFLARE_MASTER_URL can't be read");
	link->proxied = proxy != NULL;
	endpoint_init(&link->endpoint, proxy != NULL ? proxy : url,
	    worker_setting(worker, SETTING_MASTER_ADDRESSES), is_good);
	add_docker(link, worker_setting(worker, SETTING_DOCKER_HOST));
	add_docker(link, worker_setting(worker, SETTING_DOCKER_TUNNEL_HOST));
}

/* The certificates that are trusted; a file that can't be read ends the worker with its name. */
static void
read_ca(const char *path, struct buffer *out)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char piece[16384];
	ssize_t got;

	if (fd < 0)
		fatal("the CA file %s can't be read: %s; install ca-certificates or set "
		      "DOCKFLARE_CA_FILE",
		    path, strerrordesc_np(errno));
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		if (buffer_add(out, piece, (size_t)got) != 0)
			fatal("the CA file %s is larger than %zu bytes", path, CA_MAX_BYTES);
	if (got < 0 || out->length == 0)
		fatal("the CA file %s is empty or can't be read", path);
}

void
link_configure(struct worker *worker)
{
	struct buffer ca _cleanup_buffer_ = BUFFER(CA_MAX_BYTES);
	struct link *link = worker_context(worker);

	link->worker = worker;
	link->interval_ms = worker_setting_integer(worker, SETTING_REPORT_INTERVAL) * 1000;
	link->poll_ms = worker_setting_integer(worker, SETTING_COMMAND_POLL) * 1000;
	set_endpoints(link, worker);
	if (link->master.scheme == URL_HTTPS)
		read_ca(worker_setting(worker, SETTING_CA_FILE), &ca);
	link->http = http_new((struct slice){ .bytes = ca.bytes, .length = ca.length });
	if (link->http == NULL)
		fatal("the HTTP client can't be made");
}
