# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that takes a worker's place in the agent's container: see impostor.c."""

import os
import subprocess

SOURCE = os.path.join(os.path.dirname(__file__), "impostor.c")
WORKERS = "/usr/local/libexec/dockflare-agent/"


def take_place(agent, worker, *what):
    """Mounts an impostor over a worker of a ContainerAgent that is not started yet."""
    path = os.path.join(agent.folder, "impostor-" + worker)
    subprocess.run(["gcc", "-Os", "-D_GNU_SOURCE", "-o", path, SOURCE,
                    *("-D" + word for word in what), "-pthread"], check=True)
    os.chmod(path, 0o111)
    agent.more += ["-v", "%s:%s%s:ro" % (path, WORKERS, worker)]
