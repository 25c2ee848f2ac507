# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a create beside HostConfig, and what may be wrong with those that it may have."""

from request import CREATE, GOOD, create, replaced, set_in, without
from row import MALFORMED, Row, Said, refused, through
from host_config_rows import NEWER


def body(name, value, says, engine=through(), why="", status=403, target=CREATE, **more):
    return Row(name, "tunnel", create(value, target, **more), gate=(Said(status, says),),
               engine=engine, absent=True, why=why)


def top(field, value, engine=through(), why="", key=None, status=403):
    return body(key or field, set_in(field, value), field, engine, why, status)


def env(name, *values, engine=through(), why="", says="Env", status=403):
    return body("Env, " + name, set_in("Env", list(values)), says, engine, why, status)


def label(name, labels, status=403):
    return body("Labels, " + name, set_in("Labels", labels), "Labels", status=status)


def missing(*path):
    return body(".".join(path) + " missing", without(*path), path[-1], status=400)


TOKEN = "TUNNEL_TOKEN=<token>"
OWNER = {"dockflare.agent.owner": "dockflare-agent"}
NETWORKS = {"EndpointsConfig": {"<other-network>": {}}}


def mistyped(path, value, kind):
    """Go's reader names the type that does not fit."""
    says = "Labels" if path[0] == "Labels" else path[-1]  # a label's name is no field's
    return body("%s of another type: %r" % (".".join(path), value), set_in(*path, value), says,
                refused(MALFORMED, kind), "not of that type", status=400)


ROWS = [
    # -- fields that a create may have, and this one may not --------------------------------------
    top("Entrypoint", ["/bin/sh", "-c"]),
    top("Entrypoint", None, key="Entrypoint, null"),
    top("Shell", ["/bin/sh"]),
    top("User", "root"),
    top("User", "65532:65532", key="User, the gate's own"),
    top("Volumes", {"/v": {}}),
    top("Volumes", {"/:/host": {}}, key="Volumes, as a bind"),
    top("ExposedPorts", {"22/tcp": {}}),
    top("Healthcheck", {"Test": ["CMD-SHELL", "id"], "Interval": 1000000000}),
    top("NetworkingConfig", NETWORKS),
    top("NetworkingConfig", {"EndpointsConfig": {"<network>": {"Aliases": ["db"]}}},
        key="NetworkingConfig, an alias"),
    top("NetworkingConfig", {"EndpointsConfig": {"<network>": {"IPAMConfig": {
        "IPv4Address": "192.0.2.9"}}}}, key="NetworkingConfig, an address"),
    top("NetworkingConfig", {"EndpointsConfig": {"<network>": {"MacAddress": "02:00:00:00:00:01",
                                                               "GwPriority": 9}}},
        key="NetworkingConfig, a MAC address"),
    top("NetworkingConfig", {}, key="NetworkingConfig, empty"),
    top("Hostname", "host"),
    top("Domainname", "example.com"),
    top("WorkingDir", "/proc"),
    top("StopSignal", "SIGKILL"),
    top("StopTimeout", 86400),
    top("OnBuild", ["RUN id"]),
    top("MacAddress", "02:00:00:00:00:01"),
    top("NetworkDisabled", True),
    top("AttachStdin", True),
    top("AttachStdout", True),
    top("AttachStderr", True),
    top("OpenStdin", True),
    top("StdinOnce", True),
    top("Tty", True),
    top("ArgsEscaped", True),
    top("PublishService", "s", why="gone: ignored"),
    top("Name", "other", why="in the query alone: ignored"),
    top("name", "other", why="in the query alone: ignored"),
    top("Platform", "linux/arm64", why="in the query alone: ignored"),
    top("Memory", 8388608, why="of API 1.18: ignored"),
    top("CpuShares", 1, why="of API 1.18: ignored"),
    top("Umask", "0000", why=NEWER),
    top("Binds", ["/:/host"], why="not there: ignored", key="Binds beside HostConfig"),
    top("", 1, why="no field: ignored", key="a key of no letter"),
    body("platform in the query", GOOD, "platform", refused(404, "image"), "no such image here",
         target=CREATE + "&platform=linux/arm64"),
    # -- Image ---------------------------------------------------------------------------------
    top("Image", "<other-image>", key="Image, another"),
    top("Image", "<image-id>", key="Image, by its id"),
    top("Image", "<image>".replace(">", "-other-tag>"), key="Image, another tag"),
    top("Image", "<image-digest>", refused(404, "No such image"), "no such digest here",
        key="Image, with a digest"),
    top("Image", "<image-repository>", refused(404, "No such image"), "no tag latest here",
        key="Image, without its tag"),
    top("Image", "<image> ", refused(400, "invalid reference"), "no reference",
        key="Image, a blank behind it", status=400),
    top("Image", "", key="Image, empty", status=400),
    missing("Image"),
    # -- Cmd -----------------------------------------------------------------------------------
    top("Cmd", ["tunnel", "--no-autoupdate", "run", "--token", "<token>"], key="Cmd, with a token",
        status=400),
    top("Cmd", ["tunnel", "--no-autoupdate", "--config", "/proc/1/environ", "run"],
        key="Cmd, with a configuration"),
    top("Cmd", ["tunnel", "--url", "http://169.254.169.254/", "run"], key="Cmd, with an origin"),
    top("Cmd", ["access", "ssh", "--hostname", "x"], key="Cmd, another"),
    top("Cmd", [], key="Cmd, empty"),
    top("Cmd", ["tunnel", "--no-autoupdate"], key="Cmd, cut"),
    top("Cmd", ["TUNNEL", "--no-autoupdate", "run"], key="Cmd, upper case"),
    top("Cmd", "tunnel --no-autoupdate run", key="Cmd, one text", status=400),
    missing("Cmd"),
    # -- Env -----------------------------------------------------------------------------------
    env("LD_PRELOAD", TOKEN, "LD_PRELOAD=/x.so"),
    env("NO_AUTOUPDATE", TOKEN, "NO_AUTOUPDATE=false"),
    env("TUNNEL_ORIGIN_CERT", TOKEN, "TUNNEL_ORIGIN_CERT=/proc/1/environ"),
    env("TUNNEL_LOGFILE", TOKEN, "TUNNEL_LOGFILE=/dev/stdout"),
    env("TUNNEL_CONFIG", TOKEN, "TUNNEL_CONFIG=/proc/1/environ"),
    env("TUNNEL_URL", TOKEN, "TUNNEL_URL=http://169.254.169.254/"),
    env("TUNNEL_EDGE", TOKEN, "TUNNEL_EDGE=192.0.2.1:7844"),
    env("TUNNEL_TOKEN_FILE", TOKEN, "TUNNEL_TOKEN_FILE=/proc/1/environ"),
    env("HTTPS_PROXY", TOKEN, "HTTPS_PROXY=http://192.0.2.1:3128"),
    env("a name without a value", TOKEN, "HOME"),
    env("an empty one", TOKEN, "", engine=refused(400, "environment"), why="no variable"),
    env("no token", "TUNNEL_GRACE_PERIOD=5s", says="TUNNEL_TOKEN"),
    env("two tokens", TOKEN, "TUNNEL_TOKEN=<other-token>"),
    env("the token twice", TOKEN, TOKEN),
    env("a token that is none", "TUNNEL_TOKEN=abc", status=400),
    env("a token that is base64, but no tunnel's", "TUNNEL_TOKEN=eyJhIjoiYiJ9", status=400),
    env("an empty token", "TUNNEL_TOKEN=", status=400),
    env("a token with a line's end", "TUNNEL_TOKEN=<token>\nLD_PRELOAD=/x.so", status=400),
    env("a blank before the token", "TUNNEL_TOKEN= <token>", status=400),
    env("lower case", "tunnel_token=<token>"),
    env("a metrics address that is loopback", TOKEN, "TUNNEL_METRICS=127.0.0.1:20241"),
    env("a metrics address elsewhere", TOKEN, "TUNNEL_METRICS=192.0.2.1:20241"),
    env("a metrics port of 0", TOKEN, "TUNNEL_METRICS=0.0.0.0:0"),
    env("a metrics port of 65536", TOKEN, "TUNNEL_METRICS=0.0.0.0:65536"),
    env("a metrics port with more", TOKEN, "TUNNEL_METRICS=0.0.0.0:20241 "),
    env("metrics twice", TOKEN, "TUNNEL_METRICS=0.0.0.0:20241", "TUNNEL_METRICS=0.0.0.0:20242"),
    env("a grace period of 0 s", TOKEN, "TUNNEL_GRACE_PERIOD=0s"),
    env("a grace period of a day", TOKEN, "TUNNEL_GRACE_PERIOD=24h"),
    env("a grace period of 61 s", TOKEN, "TUNNEL_GRACE_PERIOD=61s"),
    env("grace period twice", TOKEN, "TUNNEL_GRACE_PERIOD=5s", "TUNNEL_GRACE_PERIOD=6s"),
    missing("Env"),
    # -- Labels --------------------------------------------------------------------------------
    label("another", {**OWNER, "dockflare.enable": "true"}),
    label("of compose", {**OWNER, "com.docker.compose.project": "p"}),
    label("another owner", {"dockflare.agent.owner": "somebody"}),
    label("no owner", {"dockflare.agent.command-id": "cmd-1"}),
    label("the owner in upper case", {"DOCKFLARE.AGENT.OWNER": "dockflare-agent"}),
    label("an empty command id", {**OWNER, "dockflare.agent.command-id": ""}),
    label("a command id of 65", {**OWNER, "dockflare.agent.command-id": "c" * 65}, status=400),
    label("a command id with a blank", {**OWNER, "dockflare.agent.command-id": "a b"}),
    label("none", {}),
    missing("Labels"),
    # -- HostConfig ----------------------------------------------------------------------------
    top("HostConfig", None, key="HostConfig, null", status=400),
    body("HostConfig, empty", set_in("HostConfig", {}), "NetworkMode", status=400),
    missing("HostConfig"),
    *(missing("HostConfig", field) for field in GOOD["HostConfig"]),
    # -- keys that Docker's reader takes for those above -----------------------------------------
    body("key: binds", set_in("HostConfig", "binds", ["/:/host"]), "binds"),
    body("key: PRIVILEGED", set_in("HostConfig", "PRIVILEGED", True), "PRIVILEGED"),
    body("key: hostconfig beside HostConfig", set_in("hostconfig", {"Binds": ["/:/host"]}),
         "hostconfig"),
    body("key: HOSTCONFIG in its place", replaced('"HostConfig"', '"HOSTCONFIG"'), "HOSTCONFIG"),
    body("key: image", set_in("image", "<other-image>"), "image"),
    body("key: Bi\\u006eds", replaced('"HostConfig": {', '"HostConfig": {"Bi\\u006eds": ["/:/h"], '),
         "u006eds"),
    body("key: with the Kelvin sign for k", replaced('"NetworkMode"', '"Networ\u212aMode"'),
         "Networ"),
    body("key: with a long s", set_in("HostConfig", "Bind\u017f", ["/:/host"]), "Bind"),
    body("key: HostConfig\\u0000", replaced('"HostConfig": {', '"HostConfig\\u0000": {"Binds": []}, '
                                            '"HostConfig": {'), "", why="no field: ignored",
         status=400),
    body("twice: Image", replaced('{"Image"', '{"Image": "<image>", "Image"'), "duplicate key", status=400),
    body("twice: HostConfig", replaced('"HostConfig"', '"HostConfig": {"Binds": ["/:/host"]}, '
                                       '"HostConfig"'), "duplicate key", status=400),
    body("twice: NetworkMode", replaced('"NetworkMode"', '"NetworkMode": "host", "NetworkMode"'),
         "duplicate key", status=400),
    body("twice: Image, once escaped", replaced('{"Image"', '{"\\u0049mage": "<other-image>", '
                                                '"Image"'), "duplicate key", status=400),
    # -- wrong types of what it may have ---------------------------------------------------------
    mistyped(("Image",), 5, "number"),
    mistyped(("Image",), ["<image>"], "array"),
    mistyped(("Cmd",), 5, "unmarshal"),
    mistyped(("Cmd",), {"0": "tunnel"}, "unmarshal"),
    mistyped(("Cmd",), ["tunnel", 5, "run"], "unmarshal"),
    mistyped(("Env",), TOKEN, "string"),
    mistyped(("Env",), {"TUNNEL_TOKEN": "<token>"}, "object"),
    mistyped(("Labels",), ["dockflare.agent.owner=dockflare-agent"], "array"),
    mistyped(("Labels", "dockflare.agent.owner"), True, "bool"),
    mistyped(("HostConfig",), [], "array"),
    mistyped(("HostConfig",), "x", "string"),
    mistyped(("HostConfig", "NetworkMode"), {}, "object"),
    mistyped(("HostConfig", "RestartPolicy"), "unless-stopped", "string"),
    mistyped(("HostConfig", "RestartPolicy", "Name"), 1, "number"),
    mistyped(("HostConfig", "ReadonlyRootfs"), "true", "string"),
    mistyped(("HostConfig", "ReadonlyRootfs"), 1, "number"),
    mistyped(("HostConfig", "CapDrop"), [[]], "array"),
    mistyped(("HostConfig", "SecurityOpt"), [1], "number"),
    body("HostConfig.CapDrop, one text", set_in("HostConfig", "CapDrop", "ALL"), "CapDrop",
         status=400),
]
