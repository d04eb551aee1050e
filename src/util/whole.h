/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctr can be two programs (doc/ARCHITECTURE.md, "Two programs"): a small static one, which starts in no time and does what is
 * asked most, and the whole of it. Code that needs what only the whole has says so before it has changed anything;
 * the small program (src/front) then becomes the whole one, which begins at the beginning. The whole one goes on.
 */
#ifndef CTR_UTIL_WHOLE_H
#define CTR_UTIL_WHOLE_H

#include "util/err.h"

/*
 * Go on in the whole program: 0 there. In the small one this returns only when the other cannot be
 * executed: -errno, with @e set. Nothing may have been done that the whole would do a second time: no process, no file,
 * nothing written to stdout. Locks and descriptors of ours go with the program.
 */
int whole_needed(struct err *e);

#endif
