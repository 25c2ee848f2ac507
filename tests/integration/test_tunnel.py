# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel's container: kept, taken over, mended, replaced, left alone.  Seen at the engine."""

import io
import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tarfile
import time

import pytest

from harness import docker, proxies, secret, wait
from harness.docker import TUNNEL_CONTAINER as NAME
from harness.faulty_engine import FaultyEngine, json_answer
from harness.registry import Registry

COMMAND = ("tunnel", "--no-autoupdate", "run")
COMMAND_LABEL = "dockflare.agent.command-id"
OWNER_LABEL = "dockflare.agent.owner"
REPOSITORY = docker.TUNNEL_IMAGE.rsplit(":", 1)[0]
CHANGES = {"create", "start", "kill", "stop", "die", "destroy", "restart", "pause", "unpause"}

# A cloudflared that answers nothing, for images that must be small.
TINY_SOURCE = r"""
#include <signal.h>
#include <unistd.h>
static void end(int number) { (void)number; _exit(0); }
int main(void)
{
	signal(SIGTERM, end);
	for (;;)
		pause();
}
"""


@pytest.fixture(scope="module")
def variants():
    """Makes images of the stand-in with another environment; each is made once and removed."""
    made = []

    def make(name, **environment):
        image = "%s:it-%s" % (REPOSITORY, name)
        lines = ["FROM " + docker.TUNNEL_IMAGE]
        lines += ["ENV %s=%s" % item for item in environment.items()]
        docker.docker("build", "--tag", image, "-", stdin="\n".join(lines).encode())
        made.append(image)
        return image

    yield make
    for image in made:
        docker.docker("image", "rm", "-f", image, check=False)


@pytest.fixture(scope="module")
def tiny_image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.c").write_text(TINY_SOURCE)
    subprocess.run(["gcc", "-static", "-Os", "-o", folder / "tiny", folder / "tiny.c"],
                          check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(folder / "tiny", "tiny")
    docker.docker("import", "-c", 'ENTRYPOINT ["/tiny"]', "-", "it-tiny:1",
                  stdin=archive.getvalue())
    # Gone from the engine: it would not pull a layer that it has.
    saved = docker.docker_bytes("save", "it-tiny:1")
    docker.docker("image", "rm", "it-tiny:1")
    return saved


@pytest.fixture
def registry(tiny_image):
    made = Registry(tiny_image, "7.1")
    yield made
    made.close()
    for name in (made.host + "/edge/tunnel:7.1", made.host + "/edge/tunnel@" + made.digest):
        docker.docker("image", "rm", "-f", name, check=False)


def nowhere():
    """The settings for a master that does not answer."""
    return {"DOCKFLARE_MASTER_URL": "http://127.0.0.1:9",
            "DOCKFLARE_API_KEY": secret.fresh("API key", "dfk-")}


@pytest.fixture
def kept(agents, tunnel):
    """Starts an agent that has the test's tunnel in its cache, with a master or with none."""
    def start(master=None, ready=True, state=None, **environment):
        if master is None:
            environment = {**nowhere(), **environment}
        agent = agents.make(master, **environment)
        content = tunnel.state() if state is None else state
        agent.write("tunnel_state.json", content)
        return agent.start(ready=ready)

    return start


@pytest.fixture
def foreign(engine):
    """Makes a container of the tunnel's name by hand; its id."""
    def make(*more, image=docker.TUNNEL_IMAGE, environment=(), labels=(), command=COMMAND):
        arguments = ["run", "-d", "--name", NAME, "--network", engine.network,
                     "--restart", "unless-stopped"]
        for item in environment:
            arguments += ["--env", item]
        for item in labels:
            arguments += ["--label", item]
        made = docker.docker(*arguments, *more, image, *command)
        if image == docker.TUNNEL_IMAGE and "--entrypoint" not in more:
            wait.until("it hears", lambda: "Registered tunnel" in docker.logs(NAME))
        return made

    return make


def python_agents(foreign, token):
    """As the Python agent leaves it."""
    return foreign(environment=["TUNNEL_TOKEN=" + token])


def one_run():
    """What stays the same as long as nobody touches the container."""
    found = docker.inspect(NAME)
    return found and (found["Id"], found["State"]["StartedAt"], found["State"]["Status"])


def changes(since):
    return [action for _, action in docker.events(NAME, since) if action in CHANGES]


def runs(tunnel):
    container = docker.running(NAME)
    return container if container and docker.token_of(container) == tunnel.token else None


def wait_runs(tunnel, seconds=10):
    """Until it also hears SIGTERM, where it is the stand-in: a young first process is deaf to it."""
    container = wait.until("the tunnel's container runs", lambda: runs(tunnel), seconds)
    if container["Config"]["Image"].startswith(REPOSITORY):
        wait.until("it hears", lambda: "Registered tunnel" in docker.logs(NAME), 5)
    return container


def told(master):
    """The states of the tunnel that the master was told, in order."""
    return [event["tunnel"]["status"] for event in master.events("tunnel_status")]


# -- taken over -----------------------------------------------------------------------------------

@pytest.mark.parametrize("form", ["environment", "argument", "both"])
def test_a_running_tunnel_of_the_python_agent_is_taken_over(kept, master, tunnel, foreign, form):
    token = tunnel.token
    if form == "environment":
        python_agents(foreign, token)
    elif form == "argument":
        foreign(command=(*COMMAND, "--token", token))
    else:  # cloudflared prefers the argument
        foreign(environment=["TUNNEL_TOKEN=" + secret.Tunnel("other").token],
                command=(*COMMAND, "--token=" + token))
    before = one_run()
    agent = kept(master)
    agent.wait_line(r"tunnel-keeper: tunnel container adopted \(%s\)" % before[0][:12])
    assert master.wait_tunnel("running")["name"] == tunnel.name
    wait.stays("nothing is done", lambda: one_run() == before, 0.4)
    assert token not in agent.log.text()
    agent.stop()
    assert one_run() == before


def test_a_container_with_another_token_is_replaced(kept, master, tunnel, foreign):
    old = python_agents(foreign, secret.Tunnel("former").token)
    agent = kept(master)
    container = wait_runs(tunnel)
    assert container["Id"] != old
    assert container["Config"]["Labels"][OWNER_LABEL] == "dockflare-agent"
    assert container["HostConfig"]["ReadonlyRootfs"] is True
    assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert container["Config"]["Cmd"] == list(COMMAND)
    master.wait_tunnel("running")
    wait.stays("once", lambda: one_run()[0] == container["Id"], 0.5)
    assert not agent.log.find(r" ERROR ")


@pytest.mark.parametrize("why", ["image", "owner", "no-token"])
def test_a_foreign_container_is_never_touched(kept, master, tunnel, foreign, why):
    token = "TUNNEL_TOKEN=" + tunnel.token
    if why == "image":
        foreign(image=docker.PAUSE_IMAGE, environment=[token], command=())
    elif why == "owner":
        foreign(environment=[token], labels=[OWNER_LABEL + "=somebody-else"])
    else:
        foreign("--entrypoint", "/bin/sleep", labels=["com.example.x=y"], command=("1000",))
    before = one_run()
    agent = kept(master)
    master.wait_tunnel("error")
    agent.wait_line(r"tunnel-keeper: tunnel test-tunnel: error, a container named "
                    r"dockflare-agent-tunnel \(%s\) is not this agent's" % before[0][:12])
    assert "not this agent's" in agent.wait_status(
        "why is in the status", lambda s: s["tunnel"].get("detail"))["tunnel"]["detail"]
    master.command("stop_tunnel")
    agent.wait_line(r"tunnel-keeper: command stop_tunnel")
    time.sleep(0.3)
    agent.stop()
    assert one_run() == before
    assert tunnel.token not in agent.log.text()


def test_once_the_foreign_container_is_gone_the_tunnel_comes(kept, master, tunnel, foreign):
    foreign(image=docker.PAUSE_IMAGE, command=())
    agent = kept(master)
    master.wait_tunnel("error")
    agent.wait_ready()
    docker.docker("rename", NAME, "it-foreign-renamed")
    try:
        wait_runs(tunnel, 5)
        assert docker.running("it-foreign-renamed")
        master.wait_tunnel("running")
    finally:
        docker.docker("rm", "-f", "it-foreign-renamed")


def test_a_foreign_container_with_a_huge_label_is_an_error(kept, master, engine):
    made = docker.call("POST", "/containers/create?name=" + NAME, json.dumps({
        "Image": docker.PAUSE_IMAGE, "Labels": {"big": "x" * 2000000}}))
    docker.call("POST", "/containers/%s/start" % made["Id"])
    before = one_run()
    agent = kept(master)
    master.wait_tunnel("error")
    detail = agent.wait_status("why is in the status",
                               lambda s: s["tunnel"].get("detail"))["tunnel"]["detail"]
    # As the gate says it, where the agent goes through one.
    assert "1 MiB" in detail or "too large" in detail
    assert one_run() == before


# -- what is missing ------------------------------------------------------------------------------

def test_a_missing_network_is_named_and_waited_for(kept, master, tunnel, engine):
    network = "it-net-later-" + engine.session
    agent = kept(master, CLOUDFLARED_NETWORK_NAME=network)
    agent.wait_line(r"tunnel-keeper: tunnel: network %s does not exist; make it with: "
                    r"docker network create %s" % (network, network))
    master.wait_tunnel("error")
    status = agent.wait_status("why is in the status", lambda s: s["tunnel"].get("detail"))
    assert "docker network create " + network in status["tunnel"]["detail"]
    engine.networks.append(network)
    docker.docker("network", "create", network)
    wait_runs(tunnel, 8)
    master.wait_tunnel("running")
    # The session's end removes the network: its container must be gone by then.
    agent.kill()
    docker.docker("rm", "-f", NAME)


def test_a_refused_pull_says_so_and_backs_off(kept, master, tunnel, faulty_engine):
    image = "127.0.0.1:%d/absent/cloudflared:1.2" % proxies.free_port()
    agent = kept(master, CLOUDFLARED_IMAGE=image, DOCKER_TUNNEL_HOST=faulty_engine.host)
    agent.wait_line(r"tunnel-keeper: pulling %s: this engine does not have it" % image)
    agent.wait_line(r"tunnel-keeper: tunnel: image %s can't be pulled: .*refused" % image)
    master.wait_tunnel("error")
    time.sleep(3.2)
    pulls = [when for when, line in faulty_engine.calls if "/images/create" in line]
    assert 2 <= len(pulls) <= 3, pulls
    assert len([1 for _, line in agent.log.lines if "can't be pulled" in line]) == 1
    status = agent.status()["tunnel"]
    assert status["state"] == "error" and "can't be pulled" in status["detail"]
    docker.docker("tag", docker.TUNNEL_IMAGE, image)
    try:
        wait_runs(tunnel, 12)
        master.wait_tunnel("running")
    finally:
        agent.kill()
        docker.docker("rm", "-f", NAME)
        docker.docker("image", "rm", image)


def test_a_missing_image_takes_no_running_tunnel_down(kept, master, foreign, variants):
    """Another token is wanted, but its container can't be made: the old one goes on."""
    python_agents(foreign, secret.Tunnel("former").token)
    before = one_run()
    agent = kept(master, CLOUDFLARED_IMAGE=REPOSITORY + ":it-none", ready=False)
    agent.wait_line(r"tunnel-keeper: tunnel: image \S+ can't be pulled")
    wait.stays("the old one goes on", lambda: one_run() == before, 1)


@pytest.mark.parametrize("form", ["tag", "digest"])
def test_an_image_is_pulled(kept, master, tunnel, registry, form):
    image = registry.host + "/edge/tunnel" + (
        ":7.1" if form == "tag" else "@" + registry.digest)
    registry.may_send.clear()
    agent = kept(master, CLOUDFLARED_IMAGE=image)
    agent.wait_line(r"tunnel-keeper: pulling %s: this engine does not have it" % image)
    master.wait_tunnel("starting")
    agent.wait_status("the pull is in the status",
                      lambda s: "pulling" in (s["tunnel"].get("detail") or ""))
    registry.may_send.set()
    agent.wait_line(r"tunnel-keeper: pulled %s in [0-9.]+ s" % image)
    assert wait_runs(tunnel)["Config"]["Image"] == image
    if form == "tag":
        wait.until("the tag serves as version", lambda: master.tunnel()["version"] == "7.1")
    else:
        assert not master.tunnel()["version"]
    agent.kill()
    assert len([path for path in registry.seen if "/blobs/" + registry.layer in path]) == 1
    docker.docker("rm", "-f", NAME)


def test_a_pull_that_is_no_longer_wanted_is_given_up(kept, master, registry):
    registry.may_send.clear()
    agent = kept(master, CLOUDFLARED_IMAGE=registry.host + "/edge/tunnel:7.1")
    wait.until("the layer is asked for",
               lambda: [path for path in registry.seen if registry.layer in path])
    assert agent.status()["tunnel"]["state"] == "starting"
    master.wait_registered()
    master.command("stop_tunnel")
    agent.wait_line(r"tunnel-keeper: the pull of \S+ is given up")
    master.wait_tunnel("stopped")
    assert docker.inspect(NAME) is None


def test_a_pull_that_does_not_last_is_no_loop(kept, master, faulty_engine):
    """The registry says yes, and the image is not there all the same."""
    faulty_engine.add("POST .*/images/create", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    agent = kept(master, CLOUDFLARED_IMAGE=REPOSITORY + ":it-none",
                 DOCKER_TUNNEL_HOST=faulty_engine.host)
    agent.wait_line(r"tunnel-keeper: tunnel: Docker confirms what it then does not do")
    master.wait_tunnel("error")
    time.sleep(2)
    assert len([1 for _, line in faulty_engine.calls if "/images/create" in line]) < 25


# -- mended ---------------------------------------------------------------------------------------

RENAMED = "it-renamed-tunnel"


@pytest.fixture
def renamed(engine):
    yield
    docker.discard(RENAMED)


# by what somebody does: Docker's event of it, and the agent's call that mends it
MENDED = {
    "kill": (("kill", NAME), "die", "/start "),
    "remove": (("rm", "-f", NAME), "destroy", "/containers/create"),
    "rename": (("rename", NAME, RENAMED), "rename", "/containers/create"),
    "pause": (("pause", NAME), "pause", "/stop"),
    "stop": (("stop", "-t", "5", NAME), "die", "/start "),
}


def test_what_somebody_does_is_mended_at_once(kept, master, tunnel, faulty_engine, renamed):
    agent = kept(master, DOCKER_TUNNEL_HOST=faulty_engine.host)
    wait_runs(tunnel)
    agent.wait_line("docker-watcher: watching Docker")
    for what, (arguments, event, call) in MENDED.items():
        before = wait_runs(tunnel)
        master.wait_tunnel("running")
        time.sleep(0.1)
        began = time.time()
        docker.docker(*arguments)
        wait.until("the agent acts on " + what, lambda: [
            1 for when, line in faulty_engine.calls if when > began and call in line])
        happened = [when for when, action in docker.events(before["Id"], began)
                    if action == event][0]
        calls = [(when - happened, line) for when, line in faulty_engine.calls if when > happened]
        acted = [when for when, line in calls if call in line][0]
        print("%s: event to look %.1f ms, event to action %.1f ms"
              % (what, calls[0][0] * 1000, acted * 1000))
        assert acted < 0.5
        after = wait.until("it runs again", lambda: (
            lambda c: c if c and not c["State"]["Paused"] else None)(runs(tunnel)))
        assert (after["Id"] == before["Id"]) == (what not in ("remove", "rename"))
        master.wait_tunnel("running")
        wait.stays("once", lambda: one_run()[0] == after["Id"], 0.3)
    # Under another name it is none of the agent's.
    assert docker.running(RENAMED)


def test_a_restart_by_somebody_is_left_to_docker(kept, master, tunnel):
    kept(master)
    before = wait_runs(tunnel)
    master.wait_tunnel("running")
    began = time.time()
    docker.docker("restart", "-t", "5", NAME)
    time.sleep(0.5)
    after = wait_runs(tunnel)
    assert after["Id"] == before["Id"]
    assert changes(began).count("start") <= 2
    assert "create" not in changes(began)
    master.wait_tunnel("running")


def test_a_process_that_dies_is_restarted_by_docker(kept, master, tunnel):
    agent = kept(master)
    before = wait_runs(tunnel)
    master.wait_tunnel("running")
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    agent.wait_line(r"tunnel-keeper: tunnel container ended by itself \(.*exit code 137")
    after = wait.until("another process", lambda: (
        lambda c: c if c and c["State"]["Pid"] != before["State"]["Pid"] else None)(runs(tunnel)))
    assert after["Id"] == before["Id"]
    master.wait_tunnel("running")


def test_a_removal_without_a_hint_is_found_at_the_next_look(kept, master, tunnel, read_proxy):
    """docker-watcher is blind: the slow tick, or the next command, finds it."""
    agent = kept(master)
    wait_runs(tunnel)
    master.wait_tunnel("running")
    read_proxy.stop()
    docker.docker("rm", "-f", NAME)
    master.start_tunnel(tunnel)
    wait_runs(tunnel)
    assert len(agent.pids()) == 4


def test_another_part_of_the_tests_leaves_it_alone(foreign, tunnel):
    """The parts run side by side, and the first one to end tidies up."""
    before = python_agents(foreign, tunnel.token)
    docker.Engine(secrets.token_hex(3)).close()
    assert docker.inspect(NAME)["Id"] == before


# -- commands -------------------------------------------------------------------------------------

def test_the_same_start_again_changes_nothing(kept, master, tunnel):
    agent = kept(master)
    master.wait_registered()
    wait_runs(tunnel)
    master.wait_tunnel("running")
    before = one_run()
    state = agent.read("tunnel_state.json")
    began = time.time()
    for _ in range(2):
        mark = agent.mark()
        master.start_tunnel(tunnel)
        agent.wait_line(r"tunnel-keeper: command start_tunnel", start=mark)
    time.sleep(0.5)
    assert one_run() == before and changes(began) == []
    assert agent.read("tunnel_state.json") == state


def test_a_start_with_another_token_replaces_the_container(kept, master, tunnel):
    agent = kept(master)
    master.wait_registered()
    before = wait_runs(tunnel)
    other = secret.Tunnel("other-tunnel", account=tunnel.account)
    master.start_tunnel(other)
    after = wait_runs(other)
    assert after["Id"] != before["Id"]
    wait.until("the master has its name", lambda: master.tunnel()["name"] == "other-tunnel")
    assert agent.read_json("tunnel_state.json") == other.state()
    assert not agent.log.find("security:")


def test_a_restart_replaces_the_container_once(kept, master, tunnel):
    agent = kept(master)
    master.wait_registered()
    before = wait_runs(tunnel)
    assert COMMAND_LABEL not in before["Config"]["Labels"]
    began = time.time()
    master.restart_tunnel(tunnel)
    after = wait.until("another container", lambda: (
        lambda c: c if c and c["Id"] != before["Id"] else None)(runs(tunnel)))
    assert after["Config"]["Labels"][COMMAND_LABEL]
    master.wait_tunnel("running")
    time.sleep(0.5)
    assert changes(began).count("create") == 1
    assert agent.read_json("tunnel_state.json") == tunnel.state()
    agent.stop()
    agent.start()
    agent.wait_line(r"tunnel-keeper: tunnel container adopted")
    assert docker.inspect(NAME)["Id"] == after["Id"]


def test_a_restart_is_carried_out_once_although_the_keeper_dies(kept, master, tunnel):
    """tunnel-keeper is killed so long after it got the command, which then comes again."""
    agent = kept(master)
    master.wait_registered()
    for milliseconds in (0, 30, 120):
        before, mark = wait_runs(tunnel), agent.mark()
        pid = agent.wait_pids()["tunnel-keeper"]
        began = time.time()
        master.restart_tunnel(tunnel)
        agent.wait_line(r"tunnel-keeper: command restart_tunnel", start=mark)
        time.sleep(milliseconds / 1000)
        os.kill(pid, signal.SIGKILL)
        after = wait.until("another container", lambda: (
            lambda c: c if c and c["Id"] != before["Id"] else None)(runs(tunnel)))
        wait.until("another keeper", lambda: agent.pids().get("tunnel-keeper", pid) != pid)
        wait.until("nothing is pending",
                   lambda: agent.read_json("tunnel_state.json") == tunnel.state())
        wait.until("the journal is empty", lambda: b"restart" not in (
            agent.read("journal.json") or b""))
        wait.stays("it stays", lambda: one_run()[0] == after["Id"], 0.5)
        assert changes(began).count("create") == 1, milliseconds
        assert docker.inspect(NAME)["Config"]["Labels"][COMMAND_LABEL]
    master.wait_tunnel("running")


def test_a_stop_removes_the_container_and_forgets(kept, master, tunnel):
    agent = kept(master)
    master.wait_registered()
    wait_runs(tunnel)
    master.wait_tunnel("running")
    master.command("stop_tunnel")
    docker.wait_gone(NAME)
    assert master.wait_tunnel("stopped")["name"] == tunnel.name
    wait.until("it is forgotten", lambda: agent.read_json("tunnel_state.json") == {
        "token": None, "id": None, "name": None, "desired_state": "stopped"})
    agent.stop()
    agent.start()
    wait.stays("it stays stopped", lambda: docker.inspect(NAME) is None, 0.7)


def test_only_allowed_tunnels_are_obeyed(agents, master, tunnel):
    other = secret.Tunnel("not-allowed", account=tunnel.account)
    agent = agents.start(master, ALLOWED_TUNNELS="%s/%s, %s" % (
        tunnel.account, tunnel.id, "f" * 32))
    master.wait_registered()
    master.start_tunnel(other)
    agent.wait_line(r"tunnel-keeper: start_tunnel refused: ALLOWED_TUNNELS does not hold "
                    r"%s/%s" % (other.account, other.id))
    assert docker.inspect(NAME) is None
    assert agent.read("tunnel_state.json") is None
    master.start_tunnel(tunnel)
    wait_runs(tunnel)
    before = one_run()
    master.restart_tunnel(other)
    agent.wait_line(r"tunnel-keeper: restart_tunnel refused")
    time.sleep(0.3)
    assert one_run() == before
    assert agent.read_json("tunnel_state.json") == tunnel.state()


def test_a_cached_tunnel_that_is_not_allowed_does_not_run(kept, master, tunnel, foreign):
    python_agents(foreign, tunnel.token)
    agent = kept(master, ALLOWED_TUNNELS="f" * 32)
    agent.wait_line(r"tunnel-keeper: the cached tunnel may not run: ALLOWED_TUNNELS")
    wait.until("it is stopped", lambda: not docker.running(NAME))
    master.wait_tunnel("error")


def test_a_tunnel_of_another_account_is_a_security_event(kept, master, tunnel):
    agent = kept(master)
    master.wait_registered()
    wait_runs(tunnel)
    other = secret.Tunnel("elsewhere")
    master.start_tunnel(other)
    agent.wait_line(r"WARNING tunnel-keeper: security: the master moves the tunnel from Cloudflare "
                    r"account %s to %s" % (tunnel.account, other.account))
    wait_runs(other)
    assert other.token not in agent.log.text()


# -- starts and stops -----------------------------------------------------------------------------

def test_a_cached_tunnel_runs_at_once_without_the_master(kept, tunnel):
    began = time.time()
    agent = kept(ready=False)
    wait_runs(tunnel)
    made = [when for when, action in docker.events(NAME, began) if action == "create"][0]
    agent.wait_ready()
    print("offline start: %.0f ms from exec to the container" % ((made - began) * 1000))
    assert made - began < 2
    agent.wait_line(r"tunnel-keeper: tunnel test-tunnel: running")


def test_the_keepers_death_is_not_felt(kept, master, tunnel):
    agent = kept(master)
    wait_runs(tunnel)
    master.wait_tunnel("running")
    before, pid = one_run(), agent.pids()["tunnel-keeper"]
    master.set_mark()
    mark = agent.mark()
    os.kill(pid, signal.SIGKILL)
    wait.until("another keeper", lambda: agent.pids().get("tunnel-keeper", pid) != pid)
    wait.stays("the container is the same", lambda: one_run() == before, 2)
    agent.wait_line(r"tunnel-keeper: tunnel container adopted", start=mark)
    assert set(told(master)) <= {"running"}


def test_an_orderly_stop_removes_the_tunnel(kept, master, tunnel):
    agent = kept(master, TUNNEL_ON_EXIT="remove")
    master.wait_registered()
    wait_runs(tunnel)
    master.wait_tunnel("running")
    code, seconds = agent.stop()
    assert code == 0 and seconds < 3
    assert docker.inspect(NAME) is None
    assert master.tunnel()["status"] == "stopped"
    assert agent.read_json("tunnel_state.json") == tunnel.state("running")
    agent.start()
    wait_runs(tunnel)
    master.wait_tunnel("running")


def test_an_orderly_stop_keeps_the_tunnel(kept, master, tunnel):
    agent = kept(master, TUNNEL_ON_EXIT="keep")
    wait_runs(tunnel)
    master.wait_tunnel("running")
    before = one_run()
    code, seconds = agent.stop()
    assert code == 0 and seconds < 2
    assert one_run() == before
    assert master.tunnel()["status"] == "running"
    assert agent.read_json("tunnel_state.json") == tunnel.state("running")
    agent.start()
    agent.wait_line(r"tunnel-keeper: tunnel container adopted")
    assert one_run() == before


def test_a_stop_does_not_wait_for_an_engine_that_is_away(kept, master, tunnel, tunnel_proxy):
    agent = kept(master, TUNNEL_ON_EXIT="remove")
    wait_runs(tunnel)
    master.wait_tunnel("running")
    before = one_run()
    tunnel_proxy.stop()
    code, seconds = agent.stop()
    assert code == 0 and seconds < 4
    assert agent.log.find(r"tunnel-keeper: the tunnel container is left as it is: Docker is away")
    assert one_run() == before
    assert agent.read_json("tunnel_state.json") == tunnel.state("running")


def test_a_stop_does_not_wait_for_an_engine_that_hangs(kept, master, tunnel, faulty_engine):
    agent = kept(master, TUNNEL_ON_EXIT="remove", DOCKER_TUNNEL_HOST=faulty_engine.host)
    wait_runs(tunnel)
    master.wait_tunnel("running")
    faulty_engine.add(".*", "hang")
    code, seconds = agent.stop(12)
    assert code == 0 and seconds < 8
    assert agent.log.find(r"tunnel-keeper: the tunnel container could not be removed in time")
    assert agent.read_json("tunnel_state.json") == tunnel.state("running")


def test_an_engine_that_goes_and_comes(kept, master, tunnel, tunnel_proxy):
    agent = kept(master)
    wait_runs(tunnel)
    master.wait_tunnel("running")
    before = one_run()
    tunnel_proxy.stop()
    master.start_tunnel(tunnel)  # leads to a look
    agent.wait_line(r"tunnel-keeper: Docker is away: ")
    assert master.tunnel()["status"] == "running"
    detail = agent.wait_status("it is unknown", lambda s: s["tunnel"]["state"] == "unknown",
                               8)["tunnel"]["detail"]
    assert "Connection refused" in detail
    tunnel_proxy.start()
    agent.wait_line(r"tunnel-keeper: Docker is back after")
    master.wait_tunnel("running")
    assert one_run() == before
    assert len([1 for _, line in agent.log.lines if "Docker is away" in line]) <= 3


# -- containers that do not do well ---------------------------------------------------------------

@pytest.mark.parametrize("code", [3, 255])
def test_a_crash_loop_is_an_error_with_its_reason(kept, master, variants, code):
    """255 is what cloudflared ends with for a token that it does not take."""
    agent = kept(master, CLOUDFLARED_IMAGE=variants("crash-%d" % code, STANDIN_EXIT=code))
    master.wait_tunnel("error", 15)
    wait.until("Docker saw it too", lambda: docker.inspect(NAME)["State"]["ExitCode"] == code)
    agent.wait_line(r"tunnel-keeper: tunnel container ended by itself \(.*exit code %d" % code)
    status = agent.wait_status("the reason is in the status", lambda s: "exit code %d" % code in (
        s["tunnel"].get("detail") or ""))["tunnel"]
    assert status["state"] == "error" and "docker logs " + NAME in status["detail"]
    began = time.time()
    master.set_mark()
    time.sleep(3)
    seen = changes(began)
    assert "create" not in seen and seen.count("start") <= 5, seen
    assert set(told(master)) <= {"error"}
    assert len([1 for _, line in agent.log.lines if "ended by itself" in line]) <= 5


def test_a_container_that_ends_in_order_is_started_again_and_backed_off(kept, master, foreign,
                                                                         variants, tunnel):
    """Without a restart policy it is the agent that starts it, and it does so ever more slowly."""
    image = variants("crash", STANDIN_EXIT=0)
    foreign("--restart", "no", image=image, environment=["TUNNEL_TOKEN=" + tunnel.token])
    began = time.time()
    kept(master, CLOUDFLARED_IMAGE=image)
    master.wait_tunnel("error", 15)
    time.sleep(2)
    assert changes(began).count("start") <= 6


def test_a_tunnel_that_gets_no_connection_is_starting_then_an_error(kept, master, tunnel, foreign,
                                                                    variants):
    agent = kept(master, CLOUDFLARED_IMAGE=variants("unready", STANDIN_READY=0))
    wait_runs(tunnel)
    agent.wait_status("no connections", lambda s: s["tunnel"].get("ready_connections") == 0)
    assert told(master)[-1] == "starting"
    assert agent.status()["tunnel"]["state"] == "starting"
    agent.kill()
    # One that did not begin before the agent's eyes has had its time.
    master.set_mark()
    agent.start()
    master.wait_tunnel("error")
    agent.wait_line(r"tunnel-keeper: tunnel test-tunnel: error, cloudflared runs but has no "
                    r"connection to Cloudflare")


def test_a_tunnel_that_gets_its_connections_late(kept, master, tunnel, foreign):
    python_agents(foreign, tunnel.token)
    docker.docker("exec", NAME, "touch", "/tmp/not-ready")
    agent = kept(master)
    master.wait_tunnel("error")
    docker.docker("exec", NAME, "rm", "/tmp/not-ready")
    master.wait_tunnel("running", 4)
    assert agent.wait_status("its connections are counted", lambda s: s["tunnel"].get(
        "ready_connections") == 4)


def test_version_and_connections_come_from_cloudflared_itself(kept, master, tunnel):
    agent = kept(master, TUNNEL_METRICS_PORT="20300")
    container = wait_runs(tunnel)
    assert "TUNNEL_METRICS=0.0.0.0:20300" in container["Config"]["Env"]
    wait.until("the version is told", lambda: master.tunnel().get("version") == "2025.9.0")
    status = agent.wait_status("the status has it too", lambda s: s["tunnel"].get(
        "version") == "2025.9.0" and s["tunnel"].get("ready_connections") == 4)["tunnel"]
    assert status["container_id"] == container["Id"] and status["state"] == "running"


# -- the state file -------------------------------------------------------------------------------

HOSTILE = {
    "cut": b'{"token": "abc", "id": "x", "na', "blank": b"   \n", "list": b"[1, 2]",
    "html": b"<html></html>", "huge": b'{"token": "' + b"x" * 200000 + b'"}',
    "deep": b"[" * 60000, "nul": b'{"token": "a\0b"}', "escaped-nul": b'{"token": "a\\u0000b"}',
    "bad-utf8": b'{"name": "\xff\xfe"}', "wrong-types": b'{"token": 5, "desired_state": []}',
    "unknown-state": b'{"desired_state": "flying"}',
    "control": b'{"token": "a\\nb", "id": null, "name": null, "desired_state": "running"}',
    "twice": b'{"token": "a", "token": "b"}', "trailing": b"{} {}",
    "long-id": b'{"id": "' + b"x" * 5000 + b'"}', "path-id": b'{"id": "../../etc/passwd"}',
}


NO_FILE = {
    "folder": os.mkdir, "fifo": os.mkfifo, "symlink": lambda path: os.symlink("/etc/passwd", path),
}


def test_a_state_file_that_cannot_be_read_is_kept_aside(agents, tunnel, foreign):
    """And a tunnel that runs is left as it is.  One agent for each file, all at once."""
    python_agents(foreign, tunnel.token)
    before = one_run()
    made = {}
    for kind in (*HOSTILE, *NO_FILE):
        agent = agents.make(**nowhere())
        if kind in HOSTILE:
            agent.write("tunnel_state.json", HOSTILE[kind])
        else:
            NO_FILE[kind](agent.path("tunnel_state.json"))
        made[kind] = agent.start(ready=False)
    for kind, agent in made.items():
        path = agent.path("tunnel_state.json")
        wait.until(kind + " is kept aside", lambda: os.path.lexists(path + ".corrupt"), 20)
        agent.wait_line(r"(WARNING|ERROR) .*tunnel_state.json.*(corrupt|aside)", 10)
        agent.wait_line(r"tunnel-keeper: tunnel: running", 10)
        assert not os.path.lexists(path), kind
        if kind in HOSTILE:
            assert agent.read("tunnel_state.json.corrupt") == HOSTILE[kind], kind
    assert one_run() == before
    for kind, agent in made.items():
        assert not agent.log.find(r"tunnel-keeper ended"), kind
        agent.kill()
    shutil.rmtree(made["folder"].path("tunnel_state.json.corrupt"))
    os.unlink(made["fifo"].path("tunnel_state.json.corrupt"))


def test_after_a_corrupt_state_the_next_command_works(kept, master, tunnel, foreign):
    python_agents(foreign, tunnel.token)
    before = one_run()
    agent = kept(master, state=b"{")
    master.wait_tunnel("running")
    master.start_tunnel(tunnel)
    wait.until("the state is there again",
               lambda: agent.read_json("tunnel_state.json") == tunnel.state())
    assert one_run() == before


PYTHON_STATES = {
    "indented": lambda state: json.dumps(state, indent=2),
    "compact": lambda state: json.dumps(state),
    "more-fields": lambda state: json.dumps({**state, "updated_at": 1.5, "extra": {"a": [1]}}),
    "name": lambda state: json.dumps({**state, "name": "Büro ☂ \"1\""}),
    "newline": lambda state: json.dumps(state) + "\n",
}


def test_the_python_agents_state_is_read(kept, tunnel, foreign):
    """And not written where nothing changes.  One agent for each form, all at once."""
    python_agents(foreign, tunnel.token)
    before = one_run()
    made = {text(tunnel.state()): kept(state=text(tunnel.state()), ready=False)
            for text in PYTHON_STATES.values()}
    for text, agent in made.items():
        name = json.loads(text)["name"]
        agent.wait_line(r"tunnel-keeper: tunnel container adopted")
        agent.wait_line(r"tunnel-keeper: tunnel .*: running")
        agent.wait_status("it has its name", lambda s: s["tunnel"].get("name") == name)
        assert agent.read("tunnel_state.json").decode() == text
    assert one_run() == before


def test_what_is_written_the_python_agent_reads(agents, master, tunnel):
    tunnel.name = "Büro ☂ \"1\""
    agent = agents.start(master)
    master.wait_registered()
    master.start_tunnel(tunnel)
    wait_runs(tunnel)
    # Exactly its four fields: it takes the file's object as its own.
    assert agent.read_json("tunnel_state.json") == tunnel.state()
    found = os.stat(agent.path("tunnel_state.json"))
    assert stat.S_IMODE(found.st_mode) == 0o600 and found.st_uid == 65532
    assert master.wait_tunnel("running")["name"] == tunnel.name


NO_TUNNEL = [{"token": None, "id": None, "name": None, "desired_state": "unknown"}, {}, b"",
             {"token": None, "id": None, "name": None, "desired_state": "running"}]


def test_a_state_without_a_tunnel_leaves_all_as_it_is(kept, tunnel, foreign):
    python_agents(foreign, tunnel.token)
    before = one_run()
    for agent in [kept(state=state, ready=False) for state in NO_TUNNEL]:
        agent.wait_line(r"tunnel-keeper: tunnel: running")
        assert not os.path.exists(agent.path("tunnel_state.json.corrupt"))
    assert one_run() == before


def test_a_failed_save_is_carried_out_from_memory(agents, master, tunnel):
    agent = agents.start(master)
    master.wait_registered()
    wait.until("its id is saved", lambda: agent.read("agent_id.txt"))
    os.chmod(agent.data, 0o500)
    master.start_tunnel(tunnel)
    agent.wait_line(r"ERROR tunnel-keeper: tunnel_state.json could not be saved \(.*\): the tunnel "
                    r"is kept from memory")
    wait_runs(tunnel)
    master.wait_tunnel("running")
    agent.wait_status("the status warns", lambda s: any(
        "could not be saved" in warning for warning in s["tunnel"]["warnings"]))
    assert agent.read("tunnel_state.json") is None
    before = one_run()
    os.chmod(agent.data, 0o700)
    agent.wait_line(r"tunnel-keeper: tunnel_state.json is saved again", 12)
    assert agent.read_json("tunnel_state.json") == tunnel.state()
    agent.wait_status("the warning ends", lambda s: s["tunnel"]["warnings"] == [])
    assert one_run() == before


# -- the endpoint ---------------------------------------------------------------------------------

def test_one_proxy_for_everything_works_and_is_warned_about(kept, master, engine, tunnel, output):
    proxy = proxies.Proxy("tecnativa", output, recorded="any")
    try:
        name = engine.service("one")
        agent = kept(master, DOCKER_HOST=proxy.host, DOCKER_TUNNEL_HOST=None)
        wait_runs(tunnel)
        master.wait_tunnel("running")
        master.wait_container(name)
        assert agent.wait_line(r"WARNING supervisor: DOCKER_TUNNEL_HOST")
        status = agent.status()
        assert any("DOCKER_TUNNEL_HOST" in text for text in status["agent"]["warnings"])
        docker.docker("rm", "-f", NAME)
        wait_runs(tunnel, 5)
        agent.kill()
    finally:
        proxy.close()


WRONG = ("html", "302", "403", "500", "empty", "cut", "wrong-types", "garbage", "nul", "bad-utf8",
         "deep", "huge", "not-found-page", "list-with-broken-entry", "hang")
NOT_FOUND_PAGE = (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
                  b"<html></html>")


def test_wrong_answers_lead_to_nothing(kept, tunnel, foreign):
    """An agent and an engine for each wrong answer, all at once: none acts on it, all recover."""
    python_agents(foreign, tunnel.token)
    before = one_run()
    made = {}
    for kind in WRONG:
        engine = FaultyEngine()
        answer = NOT_FOUND_PAGE if kind == "not-found-page" else kind
        engine.add("GET .*/%s/json" % NAME, answer, times=2)
        made[kind] = (engine, kept(ready=False, DOCKER_TUNNEL_HOST=engine.host))
    time.sleep(1)
    made["hang"][0].released.set()
    try:
        for kind, (engine, agent) in made.items():
            agent.wait_line(r"(WARNING|ERROR) tunnel-keeper: (Docker is away|"
                            r"the tunnel container can't be looked at): ", 20)
            agent.wait_line(r"tunnel-keeper: tunnel container adopted", 20)
            assert not agent.log.find(r"tunnel-keeper ended"), kind
            lines = [l for _, l in agent.log.lines if "can't be looked" in l or "is away: " in l]
            print(kind, "\n".join(lines))
            assert len([l for l in lines if "tunnel-keeper" in l]) == 1, (kind, lines)
            assert not [l for l in engine.seen if l.startswith(("POST", "DELETE"))], kind
    finally:
        for engine, agent in made.values():
            agent.kill()
            engine.close()
    assert one_run() == before


STEPS = {"create": "POST .*/containers/create", "start": "POST .*/start",
         "network": "GET .*/networks/", "image": "GET .*/images/"}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_is_told_and_tried_again(kept, master, tunnel, faulty_engine, step):
    """Docker's own words are told; not where they hold the token."""
    message = "no luck with %s" % (tunnel.token if step == "create" else "this")
    faulty_engine.add(STEPS[step], json_answer({"message": message}, 500), times=1)
    agent = kept(master, DOCKER_TUNNEL_HOST=faulty_engine.host)
    said = "Docker's reason holds the token" if step == "create" else (
        "Docker answered 500 to .*: no luck with this")
    agent.wait_line(r"ERROR tunnel-keeper: tunnel: " + said)
    master.wait_tunnel("error")
    wait_runs(tunnel)
    master.wait_tunnel("running")
    assert tunnel.token[:20] not in agent.log.text()
    assert tunnel.token[:20] not in json.dumps(agent.status())
    assert len([1 for _, line in agent.log.lines if "ERROR tunnel-keeper" in line]) == 1


@pytest.mark.parametrize("refusals, containers", [(2, 1), (3, 2)])
def test_only_what_is_never_started_is_made_anew(kept, tunnel, faulty_engine, refusals, containers):
    """An engine that is about to end refuses a start or two; the container is the same after."""
    faulty_engine.add(STEPS["start"], json_answer({"message": "no luck"}, 500), times=refusals)
    began = time.time()
    kept(DOCKER_TUNNEL_HOST=faulty_engine.host)
    wait_runs(tunnel, 20)
    assert changes(began).count("create") == containers
    assert len([line for line in faulty_engine.seen if "/start" in line]) == refusals + 1


def test_a_start_that_a_proxy_fails_says_nothing_of_the_container(kept, tunnel, faulty_engine):
    faulty_engine.add(STEPS["start"], json_answer({"message": "no engine"}, 503), times=3)
    began = time.time()
    kept(DOCKER_TUNNEL_HOST=faulty_engine.host)
    wait_runs(tunnel, 30)
    assert changes(began).count("create") == 1


def test_calls_that_the_proxy_denies_are_named(kept, master, tunnel, faulty_engine):
    """Checks are done without, and a warning stays; a call that is needed is an error."""
    faulty_engine.add(STEPS["network"], "403")
    faulty_engine.add(STEPS["image"], "403")
    faulty_engine.add(STEPS["start"], "403")
    agent = kept(master, DOCKER_TUNNEL_HOST=faulty_engine.host)
    agent.wait_line(r"WARNING tunnel-keeper: the proxy denies GET /v1.41/networks/\S+ \(403\)")
    agent.wait_line(r"WARNING tunnel-keeper: the proxy denies GET /v1.41/images/\S+ \(403\)")
    agent.wait_line(r"ERROR tunnel-keeper: tunnel: the proxy denies POST /v1.41/containers/\S+")
    master.wait_tunnel("error")
    time.sleep(2)
    assert len([1 for line in faulty_engine.seen if line.startswith("POST")]) < 12
    faulty_engine.clear()
    faulty_engine.add(STEPS["network"], "403")
    wait_runs(tunnel, 15)
    master.wait_tunnel("running")
