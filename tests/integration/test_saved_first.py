# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands are on disk before anything follows from them: one worker at a time, whose saves wait.

Whatever dies while a save is under way then finds the command again: the journal has it until the
desired state does.  The test plays the supervisor, and answers saves when it likes.
"""

import json

import pytest

from harness import wait
from harness.faulty_engine import FaultyEngine, json_answer
from harness.lone_worker import start_keeper, start_link

POLLS = 2  # so many go by while a save waits: one a second


@pytest.fixture
def stand_in():
    made = FaultyEngine()
    made.add("GET /v1.41/(networks|images)/", json_answer({"Id": "i"}))
    made.keep_apart()
    yield made
    made.close()


def held(worker, file):
    return [blob for name, blob in worker.held if name == file]


def test_a_command_is_handed_on_once_it_is_in_the_journal(workers, master, tunnel):
    link = start_link(workers, master.url, master.key)
    link.peer("name-resolver")
    keeper = link.peer("tunnel-keeper")
    master.wait_registered()
    link.hold_saves()
    master.start_tunnel(tunnel)
    entry = json.loads(wait.until("the journal is to be saved",
                                  lambda: held(link, "journal.json"))[0])["entries"][0]
    # master-link goes on meanwhile: it is the entry that waits, not the worker.
    master.set_mark()
    master.wait_requests("/commands", POLLS)
    assert keeper.messages("command") == [], "handed on before the journal had it"
    link.answer_saves()
    assert keeper.wait("command")["id"] == entry["id"]


def test_a_command_is_answered_and_done_once_the_state_has_it(workers, stand_in, tunnel):
    keeper = start_keeper(workers, stand_in.host)
    keeper.peer("name-resolver")
    link = keeper.peer("master-link")
    wait.until("it looks at its container", lambda: [
        line for line in stand_in.seen if "/json" in line])
    keeper.hold_saves()
    link.send({"type": "command", "id": "c1", "action": "start", "tunnel_id": tunnel.id,
               "tunnel_name": tunnel.name, "token": tunnel.token})
    wait.until("the state is to be saved", lambda: held(keeper, "tunnel_state.json"))
    # It looks again at once, and does nothing about what it sees.
    wait.stays("not answered while the save waits", lambda: not link.messages("command-done"), 1)
    assert not [line for line in stand_in.seen if line.startswith("POST ")]
    keeper.answer_saves()
    assert link.wait("command-done")["id"] == "c1"
    wait.until("it is carried out", lambda: [
        line for line in stand_in.seen if line.startswith("POST ")])
