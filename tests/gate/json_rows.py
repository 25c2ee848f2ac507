# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that are no JSON, or JSON of a form that two readers may read in two ways."""

import gzip

from request import TEXT, create, padded, replaced, set_in
from row import MALFORMED, Row, Said, refused, through

INVALID = "invalid"


def text(name, value, says="", engine=refused(MALFORMED, INVALID), why="no JSON", status=400, **more):
    return Row("JSON: " + name, "tunnel", create(value, **more), gate=(Said(status, says),),
               engine=engine, absent=True, why=why)


ROWS = [
    text("empty", "", engine=refused(MALFORMED, "EOF"), why="nothing"),
    text("a blank", " ", engine=refused(MALFORMED, "EOF"), why="nothing"),
    text("cut", TEXT[:-20], engine=refused(MALFORMED, "EOF"), why="cut"),
    text("cut in a text", TEXT[:40], engine=refused(MALFORMED, "EOF"), why="cut"),
    text("null", "null", engine=refused(400, "Config cannot be empty"), why="nothing"),
    text("an array", "[%s]" % TEXT, engine=refused(MALFORMED, "array"), why="no object"),
    text("a text", '"x"', engine=refused(MALFORMED, "string"), why="no object"),
    text("a number", "5", engine=refused(MALFORMED, "number"), why="no object"),
    text("true", "true", engine=refused(MALFORMED, "bool"), why="no object"),
    text("two bodies", TEXT + '{"HostConfig": {"Binds": ["/:/host"]}}', engine=through(),
         why="the first is enough"),
    text("garbage behind it", TEXT + "xyz", engine=through(), why="the first is enough"),
    text("a NUL behind it", TEXT.encode() + b"\0", engine=through(), why="the first is enough"),
    text("a BOM before it", b"\xef\xbb\xbf" + TEXT.encode()),
    text("UTF-16", TEXT.encode("utf-16")),
    text("a NUL in a text", replaced("unless-stopped", "unless\0stopped").encode()),
    text("an escaped NUL in a text", replaced("cmd-1", "cmd\\u00001"), engine=through(),
         why="a text as any"),
    text("a line's end in a text", replaced("cmd-1", "cmd\n1")),
    text("bytes that are no UTF-8", replaced("cmd-1", "cmd-@").encode().replace(b"@", b"\xff"),
         engine=through(), why="replaced by U+FFFD"),
    text("an overlong /", replaced("cmd-1", "cmd-@").encode().replace(b"@", b"\xc0\xaf"),
         engine=through(), why="replaced by U+FFFD"),
    text("a surrogate in UTF-8", replaced("cmd-1", "cmd-@").encode().replace(b"@", b"\xed\xa0\x80"),
         engine=through(), why="replaced by U+FFFD"),
    text("a lone surrogate, escaped", replaced("cmd-1", "cmd-\\ud800"), engine=through(),
         why="replaced by U+FFFD"),
    text("an escape that is none", replaced("cmd-1", "cmd-\\x41")),
    text("a comment", replaced('{"Image"', '{/* x */"Image"')),
    text("a comment at the end", TEXT + "\n// end", engine=through(), why="the first is enough"),
    text("single quotes", TEXT.replace('"', "'")),
    text("a comma too many", replaced('"unless-stopped"}', '"unless-stopped",}')),
    text("a key without quotes", replaced('"Image"', "Image")),
    text("NaN", replaced("true", "NaN")),
    text("Infinity", replaced("true", "Infinity")),
    text("True", replaced("true", "True")),
    text("a number of 400 digits", replaced("true", "true, \"OomScoreAdj\": " + "9" * 400),
         engine=refused(MALFORMED, "number"), why="no int"),
    text("a number of 1e400", replaced("true", "true, \"Memory\": 1e400"),
         engine=refused(MALFORMED, "number"), why="no int"),
    text("a number with a leading zero", replaced("true", "true, \"Memory\": 0123")),
    text("a hexadecimal number", replaced("true", "true, \"Memory\": 0x10")),
    text("+1", replaced("true", "true, \"Memory\": +1")),
    text("100 deep", replaced("true", "true, \"x\": " + "[" * 100 + "]" * 100), engine=through(),
         why="no field: ignored"),
    text("8,000 deep", replaced("true", "true, \"x\": " + "[" * 8000), engine=refused(MALFORMED, INVALID),
         why="cut"),
    text("16 KiB and 1", padded(16384 + 1), engine=through(), status=413,
         why="no limit at so little"),
    text("1 MiB", padded(1048576), engine=through(), status=413,
         why="no limit at so little"),
    text("a text of 15,000 bytes", set_in("Labels", "dockflare.agent.owner", "x" * 15000),
         engine=through(), why="a text as any"),
    text("gzip", gzip.compress(TEXT.encode(), mtime=0), headers=("Content-Encoding: gzip",),
         why="not unpacked", status=415),
    text("said to be gzip, and plain", TEXT, headers=("Content-Encoding: gzip",), engine=through(),
         why="the header is not looked at", status=415),
    text("text/plain", TEXT, kind="text/plain", engine=refused((400, 415), "Content-Type"),
         why="not JSON by its type", status=415),
    text("a form", "Image=<image>", kind="application/x-www-form-urlencoded",
         engine=refused((400, 415), "Content-Type"), why="not JSON by its type", status=415),
    text("a multipart form", "--b\r\n\r\n%s\r\n--b--\r\n" % TEXT,
         kind="multipart/form-data; boundary=b", engine=refused((400, 415), "Content-Type"),
         why="not JSON by its type", status=415),
]
