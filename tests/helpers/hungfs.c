// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `hungfs DIRECTORY`: a FUSE filesystem whose root can be looked at and in which every lookup hangs for
 * ever. Who asks for a file there sleeps uninterruptibly once it was killed: what a dead NFS server does
 * to a host. Prints "ready"; ends on the end of its stdin, and that lets everybody go.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void answer(int fd, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + size),
					.error = error,
					.unique = unique };
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)data, size } };

	if (writev(fd, parts, 2) < 0)
		perror("hungfs: answer");
}

static void serve(int fd)
{
	static char buf[1 << 20];
	const struct fuse_in_header *in = (const void *)buf;

	if (read(fd, buf, sizeof(buf)) < (ssize_t)sizeof(*in))
		return;
	if (in->opcode == FUSE_INIT) {
		struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
					     .minor = 31,
					     .max_write = 4096 };

		answer(fd, in->unique, 0, &out, sizeof(out));
	} else if (in->opcode == FUSE_GETATTR && in->nodeid == FUSE_ROOT_ID) {
		struct fuse_attr_out out = { .attr_valid = 3600 };

		out.attr.ino = 1;
		out.attr.mode = S_IFDIR | 0755;
		out.attr.nlink = 2;
		answer(fd, in->unique, 0, &out, sizeof(out));
	} else if (in->opcode != FUSE_LOOKUP && in->opcode != FUSE_INTERRUPT &&
		   in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET) {
		answer(fd, in->unique, -ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	char options[128];

	if (fd < 0 || argc != 2) {
		perror("hungfs: /dev/fuse");
		return 1;
	}
	(void)snprintf(options, sizeof(options),
		       "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (mount("hungfs", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		perror("hungfs: mount");
		return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	while (poll(p, 2, -1) > 0 || errno == EINTR) {
		if (p[1].revents)
			break;
		if (p[0].revents & POLLIN)
			serve(fd);
		else if (p[0].revents)
			break;
	}
	(void)umount2(argv[1], MNT_DETACH);
	return 0;
}
