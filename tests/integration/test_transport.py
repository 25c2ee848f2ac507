# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent gets to the master: TLS, Access service tokens, an HTTP proxy, reloaded secrets."""

import os
import signal
import subprocess
import time

import pytest

from harness import secret, wait
from harness.http_proxy import HttpProxy

PLACES = pytest.mark.parametrize("container", [False, True], ids=["native", "container"])
ACCESS_ID = secret.fresh("Access client id", "id-")
ACCESS_SECRET = secret.fresh("Access client secret", "as-")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A private CA and a certificate for 127.0.0.1 and localhost, made by openssl."""
    folder = tmp_path_factory.mktemp("ca")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "m.key", "-out", "m.csr",
            "-subj", "/CN=master")
    openssl("x509", "-req", "-in", "m.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "m.pem", "-days", "2", "-extfile", "names")
    return folder


def tls(authority):
    return ("--tls-cert", str(authority / "m.pem"), "--tls-key", str(authority / "m.key"))


@pytest.fixture
def ca_file(authority, folder):
    """The CA's certificate where the agent's uid can read it."""
    path = os.path.join(folder, "ca.pem")
    with open(path, "wb") as file:
        file.write((authority / "ca.pem").read_bytes())
    os.chmod(path, 0o644)
    return path


def start_with_ca(agents, master, ca_file, container, mode="shared", **environment):
    """Also in the container, whose libcurl is built with the image."""
    agent = agents.make(master, mode=mode, container=container, DOCKFLARE_CA_FILE=ca_file,
                        **environment)
    if container:
        agent.more += ["-v", "%s:%s:ro" % (ca_file, ca_file)]
    return agent.start()


@pytest.mark.parametrize("mode", ["shared", "distinct"])
@PLACES
def test_tls_with_a_private_ca(masters, agents, authority, ca_file, mode, container):
    master = masters(*tls(authority))
    start_with_ca(agents, master, ca_file, container, mode)
    master.wait_registered()
    master.wait_events("heartbeat", 2)
    assert len({r["from"] for r in master.requests()}) == 1


@PLACES
def test_tls_is_verified(masters, agents, authority, container):
    master = masters(*tls(authority))
    agent = agents.start(master, container=container)
    agent.wait_line(r"master-link: .*certificate")
    wait.stays("nothing is sent", lambda: not master.requests(), 1)


@PLACES
def test_tls_names_are_verified(masters, agents, authority, ca_file, container):
    master = masters(*tls(authority))
    agent = start_with_ca(agents, master, ca_file, container,
                          DOCKFLARE_MASTER_URL="https://127.0.0.2:%d" % master.port)
    time.sleep(1)
    assert master.agent() is None and agent.log.find(r"master-link: ")


@PLACES
def test_old_tls_is_refused(masters, agents, authority, ca_file, container):
    master = masters(*tls(authority), "--tls-max", "TLSv1_1")
    agent = start_with_ca(agents, master, ca_file, container)
    agent.wait_line(r"master-link: master is away: ")
    wait.stays("nothing is sent", lambda: not master.requests(), 1)


def test_the_access_token_is_sent(masters, agents):
    master = masters("--access-id", ACCESS_ID, "--access-secret", ACCESS_SECRET)
    agents.start(master, CF_ACCESS_CLIENT_ID=ACCESS_ID, CF_ACCESS_CLIENT_SECRET=ACCESS_SECRET)
    master.wait_registered()
    headers = master.requests()[0]["headers"]
    assert headers["cf-access-client-id"] == headers["cf-access-client-secret"] == "(right)"


def test_without_the_access_token_the_login_page_is_no_master(masters, agents):
    master = masters("--access-id", ACCESS_ID, "--access-secret", ACCESS_SECRET)
    agent = agents.start(master)
    agent.wait_line(r"master-link: .*(302|redirect|Access)")
    wait.until("it tries again", lambda: len(master.requests()) >= 2, 10)
    assert {r["path"] for r in master.requests()} == {"/api/v2/agents/register"}
    assert agent.status()["link"]["state"] != "rejected"


@PLACES
def test_an_http_proxy_with_a_password(masters, agents, authority, ca_file, container):
    password = secret.fresh("proxy password", "pp-")
    proxy = HttpProxy("user", password)
    master = masters(*tls(authority))
    try:
        agent = start_with_ca(
            agents, master, ca_file, container,
            HTTPS_PROXY="http://user:%s@127.0.0.1:%d" % (password, proxy.port))
        master.wait_registered()
        assert set(proxy.tunnels) == {"127.0.0.1:%d" % master.port}
        assert agent.log.find(password) is None
    finally:
        proxy.close()


def test_no_proxy_goes_around_it(masters, agents, authority, ca_file):
    proxy = HttpProxy()
    master = masters(*tls(authority))
    try:
        agents.start(master, DOCKFLARE_CA_FILE=ca_file, NO_PROXY="127.0.0.0/8",
                     HTTPS_PROXY="http://127.0.0.1:%d" % proxy.port)
        master.wait_registered()
        assert proxy.tunnels == []
    finally:
        proxy.close()


def secret_file(agent, name, value):
    path = os.path.join(agent.folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(value + "\n")
    os.chown(path, 65532, 65532)
    os.chmod(path, 0o400)
    return path


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_secrets_from_files_and_again_on_sighup(masters, agents, mode):
    master = masters("--access-id", ACCESS_ID, "--access-secret", ACCESS_SECRET)
    agent = agents.make(master, mode=mode, DOCKFLARE_API_KEY=None)
    wrong = secret.fresh("wrong API key")
    agent.environment.update({
        "DOCKFLARE_API_KEY_FILE": secret_file(agent, "key", wrong),
        "CF_ACCESS_CLIENT_ID_FILE": secret_file(agent, "id", ACCESS_ID),
        "CF_ACCESS_CLIENT_SECRET_FILE": secret_file(agent, "secret", ACCESS_SECRET)})
    agent.start()
    agent.wait_line(r"master-link: key rejected: ")
    pids = agent.pids()
    os.unlink(os.path.join(agent.folder, "key"))
    secret_file(agent, "key", master.key)
    os.kill(agent.pid, signal.SIGHUP)
    master.wait_registered()
    assert agent.pids() == pids


def test_sighup_says_what_needs_a_restart(masters, agents, authority, ca_file):
    master = masters(*tls(authority))
    agent = agents.make(master, DOCKFLARE_CA_FILE=ca_file)
    agent.start()
    master.wait_registered()
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line(r" S045 INFO supervisor: SIGHUP: no variable names a file")
    assert agent.log.count(r" S048 ") == 0
    with open(ca_file, "ab") as file:
        file.write(b"\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait_line(r" S048 WARNING supervisor: DOCKFLARE_CA_FILE: \S+ has changed; restart the agent")


def test_sighup_refuses_another_proxy(masters, agents, authority, ca_file):
    """The sandbox holds the old proxy's port, so that a new one needs a new start."""
    first, second = HttpProxy(), HttpProxy()
    master = masters(*tls(authority))
    agent = agents.make(master, DOCKFLARE_CA_FILE=ca_file)
    agent.environment["HTTPS_PROXY_FILE"] = secret_file(
        agent, "proxy", "http://127.0.0.1:%d" % first.port)
    try:
        agent.start()
        master.wait_registered()
        os.unlink(os.path.join(agent.folder, "proxy"))
        secret_file(agent, "proxy", "http://127.0.0.1:%d" % second.port)
        os.kill(agent.pid, signal.SIGHUP)
        agent.wait_line(r"supervisor: .*HTTPS_PROXY.*restart")
        master.wait_events("heartbeat", len(master.events("heartbeat")) + 1)
        assert second.tunnels == []
    finally:
        first.close()
        second.close()
