# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests."""


def pytest_configure(config):
    config.addinivalue_line("markers", "master(*options, protocol): the stand-in master's options")
    config.addinivalue_line("markers", "slow: waits for a time-out that can't be shortened")
