/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  Whether rules.c has rows for each file rule of the policies. */
#ifndef TESTS_ESCAPE_RULES_H
#define TESTS_ESCAPE_RULES_H

/* The path of a file rule that no row is about, or NULL. */
const char *rule_not_tried(void);

#endif
