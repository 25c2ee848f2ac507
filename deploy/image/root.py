#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assembles the image's root folder: the programs, what they load, and what they read.

Usage: root.py INSTALLED ROOT ARCHITECTURE TRIPLET VERSION, in the stage that built the programs.
INSTALLED holds the programs below usr/local.  /opt/libraries/built says of each library of our own
building which source it is from; dpkg says it of all others.
"""

import os
import re
import shutil
import subprocess
import sys
import time

import packages

PROGRAMS = ("usr/local/bin", "usr/local/libexec")
BUILT = "/opt/libraries/built"
COPYRIGHTS = "/opt/libraries/copyright"
ZONES = "/usr/share/zoneinfo"
# The same zones again, with leap seconds and without, and a link to the machine's own.
NO_ZONES = ("right", "posix", "localtime")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LICENCES = "/usr/share/common-licenses"
AGENT = 65532
FOLDERS = (("run/dockflare-agent", 0o755), ("app/data", 0o700))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


class Elf:
    """What the loader reads of a program or a library of any architecture."""

    def __init__(self, path):
        dynamic = run("readelf", "-dlW", path)
        self.needed = re.findall(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]", dynamic)
        self.folders = [folder for found in re.findall(r"\(R(?:UN)?PATH\)[^\[]*\[([^\]]*)\]", dynamic)
                        for folder in found.split(":")]
        interpreter = re.search(r"Requesting program interpreter: ([^\]]+)\]", dynamic)
        self.interpreter = interpreter and interpreter[1]


class Root:
    def __init__(self, folder, architecture, triplet):
        self.folder = folder
        self.architecture = architecture
        self.libraries = "/usr/lib/" + triplet
        self.packages = {}
        with open(BUILT, encoding="ascii") as file:
            self.built = {path: (source, version) for path, source, version in map(str.split, file)}
        # As Debian has them: the loader looks below /lib, and /lib64 has x86-64's.
        for link in ("lib", "lib64"):
            os.makedirs(self.inside("/usr/" + link))
            os.symlink("usr/" + link, self.inside("/" + link))

    def inside(self, path):
        return self.folder + path

    def copy(self, source, target=None):
        """A file, for a link what it leads to; a mode of 0111 is part of a worker's sandbox."""
        target = self.inside(target or source)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)

    def package(self, path):
        """The package that a file of the build stage belongs to."""
        if path in self.built:
            source, version = self.built[path]
            package = packages.built(source, version)
        else:
            package = packages.owner(path, self.architecture)
        return self.packages.setdefault(package.name, package)

    def add_programs(self, installed, version):
        own = packages.own(version)
        self.packages[own.name] = own
        wanted = []
        for folder in PROGRAMS:
            for where, _, names in os.walk(os.path.join(installed, folder)):
                for name in sorted(names):
                    source = os.path.join(where, name)
                    path = "/" + os.path.relpath(source, installed)
                    self.copy(source, path)
                    own.files.append(path)
                    wanted.append(Elf(source))
        self.add_libraries(wanted)
        self.copy("LICENSE", "/usr/share/doc/dockflare-agent/copyright")

    def add_libraries(self, wanted):
        """Everything that these load, and what that loads in turn."""
        known = set()
        while wanted:
            elf = wanted.pop()
            if elf.interpreter and elf.interpreter not in known:
                known.add(elf.interpreter)
                self.add_loader(elf.interpreter)
            for name in elf.needed:
                path = self.find(name, elf.folders)
                if path not in known:
                    known.add(path)
                    wanted.append(self.add_library(path))

    def find(self, name, folders):
        for folder in (*folders, self.libraries):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise SystemExit("root.py: no library %s in %s" % (name, self.libraries))

    def add_library(self, path):
        """Under the name that it is asked for by: one file, no links."""
        self.copy(path)
        self.package(path).files.append(path)
        return Elf(path)

    def add_loader(self, interpreter):
        """The loader beside libc, and a link where programs look for it."""
        path = os.path.join(self.libraries, os.path.basename(interpreter))
        where = os.path.dirname(os.path.join("/usr", interpreter.lstrip("/")))
        os.symlink(os.path.relpath(path, where), self.inside(
            os.path.join(where, os.path.basename(interpreter))))

    def add_data(self):
        self.copy(CERTIFICATES)
        self.package("/usr/sbin/update-ca-certificates")  # which writes that file
        self.package(ZONES + "/UTC")
        shutil.copytree(ZONES, self.inside(ZONES), symlinks=True, ignore=lambda where, names:
                        NO_ZONES if where == ZONES else ())

    def add_licences(self):
        """Each package's copyright file, and the texts that these refer to."""
        named = set()
        for package in list(self.packages.values()):
            path = "/usr/share/doc/%s/copyright" % package.name
            if package.by == "dpkg":
                self.copy(path)
            elif package.by == "built":
                self.copy(os.path.join(COPYRIGHTS, package.name), path)
            with open(self.inside(path), encoding="utf-8") as file:
                named.update(re.findall(LICENCES + r"/([A-Z][A-Za-z0-9.-]*[A-Za-z0-9])", file.read()))
        for name in sorted(named):
            self.copy(os.path.join(LICENCES, name))
            self.package(LICENCES + "/" + name)
        # That package has a notice of its own.
        self.copy("/usr/share/doc/base-files/copyright")

    def add_folders(self):
        for path, mode in FOLDERS:
            path = self.inside("/" + path)
            os.makedirs(path)
            os.chmod(path, mode)
            os.chown(path, AGENT, AGENT)

    def set_times(self, moment):
        """The same for all, so that two builds of one commit are the same."""
        for where, folders, names in os.walk(self.folder, topdown=False):
            for name in (*folders, *names):
                os.utime(os.path.join(where, name), (moment, moment), follow_symlinks=False)
        os.utime(self.folder, (moment, moment))


def main(installed, folder, architecture, triplet, version):
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    os.umask(0o022)
    root = Root(folder, architecture, triplet)
    root.add_programs(installed, version)
    root.add_data()
    root.add_licences()
    root.add_folders()
    packages.write(root.inside(packages.LIST), root.inside, root.packages.values(), version,
                   architecture, moment)
    root.set_times(moment)


if __name__ == "__main__":
    main(*sys.argv[1:])
