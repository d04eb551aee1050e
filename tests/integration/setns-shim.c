// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For LD_PRELOAD: whoever of ctr has joined a user namespace is stopped ($CTR_TEST_SETNS is stop-me), or
 * its parent is (stop-ctr), as the owner of the namespace could do it. Only for joined.bats.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int setns(int fd, int type)
{
	const char *what = getenv("CTR_TEST_SETNS");
	int r = (int)syscall(SYS_setns, fd, type);

	if (r == 0 && type == CLONE_NEWUSER && what)
		(void)kill(strcmp(what, "stop-me") == 0 ? getpid() : getppid(), SIGSTOP);
	return r;
}
