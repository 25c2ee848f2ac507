/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What an answer to the check's one question comes to; pure, so that each row can be
 * tested.  The question is POST /{agent_id}/events with the body `{}`: a master looks at the key
 * first (401), then finds the body empty (400), and nothing is kept or changed, in both protocols.
 */
#ifndef MASTER_LINK_CHECK_JUDGE_H
#define MASTER_LINK_CHECK_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/finding.h"
#include "common/http.h"

#define CHECK_CLOCK_OFF_S 30
#define CHECK_CLOCK_WRONG_S 300
#define CHECK_CERTIFICATE_SOON_S (7 * 24 * 3600)

/* Why there is no answer (answer->error is not HTTP_OK). */
enum finding check_judge_failure(const struct http_answer *answer);

/*
 * What the answer's status says of key, Access and master.  `access`: a service token was sent;
 * `known`: the id is the agent's own, not a placeholder.
 */
enum finding check_judge_status(const struct http_answer *answer, bool access, bool known);

/* The clocks, from the answer's Date; FINDING_COUNT without one. */
enum finding check_judge_clock(const struct http_answer *answer, int64_t now_s);

#endif
