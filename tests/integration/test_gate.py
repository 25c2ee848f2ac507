# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests/gate: each request sent to a real engine itself, through tecnativa's rules, and
through docker-gate; and what no table can hold: clients and engines that misbehave, Debian's docker
command, and the container that comes out of it.

The engine is one of the tests' own, on which nothing happens but what they do.  `./dev test gate`
prints the table.  TEST_GATE, an expression, chooses rows by their whole name.
"""

import os
import re
import secrets
import sys

import pytest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "gate"))
import column  # noqa: E402
import table  # noqa: E402
import world as worlds  # noqa: E402
from harness import docker, proxies  # noqa: E402
from harness.gate import Gate  # noqa: E402
from harness.own_engine import OwnEngine  # noqa: E402

ROWS = [row for row in table.ROWS if re.fullmatch(os.environ.get("TEST_GATE", ".*"), row.name)]
if not ROWS:
    raise RuntimeError("no row's name matches TEST_GATE")


@pytest.fixture(scope="module")
def own(output):
    docker.build_pause_image()
    made = OwnEngine(os.path.join(output, "dockerd-%s.log" % secrets.token_hex(3)),
                     images=(docker.PAUSE_IMAGE,))
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(own):
    return worlds.World(own)


@pytest.fixture
def make_gate(prefix, folder, world):
    """make_gate(mode, **settings): a gate that is ready."""
    made = []

    def make(mode="shared", **settings):
        given = {"CLOUDFLARED_IMAGE": worlds.IMAGE, "CLOUDFLARED_NETWORK_NAME": worlds.NETWORK,
                 "GATE_CREATES_A_MINUTE": "3600", **settings}
        made.append(Gate(prefix, os.path.join(folder, "gate-%d" % len(made)), mode,
                         socket_path=world.socket, **given).start())
        return made[-1]

    yield make
    for gate in made:
        gate.close()


@pytest.fixture(scope="module")
def seen():
    """Column to row to what it answered."""
    return {"engine": {}, "tecnativa": {}, "gate": {}}


@pytest.fixture
def show(capsys):
    def lines(*rows):
        with capsys.disabled():
            print("", *rows, sep="\n", flush=True)

    return lines


# -- the table ------------------------------------------------------------------------------------

def test_each_row_is_what_the_engine_itself_would_do(world, seen):
    seen["engine"], unhappy = column.ask_engine(ROWS, world)
    assert not unhappy, "\n".join(unhappy)


def test_tecnativas_rules_as_control(world, seen, output):
    """A proxy that looks at the beginning of a path lets through what its section holds."""
    proxy = proxies.Proxy("tecnativa", output, socket_path=world.socket)
    try:
        seen["tecnativa"] = column.ask_proxy(ROWS, world, proxy)
    finally:
        proxy.close()
    differ = [row.name for row in ROWS if row in table.BODIES and column.is_done(
        seen["engine"].get(row, "400")) and not column.is_done(seen["tecnativa"][row])]
    assert not differ, "its rules do not look at bodies, and yet refuse %s" % differ


def test_the_gate_refuses_each_row_and_does_nothing(world, seen, make_gate, show):
    seen["gate"], unhappy = column.ask_gate(ROWS, world, make_gate)
    show(*column.told(ROWS, seen))
    assert not unhappy, "\n".join(unhappy)
