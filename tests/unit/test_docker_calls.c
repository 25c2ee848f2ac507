/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of calls to Docker: what is in it and what is not, and docs/hardening.md, whose table is
 * made from it (`test_docker_calls --write` writes it anew).
 */
#include "tests/unit/unit.h"

#include <ctype.h>

#include "common/docker_calls.h"
#include "tests/unit/document.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" ID

/* ---- what is in the list ---- */

struct call_row {
	const char *what;
	enum process process;
	bool plain;
	const char *method, *path;
	const char *pattern; /* of its row; NULL: in none */
};

static const struct call_row call_rows[] = {
	{ "ping", PROCESS_DOCKER_WATCHER, true, "GET", "/_ping", "/_ping" },
	{ "ping with a version", PROCESS_DOCKER_WATCHER, false, "GET", "/_ping", NULL },
	{ "list", PROCESS_DOCKER_WATCHER, false, "GET", "/containers/json", "/containers/json" },
	{ "list without a version", PROCESS_DOCKER_WATCHER, true, "GET", "/containers/json", NULL },
	{ "list with a query", PROCESS_DOCKER_WATCHER, false, "GET", "/containers/json?all=1",
	    NULL },
	{ "list by another", PROCESS_TUNNEL_KEEPER, false, "GET", "/containers/json", NULL },
	{ "list by one without a call", PROCESS_MASTER_LINK, false, "GET", "/containers/json",
	    NULL },
	{ "events", PROCESS_DOCKER_WATCHER, false, "GET", "/events?filters=%7B%7D",
	    "/events?filters={filters}" },
	{ "all events", PROCESS_DOCKER_WATCHER, false, "GET", "/events", NULL },
	{ "events with more", PROCESS_DOCKER_WATCHER, false, "GET", "/events?filters=a&since=1",
	    NULL },
	{ "info", PROCESS_DOCKER_WATCHER, false, "GET", "/info", NULL },
	{ "network", PROCESS_TUNNEL_KEEPER, false, "GET", "/networks/cloudflare-net",
	    "/networks/{network}" },
	{ "no network", PROCESS_TUNNEL_KEEPER, false, "GET", "/networks/", NULL },
	{ "network and more", PROCESS_TUNNEL_KEEPER, false, "GET", "/networks/a/b", NULL },
	{ "image", PROCESS_TUNNEL_KEEPER, false, "GET", "/images/a.b:5000/c/json@" DIGEST "/json",
	    "/images/{image}/json" },
	{ "all images", PROCESS_TUNNEL_KEEPER, false, "GET", "/images/json", NULL },
	{ "pull", PROCESS_TUNNEL_KEEPER, false, "POST", "/images/create?fromImage=a/b&tag=" DIGEST,
	    "/images/create?fromImage={repository}&tag={tag}" },
	{ "import", PROCESS_TUNNEL_KEEPER, false, "POST",
	    "/images/create?fromImage=a&tag=b&fromSrc=-", NULL },
	{ "create", PROCESS_TUNNEL_KEEPER, false, "POST",
	    "/containers/create?name=dockflare-agent-tunnel",
	    "/containers/create?name=dockflare-agent-tunnel" },
	{ "create of another", PROCESS_TUNNEL_KEEPER, false, "POST",
	    "/containers/create?name=dockflare-agent-tunnel2", NULL },
	{ "stop", PROCESS_TUNNEL_KEEPER, false, "POST", "/containers/" ID "/stop?t=6",
	    "/containers/{id}/stop?t=6" },
	{ "stop at once", PROCESS_TUNNEL_KEEPER, false, "POST", "/containers/" ID "/stop?t=0",
	    NULL },
	{ "exec", PROCESS_TUNNEL_KEEPER, false, "POST", "/containers/" ID "/exec", NULL },
	{ "logs", PROCESS_TUNNEL_KEEPER, false, "GET", "/containers/" ID "/logs", NULL },
	{ "archive", PROCESS_TUNNEL_KEEPER, false, "GET", "/containers/" ID "/archive?path=/",
	    NULL },
	{ "remove", PROCESS_TUNNEL_KEEPER, false, "DELETE", "/containers/" ID "?v=1",
	    "/containers/{id}?v=1" },
	{ "remove by force", PROCESS_TUNNEL_KEEPER, false, "DELETE",
	    "/containers/" ID "?v=1&force=1", "/containers/{id}?v=1&force=1" },
	{ "remove by another method", PROCESS_TUNNEL_KEEPER, false, "POST",
	    "/containers/" ID "?v=1", NULL },
};

static void
only_what_is_listed(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(call_rows); at++) {
		const struct call_row *row = &call_rows[at];
		const struct docker_call_entry *entry = docker_call_find(row->process, row->plain,
		    row->method, row->path);
		const char *found = entry == NULL ? "none" : entry->path;

		if (strcmp(found, row->pattern == NULL ? "none" : row->pattern) != 0)
			fail_msg("%s: %s", row->what, found);
	}
}

/* ---- the document ---- */

/* "{id}" as "ID". */
static void
add_path(struct buffer *out, const char *path)
{
	bool word = false;

	for (; *path != '\0'; path++) {
		/* A function, not the macro, which is a screen of code each time. */
		char shown = (char)(word ? (toupper)(*path) : *path);

		if (*path == '{' || *path == '}')
			word = *path == '{';
		else
			buffer_add(out, &shown, 1);
	}
}

static void
render(struct buffer *out)
{
	static const char *const checks[] = { [CHECKED_AS_IT_IS] = "the same",
		[CHECKED_REFUSED] = "refused",
		[CHECKED_NOT] = "-" };

	buffer_add_text(out, "\n| who | method and path | why | may be denied | in a check |\n"
			     "| --- | --- | --- | --- | --- |\n");
	for (size_t at = 0; at < DOCKER_CALLS; at++) {
		const struct docker_call_entry *entry = &docker_calls[at];

		buffer_add_text(out, "| ");
		add_processes(out, entry->processes);
		buffer_printf(out, " | `%s %s", entry->method, entry->plain ? "" : "/v1.NN");
		add_path(out, entry->path);
		buffer_printf(out, "` | %s | %s | %s |\n", entry->why, entry->spare ? "yes" : "no",
		    checks[entry->check]);
	}
	buffer_add_text(out, "\n");
}

static const struct section section = {
	.path = SOURCE_DIR "/docs/hardening.md",
	.begin = "<!-- made from common/docker_calls.c: begin -->\n",
	.end = "<!-- made from common/docker_calls.c: end -->\n",
	.render = render,
};

static void
the_table_is_the_source(void **state)
{
	(void)state;
	section_check(&section);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_listed),
		cmocka_unit_test(the_table_is_the_source),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		section_write(&section);
		return 0;
	}
	return RUN_TESTS(tests);
}
