#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that the agent's own texts are made of, as a table in C.

words.py SOURCE_FOLDER OUTPUT DEPENDENCIES: takes every string literal of the programs, and
agentctl/words.txt.  `report` shows of a text only these words, so that whatever else got into it
stays out.
"""
import glob
import os
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# As mask.c strips them.
STRIPPED = "\"'`()[]{}<>,.;:!?=|"


def words_of(text):
    for word in re.split(r"\s+", text):
        word = word.strip(STRIPPED)
        if word and len(word) <= 64 and re.fullmatch(r"[!-~]+", word) and not set(word) & set('%\\"'):
            yield word


def main():
    source, output, dependencies = sys.argv[1:]
    files = sorted(path for folder in ("agentctl", "common", "policy", "supervisor", "workers")
                   for path in glob.glob(os.path.join(source, folder, "**", "*.[ch]"), recursive=True))
    words = set()
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = COMMENT.sub("", file.read())
        for literal in LITERAL.findall(text):
            words.update(words_of(re.sub(r"\\.", " ", literal)))
    extra = os.path.join(source, "agentctl", "words.txt")
    with open(extra, encoding="utf-8") as file:
        words.update(word for line in file if not line.startswith("#") for word in words_of(line))
    with open(output, "w", encoding="ascii") as file:
        file.write("/* Made by words.py. */\n#include \"agentctl/mask.h\"\n\n")
        file.write("const char *const mask_words[] = {\n")
        for word in sorted(words):
            file.write('\t"%s",\n' % word.replace("\\", "\\\\"))
        file.write("};\nconst size_t mask_word_count = %d;\n" % len(words))
    with open(dependencies, "w", encoding="utf-8") as file:
        file.write("%s: %s\n" % (output, " ".join([*files, extra])))


main()
