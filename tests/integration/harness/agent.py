# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent as a native process, in either start mode, with folders and a log of its own."""

import json
import os
import re
import signal
import shutil
import subprocess
import tempfile
import threading
import time

from . import wait

WORKERS = ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver")
AGENT_UID = 65532
UIDS = {"dockflare-agent": 65532, "master-link": 65528, "docker-watcher": 65529,
        "tunnel-keeper": 65530, "name-resolver": 65531}

# What is put before the program, so that it starts as it would in its container.
START = {
    "shared": ["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups",
               "--inh-caps=-all", "--bounding-set=-all"],
    "distinct": ["setpriv", "--clear-groups", "--inh-caps=-all",
                 "--bounding-set=-all,+setuid,+setgid,+kill"],
}

# Of a line of the log: who wrote it, and that it stands for others.
PROCESS = re.compile(r"^\S+ \S{4} [A-Z]+ ([a-z-]+): ")
REPEATS = re.compile(r": \(the last line (\d+) times more\)$")


def traced():
    """With TEST_TRACES, strace in front: the tracer is a child of its own, so the pid stays."""
    folder = os.environ.get("TEST_TRACES")
    if not folder:
        return []
    return ["strace", "-D", "-ff", "-qq", "-s", "64", "-o",
            os.path.join(folder, "%d-%d" % (os.getpid(), time.monotonic_ns()))]


class Log:
    """Collects lines from a pipe, keeps them in a file, and can be waited upon."""

    def __init__(self, stream, path):
        self.lines = []
        self.path = path
        self.stream = stream
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        with open(self.path, "ab", buffering=0) as file:
            for raw in self.stream:
                file.write(raw)
                self.lines.append((time.time(), raw.decode("utf-8", "replace").rstrip("\n")))

    def find(self, pattern, start=0):
        """(index, time, match) of the first line from start on that matches, or None."""
        expression = re.compile(pattern)
        for index, (when, line) in enumerate(self.lines[start:], start):
            match = expression.search(line)
            if match:
                return index, when, match
        return None

    def count(self, pattern, start=0):
        """How many lines match, those too that the supervisor only counts: the same ones again."""
        found, last = 0, {}  # process to whether its last line matched
        for _, line in self.lines[start:]:
            process = PROCESS.search(line)
            more = REPEATS.search(line)
            if process and more:
                found += int(more[1]) if last.get(process[1]) else 0
                continue
            matches = re.search(pattern, line) is not None
            found += matches
            if process:
                last[process[1]] = matches
        return found

    def text(self):
        return "\n".join(line for _, line in self.lines)


def read_status(pid):
    """/proc/PID/status as a dictionary, or None when the process is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Agent:
    """One agent.  prefix is where it is installed, folder where its data, run folder and log are."""

    name_of_program, workers = "dockflare-agent", WORKERS
    parts = ("link", "docker", "tunnel", "resolver")  # of its status

    def __init__(self, prefix, folder, mode="shared", environment=None, groups=None):
        self.prefix = prefix
        self.folder = folder
        self.mode = mode
        self.groups = groups
        self.environment = dict(environment or {})
        self.data = os.path.join(folder, "data")
        # Not below the folder: a socket's path may have 107 bytes (unix(7)).
        self.run = tempfile.mkdtemp(prefix="dockflare-agent-run-")
        self.log = None
        self.process = None
        self.before = []  # a command that is put before all others
        self.environment.setdefault("AGENT_DATA_DIR", self.data)
        self.environment.setdefault("AGENT_RUN_DIR", self.run)
        for path, mode_bits in ((self.data, 0o700), (self.run, 0o755)):
            os.makedirs(path, exist_ok=True)
            os.chown(path, AGENT_UID, AGENT_UID)
            os.chmod(path, mode_bits)

    @property
    def program(self):
        return os.path.join(self.prefix, "bin", self.name_of_program)

    def start(self, *arguments, ready=True):
        before = START[self.mode]
        if self.groups:
            before = [w for w in before if w != "--clear-groups"] + ["--groups", self.groups]
        self.process = subprocess.Popen([*self.before, *traced(), *before, self.program, *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True,
                                        env={"PATH": "/usr/bin:/bin", **self.environment})
        self.log = Log(self.process.stdout, os.path.join(self.folder, "agent.log"))
        if ready:
            self.wait_ready()
        return self

    # -- its log ----------------------------------------------------------------------------------

    def wait_line(self, pattern, seconds=10, start=0):
        return wait.until("the agent logs /%s/" % pattern,
                          lambda: self.log.find(pattern, start), seconds)

    def mark(self):
        """The number of lines so far, for wait_line's start."""
        return len(self.log.lines)

    def wait_ready(self, seconds=10):
        for name in self.workers:
            self.wait_line(r" supervisor: %s is ready" % name, seconds)

    # -- its processes ----------------------------------------------------------------------------

    @property
    def pid(self):
        return self.process.pid

    def pids(self):
        """Worker's name to pid, by the name of the program that runs."""
        found = {}
        for pid in children(self.pid):
            status = read_status(pid)
            if status and "State" in status and not status["State"].startswith("Z"):
                for name in self.workers:
                    if name.startswith(status["Name"]):
                        found[name] = pid
        return found

    def wait_pids(self, seconds=10):
        return wait.until("all workers run",
                          lambda: self.pids() if len(self.pids()) == len(self.workers) else None,
                          seconds)

    # -- its own account --------------------------------------------------------------------------

    def agentctl(self, *arguments, timeout=10):
        done = subprocess.run([os.path.join(self.prefix, "bin", "dockflare-agentctl"),
                               *arguments], env={"AGENT_RUN_DIR": self.run},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        text = done.stdout.decode("utf-8", "replace")
        with open(os.path.join(self.folder, "agentctl.log"), "a", encoding="utf-8") as file:
            file.write(text)
        return done.returncode, text

    def status(self):
        code, text = self.agentctl("status", "--json")
        assert code in (0, 1), text
        return json.loads(text)

    def health(self):
        return self.agentctl("health")

    def wait_status(self, what, condition, seconds=10):
        def look():
            status = self.status()
            # A worker that has just begun has given no account yet.
            known = all(status[part] for part in self.parts)
            return status if known and condition(status) else None
        return wait.until(what, look, seconds)

    # -- its files --------------------------------------------------------------------------------

    def path(self, name):
        return os.path.join(self.data, name)

    def read(self, name):
        try:
            with open(self.path(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def read_json(self, name):
        data = self.read(name)
        return None if data is None else json.loads(data)

    def write(self, name, data):
        """Writes a file into the data folder, as a former agent left it."""
        if not isinstance(data, bytes):
            data = (data if isinstance(data, str) else json.dumps(data)).encode()
        with open(self.path(name), "wb") as file:
            file.write(data)
        os.chown(self.path(name), AGENT_UID, AGENT_UID)
        os.chmod(self.path(name), 0o600)

    # -- its end ----------------------------------------------------------------------------------

    def stop(self, seconds=10):
        """SIGTERM; the exit code, and how long it took."""
        start = time.monotonic()
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        code = self.process.wait(seconds)
        self.log.thread.join(5)
        return code, time.monotonic() - start

    def wait_end(self, seconds=10):
        """The exit code of an agent that ends by itself."""
        code = self.process.wait(seconds)
        self.log.thread.join(5)
        return code

    def kill(self):
        """Ends it and all that it started, as a power cut would."""
        if self.process is None:
            return
        for pid in [*children(self.pid), self.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        self.log.thread.join(5)

    def forget(self):
        """What is left of it outside of its folder."""
        shutil.rmtree(self.run, ignore_errors=True)
