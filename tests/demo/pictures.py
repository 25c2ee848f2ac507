#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev pictures: makes docs/status.svg and docs/demo-page.png from a run of the demo's beginning."""
import os
import signal
import subprocess
import sys
import tempfile

import engine
import terminal
from demo import Story, interrupted, tell, until
from engine import LABEL, NETWORK, Failure, docker
from parts import SOURCE, TOOLS_IMAGE, start_service

DOCS = os.path.join(SOURCE, "docs")
MAX_BYTES = 100 * 1024
PAGE_SIZE = "1060,1056"
# It shows a page of this machine and asks nobody else for anything.
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
           "--hide-scrollbars", "--virtual-time-budget=4000", "--window-size=" + PAGE_SIZE)


def mistake(name, *labels, network=NETWORK):
    """A container with labels of which nothing comes."""
    words = [word for label in labels for word in ("--label", label)]
    docker("run", "-d", "--name", name, "--label", LABEL, "--network", network, "--stop-signal", "KILL",
           *words, TOOLS_IMAGE, "sleep", "3600")


class Pictures(Story):
    def tell_it(self, keep=False):
        self.prepare()
        start_service("demo-blog")
        mistake("demo-shop", "dockflare.enable=on", "dockflare.hostname=demo-shop.example.com",
                "dockflare.service=http://demo-shop:80")
        mistake("demo-wiki", "dockflare.enable=true", "dockflare.hostname=demo-wiki.example.com")
        self.start("standard")
        self.registered()
        self.tunnel_started_at_all()
        self.status()
        self.page()

    def tunnel_started_at_all(self):
        self.master.enrol(self.tunnel)
        until("the agent says that all is well", lambda: self.health() == "healthy" and (
            self.agent.status()["tunnel"]["ready_connections"] == 4))
        tell("all is well; waiting until the ages look like an agent that has been at work")
        until("every worker has been there for a while", self.settled, 40)

    def status(self):
        text = self.agent.control("status", "--color=always")
        self.keep("status.svg", terminal.svg("dockflare-agentctl status", text).encode())

    def page(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.png")
            subprocess.run([*BROWSER, "--user-data-dir=" + os.path.join(folder, "profile"),
                            "--screenshot=" + path, self.master.page], check=True, timeout=60,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(["pngquant", "--force", "--output", path, "--", path], check=True, timeout=60)
            with open(path, "rb") as file:
                self.keep("demo-page.png", file.read())

    def keep(self, name, content):
        if not 1000 < len(content) < MAX_BYTES:
            raise Failure(f"{name} would have {len(content)} bytes")
        with open(os.path.join(DOCS, name), "wb") as file:
            file.write(content)
        tell(f"docs/{name}: {len(content)} bytes")


def main():
    story, status = Pictures(), 1
    signal.signal(signal.SIGTERM, interrupted)
    try:
        story.tell_it()
        status = 0
    except Failure as failure:
        print(f"pictures: {failure}", file=sys.stderr)
        story.explain()
    finally:
        engine.remove_all()
    return status


sys.exit(main())
