# SPDX-License-Identifier: GPL-3.0-or-later
"""Small programs and libraries in C that tests put around the agent, built once."""

import atexit
import os
import shutil
import subprocess
import tempfile
import threading

HERE = os.path.dirname(__file__)
LOCK = threading.Lock()  # agents are made side by side
made = {}


def folder():
    """Where they are kept; whoever runs the agent can reach it."""
    if "" not in made:
        made[""] = tempfile.mkdtemp(prefix="dockflare-agent-programs-")
        os.chmod(made[""], 0o755)
        atexit.register(shutil.rmtree, made[""], ignore_errors=True)
    return made[""]


def built(name, *options):
    """The path of NAME, made of NAME.c beside this file."""
    with LOCK:
        if name not in made:
            path = os.path.join(folder(), name)
            subprocess.run(["gcc", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o",
                            path, os.path.join(HERE, name + ".c"), *options], check=True)
            made[name] = path
        return made[name]
