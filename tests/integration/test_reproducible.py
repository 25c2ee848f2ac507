# SPDX-License-Identifier: GPL-3.0-or-later
"""Two builds of one source in folders of different name and depth give the same bytes."""

import hashlib
import os
import subprocess

from harness import install

# Debug information names folders too, so a build with it shows more than one without.
OPTIONS = ("--prefix=/usr/local", "--libexecdir=libexec", "-Dtests=false",
           "--buildtype=debugoptimized")
PLACES = (("one", "one/build"), ("a/place/of/its/own", "elsewhere/build"))


def built(top, source, build):
    """Path to checksum of each program, built in folders below top."""
    source, build = os.path.join(top, source), os.path.join(top, build)
    os.makedirs(source)
    files = subprocess.run(["git", "-C", install.TOP, "ls-files", "-z", "--cached", "--others",
                            "--exclude-standard"], stdout=subprocess.PIPE, check=True).stdout
    kept = b"\0".join(name for name in files.split(b"\0")
                      if os.path.isfile(os.path.join(install.TOP.encode(), name)))
    archive = subprocess.run(["tar", "-c", "-C", install.TOP, "--null", "-T", "-"], input=kept,
                             stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run(["meson", "setup", build, source, *OPTIONS], **quiet)
    subprocess.run(["meson", "install", "-C", build, "--destdir", build + "/out"], **quiet)
    sums = {}
    for where, _, names in os.walk(build + "/out"):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                sums[name] = hashlib.sha256(file.read()).hexdigest()
    return sums


def test_where_it_is_built_makes_no_difference(tmp_path):
    one, two = (built(str(tmp_path), *place) for place in PLACES)
    assert {"dockflare-agent", "docker-gate", "dockflare-agentctl", "master-link"} <= set(one)
    assert one == two
