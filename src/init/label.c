// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Labels of AppArmor and SELinux (security.md A12). They are written to our own files in a proc that is
 * attached nowhere, and read back: a fake /proc in the image was a way out of confinement (R9, R10).
 */
#include "init/init.h"

#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <linux/magic.h>

enum {
	LABEL_SIZE = 4096 /* proc takes one page */
};

/* "self" is an ordinary symlink of proc; nothing can be mounted in this instance. */
static int open_own(int proc, const char *path)
{
	int fd = kernel_openat2(proc, path, O_RDWR, 0,
				RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	struct statfs fs;

	if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

/* One write(2) of "verb label". */
static int write_label(int fd, const char *verb, const char *label)
{
	size_t head = strlen(verb), len = strlen(label);
	char text[LABEL_SIZE];
	ssize_t n;

	if (head + len >= sizeof(text))
		return -ENAMETOOLONG;
	memcpy(text, verb, head);
	memcpy(text + head, label, len);
	n = write(fd, text, head + len);
	return n < 0 ? -errno : (size_t)n == head + len ? 0 : -EIO;
}

/* AppArmor adds the mode of a profile, SELinux a NUL: "docker-default (enforce)\n". */
static int read_label(int fd, char *now, size_t size)
{
	ssize_t n = pread(fd, now, size - 1, 0);
	char *mode;

	if (n < 0)
		return -errno;
	now[n] = '\0';
	now[strcspn(now, "\n")] = '\0';
	mode = strrchr(now, '(');
	if (mode && mode - now > 1 && mode[-1] == ' ' && now[strlen(now) - 1] == ')')
		mode[-1] = '\0';
	return 0;
}

int op_label(struct init *in, const struct plan_arg_label *a)
{
	const char *label = init_str(in, a->label), *list, *file = "";
	char now[LABEL_SIZE];
	int fd = -ENOENT, r;
	size_t len;

	list = init_blob(in, a->files, &len);
	for (const char *s = list; fd == -ENOENT && s < list + len; s += strlen(s) + 1)
		fd = open_own(init_reg(in, a->proc), file = s);
	if (fd < 0) /* ENOENT would say that the label is unknown */
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	r = write_label(fd, init_str(in, a->verb), label);
	if (r < 0)
		r = init_fail(in, PLAN_STAGE_LABEL, file, r);
	if (r == 0)
		r = read_label(fd, now, sizeof(now));
	(void)close(fd);
	if (r == 0 && strcmp(now, label) != 0)
		r = init_fail(in, PLAN_STAGE_MISMATCH, now, -EINVAL);
	return r;
}

/* For filesystems that take no context= when they are mounted: their root gets the label. */
int op_relabel(struct init *in, const struct plan_arg_relabel *a)
{
	const char *label = init_str(in, a->label);
	int dir = kernel_openat2(init_reg(in, a->mount), ".", O_RDONLY | O_DIRECTORY, 0, 0), r;

	init_reg_close(in, a->mount);
	if (dir < 0)
		return dir;
	r = fsetxattr(dir, "security.selinux", label, strlen(label), 0) < 0 ? -errno : 0;
	(void)close(dir);
	return r;
}
