# SPDX-License-Identifier: GPL-3.0-or-later
"""All rows, and what is seen when one of them is asked."""

import json

import ask
import body_rows
import framing_rows
import host_config_rows
import json_rows
import path_rows

BODIES = [*host_config_rows.ROWS, *body_rows.ROWS, *json_rows.ROWS]
PATHS = [*path_rows.ROWS, *framing_rows.ROWS]
# Those without the tunnel's container first: it comes and goes once.
ROWS = sorted([*BODIES, *PATHS], key=lambda row: not row.absent)


def differs(said, answers):
    """What of the answers is not what was to be said, as a text, or None."""
    if len(said) != len(answers) or any(answer.status not in one.statuses
                                        for one, answer in zip(said, answers)):
        return "answered %s, not %s" % (told(answers), " ".join(one.text() for one in said) or "-")
    for one, answer in zip(said, answers):
        if one.says.lower().encode() not in answer.body.lower():
            return "answered %s, without %r" % (told(answers), one.says)
    return None


def told(answers, most=160):
    """The answers in short: their statuses, and what a refusal says."""
    return " ".join("%d%s" % (one.status, "" if one.status < 400 else " " + one.body[:most].decode(
        "utf-8", "replace").strip()) for one in answers) or "-"


def statuses(answers):
    return " ".join(str(one.status) for one in answers) or "-"


def not_docker_form(answer):
    """What of a refusal is not the Docker API's error form, or None."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return "no JSON: %r" % answer.body[:100]
    if list(body) != ["message"] or not isinstance(body["message"], str) or not body["message"]:
        return "not {\"message\": …}: %r" % answer.body[:100]
    if answer.header("Content-Type") != "application/json":
        return "its type is %r" % answer.header("Content-Type")
    return None


def ask_row(row, world, address):
    """The answers, all being as it was before."""
    world.mend(row.absent)
    return ask.ask(address, row.bytes(world), row.idle)


