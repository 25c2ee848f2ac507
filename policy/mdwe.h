/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that confines itself.  Newer than Debian 12's headers; since Linux 6.3 (prctl(2)). */
#ifndef POLICY_MDWE_H
#define POLICY_MDWE_H

#include <sys/prctl.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

#endif
