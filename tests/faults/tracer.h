// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fault tracer: runs a command, names each system call of its processes, and injects one fault.
 * README.md says what for. Files: tracer.c the command line, trace.c the loop over stops, process.c who
 * is who, calls.c names and errors of system calls, machine.c registers.
 */
#ifndef FAULTS_TRACER_H
#define FAULTS_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum {
	CALL_MAX = 512, /* numbers of system calls */
	NAME_MAX_ = 64,
	PROCESS_MAX = 256,
	ARGS = 6,
	EXIT_HUNG = 124, /* as timeout(1) */
	EXIT_BROKEN = 125
};

/* ---- system calls (calls.c) ---- */

struct call {
	const char *name, *args, *errors;
	bool after; /* it takes place, and then fails */
};

/* Never NULL: unknown ones have a name without meaning ("call512") and no errors. */
const struct call *call_of(uint64_t nr);
/* The number of an error's name, or 0. */
int call_errno(const char *name);
/* The first of a list of them, or 0 if there is none. */
int call_first_errno(const char *errors);
/* Those of a call with these arguments. */
const char *call_errors(const struct call *call, const uint64_t args[ARGS]);
/* "openat(AT_FDCWD, "/etc/passwd", 0x80000)" of process @pid, cut to fit. */
void call_show(pid_t pid, const struct call *call, const uint64_t args[ARGS], char *buf,
	       size_t size);

/* ---- registers (machine.c); the process is in a stop of ptrace ---- */

/* At entry: the kernel then makes no call, and the process sees what machine_result() says at exit. */
int machine_skip(pid_t pid);
int machine_argument(pid_t pid, unsigned which, uint64_t value);
int machine_result(pid_t pid, int64_t value);

/* ---- processes (process.c) ---- */

enum role {
	ROLE_CTR,  /* the command's own program, and what it forks until that executes something */
	ROLE_INIT, /* ctr-init, and what it forks */
	ROLE_HELPER,  /* another program that the command has executed */
	ROLE_PAYLOAD, /* what ctr-init has executed: left alone */
};

struct process {
	pid_t pid;
	char name[NAME_MAX_]; /* "ctr", its second child "ctr.2" */
	enum role role;
	bool born;     /* its parent's event was seen: it has a name */
	bool held;     /* stopped, until it is born */
	bool started;  /* counted: it has executed the command */
	bool leaving;  /* interrupted, to be detached */
	bool inside;   /* in a system call */
	bool unseen;   /* goes on without stops at calls: the fault has been */
	bool restarts; /* the call was interrupted, and is made again */
	unsigned children, calls;
	unsigned short per_call[CALL_MAX];
	uint64_t nr, args[ARGS];
	int64_t break_at;	     /* what brk last returned */
	uint64_t loader[2];	     /* where the dynamic loader is in its memory */
	bool in_loader;		     /* the call it is in was made there */
	bool hit;		     /* the fault is in this call */
	unsigned idle;		     /* ticks that it sleeps in the same call */
	uint64_t resume_ms, seen_ms; /* 0: not delayed; when it was first heard of */
};

struct processes {
	struct process *items[PROCESS_MAX];
	unsigned count;
};

struct process *process_find(struct processes *all, pid_t pid);
/* NULL when there are too many. */
struct process *process_add(struct processes *all, pid_t pid);
void process_remove(struct processes *all, pid_t pid);
/* A child of @parent gets its name. */
void process_birth(struct process *parent, struct process *child);
/* After an exec: which program is it? @program is the command's. Also finds the loader. */
void process_classify(struct process *p, const char *program);
/* The letter of /proc/PID/stat, or 0. */
char process_state(pid_t pid);
/* Asks the kernel in which call it is: sets nr and args. False when it is in none. */
bool process_call(struct process *p);
/* What the kernel says it waits in; "" if that is not known. */
void process_wchan(pid_t pid, char *buf, size_t size);

extern const char *const role_names[];

/* ---- the loop (trace.c) ---- */

enum action {
	ACT_NONE, /* only count */
	ACT_KILL,
	ACT_KILL_BEFORE,
	ACT_KILL_ALL,
	ACT_ERROR,
	ACT_DELAY,
};

/* Where: "ctr.1:openat#3", the third openat of that process, or "ctr.1:57", its 57th call. */
struct fault {
	enum action action;
	char process[NAME_MAX_], call[NAME_MAX_];
	unsigned number;
	int error; /* 0: the first of the table */
	unsigned delay_ms;
};

struct options {
	struct fault fault;
	bool count, helpers;
	const char *only; /* words with commas between: roles to list; NULL: all */
	unsigned deadline_ms;
	pid_t also; /* a running process to trace as "init", or 0 */
	FILE *report;
	char **command;
};

/* The exit code: the command's, 128 + its signal, EXIT_HUNG or EXIT_BROKEN. */
int trace_run(const struct options *opt);

#endif
