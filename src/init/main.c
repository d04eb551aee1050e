// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ctr-init's entry: map the plan, check it, run its operations in order. argv[1] is the number of
 * the fd that holds the plan; nothing else comes from the command line or the environment.
 */
#include "init/init.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum {
	EXIT_INIT_FAILED = 255
}; /* ctr has the reason from the socket */

static int dispatch(struct init *in, const struct plan_op *op)
{
	/* the slots are laid out as the operation's struct: see layout.h */
	switch ((enum plan_code)op->code) {
#define PLAN_OP(name, sentence, args)                                                              \
	case PLAN_CODE_##name:                                                                     \
		return op_##name(in, (const struct plan_arg_##name *)(const void *)op->slot);
#include "plan/ops.def"
#undef PLAN_OP
	case PLAN_CODE_COUNT: break;
	}
	return -EINVAL;
}

static void report(const struct init *in, int r)
{
	struct plan_message m = {
		.type = PLAN_MSG_ERROR,
		.op = in->now,
		.errnum = -r,
		.stage = in->stage,
		.value = in->value,
	};

	memcpy(m.text, in->text, sizeof(m.text));
	(void)send(in->sync, &m, sizeof(m), MSG_NOSIGNAL); /* if ctr is gone nobody wants to know */
}

/* The number in argv[1]; -1 when it is no number. */
static int parse_fd(const char *s)
{
	int n = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || n > 100000)
			return -1;
		n = n * 10 + (*s - '0');
	}
	return n;
}

static int map_plan(int fd, struct init *in)
{
	struct stat st;
	const char *data;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < (off_t)sizeof(struct plan_header) || st.st_size > PLAN_MAX_SIZE)
		return -EINVAL;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	(void)close(fd);
	if (plan_check(data, (size_t)st.st_size) < 0)
		return -EINVAL;
	in->plan = (const struct plan_header *)(const void *)data;
	in->ops = (const struct plan_op *)(const void *)(data + in->plan->op_off);
	in->pool = data + in->plan->pool_off;
	in->sync = in->plan->sync_fd;
	return 0;
}

/* The registers start with the fds that were inherited; all of them go away at execve. */
static int load_registers(struct init *in)
{
	const int32_t *given = (const int32_t *)((const char *)in->plan + in->plan->reg_off);
	size_t size = in->plan->reg_count * sizeof(int);

	in->regs = init_memory(size);
	if (!in->regs)
		return -ENOMEM;
	for (uint32_t i = 0; i < in->plan->reg_count; i++)
		in->regs[i] = given[i];
	return 0;
}

static int run(struct init *in)
{
	int r;

	for (in->now = 0; in->now < in->plan->op_count; in->now++) {
		r = dispatch(in, &in->ops[in->now]);
		if (r < 0)
			return r;
	}
	return -EINVAL; /* a plan ends in exec, which does not return */
}

int main(int argc, char **argv)
{
	static struct init in = { .console = -1, .sync = -1, .hook_out = -1, .hook_err = -1 };
	int r;

	/* not dumpable: nobody in the container may look at our fds or memory (security.md R12) */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return EXIT_INIT_FAILED;
	if (argc != 2 || map_plan(parse_fd(argv[1]), &in) < 0)
		return EXIT_INIT_FAILED;
	(void)setsid(); /* EPERM: we lead a session already */
	umask(0);
	r = load_registers(&in);
	if (r == 0)
		r = run(&in);
	report(&in, r);
	return EXIT_INIT_FAILED;
}
