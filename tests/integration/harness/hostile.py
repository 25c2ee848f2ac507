# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that somebody has taken over, in a real one's place: see hostile.c."""

import os
import subprocess

SOURCE = os.path.join(os.path.dirname(__file__), "hostile.c")
# In a mount namespace of its own, the program lies over the worker's.
MOUNT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def build(folder, behaviour):
    path = os.path.join(folder, behaviour)
    if not os.path.exists(path):
        subprocess.run(["gcc", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
                        '-DBEHAVIOUR="%s"' % behaviour, "-o", path, SOURCE], check=True)
        os.chmod(path, 0o111)
    return path


def take_place(agent, worker, program):
    """The program takes the worker's place in an Agent that is not started yet."""
    target = os.path.join(agent.prefix, "libexec", "dockflare-agent", worker)
    agent.before = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", program, target]
