/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that confines itself.  SANDBOX_LOG=true: a call that the filter denies is named on
 * stderr, so that it can be reported, and then ends the process as it would have without.
 */
#ifndef POLICY_DENIED_H
#define POLICY_DENIED_H

/* Catches SIGSYS.  Before the filter is loaded: the calls' names are looked up now. */
void denied_catch(void);

#endif
