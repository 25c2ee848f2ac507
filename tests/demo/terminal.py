# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal's text as a picture: lines with ANSI colours become an SVG."""
import re
import unicodedata
from xml.sax.saxutils import escape

# On a dark ground, as most terminals have it.
COLOURS = {"31": "#ff7b72", "32": "#56d364", "33": "#e3b341"}
GROUND, INK, PROMPT = "#0d1117", "#c9d1d9", "#8b949e"
SIZE, ADVANCE, LEADING, MARGIN = 14, 8.43, 20, 16
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")


def pieces(line):
    """(text, colour or None), in order."""
    found, colour, at = [], None, 0
    for match in SEQUENCE.finditer(line):
        found.append((line[at:match.start()], colour))
        colour, at = COLOURS.get(match[1]), match.end()
    found.append((line[at:], colour))
    return [(text, ink) for text, ink in found if text]


def columns(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def span(text, colour):
    ink = f' fill="{colour}"' if colour else ""
    return f"<tspan{ink}>{escape(text)}</tspan>"


def svg(command, text):
    """The picture of `command` and what it printed.  Other control sequences are an error."""
    lines = [[("$ ", PROMPT), (command, None)]] + [pieces(line) for line in text.splitlines()]
    if "\x1b" in "".join(piece for line in lines for piece, _ in line):
        raise ValueError("a sequence that is no colour")
    widths = [columns("".join(piece for piece, _ in line)) for line in lines]
    width = round(max(widths) * ADVANCE + 2 * MARGIN)
    height = len(lines) * LEADING + 2 * MARGIN
    rows = []
    for number, (line, columns_of_it) in enumerate(zip(lines, widths)):
        if columns_of_it:
            rows.append(f'<text x="{MARGIN}" y="{MARGIN + number * LEADING + SIZE}" '
                        f'textLength="{columns_of_it * ADVANCE:.1f}" xml:space="preserve">'
                        + "".join(span(*piece) for piece in line) + "</text>")
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(command)}">',
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later; made by ./dev pictures -->",
        f'<rect width="{width}" height="{height}" rx="8" fill="{GROUND}"/>',
        f'<g font-family="{FONTS}" font-size="{SIZE}" fill="{INK}">', *rows, "</g>", "</svg>", ""))
