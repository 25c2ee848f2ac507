# SPDX-License-Identifier: GPL-3.0-or-later
"""What some rows need around the agent: a name server, certificates, a proxy, a tunnel."""

import itertools
import os
import shutil
import subprocess
import tempfile

from harness import proxies, wait
from harness.dns import Dns
from tunnel import NETWORK, StandinTunnel

MASTER_NAME, PROXY_NAME = "master.example", "proxy.example"
# The agent has a resolv.conf of its own.
MOUNT = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
NUMBERS = itertools.count(1)


def name_server(case, names):
    """A name server for this agent alone, on an address of its own."""
    address = "127.54.0.%d" % next(NUMBERS)
    conf = os.path.join(case.agent.folder, "resolv.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write("nameserver %s\n" % address)
    os.chmod(conf, 0o644)
    case.agent.before = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", conf]
    case.kept["dns"] = dns = Dns(address, names)
    case.beside.callback(dns.close)


def named_master(*addresses):
    def prepare(case):
        name_server(case, {MASTER_NAME: list(addresses)})
        case.agent.environment.update(
            DOCKFLARE_MASTER_URL="http://%s:%d" % (MASTER_NAME, case.master.port),
            ALLOW_PLAINTEXT_MASTER="true")
    return prepare


def named_proxy(*addresses):
    def prepare(case):
        name_server(case, {PROXY_NAME: list(addresses)})
        case.agent.environment["DOCKER_HOST"] = "tcp://%s:%d" % (PROXY_NAME,
                                                                 case.engine.server.port)
    return prepare


# -- certificates ---------------------------------------------------------------------------------

# openssl ca, as it can make a certificate that is over already.
CA_CONF = """[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""
GOOD = "IP:127.0.0.1"
# kind: (CA, subjectAltName, first day, last day)
CERTIFICATES = {
    "good": ("ca", GOOD, None, None),
    "expired": ("ca", GOOD, "20200101000000Z", "20210101000000Z"),
    "foreign": ("other", GOOD, None, None),
    "misnamed": ("ca", "DNS:other.example", None, None),
}


class Authority:
    """A private CA, another one, and certificates of theirs for the master."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dockflare-agent-ca-")
        os.chmod(self.folder, 0o755)
        with open(self.path("ca.cnf"), "w", encoding="ascii") as file:
            file.write(CA_CONF)
        with open(self.path("index"), "w", encoding="ascii"):
            pass
        for name in ("ca", "other"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", "2",
                         "-subj", "/CN=Test CA %s" % name)
        for kind in CERTIFICATES:
            self.issue(kind)
        os.chmod(self.path("ca.pem"), 0o644)

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, kind):
        authority, names, begins, ends = CERTIFICATES[kind]
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", kind + ".key", "-out", kind + ".csr", "-subj", "/CN=" + kind,
                     "-addext", "subjectAltName=" + names)
        dates = ["-startdate", begins, "-enddate", ends] if begins else ["-days", "2"]
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", authority + ".pem", "-keyfile",
                     authority + ".key", "-in", kind + ".csr", "-out", kind + ".pem", "-notext",
                     *dates)

    def give(self, case, kind):
        case.master.control("certificate", cert=self.path(kind + ".pem"),
                            key=self.path(kind + ".key"))


def certified(case):
    """The master speaks TLS, with a certificate of a CA that the agent is given."""
    case.kept["authority"] = authority = Authority()
    case.beside.callback(shutil.rmtree, authority.folder, ignore_errors=True)
    authority.give(case, "good")
    case.agent.environment.update(
        DOCKFLARE_MASTER_URL="https://127.0.0.1:%d" % case.master.port,
        DOCKFLARE_CA_FILE=authority.path("ca.pem"))


def certificate(kind):
    return lambda case: case.kept["authority"].give(case, kind)


# -- a tunnel -------------------------------------------------------------------------------------

def with_tunnel(case):
    made = StandinTunnel(case.engine)
    case.beside.callback(made.close)
    case.agent.environment.update(CLOUDFLARED_NETWORK_NAME=NETWORK,
                                  TUNNEL_METRICS_PORT=str(made.port))


# -- a proxy --------------------------------------------------------------------------------------

IMPATIENT = """global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 4s
  timeout server 4s
  timeout http-keep-alive 1s
frontend calls
  bind 127.0.0.1:%d
  default_backend engine
backend engine
  server engine 127.0.0.1:%d
"""


def impatient_proxy(case):
    """Real HAProxy that cuts what is silent for four seconds, and a kept connection after one."""
    port = proxies.free_port()
    path = os.path.join(case.agent.folder, "haproxy.cfg")
    with open(path, "w", encoding="ascii") as file:
        file.write(IMPATIENT % (port, case.engine.server.port))
    process = subprocess.Popen(["haproxy", "-db", "-f", path], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    case.beside.callback(process.wait, 5)
    case.beside.callback(process.kill)
    wait.until("haproxy answers on port %d" % port, lambda: proxies.answers(port), 5)
    case.agent.environment["DOCKER_HOST"] = "tcp://127.0.0.1:%d" % port
