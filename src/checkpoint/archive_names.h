/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in archives of checkpoints; private to checkpoint/archive*.c. */
#ifndef CTR_CHECKPOINT_ARCHIVE_NAMES_H
#define CTR_CHECKPOINT_ARCHIVE_NAMES_H

#define ARCHIVE_MANIFEST  "ctr-checkpoint.json"
#define ARCHIVE_SIGNATURE "signature.json"
#define ARCHIVE_CONFIG	  "config.json"

enum {
	ARCHIVE_MANIFEST_MAX = 16 << 20,
	ARCHIVE_SIGNATURE_MAX = 4096,
	ARCHIVE_NAME_MAX = 128,
	ARCHIVE_VERSION = 1,
};

#endif
