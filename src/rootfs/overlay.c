// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay.h. */
#include "rootfs/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/capability.h>
#include <linux/securebits.h>

#include "rootfs/overlay_check.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/overlayfs.h"
#include "util/strbuf.h"

enum {
	STACK_SIZE = 64 * 1024,
	IDMAP_MAJOR = 5,
	IDMAP_MINOR = 19,
};

void overlay_stack_close(struct overlay_stack *s)
{
	for (size_t i = 0; i < s->count; i++)
		close_fd(&s->lowers[i]);
	free(s->lowers);
	close_fd(&s->upper);
	close_fd(&s->work);
	s->lowers = NULL;
	s->count = 0;
}

int overlay_stack_open(const char *const *dirs, size_t count, struct overlay_stack *ret,
		       struct err *e)
{
	struct overlay_stack s = OVERLAY_STACK_EMPTY;

	s.lowers = calloc(count, sizeof(*s.lowers));
	if (!s.lowers)
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the layers");
	for (; s.count < count; s.count++) {
		int fd = open(dirs[s.count], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0) {
			int r = err_set(e, ERR_USAGE, errno, "layer '%s'", dirs[s.count]);

			overlay_stack_close(&s);
			return r;
		}
		s.lowers[s.count] = fd;
	}
	*ret = s;
	return 0;
}

int overlay_options(const char *upper, const char *work, bool userxattr, const char *label,
		    char *buf, size_t size, struct err *e)
{
	struct strbuf out = STRBUF_OVER(buf, size);

	strbuf_adds(&out, "redirect_dir=nofollow,metacopy=off,index=off,nfs_export=off,xino=auto");
	if (userxattr)
		strbuf_adds(&out, ",userxattr");
	if (label && *label) {
		if (strpbrk(label, "\"\\"))
			return err_set(e, ERR_CONFIG, 0, "SELinux label '%s' of an overlay", label);
		strbuf_addf(&out, ",context=\"%s\"", label);
	}
	if (upper)
		strbuf_addf(&out,
			    ",upperdir=" OVERLAYFS_WRITABLE "/%s,workdir=" OVERLAYFS_WRITABLE "/%s",
			    upper, work);
	if (out.len + 1 >= size)
		return err_set(e, ERR_CONFIG, ENAMETOOLONG, "options of the overlay");
	return 0;
}

/* ---- the directory that holds upper and work ---- */

struct writable {
	int dir; /* a descriptor of its own */
	char upper[NAME_MAX + 1], work[NAME_MAX + 1];
};

/* The name of the directory @fd in the one above it, by what is there: /proc may be missing. */
static int find_name(int above, int fd, char name[NAME_MAX + 1])
{
	int copy = openat(above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = -ENOENT;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	struct stat want, st;

	if (!d || fstat(fd, &want) < 0)
		return -errno;
	while (r == -ENOENT && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    fstatat(above, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_ino == want.st_ino && st.st_dev == want.st_dev &&
		    !strpbrk(entry->d_name, ",:\\\"")) {
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
			r = 0;
		}
	(void)closedir(d);
	return r;
}

/* The kernel wants them below one mount, and each descriptor that is copied becomes a mount. */
static int open_writable(const struct overlay_stack *s, struct writable *ret, struct err *e)
{
	cleanup_fd int dir = openat(s->upper, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : find_name(dir, s->upper, ret->upper);

	if (r == 0)
		r = find_name(dir, s->work, ret->work);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "find upper and work directory of the layers");
	ret->dir = take_fd(&dir);
	return 0;
}

/* ---- layers as mounts ---- */

static int check_idmap_kernel(struct err *e)
{
	struct utsname u;
	int major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2 ||
	    major > IDMAP_MAJOR || (major == IDMAP_MAJOR && minor >= IDMAP_MINOR))
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0,
		"an overlay of layers in a user namespace needs Linux %d.%d, this is %s",
		IDMAP_MAJOR, IDMAP_MINOR, u.release);
	err_hint(e, "do without the user namespace, or without --overlay");
	return -EOPNOTSUPP;
}

static int copy_mount(int dir, int userns, int *ret_fd, struct err *e)
{
	struct kernel_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
					  .userns_fd = (uint64_t)userns };
	cleanup_fd int fd =
		kernel_open_tree(dir, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | OPEN_TREE_CLONE);
	char name[512];
	int r;

	if (fd < 0) {
		overlay_dir_name(dir, name, sizeof(name));
		err_set(e, ERR_SYSTEM, -fd, "copy the mount of the layer '%s'", name);
		if (fd == -EPERM)
			err_hint(e, "this needs CAP_SYS_ADMIN: run as root");
		return fd;
	}
	r = userns < 0 ? 0 : kernel_mount_setattr(fd, 0, &attr);
	if (r < 0) {
		overlay_dir_name(dir, name, sizeof(name));
		err_set(e, ERR_SYSTEM, -r, "idmap the layer '%s'", name);
		err_hint(e, r == -EPERM ? "it may be on a mount that is idmapped already"
					: "its filesystem may not support idmapped mounts");
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

struct trees {
	int *lowers;
	size_t count;
	int writable;
};

static void trees_close(struct trees *t)
{
	for (size_t i = 0; i < t->count; i++)
		close_fd(&t->lowers[i]);
	free(t->lowers);
	close_fd(&t->writable);
}

static int copy_lowers(const struct overlay_stack *s, const struct overlay_how *how,
		       struct trees *t, struct err *e)
{
	int r = 0;

	t->lowers = calloc(s->count, sizeof(*t->lowers));
	if (!t->lowers)
		return err_set(e, ERR_SYSTEM, ENOMEM, "copy the mounts of the layers");
	for (; r == 0 && t->count < s->count; t->count++) {
		t->lowers[t->count] = -EBADF;
		r = copy_mount(s->lowers[t->count], how->userns, &t->lowers[t->count], e);
	}
	return r;
}

/* ---- the mount ---- */

struct task {
	struct overlayfs_job job;
	const struct overlay_how *how;
	int result; /* the mount, or -errno */
};

/* Who has it is bound by no quota and no reserve of a filesystem; all that a container writes, overlayfs writes. */
static int drop_resource(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	d[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

/*
 * Overlayfs makes its own files, such as whiteouts, with the credentials of who mounts it, and on an idmapped
 * mount only ids that it maps can make files: root of the host is none of them. The capabilities stay.
 */
static int take_ids(const struct overlay_how *how)
{
	if (how->userns < 0)
		return 0;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return -errno;
	/* they report nothing but the ids before: asked again, the ones now */
	(void)setfsgid(how->gid);
	(void)setfsuid(how->uid);
	return (uint32_t)setfsgid((gid_t)-1) == how->gid &&
			       (uint32_t)setfsuid((uid_t)-1) == how->uid
		       ? 0
		       : -EPERM;
}

/*
 * A mount namespace for a moment, in a process that has our memory and our descriptors: we wait until it
 * has ended. Its "/" must not be shared, or the host would see what is attached on it.
 */
static int in_namespace(void *data)
{
	struct task *t = data;
	int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = top < 0 ? -errno : kernel_mount_change(top, 0, 0, 0, MS_PRIVATE);

	if (top >= 0)
		(void)close(top);
	if (r == 0)
		r = take_ids(t->how);
	if (r == 0)
		r = drop_resource();
	t->result = r < 0 ? r : overlayfs_mount(&t->job);
	return 0;
}

static int run_task(struct task *t, struct err *e)
{
	cleanup_free char *stack = aligned_alloc(64, STACK_SIZE);
	pid_t pid;

	if (!stack)
		return err_set(e, ERR_SYSTEM, ENOMEM, "merge the layers");
	t->result = -ECHILD;
	pid = clone(in_namespace, stack + STACK_SIZE,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWNS | SIGCHLD, t);
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a mount namespace for the layers");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int explain_failure(const struct overlay_stack *s, const struct task *t, struct err *e)
{
	int r = t->result;

	if (r == -ELOOP || r == -EBUSY) {
		int found = overlay_find_overlap(s, false, e);

		if (found < 0)
			return found;
	}
	err_set(e, ERR_SYSTEM, -r, "%s", t->job.failed ? t->job.failed : "merge the layers");
	if (r == -ENODEV)
		err_hint(e, "the kernel has no overlayfs: load the module overlay");
	else if (r == -ENAMETOOLONG)
		err_hint(e, "at most %d layers can be merged", OVERLAYFS_MAX_LAYERS);
	else
		err_hint(e, "the kernel's log says more: dmesg");
	return r;
}

static int merge(const struct overlay_stack *s, const struct overlay_how *how,
		 const struct trees *t, const char *options, int *ret_mount, struct err *e)
{
	struct task task = {
		.how = how,
		.job = { .lowers = t->lowers,
			 .count = t->count,
			 .writable = t->writable,
			 .options = options },
	};
	int r = run_task(&task, e);

	if (r < 0)
		return r;
	if (task.result < 0)
		return explain_failure(s, &task, e);
	*ret_mount = task.result;
	return 0;
}

/* The kernel makes no overlay of one directory that nobody writes to: its copy is the view. */
static int view(const struct overlay_stack *s, const struct overlay_how *how, struct trees *t,
		int *ret_mount, struct err *e)
{
	cleanup_fd int mnt = -EBADF;
	char options[OVERLAYFS_OPTIONS_MAX];
	int r;

	if (t->count == 1) {
		mnt = take_fd(&t->lowers[0]);
	} else {
		r = overlay_options(NULL, NULL, false, NULL, options, sizeof(options), e);
		if (r == 0)
			r = merge(s, how, t, options, &mnt, e);
		if (r < 0)
			return r;
	}
	r = kernel_mount_change(mnt, 0, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "make the view of the layers read-only");
	*ret_mount = take_fd(&mnt);
	return 0;
}

/* Maps may have no root: whose directories overlayfs could then not use. What is above them is ours alone. */
static int give_work(const struct writable *w, const struct overlay_how *how, struct err *e)
{
	if (how->userns < 0)
		return 0;
	if (fchownat(w->dir, w->work, how->inner_uid, how->inner_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(w->dir, ".", 0711, 0) < 0)
		return err_set(e, ERR_SYSTEM, errno, "prepare the work directory of the layers");
	return 0;
}

/* The tmpfs is the container's alone, so it simply holds the ids as they are for the host. */
static int prepare_writable(const struct overlay_stack *s, const struct overlay_how *how,
			    struct trees *t, char *options, size_t size, struct err *e)
{
	struct writable w = { .dir = -EBADF, .upper = OVERLAYFS_UPPER, .work = OVERLAYFS_WORK };
	int r;

	if (how->scratch) {
		t->writable = overlayfs_scratch(how->size ? how->size : "", t->lowers[0]);
		if (t->writable < 0)
			return err_set(e, ERR_SYSTEM, -t->writable, "make a tmpfs of size '%s'",
				       how->size ? how->size : "");
		return overlay_options(w.upper, w.work, false, how->label, options, size, e);
	}
	r = overlay_check_upper(s->upper, false, e);
	if (r == 0)
		r = overlay_find_overlap(s, true, e);
	if (r == 0)
		r = open_writable(s, &w, e);
	if (r == 0)
		r = give_work(&w, how, e);
	if (r == 0)
		r = copy_mount(w.dir, how->userns, &t->writable, e);
	close_fd(&w.dir);
	return r < 0 ? r : overlay_options(w.upper, w.work, false, how->label, options, size, e);
}

static int check_count(const struct overlay_stack *s, struct err *e)
{
	if (s->count <= OVERLAYFS_MAX_LAYERS)
		return 0;
	err_set(e, ERR_USAGE, 0, "%zu layers: the kernel merges at most %d", s->count,
		OVERLAYFS_MAX_LAYERS);
	return -E2BIG;
}

int overlay_mount(const struct overlay_stack *s, const struct overlay_how *how, int *ret_mount,
		  struct err *e)
{
	cleanup_(trees_close) struct trees t = { .writable = -EBADF };
	char options[OVERLAYFS_OPTIONS_MAX];
	int r = check_count(s, e);

	if (r == 0 && how->userns >= 0)
		r = check_idmap_kernel(e);
	if (r == 0)
		r = copy_lowers(s, how, &t, e);
	if (r < 0)
		return r;
	if (s->upper < 0 && !how->scratch)
		return view(s, how, &t, ret_mount, e);
	r = prepare_writable(s, how, &t, options, sizeof(options), e);
	return r < 0 ? r : merge(s, how, &t, options, ret_mount, e);
}

/* ---- for ctr-init ---- */

void overlay_late_free(struct overlay_late *l)
{
	for (size_t i = 0; l->lowers && i < l->count; i++)
		free(l->lowers[i]);
	free(l->lowers);
	free(l->writable);
	free(l->options);
	free(l->files);
	*l = (struct overlay_late){ 0 };
}

/* Path and identity of one directory; @at: its place among the files. */
static int note_dir(int fd, uint64_t *at, char **ret_path, struct err *e)
{
	char name[PATH_MAX];
	struct stat st;

	overlay_dir_name(fd, name, sizeof(name));
	if (name[0] != '/' || fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, ENOENT, "find the layer '%s'", name);
	at[0] = st.st_dev;
	at[1] = st.st_ino;
	*ret_path = strdup(name);
	return *ret_path ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "find the layers");
}

static int late_dirs(const struct overlay_stack *s, const struct writable *w,
		     struct overlay_late *l, struct err *e)
{
	int r = 0;

	l->lowers = calloc(s->count, sizeof(*l->lowers));
	l->files = calloc(2 * (s->count + 1), sizeof(*l->files));
	if (!l->lowers || !l->files)
		return err_set(e, ERR_SYSTEM, ENOMEM, "find the layers");
	for (; r == 0 && l->count < s->count; l->count++)
		r = note_dir(s->lowers[l->count], l->files + 2 * l->count, &l->lowers[l->count], e);
	if (r == 0 && w->dir >= 0)
		r = note_dir(w->dir, l->files + 2 * l->count, &l->writable, e);
	return r;
}

int overlay_late_make(const struct overlay_stack *s, const struct overlay_how *how,
		      struct overlay_late *ret, struct err *e)
{
	struct writable w = { .dir = -EBADF, .upper = OVERLAYFS_UPPER, .work = OVERLAYFS_WORK };
	struct overlay_late l = { 0 };
	char options[OVERLAYFS_OPTIONS_MAX];
	int r = check_count(s, e);

	if (r == 0 && !how->scratch) {
		r = overlay_check_upper(s->upper, true, e);
		if (r == 0)
			r = overlay_find_overlap(s, true, e);
		if (r == 0)
			r = open_writable(s, &w, e);
	}
	if (r == 0)
		r = late_dirs(s, &w, &l, e);
	close_fd(&w.dir);
	if (r == 0)
		r = overlay_options(w.upper, w.work, true, how->label, options, sizeof(options), e);
	if (r == 0) {
		l.options = strdup(options);
		if (!l.options)
			r = err_set(e, ERR_SYSTEM, ENOMEM, "find the layers");
	}
	if (r < 0)
		overlay_late_free(&l);
	else
		*ret = l;
	return r;
}
