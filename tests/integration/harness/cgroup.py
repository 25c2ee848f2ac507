# SPDX-License-Identifier: GPL-3.0-or-later
"""A memory cgroup for one agent: version 2 where it has the memory controller, else version 1."""

import os
import re
import time

ENTER = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'


def mounts():
    """(type, options, where) of the cgroup file systems that are mounted."""
    with open("/proc/mounts", encoding="ascii", errors="replace") as file:
        for line in file:
            _, where, kind, options = line.split()[:4]
            if kind in ("cgroup", "cgroup2"):
                yield kind, options.split(","), where


def text(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def memory_mount():
    """(version, where)."""
    for kind, options, where in mounts():
        if kind == "cgroup2" and "memory" in text(
                os.path.join(where, "cgroup.subtree_control")).split():
            return 2, where
        if kind == "cgroup" and "memory" in options:
            return 1, where
    raise RuntimeError("no memory cgroup is mounted whose controller can be given to a group")


class MemoryGroup:
    """To be made before the agent's start.  No limit until limit()."""

    def __init__(self, agent, name):
        self.version, mount = memory_mount()
        self.path = os.path.join(mount, "dockflare-agent-test-%d-%s" % (os.getpid(), name))
        os.mkdir(self.path)
        agent.before = ["sh", "-c", ENTER, "sh", self.path]

    def put(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def number(self, name, field):
        return int(re.search(r"^%s (\d+)$" % field, text(os.path.join(self.path, name)), re.M)[1])

    def used(self):
        return int(text(os.path.join(
            self.path, "memory.current" if self.version == 2 else "memory.usage_in_bytes")))

    def limit(self, size):
        """Bytes; None for no limit.  Without swap, which would only make it slow."""
        if self.version == 2:
            self.put("memory.swap.max", 0 if size else "max")
            self.put("memory.max", size or "max")
        else:
            self.put("memory.limit_in_bytes", size or -1)

    def kills(self):
        """How often the kernel has killed a process of it for its memory."""
        if self.version == 2:
            return self.number("memory.events", "oom_kill")
        return self.number("memory.oom_control", "oom_kill")

    def remove(self):
        """Once its processes are gone, which takes the kernel a moment."""
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("%s can't be removed" % self.path)
