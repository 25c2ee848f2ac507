# SPDX-License-Identifier: GPL-3.0-or-later
"""Run last: no secret that any test used is in any output of the whole suite."""

import os

from harness import secret

# Everything that is written down but the agents' own state and secret files.
LOGS = (".log", ".json")


def outputs(folder):
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "data"]
        for name in names:
            path = os.path.join(where, name)
            if name.endswith(LOGS) and os.path.isfile(path):
                yield path


def test_no_secret_is_in_any_output(output):
    found, looked = [], 0
    for path in outputs(output):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        looked += 1
        kinds = secret.found_in(text)
        if kinds:
            found.append("%s: %s" % (os.path.relpath(path, output), ", ".join(kinds)))
    print("%d secrets looked for in %d files" % (len(secret.ALL), looked))
    assert not found, "\n".join(found)


def test_the_search_finds_what_is_there(tmp_path):
    """The control run: a secret in a log is found."""
    hidden = secret.fresh("control secret")
    (tmp_path / "agent.log").write_text("key=" + hidden)
    (tmp_path / "other.log").write_text("nothing")
    paths = sorted(outputs(str(tmp_path)))
    assert [os.path.basename(path) for path in paths] == ["agent.log", "other.log"]
    assert secret.found_in((tmp_path / "agent.log").read_text()) == ["control secret"]
    assert secret.found_in("nothing") == []
