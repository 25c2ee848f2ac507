# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the host: its disk."""

import os

from fault import Fault


def bad_command(case):
    """It is journalled, then refused: nothing runs for it."""
    case.master.command("start_tunnel", tunnel_name="a", tunnel_id="b", token="not-a-token")


def read_only(case):
    os.chmod(case.agent.data, 0o500)
    bad_command(case)


def writable(case):
    os.chmod(case.agent.data, 0o700)


def mode_of_data(case):
    mode = os.stat(case.agent.data).st_mode & 0o7777
    return "mode %04o" % mode if mode == 0o500 else None


# A data folder of its own, of a few pages.
SMALL = ('mount -t tmpfs -o size=64k,uid=65532,gid=65532,mode=0700 none "$1" && shift && '
         'exec "$@"')


def small_disk(case):
    case.agent.before = ["unshare", "--mount", "sh", "-c", SMALL, "sh", case.agent.data]


def filler(case):
    return "/proc/%d/root%s/filler" % (case.agent.pid, case.agent.data)


def fill_disk(case):
    with open(filler(case), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    bad_command(case)


def disk_is_full(case):
    status = os.statvfs(os.path.dirname(filler(case)))
    return None if status.f_bavail else "no block free"


def empty_disk(case):
    os.unlink(filler(case))


ROWS = [
    Fault("disk full", fill_disk, disk_is_full, empty_disk, prepare=small_disk, seconds=4,
          said=r"can't be saved: No space left", over=r"journal.json is saved again"),
    Fault("data folder read-only", read_only, mode_of_data, writable, seconds=4,
          said=r"can't be saved: ", over=r"journal.json is saved again"),
]
