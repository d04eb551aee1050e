/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of fake-criu's counting program, which may come after it: where it is, what is in it, and `fake-criu lazy-pages`, which
 * fetches it with a userfaultfd and a page server as criu does.
 */
#ifndef CTR_TESTS_FAKE_PAGES_H
#define CTR_TESTS_FAKE_PAGES_H

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/un.h>

enum {
	PAGES = 96,
	PAGE = 4096,
	CHUNK = 8, /* pages that come without being asked for */
	PS_GET = 7,
	PS_ADD = 6,
	PS_FORCE_CLOSE = 0x1024,
};

#define MEMORY	    ((uint64_t *)0x200000000)
#define LAZY_SOCKET "lazy-pages.socket"

/* The first word is the count; of the others each page has one that tells which it is. */
static uint64_t memory_mark(size_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15U;
}

static bool memory_map(void)
{
	return mmap(MEMORY, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MEMORY;
}

static void memory_fill(unsigned long count)
{
	for (size_t i = 0; i < PAGES; i++)
		MEMORY[i * PAGE / 8 + 1] = memory_mark(i);
	MEMORY[0] = count;
}

static bool memory_is_right(size_t page)
{
	return MEMORY[page * PAGE / 8 + 1] == memory_mark(page);
}

/* ---- the restored program: its memory is to come ---- */

static bool send_fd(int sock, int fd)
{
	char byte = 'u';
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = "" };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1;
}

static bool memory_expect(int sock)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)MEMORY, (uint64_t)PAGES * PAGE },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	bool ok = fd >= 0 && memory_map() && ioctl(fd, UFFDIO_API, &api) == 0 &&
		  ioctl(fd, UFFDIO_REGISTER, &range) == 0 && send_fd(sock, fd);

	(void)close(fd);
	return ok;
}

static int lazy_connect(int work)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = LAZY_SOCKET };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fchdir(work) < 0 || connect(sock, (struct sockaddr *)&name, sizeof(name)) < 0) {
		(void)close(sock);
		sock = -1;
	}
	(void)!fchdir(back);
	(void)close(back);
	return sock;
}

/* ---- who fetches it ---- */

struct record {
	uint32_t command, count;
	uint64_t address, pid;
};

struct lazy {
	int uffd, server, restorer;
	bool have[PAGES], asked[PAGES];
	size_t next; /* to be asked for unasked */
	bool faulted, gone;
	unsigned waiting; /* answers */
};

static int receive_fd(int sock)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *h;
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	h = CMSG_FIRSTHDR(&msg);
	if (h)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

static bool lazy_ask(struct lazy *l, size_t page, uint32_t count)
{
	struct record r = { PS_GET, count, (uintptr_t)MEMORY + page * PAGE, 1 };

	for (uint32_t i = 0; i < count; i++)
		l->asked[page + i] = true;
	l->waiting++;
	return send(l->server, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(r);
}

static bool lazy_fault(struct lazy *l)
{
	struct uffd_msg m;
	size_t page;

	if (read(l->uffd, &m, sizeof(m)) != sizeof(m))
		return errno == EAGAIN;
	l->faulted = true;
	page = (size_t)(m.arg.pagefault.address - (uintptr_t)MEMORY) / PAGE;
	return page < PAGES && (l->asked[page] || lazy_ask(l, page, 1));
}

static bool lazy_more(struct lazy *l)
{
	while (l->next < PAGES && l->asked[l->next])
		l->next++;
	for (uint32_t n = 0; l->next + n < PAGES && n <= CHUNK; n++)
		if (n == CHUNK || l->asked[l->next + n])
			return lazy_ask(l, l->next, n);
	return l->next == PAGES || lazy_ask(l, l->next, (uint32_t)(PAGES - l->next));
}

static bool lazy_receive(struct lazy *l)
{
	static char data[PAGES * PAGE];
	struct record r;
	struct uffdio_copy copy;
	size_t first, size;

	if (recv(l->server, &r, sizeof(r), MSG_WAITALL) != sizeof(r))
		return false;
	first = (size_t)(r.address - (uintptr_t)MEMORY) / PAGE;
	size = (size_t)r.count * PAGE;
	if ((r.command & 0xffff) != PS_ADD || r.count == 0 || first + r.count > PAGES ||
	    recv(l->server, data, size, MSG_WAITALL) != (ssize_t)size)
		return false;
	l->waiting--;
	copy = (struct uffdio_copy){ .dst = r.address, .src = (uintptr_t)data, .len = size };
	if (ioctl(l->uffd, UFFDIO_COPY, &copy) < 0)
		l->gone = errno == ESRCH;
	else
		for (uint32_t i = 0; i < r.count; i++)
			l->have[first + i] = true;
	return l->gone || copy.copy == (int64_t)size;
}

static bool lazy_is_complete(const struct lazy *l)
{
	for (size_t i = 0; i < PAGES; i++)
		if (!l->have[i])
			return l->gone;
	return true;
}

/* What is to be done at a step of the control file, by the program that includes this. */
static int at(const char *step);

static bool lazy_fetch(struct lazy *l)
{
	bool half = false;

	while (!lazy_is_complete(l)) {
		struct pollfd p[] = { { .fd = l->uffd, .events = POLLIN },
				      { .fd = l->server, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 || (p[0].revents && !lazy_fault(l)) ||
		    (p[1].revents && !lazy_receive(l)))
			return false;
		if (!half && l->next >= PAGES / 2) {
			half = true;
			if (at("lazy-half") < 0)
				return false;
		}
		if (l->faulted && !l->waiting && !lazy_more(l))
			return false;
	}
	return true;
}

static int lazy_listen(int work, int ready)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = LAZY_SOCKET };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), sock;

	if (fchdir(work) < 0)
		return -1;
	(void)unlink(LAZY_SOCKET);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(listener, 1) < 0 ||
	    write(ready, "", 1) != 1)
		return -1;
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	(void)close(listener);
	return sock;
}

static int lazy_serve(int server, int work, int ready)
{
	struct lazy l = { .server = server };
	struct record bye = { .command = PS_FORCE_CLOSE };
	int32_t status = -1;
	bool ok;

	l.restorer = lazy_listen(work, ready);
	l.uffd = l.restorer < 0 ? -1 : receive_fd(l.restorer);
	if (l.uffd < 0 || at("lazy-begin") < 0)
		return 1;
	/* all that is not waited for comes later, but for this */
	l.faulted = at("lazy-early") < 0;
	ok = (!l.faulted || lazy_more(&l)) && lazy_fetch(&l) && at("lazy-end") == 0;
	if (ok)
		(void)close(l.uffd);
	/* whatever came of it */
	if (send(server, &bye, sizeof(bye), MSG_NOSIGNAL) != sizeof(bye) ||
	    recv(server, &status, sizeof(status), MSG_WAITALL) != sizeof(status))
		return 1;
	return !ok || status != 0;
}

#endif
