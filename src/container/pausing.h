/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a container still. The freezer does not tell: a container that was found paused, by a manager that
 * crashed half way for instance, is a riddle without (security.md D11).
 */
#ifndef CTR_CONTAINER_PAUSING_H
#define CTR_CONTAINER_PAUSING_H

#include "container/container.h"

/*
 * Note in the record of @c, which is locked, that the parent of this process is about to pause it; or
 * (@freeze false) that nobody is any more. Only a note: what prevents it prevents no pause.
 */
void container_note_pause(struct container *c, bool freeze);

#endif
