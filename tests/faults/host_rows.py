# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the host: its disk, and what it lets a process have."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import time

from fault import Fault
from harness import programs, secret, wait
from harness.agent import AGENT_UID, WORKERS, read_status
from harness.cgroup import MemoryGroup


def bad_command(case):
    """It is journalled, then refused: nothing runs for it."""
    case.master.command("start_tunnel", tunnel_name="a", tunnel_id="b", token="not-a-token")


def read_only(case):
    os.chmod(case.agent.data, 0o500)
    bad_command(case)


def writable(case):
    os.chmod(case.agent.data, 0o700)


def mode_of_data(case):
    mode = os.stat(case.agent.data).st_mode & 0o7777
    return "mode %04o" % mode if mode == 0o500 else None


# A data folder of its own, of a few pages.
SMALL = ('mount -t tmpfs -o size=64k,uid=65532,gid=65532,mode=0700 none "$1" && shift && '
         'exec "$@"')


def small_disk(case):
    case.agent.before = ["unshare", "--mount", "sh", "-c", SMALL, "sh", case.agent.data]


def filler(case):
    return "/proc/%d/root%s/filler" % (case.agent.pid, case.agent.data)


def fill_disk(case):
    with open(filler(case), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    bad_command(case)


def disk_is_full(case):
    status = os.statvfs(os.path.dirname(filler(case)))
    return None if status.f_bavail else "no block free"


def empty_disk(case):
    os.unlink(filler(case))


# ---- a disk that takes its time ----

SYNC_SECONDS = 5


def slow_disk(case):
    case.kept["disk"] = os.path.join(case.agent.folder, "slow_disk")
    with open(case.kept["disk"], "wb") as file:
        file.write(struct.pack("=II", 0, 0))
    case.agent.before = [programs.built("slow_disk", "-lseccomp"), case.kept["disk"]]


def set_delay(case, milliseconds):
    with open(case.kept["disk"], "r+b") as file:
        file.write(struct.pack("=I", milliseconds))


def delay_syncs(case):
    case.kept["pids"] = case.agent.pids()
    set_delay(case, SYNC_SECONDS * 1000)
    bad_command(case)


def syncs_held(case):
    with open(case.kept["disk"], "rb") as file:
        held = struct.unpack("=II", file.read(8))[1]
    if case.agent.pids() != case.kept["pids"]:
        case.wrong("a worker was killed for the disk")
    return "%d syncs held for %d s" % (held, SYNC_SECONDS) if held else None


def fast_again(case):
    set_delay(case, 0)
    bad_command(case)


# ---- the data folder itself is gone ----

DELETED = r"journal.json can't be saved: the data folder was deleted; .* restart the agent"


def delete_folder(case):
    shutil.rmtree(case.agent.data)
    bad_command(case)


def folder_is_gone(case):
    links = [os.readlink("/proc/%d/fd/%s" % (case.agent.pid, fd))
             for fd in os.listdir("/proc/%d/fd" % case.agent.pid)]
    gone = [link for link in links if link == case.agent.data + " (deleted)"]
    return "the folder that it has open is deleted" if gone else None


def make_folder_and_restart(case):
    """The one that is made again is another, so that the agent says the same until its restart."""
    os.mkdir(case.agent.data, 0o700)
    os.chown(case.agent.data, AGENT_UID, AGENT_UID)
    bad_command(case)
    time.sleep(1)
    if not any("restart the agent" in line for line in case.agent.status()["link"]["warnings"]):
        case.wrong("status does not tell to restart the agent")
    if os.listdir(case.agent.data):
        case.wrong("it saves into the new folder")
    case.agent.stop()
    case.agent.start()
    case.mark = 0  # another log


def saved_in_it(case):
    """Behind the end: what is saved now is in the new folder."""
    if not case.agent.read("agent_id.txt"):
        case.wrong("nothing is saved in the new folder")


# ---- memory: a limit that is enough for what the agent has, and not for a burst ----

BURST = 600
SPARE_BYTES = 256 * 1024


def own_group(case):
    case.kept["group"] = MemoryGroup(case.agent, os.path.basename(case.agent.run))


def limit_memory(case):
    group = case.kept["group"]
    group.limit(group.used() + SPARE_BYTES)
    for number in range(BURST):
        case.engine.start("burst-%d" % number)


def kernel_killed(case):
    kills = case.kept["group"].kills()
    return "%d processes killed for memory" % kills if kills else None


def raise_limit(case):
    case.kept["group"].limit(None)


def remove_group(case):
    if "group" in case.kept:
        case.kept["group"].remove()


# ---- descriptors: the limit of a running process is lowered to what it has open ----

# Of a worker: input, log twice, the control channel, three peers; the others are connections.
WORKER_OWN = 7


def first_free(pid):
    """The lowest descriptor that is not open, which is the next one that it would get."""
    taken = {int(name) for name in os.listdir("/proc/%d/fd" % pid)}
    return min(set(range(len(taken) + 1)) - taken)


def soft_limit(pid):
    with open("/proc/%d/limits" % pid, encoding="ascii") as file:
        return [int(line.split()[3]) for line in file if line.startswith("Max open files")][0]


def set_soft_limit(pid, count):
    """As its own user, who needs no privilege for that (prlimit(2))."""
    status = read_status(pid)
    subprocess.run(["setpriv", "--reuid", status["Uid"].split()[0], "--regid",
                    status["Gid"].split()[0], "--clear-groups", "prlimit", "--pid", str(pid),
                    "--nofile=%d:" % count], check=True)


def connections(pid):
    """Its descriptors of TCP."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        sockets = {"socket:[%s]" % line.split()[9] for line in file}
    folder = "/proc/%d/fd" % pid
    return {int(fd) for fd in os.listdir(folder)
            if os.readlink(os.path.join(folder, fd)) in sockets}


def in_order(name):
    """The worker's own descriptors come before its connections; where not, another one's do."""
    def settle(case):
        for _ in range(10):
            pid = case.agent.pids()[name]
            if first_free(pid) >= WORKER_OWN and not connections(pid) & set(range(WORKER_OWN)):
                return
            os.kill(pid, signal.SIGKILL)
            wait.until("another one has begun", lambda: case.agent.pids().get(name) not in (
                None, pid) and case.agent.status()["status"] == "healthy", 20)
        raise AssertionError("%s has its descriptors in no order" % name)
    return settle


def exhaust(name, need):
    """No more than is open; of a worker less, so that what it closes makes no room for more."""
    def begin(case):
        pid = case.agent.pids()[name] if name in WORKERS else case.agent.pid
        count = WORKER_OWN if name in WORKERS else first_free(pid)
        case.kept.update(pid=pid, count=count, limit=soft_limit(pid))
        set_soft_limit(pid, count)
        need(case)
    return begin


def exhausted(case):
    """The kernel's word: the limit, and that all below it are open."""
    pid, count = case.kept["pid"], case.kept["count"]
    full = soft_limit(pid) == count <= first_free(pid)
    return "%d descriptors, all open" % count if full else None


def relieve(case):
    set_soft_limit(case.kept["pid"], case.kept["limit"])


# Names that are in the hosts file of this agent only; no other server is asked for them.
HOSTS = ('printf "127.0.0.1 master.test\\n" >"$1/hosts" && mount --bind "$1/hosts" /etc/hosts && '
         'printf "nameserver 127.0.0.1\\n" >"$1/resolv" && '
         'mount --bind "$1/resolv" /etc/resolv.conf && shift && exec "$@"')


def by_name(case):
    """The master is asked for by its name, which takes the resolver a file."""
    case.agent.before = ["unshare", "--mount", "sh", "-c", HOSTS, "sh", case.agent.folder]
    case.agent.environment.update(ALLOW_PLAINTEXT_MASTER="true", DOCKFLARE_MASTER_URL=(
        case.master.url.replace("127.0.0.1", "master.test")))


def lose_connection(case):
    case.master.control("drop-connections")


def leave(case):
    """Once a connection fails, names are asked for anew."""
    case.master.control("away")


def come_back(case):
    case.master.control("back")
    time.sleep(2)
    relieve(case)


def want_tunnel(case):
    """For which it must ask Docker.  There is no image for it here, so it never comes."""
    case.master.start_tunnel(secret.Tunnel("no-descriptor"))


def no_tunnel_again(case):
    relieve(case)
    case.master.command("stop_tunnel")


def kill_watcher(case):
    os.kill(case.agent.pids()["docker-watcher"], signal.SIGKILL)


def no_watcher(case):
    """The kernel's word again."""
    pid, count = case.kept["pid"], case.kept["count"]
    starved = soft_limit(pid) == count and "docker-watcher" not in case.agent.pids()
    return "%d descriptors, no process" % count if starved else None


def ask(case):
    case.kept["asking"] = socket.socket(socket.AF_UNIX)
    case.kept["asking"].connect(os.path.join(case.agent.run, "status.sock"))


def not_answered(case):
    case.kept["asking"].setblocking(False)
    try:
        case.kept["asking"].recv(1)
        return None
    except BlockingIOError:
        return exhausted(case)


def answered(case):
    relieve(case)
    with case.kept["asking"] as asking:
        asking.settimeout(10)
        if not asking.recv(1):
            case.wrong("who asked for the status was never answered")


def worker_without(name, need, **more):
    return Fault("%s without descriptors" % name, exhaust(name, need), exhausted,
                 **{"end": relieve, "settle": in_order(name), "seconds": 4, **more})


def descriptor_rows():
    yield worker_without("docker-watcher", lambda case: case.engine.cut_streams(),
                         said=r"docker-watcher: Docker can't be read: .*Too many open files",
                         over=r"docker-watcher: watching Docker ", part=("docker", "unreadable"))
    yield worker_without("master-link", lose_connection,
                         said=r"master-link: master is away: .*Too many open files",
                         over=r"master-link: master is back after ", part=("link", "away"))
    yield worker_without("tunnel-keeper", want_tunnel, end=no_tunnel_again,
                         said=r"tunnel-keeper: Docker is away: .*Too many open files",
                         over=r"tunnel-keeper: Docker is back after")
    yield worker_without("name-resolver", leave, end=come_back, prepare=by_name,
                         said=r"master is away: master.test: Could not contact DNS servers",
                         over=r"master-link: master is back after ", part=("link", "away"))
    # A worker that was well for ten seconds is replaced at once, but not again and again.
    yield Fault("no descriptors for a new worker", exhaust("supervisor", kill_watcher),
                no_watcher, relieve, seconds=4, after=11,
                said=r"docker-watcher can't be started: Too many open files", lines=1,
                over=r"supervisor: docker-watcher is ready .* after its end\)")
    yield Fault("no descriptors for a status", exhaust("supervisor", ask), not_answered, answered,
                seconds=4)


ROWS = [
    Fault("slow disk", delay_syncs, syncs_held, fast_again, prepare=slow_disk, seconds=16,
          said=r"journal.json took 1[0-9] s to be saved", detected=20,
          over=r"journal.json is saved in time again"),
    Fault("data folder deleted", delete_folder, folder_is_gone, make_folder_and_restart,
          lines=1, said=DELETED, over=r"supervisor: started, version", clean=saved_in_it),
    Fault("memory limit", limit_memory, kernel_killed, raise_limit, prepare=own_group, seconds=4,
          said=r"supervisor: [a-z-]+ ended \(signal 9", lines=8,
          over=r"docker-watcher: watching Docker ", clean=remove_group),
    *descriptor_rows(),
    Fault("disk full", fill_disk, disk_is_full, empty_disk, prepare=small_disk, seconds=4,
          lines=1, said=r"can't be saved: No space left", over=r"journal.json is saved again"),
    Fault("data folder read-only", read_only, mode_of_data, writable, seconds=4,
          lines=1, said=r"can't be saved: ", over=r"journal.json is saved again"),
]
