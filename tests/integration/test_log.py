# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: its two formats, its ids, and the level that is read again on SIGHUP."""

import json
import os
import re
import signal

import pytest

from harness import wait

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
MEMBERS = ["time", "level", "event", "worker", "message"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")


@pytest.fixture
def settings():
    return {"DOCKER_HOST": "tcp://127.0.0.1:1", "REPORT_INTERVAL_SECONDS": "1s",
            "COMMAND_POLL_SECONDS": "1s"}


def documented():
    """docs/events.md: id to (level, who says it)."""
    with open(os.path.join(TOP, "docs", "events.md"), encoding="utf-8") as file:
        rows = [line.split(" | ") for line in file if re.match(r"\| [A-Z]\d{3} \| ", line)]
    return {row[0][2:]: (row[1], row[2]) for row in rows}


def is_right(line, events):
    """Whether a parsed line is as docs/events.md has it."""
    if line["event"] is None:
        return line["level"] == "DEBUG"
    level, said_by = events[line["event"]]
    return line["level"] == level and (
        "every worker" in said_by or line["worker"] in said_by or line["event"] in ("S050", "S051"))


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_json_is_one_object_a_line(agents, master, mode):
    agent = agents.make(master, mode=mode, LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    agent.start(ready=False)
    master.wait_registered()
    agent.log.thread.join(0)
    wait.until("docker-watcher complains", lambda: agent.log.find(r'"event":"D002"'))
    agent.stop()
    lines = [json.loads(line) for _, line in agent.log.lines]
    events = documented()
    assert [list(line) for line in lines if list(line) != MEMBERS] == []
    assert all(TIME.fullmatch(line["time"]) for line in lines)
    assert [line for line in lines if not is_right(line, events)] == []
    assert "S001" in {line["event"] for line in lines} and lines[-1]["event"] == "S012"
    assert {line["worker"] for line in lines} >= {"supervisor", "master-link", "docker-watcher"}


def test_mistakes_are_json_too(agents, master):
    agent = agents.make(master, LOG_FORMAT="json", LOG_LEVEL="loud", REPORT_INTERVAL_SECONDS="2d")
    agent.start(ready=False)
    assert agent.process.wait(5) == 78
    agent.log.thread.join(5)
    lines = [json.loads(line) for _, line in agent.log.lines]
    assert [line["event"] for line in lines] == ["S003", "S003", "S004"]
    assert "30s, 5m or 1h" in lines[1]["message"]


def test_text_has_the_same_ids(agents, master):
    agent = agents.start(master)
    master.wait_registered()
    agent.wait_line(r" D002 WARNING docker-watcher: Docker can't be read")
    agent.wait_line(r" L001 INFO master-link: registered")
    assert agent.log.count(r" ---- ") == 0


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def test_the_level_is_read_again(agents, master):
    agent = agents.make(master, LOG_LEVEL=None)
    path = os.path.join(agent.folder, "level")
    agent.environment["LOG_LEVEL_FILE"] = path
    write(path, "warning\n")
    os.chmod(path, 0o644)
    agent.start(ready=False)
    master.wait_registered()
    assert agent.log.count(" INFO ") == 0
    write(path, "debug\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line(r" S046 INFO supervisor: LOG_LEVEL_FILE: the level is DEBUG, it was WARNING")
    agent.wait_line(r" ---- DEBUG master-link: ")
    # A worker that is started later has the new level too.
    start = agent.mark()
    os.kill(agent.pids()["master-link"], signal.SIGKILL)
    agent.wait_line(r" S020 INFO supervisor: master-link is ready", start=start)
    agent.wait_line(r" ---- DEBUG master-link: ", start=start)
    write(path, "shout")
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line(r" S047 ERROR supervisor: LOG_LEVEL_FILE: .*level holds what is no level; use "
                    r"DEBUG.*; the level stays DEBUG$")
    os.unlink(path)
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line(r" S047 ERROR supervisor: LOG_LEVEL_FILE: .*can't be read by uid 65532: No such")
    assert "shout" not in agent.log.text()


def test_the_level_is_said_once(agents, master):
    agent = agents.make(master, LOG_LEVEL="INFO")
    agent.environment["LOG_LEVEL_FILE"] = "/nonexistent"
    agent.start(ready=False)
    assert agent.process.wait(5) == 78
    agent.log.thread.join(5)
    assert "LOG_LEVEL_FILE: is set beside LOG_LEVEL" in agent.log.text()
