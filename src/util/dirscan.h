/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names in a directory, one after the other, straight from the kernel. What readdir(3) adds (a buffer of 32 KiB,
 * questions about the descriptor) costs more than reading a small directory.
 */
#ifndef CTR_UTIL_DIRSCAN_H
#define CTR_UTIL_DIRSCAN_H

/*
 * Call @fn with each name but "." and "..", until it returns something else than 0, which is then returned. @fd: a
 * directory opened for reading; its position moves to the end, and where it stands is where reading begins. @fn may
 * remove the name. Negative errno if it cannot be read.
 */
int dirscan(int fd, int (*fn)(int fd, const char *name, void *data), void *data);

#endif
