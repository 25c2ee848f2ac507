/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The engine's short answers as plain structs: what it is, the id of something, a
 * line of a pull.
 */
#ifndef GATE_ENGINE_SAID_H
#define GATE_ENGINE_SAID_H

#include "common/json_check.h"
#include "common/message.h"

#define SAID_NAME_BYTES 64

/* GET /version. */
struct said_about {
	char version[SAID_NAME_BYTES + 1];
	char os[33];
	char arch[33];
};

/* 0 or -EBADMSG, -ENOMEM. */
int said_about(struct slice answer, struct said_about *ret_about);

/* The "Id" of an answer: 64 hexadecimal digits, maybe behind "sha256:".  0 or -EBADMSG, -ENOMEM. */
int said_id(struct slice answer, char ret_id[CONTAINER_ID_BYTES + 1]);

/* A line of POST /images/create, printable. */
struct said_progress {
	char text[GATE_TEXT_MAX_BYTES + 1];
	char layer[SAID_NAME_BYTES + 1]; /* "": none */
	char error[GATE_TEXT_MAX_BYTES + 1];
	int64_t current;
	int64_t total;
};

/* 0 or -EBADMSG, -ENOMEM. */
int said_progress(struct slice text, struct said_progress *ret_progress);

#endif
