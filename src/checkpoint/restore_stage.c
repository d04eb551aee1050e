// SPDX-License-Identifier: GPL-2.0-or-later
/* See restore_stage.h. */
#include "checkpoint/restore_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <linux/keyctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "container/store.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum { /* as in init/ns.c: all for the possessor; view, read, search and link for the user */
	SESSION_KEYRING_PERM = 0x3f000000 | 0x00010000 | 0x00020000 | 0x00080000 | 0x00100000,
};

enum {
	STAGE_ATTR = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

/* ---- on the host's side ---- */

static int find_root(const struct plan *p, struct restore_stage *s, struct err *e)
{
	for (size_t i = 0; i < p->op_count; i++) {
		const struct plan_arg_root_attach *a = (const void *)p->ops[i].slot;

		if (p->ops[i].code == PLAN_CODE_root_attach)
			s->root = p->regs[a->root].fd;
	}
	if (s->root >= 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0,
		"a container that joins a mount namespace cannot be restored: its root belongs to "
		"others");
	err_origin(e, "config.json /linux/namespaces");
	return -EOPNOTSUPP;
}

/* criu takes the root as it finds it, and other mounts as the images say. */
static int protect_root(const struct restore_stage *s, const struct oci_spec *spec, struct err *e)
{
	int r = spec->root.readonly ? kernel_mount_change(s->root, 0, MOUNT_ATTR_RDONLY, 0, 0) : 0;

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make the root filesystem read-only") : 0;
}

/* A tmpfs that is mounted nowhere; @options are pairs of key and value, ended by NULL. */
static int make_tmpfs(const char *const *options)
{
	cleanup_fd int fs = kernel_fsopen("tmpfs");
	int r = fs < 0 ? fs : 0;

	for (; r == 0 && *options; options += 2)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_SET_STRING, options[0], options[1], 0);
	if (r == 0)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);
	return r < 0 ? r : kernel_fsmount(fs, STAGE_ATTR);
}

static int make_file(int dir, const char *name, mode_t mode)
{
	cleanup_fd int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);

	return fd < 0 ? -errno : 0;
}

/* The same that ctr-init makes (init/rootfs.c). */
static int make_masks(struct restore_stage *s, struct err *e)
{
	static const char *const options[] = {
		"size", "4k", "nr_inodes", "3", "mode", "0555", NULL
	};
	int r;

	s->masks = make_tmpfs(options);
	r = s->masks < 0 ? s->masks : 0;
	if (r == 0 && mkdirat(s->masks, "dir", 0555) < 0)
		r = -errno;
	if (r == 0)
		r = make_file(s->masks, "file", 0444);
	if (r == 0)
		r = kernel_mount_change(s->masks, 0, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make what masks paths") : 0;
}

int restore_stage_make(struct container *c, struct restore_stage *ret, struct err *e)
{
	int r;

	ret->container = c;
	r = find_root(c->plan, ret, e);
	if (r == 0)
		r = restore_points_make(c->plan, ret->root, e);
	if (r == 0)
		r = protect_root(ret, c->spec, e);
	return r < 0 ? r : make_masks(ret, e);
}

void restore_stage_close(struct restore_stage *s)
{
	close_fd(&s->masks);
}

/* ---- in CRIU's mount namespace ---- */

/* @from goes to @name in the directory of the stage, which is made as what it is. */
static int attach(int stage, const char *name, int from)
{
	cleanup_fd int to = -EBADF;
	struct stat st;
	int r = fstat(from, &st) < 0 ? -errno : 0;

	if (r == 0 && S_ISDIR(st.st_mode))
		r = mkdirat(stage, name, 0755) < 0 ? -errno : 0;
	else if (r == 0)
		r = make_file(stage, name, 0644);
	if (r < 0)
		return r;
	to = openat(stage, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return to < 0 ? -errno : kernel_move_mount(from, to);
}

static int attach_stage(int *ret)
{
	static const char *const options[] = { "mode", "1777", NULL };
	cleanup_fd int at = kernel_openat2(AT_FDCWD, RESTORE_STAGE_MOUNT, O_PATH | O_DIRECTORY, 0,
					   RESOLVE_NO_MAGICLINKS);
	cleanup_fd int stage = make_tmpfs(options);
	int r = at < 0 ? at : stage;

	if (r >= 0)
		r = kernel_mount_change(stage, 0, 0, 0, MS_PRIVATE);
	if (r >= 0)
		r = kernel_move_mount(stage, at);
	if (r >= 0 && mkdirat(stage, RESTORE_STAGE_DIR, 0755) < 0)
		r = -errno;
	if (r < 0)
		return r;
	*ret = openat(stage, RESTORE_STAGE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

/* Of the cgroup namespace that we are in by now. */
static int make_cgroup(void)
{
	cleanup_fd int fs = kernel_fsopen("cgroup2");
	int r = fs < 0 ? fs : kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);

	return r < 0 ? r : kernel_fsmount(fs, STAGE_ATTR);
}

static bool is_cgroup(const struct plan *p, const struct plan_op *op)
{
	const struct plan_arg_mount_fs *fs = (const void *)op->slot;

	return op->code == PLAN_CODE_mount_fs && strcmp(p->pool + fs->type, "cgroup2") == 0;
}

/* What is attached for operation @op has its number for a name. */
static int attach_op(const struct plan *p, size_t op, int stage)
{
	const struct plan_arg_mount_tree *tree = (const void *)p->ops[op].slot;
	cleanup_fd int cgroup = is_cgroup(p, &p->ops[op]) ? make_cgroup() : -EBADF;
	char name[32];
	int fd = cgroup;

	if (p->ops[op].code == PLAN_CODE_mount_tree)
		fd = p->regs[tree->tree].fd;
	else if (!is_cgroup(p, &p->ops[op]))
		return 0;
	(void)snprintf(name, sizeof(name), "%zu", op);
	return fd < 0 ? fd : attach(stage, name, fd);
}

static int attach_all(const struct plan *p, int stage, struct err *e)
{
	char sentence[256];
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->op_count; i++) {
		r = attach_op(p, i, stage);
		if (r == 0)
			continue;
		plan_sentence(p, i, sentence, sizeof(sentence));
		err_set(e, ERR_SYSTEM, -r, "prepare for criu: %s", sentence);
	}
	return r;
}

/* As ctr-init does (init/ns.c): the caller's keys are not for the container. */
static int leave_keyring(const struct container *c)
{
	char name[CONTAINER_ID_MAX + 8];
	int r;

	if (c->no_keyring)
		return 0;
	(void)snprintf(name, sizeof(name), "_ses.%s", c->record.id);
	r = KERNEL_CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (r <= 0)
		return r == -ENOSYS || r == -EDQUOT || r == -EPERM ? 0 : r;
	r = KERNEL_CALL(SYS_keyctl, KEYCTL_SETPERM, r, (unsigned)SESSION_KEYRING_PERM);
	return r < 0 && r != -EACCES ? r : 0;
}

/*
 * criu 3.17 does not restore no_new_privs: its children inherit it. A label could not be changed to
 * then; where there is one, what criu does is looked at (restore_gate.c).
 */
static int set_no_new_privs(const struct oci_process *p)
{
	bool label = (p->apparmor_profile && *p->apparmor_profile) ||
		     (p->selinux_label && *p->selinux_label);

	if (!p->no_new_privileges || label)
		return 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* What the tasks inherit from CRIU, because the images do not have it. */
static int prepare_process(const struct container *c, struct err *e)
{
	int r = 0;

	if (oci_spec_new_namespace(c->spec, OCI_NS_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		r = -errno;
	if (r == 0)
		r = leave_keyring(c);
	if (r == 0)
		r = set_no_new_privs(&c->spec->process);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "prepare the process of criu") : 0;
}

int restore_stage_enter(void *stage, struct err *e)
{
	const struct restore_stage *s = stage;
	cleanup_fd int at = -EBADF;
	int r = prepare_process(s->container, e);

	if (r < 0)
		return r;
	r = attach_stage(&at);
	if (r == 0)
		r = attach(at, RESTORE_ROOT, s->root);
	if (r == 0)
		r = attach(at, RESTORE_MASKS, s->masks);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "prepare %s for criu", RESTORE_STAGE);
	return attach_all(s->container->plan, at, e);
}
