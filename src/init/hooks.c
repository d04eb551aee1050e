// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks that run in the container's namespaces: createContainer and startContainer. */
#include "init/init.h"

#include <string.h>

#include "util/child.h"

/* State JSON with the pid that the container sees: head, pid, tail. */
static void state_input(struct init *in, const struct plan_arg_hook *a, char *pid,
			struct child_job *job)
{
	const char *parts[] = { init_str(in, a->state_head), pid, init_str(in, a->state_tail) };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		job->input[i].iov_base = (void *)(uintptr_t)parts[i];
		job->input[i].iov_len = strlen(parts[i]);
	}
	job->input_count = ARRAY_SIZE(parts);
}

int op_hook_output(struct init *in, const struct plan_arg_hook_output *a)
{
	*(a->fd == STDERR_FILENO ? &in->hook_err : &in->hook_out) = init_reg(in, a->file);
	return 0;
}

int op_hook(struct init *in, const struct plan_arg_hook *a)
{
	struct child_job job = {
		.exe = -1,
		.path = init_str(in, a->path),
		.cwd = -1,
		.out = in->hook_out,
		.err = in->hook_err,
	};
	struct child_result result;
	char pid[24], **argv, **envp;
	size_t len;
	const char *list = init_blob(in, a->args, &len);
	int r = init_vector(list, len, 0, &argv);

	if (r < 0)
		return r;
	list = init_blob(in, a->env, &len);
	r = init_vector(list, len, 0, &envp);
	if (r < 0)
		return r;
	job.exe = a->exe ? init_reg(in, a->exe) : -1;
	job.argv = argv;
	job.envp = envp;
	job.timeout_ms = (int)(a->timeout * 1000);
	/* before pivot_root our own directory is the caller's, which is nobody's business */
	if (a->exe)
		job.cwd = init_open_root();
	state_input(in, a, init_decimal(getpid(), pid, sizeof(pid)), &job);
	init_drop_flush(in);
	r = child_run(&job, &result);
	if (job.cwd >= 0)
		(void)close(job.cwd);
	if (r < 0)
		return r;
	if (result.timed_out)
		return init_fail(in, PLAN_STAGE_HOOK_TIMEOUT, result.tail, -ETIMEDOUT);
	in->value = result.exit_code;
	if (result.exit_code)
		return init_fail(in, PLAN_STAGE_HOOK_EXIT, result.tail, -ECANCELED);
	init_reg_close(in, a->exe);
	return 0;
}
