# SPDX-License-Identifier: GPL-3.0-or-later
"""Where secrets are: the memory of every process is searched for every secret, and each is found
only where the table in docs/security.md says.  Needs root, for /proc/PID/mem."""

import base64
import os
import resource
import signal
import subprocess

import pytest

from harness import docker, memory, secret, wait
from harness.agent import START, WORKERS, read_status
from harness.http_proxy import HttpProxy
from test_transport import authority, ca_file, secret_file, tls  # noqa: F401 (fixtures)

MODES = pytest.mark.parametrize("mode", ["shared", "distinct"])
# Each mode and each source of secrets once: where a secret lies does not depend on both.
PAIRS = pytest.mark.parametrize("mode, source", [("shared", "environment"), ("distinct", "file")])
USER = "proxy-user"
VARIABLES = {"key": "DOCKFLARE_API_KEY", "access id": "CF_ACCESS_CLIENT_ID",
             "access secret": "CF_ACCESS_CLIENT_SECRET", "proxy": "HTTPS_PROXY"}


class Watched:
    """An agent with every secret that there can be, and where in its processes they are."""

    def __init__(self, agent, master, source, secrets):
        self.agent = agent
        self.master = master
        self.source = source
        self.values = dict(secrets)

    def knows(self, tunnel):
        self.values["token"] = tunnel.token
        self.values["token's secret"] = hidden(tunnel)

    def find(self):
        """Process to {secret: regions}."""
        pids = {"supervisor": self.agent.pid, **self.agent.wait_pids()}
        return {name: memory.search(pid, self.values) for name, pid in pids.items()}

    def misplaced(self, token_in):
        """Lines that tell of secrets where none should be, or that are missing."""
        wrong = []
        for process, found in self.find().items():
            for name in self.values:
                where = found.get(name, set())
                rule = expected(process, name, self.source, token_in)
                if rule == "never" and where:
                    wrong.append("%s has %s: %s" % (process, name, told(where)))
                elif rule == "pages" and not (where and all(r.is_secret() for r in where)):
                    wrong.append("%s has %s not only on pages for secrets: %s"
                                 % (process, name, told(where)))
                elif rule == "copies" and not any(r.is_secret() for r in where):
                    wrong.append("%s lacks %s: %s" % (process, name, told(where)))
        return wrong

    def check(self, token_in=None):
        """token_in: the process that has the token.  What is under way may hold a copy for a moment,
        so it has a moment to end."""
        last = []

        def good():
            last[:] = self.misplaced(token_in)
            return not last

        try:
            wait.until("every secret is where it belongs", good, 5)
        except AssertionError:
            raise AssertionError("\n".join(last)) from None


def expected(process, name, source, token_in):
    """never; pages: on pages for secrets only; copies: there, and in libraries too; any."""
    if name.startswith("token"):
        return "pages" if process == token_in and name == "token" else "never"
    if process == "master-link":
        return "any" if name == "proxy pair" else "copies"
    if process == "supervisor" and source == "environment" and name != "proxy pair":
        return "pages"
    return "never"


def told(where):
    return ", ".join(sorted(str(region) for region in where)) or "nowhere"


def hidden(tunnel):
    """The secret inside of the token, as its reader decodes it."""
    text = base64.b64decode(tunnel.token).decode()
    return text.split('"s":"')[1].split('"')[0]


@pytest.fixture
def mode():
    return "shared"


@pytest.fixture
def source():
    return "environment"


@pytest.fixture
def protocol():
    return "2"


@pytest.fixture
def watched(agents, masters, authority, ca_file, mode, source, protocol):  # noqa: F811
    """Registered through a proxy with a password, by TLS, with an Access service token."""
    secrets = {"key": secret.fresh("API key", "dfk-"),
               "access id": secret.fresh("Access client id", "id-"),
               "access secret": secret.fresh("Access client secret", "as-"),
               "proxy": secret.fresh("proxy password", "pp-")}
    master = masters(*tls(authority), "--access-id", secrets["access id"], "--access-secret",
                     secrets["access secret"], key=secrets["key"], protocol=protocol)
    proxy = HttpProxy(USER, secrets["proxy"])
    agent = agents.make(master, mode=mode, DOCKFLARE_CA_FILE=ca_file, DOCKFLARE_API_KEY=None)
    given = {**secrets, "proxy": "http://%s:%s@127.0.0.1:%d" % (USER, secrets["proxy"], proxy.port)}
    for name, variable in VARIABLES.items():
        if source == "environment":
            agent.environment[variable] = given[name]
        else:
            agent.environment[variable + "_FILE"] = secret_file(
                agent, name.replace(" ", "-"), given[name])
    agent.start()
    master.wait_registered()
    pair = base64.b64encode(("%s:%s" % (USER, secrets["proxy"])).encode()).decode()
    yield Watched(agent, master, source, {**secrets, "proxy pair": pair})
    proxy.close()


def replace(agent, name):
    """Kills a worker; the pid of the one that took its place."""
    old = agent.pids()[name]
    mark = agent.mark()
    os.kill(old, signal.SIGKILL)
    agent.wait_line(r" supervisor: %s is ready" % name, start=mark)
    return agent.wait_pids()[name]


@PAIRS
def test_every_secret_is_where_it_belongs(watched, tunnel, source):
    agent, master = watched.agent, watched.master
    master.wait_events("heartbeat", 2)
    watched.check()

    watched.knows(tunnel)
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("running")
    watched.check("tunnel-keeper")

    master.set_mark()
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line("secrets were read again for master-link")
    master.wait_requests("/register")
    watched.check("tunnel-keeper")

    for name in WORKERS:
        replace(agent, name)
    master.set_mark()
    master.wait_events("heartbeat", 2, 20)
    watched.check("tunnel-keeper")

    master.restart_tunnel(tunnel)
    wait.until("nothing is pending", lambda: "command_id" not in
               agent.read_json("tunnel_state.json"), 20)
    watched.check("tunnel-keeper")

    master.command("stop_tunnel")
    docker.wait_gone(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("stopped")
    watched.check()


@pytest.mark.parametrize("source", ["file"])
def test_a_command_in_flight(watched, tunnel, source):
    """Until tunnel-keeper has it, its journal entry is in master-link, on pages for secrets."""
    agent, master = watched.agent, watched.master
    watched.knows(tunnel)
    keeper = agent.pids()["tunnel-keeper"]
    os.kill(keeper, signal.SIGSTOP)
    try:
        master.start_tunnel(tunnel)
        wait.until("it is in the journal", lambda: (agent.read_json("journal.json") or
                                                    {"entries": []})["entries"])
        watched.check("master-link")
    finally:
        os.kill(keeper, signal.SIGCONT)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    wait.until("it is dropped", lambda: not agent.read_json("journal.json")["entries"])
    watched.check("tunnel-keeper")
    assert agent.pids()["tunnel-keeper"] == keeper


@pytest.mark.parametrize("protocol", ["1"])
def test_a_registration_that_brings_the_token(watched, tunnel, protocol):
    """An old master's answer holds the token, each time."""
    agent, master = watched.agent, watched.master
    watched.knows(tunnel)
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    for _ in range(2):
        master.set_mark()
        os.kill(agent.pid, signal.SIGHUP)
        master.wait_requests("/register")
        master.wait_events("heartbeat")
        watched.check("tunnel-keeper")
    replace(agent, "master-link")
    master.set_mark()
    master.wait_events("heartbeat")
    watched.check("tunnel-keeper")


@MODES
def test_neither_in_environments_nor_arguments_nor_dumps(watched, tunnel, mode):
    agent, master = watched.agent, watched.master
    watched.knows(tunnel)
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    pids = {"supervisor": agent.pid, **agent.wait_pids()}
    for name, pid in pids.items():
        for file in ("environ", "cmdline"):
            with open("/proc/%d/%s" % (pid, file), "rb") as stream:
                text = stream.read()
            assert not [what for what, value in watched.values.items()
                        if any(part in text for part in memory.fragments(value))], (name, file)
        # Not dumpable: its files in /proc are root's (proc(5)).
        assert os.stat("/proc/%d/mem" % pid).st_uid == 0, name
        with open("/proc/%d/limits" % pid, encoding="ascii") as stream:
            core = [line.split() for line in stream if line.startswith("Max core file size")][0]
        assert name == "supervisor" or core[4:6] == ["0", "0"], name
        # RLIMIT_MEMLOCK of the workers is 1 MiB, with room for frames that are longer.
        assert 0 < int(read_status(pid)["VmLck"].split()[0]) <= 512, name
    watched.check("tunnel-keeper")
    assert not agent.log.find("memory with secrets")
    agent.kill()


@pytest.fixture
def dumps():
    """Whoever starts now may leave a core file, as large as this process may allow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def cores(*folders):
    return {os.path.join(where, name) for where in folders for name in os.listdir(where)
            if name.startswith("core")}


def has_ended(pid):
    status = read_status(pid)
    return status is None or status["State"].startswith("Z")


@MODES
def test_a_crash_leaves_no_core_file(dumps, watched, mode):
    agent = watched.agent
    folders = [agent.folder, agent.data, agent.run, "/", os.getcwd()]
    before = cores(*folders)
    for name in WORKERS:
        pid, mark = agent.wait_pids()[name], agent.mark()
        os.kill(pid, signal.SIGSEGV)
        agent.wait_line(r" supervisor: %s is ready" % name, start=mark)
    left = agent.wait_pids().values()
    os.kill(agent.pid, signal.SIGSEGV)
    assert agent.wait_end() == -signal.SIGSEGV
    wait.until("the workers end with it", lambda: all(has_ended(pid) for pid in left))
    assert cores(*folders) == before


def test_a_crash_would_leave_one(dumps, tmp_path):
    """The control run, where the kernel writes core files into the folder itself."""
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
        pattern = file.read()
    subprocess.run(["/bin/sh", "-c", "kill -SEGV $$"], cwd=tmp_path, check=False)
    assert cores(str(tmp_path)) or pattern.startswith(("|", "/"))


@MODES
def test_without_locked_memory_it_goes_on_and_says_so(agents, master, mode, monkeypatch):
    monkeypatch.setitem(START, mode, ["prlimit", "--memlock=0:0", *START[mode]])
    agent = agents.start(master, mode=mode)
    master.wait_registered()
    master.wait_events("heartbeat", 2)
    warning = "memory with secrets can't be locked"
    for name in ("supervisor", *WORKERS):
        agent.wait_line("%s: %s" % (name, warning))
    assert len([line for _, line in agent.log.lines if warning in line]) == 1 + len(WORKERS)
    assert any(warning in line for line in agent.status()["agent"]["warnings"])


def test_the_search_finds_what_is_there():
    """The control run: a process that was told the secret, and one that was not."""
    values = {"told": secret.fresh("control secret"), "kept": secret.fresh("control secret")}
    listener = subprocess.Popen(
        ["/usr/bin/python3", "-c", "import sys; kept = sys.stdin.readline(); print(flush=True); "
         "sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with listener:
        listener.stdin.write(values["told"] + "\n")
        listener.stdin.flush()
        listener.stdout.readline()
        assert set(memory.search(listener.pid, values)) == {"told"}
        listener.stdin.close()
