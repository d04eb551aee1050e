// SPDX-License-Identifier: GPL-2.0-or-later
/* What all operations share: registers, messages to ctr, argument vectors. */
#include "init/init.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

void init_reg_close(struct init *in, uint64_t slot)
{
	if (in->regs[slot] >= 0)
		init_drop(in, in->regs[slot]);
	in->regs[slot] = -1;
}

void init_reg_set(struct init *in, uint64_t slot, int fd)
{
	init_reg_close(in, slot);
	if (slot == PLAN_REG_NONE)
		init_drop(in, fd);
	else
		in->regs[slot] = fd;
}

/* openat: a C library's open() may take a second call for O_CLOEXEC. */
int init_open_root(void)
{
	int fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int init_fail(struct init *in, enum plan_stage stage, const char *text, int r)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= sizeof(in->text))
		len = sizeof(in->text) - 1;
	in->stage = stage;
	if (len)
		memcpy(in->text, text, len);
	in->text[len] = '\0';
	return r;
}

int init_send(const struct init *in, enum plan_message_type type, int64_t value, int fd)
{
	struct plan_message m = { .type = type, .op = in->now, .value = value };
	struct iovec iov = { .iov_base = &m, .iov_len = sizeof(m) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(in->sync, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int init_wait_go(const struct init *in)
{
	struct plan_message m;
	ssize_t n;

	do
		n = recv(in->sync, &m, sizeof(m), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != (ssize_t)sizeof(m) || m.type != PLAN_MSG_GO)
		return -ECONNRESET;
	return 0;
}

void *init_memory(size_t size)
{
	static char pool[8192] __attribute__((aligned(16)));
	static size_t used;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (size <= sizeof(pool) - used) {
		p = pool + used;
		used += size;
		return p;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

int init_vector(const char *list, size_t len, size_t extra, char ***ret)
{
	size_t count = 0, size;
	char **v;

	for (size_t i = 0; i < len; i++)
		count += list[i] == '\0';
	size = (count + extra + 1) * sizeof(char *);
	v = init_memory(size);
	if (!v)
		return -ENOMEM;
	count = 0;
	for (const char *s = list; s < list + len; s += strlen(s) + 1)
		v[count++] = (char *)(uintptr_t)s; /* execve does not write to them */
	*ret = v;
	return (int)count;
}

char *init_decimal(int64_t v, char *buf, size_t size)
{
	char *p = buf + size - 1;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	*p = '\0';
	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		*--p = '-';
	return p;
}
