# SPDX-License-Identifier: GPL-3.0-or-later
"""What `dockflare-agentctl` shows: labelled containers with their reasons, colours, --watch."""

import fcntl
import json
import os
import pty
import re
import secrets
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest

from harness import docker, secret, wait
from harness.agent import read_status
from harness.gate import Gate, between

GREEN, YELLOW, RESET = "\x1b[32m", "\x1b[33m", "\x1b[0m"
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"


def program(prefix):
    return os.path.join(prefix, "bin", "dockflare-agentctl")


# -- labelled containers ----------------------------------------------------------------------------

def start_all(engine):
    """Short name to what must be said of it."""
    rule = {"dockflare.hostname": "odd.example.com", "dockflare.service": "http://odd:80"}
    engine.service("near", network=engine.network)
    engine.service("far")
    engine.run("on", {"dockflare.enable": "on", **rule})
    engine.run("off", {"dockflare.enable": "false"})
    engine.run("forgotten", rule)
    engine.run("nameless", {"dockflare.enable": "true", "dockflare.service": "http://x:80"})
    engine.run("aimless", {"dockflare.enable": "true", "dockflare.hostname": "x.example.com"})
    engine.run("foreign", {"com.example.enable": "true"})


@pytest.mark.parametrize("gated", [False, True])
def test_each_labelled_container_and_what_comes_of_it(agents, masters, engine, output, gated, request):
    """Also through docker-gate, which tells names, states and these labels, and no networks."""
    between_them = between("gate" if gated else "proxy", "read", output)
    request.addfinalizer(between_them.close)
    start_all(engine)
    agent = agents.make(masters(), DOCKER_HOST=between_them.host)
    agent.start()
    docker_part = agent.wait_status("it is seen", lambda s: s["docker"]["ignored"] == 3)["docker"]
    assert docker_part["containers"] == 4
    seen = {entry["name"]: entry for entry in docker_part["seen"]}
    expected = {"near": "published", "far": "published" if gated else "off-network",
                "on": "not-enabled", "off": "not-enabled", "forgotten": "no-enable",
                "nameless": "no-hostname", "aimless": "no-service"}
    assert {name: entry["verdict"] for name, entry in seen.items()} == {
        engine.name(short): verdict for short, verdict in expected.items()}
    assert seen[engine.name("on")]["enable"] == "on"
    assert seen[engine.name("near")]["hostname"] == engine.name("near") + ".example.com"
    assert seen[engine.name("nameless")]["service"] == "http://x:80"
    code, text = agent.agentctl("status")
    assert code == 0
    for line in (
            r"^docker .*4 enabled containers, 3 ignored, ",
            r"^  %s +ignored: its enable label is \"on\", which is none of true, 1, t, yes$" % engine.name("on"),
            r"^  %s +ignored: it has no label dockflare.enable$" % engine.name("forgotten"),
            r"^  %s +no rule: it has no label for a hostname, service http://x:80$" % engine.name("nameless"),
            r"^  %s +no rule: it has no label for a service, x.example.com$" % engine.name("aimless"),
            r"^  {0} +{0}.example.com to http://near:80$".format(engine.name("near"))):
        assert re.search(line, text, re.M), (line, text)
    assert (re.search(r"^  %s +off network: " % engine.name("far"), text, re.M) is None) == gated
    # Events are followed too: without waiting for the next list.
    engine.run("late", {"dockflare.enable": "0"})
    agent.wait_status("one more", lambda s: s["docker"]["ignored"] == 4, 5)
    docker.docker("rm", "-f", engine.name("late"), engine.name("on"))
    agent.wait_status("two fewer", lambda s: s["docker"]["ignored"] == 2, 5)


def test_a_crowd_of_ignored_containers_is_counted(agents, masters, faulty_engine):
    """A tenant's ten thousand make neither the status nor the worker large."""
    rows = [{"Id": "%064x" % number, "Names": ["/c%d" % number], "State": "running",
             "Labels": {"dockflare.enable": "x" * 4000}} for number in range(10000)]
    faulty_engine.answer_list(*(json.dumps(row).encode() for row in rows))
    agent = agents.start(masters(), DOCKER_HOST=faulty_engine.host)
    status = agent.wait_status("they are counted", lambda s: s["docker"]["ignored"] == 10000, 20)
    assert len(status["docker"]["seen"]) == 32
    assert all(len(entry["enable"]) == 64 for entry in status["docker"]["seen"])
    text = agent.agentctl("status")[1]
    assert len(text) < 10000 and "  and 9968 more that are ignored\n" in text
    memory = int(read_status(agent.pids()["docker-watcher"])["VmHWM"].split()[0])
    assert memory < 24 * 1024, memory


# -- colours ----------------------------------------------------------------------------------------

@pytest.fixture
def lone(agents, masters):
    """An agent that has no Docker."""
    agent = agents.start(masters(), DOCKER_HOST="tcp://127.0.0.1:1", DOCKER_TUNNEL_HOST="tcp://127.0.0.1:1")
    agent.wait_status("it says so", lambda s: s["docker"]["state"] == "unreadable"
                      and s["link"]["state"] == "connected")
    return agent


def on_terminal(agent, *arguments, environment=None, rows=40, columns=200):
    """Starts agentctl on a terminal; (its pid, the master's side)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program(agent.prefix), ["dockflare-agentctl", *arguments],
                  {"AGENT_RUN_DIR": agent.run, "TERM": "xterm", **(environment or {})})
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return pid, fd


class Screen:
    """What comes out of a terminal."""

    def __init__(self, fd):
        self.fd, self.text = fd, ""

    def read(self):
        while select.select([self.fd], [], [], 0.02)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                return self.text
            if not piece:
                break
            self.text += piece.decode()
        return self.text

    def wait(self, what, condition, seconds=10):
        return wait.until(what, lambda: condition(self.read()), seconds)


def test_colours_are_for_terminals(lone):
    plain = lone.agentctl("status")[1]
    assert "\x1b" not in plain
    assert YELLOW + "degraded" + RESET in lone.agentctl("status", "--color=always")[1]
    assert "\x1b" not in lone.agentctl("status", "--color=auto")[1]
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                                  ({"TERM": "dumb"}, False)):
        pid, fd = on_terminal(lone, "status", environment=environment)
        screen = Screen(fd)
        screen.wait("the end", lambda text: "name-resolver" in text)
        assert (GREEN + "connected" + RESET in screen.text) == coloured, environment
        assert os.waitpid(pid, 0)[1] == 0
        os.close(fd)
    # Only state words: without the colours it is the same text.
    coloured = lone.agentctl("status", "--color=always")[1]
    ages = re.compile(r"\d+ s")
    assert ages.sub("", re.sub("\x1b\\[[0-9]*m", "", coloured)) == ages.sub("", plain)


# -- again and again --------------------------------------------------------------------------------

def test_watch_on_a_terminal(lone):
    pid, fd = on_terminal(lone, "status", "--watch=1")
    screen = Screen(fd)
    screen.wait("three frames", lambda text: text.count("\x1b[H") >= 3)
    assert screen.text.startswith(ENTER)
    frames = screen.text[len(ENTER):].split("\x1b[H")[1:]
    assert all("agent " in frame and frame.endswith("\x1b[J") for frame in frames[:2])
    # Stopped, the terminal is as it was; going on, it is taken again.
    os.kill(pid, signal.SIGTSTP)
    screen.wait("it left", lambda text: text.endswith(LEAVE))
    os.waitpid(pid, os.WUNTRACED)
    os.kill(pid, signal.SIGCONT)
    screen.wait("it is back", lambda text: ENTER in text.split(LEAVE)[-1]
                and "\x1b[H" in text.split(LEAVE)[-1])
    # Ctrl-C, as the terminal says it.
    os.write(fd, b"\x03")
    assert os.waitpid(pid, 0)[1] == 0
    assert screen.read().endswith(LEAVE)
    os.close(fd)


def test_watch_ends_by_a_signal_as_others_do(lone):
    pid, fd = on_terminal(lone, "status", "--watch")
    screen = Screen(fd)
    screen.wait("a frame", lambda text: "\x1b[J" in text)
    os.kill(pid, signal.SIGTERM)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM
    assert screen.read().endswith(LEAVE)
    os.close(fd)


def read_for(agent, seconds, *arguments):
    """What a pipe gets within that time."""
    process = subprocess.Popen([program(agent.prefix), *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env={"AGENT_RUN_DIR": agent.run, "TERM": "xterm"})
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=5)[0].decode()
    assert process.returncode == 0
    return text


def test_watch_on_a_pipe(lone):
    text = read_for(lone, 2.5, "status", "--watch=1")
    blocks = text.split("\n\n")
    assert len(blocks) == 3 and "\x1b" not in text
    assert all(block.startswith("agent ") for block in blocks)
    lines = read_for(lone, 2.5, "status", "--watch=1", "--json").splitlines()
    assert len(lines) == 3
    assert all(json.loads(line)["link"]["state"] == "connected" for line in lines)


def test_watch_outlives_the_agent(lone):
    process = subprocess.Popen([program(lone.prefix), "status", "--watch=1"], stdout=subprocess.PIPE,
                               env={"AGENT_RUN_DIR": lone.run})
    lone.stop()
    time.sleep(1.2)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=5)[0].decode()
    assert "no agent answers at " in text.split("\n\n")[-1]


def test_a_reader_that_ends_ends_it(prefix):
    """`… --watch | head -1`."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([program(prefix), "status", "--watch=1"], stdout=subprocess.PIPE,
                                   env={"AGENT_RUN_DIR": folder})
        assert process.stdout.readline().startswith(b"no agent answers")
        process.stdout.close()
        assert process.wait(5) == -signal.SIGPIPE


# -- a report ---------------------------------------------------------------------------------------

def word():
    """What nobody may read in a report.  Its own for each place: where it is shown elsewhere it is
    no secret of the tests."""
    return "zq" + secrets.token_hex(8)


def test_a_report_names_nobody(agents, master, engine, gates):
    """Every secret where it belongs, and words in every place where an accident could put one."""
    places = {what: word() for what in (
        "label value", "label key", "enable value", "hostname", "service", "container name", "display name",
        "tunnel name", "no_proxy", "prefix", "folder", "long label")}
    real = {"key": master.key, "access id": secret.fresh("access id"),
            "access secret": secret.fresh("access secret"), "proxy password": secret.fresh("proxy password")}
    engine.run(places["container name"], {
        "dockflare.enable": places["enable value"], "dockflare.hostname": places["hostname"] + ".example.com",
        "dockflare.service": "http://%s:80" % places["service"]})
    engine.run("second", {
        "dockflare.enable": "true", "dockflare.path": places["label value"],
        "dockflare." + places["label key"] + "\u00e4": "x", "dockflare.zonename": places["long label"] * 400})
    tunnel = secret.Tunnel("Frieda's " + places["tunnel name"])
    agent = agents.start(
        master, AGENT_DISPLAY_NAME="host of " + places["display name"], CF_ACCESS_CLIENT_ID=real["access id"],
        CF_ACCESS_CLIENT_SECRET=real["access secret"], NO_PROXY=places["no_proxy"] + ".example.com",
        HTTPS_PROXY="http://somebody:%s@proxy.example.com:3128" % real["proxy password"],
        LABEL_PREFIX=places["prefix"] + ".")
    master.wait_registered()
    master.start_tunnel(tunnel)
    agent.wait_status("all is there", lambda s: s["tunnel"]["name"] == tunnel.name
                      and s["tunnel"]["container_id"] and s["docker"]["ignored"] == 1 and (gates or s["docker"]["warnings"]))
    status = agent.status()
    code, text = agent.agentctl("report")
    assert code == 0
    # The control run: status shows what the report leaves out.
    shown = json.dumps(status)
    for what in ("enable value", "hostname", "service", "container name", "tunnel name"):
        assert places[what] in shown, what
    never = {**places, **real, "token": tunnel.token, "tunnel id": tunnel.id, "account": tunnel.account,
             "agent id": status["link"]["agent_id"], "container id": status["tunnel"]["container_id"][:12],
             "host": "example.com", "user": "somebody", "owner": "Frieda",
             "engine's address": agents.settings["DOCKER_HOST"].split("//")[1], "address": "127.0.0.1"}
    assert [what for what, value in never.items() if value in text] == []
    for line in (r"^dockflare-agent (healthy|degraded)", r"^version  \d+\.\d+\.\d+, agentctl ", r"^kernel   \S+ \S+$",
                 r"^sandbox  shared uid, SANDBOX=required, Landlock ABI \d+, MDWE (yes|no), \d+ seccomp filters$",
                 r"^  DOCKFLARE_MASTER_URL=http$", r"^  DOCKFLARE_API_KEY$", r"^  HTTPS_PROXY$", r"^  LOG_LEVEL=DEBUG$",
                 r"^  AGENT_DISPLAY_NAME$", r"^master   connected, .*, protocol 2, .*agent agent-1,",
                 r"^docker   connected, API 1\.\d+, engine \d+\.\d+\.\d+.*, 1 enabled containers, 1 ignored",
                 r"^tunnel   \w+, .*name tunnel-1, id id-1", r"^  container-\d not-enabled, hostname host-1, service http port 80, enable text-\d+$",
                 r"^  master-link    running, up "):
        assert re.search(line, text, re.M), (line, text)
    # Labels that are dropped are told by whoever reads Docker's own list.
    dropped = re.search(r"^warning  \S+: container (container|text)-\d: label text-\d+ is dropped: ",
                        gates[0].gate.agentctl("report")[1] if gates else text, re.M)
    assert dropped, text


def test_a_gates_report(prefix, folder):
    gate = Gate(prefix, os.path.join(folder, "gate"), GATE_READ_PEERS="10.1.2.0/24").start()
    gate.wait_status("it reads", lambda s: s["engine"]["state"] == "connected")
    code, text = gate.agentctl("report")
    gate.close()
    assert code == 0 and "127.0.0.1" not in text and "10.1.2" not in text and docker.SOCKET not in text
    for line in (r"^docker-gate healthy$", r"^  GATE_READ_LISTEN=tcp$", r"^  GATE_READ_PEERS$", r"^  GATE_DOCKER_HOST=unix$",
                 r"^engine   connected, API 1\.\d+, \d+ requests, 0 creates$", r"^  gate-engine    running, up "):
        assert re.search(line, text, re.M), (line, text)


def test_a_report_without_an_agent(prefix):
    with tempfile.TemporaryDirectory(prefix="zq-") as folder:
        done = subprocess.run([program(prefix), "report"], stdout=subprocess.PIPE, env={"AGENT_RUN_DIR": folder})
    text = done.stdout.decode()
    assert done.returncode == 1 and folder not in text
    assert re.search(r"^agent    no agent answers at path-1: No such file or directory; is it running, and "
                     "AGENT_RUN_DIR the same\\?$", text, re.M), text
    assert re.search(r"^kernel   \S+ \S+$", text, re.M)


@pytest.mark.parametrize("words", [
    ["status", "--watch=0"], ["status", "--watch=x"], ["status", "--watch=3601"], ["status", "--watch="],
    ["status", "--color=blue"], ["health", "--watch"], ["health", "--color"], ["report", "--json"],
    ["report", "--strict"], ["status", "--strict"]])
def test_options_that_are_none(prefix, words):
    done = subprocess.run([program(prefix), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={})
    assert done.returncode == 64 and done.stdout == b"" and done.stderr, words
