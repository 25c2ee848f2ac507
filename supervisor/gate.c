/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor of docker-gate: the same as dockflare-agent's, with another table of workers. */
#include "supervisor/supervisor.h"

const enum program supervisor_program = PROGRAM_GATE;
