/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  What gate-engine's have in common: rules, tokens, inspect answers. */
#ifndef TESTS_UNIT_GATE_H
#define TESTS_UNIT_GATE_H

#include "tests/unit/unit.h"
#include "workers/gate-engine/order.h"

/* {"a":"acc1","t":"tun1","s":"c2VjcmV0"} */
#define GATE_TOKEN "eyJhIjoiYWNjMSIsInQiOiJ0dW4xIiwicyI6ImMyVmpjbVYwIn0="

static inline struct gate_rules
gate_rules_of(void)
{
	struct gate_rules rules = { .network = "cf-net", .memory_mib = 256 };

	assert_true(images_read("cloudflare/cloudflared:2025.9.0",
	    "cloudflare/cloudflared:2025.2.1,reg.example:5000/cf@sha256:ab", &rules.images));
	return rules;
}

#endif
