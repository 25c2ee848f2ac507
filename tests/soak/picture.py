# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and descriptors of each process over time, as a picture (SVG)."""

WIDTH, HEIGHT, MARGIN = 900, 260, 50
POINTS = 300  # of a line: one for three pixels
COLOURS = {"supervisor": "#000000", "master-link": "#c0392b", "docker-watcher": "#2471a3",
           "tunnel-keeper": "#1e8449", "name-resolver": "#b9770e"}


def chart(samples, index, title, top):
    """One chart: a line for each process, drawn below `top`."""
    last = max(seconds for seconds, _ in samples) or 1
    most = max((values[index] for _, taken in samples for values in taken.values()), default=1)
    parts = ['<text x="%d" y="%d">%s, at most %d</text>' % (MARGIN, top + 16, title, most),
             '<path d="M%d %dV%dH%d" fill="none" stroke="#888"/>' % (
                 MARGIN, top + 24, top + HEIGHT, WIDTH - 10)]
    for name, colour in COLOURS.items():
        points = ["%.1f,%.1f" % (MARGIN + (WIDTH - MARGIN - 10) * seconds / last,
                                 top + HEIGHT - (HEIGHT - 30) * taken[name][index] / most)
                  for seconds, taken in samples if name in taken]
        parts.append('<polyline points="%s" fill="none" stroke="%s"/>' % (" ".join(points),
                                                                         colour))
    parts.append('<text x="%d" y="%d">0 to %d s</text>' % (MARGIN, top + HEIGHT + 16, last))
    return parts


def draw(path, samples, title):
    samples = samples[::max(1, len(samples) // POINTS)]
    height = 2 * HEIGHT + 110
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
             'font-family="sans-serif" font-size="12">' % (WIDTH, height),
             '<rect width="100%" height="100%" fill="white"/>',
             '<text x="%d" y="20" font-size="14">%s</text>' % (MARGIN, title)]
    for number, (name, colour) in enumerate(COLOURS.items()):
        parts.append('<text x="%d" y="38" fill="%s">%s</text>' % (MARGIN + 130 * number, colour,
                                                                 name))
    parts += chart(samples, 0, "memory (RSS), KiB", 45)
    parts += chart(samples, 1, "descriptors", 45 + HEIGHT + 30)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>"]) + "\n")
