# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job from end to end: the agent natively and in its container, in both start modes, with
volumes in the Python agent's format, and with files that are no such volumes."""

import json
import os
import time

import pytest

from harness import docker, wait

PLACES = pytest.mark.parametrize("container", [False, True], ids=["native", "container"])
MODES = pytest.mark.parametrize("mode", ["shared", "distinct"])


@MODES
@PLACES
def test_from_registration_to_the_tunnel(agents, master, engine, tunnel, mode, container):
    name = engine.service("web")
    agent = agents.start(master, mode=mode, container=container)
    master.wait_container(name)
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("running")
    wait.until("the version is known", lambda: master.tunnel().get("version") == "2025.9.0", 15)
    agent.wait_status("four connections", lambda s: s["tunnel"]["ready_connections"] == 4)
    status = agent.wait_status("healthy", lambda s: s["status"] == "healthy", 15)
    assert status["link"]["state"] == "connected" and status["docker"]["state"] == "connected"
    assert status["docker"]["containers"] == 1 and status["tunnel"]["name"] == tunnel.name
    assert status["agent"]["start_mode"] == "%s%s" % (
        {"shared": "shared uid", "distinct": "distinct uids"}[mode],
        ", no_new_privs set" if container else "")
    assert {worker["state"] for worker in status["workers"]} == {"running"}
    assert agent.health() == (0, "healthy\n")
    engine.remove(name)
    master.wait_no_container(name)


@PLACES
def test_a_volume_of_the_python_agent(agents, master, tunnel, container):
    """Its files are read, and what is written is what it writes itself."""
    agent = agents.make(master, container=container, TUNNEL_ON_EXIT="remove")
    agent.write("agent_id.txt", "3f0c1a52-0f3e-4a40-9a3e-6f5d3c1f0a11")
    agent.write("tunnel_state.json", json.dumps(tunnel.state(), indent=2))
    agent.start()
    assert master.wait_registered()
    assert master.bodies("/register")[0]["agent_id"] == "3f0c1a52-0f3e-4a40-9a3e-6f5d3c1f0a11"
    found = docker.wait_running(docker.TUNNEL_CONTAINER)
    assert docker.token_of(found) == tunnel.token
    master.wait_tunnel("running")
    master.restart_tunnel(tunnel)
    wait.until("it is replaced", lambda: (docker.running(docker.TUNNEL_CONTAINER) or found)["Id"]
               != found["Id"])
    wait.until("nothing is pending", lambda: "command_id" not in
               agent.read_json("tunnel_state.json"))
    assert agent.read_json("tunnel_state.json") == tunnel.state()
    assert agent.read("agent_id.txt").strip() == master.agent()["id"].encode()
    for name in ("agent_id.txt", "tunnel_state.json"):
        mode = os.stat(agent.path(name))
        assert (mode.st_mode & 0o7777, mode.st_uid) == (0o600, 65532)
    agent.stop()
    assert agent.read_json("tunnel_state.json") == tunnel.state()


HOSTILE = {
    "empty": b"", "blanks": b" \n\t ", "zeros": b"\0" * 100, "binary": bytes(range(256)),
    "huge": b"x" * 1000000, "truncated": b'{"token": "abc', "list": b"[1,2,3]",
    "wrong types": b'{"token": 5, "id": [], "name": {}, "desired_state": true}',
    "deep": b"[" * 20000, "twice": b'{"token":"a","token":"b","desired_state":"running"}',
    "a newline": b"id\nid2", "not UTF-8": b'{"token":"\xff\xfe"}',
    "another state": b'{"token":null,"id":null,"name":null,"desired_state":"exploded"}',
}
GOOD = {"agent_id.txt": {"empty", "blanks"}, "tunnel_state.json": {"empty"},
        "journal.json": {"empty"}, "decommission.json": {"empty"}}
# An id is any visible text, so some of what is no JSON is an id.
IDS = {"truncated", "list", "twice", "another state"}


@pytest.mark.parametrize("file", GOOD)
def test_hostile_state_files_are_kept_aside(agents, master, file):
    """Each in turn: the agent starts without it, and the old one is NAME.corrupt, never deleted."""
    for what, content in HOSTILE.items():
        if file == "agent_id.txt" and what in IDS:
            continue
        agent = agents.make(master)
        agent.write(file, content)
        agent.start()
        aside = agent.path(file) + ".corrupt"
        if what in GOOD[file]:
            time.sleep(0.3)
            assert not os.path.exists(aside), what
        else:
            wait.until("%s: %s is kept aside" % (file, what), lambda: os.path.exists(aside), 5)
            with open(aside, "rb") as kept:
                assert kept.read() == content, what
            agent.wait_line(file.replace(".", r"\.") + r".*(corrupt|aside)", 5)
        assert agent.log.find(r"supervisor: \S+ ended") is None, what
        agent.kill()


@pytest.mark.parametrize("file", ["agent_id.txt", "tunnel_state.json"])
def test_what_is_no_file_is_put_aside(agents, master, file):
    agent = agents.make(master)
    os.mkfifo(agent.path(file))
    agent.start()
    master.wait_registered()
    assert os.path.exists(agent.path(file) + ".corrupt")
    other = agents.make(master)
    os.symlink("/etc/shadow", other.path(file))
    other.start()
    assert os.path.islink(other.path(file) + ".corrupt")
