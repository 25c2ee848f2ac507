# SPDX-License-Identifier: GPL-3.0-or-later
"""How much code is in a program: lines that are neither blank nor comment.

    lines.py PROGRAM     what the program links of this project, file by file, from its debug
                         information (so: what the linker took, not what a library offers)
"""
import os
import re
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
# Strings first, so that "/*" inside one is no comment.
TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*', re.S)


def code_lines(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    bare = TOKENS.sub(lambda found: found[0] if found[0][0] in "\"'" else
                      "\n" * found[0].count("\n"), text)
    return sum(1 for line in bare.splitlines() if line.strip())


def linked_sources(program):
    """The .c files of this project that ended up in the program, below TOP."""
    text = subprocess.run(["readelf", "--debug-dump=info", "--dwarf-depth=1", program],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          text=True).stdout
    names = re.findall(r"DW_AT_name\s+:(?: \([^)]*\):)? (\S+\.c)\s", text)
    return sorted({name.lstrip("./") for name in names
                   if os.path.exists(os.path.join(TOP, name.lstrip("./")))})


def folder_lines(folder):
    """Code in a folder, headers included."""
    paths = [os.path.join(TOP, folder, name) for name in sorted(os.listdir(os.path.join(TOP, folder)))
             if name.endswith((".c", ".h"))]
    return sum(code_lines(path) for path in paths)


def linked_lines(program):
    """Folder to lines of what the program links, without headers."""
    totals = {}
    for name in linked_sources(program):
        folder = os.path.dirname(name)
        totals[folder] = totals.get(folder, 0) + code_lines(os.path.join(TOP, name))
    return totals


def main(program):
    for name in linked_sources(program):
        print("%6d  %s" % (code_lines(os.path.join(TOP, name)), name))
    for folder, lines in linked_lines(program).items():
        print("%6d  %s/ in all, without headers" % (lines, folder))


if __name__ == "__main__":
    main(sys.argv[1])
