# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests are made of: the stand-in master, proxies, agents, Docker."""
