// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of the program that only the process itself can make, and that execve keeps. */
#include "init/init.h"

#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/ioprio.h>

enum {
	NODE_BYTES = 128, /* of the node mask */
	LONG_BYTES = sizeof(unsigned long),
};

int op_personality(struct init *in, const struct plan_arg_personality *a)
{
	int r = KERNEL_CALL(SYS_personality, (unsigned)a->domain);

	(void)in;
	return r < 0 ? r : 0;
}

/* The mask is bytes in the plan, the kernel wants words: set_mempolicy(2). */
int op_memory_policy(struct init *in, const struct plan_arg_memory_policy *a)
{
	unsigned long mask[NODE_BYTES / LONG_BYTES] = { 0 };
	size_t len;
	const unsigned char *nodes = (const void *)init_blob(in, a->nodes, &len);

	if (len > NODE_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		mask[i / LONG_BYTES] |= (unsigned long)nodes[i] << i % LONG_BYTES * CHAR_BIT;
	/* the kernel takes one bit less than it is told */
	return KERNEL_CALL(SYS_set_mempolicy, (int)a->mode, len ? mask : NULL,
			   len ? NODE_BYTES * CHAR_BIT + 1 : 0);
}

/* PR_SET_MEMORY_MERGE(2const): for all of its memory, now and later, and of its children. */
int op_memory_merge(struct init *in, const struct plan_arg_memory_merge *a)
{
	(void)in;
	(void)a;
	return KERNEL_CALL(SYS_prctl, PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
}

int op_scheduler(struct init *in, const struct plan_arg_scheduler *a)
{
	struct kernel_sched_attr attr;
	size_t len;
	const void *given = init_blob(in, a->attr, &len);

	if (len != sizeof(attr))
		return -EINVAL;
	memcpy(&attr, given, len); /* the pool is not aligned */
	return kernel_sched_setattr(0, &attr);
}

int op_io_priority(struct init *in, const struct plan_arg_io_priority *a)
{
	(void)in;
	return kernel_ioprio_set(IOPRIO_WHO_PROCESS, 0, (int)a->value);
}
