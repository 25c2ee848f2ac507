# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the agent is installed: AGENT_PREFIX, or a build of this checkout made for the tests."""

import os
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DEFAULT_PREFIX = "/var/tmp/dockflare-agent-test"  # every uid can reach it, unlike a checkout


def run(*command):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError("%s failed:\n%s" % (command[0:2],
                                               done.stdout.decode("utf-8", "replace")[-3000:]))


def prefix():
    given = os.environ.get("AGENT_PREFIX")
    if given:
        return given
    build = os.path.join(TOP, "build", "integration")
    if not os.path.exists(os.path.join(build, "build.ninja")):
        run("meson", "setup", build, "--prefix=" + DEFAULT_PREFIX, "--libexecdir=libexec")
    run("meson", "install", "-C", build)
    return DEFAULT_PREFIX


def check(where):
    """The supervisor's uid must be able to start the program."""
    done = subprocess.run(["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups",
                           os.path.join(where, "bin", "dockflare-agent"), "--version"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError("uid 65532 can't run the agent from %s: %s" % (where, done.stdout))
