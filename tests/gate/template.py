# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel's container as docker-gate has to make it (docs/docker-gate.md), in the test's words."""

MIB = 1024 * 1024
TOKEN_FILE = "/etc/dockflare-tunnel/token"


def template(image, network, token=None, command_id="cmd-1", memory_mib=256):
    """The create that the gate must send; with a token where it goes by the environment."""
    labels = {"dockflare.agent.owner": "dockflare-agent"}
    if command_id:
        labels["dockflare.agent.command-id"] = command_id
    host = {
        "NetworkMode": network, "RestartPolicy": {"Name": "unless-stopped"},
        "ReadonlyRootfs": True, "Privileged": False, "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"], "Memory": memory_mib * MIB,
        "MemorySwap": memory_mib * MIB, "PidsLimit": 256,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
    }
    if token is None:
        host["Mounts"] = [{"Type": "volume", "Target": "/etc/dockflare-tunnel"}]
    return {
        "Image": image, "User": "65532:65532", "Cmd": ["tunnel", "--no-autoupdate", "run"],
        "Env": ["TUNNEL_TOKEN=" + token if token else "TUNNEL_TOKEN_FILE=" + TOKEN_FILE,
                "TUNNEL_GRACE_PERIOD=5s", "TUNNEL_METRICS=0.0.0.0:20241"],
        "Labels": labels, "HostConfig": host,
    }


# What is each container's own: names of its files, times, ids.
OWN = ("Id", "Created", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Name")


def comparable(found):
    """An inspect of a container that was made and not started, without what is its own."""
    rest = {key: value for key, value in found.items() if key not in OWN}
    rest["Config"] = {key: value for key, value in found["Config"].items() if key != "Hostname"}
    rest["GraphDriver"] = found["GraphDriver"]["Name"]
    rest["Mounts"] = [{key: value for key, value in mount.items() if key not in ("Name", "Source")}
                      for mount in found["Mounts"]]
    return rest


def differences(one, other, path=""):
    """Lines: where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [line for key in sorted({*one, *other})
                for line in differences(one.get(key), other.get(key), "%s.%s" % (path, key))]
    return [] if one == other else ["%s: %r, not %r" % (path[1:], one, other)]
