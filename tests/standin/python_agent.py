#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Python DockFlare Agent, for the tests of moving from it and back.

Written from what is known of its contract, not from its source: it registers, keeps `agent_id.txt` and
`tunnel_state.json` on its volume, obeys start_tunnel by making the tunnel's container as that agent
does, and leaves a container alone that runs when it starts.  Like that agent it has no handler for
SIGTERM.  It speaks protocol 1.
"""

import http.client
import json
import os
import sys
import time
import urllib.request
from urllib.parse import urlsplit

DATA = "/app/data"
NAME = "dockflare-agent-tunnel"


def say(text):
    print(text, flush=True)


def read(name):
    try:
        with open(os.path.join(DATA, name), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def write(name, text):
    path = os.path.join(DATA, name)
    with open(path + ".new", "w", encoding="utf-8",
              opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
    os.replace(path + ".new", path)


def ask_master(method, path, body=None):
    request = urllib.request.Request(
        os.environ["DOCKFLARE_MASTER_URL"].rstrip("/") + "/api/v2/agents" + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["DOCKFLARE_API_KEY"],
                 "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


def ask_docker(method, path, body=None):
    place = urlsplit(os.environ["DOCKER_HOST"])
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    connection.request(method, path, None if body is None else json.dumps(body),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.strip() else None


def keep_tunnel(state):
    """Makes and starts the container, unless it runs."""
    status, found = ask_docker("GET", "/containers/%s/json" % NAME)
    if status == 200 and found["State"]["Running"]:
        say("the tunnel's container runs: left as it is")
        return
    if status == 200:
        ask_docker("DELETE", "/containers/%s?force=1" % NAME)
    status, made = ask_docker("POST", "/containers/create?name=" + NAME, {
        "Image": os.environ["CLOUDFLARED_IMAGE"], "Cmd": ["tunnel", "--no-autoupdate", "run"],
        "Env": ["TUNNEL_TOKEN=" + state["token"]],
        "HostConfig": {"NetworkMode": os.environ["CLOUDFLARED_NETWORK_NAME"],
                       "RestartPolicy": {"Name": "unless-stopped"}}})
    say("the tunnel's container is made: HTTP %d" % status)
    ask_docker("POST", "/containers/%s/start" % made["Id"])


def obey(command):
    if command["action"] != "start_tunnel":
        say("%s is not what this stand-in does" % command["action"])
        return
    state = {"token": command["token"], "id": command["tunnel_id"],
             "name": command["tunnel_name"], "desired_state": "running"}
    write("tunnel_state.json", json.dumps(state))
    keep_tunnel(state)


def main():
    agent_id, state = read("agent_id.txt"), json.loads(read("tunnel_state.json") or "{}")
    body = {"display_name": "python", "version": "1.0.0"}
    if agent_id:
        body["agent_id"] = agent_id
        say("known agent " + agent_id)
    agent_id = ask_master("POST", "/register", body)["agent_id"]
    write("agent_id.txt", agent_id)
    if state.get("desired_state") == "running":
        say("tunnel %s is to run" % state["name"])
        keep_tunnel(state)
    while True:
        for command in ask_master("GET", "/%s/commands" % agent_id)["commands"]:
            obey(command)
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
