// SPDX-License-Identifier: GPL-2.0-or-later
/* The processes of the command: their names, and which program each of them runs. */
#include "tracer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const role_names[] = {
	[ROLE_CTR] = "ctr",
	[ROLE_INIT] = "init",
	[ROLE_HELPER] = "helper",
	[ROLE_PAYLOAD] = "payload",
};

struct process *process_find(struct processes *all, pid_t pid)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->items[i]->pid == pid)
			return all->items[i];
	return NULL;
}

struct process *process_add(struct processes *all, pid_t pid)
{
	struct process *p = all->count < PROCESS_MAX ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	p->pid = pid;
	all->items[all->count++] = p;
	return p;
}

void process_remove(struct processes *all, pid_t pid)
{
	for (unsigned i = 0; i < all->count; i++) {
		if (all->items[i]->pid != pid)
			continue;
		free(all->items[i]);
		all->items[i] = all->items[--all->count];
		return;
	}
}

void process_birth(struct process *parent, struct process *child)
{
	parent->children++;
	(void)snprintf(child->name, sizeof(child->name), "%.48s.%u", parent->name,
		       parent->children);
	child->role = parent->role;
	child->started = parent->started;
	memcpy(child->loader, parent->loader, sizeof(child->loader));
	child->born = true;
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* The mapping of ld-linux-x86-64.so.2, ld-musl-x86_64.so.1 and so on. */
static void find_loader(struct process *p)
{
	char line[512];
	FILE *f = open_proc(p->pid, "maps");

	p->loader[0] = p->loader[1] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		const char *base = strrchr(line, '/');
		uint64_t from, to;

		if (!base || strncmp(base, "/ld-", 4) != 0 ||
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
			continue;
		if (!p->loader[0])
			p->loader[0] = from;
		p->loader[1] = to;
	}
	if (f)
		(void)fclose(f);
}

static bool same_program(pid_t pid, const char *program)
{
	char path[64];
	struct stat a, b;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, &a) == 0 && stat(program, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* A copy in memory, or on a tmpfs that is attached nowhere: nobody else's program is called so. */
static bool is_init(pid_t pid)
{
	char path[64], exe[256];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	return strncmp(exe, "/memfd:ctr-init", 15) == 0 || strcmp(exe, "/ctr-init") == 0;
}

/* The second of the two programs that ctr can be: it has the first one's name with a suffix. */
static bool is_whole(pid_t pid, const char *program)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s-full", program);
	return same_program(pid, path);
}

void process_classify(struct process *p, const char *program)
{
	if (is_init(p->pid))
		p->role = ROLE_INIT;
	else if (same_program(p->pid, program) || is_whole(p->pid, program))
		p->role = ROLE_CTR;
	else
		p->role = p->role == ROLE_INIT ? ROLE_PAYLOAD : ROLE_HELPER;
	find_loader(p);
}

char process_state(pid_t pid)
{
	char line[512], *end;
	FILE *f = open_proc(pid, "stat");
	char state = 0;

	if (f && fgets(line, sizeof(line), f) && (end = strrchr(line, ')')))
		(void)sscanf(end + 1, " %c", &state);
	if (f)
		(void)fclose(f);
	return state;
}

bool process_call(struct process *p)
{
	FILE *f = open_proc(p->pid, "syscall");
	uint64_t nr, *a = p->args;
	bool is = f && fscanf(f,
			      "%" SCNu64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
			      " %" SCNx64,
			      &nr, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) == 1 + ARGS;

	if (is)
		p->nr = nr;
	if (f)
		(void)fclose(f);
	return is;
}

void process_wchan(pid_t pid, char *buf, size_t size)
{
	FILE *f = open_proc(pid, "wchan");

	if (!f || !fgets(buf, (int)size, f))
		buf[0] = '\0';
	if (f)
		(void)fclose(f);
}
