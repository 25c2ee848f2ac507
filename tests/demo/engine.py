# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker as the demo uses it: the command line of this machine's engine, read back with inspect."""
import ipaddress
import json
import os
import subprocess

NETWORK = "dockflare-demo-net"
PROJECT = "dockflare-demo"
LABEL = "dockflare-demo"
TUNNEL = "dockflare-agent-tunnel"


class Failure(Exception):
    """What the demo expected was not seen."""


def clean_environment(**more):
    """The environment without what would point Docker or Compose elsewhere, or fill in settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **more}


def run(*command, check=True, timeout=120, environment=None):
    """The output of a command; a Failure with what it said if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, errors="replace",
                          env=environment or clean_environment(), check=False)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(command[:4])} …: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout.strip() if done.returncode == 0 else ""


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def inspect(name, kind="container"):
    """What Docker knows of it, or None."""
    text = docker(kind, "inspect", name, check=False)
    return json.loads(text)[0] if text else None


def container_log(name):
    done = subprocess.run(["docker", "logs", name], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                          env=clean_environment(), errors="replace", check=False)
    return done.stdout


def used_networks():
    """What this machine's routes and Docker's networks cover, the default route aside."""
    with open("/proc/net/route", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    words = [(int(row[1], 16).to_bytes(4, "little"), int(row[7], 16).to_bytes(4, "little"))
             for row in rows]
    used = [ipaddress.ip_network(f"{ipaddress.ip_address(base)}/{ipaddress.ip_address(mask)}")
            for base, mask in words if any(mask)]
    names = docker("network", "ls", "-q").split()
    for network in json.loads(docker("network", "inspect", *names)):
        for config in network["IPAM"]["Config"] or []:
            used.append(ipaddress.ip_network(config["Subnet"], strict=False))
    return [network for network in used if network.version == 4]


def free_control_network():
    """Three numbers of a /28 that nothing uses."""
    used = used_networks()
    for base in ("172.29", "10.213", "192.168"):
        for third in range(254, 0, -1):
            wanted = ipaddress.ip_network(f"{base}.{third}.0/28")
            if not any(wanted.overlaps(network) for network in used):
                return f"{base}.{third}"
    raise Failure("no free network for the proxies was found")


def leftovers():
    """Whether an earlier demo is still there (it was kept, or killed)."""
    return bool(docker("ps", "-aq", "--filter", f"label={LABEL}") or inspect(NETWORK, "network")
                or docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}"))


def is_ours(tunnel):
    return NETWORK in tunnel["NetworkSettings"]["Networks"]


def remove_all():
    """Removes every container, volume and network that a demo made; images stay."""
    for condition in (f"label=com.docker.compose.project={PROJECT}", f"label={LABEL}"):
        found = docker("ps", "-aq", "--filter", condition, check=False).split()
        if found:
            docker("rm", "-f", "-v", *found, check=False)
    tunnel = inspect(TUNNEL)
    if tunnel and is_ours(tunnel):
        docker("rm", "-f", "-v", tunnel["Id"], check=False)
    for kind in ("volume", "network"):
        found = docker(kind, "ls", "-q", "--filter",
                       f"label=com.docker.compose.project={PROJECT}", check=False).split()
        if found:
            docker(kind, "rm", *found, check=False)
    docker("network", "rm", NETWORK, check=False)
    if leftovers():
        raise Failure("something of the demo could not be removed: docker ps -a; docker network ls")
