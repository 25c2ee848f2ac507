/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process of the agent.  The table of findings: see finding.h. */
#include "common/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

/* Nothing that is found may be lost, and the supervisor reads all the time. */
#define WAIT_MS 2000

#define SUPERVISOR PROCESS_BIT(PROCESS_SUPERVISOR)
#define LINK PROCESS_BIT(PROCESS_MASTER_LINK)
#define WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)
#define RESOLVER PROCESS_BIT(PROCESS_NAME_RESOLVER)
#define DOCKERS (WATCHER | KEEPER)

#define ALLOW_CALL                                                                        \
	"allow it in the socket proxy's rules, and restart the proxy; docs/hardening.md " \
	"lists all calls"

const char *const check_verdict_names[CHECK_VERDICT_COUNT] = {
	[CHECK_OK] = "ok",
	[CHECK_WARNING] = "warning",
	[CHECK_WRONG] = "wrong",
};

const struct finding_entry findings[FINDING_COUNT] = {
	[FINDING_SETTINGS_GOOD] = { "C001", CHECK_OK, SUPERVISOR, "settings",
	    "there is no mistake in the environment variables and secret files", NULL },
	[FINDING_SETTING_WARNING] = { "C002", CHECK_WARNING, SUPERVISOR, "settings",
	    "a setting that works and may not be what is wanted: plain HTTP, both Docker endpoints "
	    "at one proxy, a variable that is not used, …",
	    NULL },
	[FINDING_SETTING_WRONG] = { "C003", CHECK_WRONG, SUPERVISOR, "settings",
	    "a mistake in a setting, with what to do; the agent does not start with one", NULL },
	[FINDING_KERNEL] = { "C010", CHECK_OK, SUPERVISOR, "kernel",
	    "what of the sandbox this kernel has", NULL },
	[FINDING_KERNEL_LESS] = { "C011", CHECK_WARNING, SUPERVISOR, "kernel",
	    "what of the sandbox, or of locked memory, is missing here", NULL },
	[FINDING_START_MODE] = { "C012", CHECK_OK, SUPERVISOR, "kernel",
	    "how the agent was started: all workers as one user, or each as its own", NULL },
	[FINDING_DATA_GOOD] = { "C020", CHECK_OK, SUPERVISOR, "data",
	    "the data folder is there and can be written", NULL },
	[FINDING_DATA_UNUSABLE] = { "C021", CHECK_WRONG, SUPERVISOR, "data",
	    "the data folder is not there, or belongs to another user; the line has the command "
	    "that mends it",
	    NULL },
	[FINDING_LOCK_FREE] = { "C022", CHECK_OK, SUPERVISOR, "data",
	    "no agent runs on the data folder", NULL },
	[FINDING_LOCK_HELD] = { "C023", CHECK_OK, SUPERVISOR, "data",
	    "an agent runs on the data folder, and is left alone; a second one would refuse to "
	    "start: stop the one that the line names, or give each a volume and a key of its own",
	    NULL },
	[FINDING_LOCK_UNKNOWN] = { "C024", CHECK_WARNING, SUPERVISOR, "data",
	    "the lock file can't be looked at, so two agents on one folder would not be noticed",
	    "put the data folder on a file system with locks, owned by uid 65532" },
	[FINDING_STATE_UNREADABLE] = { "C025", CHECK_WRONG, SUPERVISOR, "data",
	    "a state file can't be read",
	    "chown 65532:65532 it, mode 0600; or remove it, and the agent starts without it" },
	[FINDING_RUN_GOOD] = { "C030", CHECK_OK, SUPERVISOR, "run",
	    "the folder of status.sock can be written", NULL },
	[FINDING_RUN_UNUSABLE] = { "C031", CHECK_WARNING, SUPERVISOR, "run",
	    "the folder of status.sock is not there or can't be written: the agent serves on, "
	    "without status and health",
	    "mount a tmpfs there (AGENT_RUN_DIR) that uid 65532 owns" },
	[FINDING_WORKER_ENDED] = { "C040", CHECK_WRONG, SUPERVISOR, "agent",
	    "a worker could not be started or confined, or ended before it was through",
	    "the lines on stderr say why; with SANDBOX_LOG=true they name a denied system call" },
	[FINDING_WORKER_LATE] = { "C041", CHECK_WRONG, SUPERVISOR, "agent",
	    "a worker was not through after 30 s: what it had not said is not known",
	    "see to what it said as wrong, and check again" },
	[FINDING_TOO_MANY] = { "C042", CHECK_WRONG, SUPERVISOR, "agent",
	    "a worker said more than a check has to say, and the rest was left out",
	    "see to what it said, and check again" },

	[FINDING_NAME_GOOD] = { "C100", CHECK_OK, RESOLVER, NULL, "a name has addresses", NULL },
	[FINDING_NAME_UNKNOWN] = { "C101", CHECK_WRONG, RESOLVER, NULL, "DNS does not know a name",
	    "check its spelling in DOCKFLARE_MASTER_URL, HTTPS_PROXY, DOCKER_HOST or "
	    "DOCKER_TUNNEL_HOST; a container's name needs a network that both are on" },
	[FINDING_NO_DNS] = { "C102", CHECK_WRONG, RESOLVER | LINK | DOCKERS, NULL,
	    "no name server answers, or none can",
	    "check the name servers in /etc/resolv.conf (Docker: dns:), and that port 53 is let "
	    "through" },

	[FINDING_TLS_GOOD] = { "C200", CHECK_OK, LINK, NULL,
	    "the master's certificate is trusted, and how long it is good for", NULL },
	[FINDING_TLS_ENDS_SOON] = { "C201", CHECK_WARNING, LINK, NULL,
	    "the master's certificate is good for less than a week",
	    "renew it on the master, or on the proxy before it" },
	[FINDING_MASTER_ADDRESS] = { "C204", CHECK_WRONG, LINK, NULL,
	    "the master's address is none that may be used",
	    "check the name, MASTER_ADDRESSES and, for http://, that the address is private; "
	    "Docker's own address is never the master's" },
	[FINDING_MASTER_UNREACHABLE] = { "C205", CHECK_WRONG, LINK, NULL,
	    "no connection to the master or its proxy",
	    "see that the master runs, that host and port in DOCKFLARE_MASTER_URL (or HTTPS_PROXY) "
	    "are right, and that a firewall lets the agent's network out" },
	[FINDING_MASTER_TIMEOUT] = { "C206", CHECK_WRONG, LINK, NULL,
	    "the master or its proxy does not answer in time",
	    "see that the master runs, and that no firewall drops the way there" },
	[FINDING_TLS_UNKNOWN_CA] = { "C207", CHECK_WRONG, LINK, NULL,
	    "the master's certificate is from an authority that is not trusted",
	    "set DOCKFLARE_CA_FILE to the PEM file of that authority" },
	[FINDING_TLS_EXPIRED] = { "C208", CHECK_WRONG, LINK, NULL,
	    "the master's certificate has expired",
	    "renew it on the master, or on the proxy before it; check this machine's clock" },
	[FINDING_TLS_NOT_YET] = { "C209", CHECK_WRONG, LINK, NULL,
	    "the master's certificate is not good yet", "check this machine's clock" },
	[FINDING_TLS_NAME] = { "C210", CHECK_WRONG, LINK, NULL,
	    "the master's certificate is for another name",
	    "set DOCKFLARE_MASTER_URL to a name that the certificate has" },
	[FINDING_TLS_NONE] = { "C211", CHECK_WRONG, LINK, NULL,
	    "no TLS 1.2 or newer is spoken there, or the handshake fails otherwise",
	    "check scheme and port in DOCKFLARE_MASTER_URL" },
	[FINDING_PROXY_REFUSES] = { "C212", CHECK_WRONG, LINK, NULL,
	    "the proxy of HTTPS_PROXY refuses to connect to the master",
	    "allow the master's host and port in the proxy, or name the host in NO_PROXY" },
	[FINDING_PROXY_USER] = { "C213", CHECK_WRONG, LINK, NULL,
	    "the proxy of HTTPS_PROXY asks for a user and a password",
	    "set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT, or better HTTPS_PROXY_FILE" },
	[FINDING_ACCESS_NEEDED] = { "C214", CHECK_WRONG, LINK, NULL,
	    "something in front of the master redirects, or asks for a login",
	    "where Cloudflare Access guards the master, set CF_ACCESS_CLIENT_ID and "
	    "CF_ACCESS_CLIENT_SECRET of an Access service token; else set DOCKFLARE_MASTER_URL to "
	    "where it redirects to" },
	[FINDING_ACCESS_REFUSED] = { "C215", CHECK_WRONG, LINK, NULL,
	    "something in front of the master does not take the Access service token",
	    "check CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET, and that the application's "
	    "policy in Cloudflare Access has an action Service Auth for that token" },
	[FINDING_NO_MASTER] = { "C216", CHECK_WRONG, LINK, NULL,
	    "what answers there is no DockFlare master",
	    "check host, port and path in DOCKFLARE_MASTER_URL" },
	[FINDING_MASTER_FAILS] = { "C217", CHECK_WRONG, LINK, NULL,
	    "the master, or what is before it, answers with an error of its own",
	    "look into the master's log" },
	[FINDING_CLOCK_GOOD] = { "C220", CHECK_OK, LINK, NULL,
	    "the clocks here and there are less than 30 s apart", NULL },
	[FINDING_CLOCK_OFF] = { "C221", CHECK_WARNING, LINK, NULL,
	    "the clocks here and there are over 30 s apart",
	    "let both machines take their time from a time server" },
	[FINDING_CLOCK_WRONG] = { "C222", CHECK_WRONG, LINK, NULL,
	    "the clocks here and there are over 5 min apart: certificates and the times of events "
	    "are misjudged",
	    "let both machines take their time from a time server (timedatectl set-ntp true)" },
	[FINDING_KEY_GOOD] = { "C230", CHECK_OK, LINK, NULL, "the master takes the key", NULL },
	[FINDING_KEY_REJECTED] = { "C231", CHECK_WRONG, LINK, NULL,
	    "the key is revoked or mistyped, or belongs to another agent",
	    "make a new key in the master and set DOCKFLARE_API_KEY; if the agent's id is "
	    "another's, remove agent_id.txt from the data folder" },
	[FINDING_AGENT_UNKNOWN] = { "C232", CHECK_WARNING, LINK, NULL,
	    "the master does not know this agent: it will register anew, and is to be enrolled "
	    "again",
	    "after the start, enrol it on the master's Agents page" },
	[FINDING_KEY_UNJUDGED] = { "C233", CHECK_OK, LINK, NULL,
	    "no id is known yet, and the master did not tell whether the key is good: the first "
	    "start will",
	    NULL },
	[FINDING_ID_UNREADABLE] = { "C234", CHECK_WARNING, LINK, NULL,
	    "agent_id.txt holds no id: the agent will register as a new one",
	    "put the file back from a backup, or enrol the new agent in the master" },
	[FINDING_RETIRED] = { "C235", CHECK_WARNING, LINK, NULL,
	    "the master has taken this agent out of service, or is about to",
	    "to use it again, stop it, empty the data folder, and start it" },

	[FINDING_DOCKER_VERSION] = { "C300", CHECK_OK, DOCKERS, NULL,
	    "Docker is reached, and which version of its API is spoken", NULL },
	[FINDING_CALL_GOOD] = { "C301", CHECK_OK, DOCKERS, NULL,
	    "a call that the agent needs is let through", NULL },
	[FINDING_CALL_DENIED] = { "C302", CHECK_WRONG, DOCKERS, NULL,
	    "the proxy denies a call that the agent needs", ALLOW_CALL },
	[FINDING_CALL_MISSED] = { "C303", CHECK_WARNING, DOCKERS, NULL,
	    "the proxy denies a call that the agent can do without, for the most part",
	    ALLOW_CALL },
	[FINDING_ENGINE_AWAY] = { "C304", CHECK_WRONG, DOCKERS, NULL,
	    "the proxy answers and does not reach Docker",
	    "see that Docker runs and that the proxy mounts its socket; after a restart of "
	    "Docker restart the proxy" },
	[FINDING_DOCKER_UNREACHABLE] = { "C305", CHECK_WRONG, DOCKERS, NULL,
	    "nothing can be connected to at the Docker endpoint",
	    "see that the socket proxy runs and is on a network of the agent's, and that "
	    "DOCKER_HOST and DOCKER_TUNNEL_HOST have its name and port; a unix socket must be "
	    "open to the agent's group" },
	[FINDING_DOCKER_TIMEOUT] = { "C306", CHECK_WRONG, DOCKERS, NULL,
	    "the Docker endpoint does not answer in time",
	    "see that Docker is not stuck (docker info), and restart the proxy" },
	[FINDING_NO_DOCKER] = { "C307", CHECK_WRONG, DOCKERS, NULL,
	    "what answers there is not Docker",
	    "check host and port in DOCKER_HOST and DOCKER_TUNNEL_HOST" },
	[FINDING_DOCKER_OTHER_VERSION] = { "C308", CHECK_WRONG, DOCKERS, NULL,
	    "Docker and the agent have no version of the API in common",
	    "update Docker, or the agent" },
	[FINDING_DOCKER_ADDRESS] = { "C309", CHECK_WRONG, DOCKERS, NULL,
	    "the Docker endpoint's address is none that may be used",
	    "check the name and DOCKER_ADDRESSES: without it only private addresses are used" },
	[FINDING_CALL_FAILED] = { "C310", CHECK_WRONG, DOCKERS, NULL,
	    "Docker answers a call with an error of its own", "look into Docker's log" },

	[FINDING_CONTAINERS] = { "C400", CHECK_OK, WATCHER, NULL,
	    "how many running containers are enabled by their labels", NULL },
	[FINDING_NOT_ON_NETWORK] = { "C401", CHECK_WARNING, WATCHER, NULL,
	    "an enabled container is not on the tunnel's network: its service may answer 502",
	    "put it on the network of CLOUDFLARED_NETWORK_NAME, and use the container's own port "
	    "in dockflare.service" },
	[FINDING_LABEL_DROPPED] = { "C402", CHECK_WARNING, WATCHER, NULL,
	    "labels of a container are left out: control characters, a value over 4 KiB, a key that "
	    "is too long, or more than 256",
	    "shorten them; the container is published without" },

	[FINDING_TUNNEL_ABSENT] = { "C500", CHECK_OK, KEEPER, NULL,
	    "there is no container of the tunnel's name: the agent makes it when it is wanted",
	    NULL },
	[FINDING_TUNNEL_OURS] = { "C501", CHECK_OK, KEEPER, NULL,
	    "the tunnel's container is there and as it should be", NULL },
	[FINDING_TUNNEL_FOREIGN] = { "C502", CHECK_WRONG, KEEPER, NULL,
	    "another container has the tunnel's name", "remove or rename that container" },
	[FINDING_TUNNEL_DOWN] = { "C503", CHECK_WARNING, KEEPER, NULL,
	    "the tunnel's container should run and does not, or needs to be made anew",
	    "start the agent; if it runs, its log says what keeps it" },
	[FINDING_NETWORK_GOOD] = { "C510", CHECK_OK, KEEPER, NULL, "the tunnel's network is there",
	    NULL },
	[FINDING_NETWORK_MISSING] = { "C511", CHECK_WRONG, KEEPER, NULL,
	    "the tunnel's network is not there; the line has the command that makes it", NULL },
	[FINDING_IMAGE_GOOD] = { "C512", CHECK_OK, KEEPER, NULL, "the tunnel's image is there",
	    NULL },
	[FINDING_IMAGE_MISSING] = { "C513", CHECK_OK, KEEPER, NULL,
	    "the tunnel's image is not there yet, and will be pulled", NULL },
	[FINDING_TUNNEL_READY] = { "C520", CHECK_OK, KEEPER, NULL,
	    "cloudflared is connected to Cloudflare", NULL },
	[FINDING_TUNNEL_UNREADY] = { "C521", CHECK_WRONG, KEEPER, NULL,
	    "cloudflared runs and has no connection to Cloudflare",
	    "see its log (docker logs dockflare-agent-tunnel); let it out to port 7844, TCP and "
	    "UDP" },
	[FINDING_METRICS_SILENT] = { "C522", CHECK_WARNING, KEEPER, NULL,
	    "cloudflared does not say how it is, so that only Docker's word on it is known",
	    "put the agent on the tunnel's network too, and leave TUNNEL_METRICS_PORT as the "
	    "container was made with" },
	[FINDING_NOT_ENROLLED] = { "C530", CHECK_WARNING, KEEPER, NULL,
	    "the master has given no tunnel to this agent yet",
	    "after the first start, enrol it on the master's Agents page" },
	[FINDING_TUNNEL_KNOWN] = { "C531", CHECK_OK, KEEPER, NULL, "which tunnel the agent keeps",
	    NULL },
	[FINDING_TUNNEL_STATE_UNREADABLE] = { "C532", CHECK_WARNING, KEEPER, NULL,
	    "tunnel_state.json can't be understood: the agent would put it aside and wait for the "
	    "master's next command",
	    "enrol the agent again in the master, or press Restart on its Agents page" },
	[FINDING_TUNNEL_REFUSED] = { "C533", CHECK_WRONG, KEEPER, NULL,
	    "the tunnel is not in ALLOWED_TUNNELS",
	    "add it there, or enrol the agent with another tunnel" },
};

const char *
finding_subject(enum finding finding, enum process from)
{
	static const char *const subjects[PROCESS_COUNT] = {
		[PROCESS_MASTER_LINK] = "master",
		[PROCESS_DOCKER_WATCHER] = "docker",
		[PROCESS_TUNNEL_KEEPER] = "tunnel",
		[PROCESS_NAME_RESOLVER] = "names",
	};

	if (findings[finding].subject != NULL)
		return findings[finding].subject;
	return subjects[from] != NULL ? subjects[from] : "";
}

enum finding
finding_of_line(enum process from, const char *line, size_t length)
{
	for (enum finding finding = 0; finding < FINDING_COUNT; finding++)
		if ((findings[finding].from & PROCESS_BIT(from)) != 0 &&
		    log_text_has_id(line, length, findings[finding].id))
			return finding;
	return FINDING_COUNT;
}

void
finding_say(enum finding finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_text(LOG_LEVEL_INFO, findings[finding].id, WAIT_MS, format, arguments);
	va_end(arguments);
}
