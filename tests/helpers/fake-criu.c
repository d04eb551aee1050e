// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `criu swrk` is for ctr, without checkpointing anything: for tests of what ctr does around it, on kernels on which
 * criu does not work, and with criu failing at will. It speaks the protocol (criu.org/RPC), holds tasks
 * by ptrace as criu does, asks at the same points, and lets them go on, or ends them, as criu would. What it
 * "restores" is its own program:
 *
 *	fake-criu task [COUNT]		a process that counts, and leaves a line for each step in /tmp/beats:
 *					INSTANCE NANOSECONDS COUNT
 *
 * Beside the program, PROGRAM.control has lines "STEP ACTION": at that step it does that, once (the line goes to
 * PROGRAM.done).
 *	steps	version features predump seized dumped post-dump end-dump
 *		restore born restored resume end-restore
 *		lazy-begin lazy-half lazy-end (of fake-criu lazy-pages); lazy-early (fail: memory comes before it is wanted)
 *		mount TYPE@PATH: the restored task has that mounted besides
 *	actions	fail, fail-log (the same, with a reason and 5 MiB in restore.log), slow (three seconds), crash (SIGKILL to itself), hang, kill-ctr (SIGKILL to its parent), kill-both (to that one's parent, too)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_pages.h"

enum {
	SOCK = 3,
	PACKET = 65536,
	TASKS = 256,
	TYPE_DUMP = 1,
	TYPE_RESTORE = 2,
	TYPE_PRE_DUMP = 4,
	TYPE_NOTIFY = 6,
	TYPE_FEATURES = 9,
	TYPE_VERSION = 10,
	CLONE_PARENT_NEW_PID_MNT = 0x00008000 | 0x20000000 | 0x00020000,
	CLONE_NET = 0x40000000,
};

static int logs = -1; /* our parent's descriptor */

/* ---- the counting program ---- */

/* Its count, and what else it knows, is in its memory (fake_pages.h). */
static int task(void)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	unsigned instance = 0;
	size_t page = 0;
	int fd = open("/tmp/beats", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || getrandom(&instance, sizeof(instance), 0) < 0)
		return 1;
	for (;;) {
		struct timespec now;
		char line[96];
		int n;

		page = (page + 1) % PAGES;
		if (!memory_is_right(page))
			return creat("/tmp/corrupt", 0644) < 0 ? 3 : 4;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		n = snprintf(line, sizeof(line), "%08x %lld %lu\n", instance,
			     (long long)now.tv_sec * 1000000000 + now.tv_nsec,
			     (unsigned long)++MEMORY[0]);
		if (write(fd, line, (size_t)n) != n)
			return 2;
		(void)nanosleep(&step, NULL);
	}
}

/* ---- orders ---- */

static void program(char *buf, size_t size, const char *end)
{
	char path[3072];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	/* where we live, much of the host is not to be seen */
	path[n > 0 ? n : 0] = '\0';
	(void)snprintf(buf, size, "/proc/%d/root%s%s", (int)getppid(), path, end);
}

static void done(const char *step, const char *action)
{
	char path[4096];
	FILE *f;

	program(path, sizeof(path), ".done");
	f = fopen(path, "a");
	if (!f)
		return;
	(void)fprintf(f, "%s %s\n", step, action);
	(void)fclose(f);
}

/* The action for @step, taken out of the file; "" for none. */
static void order(const char *step, char *action, size_t size)
{
	char path[4096], wanted[64], what[64];
	FILE *f;

	action[0] = '\0';
	program(path, sizeof(path), ".control");
	f = fopen(path, "r");
	if (!f)
		return;
	if (fscanf(f, "%63s %63s", wanted, what) == 2 && strcmp(wanted, step) == 0)
		(void)snprintf(action, size, "%s", what);
	(void)fclose(f);
	if (!action[0])
		return;
	(void)unlink(path);
	done(step, action);
}

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	(void)fclose(f);
	return parent;
}

/* In the directory that our parent has for logs. */
static void write_log(void)
{
	static const char reason[] = "(00.000002) Error (fake-criu.c:1): it was told to fail\n";
	char path[64], *filler = calloc(1, 5 << 20);
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d/restore.log", (int)getppid(), logs);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && filler) {
		memset(filler, '\n', 5 << 20);
		(void)!write(fd, filler, 5 << 20);
		(void)!write(fd, reason, sizeof(reason) - 1);
	}
	free(filler);
	(void)close(fd);
}

/* 0: go on; -1: fail. */
static int at(const char *step)
{
	char action[64];

	order(step, action, sizeof(action));
	if (strcmp(action, "fail") == 0)
		return -1;
	if (strcmp(action, "fail-log") == 0) {
		write_log();
		return -1;
	}
	if (strcmp(action, "crash") == 0)
		(void)kill(getpid(), SIGKILL);
	if (strcmp(action, "slow") == 0)
		(void)sleep(3);
	if (strcmp(action, "hang") == 0)
		for (;;)
			(void)pause();
	if (strcmp(action, "kill-both") == 0) {
		pid_t main_process = parent_of(getppid());

		if (main_process > 1)
			(void)kill(main_process, SIGKILL);
	}
	if (strncmp(action, "kill-", 5) == 0)
		(void)kill(getppid(), SIGKILL);
	return 0;
}

/* ---- protocol buffers ---- */

struct out {
	unsigned char bytes[1024];
	size_t len;
};

static void put_varint(struct out *o, uint64_t v)
{
	do {
		o->bytes[o->len++] = (unsigned char)((v & 127) | (v > 127 ? 128 : 0));
		v >>= 7;
	} while (v);
}

static void put_number(struct out *o, unsigned field, uint64_t v)
{
	put_varint(o, field << 3);
	put_varint(o, v);
}

static void put_bytes(struct out *o, unsigned field, const void *bytes, size_t n)
{
	put_varint(o, field << 3 | 2);
	put_varint(o, n);
	memcpy(o->bytes + o->len, bytes, n);
	o->len += n;
}

struct in {
	const unsigned char *p, *end;
};

static uint64_t get_varint(struct in *i)
{
	uint64_t v = 0;

	for (unsigned shift = 0; i->p < i->end && shift < 64; shift += 7) {
		unsigned char c = *i->p++;

		v |= (uint64_t)(c & 127) << shift;
		if (!(c & 128))
			break;
	}
	return v;
}

/* The next field: its number, or 0. Numbers come in *ret, the rest in *sub. */
static unsigned next_field(struct in *i, uint64_t *ret, struct in *sub)
{
	uint64_t key;

	if (i->p >= i->end)
		return 0;
	key = get_varint(i);
	*ret = 0;
	*sub = (struct in){ 0 };
	switch (key & 7) {
	case 0: *ret = get_varint(i); break;
	case 1: i->p += 8; break;
	case 2:
		*ret = get_varint(i);
		*sub = (struct in){ i->p, i->p + *ret };
		i->p += *ret;
		break;
	case 5: i->p += 4; break;
	default: return 0;
	}
	return (unsigned)(key >> 3);
}

struct request {
	unsigned type;
	int images, work, pid;
	bool leave_running, success, own_network, lazy;
	int page_server; /* that it is told of by a file */
	char root[4096];
	char log[256];
	char freezer[256]; /* directory of the cgroup */
};

static int read_config(const struct in *path)
{
	char name[256];
	int fd = -1;
	FILE *f;

	(void)snprintf(name, sizeof(name), "%.*s", (int)(path->end - path->p),
		       (const char *)path->p);
	f = fopen(name, "r");
	if (!f || fscanf(f, "ps-socket %d", &fd) != 1)
		fd = -1;
	if (f)
		(void)fclose(f);
	return fd;
}

static void read_options(struct in *i, struct request *rq)
{
	struct in sub;
	uint64_t v;
	unsigned field;

	while ((field = next_field(i, &v, &sub))) {
		if (field == 1)
			rq->images = (int)v;
		else if (field == 2)
			rq->pid = (int)v;
		else if (field == 3)
			rq->leave_running = v;
		else if (field == 38)
			rq->own_network = v;
		else if (field == 17)
			logs = rq->work = (int)v;
		else if (field == 48)
			rq->lazy = v;
		else if (field == 51)
			rq->page_server = read_config(&sub);
		else if (field == 13)
			(void)snprintf(rq->root, sizeof(rq->root), "%.*s", (int)(sub.end - sub.p),
				       (const char *)sub.p);
		else if (field == 44)
			(void)snprintf(rq->freezer, sizeof(rq->freezer), "%.*s",
				       (int)(sub.end - sub.p), (const char *)sub.p);
		else if (field == 10)
			(void)snprintf(rq->log, sizeof(rq->log), "%.*s", (int)(sub.end - sub.p),
				       (const char *)sub.p);
	}
}

/* false: the other end is gone. */
static bool receive(struct request *rq)
{
	static unsigned char packet[PACKET];
	ssize_t n = recv(SOCK, packet, sizeof(packet), 0);
	struct in i = { packet, packet + (n > 0 ? n : 0) }, sub;
	uint64_t v;
	unsigned field;

	if (n <= 0)
		return false;
	*rq = (struct request){ .images = -1, .work = -1, .page_server = -1 };
	while ((field = next_field(&i, &v, &sub))) {
		if (field == 1)
			rq->type = (unsigned)v;
		else if (field == 2 && sub.p)
			read_options(&sub, rq);
		else if (field == 3)
			rq->success = v;
	}
	return true;
}

static bool transmit(const struct out *o)
{
	return send(SOCK, o->bytes, o->len, MSG_NOSIGNAL) == (ssize_t)o->len;
}

static bool notify(const char *script, pid_t pid)
{
	struct out o = { .len = 0 }, n = { .len = 0 };
	struct request reply;

	put_bytes(&n, 1, script, strlen(script));
	if (pid)
		put_number(&n, 2, (uint64_t)pid);
	put_number(&o, 1, TYPE_NOTIFY);
	put_number(&o, 2, 1);
	put_bytes(&o, 5, n.bytes, n.len);
	return transmit(&o) && receive(&reply) && reply.type == TYPE_NOTIFY && reply.success;
}

static void respond(unsigned type, bool success, const struct out *extra)
{
	static const char why[] = "the test wants it to fail";
	struct out o = { .len = 0 };

	put_number(&o, 1, type);
	put_number(&o, 2, success);
	if (extra) {
		memcpy(o.bytes + o.len, extra->bytes, extra->len);
		o.len += extra->len;
	}
	if (!success)
		put_bytes(&o, 9, why, strlen(why));
	(void)transmit(&o);
}

/* ---- files: by the number that they have in the process which asks ---- */

static int open_theirs(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getppid(), fd);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void write_image(int theirs, const char *name, const char *text, size_t size)
{
	int dir = open_theirs(theirs);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)!write(fd, text, size);
		(void)close(fd);
	}
	(void)close(dir);
}

static unsigned long read_count(int theirs)
{
	char text[64] = "";
	int dir = open_theirs(theirs), fd = openat(dir, "pages-1.img", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	(void)close(dir);
	return strtoul(text, NULL, 10);
}

/* How far the program had come: the last line of its beats. */
static unsigned long count_of(pid_t pid)
{
	char path[64], line[128];
	unsigned long count = 0, found;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/root/tmp/beats", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %lu", &found) == 1)
			count = found;
	if (f)
		(void)fclose(f);
	return count;
}

/* ---- tasks ---- */

static pid_t tasks[TASKS];
static unsigned task_count;

static bool seize(pid_t pid)
{
	int status;

	if (task_count == TASKS || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	tasks[task_count++] = pid;
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		return false;
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return false;
	return WIFSTOPPED(status);
}

static void release(bool dead)
{
	for (unsigned i = 0; i < task_count; i++) {
		if (dead)
			(void)kill(tasks[i], SIGKILL);
		else
			(void)ptrace(PTRACE_DETACH, tasks[i], 0, 0);
	}
	for (unsigned i = 0; dead && i < task_count; i++)
		(void)waitpid(tasks[i], NULL, __WALL);
	task_count = 0;
}

static bool seize_tree(pid_t pid)
{
	char path[96];
	long child;
	bool ok = seize(pid);
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	while (ok && f && fscanf(f, "%ld", &child) == 1)
		ok = seize_tree((pid_t)child);
	if (f)
		(void)fclose(f);
	return ok;
}

/* ---- requests ---- */

static void put_magic(struct out *o, uint32_t magic)
{
	memcpy(o->bytes + o->len, &magic,
	       sizeof(magic)); /* in this machine's order, as criu does */
	o->len += sizeof(magic);
}

/* A file with one entry. @plain: without the magic number that all others begin with. */
static void write_entry(const struct request *rq, const char *name, uint32_t magic, bool plain,
			const struct out *entry)
{
	struct out o = { .len = 0 };

	if (!plain)
		put_magic(&o, 0x54564319);
	put_magic(&o, magic);
	put_magic(&o, (uint32_t)entry->len);
	memcpy(o.bytes + o.len, entry->bytes, entry->len);
	write_image(rq->images, name, (const char *)o.bytes, o.len + entry->len);
}

/* Namespaces of the host (fields 5 to 11), but those of the container. */
static void put_ids(struct out *o, unsigned field, bool inside, bool own_network)
{
	struct out ids = { .len = 0 };

	for (unsigned i = 5; i <= 11; i++)
		put_number(&ids, i,
			   inside && (i == 5 || i == 9 || (i == 6 && own_network)) ? 100 + i : i);
	put_bytes(o, field, ids.bytes, ids.len);
}

/* What ctr compares with the config: one task without privileges, one mount. */
static void write_tasks(const struct request *rq)
{
	struct out inventory = { .len = 0 }, tree = { .len = 0 }, core = { .len = 0 },
		   mount = { .len = 0 }, files = { .len = 0 }, sub = { .len = 0 },
		   creds = { .len = 0 };

	put_number(&inventory, 1, 2);
	put_number(&inventory, 2, 1);
	put_ids(&inventory, 3, false, false);
	put_number(&inventory, 4, 1);
	write_entry(rq, "inventory.img", 0x58313116, true, &inventory);
	for (unsigned i = 1; i <= 5; i++)
		put_number(&tree, i, i != 2);
	write_entry(rq, "pstree.img", 0x50273030, false, &tree);
	put_number(&core, 1, 1);
	put_number(&sub, 1, 1);
	put_bytes(&core, 3, sub.bytes, sub.len);
	put_ids(&core, 4, true, rq->own_network);
	for (unsigned i = 1; i <= 8; i++)
		put_number(&creds, i, 0);
	put_number(&creds, 13, 0);
	sub.len = 0;
	put_bytes(&sub, 10, creds.bytes, creds.len);
	put_bytes(&core, 5, sub.bytes, sub.len);
	write_entry(rq, "core-1.img", 0x55053847, false, &core);
	for (unsigned i = 1; i <= 5; i++)
		put_number(&mount, i, i < 4 ? 1 : 0);
	for (unsigned i = 6; i <= 9; i++)
		put_bytes(&mount, i, "/", i < 9);
	write_entry(rq, "mountpoints-109.img", 0x55563928, false, &mount);
	put_magic(&files, 0x54564319);
	put_magic(&files, 0x56303138);
	write_image(rq->images, "files.img", (const char *)files.bytes, files.len);
}

/* Pages: enough to see them sent; they begin with the count. */
static void write_images(const struct request *rq, unsigned long count)
{
	char *pages = calloc(1, 65536);

	if (!pages)
		return;
	(void)snprintf(pages, 32, "%lu", count);
	if (!rq->lazy)
		write_image(rq->images, "pages-1.img", pages, 65536);
	free(pages);
	if (rq->type != TYPE_PRE_DUMP)
		write_tasks(rq);
}

/* Some criu put the freezer back where it was before, whoever has frozen the tasks since. */
static void thaw(const struct request *rq)
{
	char path[300];
	int fd;

	if (!rq->freezer[0])
		return;
	(void)snprintf(path, sizeof(path), "%s/cgroup.freeze", rq->freezer);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	(void)close(fd);
}

static bool pre_dump(const struct request *rq)
{
	bool ok = seize_tree(rq->pid);

	thaw(rq);
	release(false);
	if (!ok || at("predump") < 0)
		return false;
	write_images(rq, 0);
	return true;
}

/* The end of its socket is all that a page server waits for. */
static bool serve_pages(const struct request *rq)
{
	char byte;

	return !rq->lazy || recv(rq->page_server, &byte, 1, 0) == 0;
}

static bool dump(const struct request *rq)
{
	bool ok = notify("pre-dump", 0) && seize_tree(rq->pid) && notify("network-lock", 0) &&
		  at("seized") == 0;

	if (ok)
		write_images(rq, count_of(rq->pid));
	ok = ok && at("dumped") == 0 && notify("post-dump", 0) && at("post-dump") == 0;
	ok = ok && serve_pages(rq);
	if (!ok)
		(void)notify("network-unlock", 0);
	if (!ok || rq->leave_running)
		thaw(rq);
	release(ok && !rq->leave_running);
	return ok && at("end-dump") == 0;
}

/* As criu leaves it: the container's root is that of the mount namespace. */
static bool enter_root(const char *root)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && chdir(root) == 0 &&
	       syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
	       chdir("/") == 0;
}

/* "TYPE@PATH": what hostile images would mount. */
static bool mount_more(const char *what)
{
	char type[64];
	const char *at = strchr(what, '@');

	if (!at)
		return true;
	(void)snprintf(type, sizeof(type), "%.*s", (int)(at - what), what);
	return mount(type, at + 1, type, 0, NULL) == 0;
}

static void live(const struct request *rq, unsigned long count, const char *mounts, int lazy,
		 int go, int ready)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	uint32_t none[6] = { 0 };
	char byte;

	if (!enter_root(rq->root) || !mount_more(mounts))
		_exit(3);
	if (rq->lazy ? !memory_expect(lazy) : !memory_map())
		_exit(5);
	if (!rq->lazy)
		memory_fill(count);
	for (int cap = 0; cap < 64; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) < 0)
		_exit(4);
	(void)!write(ready, "1", 1);
	(void)close(ready);
	/* tasks that criu has not finished stand where they are, should it die */
	while (read(go, &byte, 1) != 1)
		(void)pause();
	(void)close(go);
	(void)setsid();
	_exit(task());
}

/* A sibling of ours, as with rst_sibling: the child of the ctr that asks. */
static pid_t give_birth(const struct request *rq, int *ret_go)
{
	unsigned long count = read_count(rq->images); /* our parent is none of its */
	int lazy = rq->lazy ? lazy_connect(open_theirs(rq->work)) : -1;
	int pair[2], ready[2];
	char byte, mounts[64];
	long pid;

	if (rq->lazy && lazy < 0)
		return -1;
	order("mount", mounts, sizeof(mounts));
	if (pipe(pair) < 0 || pipe(ready) < 0)
		return -1;
	pid = syscall(SYS_clone,
		      CLONE_PARENT_NEW_PID_MNT | SIGCHLD | (rq->own_network ? CLONE_NET : 0), NULL,
		      NULL, NULL, NULL);
	if (pid == 0) {
		(void)close(pair[1]);
		(void)close(ready[0]);
		(void)close(SOCK);
		live(rq, count, mounts, lazy, pair[0], ready[1]);
	}
	(void)close(lazy);
	(void)close(pair[0]);
	(void)close(ready[1]);
	if (pid > 0)
		(void)!read(ready[0], &byte, 1); /* it is what it will be */
	(void)close(ready[0]);
	*ret_go = pair[1];
	return (pid_t)pid;
}

static bool restore(const struct request *rq, struct out *extra)
{
	struct out body = { .len = 0 };
	pid_t pid;
	int go = -1;
	bool ok;

	if (at("restore") < 0)
		return false;
	pid = give_birth(rq, &go);
	if (pid < 0)
		return false;
	ok = notify("setup-namespaces", pid) && at("born") == 0 && notify("post-restore", pid) &&
	     at("restored") == 0;
	/* it goes on into the hands of ptrace, where it stands for the last question */
	ok = ok && seize(pid);
	if (!ok) {
		(void)kill(pid, SIGKILL);
		return false;
	}
	(void)!write(go, "1", 1);
	(void)close(go);
	/* criu does not listen to this answer: it is for others to kill what must not run */
	(void)notify("pre-resume", pid);
	ok = at("resume") == 0;
	release(!ok);
	if (!ok)
		return false;
	put_number(&body, 1, (uint64_t)pid);
	put_bytes(extra, 4, body.bytes, body.len);
	return at("end-restore") == 0;
}

static void version(void)
{
	struct out body = { .len = 0 }, extra = { .len = 0 };

	put_number(&body, 1, 3);
	put_number(&body, 2, 17);
	put_number(&body, 4, 1);
	put_bytes(&extra, 10, body.bytes, body.len);
	respond(TYPE_VERSION, at("version") == 0, &extra);
}

static void features(void)
{
	struct out body = { .len = 0 }, extra = { .len = 0 };

	put_number(&body, 1, 1);
	put_number(&body, 2, at("features") == 0);
	put_bytes(&extra, 8, body.bytes, body.len);
	respond(TYPE_FEATURES, true, &extra);
}

static void serve(const struct request *rq)
{
	struct out extra = { .len = 0 };
	bool ok;

	switch (rq->type) {
	case TYPE_VERSION: version(); break;
	case TYPE_FEATURES: features(); break;
	case TYPE_PRE_DUMP: respond(rq->type, pre_dump(rq), NULL); break;
	case TYPE_DUMP: respond(rq->type, dump(rq), NULL); break;
	case TYPE_RESTORE:
		ok = restore(rq, &extra);
		respond(rq->type, ok, &extra);
		break;
	default: respond(rq->type, false, NULL);
	}
}

/* A number, or the directory /proc/self/fd/NUMBER. */
static int lazy_argument(char **argv, const char *name)
{
	for (; argv[0] && argv[1]; argv++) {
		const char *slash = strrchr(argv[1], '/');

		if (strcmp(argv[0], name) == 0)
			return (int)strtol(slash ? slash + 1 : argv[1], NULL, 10);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct request rq;

	if (argc >= 2 && strcmp(argv[1], "task") == 0) {
		if (!memory_map())
			return 1;
		memory_fill(argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
		return task();
	}
	if (argc >= 2 && strcmp(argv[1], "lazy-pages") == 0)
		return lazy_serve(lazy_argument(argv, "--ps-socket"),
				  lazy_argument(argv, "--work-dir"),
				  lazy_argument(argv, "--status-fd"));
	if (argc < 3 || strcmp(argv[1], "swrk") != 0) {
		(void)fprintf(stderr, "usage: fake-criu swrk 3 | fake-criu task [COUNT]\n");
		return 1;
	}
	while (receive(&rq))
		serve(&rq);
	return 0;
}
