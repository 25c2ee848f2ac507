# SPDX-License-Identifier: GPL-3.0-or-later
"""Each field of HostConfig that Docker's documentation has (API 1.24 to 1.57), alone, on top of the
agent's own body, with a value that does harm.  An engine ignores what is newer than itself; the
tests' may be of API 1.41."""

from request import create, set_in
from row import MALFORMED, Row, Said, refused, through

NEWER = "newer than API 1.41: ignored"
WINDOWS = "for Windows: ignored"


def host(field, value, engine=through(), why="", key=None):
    return Row("HostConfig.%s" % (key or field), "tunnel",
               create(set_in("HostConfig", field, value)),
               gate=(Said(403, field),), engine=engine, absent=True, why=why)


def throttle(field):
    return host(field, [{"Path": "/dev/null", "Rate": 1}])


ROWS = [
    # -- the host's files ---------------------------------------------------------------------
    host("Binds", ["/:/host"]),
    host("Binds", ["/var/run/docker.sock:/s"], key="Binds, the engine's socket"),
    host("Binds", ["it-gate-volume:/v"], key="Binds, a volume"),
    host("Binds", [], key="Binds, empty"),
    host("Binds", None, key="Binds, null"),
    host("Mounts", [{"Type": "bind", "Source": "/", "Target": "/host"}]),
    host("Mounts", [{"Type": "bind", "Source": "/etc", "Target": "/etc/dockflare-tunnel",
                     "BindOptions": {"Propagation": "rshared"}}], key="Mounts, propagated"),
    host("Mounts", [{"Type": "volume", "Source": "it-gate-volume", "Target": "/v",
                     "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {
                         "type": "none", "o": "bind", "device": "/"}}}}],
         key="Mounts, a volume that is the host's root"),
    host("Mounts", [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"Mode": 0o7777}}],
         key="Mounts, tmpfs"),
    host("Mounts", [{"Type": "image", "Source": "<other-image>", "Target": "/i"}],
         refused(400, "image"), "no such mount in API 1.41", key="Mounts, an image"),
    host("Mounts", [{"Type": "volume", "Target": "/etc/dockflare-tunnel"}],
         key="Mounts, as the gate's own"),
    host("VolumesFrom", ["<other>"]),
    host("VolumeDriver", "it-gate-driver"),
    host("Tmpfs", {"/run": "rw,exec,suid,dev"}),
    host("ContainerIDFile", "/etc/cron.d/id"),
    host("StorageOpt", {"size": "1G"}, refused(500, "storage-opt"), "this storage driver has none"),
    # -- its privileges -----------------------------------------------------------------------
    host("Privileged", True),
    host("Privileged", False, key="Privileged, false"),
    host("CapAdd", ["SYS_ADMIN", "ALL"]),
    host("CapDrop", [], key="CapDrop, empty"),
    host("CapDrop", ["NET_RAW"], key="CapDrop, another"),
    host("CapDrop", ["ALL", "ALL"], key="CapDrop, twice"),
    host("Capabilities", ["CAP_SYS_ADMIN"], why="of a draft: ignored"),
    host("SecurityOpt", [], key="SecurityOpt, empty"),
    host("SecurityOpt", ["no-new-privileges", "seccomp=unconfined"],
         key="SecurityOpt, seccomp=unconfined"),
    host("SecurityOpt", ["no-new-privileges", "apparmor=unconfined"],
         key="SecurityOpt, apparmor=unconfined"),
    host("SecurityOpt", ["no-new-privileges:false"], key="SecurityOpt, no-new-privileges:false"),
    host("SecurityOpt", ["systempaths=unconfined"], refused(MALFORMED, "systempaths"),
         "the command's word, not the engine's", key="SecurityOpt, systempaths=unconfined"),
    host("SecurityOpt", ["label=disable"], key="SecurityOpt, label=disable"),
    host("MaskedPaths", []),
    host("ReadonlyPaths", []),
    host("ReadonlyRootfs", False),
    host("GroupAdd", ["0", "docker"]),
    host("OomScoreAdj", -1000),
    host("OomKillDisable", True),
    host("Umask", "0000", why=NEWER),
    host("Annotations", {"io.example/hook": "/bin/sh"}, why=NEWER),
    # -- other namespaces ---------------------------------------------------------------------
    host("PidMode", "host"),
    host("PidMode", "container:<other>", key="PidMode, another container's"),
    host("IpcMode", "host"),
    host("IpcMode", "container:<other>", key="IpcMode, another container's"),
    host("UTSMode", "host"),
    host("UsernsMode", "host"),
    host("CgroupnsMode", "host"),
    host("Cgroup", "container:<other>"),
    host("CgroupParent", "/"),
    host("NetworkMode", "host"),
    host("NetworkMode", "container:<other>", key="NetworkMode, another container's"),
    host("NetworkMode", "none", key="NetworkMode, none"),
    host("NetworkMode", "default", key="NetworkMode, default"),
    host("NetworkMode", "bridge", key="NetworkMode, bridge"),
    host("NetworkMode", "<other-network>", key="NetworkMode, another network"),
    host("NetworkMode", "<network> ", key="NetworkMode, a blank behind it"),
    host("NetworkMode", "<network-id>", key="NetworkMode, by its id"),
    # -- devices ------------------------------------------------------------------------------
    host("Devices", [{"PathOnHost": "/dev/mem", "PathInContainer": "/dev/mem",
                      "CgroupPermissions": "rwm"}]),
    host("DeviceCgroupRules", ["a *:* rwm"]),
    host("DeviceRequests", [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]),
    # -- the network --------------------------------------------------------------------------
    host("PublishAllPorts", True),
    host("PortBindings", {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": "22"}]}),
    host("ExtraHosts", ["api.cloudflare.com:192.0.2.1"]),
    host("Dns", ["192.0.2.53"]),
    host("DnsOptions", ["use-vc"]),
    host("DnsSearch", ["example.com"]),
    host("Links", ["<other>:alias"]),
    host("Sysctls", {"net.ipv4.ip_forward": "1"}),
    # -- what runs it, and its logs -----------------------------------------------------------
    host("Runtime", "runc"),
    host("Runtime", "/bin/sh", refused(400, "runtime"), "no such runtime",
         key="Runtime, a program"),
    host("Init", True),
    host("InitPath", "/bin/sh", why="gone since API 1.25: ignored"),
    host("LogConfig", {"Type": "syslog", "Config": {"syslog-address": "udp://192.0.2.1:514"}}),
    host("LogConfig", {"Type": "fluentd", "Config": {"fluentd-address": "192.0.2.1:24224"}},
         key="LogConfig, fluentd"),
    host("LogConfig", {"Type": "none", "Config": {}}, key="LogConfig, none"),
    host("RestartPolicy", {"Name": "always"}),
    host("RestartPolicy", {"Name": "unless-stopped", "MaximumRetryCount": 0},
         key="RestartPolicy, with a count"),
    host("RestartPolicy", {"Name": ""}, key="RestartPolicy, no name"),
    host("AutoRemove", True, refused(400, "AutoRemove"), "not with a restart policy"),
    host("ConsoleSize", [100, 100]),
    host("Isolation", "process", refused(MALFORMED, "isolation"), "for Windows"),
    # -- resources ----------------------------------------------------------------------------
    host("CpuShares", 262144),
    host("Memory", 6291456),
    host("MemorySwap", -1, key="MemorySwap, unlimited"),
    host("MemoryReservation", 6291456),
    host("MemorySwappiness", 100),
    host("KernelMemory", 6291456),
    host("KernelMemoryTCP", 6291456),
    host("NanoCpus", 2000000000),
    host("BlkioWeight", 1000),
    host("BlkioWeightDevice", [{"Path": "/dev/null", "Weight": 1000}]),
    throttle("BlkioDeviceReadBps"),
    throttle("BlkioDeviceWriteBps"),
    throttle("BlkioDeviceReadIOps"),
    throttle("BlkioDeviceWriteIOps"),
    host("CpuPeriod", 1000000),
    host("CpuQuota", -1),
    host("CpuRealtimePeriod", 1000000),
    host("CpuRealtimeRuntime", 950000),
    host("CpusetCpus", "0"),
    host("CpusetMems", "0"),
    host("PidsLimit", -1),
    host("Ulimits", [{"Name": "nofile", "Soft": 1048576, "Hard": 1048576}]),
    host("ShmSize", 1 << 40),
    host("CpuCount", 64, why=WINDOWS),
    host("CpuPercent", 100, why=WINDOWS),
    host("IOMaximumIOps", 1, refused(MALFORMED, "maximum IOPs"), "for Windows"),
    host("IOMaximumBandwidth", 1, refused(MALFORMED, "maximum bandwidth"), "for Windows"),
    host("Cpuset", "0", why="of API 1.18: ignored"),
    host("LxcConf", [{"Key": "lxc.aa_profile", "Value": "unconfined"}], why="gone: ignored"),
    host("ImageOS", "windows", why="no field: ignored"),
]
