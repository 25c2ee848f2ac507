# SPDX-License-Identifier: GPL-3.0-or-later
"""The table asked of the engine itself, of a proxy, and of the gate: a column for each."""

import ask
import all_rows
from harness import secret, wait

# Fewer than a gate logs at once before it only counts: each refusal must have its line.
REFUSALS_A_GATE = 18
REFUSED_LINE = r"refused: (?!\d+ more)"


def ask_engine(rows, world):
    """What the engine answers, and what of it is not as the rows say."""
    seen, unhappy = {}, []
    for row in rows:
        answers = all_rows.ask_row(row, world, world.socket)
        seen[row] = all_rows.statuses(answers)
        wrong = all_rows.differs(row.engine, answers)
        if wrong:
            unhappy.append("%s: the engine %s" % (row.name, wrong))
    return seen, unhappy


def ask_proxy(rows, world, proxy):
    return {row: all_rows.statuses(all_rows.ask_row(row, world, ("127.0.0.1", proxy.port)))
            for row in rows}


def groups_of(rows):
    """Rows that one gate is asked."""
    group, refusals = [], {"read": 0, "tunnel": 0}
    for row in rows:
        if refusals[row.endpoint] + max(1, row.refusals()) > REFUSALS_A_GATE:
            yield group
            group, refusals = [], {"read": 0, "tunnel": 0}
        group.append(row)
        refusals[row.endpoint] += max(1, row.refusals())
    if group:
        yield group


def ask_gate(rows, world, make_gate):
    """As ask_engine; and what a gate has to do besides with each row, see judge()."""
    seen, unhappy = {}, []
    for number, group in enumerate(groups_of(rows)):
        gate = make_gate(("shared", "distinct")[number % 2])
        try:
            said = None
            for row in group:
                seen[row], wrong, said = judge(row, world, gate, said)
                unhappy += ["%s: %s" % (row.name, one) for one in wrong]
            gate.stop()
        finally:
            gate.close()
        due, found = sum(row.refusals() for row in group), gate.log.count(REFUSED_LINE)
        if due != found:
            unhappy.append("%d lines of refusals, not %d, of: %s" % (
                found, due, ", ".join(row.name for row in group)))
        told = secret.found_in(gate.log.text())
        if told:
            unhappy.append("the log of %s has %s" % ([row.name for row in group], told))
    return seen, unhappy


def judge(row, world, gate, last_said):
    """(the statuses, what is wrong, what was refused): the answers, their form, the log, the engine,
    and secrets."""
    wrong, before = [], world.mend(row.absent)
    events, mark, data = len(world.happened), gate.mark(), row.bytes(world)
    answers = ask.ask(gate.address(row.endpoint), data, row.idle)
    wrong.append(all_rows.differs(row.gate, answers))
    if not row.own and not row.is_head():
        wrong += [all_rows.not_docker_form(one) for one in answers if one.status >= 400]
    wrong += ["an answer has %s" % secret.ALL[hidden] for hidden in world.hidden
              if any(hidden.encode() in one.body for one in answers)]
    said = (row.endpoint, data.split(b"\r\n")[0].split(b"?")[0].split(b" ")[:2],
            [one.body for one in answers])
    if row.refusals() and not is_logged(gate, mark, said == last_said):
        wrong.append("no line of the gate's log tells of it")
    # What a row may do, the tests of the container look at; all others do nothing.
    if not any(one.statuses[0] in (201, 204) for one in row.gate):
        wrong.append(None if world.look() == before else "the engine is not as it was")
        if world.happened[events:]:
            wrong.append("Docker tells of %s" % world.happened[events:])
    return all_rows.statuses(answers), [one for one in wrong if one], said


def is_logged(gate, mark, again):
    """Whether a line tells of a refusal; the same `again` is only counted, and told of later."""
    try:
        return again or bool(wait.until("its line", lambda: gate.log.find(REFUSED_LINE, mark), 2))
    except AssertionError:
        return False


# -- what is printed --------------------------------------------------------------------------------

LINE = "%-62s %-12s %-12s %-12s %s"


def told(rows, seen):
    """Lines: each row's three outcomes, and how many got through what."""
    columns = ("engine", "tecnativa", "gate")
    lines = [LINE % ("request", *columns, "what the engine has against it")]
    for row in rows:
        lines.append(LINE % (row.name[:62], *[seen[column].get(row, "") for column in columns],
                             row.why))
    lines.append("")
    for kind, some in (("bodies", [r for r in rows if r in all_rows.BODIES]),
                       ("paths and framings", [r for r in rows if r in all_rows.PATHS])):
        done = {column: sum(is_done(seen[column].get(row, "400")) for row in some)
                for column in columns}
        lines.append("%d %s: %s" % (len(some), kind, ", ".join(
            "%s carries out %d" % (column, done[column]) for column in columns)))
    return lines


def is_done(statuses):
    """Whether all that was asked for was done."""
    return all(one.isdigit() and int(one) < 300 or one == "304" for one in statuses.split())
