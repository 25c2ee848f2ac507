# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the sandbox can't be whole: what is below the floor does not start, what is above says so.

harness/older_kernel.c stands for a kernel without Landlock or with an older one, and for a container
runtime that blocks system calls: they fail as they would there.
"""

import os

import pytest

from harness import wait
from harness.agent import AGENT_UID, START, UIDS, read_status

EX_CONFIG = 78
NO_LANDLOCK = ("--deny", "ENOSYS", "landlock_create_ruleset")
BLOCKED_LANDLOCK = tuple(word for call in ("landlock_create_ruleset", "landlock_add_rule",
                                           "landlock_restrict_self")
                         for word in ("--deny", "EPERM", call))
BLOCKED_SECCOMP = ("--deny", "EPERM", "seccomp", "--deny", "EPERM", "prctl")
NO_SECCOMP = ("--deny", "ENOSYS", "seccomp", "--deny", "ENOSYS", "prctl")
LOST = {1: "files can't be moved between folders at all", 2: r"truncate\(2\) is not bounded",
        3: "TCP ports are not bounded", 4: "ioctl on devices is not bounded",
        5: "signals and abstract unix sockets are not bounded"}


@pytest.fixture
def settings():
    return {"DOCKER_HOST": "tcp://127.0.0.1:1",
            "REPORT_INTERVAL_SECONDS": "1", "COMMAND_POLL_SECONDS": "1"}


def works(agent, master):
    """It does its work, and all that its policy says of workers holds."""
    agent.start()
    master.wait_registered()
    for name, pid in agent.pids().items():
        status = read_status(pid)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), name
        assert int(status["CapPrm"], 16) == 0, name
    return agent.status()["agent"]


def warned(agent, account, pattern):
    """The log and the status name it."""
    agent.wait_line(r"WARNING supervisor: SANDBOX: " + pattern)
    assert [w for w in account["warnings"] if w.startswith("SANDBOX: ")], account
    return True


def refused(agent):
    agent.start(ready=False)
    assert agent.wait_end() == EX_CONFIG
    assert not agent.log.find("is ready")
    return agent


@pytest.mark.parametrize("lacks", [NO_LANDLOCK, BLOCKED_LANDLOCK], ids=["kernel", "runtime"])
def test_without_landlock_a_shared_uid_is_below_the_floor(agents, masters, older_kernel, lacks):
    agent = agents.make(masters())
    agent.before = [older_kernel, *lacks]
    refused(agent).wait_line(r"CRITICAL supervisor: SANDBOX: this kernel has no Landlock .*start "
                             r"the agent as root with SETUID, SETGID and KILL.*best-effort")


@pytest.mark.parametrize("lacks", [NO_LANDLOCK, BLOCKED_LANDLOCK], ids=["kernel", "runtime"])
@pytest.mark.parametrize("mode, sandbox", [("distinct", "required"), ("shared", "best-effort")])
def test_without_landlock_it_goes_on_where_it_may(agents, masters, older_kernel, lacks, mode,
                                                  sandbox):
    master = masters()
    agent = agents.make(master, mode=mode, SANDBOX=sandbox)
    agent.before = [older_kernel, *lacks]
    account = works(agent, master)
    assert account["landlock_abi"] == 0
    assert warned(agent, account, r"this kernel has no Landlock: files and folders are not "
                  r"bounded; .*TCP ports are not bounded")
    if sandbox == "best-effort":
        assert warned(agent, account, "best-effort")


@pytest.mark.parametrize("abi", range(1, 8))
def test_an_older_landlock_is_used_as_far_as_it_goes(agents, masters, older_kernel, abi):
    master = masters()
    agent = agents.make(master, mode="shared" if abi % 2 else "distinct")
    agent.before = [older_kernel, "--landlock", str(abi)]
    account = works(agent, master)
    assert account["landlock_abi"] == abi
    for since, lost in LOST.items():
        named = agent.log.find(r"SANDBOX: this kernel has Landlock ABI %d: .*%s" % (abi, lost))
        assert bool(named) == (abi <= since), (abi, lost)
    assert bool(account["warnings"]) == (abi < 6) or not agent.log.find("Landlock ABI %d:" % abi)


@pytest.mark.parametrize("lacks", [BLOCKED_SECCOMP, NO_SECCOMP], ids=["runtime", "kernel"])
@pytest.mark.parametrize("mode, sandbox", [("distinct", "required"), ("shared", "best-effort")])
def test_without_seccomp_nothing_starts(agents, masters, older_kernel, lacks, mode, sandbox):
    """Not even with best-effort."""
    agent = agents.make(masters(), mode=mode, SANDBOX=sandbox)
    agent.before = [older_kernel, *lacks]
    refused(agent).wait_line(r"CRITICAL supervisor: the sandbox can't be set up: .*seccomp")


def test_a_kernel_with_everything_is_not_warned_about(agents, masters, older_kernel):
    """The control run of those above: it is what is denied that makes the difference."""
    master = masters()
    agent = agents.make(master)
    agent.before = [older_kernel, "--deny", "ENOSYS", "kexec_load"]
    account = works(agent, master)
    assert not [w for w in account["warnings"] if "SANDBOX" in w], account
    assert account["start_mode"] == "shared uid"


@pytest.mark.parametrize("mode, text", [("shared", "shared uid"), ("distinct", "distinct uids")])
def test_no_new_privs_may_be_set_before(agents, masters, mode, text):
    master = masters()
    agent = agents.make(master, mode=mode)
    agent.before = ["setpriv", "--no-new-privs"]
    account = works(agent, master)
    assert account["start_mode"] == text + ", no_new_privs set"
    agent.wait_line(r"supervisor: started, version .* \(%s, no_new_privs set, " % text)


def test_surplus_capabilities_of_root_are_dropped_and_named(agents, masters, monkeypatch):
    monkeypatch.setitem(START, "distinct", ["setpriv", "--clear-groups"])
    master = masters()
    agent = agents.make(master, mode="distinct")
    account = works(agent, master)
    assert warned(agent, account, r"started with capabilities that it has no use for, and dropped "
                  r"them: chown, .*net_admin.*; start it with cap_drop: \[ALL\]")
    status = read_status(agent.pid)
    assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0xe0  # KILL, SETGID, SETUID
    assert status["Uid"].split() == [str(AGENT_UID)] * 4


def test_surplus_capabilities_of_a_user_are_dropped_and_named(agents, masters, monkeypatch):
    monkeypatch.setitem(START, "shared", [
        "setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups",
        "--inh-caps=+net_raw", "--ambient-caps=+net_raw"])
    master = masters()
    agent = agents.make(master)
    account = works(agent, master)
    assert warned(agent, account, r"started with .*dropped them: net_raw; ")
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(read_status(agent.pid)[name], 16) == 0, name


def test_another_user_is_named(agents, masters, monkeypatch):
    uid = 1234
    monkeypatch.setitem(START, "shared", ["setpriv", "--reuid", str(uid), "--regid", str(uid),
                                          "--clear-groups", "--bounding-set=-all"])
    master = masters()
    agent = agents.make(master)
    for path in (agent.data, agent.run):
        os.chown(path, uid, uid)
    account = works(agent, master)
    assert warned(agent, account, "runs as uid 1234, not 65532: ")
    assert {worker["uid"] for worker in agent.status()["workers"]} == {uid}


@pytest.mark.parametrize("missing", ["setuid", "setgid", "kill"])
def test_root_without_one_of_the_three_does_not_start(agents, missing, monkeypatch):
    kept = ",".join("+" + name for name in ("setuid", "setgid", "kill") if name != missing)
    monkeypatch.setitem(START, "distinct", ["setpriv", "--clear-groups", "--inh-caps=-all",
                                            "--bounding-set=-all," + kept])
    agent = agents.make(None, mode="distinct")
    refused(agent).wait_line(r"started as uid 0 without CAP_SETUID, CAP_SETGID and CAP_KILL; give "
                             r"it these three .* or start it as another user")


def test_each_worker_has_its_own_uid_where_landlock_is_missing(agents, masters, older_kernel):
    """What is left of the separation then."""
    master = masters()
    agent = agents.make(master, mode="distinct")
    agent.before = [older_kernel, *NO_LANDLOCK]
    works(agent, master)
    wait.until("all four run", lambda: len(agent.pids()) == 4)
    assert {name: int(read_status(pid)["Uid"].split()[0]) for name, pid in agent.pids().items()} \
        == {name: uid for name, uid in UIDS.items() if name != "dockflare-agent"}
