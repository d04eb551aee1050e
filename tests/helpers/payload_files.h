/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files and mounts the payload sees, and what it may do to them. */
#ifndef CTR_TESTS_PAYLOAD_FILES_H
#define CTR_TESTS_PAYLOAD_FILES_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "payload.h"

enum {
	MAX_MOUNTS = 512
};

struct mount_line {
	char point[512], text[1024];
	int order;
};

/* Optional fields of mountinfo as words: shared, slave, both, unbindable, private. */
static const char *propagation_of(const char *fields)
{
	int shared = strstr(fields, "shared:") != NULL, slave = strstr(fields, "master:") != NULL;

	if (strstr(fields, "unbindable"))
		return "unbindable";
	return shared && slave ? "shared,slave" : shared ? "shared" : slave ? "slave" : "private";
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static int parse_mount(char *line, int order, struct mount_line *ret)
{
	char *end = strstr(line, " - "), attr[256], type[64], options[512] = "";
	int at = 0;

	if (!end || sscanf(line, "%*s %*s %*s %*s %511s %255s%n", ret->point, attr, &at) != 2)
		return -1;
	*end = '\0';
	if (sscanf(end + 3, "%63s %*s %511s", type, options) < 1)
		return -1;
	(void)snprintf(ret->text, sizeof(ret->text), "%s %s %s %s", type, attr,
		       propagation_of(line + at), options);
	ret->order = order;
	return 0;
}

static int compare_mounts(const void *a, const void *b)
{
	const struct mount_line *left = a, *right = b;
	int r = strcmp(left->point, right->point);

	return r ? r : left->order - right->order;
}

/* MOUNTPOINT TYPE ATTRIBUTES PROPAGATION OPTIONS, sorted; only the mount points named, if any are. */
static int run_mounts(int argc, char **argv)
{
	static struct mount_line mounts[MAX_MOUNTS];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	int n = 0;

	if (!f)
		return tell("/proc/self/mountinfo", errno);
	while (n < MAX_MOUNTS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (parse_mount(line, n, &mounts[n]) < 0)
			return broken("/proc/self/mountinfo");
		n++;
	}
	(void)fclose(f);
	qsort(mounts, (size_t)n, sizeof(mounts[0]), compare_mounts);
	for (int i = 0; i < n; i++) {
		int wanted = argc == 0;

		for (int k = 0; k < argc; k++)
			wanted |= strcmp(argv[k], mounts[i].point) == 0;
		if (wanted)
			(void)printf("%s %s\n", mounts[i].point, mounts[i].text);
	}
	return 0;
}

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	case S_IFDIR: return 'd';
	case S_IFIFO: return 'p';
	case S_IFLNK: return 'l';
	case S_IFREG: return '-';
	default: return '?';
	}
}

/* "/dev/null c 0666 0:0 1:3", "/dev/fd l 0777 0:0 -> /proc/self/fd" */
static int run_stat(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++) {
		char target[4096];
		struct stat st;
		ssize_t n;

		if (lstat(argv[i], &st) < 0) {
			failed |= tell(argv[i], errno);
			continue;
		}
		(void)printf("%s %c %04o %u:%u", argv[i], type_letter(st.st_mode),
			     st.st_mode & 07777, st.st_uid, st.st_gid);
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			(void)printf(" %u:%u", major(st.st_rdev), minor(st.st_rdev));
		n = S_ISLNK(st.st_mode) ? readlink(argv[i], target, sizeof(target) - 1) : -1;
		if (n >= 0)
			(void)printf(" -> %.*s", (int)n, target);
		(void)putchar('\n');
	}
	return failed;
}

static int open_with(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static int run_touch(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++)
		failed |= tell(argv[i], open_with(argv[i], O_WRONLY | O_CREAT));
	return failed;
}

/* write PATH TEXT */
static int run_write(int argc, char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644), r = 0;
	size_t len = argc > 1 ? strlen(argv[1]) : 0;

	if (fd < 0)
		return tell(argv[0], errno);
	if (len && write(fd, argv[1], len) != (ssize_t)len)
		r = errno;
	(void)close(fd);
	return tell(argv[0], r);
}

/* The first 64 KiB of each file, as they are; or "PATH: EACCES". An empty file says "PATH: empty". */
static int read_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char buf[65536];
	ssize_t n;

	if (fd < 0)
		return tell(path, errno);
	n = read(fd, buf, sizeof(buf));
	if (n < 0) {
		n = errno;
		(void)close(fd);
		return tell(path, (int)n);
	}
	(void)close(fd);
	if (n == 0)
		(void)printf("%s: empty\n", path);
	(void)fwrite(buf, 1, (size_t)n, stdout);
	if (n > 0 && buf[n - 1] != '\n')
		(void)putchar('\n');
	return 0;
}

static int run_read(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++)
		failed |= read_one(argv[i]);
	return failed;
}

static int run_mkdir(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++)
		failed |= tell(argv[i], mkdir(argv[i], 0755) < 0 ? errno : 0);
	return failed;
}

/* mknod PATH MAJOR MINOR: a character device */
static int run_mknod(int argc, char **argv)
{
	dev_t dev = makedev((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]));

	(void)argc;
	return tell(argv[0], mknod(argv[0], S_IFCHR | 0666, dev) < 0 ? errno : 0);
}

/* open PATH [w]: whether it can be opened, without reading or writing */
static int run_open(int argc, char **argv)
{
	return tell(argv[0], open_with(argv[0], argc > 1 ? O_WRONLY : O_RDONLY));
}

#endif
