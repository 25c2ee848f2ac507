# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's image: what is in it, what it says of itself, and that it runs as others start it."""

import hashlib
import json
import os
import re
import secrets
import stat
import subprocess

import pytest

from harness import docker, image, install, wait
from harness.generated import Generated
from test_links import IN_IMAGE

SIZE_MAX_BYTES = 15_000_000
LIST = "/usr/share/doc/dockflare-agent/packages.spdx.json"
# Where the programs and their libraries are, and each other thing that may be there.
ALLOWED = [
    r"/usr/local/(bin|libexec/dockflare-agent)/[a-z-]+", r"/(lib|lib64)",
    r"/usr/lib64/ld-linux-x86-64\.so\.2", r"/usr/lib/ld-linux-aarch64\.so\.1",
    r"/usr/lib/[a-z0-9_]+-linux-gnu/[a-z0-9.-]+\.so\.\d+",
    r"/usr/local/lib/dockflare-agent/http-(plain|tls|server)/lib[a-z]+\.so\.\d+",
    r"/etc/ssl/certs/ca-certificates\.crt", r"/usr/share/zoneinfo/.*",
    r"/usr/share/doc/[a-z0-9.+-]+/copyright", r"/usr/share/common-licenses/[A-Za-z0-9.-]+", LIST,
]
# What Docker puts into every container that it makes.
DOCKERS = [r"/\.dockerenv", r"/dev/console", r"/etc/(hostname|hosts|mtab|resolv\.conf)"]


@pytest.fixture(scope="session")
def packages(image_root):
    with open(image_root.inside(LIST), encoding="ascii") as file:
        return json.load(file)


def project_version():
    """The one place that says it."""
    with open(os.path.join(install.TOP, "meson.build"), encoding="ascii") as file:
        return re.search(r"^  version: '([^']+)'", file.read(), re.M)[1]


# -- what is in it ----------------------------------------------------------------------------------

def test_it_is_small():
    size = image.inspected()["Size"]
    print("%d bytes" % size)
    assert 0 < size <= SIZE_MAX_BYTES


def test_nothing_else_is_in_it(image_root):
    allowed = re.compile("(%s)" % "|".join(ALLOWED + DOCKERS))
    assert [path for path in image_root.files() if not allowed.fullmatch(path)] == []
    # And no library that nothing loads.
    loaded = {os.path.realpath(image_root.inside(path)) for program in IN_IMAGE for path in
              re.findall(r"(/\S+) \(0x", "\n".join(image_root.loaded("/usr/local/" + program)))}
    assert {image_root.inside(path) for path in image_root.libraries()} == loaded


def test_folders_and_modes(image_root):
    """Only the two folders are another's than root's, and nothing raises rights."""
    def look(path):
        found = os.lstat(image_root.inside(path))
        return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid

    assert look("/run/dockflare-agent") == (0o755, 65532, 65532)
    assert look("/app/data") == (0o700, 65532, 65532)
    for where, folders, names in os.walk(image_root.folder):
        for name in (*folders, *names):
            path = os.path.join(where, name).removeprefix(image_root.folder)
            mode, user, group = look(path)
            assert mode & 0o6000 == 0, path
            assert (user, group) == (0, 0) or path in ("/run/dockflare-agent", "/app/data"), path
            assert mode & 0o022 == 0 or os.path.islink(image_root.inside(path)), path


# -- what it says of itself -------------------------------------------------------------------------

def test_labels():
    labels = {name.removeprefix("org.opencontainers.image."): value
              for name, value in image.inspected()["Config"]["Labels"].items()}
    assert set(labels) == {"title", "description", "version", "revision", "source", "licenses",
                           "created"}
    assert labels["title"] == "dockflare-agent" and labels["licenses"] == "GPL-3.0-or-later"
    assert all(labels.values())


def test_one_version_everywhere(image_root, packages, prefix, agents, masters):
    """Of meson.build: programs, manual, image, list of packages, registration, User-Agent, status."""
    version = project_version()
    assert image.inspected()["Config"]["Labels"]["org.opencontainers.image.version"] == version
    assert [package["versionInfo"] for package in packages["packages"]
            if package["name"].startswith("dockflare-agent")] == [version, version]
    for name in ("dockflare-agent", "docker-gate", "dockflare-agentctl"):
        for program in ([os.path.join(prefix, "bin", name)],
                        ["/usr/sbin/chroot", image_root.folder, "/usr/local/bin/" + name]):
            told = subprocess.run([*program, "--version"], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout
            assert told == "%s %s\n" % (name, version)
    for page in ("man8/dockflare-agent.8", "man8/docker-gate.8", "man1/dockflare-agentctl.1"):
        with open(os.path.join(prefix, "share/man", page), encoding="utf-8") as file:
            assert re.search(r"^\.(TH|Os) .*\b%s\b" % re.escape(version), file.read(), re.M), page
    master = masters()
    agent = agents.start(master, DOCKER_HOST="tcp://127.0.0.1:1")
    master.wait_registered()
    request, = master.requests("/register")
    assert json.loads(request["body"])["version"] == version
    assert {name.lower(): value for name, value in request["headers"].items()}["user-agent"] == (
        "dockflare-agent/" + version)
    assert agent.status()["agent"]["version"] == version


def test_every_binary_is_in_the_list(image_root, packages):
    """With its package, that package's version, and its content."""
    holders = {relation["relatedSpdxElement"]: relation["spdxElementId"]
               for relation in packages["relationships"] if relation["relationshipType"] == "CONTAINS"}
    known = {package["SPDXID"]: package for package in packages["packages"]}
    files = {file["fileName"].lstrip("."): file for file in packages["files"]}
    assert sorted(files) == image_root.binaries()
    for path, file in files.items():
        with open(image_root.inside(path), "rb") as content:
            data = content.read()
        assert {check["algorithm"]: check["checksumValue"] for check in file["checksums"]} == {
            "SHA1": hashlib.sha1(data).hexdigest(), "SHA256": hashlib.sha256(data).hexdigest()}
        package = known[holders[file["SPDXID"]]]
        assert re.match(r"\d", package["versionInfo"]), package
        own = path.startswith(("/usr/local/bin/", "/usr/local/libexec/"))
        assert (package["name"] == "dockflare-agent") == own
        built = path.startswith("/usr/local/lib/")
        assert (package["name"] in ("curl", "libmicrohttpd")) == built
        # What has a package has its licence too.
        assert os.path.exists(image_root.inside("/usr/share/doc/%s/copyright" % package["name"]))


def test_the_versions_are_those_of_the_libraries(image_root, packages):
    """Three of them tell their version themselves."""
    versions = {package["name"]: package["versionInfo"] for package in packages["packages"]}

    def strings(name, pattern):
        path, *_ = (path for path in image_root.libraries() if name in path)
        with open(image_root.inside(path), "rb") as file:
            return re.search(pattern, file.read())[1].decode()

    assert strings("/libc.so.6", rb"GNU C Library \(Debian GLIBC ([^)]+)\)") == versions["libc6"]
    assert versions["libssl3"].startswith(strings("/libcrypto.so", rb"OpenSSL (3\.\d+\.\d+) "))
    assert versions["curl"].startswith(strings("http-tls/libcurl", rb"\0(7\.\d+\.\d+)\0"))


def test_the_list_is_spdx(packages):
    """What SPDX 2.3 asks of a document; references lead somewhere, names are used once."""
    assert packages["spdxVersion"] == "SPDX-2.3" and packages["dataLicense"] == "CC0-1.0"
    assert packages["SPDXID"] == "SPDXRef-DOCUMENT" and packages["name"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", packages["documentNamespace"])
    made = packages["creationInfo"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["created"])
    assert all(re.match("(Tool|Organization|Person): ", one) for one in made["creators"])
    elements = [*packages["packages"], *packages["files"]]
    ids = [element["SPDXID"] for element in elements]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in ids)
    for package in packages["packages"]:
        assert package["name"] and package["versionInfo"] and package["downloadLocation"]
        held = [one["relatedSpdxElement"] for one in packages["relationships"]
                if one["spdxElementId"] == package["SPDXID"]]
        files = [file for file in packages["files"] if file["SPDXID"] in held]
        assert package["filesAnalyzed"] == bool(files)
        if files:
            sums = "".join(sorted(check["checksumValue"] for file in files
                                  for check in file["checksums"] if check["algorithm"] == "SHA1"))
            assert package["packageVerificationCode"]["packageVerificationCodeValue"] == (
                hashlib.sha1(sums.encode()).hexdigest())
        for reference in package.get("externalRefs", ()):
            assert re.fullmatch(r"pkg:deb/debian/[a-z0-9.%A-F+-]+@[^?+:~]+\?arch=[a-z0-9]+"
                                r"&distro=debian-12", reference["referenceLocator"])
    for one in packages["relationships"]:
        assert {one["spdxElementId"], one["relatedSpdxElement"]} <= {*ids, "SPDXRef-DOCUMENT"}
    # Each package is reached from the document.
    image_id, = (one["relatedSpdxElement"] for one in packages["relationships"]
                 if one["relationshipType"] == "DESCRIBES")
    reached = {one["relatedSpdxElement"] for one in packages["relationships"]
               if one["spdxElementId"] == image_id} | {image_id}
    assert {package["SPDXID"] for package in packages["packages"]} == reached


# -- how it is started ------------------------------------------------------------------------------

def run_image(folder, master, *options):
    """`docker run` of the image with a new volume, and the health check each second; its name."""
    name = "it-image-" + secrets.token_hex(3)
    variables = os.path.join(folder, "variables")
    with open(variables, "w", encoding="ascii") as file:
        file.write("DOCKFLARE_MASTER_URL=%s\nDOCKFLARE_API_KEY=%s\nDOCKER_HOST=tcp://127.0.0.1:1\n"
                   "TZ=Europe/Berlin\n" % (master.url, master.key))
    docker.docker("run", "-d", "--name", name, "--network", "host", "--env-file", variables,
                  "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
                  "--health-interval", "1s", "-v", "/app/data", *options, docker.AGENT_IMAGE)
    os.unlink(variables)
    return name


def log_of(name):
    return subprocess.run(["docker", "logs", name], stdout=subprocess.PIPE, text=True, check=True,
                          stderr=subprocess.STDOUT, env={
                              **os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET}).stdout


def test_read_only_without_capabilities_it_becomes_healthy(folder, masters, engine_session):
    master = masters()
    name = run_image(folder, master, "--tmpfs",
                     "/run/dockflare-agent:uid=65532,gid=65532,mode=0755")
    try:
        wait.until("Docker calls it healthy", lambda: docker.inspect(
            name)["State"]["Health"]["Status"] == "healthy", 20)
        master.wait_registered()
        log = log_of(name)
    finally:
        docker.discard(name)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0[12]:00 ", log), log[:200]
    assert "no status" not in log


def test_read_only_without_a_tmpfs_it_serves_on(folder, masters, engine_session):
    """One line says that there is no status; the master hears from it all the same."""
    master = masters()
    name = run_image(folder, master)
    try:
        master.wait_registered()
        log = log_of(name)
        assert docker.inspect(name)["State"]["Running"]
    finally:
        docker.discard(name)
    assert len(re.findall(r"no status: .*status\.sock can't be made: .*mount a tmpfs there", log)) == 1


@pytest.fixture
def generated(masters, engine):
    """The master's own compose file, up, with a master that the tunnel's network reaches."""
    made = Generated(masters(), engine.network)
    try:
        made.up()
        yield made
    finally:
        made.close()


def test_as_the_masters_own_compose_file_starts_it(generated, engine):
    """Four variables, one proxy, no user, no capability, no tmpfs."""
    master, container = generated.master, generated.container
    master.wait_registered()
    name = engine.service("by-compose")
    master.wait_container(name)
    found = docker.inspect(container)
    assert found["Config"]["User"] == "65532:65532" and not found["HostConfig"]["CapAdd"]
    wait.until("it calls itself healthy", lambda: docker.docker(
        "exec", container, "dockflare-agentctl", "health", check=False) == "healthy")
    log = generated.log()
    assert "is not writable" not in log and "no status" not in log
    assert len(re.findall("WARNING supervisor: DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST",
                          log)) == 1
