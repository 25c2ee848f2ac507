# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's image: its configuration, and its root folder, unpacked."""

import json
import os
import subprocess

from . import docker

LIBRARIES = ("/usr/lib/", "/usr/local/lib/")


def inspected():
    return json.loads(docker.docker("image", "inspect", docker.AGENT_IMAGE))[0]


class ImageRoot:
    """A container that is made, and never started, gives its files, and a few of Docker's own."""

    def __init__(self, folder):
        self.folder = str(folder)
        name = docker.docker("create", docker.AGENT_IMAGE)
        try:
            subprocess.run(["tar", "-x", "-C", self.folder], check=True,
                           input=docker.docker_bytes("export", name))
        finally:
            docker.discard(name)

    def inside(self, path):
        return self.folder + path

    def files(self, below="/"):
        """The paths of all that is no folder."""
        return sorted(os.path.join(where, name).removeprefix(self.folder)
                      for where, folders, names in os.walk(self.inside(below))
                      for name in (*names, *(name for name in folders
                                             if os.path.islink(os.path.join(where, name)))))

    def binaries(self):
        """Every file that is a program or a library by its content."""
        found = []
        for path in self.files():
            if os.path.isfile(self.inside(path)) and not os.path.islink(self.inside(path)):
                with open(self.inside(path), "rb") as file:
                    if file.read(4) == b"\x7fELF":
                        found.append(path)
        return found

    def programs(self):
        return [path for path in self.binaries() if not path.startswith(LIBRARIES)]

    def libraries(self):
        return [path for path in self.binaries() if path.startswith(LIBRARIES)]

    def loaded(self, program):
        """What its own loader says that it loads, line by line."""
        loader, = (path for path in self.libraries() if "/ld-linux" in path)
        return subprocess.run(["/usr/sbin/chroot", self.folder, loader, "--list", program],
                              check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
