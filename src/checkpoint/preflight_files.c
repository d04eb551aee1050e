// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: what is behind descriptors, other than sockets. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <linux/major.h>

#include "checkpoint/preflight_internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/path.h"

enum {
	DECIMAL = 10,
	BLOCK = 512, /* of st_blocks */
	AUTOFS_MINOR = 235,
	KVM_MINOR = 232,
	PTS_MAJOR_END = UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT,
	DRM_MAJOR = 226,
	NVIDIA_MAJOR = 195,
	LOOKS = 200, /* at what may be replaced at any time */
	LOOK_NSEC = 50000,
};

/* Where a descriptor is, on its way through the checks. */
struct descriptor {
	const struct preflight_task *task;
	int fd;		  /* negative: the working directory, the root, the program */
	const char *name; /* what readlink says */
	struct stat st;
	struct proc_fdinfo info;
};

/* ---- objects of the kernel ---- */

/* Names start with these; the first entry counts. NULL: CRIU can save it. */
static const struct {
	const char *name;
	bool supported;
	enum preflight_what what;
} anonymous[] = {
	{ "eventfd", true, 0 },
	{ "eventpoll", true, 0 },
	{ "inotify", true, 0 },
	{ "fanotify", true, 0 },
	{ "signalfd", true, 0 },
	{ "timerfd", true, 0 },
	{ "io_uring", false, PREFLIGHT_IO_URING },
	{ "userfaultfd", false, PREFLIGHT_USERFAULTFD },
	{ "bpf-map", false, PREFLIGHT_BPF_MAP },
	{ "bpf", false, PREFLIGHT_BPF },
	{ "btf", false, PREFLIGHT_BPF },
	{ "perf_event", false, PREFLIGHT_PERF_EVENT },
	{ "pidfd", false, PREFLIGHT_PIDFD },
	{ "seccomp notify", false, PREFLIGHT_SECCOMP_LISTENER },
	{ "kvm", false, PREFLIGHT_KVM },
};

/* What is saved, and is another thing afterwards. */
static void look_at_state(struct preflight_scan *s, const struct descriptor *d)
{
	if (d->info.ticks > 0 && d->info.repeats && !d->info.armed)
		preflight_add(s, PREFLIGHT_TIMERFD_EXPIRED, d->task, d->fd, "%s", d->name);
	if (d->info.semaphore)
		preflight_add(s, PREFLIGHT_EVENTFD_SEMAPHORE, d->task, d->fd, "%s", d->name);
}

static void look_at_anonymous(struct preflight_scan *s, const struct descriptor *d,
			      const struct proc_link *link)
{
	look_at_state(s, d);
	for (size_t i = 0; i < sizeof(anonymous) / sizeof(anonymous[0]); i++) {
		if (strncmp(link->name, anonymous[i].name, strlen(anonymous[i].name)) != 0)
			continue;
		if (!anonymous[i].supported)
			preflight_add(s, anonymous[i].what, d->task, d->fd, "%s", d->name);
		return;
	}
	preflight_add(s, PREFLIGHT_ANON_INODE, d->task, d->fd, "%s", d->name);
}

static void look_at_namespace(struct preflight_scan *s, const struct descriptor *d, uint64_t inode)
{
	for (size_t i = 0; i < s->task_count; i++)
		for (size_t n = 0; n < PREFLIGHT_NS_COUNT; n++)
			if (s->tasks[i].ns[n] == inode)
				return;
	if (strncmp(d->name, "cgroup:", strlen("cgroup:")) != 0)
		preflight_add(s, PREFLIGHT_NS_OUTSIDE, d->task, d->fd, "%s", d->name);
}

/* ---- pipes ---- */

static void remember_pipe(struct preflight_scan *s, const struct descriptor *d, uint64_t inode)
{
	struct preflight_end *end = preflight_end_add(s, &s->pipes, inode, d->task, d->fd);
	uint64_t mode = d->info.flags & O_ACCMODE;

	if (!end)
		return;
	end->read |= mode != O_WRONLY;
	end->write |= mode != O_RDONLY;
	/* the three that a container starts with come from its caller at restore */
	if (d->fd < PREFLIGHT_STDIO)
		end->fd = d->fd;
}

void preflight_look_at_pipes(struct preflight_scan *s)
{
	for (size_t i = 0; i < s->pipes.count; i++) {
		const struct preflight_end *p = &s->pipes.items[i];

		if (p->fd >= PREFLIGHT_STDIO && (!p->read || !p->write))
			preflight_add(s, PREFLIGHT_PIPE_OUTSIDE, p->task, p->fd, "pipe:[%llu]",
				      (unsigned long long)p->inode);
	}
}

/* ---- devices ---- */

static bool is_tty(dev_t dev)
{
	unsigned m = major(dev);

	return m == TTY_MAJOR || m == TTYAUX_MAJOR ||
	       (m >= UNIX98_PTY_MASTER_MAJOR && m < PTS_MAJOR_END);
}

/* A TUN device's interface would have to be saved as well, and the network is made anew at restore. */
static bool is_saved_device(dev_t dev)
{
	unsigned m = major(dev), n = minor(dev);

	return m == MEM_MAJOR || is_tty(dev) || (m == MISC_MAJOR && n == AUTOFS_MINOR);
}

static bool is_gpu(const struct descriptor *d)
{
	unsigned m = major(d->st.st_rdev);

	return m == DRM_MAJOR || m == NVIDIA_MAJOR || strncmp(d->name, "/dev/nvidia", 11) == 0 ||
	       strcmp(d->name, "/dev/kfd") == 0;
}

static void look_at_device(struct preflight_scan *s, const struct descriptor *d)
{
	dev_t dev = d->st.st_rdev;
	bool character = S_ISCHR(d->st.st_mode);
	enum preflight_what what = PREFLIGHT_DEVICE;

	if (character && is_saved_device(dev))
		return;
	if (character && is_gpu(d))
		what = PREFLIGHT_GPU;
	else if (character && major(dev) == MISC_MAJOR && minor(dev) == KVM_MINOR)
		what = PREFLIGHT_KVM;
	preflight_add(s, what, d->task, d->fd, "%s (%s device %u:%u)", d->name,
		      character ? "character" : "block", major(dev), minor(dev));
}

/* ---- files ---- */

static bool is_stdio(const struct preflight_scan *s, const struct descriptor *d)
{
	for (size_t i = 0; i < PREFLIGHT_STDIO; i++)
		if (s->stdio[i].ino == d->st.st_ino && s->stdio[i].dev == d->st.st_dev &&
		    s->stdio[i].mount == d->info.mount)
			return true;
	return false;
}

/* Does the task have mounts of its own, and this one is among them? */
static bool is_own_mount(const struct preflight_scan *s, const struct preflight_task *task, int id)
{
	cleanup_free char *text = NULL;
	struct proc_mount m;
	char *at;

	if (task->ns[PREFLIGHT_NS_MNT] == preflight_init(s)->ns[PREFLIGHT_NS_MNT])
		return false;
	text = preflight_read(task->dir, "mountinfo");
	at = text;
	while (proc_next_mount(&at, &m))
		if (m.id == id)
			return true;
	return false;
}

/*
 * The task whose root directory leads to the file; NULL: it is outside, and that is reported. Names are told from the
 * root of the mounts, so a task that has changed its root is not asked itself.
 */
static const struct preflight_task *place(struct preflight_scan *s, const struct descriptor *d)
{
	bool tty = S_ISCHR(d->st.st_mode) && is_tty(d->st.st_rdev);

	if (d->info.mount < 0 || is_own_mount(s, d->task, d->info.mount))
		return d->task;
	if (preflight_mount(s, d->info.mount))
		return preflight_init(s);
	/* what the container was started with is declared to CRIU, and given to it anew */
	if (!is_stdio(s, d))
		preflight_add(s, tty ? PREFLIGHT_TTY_OUTSIDE : PREFLIGHT_FILE_OUTSIDE, d->task,
			      d->fd, "%s", d->name);
	return NULL;
}

static void look_at_deleted(struct preflight_scan *s, const struct preflight_task *task, int fd,
			    const char *name, const struct stat *st)
{
	uint64_t limit = s->rq->ghost_limit ? s->rq->ghost_limit : PREFLIGHT_GHOST_LIMIT;

	if (st->st_nlink > 0)
		preflight_add(s, PREFLIGHT_FILE_DELETED_LINKED, task, fd, "%s", name);
	else if (S_ISREG(st->st_mode) && (uint64_t)st->st_size > limit)
		preflight_add(s, PREFLIGHT_FILE_DELETED_LARGE, task, fd, "%s, %lld bytes", name,
			      (long long)st->st_size);
}

/* File systems whose server may let us wait for ever; names start with these. */
static const char *const remote[] = { "fuse", "nfs", "9p",     "cifs",	  "smb3",
				      "ceph", "afs", "lustre", "virtiofs" };

static bool is_remote(const char *type)
{
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (strncmp(type, remote[i], strlen(remote[i])) == 0)
			return true;
	return false;
}

/* May the way to @path lead through such a file system? */
static bool may_hang(const struct preflight_scan *s, const char *path)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (is_remote(s->mounts[i].type) && path_below(path, s->mounts[i].point))
			return true;
	return false;
}

/* Is it found under its name, as CRIU will look for it? True also when that cannot be told. */
static bool is_visible(const struct preflight_task *task, const char *path, const struct stat *st)
{
	cleanup_fd int root = openat(task->dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = -EBADF;
	struct stat found;

	if (root < 0)
		return true;
	fd = kernel_openat2(root, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_IN_ROOT);
	if (fd < 0)
		return fd != -ENOENT && fd != -ENOTDIR;
	return fstat(fd, &found) < 0 || (found.st_dev == st->st_dev && found.st_ino == st->st_ino);
}

/* @from: whose root directory the name starts at. */
static void look_at_name(struct preflight_scan *s, const struct descriptor *d,
			 const struct preflight_task *from)
{
	struct proc_link link;

	proc_parse_link(d->name, &link);
	if (link.kind != PROC_LINK_PATH)
		return;
	if (link.deleted)
		look_at_deleted(s, d->task, d->fd, d->name, &d->st);
	else if (!may_hang(s, d->name) && !is_visible(from, d->name, &d->st))
		preflight_add(s, PREFLIGHT_FILE_HIDDEN, d->task, d->fd, "%s", d->name);
}

void preflight_look_at_file(struct preflight_scan *s, const struct preflight_task *task,
			    const char *name, const struct stat *st)
{
	const struct descriptor d = { .task = task, .fd = -1, .name = name, .st = *st };
	bool own = task->ns[PREFLIGHT_NS_MNT] != preflight_init(s)->ns[PREFLIGHT_NS_MNT];

	look_at_name(s, &d, own ? task : preflight_init(s));
}

static void look_at_path(struct preflight_scan *s, const struct descriptor *d)
{
	const struct preflight_task *from;

	if (d->info.locked)
		preflight_add(s, PREFLIGHT_FILE_LOCK, d->task, d->fd, "%s (%s)", d->name,
			      d->info.lock);
	from = place(s, d);
	if (!from)
		return;
	if (S_ISCHR(d->st.st_mode) || S_ISBLK(d->st.st_mode))
		look_at_device(s, d);
	if (!S_ISCHR(d->st.st_mode) || !is_tty(d->st.st_rdev))
		look_at_name(s, d, from);
}

static void look_at_descriptor(struct preflight_scan *s, const struct descriptor *d)
{
	struct proc_link link;

	proc_parse_link(d->name, &link);
	switch (link.kind) {
	case PROC_LINK_SOCKET:
		(void)preflight_end_add(s, &s->sockets, link.inode, d->task, d->fd);
		break;
	case PROC_LINK_PIPE: remember_pipe(s, d, link.inode); break;
	case PROC_LINK_ANON: look_at_anonymous(s, d, &link); break;
	case PROC_LINK_NS: look_at_namespace(s, d, link.inode); break;
	case PROC_LINK_PATH: look_at_path(s, d); break;
	case PROC_LINK_MEMFD:
		if (d->info.locked)
			preflight_add(s, PREFLIGHT_FILE_LOCK, d->task, d->fd, "%s (%s)", d->name,
				      d->info.lock);
		break;
	case PROC_LINK_OTHER:
		preflight_add(s, PREFLIGHT_ANON_INODE, d->task, d->fd, "%s", d->name);
		break;
	}
}

/* ---- what a task has ---- */

static bool read_name(int dir, const char *entry, char buf[PATH_MAX])
{
	ssize_t n = readlinkat(dir, entry, buf, PATH_MAX - 1);

	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

/* False: it was closed meanwhile. */
static bool read_once(const struct preflight_task *task, int fd, char name[PATH_MAX],
		      struct descriptor *ret)
{
	cleanup_free char *info = NULL;
	char entry[32];

	*ret = (struct descriptor){ .task = task, .fd = fd, .name = name };
	(void)snprintf(entry, sizeof(entry), "fd/%d", fd);
	if (!read_name(task->dir, entry, name) || !preflight_stat(task->dir, entry, &ret->st))
		return false;
	(void)snprintf(entry, sizeof(entry), "fdinfo/%d", fd);
	info = preflight_read(task->dir, entry);
	if (!info)
		return false;
	proc_parse_fdinfo(info, &ret->info);
	return true;
}

static bool is_same(const struct descriptor *a, const struct descriptor *b)
{
	return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino &&
	       a->info.mount == b->info.mount && a->info.flags == b->info.flags &&
	       strcmp(a->name, b->name) == 0;
}

/*
 * Name, file and mount are told one after the other, and the program may put another file there meanwhile: what
 * belongs together is the same twice. False: it was closed, or never stays the same.
 */
static bool read_descriptor(const struct preflight_task *task, int fd, char name[PATH_MAX],
			    struct descriptor *ret)
{
	char before[PATH_MAX];
	struct descriptor was;

	if (!read_once(task, fd, before, &was))
		return false;
	for (int i = 0; i < LOOKS; i++) {
		if (!read_once(task, fd, name, ret))
			return false;
		if (is_same(&was, ret))
			return true;
		was = *ret;
		(void)snprintf(before, sizeof(before), "%s", name);
	}
	return false;
}

/* False: one of them is something that the program has opened itself, maybe only for this moment. */
static bool find_stdio(struct preflight_scan *s)
{
	char name[PATH_MAX];
	struct descriptor d;
	bool all = true;

	for (int fd = 0; fd < PREFLIGHT_STDIO; fd++) {
		struct preflight_file *f = &s->stdio[fd];
		bool tty;

		if (f->ino && !preflight_mount(s, f->mount))
			continue;
		if (!read_descriptor(preflight_init(s), fd, name, &d)) {
			all = false;
			continue;
		}
		*f = (struct preflight_file){ d.st.st_dev, d.st.st_ino, d.info.mount };
		tty = S_ISCHR(d.st.st_mode) && is_tty(d.st.st_rdev);
		all = all && (tty || !preflight_mount(s, f->mount));
	}
	return all;
}

/* As dump_stdio_find: a shell that redirects the output of one command has what it was given elsewhere meanwhile. */
void preflight_read_stdio(struct preflight_scan *s)
{
	const struct timespec step = { .tv_nsec = LOOK_NSEC };

	for (int i = 0; i < LOOKS && !find_stdio(s); i++)
		(void)nanosleep(&step, NULL);
}

static void look_at_directory(struct preflight_scan *s, const struct preflight_task *task,
			      const char *entry)
{
	char name[PATH_MAX];
	struct stat st;

	/* what is out of reach of our own root is shown by CRIU as well, in its own words */
	if (read_name(task->dir, entry, name) && preflight_stat(task->dir, entry, &st))
		preflight_look_at_file(s, task, name, &st);
}

static void close_directory(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

void preflight_look_at_files(struct preflight_scan *s, const struct preflight_task *task)
{
	int dir = openat(task->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_directory) DIR *fds = dir >= 0 ? fdopendir(dir) : NULL;
	struct dirent *entry;
	char name[PATH_MAX];
	struct descriptor d;

	if (!fds)
		cleanup_close_fd(&dir);
	while (fds && (entry = readdir(fds)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    read_descriptor(task, (int)strtol(entry->d_name, NULL, DECIMAL), name, &d))
			look_at_descriptor(s, &d);
	look_at_directory(s, task, "cwd");
	look_at_directory(s, task, "exe");
}
