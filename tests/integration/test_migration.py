# SPDX-License-Identifier: GPL-3.0-or-later
"""From the Python agent to this one and back: one compose file, in which only the image changes.

The Python agent is a stand-in (tests/standin/python_agent.py); engine, proxy and volume are real.
"""

import json
import re

import pytest

from harness import docker, install, wait
from harness.generated import Generated

TUNNEL = docker.TUNNEL_CONTAINER
PYTHON_IMAGE = "standin-python-agent:test"


@pytest.fixture
def python_image(engine_session):
    docker.docker("build", "--quiet", "--tag", PYTHON_IMAGE, "--target", "python-agent",
                  install.TOP + "/tests/standin", timeout=300)
    return PYTHON_IMAGE


@pytest.fixture
def deployment(masters, engine):
    made = Generated(masters(protocol="1"), engine.network, "settings.yml")
    yield made
    made.close()


def since(container):
    """Which container it is, and since when it has run."""
    found = docker.inspect(container)
    return found["Id"], found["State"]["StartedAt"], found["RestartCount"]


def check_same(deployment, tunnel, agent_id):
    assert since(TUNNEL) == tunnel
    assert deployment.master.agent()["id"] == agent_id


def test_moving_over_and_back(deployment, python_image, tunnel):
    master = deployment.master
    # As the Python agent leaves it.
    deployment.up(python_image)
    master.wait_registered()
    agent_id = master.agent()["id"]
    assert master.agent()["version"] == "1.0.0"
    master.control("enrol", tunnel_name=tunnel.name, tunnel_id=tunnel.id, token=tunnel.token)
    wait.until("the tunnel runs", lambda: docker.running(TUNNEL), 20)
    runs = since(TUNNEL)
    # The image is changed: same id, the tunnel is taken over as it runs.
    deployment.up(docker.AGENT_IMAGE)
    wait.until("the agent is registered", lambda: master.agent()["version"] != "1.0.0", 20)
    wait.until("the tunnel is taken over", lambda: "tunnel container adopted" in deployment.log())
    status = json.loads(docker.docker("exec", deployment.container, "dockflare-agentctl", "status",
                                      "--json"))
    assert status["tunnel"]["id"] == tunnel.id
    assert len(re.findall("WARNING supervisor: DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST",
                          deployment.log())) == 1
    check_same(deployment, runs, agent_id)
    # And back, with TUNNEL_ON_EXIT=keep: the Python agent finds its files and its tunnel.
    deployment.up(python_image)
    wait.until("the Python agent is registered", lambda: master.agent()["version"] == "1.0.0", 20)
    wait.until("it leaves the tunnel", lambda: "runs: left as it is" in deployment.log(), 20)
    assert "known agent " + agent_id in deployment.log()
    assert "tunnel %s is to run" % tunnel.name in deployment.log()
    check_same(deployment, runs, agent_id)
