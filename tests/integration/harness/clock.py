# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of one agent alone: its processes see others than the machine has.

The supervisor gives its workers no environment, and Landlock no /etc/ld.so.preload.  But each of
the five programs loads libseccomp before libc, and from the places where libraries are: in a mount
namespace of its own an agent finds time_shift.c in that place, which loads the true one.
"""

import os
import re
import shutil
import struct
import subprocess

from . import programs

PLACE = "/usr/local/lib"
NAME = "libseccomp.so.2"
TRUE_NAME = "libseccomp.so.+"  # as long as the other
MOUNT = 'mount --bind "$1" %s && mount --bind "$1/time_shift" "$2" && shift 2 && exec "$@"' % PLACE
SECOND = 1000000000


def true_library(program):
    text = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True, text=True).stdout
    return re.search(r"%s => (\S+)" % re.escape(NAME), text)[1]


class ShiftedClock:
    """To be made before the agent's start.  Both clocks are the machine's until shift()."""

    def __init__(self, agent):
        folder = os.path.join(agent.folder, "clock")
        library = os.path.realpath(true_library(agent.program))
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        with open(library, "rb") as file:
            renamed = file.read().replace(NAME.encode() + b"\0", TRUE_NAME.encode() + b"\0")
        with open(os.path.join(folder, TRUE_NAME), "wb") as file:
            file.write(renamed)
        self.file = os.path.join(folder, "shift")
        self.seconds = [0, 0]
        with open(self.file, "wb") as file:
            file.write(struct.pack("=qq", 0, 0))
        shift = programs.built(
            "time_shift", "-shared", "-fPIC", '-DSHIFT_FILE="%s/shift"' % PLACE,
            "-Wl,-soname," + NAME, "-Wl,-rpath," + PLACE, "-Wl,--no-as-needed",
            os.path.join(folder, TRUE_NAME))
        self.library = os.path.join(folder, "time_shift")
        shutil.copy(shift, self.library)
        agent.before = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", folder, library]

    def shift(self, day=0, start=0):
        """Adds seconds to the clock of the day, and to those that count from the start."""
        self.seconds = [self.seconds[0] + day, self.seconds[1] + start]
        with open(self.file, "r+b") as file:
            file.write(struct.pack("=qq", *(value * SECOND for value in self.seconds)))

    def is_seen_by(self, pid):
        """Whether that process has both the library and the file mapped, by the kernel's word."""
        seen = set()
        with open("/proc/%d/maps" % pid, encoding="ascii", errors="replace") as file:
            for line in file:
                device, inode = line.split()[3:5]
                seen.add((device, int(inode)))
        return all(identity(path) in seen for path in (self.file, self.library))


def identity(path):
    status = os.stat(path)
    return ("%02x:%02x" % (os.major(status.st_dev), os.minor(status.st_dev)), status.st_ino)
