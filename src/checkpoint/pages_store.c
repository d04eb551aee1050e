// SPDX-License-Identifier: GPL-2.0-or-later
/* See pages.h: the source's side. The tasks stand; their memory is read where it is. */
#include "checkpoint/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "container/members.h"
#include "util/cleanup.h"
#include "util/io.h"

struct task {
	uint64_t pid; /* as the container sees it */
	int memory;   /* /proc/PID/mem; owned */
};

struct pages_store {
	struct task *tasks;
	size_t task_count;
	size_t page_size;
	char *buffer; /* WIRE_DATA_MAX */
	struct pages_count count;
};

void pages_store_close(struct pages_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->task_count; i++)
		close_fd(&s->tasks[i].memory);
	free(s->tasks);
	free(s->buffer);
	free(s);
}

static void pages_store_closep(struct pages_store **s)
{
	pages_store_close(*s);
}

/* The last number of "NSpid:": in the innermost pid namespace, by which criu calls it. 0: it is gone. */
static uint64_t inner_pid(int dir)
{
	cleanup_fd int fd = openat(dir, "status", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	char *line, *end;
	size_t len;

	if (fd < 0 || io_read_stream(fd, 1 << 16, &text, &len) < 0)
		return 0;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return 0;
	line++;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	line = strrchr(line, '\t');
	return line ? strtoull(line, NULL, 10) : 0;
}

static int add(struct pages_store *s, pid_t pid, struct err *e)
{
	cleanup_fd int dir = -EBADF;
	struct task *t = &s->tasks[s->task_count];
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->pid = dir < 0 ? 0 : inner_pid(dir);
	if (t->pid == 0)
		return 0; /* it was about to end: criu has no memory of it either */
	t->memory = openat(dir, "mem", O_RDONLY | O_CLOEXEC);
	if (t->memory < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the memory of process %d", (int)pid);
	s->task_count++;
	return 0;
}

/* A descriptor for each process, however many there are: it is theirs alone, whoever gets their number. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* what does not suffice is told by open */
}

int pages_store_open(const struct container *c, struct pages_store **ret, struct err *e)
{
	cleanup_(pages_store_closep) struct pages_store *s = calloc(1, sizeof(*s));
	struct cgroup_pids pids = { 0 };
	int r = container_pids_read(c, &pids, e);

	if (r < 0)
		return r;
	if (s) {
		s->page_size = (size_t)sysconf(_SC_PAGESIZE);
		s->buffer = malloc(WIRE_DATA_MAX);
		s->tasks = calloc(pids.count + 1, sizeof(*s->tasks));
	}
	if (!s || !s->buffer || !s->tasks)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "read the memory of the container");
	allow_descriptors();
	for (size_t i = 0; r == 0 && i < pids.count; i++)
		r = add(s, pids.items[i], e);
	free(pids.items);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

static const struct task *find(const struct pages_store *s, uint64_t pid)
{
	for (size_t i = 0; i < s->task_count; i++)
		if (s->tasks[i].pid == pid)
			return &s->tasks[i];
	return NULL;
}

static int read_memory(int fd, char *buffer, size_t size, uint64_t address, struct err *e)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = pread(fd, buffer + have, size - have, (off_t)(address + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_SYSTEM, ESTALE,
				       "the container's memory at %#llx is not there any more",
				       (unsigned long long)(address + have));
		have += (size_t)n;
	}
	return 0;
}

static int give(struct pages_store *s, struct wire *w, const struct wire_message *m, struct err *e)
{
	struct pages_want want;
	const struct task *t;
	uint64_t left;
	int r = pages_want_read(m, &want, e);

	if (r < 0)
		return r;
	t = find(s, want.pid);
	if (!t)
		return err_set(e, ERR_SYSTEM, EBADMSG,
			       "memory of process %llu is wanted, which is not in the container",
			       (unsigned long long)want.pid);
	left = want.count * s->page_size;
	while (r == 0 && left) {
		size_t n = left < WIRE_DATA_MAX ? (size_t)left : WIRE_DATA_MAX;

		r = read_memory(t->memory, s->buffer, n, want.address, e);
		if (r == 0)
			r = wire_send(w, WIRE_PAGES, s->buffer, n, e);
		want.address += n;
		left -= n;
	}
	if (r == 0) {
		s->count.requests++;
		s->count.pages += want.count;
		s->count.bytes += want.count * s->page_size;
	}
	return r;
}

int pages_store_serve(struct pages_store *s, struct wire *w, enum wire_type type, struct err *e)
{
	struct wire_message m;
	int r;

	for (;;) {
		r = wire_receive(w, "destination", &m, e);
		if (r == 0 && m.type == WIRE_PAGES) {
			r = give(s, w, &m, e);
			if (r == 0)
				continue;
		}
		break;
	}
	if (r == 0 && m.type != type)
		return err_set(e, ERR_SYSTEM, EPROTO, "destination: a message %s where %s is due",
			       wire_type_name(m.type), wire_type_name(type));
	return r;
}

struct pages_count pages_store_count(const struct pages_store *s)
{
	return s->count;
}
