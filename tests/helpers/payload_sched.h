/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the payload finds of its scheduling, memory policy, personality, clocks and keyring. */
#ifndef CTR_TESTS_PAYLOAD_SCHED_H
#define CTR_TESTS_PAYLOAD_SCHED_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

/* struct sched_attr of the kernel, version 1 */
struct payload_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* policy=N nice=N priority=N flags=N [RUNTIME/DEADLINE/PERIOD]; with the kernel's numbers */
static int run_sched(int argc, char **argv)
{
	struct payload_sched_attr a = { .size = sizeof(a) };

	(void)argc;
	(void)argv;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return broken("sched_getattr");
	(void)printf("policy=%u nice=%d priority=%u flags=%llu", a.policy, a.nice, a.priority,
		     (unsigned long long)a.flags);
	if (a.policy == 6)
		(void)printf(" %llu/%llu/%llu", (unsigned long long)a.runtime,
			     (unsigned long long)a.deadline, (unsigned long long)a.period);
	(void)printf("\n");
	return 0;
}

/* class=N priority=N */
static int run_ioprio(int argc, char **argv)
{
	long value = syscall(SYS_ioprio_get, 1, 0);

	(void)argc;
	(void)argv;
	if (value < 0)
		return broken("ioprio_get");
	(void)printf("class=%ld priority=%ld\n", value >> 13, value & 7);
	return 0;
}

/* mode=N nodes=N: the mode with its flags, the first 64 nodes as a mask */
static int run_mempolicy(int argc, char **argv)
{
	unsigned long mask[16] = { 0 };
	int mode = -1;

	(void)argc;
	(void)argv;
	if (syscall(SYS_get_mempolicy, &mode, mask, sizeof(mask) * 8, NULL, 0) < 0)
		return tell("get_mempolicy", errno);
	(void)printf("mode=0x%x nodes=0x%lx\n", (unsigned)mode, mask[0]);
	return 0;
}

static int run_personality(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("personality=0x%lx\n", (unsigned long)syscall(SYS_personality, 0xffffffffUL));
	return 0;
}

/* Seconds of a clock: boottime or monotonic. */
static int run_clock(int argc, char **argv)
{
	clockid_t clock = strcmp(argv[0], "boottime") == 0 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
	struct timespec t;

	(void)argc;
	if (clock_gettime(clock, &t) < 0)
		return broken("clock_gettime");
	(void)printf("%lld\n", (long long)t.tv_sec);
	return 0;
}

/* The session keyring: id type;uid;gid;permissions;name (keyctl_describe(3)). */
static int run_keyring(int argc, char **argv)
{
	char text[256] = "";
	long id = syscall(SYS_keyctl, 0, -3, 0);

	(void)argc;
	(void)argv;
	if (id < 0 || syscall(SYS_keyctl, 6, id, text, sizeof(text)) < 0)
		return tell("keyring", errno);
	(void)printf("%ld %s\n", id, text);
	return 0;
}

#endif
