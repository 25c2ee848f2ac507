# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the memory of another process, as root sees it in /proc/PID/mem."""

import re

LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")
# The kernel's own pages: unreadable here, and the same for every process.
KERNEL = ("[vvar]", "[vsyscall]", "[vvar_vclock]")


class Region:
    """A mapping: where, what it is, the kernel's flags for it (VmFlags in proc(5))."""

    def __init__(self, start, end, permissions, name):
        self.start = start
        self.end = end
        self.permissions = permissions
        self.name = name or "(no name)"
        self.flags = set()

    def is_secret(self):
        """Locked, not dumped, wiped on fork: a page for secrets."""
        return {"lo", "dd", "wf"} <= self.flags

    def __str__(self):
        return "%s%s" % (self.name, " for secrets" if self.is_secret() else "")


def regions(pid):
    found = []
    with open("/proc/%d/smaps" % pid, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = LINE.match(line)
            if match:
                found.append(Region(int(match[1], 16), int(match[2], 16), match[3], match[4]))
            elif line.startswith("VmFlags:"):
                found[-1].flags = set(line.split()[1:])
    return found


def fragments(value):
    """Parts of a secret: freed memory often loses the beginning of what was in it."""
    data = value if isinstance(value, bytes) else value.encode()
    middle = len(data) // 2
    return data[:16], data[middle:middle + 16], data[-16:]


def search(pid, values):
    """Where parts of each value are: {name: set of regions} for {name: value}."""
    found = {}
    wanted = [(name, part) for name, value in values.items() for part in fragments(value)]
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for region in regions(pid):
            if not region.permissions.startswith("r") or region.name in KERNEL:
                continue
            for name, part in wanted:
                if part in read(memory, region):
                    found.setdefault(name, set()).add(region)
    return found


def read(memory, region):
    """The region's bytes; a page that is gone meanwhile ends it."""
    if getattr(region, "bytes", None) is None:
        region.bytes = b""
        try:
            memory.seek(region.start)
            while len(region.bytes) < region.end - region.start:
                piece = memory.read(min(region.end - region.start - len(region.bytes), 1 << 24))
                if not piece:
                    break
                region.bytes += piece
        except (OSError, OverflowError):
            pass
    return region.bytes
