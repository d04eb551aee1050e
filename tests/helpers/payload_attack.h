/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program does that wants more than it was given. */
#ifndef CTR_TESTS_PAYLOAD_ATTACK_H
#define CTR_TESTS_PAYLOAD_ATTACK_H

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "payload.h"

/* tiocsti TEXT: type it into the terminals that we have, which only their owner should do */
static int run_tiocsti(int argc, char **argv)
{
	(void)argc;
	for (int fd = 0; fd < 3; fd++)
		for (const char *c = argv[0]; *c; c++)
			if (ioctl(fd, TIOCSTI, c) < 0)
				break;
	(void)puts("typed");
	return 0;
}

/* int80 NUMBER: a system call by the door of 32-bit programs, with all arguments zero */
static int run_int80(int argc, char **argv)
{
	long r = -ENOSYS;

	(void)argc;
#if defined(__x86_64__)
	r = atol(argv[0]);
	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
#else
	(void)argv;
#endif
	return tell("int80", r < 0 ? (int)-r : 0);
}

#endif
