# SPDX-License-Identifier: GPL-3.0-or-later
"""Two minutes of ./dev soak, without a tunnel: that one is on the real engine, and there is one."""

import os
import subprocess
import sys

import pytest

TESTS = os.path.join(os.path.dirname(__file__), "..")
SOAK = os.path.join(TESTS, "soak")
MINUTES = "2"
SEED = "1"


@pytest.mark.parametrize("mode, protocol", [("distinct", "2")])
def test_two_minutes_of_faults(prefix, folder, mode, protocol):
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(SOAK, "soak.py"), prefix, MINUTES, "--seed", SEED,
         "--mode", mode, "--protocol", protocol, "--verbose", "--output", folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(
            (os.path.dirname(__file__), os.path.join(TESTS, "faults"), SOAK))},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    text = done.stdout.decode("utf-8", "replace")
    print(text)
    assert done.returncode == 0, text
