/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in images, counted and listed. Private to checkpoint/images*.c. */
#ifndef CTR_CHECKPOINT_IMAGES_SUMMARY_H
#define CTR_CHECKPOINT_IMAGES_SUMMARY_H

#include "checkpoint/images.h"
#include "checkpoint/images_files.h"

/* Fill *ret (zeroed) from @set, a struct image_set. Pure. -EBADMSG. */
int image_summarize(const struct image_set *set, struct images_summary *ret, struct err *e);

#endif
