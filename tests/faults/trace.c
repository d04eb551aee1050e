// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop over the stops of all processes. Each is in one of three places: running, in a stop that is
 * answered at once, or held (delayed, or not known yet). Nothing depends on time but the deadline, a
 * delay that was asked for, and the end: what still waits when the command has ended is let go.
 */
#include "tracer.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/ptrace.h>

enum {
	TICK_US = 5000,
	IDLE_TICKS = 3,	  /* asleep this long after the command's end: it waits for others */
	UNBORN_MS = 1000, /* whose parent died before it could tell of it */
};

struct trace {
	const struct options *opt;
	struct processes all;
	pid_t root;
	int root_status;
	bool root_ended, fault_done, hung;
	uint64_t start_ms;
	unsigned lost;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_ours(const struct process *p)
{
	return p->role != ROLE_PAYLOAD;
}

/* Behind the fault, nothing asks for calls any more. */
static bool needs_calls(const struct trace *t, const struct process *p)
{
	return !t->fault_done || p->hit || p->resume_ms;
}

static void go_on(struct trace *t, struct process *p, int signal)
{
	bool calls = needs_calls(t, p);

	p->unseen = !calls;
	(void)ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, NULL,
		     (void *)(intptr_t)signal); /* ESRCH: killed */
}

static void detach(struct trace *t, struct process *p, int signal)
{
	(void)ptrace(PTRACE_DETACH, p->pid, NULL, (void *)(intptr_t)signal);
	process_remove(&t->all, p->pid);
}

/* ---- points ---- */

/* "ctr:openat#3" and "ctr:57" */
static void point_names(const struct process *p, char *by_call, char *by_number, size_t size)
{
	(void)snprintf(by_call, size, "%s:%s#%u", p->name, call_of(p->nr)->name,
		       p->per_call[p->nr % CALL_MAX]);
	(void)snprintf(by_number, size, "%s:%u", p->name, p->calls);
}

static bool is_listed(const struct options *opt, const struct process *p)
{
	const char *role = p->in_loader ? "loader" : role_names[p->role];
	const char *at = opt->only ? strstr(opt->only, role) : role;

	return at != NULL;
}

static void tell_point(const struct trace *t, const struct process *p, const char *before)
{
	char by_call[192], by_number[96], text[256];
	const struct call *call = call_of(p->nr);
	const char *errors = call_errors(call, p->args);

	point_names(p, by_call, by_number, sizeof(by_number));
	call_show(p->pid, call, p->args, text, sizeof(text));
	fprintf(t->opt->report, "%s%s\t%s\t%s\t%s\t%s\n", before, by_call, by_number,
		p->in_loader ? "loader" : role_names[p->role], *errors ? errors : "-", text);
}

static bool is_point(const struct fault *f, const struct process *p)
{
	if (strcmp(f->process, p->name) != 0)
		return false;
	if (!f->call[0])
		return f->number == p->calls;
	return strcmp(f->call, call_of(p->nr)->name) == 0 &&
	       f->number == p->per_call[p->nr % CALL_MAX];
}

/* ---- faults ---- */

static void kill_all(struct trace *t)
{
	for (unsigned i = 0; i < t->all.count; i++)
		if (is_ours(t->all.items[i]))
			(void)kill(t->all.items[i]->pid, SIGKILL);
}

static int fault_errno(const struct fault *f, const struct process *p)
{
	return f->error ? f->error : call_first_errno(call_errors(call_of(p->nr), p->args));
}

/* brk fails by changing nothing: brk(2), C library/kernel differences. */
static int64_t failure(const struct fault *f, const struct process *p)
{
	return p->nr == SYS_brk ? p->break_at : -fault_errno(f, p);
}

/* At entry of the call that was asked for. True when the process must not go on now. */
static bool begin_fault(struct trace *t, struct process *p)
{
	const struct fault *f = &t->opt->fault;
	bool no_return = p->nr == SYS_exit_group || p->nr == SYS_exit;

	t->fault_done = true;
	tell_point(t, p, "fault\t");
	switch (f->action) {
	case ACT_KILL_BEFORE: (void)kill(p->pid, SIGKILL); return true;
	case ACT_KILL:
	case ACT_KILL_ALL:
		p->hit = true;
		if (!no_return)
			return false;
		if (f->action == ACT_KILL_ALL)
			kill_all(t);
		else
			(void)kill(p->pid, SIGKILL);
		return true;
	case ACT_ERROR:
		p->hit = true;
		if (!call_of(p->nr)->after)
			(void)machine_skip(p->pid);
		return false;
	case ACT_DELAY: p->resume_ms = now_ms() + f->delay_ms; return true;
	case ACT_NONE: break;
	}
	return false;
}

/* At exit of that call. True when the process does not go on. */
static bool finish_fault(struct trace *t, struct process *p)
{
	const struct fault *f = &t->opt->fault;

	if (!p->hit)
		return false;
	p->hit = false;
	if (f->action == ACT_ERROR)
		(void)machine_result(p->pid, failure(f, p));
	if (f->action == ACT_KILL)
		(void)kill(p->pid, SIGKILL);
	if (f->action == ACT_KILL_ALL)
		kill_all(t);
	return f->action != ACT_ERROR;
}

/* ---- stops ---- */

/* A child that is not to be traced would escape. */
static void forbid_untraced(const struct process *p)
{
	uint64_t flags;
	struct iovec mine = { .iov_base = &flags, .iov_len = sizeof(flags) };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)p->args[0],
				.iov_len = sizeof(flags) };

	if (p->nr == SYS_clone && p->args[0] & CLONE_UNTRACED)
		(void)machine_argument(p->pid, 0, p->args[0] & ~(uint64_t)CLONE_UNTRACED);
	if (p->nr != SYS_clone3 || process_vm_readv(p->pid, &mine, 1, &theirs, 1, 0) < 0 ||
	    !(flags & CLONE_UNTRACED))
		return;
	flags &= ~(uint64_t)CLONE_UNTRACED;
	(void)process_vm_writev(p->pid, &mine, 1, &theirs, 1, 0);
}

/*
 * A signal that is ignored interrupts a call all the same while somebody traces; the kernel then makes it
 * again. To the program, and here, it is one call. These are its marks: include/linux/errno.h.
 */
static bool will_be_restarted(int64_t result)
{
	enum {
		ERESTARTSYS = 512,
		ERESTARTNOINTR = 513,
		ERESTARTNOHAND = 514,
		ERESTART_RESTARTBLOCK = 516
	};

	return result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
	       result == -ERESTART_RESTARTBLOCK;
}

static bool on_entry(struct trace *t, struct process *p, const struct ptrace_syscall_info *info)
{
	bool again =
		p->restarts && (info->entry.nr == SYS_restart_syscall || info->entry.nr == p->nr);

	p->inside = true;
	p->restarts = false;
	p->idle = 0;
	if (again)
		return false;
	p->nr = info->entry.nr;
	for (unsigned i = 0; i < ARGS; i++)
		p->args[i] = info->entry.args[i];
	if (!p->started)
		return false;
	p->calls++;
	p->per_call[p->nr % CALL_MAX]++;
	p->in_loader = info->instruction_pointer >= p->loader[0] &&
		       info->instruction_pointer < p->loader[1];
	forbid_untraced(p);
	if (t->opt->count && is_listed(t->opt, p))
		tell_point(t, p, "");
	return !t->fault_done && is_point(&t->opt->fault, p) && begin_fault(t, p);
}

static void on_syscall(struct trace *t, struct process *p)
{
	struct ptrace_syscall_info info = { 0 };
	bool stays = false;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof(info), &info) < 0)
		return; /* killed in the meantime */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		stays = on_entry(t, p, &info);
	} else {
		p->inside = false;
		p->restarts = will_be_restarted(info.exit.rval);
		if (p->nr == SYS_brk && !p->hit)
			p->break_at = info.exit.rval;
		stays = !p->restarts && finish_fault(t, p);
	}
	if (!stays)
		go_on(t, p, 0);
}

static void on_exec(struct trace *t, struct process *p)
{
	if (p->pid == t->root && !p->started) {
		p->started = true; /* this is the command: its calls count from the next one */
	} else if (finish_fault(t, p)) {
		return;
	}
	p->inside = false;
	process_classify(p, t->opt->command[0]);
	if (p->role == ROLE_PAYLOAD || (p->role == ROLE_HELPER && !t->opt->helpers))
		detach(t, p, 0);
	else
		go_on(t, p, 0);
}

static void on_fork(struct trace *t, struct process *p)
{
	unsigned long pid;
	struct process *child;

	if (ptrace(PTRACE_GETEVENTMSG, p->pid, NULL, &pid) < 0)
		return;
	child = process_find(&t->all, (pid_t)pid);
	if (!child)
		child = process_add(&t->all, (pid_t)pid);
	if (child) {
		process_birth(p, child);
		if (child->held)
			go_on(t, child, 0);
		child->held = false;
	}
	go_on(t, p, 0);
}

static void on_event_stop(struct trace *t, struct process *p, int signal)
{
	(void)t;
	if (!p->born)
		p->held = true;
	else if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
		(void)ptrace(PTRACE_LISTEN, p->pid, NULL, NULL);
	else
		go_on(t, p, 0);
}

static void on_stop(struct trace *t, struct process *p, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool plain = event == 0 && signal != (SIGTRAP | 0x80);

	if (p->leaving) {
		detach(t, p, plain ? signal : 0);
		return;
	}
	switch (event) {
	case PTRACE_EVENT_EXEC: on_exec(t, p); break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE: on_fork(t, p); break;
	case PTRACE_EVENT_STOP: on_event_stop(t, p, signal); break;
	default:
		if (plain)
			go_on(t, p, signal);
		else
			on_syscall(t, p);
	}
}

static void on_end(struct trace *t, struct process *p, pid_t pid, int status)
{
	if (pid == t->root) {
		t->root_ended = true;
		t->root_status = status;
	}
	if (p && p->born && WIFSIGNALED(status) && pid != t->root)
		fprintf(t->opt->report, "died\t%s\t%s\tsignal %d\n", p->name, role_names[p->role],
			WTERMSIG(status));
	process_remove(&t->all, pid);
}

static void on_status(struct trace *t, pid_t pid, int status)
{
	struct process *p = process_find(&t->all, pid);

	if (!WIFSTOPPED(status)) {
		on_end(t, p, pid, status);
		return;
	}
	if (!p) {
		p = process_add(&t->all, pid);
		if (!p)
			return;
		p->seen_ms = now_ms();
	}
	on_stop(t, p, status);
}

/* ---- what happens without a stop ---- */

static void tell_hung(const struct trace *t)
{
	char by_call[192], by_number[96], text[256], wchan[64];

	for (unsigned i = 0; i < t->all.count; i++) {
		struct process *p = t->all.items[i];
		char state = process_state(p->pid);

		if (p->unseen)
			p->inside = process_call(p);
		if (p->nr)
			call_show(p->pid, call_of(p->nr), p->args, text, sizeof(text));
		else
			text[0] = '\0';
		point_names(p, by_call, by_number, sizeof(by_number));
		process_wchan(p->pid, wchan, sizeof(wchan));
		fprintf(t->opt->report, "hung\t%s\t%s\t%s\t%c\t%s %s %s\n", by_call, by_number,
			role_names[p->role], state ? state : '?', p->inside ? "in" : "after", text,
			wchan);
	}
}

static void let_go(struct process *p)
{
	char state = process_state(p->pid);

	p->idle = (p->inside || p->unseen) && (state == 'S' || state == 'D') ? p->idle + 1 : 0;
	if (p->idle < IDLE_TICKS || p->leaving)
		return;
	p->leaving = true;
	(void)ptrace(PTRACE_INTERRUPT, p->pid, NULL, NULL);
}

static void tick(struct trace *t)
{
	uint64_t now = now_ms();

	for (unsigned i = 0; i < t->all.count; i++) {
		struct process *p = t->all.items[i];

		if (p->resume_ms && p->resume_ms <= now) {
			p->resume_ms = 0;
			go_on(t, p, 0);
		} else if (p->held && p->seen_ms + UNBORN_MS <= now) {
			(void)snprintf(p->name, sizeof(p->name), "lost.%u", ++t->lost);
			p->born = p->started = true;
			p->held = false;
			go_on(t, p, 0);
		} else if (t->root_ended && !p->resume_ms && !p->held) {
			let_go(p);
		}
	}
	if (!t->hung && t->start_ms + t->opt->deadline_ms <= now) {
		t->hung = true;
		tell_hung(t);
		for (unsigned i = 0; i < t->all.count; i++)
			(void)kill(t->all.items[i]->pid, SIGKILL);
	}
}

/* ---- begin and end ---- */

static const long trace_options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK |
				  PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

static int seize(struct trace *t, pid_t pid, const char *name, enum role role, bool started)
{
	struct process *p;

	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)trace_options) < 0)
		return -errno;
	p = process_add(&t->all, pid);
	if (!p)
		return -ENOMEM;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	p->role = role;
	p->born = true;
	p->started = started;
	return ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 ? -errno : 0;
}

static __attribute__((noreturn)) void become(const struct options *opt, const int gate[2])
{
	char byte;

	(void)close(gate[1]);
	if (read(gate[0], &byte, 1) == 1) {
		(void)close(gate[0]);
		/* the leak check of a build with sanitizers is a tracer itself */
		(void)setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
		(void)execv(opt->command[0], opt->command);
		fprintf(stderr, "tracer: %s: %s\n", opt->command[0], strerror(errno));
	}
	_exit(EXIT_BROKEN);
}

/* The command waits at a gate until it is traced, and, when asked for, until the other process is. */
static int launch(struct trace *t)
{
	int gate[2], r;

	if (pipe(gate) < 0)
		return -errno;
	t->root = fork();
	if (t->root == 0)
		become(t->opt, gate);
	(void)close(gate[0]);
	r = t->root < 0 ? -errno : seize(t, t->root, "ctr", ROLE_CTR, false);
	if (r == 0 && t->opt->also)
		r = seize(t, t->opt->also, "init", ROLE_INIT, true);
	if (r == 0 && write(gate[1], "", 1) != 1)
		r = -errno;
	(void)close(gate[1]);
	return r;
}

static void on_alarm(int signal)
{
	(void)signal; /* it is there to interrupt waitpid */
}

static void start_ticks(void)
{
	struct sigaction sa = { .sa_handler = on_alarm }; /* without SA_RESTART */
	struct itimerval every = { .it_interval.tv_usec = TICK_US, .it_value.tv_usec = TICK_US };

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &every, NULL);
}

static int tell_end(const struct trace *t)
{
	FILE *f = t->opt->report;

	if (t->opt->fault.action != ACT_NONE && !t->fault_done)
		fprintf(f, "missed\n");
	if (t->hung) {
		fprintf(f, "end\thung\n");
		return EXIT_HUNG;
	}
	if (WIFSIGNALED(t->root_status)) {
		fprintf(f, "end\tsignal %d\n", WTERMSIG(t->root_status));
		return 128 + WTERMSIG(t->root_status);
	}
	fprintf(f, "end\texit %d\n", WEXITSTATUS(t->root_status));
	return WEXITSTATUS(t->root_status);
}

int trace_run(const struct options *opt)
{
	struct trace t = { .opt = opt, .start_ms = now_ms() };
	int status, r = launch(&t);

	if (r < 0) {
		fprintf(stderr, "tracer: cannot trace: %s\n", strerror(-r));
		return EXIT_BROKEN; /* the kernel kills what we have, PTRACE_O_EXITKILL */
	}
	start_ticks();
	while (t.all.count > 0 || !t.root_ended) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid > 0)
			on_status(&t, pid, status);
		else if (errno != EINTR)
			break;
		tick(&t);
	}
	return tell_end(&t);
}
