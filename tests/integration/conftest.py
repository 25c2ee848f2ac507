# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: real Docker, real HAProxy, the agent, a stand-in master.

The tunnel's container has a fixed name, so the tests run one after the other.  Settings from the
environment: AGENT_PREFIX (where the agent is installed), TEST_DOCKER_SOCKET, TEST_TUNNEL_IMAGE,
TEST_AGENT_IMAGE, TEST_THROUGH and TEST_DEPLOYED (as --through and --deployed), TEST_RUNS (how often tests that repeat themselves do so), TEST_FAULTS (which rows
of the table of faults), TEST_OUTPUT (a folder that keeps all logs).
"""

import json
import os
import secrets
import shutil
import sys
import tempfile

import pytest

from harness import calls, docker, faulty_engine as engines, install, programs, secret
from harness.agent import Agent
from harness.container_agent import ContainerAgent
from harness.faulty_engine import FaultyEngine
from harness.gate import between
from harness.image import ImageRoot
from harness.lone_worker import LoneWorker
from harness.master import Master


def pytest_configure(config):
    config.addinivalue_line("markers", "master(*options, protocol): the stand-in master's options")
    config.addinivalue_line("markers", "whole: looks at what all parts of a whole run left")
    config.addinivalue_line("markers", "slow: waits for a time-out that can't be shortened")


def pytest_addoption(parser):
    parser.addoption("--part", choices=("engine", "alone", "faults", "whole"), help="only the tests that "
                     "use the Docker engine, or only those that do not, or only those of them that "
                     "wait for faults most of the time; all three can run side by side; or, behind "
                     "all of them, only what looks at what they left")
    parser.addoption("--through", choices=("proxy", "gate"),
                     default=os.environ.get("TEST_THROUGH", "proxy"),
                     help="what stands between the agents and the Docker engine: HAProxy with the "
                     "project's rules, or docker-gate")
    parser.addoption("--deployed", choices=("standard", "hardened"),
                     default=os.environ.get("TEST_DEPLOYED"),
                     help="start every agent that can be in a container as docker-compose.yml's "
                     "profile has it, not only those of which a test says so")
    parser.addoption("--write-payloads", action="store_true", help="write docs/payloads.md anew")
    parser.addoption("--fault-rows", action="store_true", help="print at the end what became of "
                     "each row of tests/faults/elsewhere.py")


# They wait most of the time: a part of their own, so that the others need not wait for them.
FAULTS = ("test_conversation.py", "test_engine.py", "test_faults.py", "test_hostile.py",
          "test_soak.py")


# They use `engine` too, but make one for themselves.
OWN_ENGINE = ("test_gate_engine.py", "test_gate_robber.py")


# They look at what the others left, in each part.
LAST = ("test_calls.py", "test_secrets.py")


# They start the programs in ways of their own, so --deployed leaves their agents native.
NATIVE = ("test_agentctl.py", "test_check.py", "test_configuration.py", "test_floor.py",
          "test_memory.py")


def part_of(item):
    """`engine` stands for the tunnel's container, of which there is one: tests with it run in turn."""
    if item.get_closest_marker("whole"):
        return "whole"
    if "engine" in item.fixturenames and item.path.name not in OWN_ENGINE:
        return "engine"
    if item.path.name in LAST:
        return "each"
    return "faults" if item.path.name in FAULTS else "alone"


def is_in(part, wanted):
    if wanted is None:
        return part != "whole"
    return part == wanted or (part == "each" and wanted != "whole")


def pytest_collection_modifyitems(config, items):
    """What looks for something in all that was written comes behind everything that may write it."""
    items.sort(key=lambda item: (LAST.index(item.path.name) + 1 if item.path.name in LAST else 0,
                                 item.path.name in LAST and part_of(item) == "each"))
    left_out = [item for item in items if not is_in(part_of(item), config.getoption("--part"))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Stand-in engines record what agents ask, but for tests of hostile ones."""
    folder = os.environ.get("TEST_OUTPUT")
    hostile = item.path.name in calls.HOSTILE
    if folder and not hostile and engines.recorder is None:
        os.makedirs(folder, exist_ok=True)
        engines.recorder = open(os.path.join(folder, "calls-any-engines.log"), "a", encoding="utf-8")
    elif hostile:
        engines.recorder = None


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption("--fault-rows"):
        return
    sys.path.append(os.path.join(os.path.dirname(__file__), "..", "faults"))
    from elsewhere import ELSEWHERE
    terminalreporter.section("faults that are tests of their own: fault, runs, evidence")
    for fault, test, evidence in ELSEWHERE:
        reports = {kind: [r for r in terminalreporter.stats.get(kind, ())
                          if r.nodeid.startswith(test)] for kind in ("passed", "failed", "error")}
        runs = sum(map(len, reports.values()))
        if runs:
            held = "all hold" if len(reports["passed"]) == runs else "%d FAILED" % (
                runs - len(reports["passed"]))
            terminalreporter.write_line("%-50s %4d  %-58s %s" % (fault, runs, evidence, held))


@pytest.fixture(scope="session")
def output():
    """The folder that keeps every log, for the search for secrets at the end."""
    kept = os.environ.get("TEST_OUTPUT")
    folder = kept or tempfile.mkdtemp(prefix="dockflare-agent-test-")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    yield folder
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prefix():
    where = install.prefix()
    install.check(where)
    return where


@pytest.fixture(scope="session")
def engine_session():
    docker.build_pause_image()
    if not docker.has_image(docker.TUNNEL_IMAGE):
        raise RuntimeError("image %s is missing: run the tests by ./dev test, which builds it"
                           % docker.TUNNEL_IMAGE)
    made = docker.Engine(secrets.token_hex(3))
    yield made
    made.close()


@pytest.fixture(scope="session")
def image_root(tmp_path_factory):
    """What is in the agent's image."""
    return ImageRoot(tmp_path_factory.mktemp("image"))


@pytest.fixture
def engine(engine_session):
    """The engine, without the tunnel's container before, without the test's own after."""
    docker.discard(docker.TUNNEL_CONTAINER)
    yield engine_session
    engine_session.remove_containers()
    docker.discard(docker.TUNNEL_CONTAINER)


@pytest.fixture(scope="session")
def through(request):
    """What stands between agents and engine: "proxy" or "gate"."""
    return request.config.getoption("--through")


@pytest.fixture(scope="session")
def read_proxy_session(through, output):
    made = between(through, "read", output)
    yield made
    made.close()


@pytest.fixture(scope="session")
def tunnel_proxy_session(through, output):
    made = between(through, "tunnel", output)
    yield made
    made.close()


@pytest.fixture
def read_proxy(read_proxy_session):
    if read_proxy_session.process.poll() is not None:
        read_proxy_session.start()
    return read_proxy_session


@pytest.fixture
def tunnel_proxy(tunnel_proxy_session):
    if tunnel_proxy_session.process.poll() is not None:
        tunnel_proxy_session.start()
    return tunnel_proxy_session


@pytest.fixture
def faulty_engine():
    made = FaultyEngine()
    yield made
    made.close()


@pytest.fixture(scope="session")
def older_kernel():
    """A program that runs another as on a kernel that lacks something: harness/older_kernel.c."""
    return programs.built("older_kernel", "-lseccomp")


@pytest.fixture
def folder(output, request):
    """A folder for this test's agents, which uid 65532 can reach.  Short: a socket lies in it."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:36].strip("-")
    path = tempfile.mkdtemp(prefix=name + "-", dir=output)
    os.chmod(path, 0o755)
    return path


@pytest.fixture
def masters(folder):
    """Starts stand-in masters; what they saw is kept for the search for secrets."""
    made = []

    def start(*options, protocol="2", key=None):
        master = Master(key or secret.fresh("API key", "dfk-"), *options, protocol=protocol)
        made.append(master)
        return master

    yield start
    for number, master in enumerate(made):
        with open(os.path.join(folder, "master-%d.json" % number), "w", encoding="utf-8") as file:
            json.dump(master.state(), file)
        master.close()


@pytest.fixture
def master(masters, request):
    """One stand-in master; @pytest.mark.master(*options, protocol=…) says how."""
    marker = request.node.get_closest_marker("master")
    arguments = marker.args if marker else ()
    return masters(*arguments, **(marker.kwargs if marker else {}))


@pytest.fixture
def settings(engine, read_proxy, tunnel_proxy):
    """The environment that every agent of the tests gets, but for what concerns the master."""
    return {
        "DOCKER_HOST": read_proxy.host, "DOCKER_TUNNEL_HOST": tunnel_proxy.host,
        "CLOUDFLARED_NETWORK_NAME": engine.network, "CLOUDFLARED_IMAGE": docker.TUNNEL_IMAGE,
        "REPORT_INTERVAL_SECONDS": "1", "COMMAND_POLL_SECONDS": "1", "LOG_LEVEL": "DEBUG",
        "TUNNEL_ON_EXIT": "keep",
    }


class Agents:
    """Makes agents for a test, and ends those that are left."""

    def __init__(self, prefix, folder, settings, gates=(), deployed=None):
        self.prefix = prefix
        self.deployed = deployed  # the profile in which each is started, or None
        self.folder = folder
        self.settings = settings
        self.gates = gates  # those that must know what an agent is set to
        self.made = []

    def make(self, master=None, mode=None, groups=None, container=None, **environment):
        """An agent that is not started yet.  A value of None takes a variable out."""
        if container is None:
            # Groups are the host's, and so is the socket that they are for.
            container = self.deployed is not None and groups is None
        mode = mode or ("distinct" if self.deployed == "hardened" else "shared")
        merged = dict(self.settings)
        if master is not None:
            merged.update({"DOCKFLARE_MASTER_URL": master.url, "DOCKFLARE_API_KEY": master.key})
        merged.update(environment)
        merged = {name: value for name, value in merged.items() if value is not None}
        for gate in self.gates:
            if gate.host in (merged.get("DOCKER_HOST"), merged.get("DOCKER_TUNNEL_HOST")):
                gate.suit(merged)
        folder = os.path.join(self.folder, "agent-%d" % len(self.made))
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        if container:
            agent = ContainerAgent(folder, mode, merged)
            if self.deployed is not None:
                # Certificates, secrets and sockets that the test has made lie there.
                agent.more += ["-v", "%s:%s:ro" % (self.folder, self.folder)]
        else:
            agent = Agent(self.prefix, folder, mode, merged, groups)
        self.made.append(agent)
        return agent

    def start(self, master, *arguments, ready=True, **more):
        return self.make(master, **more).start(*arguments, ready=ready)

    def close(self):
        for agent in self.made:
            agent.kill()
            agent.forget()


@pytest.fixture
def gates(request, through):
    """The gates before the engine, if that is what the test's agents go through."""
    if through != "gate":
        return ()
    return [request.getfixturevalue(name) for name in ("read_proxy", "tunnel_proxy")
            if name in request.fixturenames]


@pytest.fixture
def agents(prefix, folder, settings, gates, request):
    deployed = request.config.getoption("--deployed")
    made = Agents(prefix, folder, settings, gates,
                  None if request.path.name in NATIVE else deployed)
    yield made
    made.close()


@pytest.fixture
def agent(agents, master):
    """One running and registered agent, shared uid, with the test's master."""
    started = agents.start(master)
    master.wait_registered()
    return started


@pytest.fixture
def workers(tmp_path):
    """workers(name, values, …): a lone worker, by its name."""
    made = []

    def start(name, values, files=None, secrets=None):
        program = os.path.join(install.prefix(), "libexec", "dockflare-agent", name)
        made.append(LoneWorker(program, name, tmp_path / ("%s-%d.log" % (name, len(made))),
                               {"LOG_LEVEL": "INFO", **values}, files or {}, secrets or {}))
        return made[-1]

    yield start
    for worker in made:
        worker.kill()
        assert secret.found_in(worker.log.text()) == []


@pytest.fixture
def tunnel():
    return secret.Tunnel("test-tunnel")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the end of its agents' logs."""
    outcome = yield
    report = outcome.get_result()
    agents = item.funcargs.get("agents") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and agents:
        for number, agent in enumerate(agents.made):
            if agent.log:
                lines = [line for _, line in agent.log.lines[-60:]]
                report.sections.append(("agent %d's log" % number, "\n".join(lines)))
