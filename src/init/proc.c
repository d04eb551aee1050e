// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes to /proc go through an instance that was mounted for this purpose and is attached nowhere
 * (security.md R9): nothing in the image can stand in its way. What was written is read back (R10).
 */
#include "init/init.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

enum {
	VALUE_SIZE = 4096,
	TAIL_SIZE = 64,	    /* more than the line that is looked for */
	PROC_ROOT_INODE = 1 /* include/linux/proc_ns.h */
};

/*
 * In a user namespace there is no new proc without a pid namespace of its own. A copy of the one at /proc
 * leaves behind what is mounted over parts of it; it must be the top of a proc, no file of one.
 */
static int copy_proc(void)
{
	int dir = kernel_openat2(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	struct statfs fs;
	struct stat st;
	int tree;

	if (dir < 0)
		return dir;
	tree = kernel_open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	(void)close(dir);
	if (tree < 0)
		return tree;
	if (fstatfs(tree, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(tree, &st) == 0 &&
	    st.st_ino == PROC_ROOT_INODE)
		return tree;
	(void)close(tree);
	return -EPERM;
}

static int new_proc(void)
{
	int fs = kernel_fsopen("proc"), mnt, r;

	if (fs < 0)
		return fs;
	r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);
	mnt = r < 0 ? r
		    : kernel_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	(void)close(fs);
	return mnt;
}

int op_proc_open(struct init *in, const struct plan_arg_proc_open *a)
{
	int mnt = new_proc();

	if (mnt == -EPERM)
		mnt = copy_proc();
	if (mnt < 0)
		return mnt;
	init_reg_set(in, a->proc, mnt);
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next word of *@s; its length, 0 at the end. */
static size_t word(const char **s)
{
	size_t len = 0;

	while (**s && is_space(**s))
		(*s)++;
	while ((*s)[len] && !is_space((*s)[len]))
		len++;
	return len;
}

/* "010" and "10" are the same to the kernel: compare plain decimal words without leading zeros. */
static size_t skip_zeros(const char **s, size_t len)
{
	while (len > 1 && **s == '0' && (*s)[1] >= '0' && (*s)[1] <= '9') {
		(*s)++;
		len--;
	}
	return len;
}

/* The kernel separates by tabs and ends with a newline: compare word by word. */
static bool same_words(const char *a, const char *b)
{
	for (;;) {
		size_t la = word(&a), lb = word(&b);

		la = skip_zeros(&a, la);
		lb = skip_zeros(&b, lb);
		if (la != lb || memcmp(a, b, la) != 0)
			return false;
		if (!la)
			return true;
		a += la;
		b += lb;
	}
}

static int write_value(int dir, const char *path, const char *value, uint64_t access)
{
	int fd = kernel_openat2(dir, path, access, 0,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
					RESOLVE_NO_XDEV);
	size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, value, len);
	if (n < 0) {
		n = -errno;
		(void)close(fd);
		return (int)n;
	}
	if ((size_t)n != len) {
		(void)close(fd);
		return -EIO;
	}
	return fd;
}

static int write_and_check(struct init *in, int dir, const char *path, const char *value)
{
	char now[VALUE_SIZE];
	int fd = write_value(dir, path, value, O_RDWR);
	ssize_t n;

	if (fd == -EACCES || fd == -EPERM) /* some are write-only: net.ipv4.route.flush */
		fd = write_value(dir, path, value, O_WRONLY);
	if (fd < 0)
		return fd;
	n = pread(fd, now, sizeof(now) - 1, 0);
	(void)close(fd);
	if (n < 0)
		return 0; /* cannot be read; the private proc guarantees where the write went */
	now[n] = '\0';
	if (!same_words(now, value)) {
		now[strcspn(now, "\n")] = '\0';
		return init_fail(in, PLAN_STAGE_MISMATCH, now, -EINVAL);
	}
	return 0;
}

static int parse_hex(const char *s, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit;
	uint64_t value = 0;
	int n = 0;

	for (; *s && (digit = strchr(digits, *s)) && n < 16; s++, n++)
		value = value << 4 | (uint64_t)(digit - digits);
	if (!n || *s != '\n')
		return -EPROTO;
	*ret = value;
	return 0;
}

/* The file may be long, there is a line with all groups in it: @text holds a part, and the end of the one before. */
static int find_bounding(int fd, uint64_t *ret)
{
	static const char field[] = "\nCapBnd:\t";
	char text[VALUE_SIZE];
	size_t have = 0, tail;
	const char *found;
	ssize_t n;

	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0) {
		have += (size_t)n;
		text[have] = '\0';
		found = strstr(text, field);
		if (found && strchr(found + 1, '\n'))
			return parse_hex(found + sizeof(field) - 1, ret);
		tail = have < TAIL_SIZE ? have : TAIL_SIZE;
		memmove(text, text + have - tail, tail);
		have = tail;
	}
	return n < 0 ? -errno : -EPROTO;
}

int proc_bounding(int proc, uint64_t *ret)
{
	/* "self" is an ordinary symlink of proc; nothing that is mounted over a part of it is entered */
	int fd = kernel_openat2(proc, "self/status", O_RDONLY, 0,
				RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	int r = fd < 0 ? fd : find_bounding(fd, ret);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

int op_sysctl(struct init *in, const struct plan_arg_sysctl *a)
{
	return write_and_check(in, init_reg(in, a->proc), init_str(in, a->path),
			       init_str(in, a->value));
}
