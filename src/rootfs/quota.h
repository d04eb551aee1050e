/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A limit on what a directory holds: project quotas of ext4 and XFS (quotactl(2), ioctl_xfs_fsgetxattr(2)). */
#ifndef CTR_ROOTFS_QUOTA_H
#define CTR_ROOTFS_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/*
 * Limit what is in @dirs[0] and below it to @bytes. The others are the directories that are in it already; when
 * they were just made (@fresh), all get a project of their own, which what is made in them inherits. Else they
 * must have one. Needs CAP_SYS_ADMIN of the host. -EOPNOTSUPP when the filesystem has no project quotas, or has
 * them switched off, or when fresh ones inherit a project, with what to do about it. quotactl_fd(2): Linux 5.14.
 */
int quota_limit(const int *dirs, size_t count, bool fresh, uint64_t bytes, struct err *e);

#endif
