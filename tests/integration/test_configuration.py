# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment: every mistake listed at once in one clear line, and what each variable does."""

import glob
import os
import re
import socket
import stat
import subprocess
import tempfile
import threading

import pytest

from harness import docker, secret, wait
from harness.agent import START

EX_CONFIG = 78
EX_USAGE = 64
PLAIN = {"DOCKFLARE_MASTER_URL": "http://127.0.0.1:1", "DOCKFLARE_API_KEY": "k",
         "DOCKER_HOST": "tcp://127.0.0.1:2375"}
PASSWORD = secret.fresh("password in a URL", "pw-")


def check(agents, *arguments, mode="shared", **environment):
    """What `dockflare-agent --check-config` says to an environment: exit code and lines."""
    agent = agents.make(None, mode=mode, **{**PLAIN, **environment})
    for name in list(agent.environment):
        if agent.environment[name] is None:
            del agent.environment[name]
    agent.start("--check-config", *arguments, ready=False)
    code = agent.wait_end()
    return code, [re.sub(r"^\S+ \S{4} ", "", line) for _, line in agent.log.lines]


@pytest.fixture
def settings():
    """Nothing but what a test says."""
    return {}


def mistakes(lines):
    return [line for line in lines if line.startswith("CRITICAL supervisor: ")
            and "nothing was started" not in line]


WRONG = [
    ("DOCKFLARE_MASTER_URL", None, "is not set"),
    ("DOCKFLARE_MASTER_URL", "master.example.com", "no scheme.*https://"),
    ("DOCKFLARE_MASTER_URL", "ftp://master", "no scheme"),
    ("DOCKFLARE_MASTER_URL", "https://u:%s@master" % PASSWORD, "user information"),
    ("DOCKFLARE_MASTER_URL", "https://master/?a=%s" % "b", "query"),
    ("DOCKFLARE_MASTER_URL", "http://master.example.com", "ALLOW_PLAINTEXT_MASTER"),
    ("DOCKFLARE_MASTER_URL", "'https://master'", "quote"),
    ("DOCKFLARE_API_KEY", None, "is not set"),
    ("DOCKFLARE_API_KEY", "two words", "blank"),
    ("DOCKFLARE_API_KEY", "k" * 5000, "longer than 4096"),
    ("DOCKFLARE_API_KEY_FILE", "/etc/hostname", "beside the variable"),
    ("CF_ACCESS_CLIENT_ID", "id", "CF_ACCESS_CLIENT_SECRET: is not set"),
    ("CF_ACCESS_CLIENT_SECRET", "secret", "CF_ACCESS_CLIENT_ID: is not set"),
    ("CF_ACCESS_CLIENT_ID_FILE", "/nowhere/id", "/nowhere/id can't be read by uid 65532"),
    ("CF_ACCESS_CLIENT_SECRET_FILE", "relative", "absolute path"),
    ("HTTPS_PROXY", "socks5://127.0.0.1:1080", "http://"),
    ("HTTPS_PROXY", "http://proxy", "no port"),
    ("HTTPS_PROXY_FILE", "/", "can't be read by uid 65532"),
    ("NO_PROXY", "10.0.0.1/8", "bits set behind"),
    ("DOCKER_HOST", "dockersocket", "no scheme"),
    ("DOCKER_HOST", "https://docker:2376", "put a socket proxy on this host"),
    ("DOCKER_TUNNEL_HOST", "tcp://a:99999", "port"),
    ("DOCKER_TLS_VERIFY", "1", "put a socket proxy on this host"),
    ("AGENT_DISPLAY_NAME", "x" * 300, "longer than 255"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    ("TZ", "Mars/Olympus", "not installed"),
    ("REPORT_INTERVAL_SECONDS", "0", "from 1 s to 1 h.*30s, 5m or 1h"),
    ("REPORT_INTERVAL_SECONDS", "2h", "from 1 s to 1 h"),
    ("COMMAND_POLL_SECONDS", "-5", "from 1 s to 1 h"),
    ("CLOUDFLARED_NETWORK_NAME", "a/b", "Docker network"),
    ("CLOUDFLARED_IMAGE", "Cloudflared:UPPER CASE", "image reference"),
    ("CLOUDFLARED_IMAGE", "cloudflare/cloudflared@sha256:abc", "image reference"),
    ("TUNNEL_ON_EXIT", "maybe", "remove nor keep"),
    ("TUNNEL_METRICS_PORT", "65536", "1 to 65535"),
    ("ALLOWED_TUNNELS", "my-account", "ACCOUNT"),
    ("LABEL_PREFIX", "dock flare.", "blank"),
    ("MASTER_ADDRESSES", "10.0.0.0/33", "prefix length"),
    ("DOCKER_ADDRESSES", "everywhere", "no address or network"),
    ("ALLOW_PLAINTEXT_MASTER", "perhaps", "true nor false"),
    ("AGENT_DATA_DIR", "data", "absolute path"),
    ("AGENT_DATA_DIR", "/nowhere/at/all", "make the folder"),
    ("AGENT_RUN_DIR", "run", "absolute path"),
    ("SANDBOX", "off", "required nor best-effort"),
    ("SANDBOX_LOG", "perhaps", "true nor false"),
]


@pytest.mark.parametrize("name, value, says", WRONG)
def test_a_mistake_is_one_clear_line(agents, name, value, says):
    code, lines = check(agents, **{name: value})
    found = mistakes(lines)
    assert code == EX_CONFIG, lines
    assert len(found) == 1 and re.search(says, found[0]), found
    assert name in found[0] or "is not set" in found[0]
    assert PASSWORD not in "".join(lines)
    assert lines[-1].startswith("CRITICAL supervisor: the configuration has mistakes")


def test_a_ca_file_that_can_not_be_read(agents, folder):
    code, lines = check(agents, DOCKFLARE_MASTER_URL="https://master",
                        DOCKFLARE_CA_FILE="/nowhere/ca.pem")
    assert code == EX_CONFIG and len(mistakes(lines)) == 1
    assert "DOCKFLARE_CA_FILE: /nowhere/ca.pem can't be read" in mistakes(lines)[0]
    # master-link reads it as a uid of its own.
    path = os.path.join(folder, "ca.pem")
    with open(path, "w", encoding="ascii") as file:
        file.write("x")
    os.chown(path, 65532, 65532)
    os.chmod(path, 0o600)
    code, lines = check(agents, mode="distinct", DOCKFLARE_MASTER_URL="https://master",
                        DOCKFLARE_CA_FILE=path)
    assert code == EX_CONFIG and "can't be read by uid 65528" in mistakes(lines)[0]


def test_all_mistakes_are_listed_at_once(agents):
    code, lines = check(agents, DOCKFLARE_MASTER_URL="nonsense", DOCKFLARE_API_KEY=None,
                        LOG_LEVEL="x", TUNNEL_ON_EXIT="y", SANDBOX="z", TZ="q")
    names = [re.match(r"CRITICAL supervisor: (\w+): ", line)[1] for line in mistakes(lines)]
    assert code == EX_CONFIG
    assert sorted(names) == ["DOCKFLARE_API_KEY", "DOCKFLARE_MASTER_URL", "LOG_LEVEL", "SANDBOX",
                             "TUNNEL_ON_EXIT", "TZ"]


def test_nothing_is_started_with_a_mistake(agents):
    agent = agents.make(None, **{**PLAIN, "LOG_LEVEL": "LOUD"})
    agent.start(ready=False)
    assert agent.wait_end() == EX_CONFIG
    assert agent.log.find("is ready") is None and agent.log.find("started, version") is None


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_a_good_configuration_is_said_to_be(agents, mode):
    code, lines = check(agents, mode=mode)
    assert code == 0 and lines[-1].endswith("the configuration is good") or "good" in lines[-1]


PROGRAMS = {"dockflare-agent": 8, "docker-gate": 8, "dockflare-agentctl": 1}


def run_program(prefix, name, *words):
    done = subprocess.run([*START["shared"], os.path.join(prefix, "bin", name), *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={})
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("name", PROGRAMS)
def test_options(prefix, name):
    """--help names every option, each is one, and the manual page has the same."""
    code, text = run_program(prefix, name, "--help")
    assert code == 0 and text.startswith("Usage: ") and name in text
    code, version = run_program(prefix, name, "--version")
    assert code == 0 and re.fullmatch(name + r" \d+\.\d+\.\d+\n", version)
    for words in (["--fly"], ["word"], ["--help=x"]):
        code, said = run_program(prefix, name, *words)
        assert code == EX_USAGE and said, words
    listed = set(re.findall(r"^  --([a-z-]+)", text, re.M))
    assert listed and listed == set(re.findall(r"--([a-z-]+)", text)) - {"check-"}
    for option in listed:
        said = run_program(prefix, name, "--" + option)[1]
        assert "unrecognized option" not in said and "ambiguous" not in said, option
    path = os.path.join(prefix, "share", "man", "man%d" % PROGRAMS[name], "%s.%d" % (name, PROGRAMS[name]))
    with open(path, encoding="ascii") as file:
        page = file.read()
    assert set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.M)) == listed
    assert ".Os dockflare-agent %s\n" % version.split()[1] in page and "@VERSION@" not in page
    variables = set(re.findall(r"^  ([A-Z_]+) ", text, re.M))
    if name != "dockflare-agentctl":
        assert variables and variables == set(re.findall(r"^\.It Ev ([A-Z_]+)", page, re.M))


def test_agentctl_needs_a_command(prefix):
    for words in ([], ["fly"], ["status", "now"], ["health", "--json"]):
        assert run_program(prefix, "dockflare-agentctl", *words)[0] == EX_USAGE, words


# -- folders ----------------------------------------------------------------------------------------

def test_a_data_folder_of_another_owner(agents):
    agent = agents.make(None, **PLAIN)
    os.chown(agent.data, 1234, 1234)
    agent.start(ready=False)
    assert agent.wait_end() == EX_CONFIG
    found = mistakes([re.sub(r"^\S+ \S{4} ", "", line) for _, line in agent.log.lines])
    assert len(found) == 1
    assert "%s is not writable for uid 65532 (it belongs to uid 1234" % agent.data in found[0]
    assert "chown -R 65532:65532 the folder" in found[0]


def test_a_data_folder_that_is_read_only(agents):
    agent = agents.make(None, **PLAIN)
    os.chmod(agent.data, 0o500)
    agent.start(ready=False)
    assert agent.wait_end() == EX_CONFIG
    assert agent.log.find("%s is not writable for uid 65532" % agent.data)


def test_a_run_folder_that_is_not_writable(agents, masters):
    """No status, but the agent does its work."""
    master = masters()
    agent = agents.make(master, DOCKER_HOST="tcp://127.0.0.1:1")
    os.chown(agent.run, 0, 0)
    agent.start()
    agent.wait_line(r"no status: .*status.sock can't be made: .*mount a tmpfs there that uid 65532")
    master.wait_registered()
    code, line = agent.health()
    assert code == 1 and line.startswith("unhealthy: no agent answers at ")


def test_without_proc_it_says_what_is_missing(agents, prefix):
    program = os.path.join(prefix, "bin", "dockflare-agent")
    agent = agents.make(None, **PLAIN)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c",
         "mount -t tmpfs none /proc && exec \"$@\"", "sh", *START["shared"], program],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={
            "PATH": "/usr/bin:/bin", **agent.environment}, timeout=10)
    assert done.returncode == EX_CONFIG
    assert b"/proc can't be read" in done.stdout and b"mount it" in done.stdout


def test_root_without_capabilities_is_told_two_ways(agents, prefix):
    program = os.path.join(prefix, "bin", "dockflare-agent")
    agent = agents.make(None, **PLAIN)
    done = subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", program], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", **agent.environment}, timeout=10)
    assert done.returncode == EX_CONFIG
    assert b"SETUID, SETGID, KILL" in done.stdout and b"65532:65532" in done.stdout


# -- what variables do ------------------------------------------------------------------------------

@pytest.fixture
def quiet(agents, masters):
    """An agent without a Docker that answers, and its master."""
    def start(**environment):
        master = masters()
        agent = agents.start(master, **{"DOCKER_HOST": "tcp://127.0.0.1:1",
                                        "REPORT_INTERVAL_SECONDS": "1",
                                        "COMMAND_POLL_SECONDS": "1", **environment})
        return agent, master
    return start


def test_log_lines_have_time_level_and_worker_in_the_zone(quiet):
    agent, master = quiet(TZ="Asia/Kolkata", LOG_LEVEL="info")
    master.wait_registered()
    form = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30 [A-Z]\d{3} "
                      r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) "
                      r"(supervisor|master-link|docker-watcher|tunnel-keeper|name-resolver): .")
    for _, line in agent.log.lines:
        assert form.match(line), line


LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@pytest.mark.parametrize("level, least", [("DEBUG", "DEBUG"), ("INFO", "INFO"),
                                          ("WARN", "WARNING"), ("error", "ERROR")])
def test_log_level(agents, masters, level, least):
    """Nothing below it, from the supervisor or a worker."""
    master = masters()
    agent = agents.make(master, DOCKER_HOST="tcp://127.0.0.1:1", LOG_LEVEL=level)
    agent.start(ready=False)
    master.wait_registered()
    os.kill(wait.until("master-link runs", lambda: agent.pids().get("master-link")), 9)
    wait.until("registered again", lambda: master.agent()["registrations"] == 2)
    agent.stop()
    said = {line.split(" ")[2] for _, line in agent.log.lines}
    assert said <= set(LEVELS[LEVELS.index(least):])
    assert least in said


def test_variables_that_are_accepted_and_not_used(quiet):
    agent, master = quiet(HEALTH_CHECK_PORT="8080", DOCKFLARE_AGENT_VERSION="9.9.9")
    master.wait_registered()
    agent.wait_line(r"HEALTH_CHECK_PORT: is not used: `dockflare-agentctl health` serves instead")
    agent.wait_line(r"DOCKFLARE_AGENT_VERSION: is not used")
    assert master.bodies("/register")[0]["version"] != "9.9.9"
    warnings = agent.status()["agent"]["warnings"]
    assert any("HEALTH_CHECK_PORT" in warning for warning in warnings)


def test_master_addresses_narrow(quiet):
    agent, master = quiet(MASTER_ADDRESSES="10.0.0.0/8")
    agent.wait_line(r"master-link: master is away: .*127\.0\.0\.1")
    wait.stays("nothing is sent", lambda: not master.requests(), 1)
    agent, master = quiet(MASTER_ADDRESSES="127.0.0.0/8")
    master.wait_registered()


def test_docker_addresses_narrow(quiet):
    agent, _ = quiet(DOCKER_ADDRESSES="10.0.0.0/8")
    agent.wait_line(r"docker-watcher: Docker can't be read: the address 127\.0\.0\.1 is not one")


def test_plain_http_is_warned_about(quiet):
    agent, master = quiet()
    master.wait_registered()
    agent.wait_line(r"WARNING supervisor: DOCKFLARE_MASTER_URL: is http://: whoever can read")


def test_one_port_for_both_dockers_is_warned_about(quiet):
    agent, _ = quiet(DOCKER_TUNNEL_HOST="tcp://127.0.0.1:1")
    agent.wait_line(r"DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST")
    assert any("DOCKER_TUNNEL_HOST" in warning for warning in agent.status()["agent"]["warnings"])


def test_sandbox_best_effort_is_shown(quiet):
    agent, _ = quiet(SANDBOX="best-effort")
    assert any("best-effort" in warning for warning in agent.status()["agent"]["warnings"])


def test_every_variable_has_a_test(prefix):
    """Each variable that --help lists occurs in the integration tests."""
    done = subprocess.run([*START["shared"], os.path.join(prefix, "bin", "dockflare-agent"),
                           "--help"], stdout=subprocess.PIPE, env={}, check=True)
    names = re.findall(r"^  ([A-Z_]+) ", done.stdout.decode(), re.M)
    text = ""
    for path in glob.glob(os.path.join(os.path.dirname(__file__), "*.py")):
        with open(path, encoding="utf-8") as file:
            text += file.read()
    assert len(names) > 25
    assert [name for name in names if name not in text] == []


# -- the status socket ------------------------------------------------------------------------------

def test_the_status_socket(quiet):
    """Everybody may read it, and nothing that a client does disturbs."""
    agent, master = quiet()
    master.wait_registered()
    path = os.path.join(agent.run, "status.sock")
    mode = os.stat(path)
    assert stat.S_ISSOCK(mode.st_mode) and mode.st_mode & 0o777 == 0o666
    pids = agent.pids()
    idle = []
    for _ in range(30):  # more than it keeps at once; they never read
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        try:
            client.send(b"\xff" * 4096)
        except OSError:
            pass
        idle.append(client)
    agent.wait_status("it answers", lambda s: s["link"]["state"] == "connected")
    for client in idle:
        client.close()
    assert agent.pids() == pids
    agent.stop()
    assert not os.path.exists(path)


def test_status_as_text(agents, masters, engine, read_proxy, tunnel_proxy):
    name = engine.service("shown")
    master = masters()
    agent = agents.start(master, DOCKER_HOST=read_proxy.host,
                         DOCKER_TUNNEL_HOST=tunnel_proxy.host,
                         CLOUDFLARED_NETWORK_NAME=engine.network,
                         CLOUDFLARED_IMAGE=docker.TUNNEL_IMAGE, REPORT_INTERVAL_SECONDS="1")
    master.wait_container(name)
    agent.wait_status("it counts", lambda s: s["docker"]["containers"] == 1 and s["status"] == "healthy")
    code, text = agent.agentctl("status")
    assert code == 0
    for line in (r"^agent +healthy +version \S+, up \d+ s, shared uid, Landlock ABI \d",
                 r"^master +connected +agent \S+, protocol 2, last contact \d+ s ago",
                 r"^docker +connected +API 1\.\d+, engine \S+, 1 enabled container, last list \d+ s ago",
                 r"^tunnel +stopped ", r"^  master-link +running +pid \d+ +uid 65532, up "):
        assert re.search(line, text, re.M), (line, text)
    assert agent.health() == (0, "healthy\n")
    code, line = agent.agentctl("health", "--strict")
    assert code == 0


class Liar:
    """A status socket that says what it is told to."""

    def __init__(self, folder, answer):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(os.path.join(folder, "status.sock"))
        self.server.listen(4)
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                client, _ = self.server.accept()
                with client:
                    client.sendall(self.answer)
        except OSError:
            pass


@pytest.mark.parametrize("answer", [
    b"", b"\0\0", b"\0\0\0\x02{}", b"\xff\xff\xff\xff{}", b"\0\0\0\x16{\"type\":\"status-worker\"}",
    b"HTTP/1.1 200 OK\r\n\r\n", b"\0\0\0\x05{\"a\":"])
def test_an_account_that_is_none(prefix, answer):
    with tempfile.TemporaryDirectory() as folder:
        liar = Liar(folder, answer)
        done = subprocess.run([os.path.join(prefix, "bin", "dockflare-agentctl"), "health"],
                              env={"AGENT_RUN_DIR": folder}, stdout=subprocess.PIPE, timeout=10)
        liar.server.close()
    assert done.returncode == 1
    assert done.stdout.startswith(b"unhealthy: what came over status.sock is not this agent's: ")
