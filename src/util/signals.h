/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signal names as people and engines write them. */
#ifndef CTR_UTIL_SIGNALS_H
#define CTR_UTIL_SIGNALS_H

/*
 * "9", "KILL", "sigkill", "RTMIN+3", "SIGRTMAX-2": the number, 1..64. -EINVAL for anything else.
 * Real-time numbers are the kernel's: SIGRTMIN is 34 for programs, as glibc and musl both leave it.
 */
int signal_parse(const char *text);

#endif
