# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults, one table: what each row is, fault.py says."""

import clock_rows
import container_rows
import docker_rows
import host_rows
import master_rows
import worker_rows

FAULTS = [*docker_rows.ROWS, *master_rows.ROWS, *worker_rows.ROWS, *host_rows.ROWS,
          *clock_rows.ROWS, *container_rows.ROWS]
