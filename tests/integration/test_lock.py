# SPDX-License-Identifier: GPL-3.0-or-later
"""One agent at a time on a data folder: a second one is refused, and whatever ends the first frees it."""

import datetime
import os
import random
import re
import socket
import stat
import time

import pytest

from harness import wait
from harness.agent import AGENT_UID, read_status

EX_CONFIG = 78
LOCK = "agent.lock"
HELD = re.compile(r"AGENT_DATA_DIR: another agent holds (\S+) \(its agent\.lock says: (.*)\); stop "
                  r"that one, or give this one a folder of its own$")
AT_ONCE_SECONDS = 1.0


@pytest.fixture
def settings():
    return {"DOCKER_HOST": "tcp://127.0.0.1:1",
            "REPORT_INTERVAL_SECONDS": "1", "COMMAND_POLL_SECONDS": "1"}


def mistakes(agent):
    lines = [re.sub(r"^\S+ \S{4} ", "", line) for _, line in agent.log.lines]
    return [line for line in lines if line.startswith("CRITICAL supervisor: ")
            and "nothing was started" not in line]


def refused(agent, *arguments):
    """Starts it, sees it end, and gives the one line that says why."""
    agent.start(*arguments, ready=False)
    assert agent.wait_end() == EX_CONFIG
    assert not agent.log.find("is ready") and not agent.log.find("started, version")
    found = mistakes(agent)
    assert len(found) == 1, found
    return found[0]


def starts_at_once(agent):
    """Starts it where another one was until now."""
    began = time.monotonic()
    agent.start(ready=False)
    agent.wait_line(r"supervisor: started, version ")
    took = time.monotonic() - began
    assert took < AT_ONCE_SECONDS, took
    agent.wait_ready()


def runs(pid):
    status = read_status(pid)
    return status is not None and not status["State"].startswith("Z")


def descriptors(pid):
    """Where the descriptors of a process lead."""
    folder = "/proc/%d/fd" % pid
    return [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]


# -- a second agent ---------------------------------------------------------------------------------

@pytest.mark.parametrize("first_mode, second_mode", [
    ("shared", "shared"), ("distinct", "distinct"), ("shared", "distinct")])
def test_a_second_agent_is_refused_and_the_first_goes_on(agents, masters, first_mode, second_mode):
    before = datetime.datetime.now(datetime.timezone.utc)
    master, other = masters(), masters()
    first = agents.start(master, mode=first_mode)
    master.wait_registered()
    text, pids = first.read(LOCK), first.wait_pids()
    second = agents.make(other, mode=second_mode, AGENT_DATA_DIR=first.data)
    where, said = HELD.search(refused(second)).groups()
    assert where == first.data
    host, pid, since, version = re.match(
        r"host (\S+), pid (\d+), since (\S+), version (\S+)$", said).groups()
    assert host == socket.gethostname() and int(pid) == first.pid
    assert first.agentctl("--version")[1].split()[-1] == version
    # Python 3.11 reads all of ISO 8601.
    began = datetime.datetime.fromisoformat(since)
    assert began.utcoffset() is not None
    assert before - datetime.timedelta(milliseconds=1) <= began \
        <= datetime.datetime.now(datetime.timezone.utc)
    # The first one did not notice.
    assert other.requests() == []
    assert first.read(LOCK) == text == (said + "\n").encode()
    assert first.pids() == pids
    seen = len(master.requests())
    wait.until("the first one goes on", lambda: len(master.requests()) > seen + 1)
    assert first.stop()[0] == 0


def test_the_lock_is_one_mistake_among_others(agents, masters):
    first = agents.start(masters())
    second = agents.make(None, AGENT_DATA_DIR=first.data, LOG_LEVEL="LOUD",
                         DOCKFLARE_MASTER_URL="nonsense", DOCKFLARE_API_KEY="k")
    second.start(ready=False)
    assert second.wait_end() == EX_CONFIG
    found = mistakes(second)
    assert len(found) == 3 and len([line for line in found if HELD.search(line)]) == 1, found


def test_what_the_first_one_is_writing_is_left_to_it(agents, masters):
    """Neither a second agent nor --check-config takes what looks like an interrupted save."""
    master = masters()
    first = agents.start(master)
    names = [".agent_id.txt.new", ".tunnel_state.json.new", ".decommission.json.new"]
    wait.until("the id is saved", lambda: first.read("agent_id.txt"))
    for name in names:
        first.write(name, "half")
    refused(agents.make(master, AGENT_DATA_DIR=first.data))
    agents.start(master, "--check-config", AGENT_DATA_DIR=first.data, ready=False).wait_end()
    assert [first.read(name) for name in names] == [b"half"] * len(names)
    first.stop()
    agents.start(master, AGENT_DATA_DIR=first.data)
    assert [first.read(name) for name in names] == [None] * len(names)


def test_across_containers(agents, masters):
    """What two containers with one volume are: other namespaces, another path, the same folder."""
    first = agents.make(masters())
    first.before = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "sh",
                    "-c", 'hostname box-one && exec "$@"', "sh"]
    first.start()
    second = agents.make(masters(), AGENT_DATA_DIR="/mnt")
    second.before = ["unshare", "--mount", "--uts", "sh", "-c",
                     'mount --bind %s /mnt && hostname box-two && exec "$@"' % first.data, "sh"]
    where, said = HELD.search(refused(second)).groups()
    assert where == "/mnt" and said.startswith("host box-one, pid 1, since ")


def test_check_config_neither_takes_nor_writes_it(agents, masters):
    master = masters()
    agent = agents.start(master, "--check-config", ready=False)
    assert agent.wait_end() == 0 and agent.read(LOCK) is None
    agent.start()
    text, then = agent.read(LOCK), os.stat(agent.path(LOCK)).st_mtime_ns
    other = agents.start(master, "--check-config", AGENT_DATA_DIR=agent.data, ready=False)
    assert other.wait_end() == 0
    assert (agent.read(LOCK), os.stat(agent.path(LOCK)).st_mtime_ns) == (text, then)


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_only_the_supervisor_has_it(agents, masters, mode):
    agent = agents.start(masters(), mode=mode)
    path = agent.path(LOCK)
    assert descriptors(agent.pid).count(path) == 1
    for pid in agent.wait_pids().values():
        assert path not in descriptors(pid)
    status = os.stat(path)
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o600, AGENT_UID)


# -- the end of the first ---------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_a_killed_supervisor_frees_it_at_once(agents, masters, mode):
    master = masters()
    first = agents.start(master, mode=mode)
    workers = first.wait_pids()
    os.kill(first.pid, 9)
    first.process.wait(5)
    starts_at_once(agents.make(master, mode=mode, AGENT_DATA_DIR=first.data))
    assert not [name for name, pid in workers.items() if runs(pid)]


def test_a_supervisor_killed_as_it_starts_workers_frees_it_at_once(agents, masters):
    """A child that is not yet a worker has the supervisor's descriptors until it closes them."""
    master = masters()
    first = agents.start(master)
    agent = first
    for _ in range(8):
        for pid in agent.wait_pids().values():
            os.kill(pid, 9)
        # They are started again after about 100 ms.
        time.sleep(random.uniform(0.07, 0.13))
        os.kill(agent.pid, 9)
        agent.process.wait(5)
        agent = agents.make(master, AGENT_DATA_DIR=first.data)
        starts_at_once(agent)


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_an_orderly_stop_frees_it(agents, masters, mode):
    master = masters()
    first = agents.start(master, mode=mode)
    assert first.stop()[0] == 0
    text = first.read(LOCK)
    assert text is not None  # it is never removed: somebody may have it open
    second = agents.make(master, mode=mode, AGENT_DATA_DIR=first.data)
    starts_at_once(second)
    assert b"pid %d," % second.pid in first.read(LOCK) != text


# -- what is in its place ---------------------------------------------------------------------------

STRANGE = {
    "empty": b"", "garbage": b"\x1b[2J\x07;rm -rf /\r\n\xff\xfe", "binary": bytes(range(256)) * 64,
    "half": b"host web-1, pi", "huge": b"h" * (4 << 20), "deceiving": "\u202eevil\u2066".encode()}


@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_content_is_shown_escaped_and_cut_and_obeyed_by_nobody(agents, masters, content):
    first = agents.make(masters())
    first.write(LOCK, content)
    first.start()
    assert re.fullmatch(rb"host \S+, pid %d, since \S+, version \S+\n" % first.pid,
                        first.read(LOCK))
    # And one that comes while it runs.
    with open(first.path(LOCK), "r+b") as file:
        file.write(content)
        file.truncate(len(content))
    line = refused(agents.make(masters(), AGENT_DATA_DIR=first.data))
    said = HELD.search(line)[2]
    assert len(said) <= 203 and said.isprintable() and said.isascii(), said
    assert (said == "nothing") == (content == b"")
    assert first.agentctl("health")[0] == 0


def put_directory(path):
    os.mkdir(path)


def put_symlink(path):
    with open(path + ".target", "w", encoding="ascii") as file:
        file.write("mine")
    os.chown(path + ".target", AGENT_UID, AGENT_UID)
    os.symlink(path + ".target", path)


def put_dangling_symlink(path):
    os.symlink(path + ".nowhere", path)


@pytest.mark.parametrize("mode", ["shared", "distinct"])
@pytest.mark.parametrize("put", [put_directory, put_symlink, put_dangling_symlink, os.mkfifo],
                         ids=["directory", "symlink", "dangling", "fifo"])
def test_what_is_no_file_is_a_mistake(agents, masters, put, mode):
    agent = agents.make(masters(), mode=mode)
    put(agent.path(LOCK))
    os.chown(agent.path(LOCK), AGENT_UID, AGENT_UID, follow_symlinks=False)
    assert refused(agent).endswith(
        "AGENT_DATA_DIR: %s can't be opened by uid 65532: it is no regular file; remove it while "
        "no agent runs on this folder" % agent.path(LOCK))
    assert agent.read(LOCK + ".nowhere") is None
    assert put is not put_symlink or agent.read(LOCK + ".target") == b"mine"


def test_an_old_file_that_is_read_only(agents, masters):
    """Its own is made writable again; another's is a mistake, for who holds it can't be asked."""
    master = masters()
    agent = agents.make(master)
    agent.write(LOCK, "old")
    os.chmod(agent.path(LOCK), 0o400)
    agent.start()
    assert stat.S_IMODE(os.stat(agent.path(LOCK)).st_mode) == 0o600
    assert b"pid %d," % agent.pid in agent.read(LOCK)
    agent.stop()
    os.chmod(agent.path(LOCK), 0o644)
    os.chown(agent.path(LOCK), 0, 0)
    assert "agent.lock can't be opened by uid 65532: Operation not permitted; remove it" in \
        refused(agents.make(master, AGENT_DATA_DIR=agent.data))


# -- file systems without locks ---------------------------------------------------------------------

@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_without_locks_it_starts_and_warns(agents, masters, older_kernel, error):
    master = masters()
    agent = agents.make(master)
    agent.before = [older_kernel, "--deny", error, "flock"]
    agent.start()
    master.wait_registered()
    text = r"AGENT_DATA_DIR: %s can't be locked: .*; nothing keeps a second agent off it" % agent.data
    agent.wait_line("WARNING supervisor: " + text)
    assert [w for w in agent.status()["agent"]["warnings"] if re.match(text, w)]


def test_without_locks_two_start(agents, masters, older_kernel):
    """The control run of this file: it is the lock that keeps the second one off."""
    first, second = agents.make(masters()), None
    for agent in (first, second):
        agent = agent or agents.make(masters(), AGENT_DATA_DIR=first.data)
        agent.before = [older_kernel, "--deny", "ENOLCK", "flock"]
        agent.start()
    assert first.process.poll() is None
