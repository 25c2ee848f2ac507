# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in master's record: agents, keys, rules, commands, and what each request does to them.

It follows the published masters' behaviour: protocol 1 as old masters speak it ("1"), protocol 2
("2"), and protocol 1 as newer masters speak it to agents that know no better ("new1").  Python's
standard library only.  Nothing here talks to Cloudflare or Docker.
"""

import copy
import re
import secrets
import threading
import time
import uuid
from datetime import datetime, timezone

PREFIXES = ("dockflare.", "cloudflare.tunnel.")
TRUE_VALUES = ("true", "1", "t", "yes")
EVENT_TYPES = ("container_start", "container_stop", "status_report", "heartbeat", "hello",
               "tunnel_status")
IMAGE_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}")

# The newer masters' limits, which one container over them makes a 413 for the whole report.
MAX_REQUEST_BYTES = 4 * 1024 * 1024
MAX_CONTAINERS = 5000
MAX_LABELS = 256
MAX_LABEL_KEY_BYTES = 512
MAX_LABEL_VALUE_BYTES = 4096
MAX_NAME_BYTES = 255
MAX_ID_BYTES = 128

clock_off_seconds = 0  # how wrong the master's clock is


def now_iso():
    return datetime.fromtimestamp(time.time() + clock_off_seconds, timezone.utc).isoformat()


class Refusal(Exception):
    """An answer that is not a success: HTTP status and the master's code."""

    def __init__(self, status, code, message=None):
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def label_value(labels, name, prefixes):
    """The first value of a label name under the prefixes, or None."""
    for prefix in prefixes:
        if prefix + name in labels:
            return labels[prefix + name]
    return None


def rules_from_labels(labels, prefixes):
    """The rules that a container asks for: (hostname, path, service) in the labels' order."""
    if str(label_value(labels, "enable", prefixes)).lower() not in TRUE_VALUES:
        return []
    found = []
    for infix in [""] + ["%d." % index for index in range(64)]:
        hostname = label_value(labels, infix + "hostname", prefixes)
        service = label_value(labels, infix + "service", prefixes)
        if hostname and service:
            path = label_value(labels, infix + "path", prefixes) or ""
            found.append((hostname, path, service))
    return found


def checked_container(value):
    """One container of an event or a report, as a newer master checks it."""
    if not isinstance(value, dict):
        raise Refusal(400, "invalid_payload")
    labels = value.get("labels", {})
    if not isinstance(value.get("id"), str) or not value["id"]:
        raise Refusal(400, "invalid_payload")
    if not isinstance(value.get("name", "unknown"), str) or not isinstance(labels, dict):
        raise Refusal(400, "invalid_payload")
    too_long = (len(value["id"].encode()) > MAX_ID_BYTES
                or len(value.get("name", "").encode()) > MAX_NAME_BYTES
                or len(labels) > MAX_LABELS)
    for key, text in labels.items():
        if not isinstance(text, str):
            raise Refusal(400, "invalid_payload")
        too_long = (too_long or len(key.encode()) > MAX_LABEL_KEY_BYTES
                    or len(text.encode()) > MAX_LABEL_VALUE_BYTES)
    if too_long:
        raise Refusal(413, "payload_too_large")
    return {"id": value["id"], "name": value.get("name", "unknown"), "labels": labels,
            "status": str(value.get("status", "unknown"))[:32]}


class Record:
    """What the master knows.  Every public method takes the lock and answers (status, body)."""

    def __init__(self, key, protocol, label_prefix="", helper=False, enrolled=False):
        self.lock = threading.RLock()
        self.protocol = protocol
        self.prefixes = ((label_prefix,) if label_prefix else ()) + PREFIXES
        self.helper = helper
        self.enrol_at_once = enrolled
        self.keys = {key: {"bound": None, "status": "active"}}
        self.agents = {}
        self.rules = {}
        self.operations = {}
        self.configurations = []
        self.events = []
        self.latest = None
        self.new_ids = False

    # -- answers ------------------------------------------------------------------------------

    def newer(self):
        return self.protocol != "1"

    def refusal(self, refusal):
        body = {"status": "error"}
        if self.newer():
            body["code"] = refusal.code
        body["message"] = refusal.message or refusal.code
        return refusal.status, body

    def answer(self, status, code, **fields):
        body = {"status": "success"}
        if self.newer():
            body["code"] = code
        body.update(fields)
        return status, body

    # -- who asks -----------------------------------------------------------------------------

    def check_key(self, key):
        if key not in self.keys or self.keys[key]["status"] != "active":
            raise Refusal(401, "unauthorized")
        return self.keys[key]

    def check_agent(self, key, agent_id, missing):
        info = self.check_key(key)
        agent = self.agents.get(agent_id)
        if agent is None:
            raise missing
        if info["bound"] != agent_id:
            raise Refusal(403, "agent_key_mismatch")
        agent["last_seen"] = now_iso()
        return agent

    # -- registration -------------------------------------------------------------------------

    def register(self, key, body):
        with self.lock:
            info = self.check_key(key)
            if not isinstance(body, dict):
                raise Refusal(400, "invalid_payload")
            offered = body.get("agent_id")
            if info["bound"] and offered and offered != info["bound"]:
                raise Refusal(403, "agent_key_mismatch")
            agent_id = self.choose_id(info["bound"], offered)
            known = agent_id in self.agents
            if self.newer() and info["bound"] and not known:
                raise Refusal(403, "agent_key_mismatch")
            protocol = self.choose_protocol(body)
            agent = self.agents.setdefault(agent_id, self.new_agent(agent_id))
            self.refresh(agent, body, protocol, key)
            info["bound"] = agent_id
            self.latest = agent_id
            return self.registered(agent, known)

    def choose_id(self, bound, offered):
        if bound:
            return bound
        if not self.newer() and offered and not self.new_ids:
            return offered
        return str(uuid.uuid4())

    def choose_protocol(self, body):
        if self.protocol == "1":
            return 1
        versions = body.get("supported_protocol_versions")
        if versions is None or self.protocol == "new1":
            return 1
        good = isinstance(versions, list) and versions and all(
            type(v) is int and v > 0 for v in versions)
        if not good:
            raise Refusal(400, "invalid_payload")
        both = {1, 2}.intersection(versions)
        if not both:
            raise Refusal(409, "unsupported_protocol")
        return max(both)

    def new_agent(self, agent_id):
        return {"id": agent_id, "status": "enrolled" if self.enrol_at_once else "pending",
                "commands": [], "containers": {}, "tunnel": None, "registrations": 0,
                "assigned_tunnel_id": None, "assigned_tunnel_name": None,
                "assigned_tunnel_token": None, "decommission": None, "last_report": None}

    def refresh(self, agent, body, protocol, key):
        agent.update({
            "display_name": body.get("display_name") or "agent-" + agent["id"][:8],
            "version": body.get("agent_version") or body.get("version"),
            "capabilities": body.get("capabilities", []),
            "protocol": protocol, "api_key": key, "last_seen": now_iso(),
            "session": secrets.token_urlsafe(32) if protocol == 2 else None,
            "event_sequence": 0, "report_sequence": 0,
            "registrations": agent["registrations"] + 1,
        })

    def registered(self, agent, known):
        status = 200 if known else 201
        if self.newer():
            return self.answer(status, "registered", agent_id=agent["id"],
                               protocol_version=agent["protocol"],
                               agent_session_id=agent["session"])
        shown = {name: agent[name] for name in (
            "id", "display_name", "version", "last_seen", "status", "commands", "api_key",
            "assigned_tunnel_id", "assigned_tunnel_name", "assigned_tunnel_token")}
        return self.answer(status, "registered", agent_id=agent["id"], agent=shown)

    # -- commands -----------------------------------------------------------------------------

    def commands(self, key, agent_id):
        with self.lock:
            agent = self.check_agent(key, agent_id, Refusal(404, "agent_not_found"))
            given = agent["commands"]
            agent["commands"] = []  # at most once: what is lost after this is lost
            operation = self.operations.get(agent["decommission"])
            if operation and operation["command"]:
                given = given + [operation["command"]]
            return 200, {"status": "success", "commands": given}

    # -- events -------------------------------------------------------------------------------

    def event(self, key, agent_id, body):
        with self.lock:
            if not self.newer():
                return self.old_event(key, agent_id, body)
            self.check_key(key)
            kind = body.get("type") if isinstance(body, dict) else None
            if kind not in EVENT_TYPES:
                raise Refusal(400, "invalid_payload")
            agent = self.check_agent(key, agent_id, Refusal(403, "agent_key_mismatch"))
            if agent["decommission"]:
                raise Refusal(409, "agent_decommissioning")
            stream = "report_sequence" if kind == "status_report" else "event_sequence"
            if agent["protocol"] == 2:
                before = self.check_sequence(agent, body, stream)
                if before:
                    return before
            code = self.apply(agent, kind, body)
            if agent["protocol"] == 2:
                agent[stream] = body[stream]
            self.note(agent, kind, body)
            return self.answer(200 if code == "accepted" else 202, code)

    def old_event(self, key, agent_id, body):
        self.check_key(key)
        if not isinstance(body, dict) or not body:
            raise Refusal(400, "invalid_payload", "Empty payload.")
        agent = self.check_agent(key, agent_id, Refusal(404, "agent_not_found"))
        self.apply(agent, body.get("type"), body)
        self.note(agent, body.get("type"), body)
        return 202, {"status": "success", "message": "Event received and processed."}

    def check_sequence(self, agent, body, stream):
        if body.get("protocol_version") != 2 or body.get("agent_session_id") != agent["session"]:
            raise Refusal(409, "registration_required")
        sequence = body.get(stream)
        if type(sequence) is not int or not 1 <= sequence < 2 ** 63:
            raise Refusal(400, "invalid_payload")
        if sequence == agent[stream]:
            return self.answer(200, "duplicate_sequence")
        if sequence < agent[stream]:
            raise Refusal(409, "stale_sequence")
        return None

    def apply(self, agent, kind, body):
        """Carries an event out; the newer masters' code for it."""
        if kind == "container_start":
            self.container_runs(agent, self.checked(body.get("container")))
            return "accepted"
        if kind == "container_stop":
            self.container_gone(agent, self.checked(body.get("container"))["id"])
            return "accepted"
        if kind == "status_report":
            return self.report(agent, body)
        if kind == "tunnel_status":
            tunnel = body.get("tunnel") if isinstance(body.get("tunnel"), dict) else body
            agent["tunnel"] = {name: tunnel.get(name) for name in ("name", "status", "version")}
            return "accepted"
        return "accepted_noop"

    def checked(self, container):
        if self.newer():
            return checked_container(container)
        if not isinstance(container, dict):
            return {"id": None, "name": None, "labels": {}}
        return container

    def report(self, agent, body):
        containers = body.get("containers")
        if containers is None and agent["protocol"] == 1:
            containers = (body.get("container") or {}).get("containers")
        if containers is None and body.get("inventory_complete") is False:
            containers = []
        if not isinstance(containers, list):
            raise Refusal(400, "invalid_payload")
        if len(containers) > MAX_CONTAINERS:
            raise Refusal(413, "payload_too_large")
        good, malformed = self.checked_list(containers)
        for container in good:
            self.container_runs(agent, container)
        agent["last_report"] = {"time": time.time(), "ids": [c["id"] for c in good],
                                "complete": body.get("inventory_complete")}
        complete = not self.newer() or (
            not malformed and agent["protocol"] == 2 and body.get("inventory_complete") is True
            and body.get("inventory_scope") == "dockflare_enabled_running")
        if not complete:
            return "inventory_incomplete"
        named = {container["id"] for container in good}
        for container_id in [c for c in agent["containers"] if c not in named]:
            self.container_gone(agent, container_id)
        return "accepted"

    def checked_list(self, containers):
        """The well-formed ones, and whether one was not (which makes a report incomplete)."""
        good = []
        for container in containers:
            try:
                good.append(self.checked(container))
            except Refusal as refusal:
                if refusal.status != 400:
                    raise
        return good, len(good) < len(containers)

    def container_runs(self, agent, container):
        agent["containers"][container["id"]] = {
            "id": container["id"], "name": container.get("name"),
            "labels": container.get("labels") or {}, "status": container.get("status")}
        for hostname, path, service in rules_from_labels(container.get("labels") or {},
                                                         self.prefixes):
            self.rules[hostname + "|" + path] = {
                "hostname": hostname, "path": path, "service": service, "status": "active",
                "agent_id": agent["id"], "container_id": container["id"]}

    def container_gone(self, agent, container_id):
        agent["containers"].pop(container_id, None)
        for rule in self.rules.values():
            if rule["agent_id"] == agent["id"] and rule["container_id"] == container_id:
                rule["status"] = "pending_deletion"

    def note(self, agent, kind, body):
        container = body.get("container") if isinstance(body.get("container"), dict) else {}
        self.events.append({"time": time.time(), "agent_id": agent["id"], "type": kind,
                            "container": container.get("name"),
                            "container_id": container.get("id")})
        del self.events[:-5000]

    # -- decommissioning ----------------------------------------------------------------------

    def start_decommission(self, agent_id):
        with self.lock:
            agent = self.agents[agent_id]
            operation = {"operation_id": str(uuid.uuid4()), "agent_id": agent_id,
                         "state": "waiting_for_prepare", "acknowledged": [], "acks": []}
            operation["command"] = self.durable("prepare_decommission", operation)
            operation["command"]["expected_tunnel_id"] = agent["assigned_tunnel_id"]
            operation["command"]["created_at"] = now_iso()
            self.operations[operation["operation_id"]] = operation
            agent["decommission"] = operation["operation_id"]
            return copy.deepcopy(operation)

    @staticmethod
    def durable(action, operation):
        return {"action": action, "protocol_version": 1,
                "operation_id": operation["operation_id"], "command_id": str(uuid.uuid4()),
                "requested_self_action": "stop"}

    def acknowledge(self, key, agent_id, operation_id, body):
        with self.lock:
            operation = self.operations.get(operation_id)
            if not isinstance(body, dict):
                raise Refusal(400, "invalid_payload")
            if agent_id not in self.agents:
                done = operation and body.get("command_id") in operation["acknowledged"]
                if key in self.keys and done and operation["agent_id"] == agent_id:
                    return self.answer(200, "acknowledged")
                raise Refusal(403, "agent_key_mismatch")
            agent = self.check_agent(key, agent_id, Refusal(403, "agent_key_mismatch"))
            if agent["protocol"] == 2 and body.get("agent_session_id") != agent["session"]:
                raise Refusal(409, "registration_required")
            if operation is None:
                raise Refusal(404, "operation_not_found")
            operation["acks"].append(body)
            if body.get("command_id") in operation["acknowledged"]:
                return self.answer(200, "acknowledged")
            self.check_ack(operation, body)
            self.advance(operation, agent, body)
            return self.answer(200, "acknowledged")

    @staticmethod
    def check_ack(operation, body):
        if not body.get("command_id"):
            raise Refusal(400, "invalid_payload")
        if body["command_id"] != (operation["command"] or {}).get("command_id"):
            raise Refusal(409, "stale_command")
        if body.get("operation_id") != operation["operation_id"]:
            raise Refusal(409, "stale_operation")
        if body.get("self_stop_capability") not in ("supported", "manual"):
            raise Refusal(400, "invalid_payload")

    def advance(self, operation, agent, body):
        phase = body.get("phase")
        if phase == "prepared" and operation["command"]["action"] == "prepare_decommission":
            if (body.get("tombstone_persisted") is not True
                    or body.get("tunnel_container") not in ("stopped", "absent")):
                operation["state"] = "prepare_failed"
                raise Refusal(409, str(body.get("error_code") or "prepare_failed")[:64])
            if not IMAGE_REFERENCE.fullmatch(str(body.get("cloudflared_image"))):
                raise Refusal(400, "invalid_image_reference")
            operation["acknowledged"].append(body["command_id"])
            operation["state"] = "waiting_for_finalize"
            operation["command"] = self.durable("finalize_decommission", operation)
            for name in [n for n, r in self.rules.items() if r["agent_id"] == agent["id"]]:
                del self.rules[name]
        elif phase == "shutdown_scheduled" and operation["state"] == "waiting_for_finalize":
            operation["acknowledged"].append(body["command_id"])
            operation.update({"state": "completed", "command": None})
            for info in self.keys.values():
                if info["bound"] == agent["id"]:
                    info["status"] = "revoked"
            del self.agents[agent["id"]]
        else:
            raise Refusal(400, "invalid_ack_phase")

    # -- the Cloudflare helper ----------------------------------------------------------------

    def accounts(self, key):
        with self.lock:
            self.check_key(key)
            return 200, {"success": True, "result": [{"id": "a" * 32, "name": "first"},
                                                     {"id": "b" * 32, "name": "second"}]}

    def configure(self, key, account, tunnel_id, body):
        with self.lock:
            self.check_key(key)
            self.configurations.append({"time": time.time(), "account": account,
                                        "tunnel_id": tunnel_id, "body": body})
            return 200, {"success": True, "result": {}}

    # -- what tests and people do -------------------------------------------------------------

    def agent_id_or_latest(self, agent_id=None):
        with self.lock:
            chosen = agent_id or self.latest
            if chosen not in self.agents:
                raise Refusal(404, "agent_not_found")
            return chosen

    def queue(self, agent_id, commands):
        with self.lock:
            self.agents[agent_id]["commands"].extend(commands)

    def enrol(self, agent_id, tunnel_name, tunnel_id, token, queue=True):
        with self.lock:
            self.agents[agent_id].update({
                "status": "enrolled", "assigned_tunnel_name": tunnel_name,
                "assigned_tunnel_id": tunnel_id, "assigned_tunnel_token": token})
            if queue:
                self.queue(agent_id, [{"action": "start_tunnel", "tunnel_name": tunnel_name,
                                       "tunnel_id": tunnel_id, "token": token}])

    def reset(self, keep_bindings=False, new_ids=False):
        """Forgets the agents, as a master does that lost its state."""
        with self.lock:
            self.agents.clear()
            self.rules.clear()
            self.operations.clear()
            self.latest = None
            self.new_ids = new_ids
            for info in self.keys.values():
                info["bound"] = info["bound"] if keep_bindings else None

    def set_key(self, key, status="active", bound=None):
        with self.lock:
            self.keys[key] = {"status": status, "bound": bound}

    def revoke(self, key=None):
        with self.lock:
            for name, info in self.keys.items():
                if key is None or name == key:
                    info["status"] = "revoked"

    def forget_sessions(self):
        """As a newer master does that was restored from a backup: sessions are unknown."""
        with self.lock:
            for agent in self.agents.values():
                agent["session"] = secrets.token_urlsafe(32)

    def state(self):
        """All of it, without a key or a token."""
        with self.lock:
            agents = copy.deepcopy(self.agents)
            for agent in agents.values():
                agent["api_key"] = "(hidden)"
                if agent["assigned_tunnel_token"]:
                    agent["assigned_tunnel_token"] = "(hidden)"
                agent["commands"] = [self.shown_command(c) for c in agent["commands"]]
            return {"protocol": self.protocol, "latest": self.latest, "agents": agents,
                    "rules": copy.deepcopy(self.rules), "events": list(self.events),
                    "operations": copy.deepcopy(self.operations),
                    "configurations": copy.deepcopy(self.configurations),
                    "keys": [dict(info) for info in self.keys.values()]}

    @staticmethod
    def shown_command(command):
        if not isinstance(command, dict):
            return {"action": "(not an object)"}
        return {name: "(hidden)" if "token" in name else value
                for name, value in command.items() if isinstance(name, str)}
