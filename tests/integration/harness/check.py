# SPDX-License-Identifier: GPL-3.0-or-later
"""`dockflare-agent --check --online` of an agent that need not run, and what it found."""

import collections
import os
import re
import subprocess

from .agent import START, traced

LINE = re.compile(r"^(ok|warning|wrong) +(C\d{3})  ([a-z]+) +(.*)$")
LAST = re.compile(r"^(\d+) wrong, (\d+) warnings?, (\d+) ok$")

Finding = collections.namedtuple("Finding", "verdict id subject text")


class Check:
    """The exit status, the findings, all of stdout and of stderr."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        lines = out.splitlines()
        self.findings = [Finding(*found.groups()) for line in lines if (found := LINE.match(line))]
        self.counts = LAST.match(lines[-1]) if lines else None
        # Nothing else is on stdout, and the last line has counted.
        assert len(self.findings) == len(lines) - 1 and self.counts, out + err
        for number, verdict in enumerate(("wrong", "warning", "ok"), 1):
            assert int(self.counts[number]) == len(self.with_verdict(verdict)), out

    def with_verdict(self, verdict):
        return [finding for finding in self.findings if finding.verdict == verdict]

    def of(self, finding_id):
        return [finding for finding in self.findings if finding.id == finding_id]

    def all_ok(self):
        return self.code == 0 and len(self.with_verdict("ok")) == len(self.findings)


def command(agent):
    before = START[agent.mode]
    if agent.groups:
        before = [word for word in before if word != "--clear-groups"] + ["--groups", agent.groups]
    return [*agent.before, *traced(), *before, agent.program, "--check", "--online"]


def run(agent, seconds=40):
    """Natively, with the agent's own environment and folders."""
    done = subprocess.run(command(agent), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=seconds, check=False,
                          env={"PATH": "/usr/bin:/bin", **agent.environment})
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    with open(os.path.join(agent.folder, "check.log"), "a", encoding="utf-8") as file:
        file.write(out + err)
    return Check(done.returncode, out, err)
