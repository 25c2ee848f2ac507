/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor of dockflare-agent: the same as docker-gate's, with another table of workers. */
#include "supervisor/supervisor.h"

const enum program supervisor_program = PROGRAM_AGENT;
