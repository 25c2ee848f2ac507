# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/payloads.md: a sample of everything that an agent tells the master, from a real run.

The run is made here, with each protocol.  `--write-payloads` writes the document from it; without
it each field of each request, and what kind it is of, must be in the document.
"""

import json
import os
import re

from harness import docker, proxies, secret, wait

DOCUMENT = os.path.join(proxies.TOP, "docs", "payloads.md")
BEGIN, END = ("<!-- made by tests/integration/test_payloads.py: %s -->\n" % word
              for word in ("begin", "end"))
RULES = {"one": {"status": "active", "hostname": "web.example.com", "service": "http://web:80", "path": "/x"}}
# What differs from run to run, and what stands for it.
EXAMPLES = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "5f0c2d1e-8a47-4b6f-9c35-d0e1f2a3b4c5"),
    (r"\b[0-9a-f]{64}\b", "0123456789abcdef" * 4), (r"\ba{32}\b", "a" * 32),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "2025-01-01T00:00:00.000000+00:00"),
    (r"127\.0\.0\.1:\d+", "master.example:5000"), (r"\bit-[0-9a-f]{6}-", "it-"),
    (r"\bit-net-[0-9a-f]+", "cloudflare-net"), (r"\bit-([a-z]+)-[0-9a-f]{6}", r"it-\1"),
    (r"standin-cloudflared:test", "cloudflare/cloudflared:2025.9.0"))


def example(text):
    for pattern, stable in EXAMPLES:
        text = re.sub(pattern, stable, text)
    return text


def stable(value, key=""):
    if isinstance(value, dict):
        return {name: stable(inner, name) for name, inner in value.items() if name != "test-run"}
    if isinstance(value, list):
        return [stable(inner, key) for inner in value[:2]]
    if isinstance(value, str) and key == "agent_session_id":
        return "SESSION"
    if isinstance(value, str) and key in ("version", "agent_version") and value.startswith("0."):
        return "VERSION"
    if isinstance(value, int) and key.endswith("sequence"):
        return 1
    return example(value) if isinstance(value, str) else value


def kinds(value, at=""):
    """Each field, and the kind of what it has.  The labels are the user's own."""
    if isinstance(value, dict) and not at.endswith("labels"):
        return {(at, "object")}.union(*(kinds(inner, at + "." + name) for name, inner in value.items()))
    if isinstance(value, list):
        return {(at, "list")}.union(*(kinds(inner, at + "[]") for inner in value))
    return {(at, {type(None): "null", bool: "boolean", dict: "object", str: "text"}.get(type(value), "number"))}


def title(request, body):
    """What a request is: its method, path, and kind of event."""
    path = request["path"].split("?")[0]
    for pattern, word in ((r"(/agents/)(?!register)[^/]+", r"\1AGENT"), (r"(/accounts/)[^/]+", r"\1ACCOUNT"),
                          (r"(/cfd_tunnel/)[^/]+", r"\1TUNNEL"), (r"(/decommission/)[^/]+", r"\1OPERATION")):
        path = re.sub(pattern, word, path)
    if not isinstance(body, dict):
        what = ""
    elif body.get("type") == "tunnel_status":
        what = "tunnel_status, " + body["tunnel"]["status"]
    elif body.get("type") == "status_report":
        what = "status_report" + ("" if body.get("inventory_complete", True) else ", incomplete")
    else:
        what = body.get("type") or body.get("phase") or ""
    return "%s %s" % (request["method"], path) + (" (%s)" % what if what else "")


def collect(masters):
    """Title to bodies, and the headers that any request had."""
    found, headers = {}, set()
    for master in masters:
        for request in master.requests(since=0):
            body = json.loads(request["body"]) if request["body"] else None
            found.setdefault(title(request, body), []).append(body)
            headers |= {(name, request["headers"][name]) for name in request["headers"]}
    return found, headers


def samples(bodies):
    """As few as have every field and kind."""
    chosen, covered = [], set()
    for body in sorted((body for body in bodies if body is not None),
                       key=lambda body: (-len(kinds(body)), json.dumps(stable(body), sort_keys=True))):
        if not kinds(body) <= covered:
            covered |= kinds(body)
            chosen.append(body)
    return chosen


def render(protocol, found):
    lines = ["## Protocol %s\n" % protocol]
    for name in sorted(found):
        lines.append("### %s, protocol %s\n" % (name, protocol))
        chosen = samples(found[name])
        for body in chosen:
            lines.append("```json\n%s\n```\n" % json.dumps(stable(body), indent=1, ensure_ascii=False))
        if not chosen:
            lines.append("No body.\n")
    return "\n".join(lines)


def read(text, protocol):
    """The document's titles of a protocol, and the fields of each."""
    parts = re.split(r"^### (.*), protocol %s\n" % protocol, text, flags=re.M)[1:]
    return {name: set().union(*(kinds(json.loads(sample)) for sample in
                                re.findall(r"```json\n(.*?)```", part.split("\n### ")[0], re.S)))
            for name, part in zip(parts[::2], parts[1::2])}


def talk(protocol, engine, agents, masters, tunnel):
    """One agent's life: a service comes and goes, a tunnel in each of its states, the end."""
    master = masters("--cloudflare-helper", protocol=protocol)
    agent = agents.start(master, AGENT_DISPLAY_NAME="Office 3")
    web = engine.service("web")
    master.wait_container(web)
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    wait.until("the version is told", lambda: master.tunnel().get("version"), 15)
    master.command("update_tunnel_config", rules=RULES)
    wait.until("the configuration is put", lambda: master.state()["configurations"])
    engine.remove(web)
    master.wait_no_container(web)
    master.command("stop_tunnel")
    docker.wait_gone(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("stopped")
    agent.stop()
    agent.environment["CLOUDFLARED_NETWORK_NAME"] = "it-no-such-network"
    agent.start()
    master.start_tunnel(tunnel)
    master.wait_tunnel("error")
    master.set_mark()
    master.wait_requests("/commands", 2)
    if protocol == "2":
        operation = master.control("decommission")["operation_id"]
        wait.until("it is complete", lambda: master.state()["operations"][operation]["state"] == "completed", 20)
    blind = masters(protocol=protocol)
    agents.start(blind, DOCKER_HOST="tcp://127.0.0.1:1", ready=False)
    blind.wait_events("heartbeat", 2)
    return collect((master, blind))


def test_all_that_is_told_is_in_the_document(engine, agents, masters, tunnel, request):
    told = {protocol: talk(protocol, engine, agents, masters, tunnel) for protocol in ("1", "2")}
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    if request.config.getoption("--write-payloads"):
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        made = "\n".join(render(protocol, found) for protocol, (found, _) in told.items())
        text = before + BEGIN + "\n" + made + "\n" + END + after
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(text)
    assert secret.found_in(text) == []
    for protocol, (found, headers) in told.items():
        documented = read(text, protocol)
        assert set(found) == set(documented), (protocol, set(found) ^ set(documented))
        for name, bodies in found.items():
            new = set().union(*(kinds(body) for body in bodies if body is not None)) - documented[name]
            assert not new, "%s, protocol %s: not in the document: %s" % (name, protocol, sorted(new))
        names = {name for name, _ in headers}
        assert all("`%s:" % name in text.lower() for name in names), sorted(names)
        assert ("authorization", "(right)") in headers and ("accept", "*/*") in headers
        assert all(re.fullmatch(r"dockflare-agent/[0-9.]+", value) for name, value in headers if name == "user-agent")


def test_a_new_field_is_seen():
    """The control run."""
    text = render("2", {"POST /x (hello)": [{"a": 1, "labels": {"any": "x"}}]})
    assert read(text, "2") == {"POST /x (hello)": kinds({"a": 2, "labels": {}})}
    assert kinds({"a": 1, "b": None}) - read(text, "2")["POST /x (hello)"] == {(".b", "null")}
    assert kinds({"a": "1"}) - read(text, "2")["POST /x (hello)"] == {(".a", "text")}
