# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents that wait most of the time wait side by side."""

import threading


def run_all(ones):
    """Each with an agent of its own, until all have ended; what is wrong with them."""
    threads = [threading.Thread(target=one.run) for one in ones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ones:
        one.close()
    return [what for one in ones for what in one.unhappy]
