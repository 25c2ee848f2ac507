# SPDX-License-Identifier: GPL-3.0-or-later
"""docker-compose.yml as Compose reads it, and what it comes to as options of `docker create`."""

import functools
import importlib.util
import os
import subprocess
import tempfile

import yaml

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILE = os.path.join(TOP, "docker-compose.yml")
PROFILES = ("standard", "hardened", "demo")
# The agent's service in each of the two ways to start it.
AGENTS = {"shared": "dockflare-agent", "distinct": "dockflare-agent-hardened"}




def free_network():
    """Three numbers of a network that nothing here uses, as the demo finds them."""
    place = importlib.util.spec_from_file_location(
        "demo_engine", os.path.join(TOP, "tests", "demo", "engine.py"))
    demo_engine = importlib.util.module_from_spec(place)
    place.loader.exec_module(demo_engine)
    return demo_engine.free_control_network()


def command():
    return os.environ.get("COMPOSE", "docker-compose").split()


def compose(project, profile, environment_file, *arguments, check=True, timeout=180):
    """Compose with the settings of that file only; its output."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [*command(), "-p", project, "-f", FILE, "--project-directory", TOP, "--env-file",
         environment_file, *arguments], env={**kept, "COMPOSE_PROFILES": profile},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=timeout, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@functools.lru_cache(maxsize=None)
def configuration():
    """The whole file as a dictionary, with its defaults; Compose v2 tells one profile a time."""
    merged = {"services": {}}
    with tempfile.NamedTemporaryFile(suffix=".env") as empty:
        for profile in PROFILES:
            found = yaml.safe_load(compose("it", profile, empty.name, "config"))
            merged = {**found, "services": {**merged["services"], **found["services"]}}
    return merged


def service(name):
    return configuration()["services"][name]


def restrictions(name, ulimits=True, cpus=True):
    """The options of `docker create` that hold a service in, but for its networks and sysctls:
    agents of tests are on the host's network, where Docker takes no sysctl of a network."""
    found = service(name)
    options = ["--user", str(found["user"])] if "user" in found else []
    options += ["--read-only"] if found["read_only"] else []
    for key, option in (("cap_drop", "--cap-drop"), ("cap_add", "--cap-add"),
                        ("security_opt", "--security-opt"), ("tmpfs", "--tmpfs")):
        for value in found.get(key, []):
            options += [option, value]
    options += ["--cpus", str(found["cpus"])] if cpus else []
    options += ["--memory", str(found["mem_limit"]), "--pids-limit", str(found["pids_limit"]),
                "--log-driver", found["logging"]["driver"]]
    for key, value in found["logging"]["options"].items():
        options += ["--log-opt", "%s=%s" % (key, value)]
    for key, value in found["ulimits"].items() if ulimits else ():
        options += ["--ulimit", "%s=%s" % (key, value)]
    return options
