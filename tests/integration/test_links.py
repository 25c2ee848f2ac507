# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: which libraries each program links, its mode, and how large the supervisor is."""

import importlib.util
import os
import re
import stat
import subprocess

import pytest

from harness.agent import WORKERS

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
# What runs in an agent; and what runs in `--check --online` only.
SUPERVISOR_LINES_MAX = 1900
CHECK_LINES_MAX = 400

# Beside libc; the loader resolves what these need in turn.
NEEDED = {
    "bin/dockflare-agent": {"libcap-ng", "libseccomp"},
    "bin/docker-gate": {"libcap-ng", "libseccomp"},
    "bin/dockflare-agentctl": {"libjson-c"},
    "libexec/dockflare-agent/name-resolver": {"libcares", "libjson-c", "libseccomp"},
    "libexec/dockflare-agent/docker-watcher": {"libcurl", "libjson-c", "libseccomp"},
    "libexec/dockflare-agent/tunnel-keeper": {"libcurl", "libjson-c", "libseccomp"},
    "libexec/dockflare-agent/master-link": {"libcurl", "libjson-c", "libseccomp"},
    "libexec/dockflare-agent/gate-front": {"libjson-c", "libmicrohttpd", "libseccomp"},
    "libexec/dockflare-agent/gate-engine": {"libcurl", "libjson-c", "libseccomp"},
}

# All that the loader maps in the image, beside libc.
JSON, FILTER, PLAIN = {"libjson-c"}, {"libseccomp"}, {"http-plain/libcurl"}
IN_IMAGE = {
    "bin/dockflare-agent": FILTER | {"libcap-ng"},
    "bin/docker-gate": FILTER | {"libcap-ng"},
    "bin/dockflare-agentctl": JSON,
    "libexec/dockflare-agent/name-resolver": JSON | FILTER | {"libcares"},
    "libexec/dockflare-agent/docker-watcher": JSON | FILTER | PLAIN,
    "libexec/dockflare-agent/tunnel-keeper": JSON | FILTER | PLAIN,
    "libexec/dockflare-agent/master-link":
        JSON | FILTER | {"http-tls/libcurl", "libssl", "libcrypto"},
    "libexec/dockflare-agent/gate-front": JSON | FILTER | {"http-server/libmicrohttpd"},
    "libexec/dockflare-agent/gate-engine": JSON | FILTER | PLAIN,
}
OWN_LIBRARIES = "/usr/local/lib/dockflare-agent/"


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def lines():
    """tests/lib/lines.py, which is no package."""
    spec = importlib.util.spec_from_file_location("lines", os.path.join(TOP, "tests/lib/lines.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("program", NEEDED)
def test_linked_libraries(prefix, program):
    found = {name.split(".so")[0] for name in re.findall(
        r"\(NEEDED\) +Shared library: \[([^\]]+)\]",
        run("readelf", "-d", os.path.join(prefix, program)))}
    assert "libc" in found
    assert found - {"libc", "ld-linux-x86-64", "ld-linux-aarch64"} <= NEEDED[program]


def test_the_supervisor_loads_nothing_more(prefix):
    """Not even indirectly; and name-resolver neither libcurl nor TLS."""
    for program in ("dockflare-agent", "docker-gate"):
        loaded = {line.split()[0].split(".so")[0] for line in
                  run("ldd", os.path.join(prefix, "bin", program)).splitlines()}
        assert loaded <= {"linux-vdso", "libc", "libcap-ng", "libseccomp",
                          "/lib64/ld-linux-x86-64", "/lib/ld-linux-aarch64"}
    resolver = run("ldd", os.path.join(prefix, "libexec/dockflare-agent/name-resolver"))
    assert not re.search(r"libcurl|libssl|libcrypto|libgnutls|libnss3", resolver)


@pytest.mark.parametrize("program", IN_IMAGE)
def test_what_the_image_loads(image_root, program):
    """Only libraries that are of use; those of our own building come from their folder."""
    loaded = set()
    for line in image_root.loaded("/usr/local/" + program):
        path = line.split()[2] if "=>" in line else line.split()[0]
        name = (path.removeprefix(OWN_LIBRARIES) if path.startswith(OWN_LIBRARIES)
                else os.path.basename(path))
        loaded.add(name.split(".so")[0])
    assert loaded - {"linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64"} == (
        IN_IMAGE[program] | {"libc"})


def test_the_image_has_no_other_program(image_root):
    assert image_root.programs() == sorted("/usr/local/" + program for program in IN_IMAGE)


@pytest.mark.parametrize("worker", [*WORKERS, "gate-front", "gate-engine"])
def test_workers_can_be_run_and_not_read(prefix, worker):
    """So that they are not dumpable from exec on."""
    mode = os.stat(os.path.join(prefix, "libexec", "dockflare-agent", worker))
    assert stat.S_IMODE(mode.st_mode) == 0o111 and mode.st_uid == 0


@pytest.mark.parametrize("program", NEEDED)
def test_hardening(prefix, program):
    """PIE, full RELRO, no executable stack, stack protector, fortified."""
    path = os.path.join(prefix, program)
    header, segments = run("readelf", "-h", path), run("readelf", "-lW", path)
    dynamic, symbols = run("readelf", "-d", path), run("readelf", "--dyn-syms", "-W", path)
    assert "DYN (Position-Independent Executable file)" in header
    assert "GNU_RELRO" in segments and "BIND_NOW" in dynamic
    assert re.search(r"GNU_STACK +\S+ \S+ \S+ \S+ \S+ +RW +", segments)
    assert "__stack_chk_fail" in symbols and "_chk@" in symbols


def test_the_supervisor_is_small(prefix):
    """Code that is neither blank nor comment; what it links beside its own is told apart."""
    counting = lines()
    own = counting.folder_lines("supervisor")
    linked = counting.linked_lines(os.path.join(prefix, "bin", "dockflare-agent"))
    print("supervisor/: %d lines; it links %s" % (own, ", ".join(
        "%d of %s/" % (count, folder) for folder, count in sorted(linked.items())
        if folder != "supervisor")))
    assert own < SUPERVISOR_LINES_MAX
    assert counting.folder_lines("supervisor/check") < CHECK_LINES_MAX
    assert set(linked) == {"supervisor", "supervisor/check", "common", "policy"}
