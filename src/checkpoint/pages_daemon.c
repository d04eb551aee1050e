// SPDX-License-Identifier: GPL-2.0-or-later
/* See pages_daemon.h. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/pages_daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	COMMAND_ADD = 6, /* with flags above */
	COMMAND_GET = 7,
	COMMAND_CLOSE = 0x1023,
	COMMAND_FORCE_CLOSE = 0x1024,
	COMMAND_BITS = 16,
	PAGE_PRESENT = 4,
	NARROW = 24,
	READY_MS = 30000,
};

/* ---- the process ---- */

static int be_spared(void *data, struct err *e)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	(void)data;
	(void)e;
	if (fd >= 0)
		(void)!write(fd, "-1000", 5); /* it is served all the same */
	return 0;
}

/* A byte when it listens; the end when it is gone. */
static int await_ready(struct pages_daemon *d, int ready, struct err *e)
{
	struct pollfd p = { .fd = ready, .events = POLLIN };
	char byte;
	int n;

	do
		n = poll(&p, 1, READY_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0 && read(ready, &byte, 1) == 1)
		return 0;
	if (n > 0)
		return criu_process_died(&d->process, e);
	err_set(e, ERR_SYSTEM, 0, "criu lazy-pages does not begin (%d s)", READY_MS / 1000);
	return -ETIMEDOUT;
}

int pages_daemon_start(const struct pages_sink_request *rq, struct pages_daemon *ret, struct err *e)
{
	static const char *const args[] = { "criu",
					    "lazy-pages",
					    "--no-default-config",
					    "--page-server",
					    "--ps-socket",
					    "3",
					    "--images-dir",
					    "/proc/self/fd/4",
					    "--work-dir",
					    "/proc/self/fd/5",
					    "--status-fd",
					    "6",
					    "--log-file",
					    PAGES_DAEMON_LOG,
					    "-v2",
					    NULL };
	struct criu_start start = CRIU_START_INIT;
	cleanup_fd int ready = -EBADF;
	int pair[2], r;

	_Static_assert(CRIU_FIRST_FD == 4, "as the arguments say");
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	ready = pair[0];
	start.program = rq->criu;
	start.args = args;
	start.fds = (const int[]){ rq->images, rq->work, pair[1] };
	start.fd_count = 3;
	start.umask = 077;
	start.prepare = be_spared;
	r = criu_process_start(&start, &ret->process, e);
	(void)close(pair[1]);
	if (r < 0)
		return r;
	return await_ready(ret, ready, e);
}

void pages_daemon_end(struct pages_daemon *d)
{
	/* as long as nobody has come to it, it does not look whether we are there */
	if (d->process.pid > 0)
		(void)kernel_pidfd_signal(d->process.pidfd, SIGKILL);
	criu_process_end(&d->process);
}

/* ---- what it says ---- */

static uint32_t word_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t number_at(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Bytes of a record that are due, as far as that is known. */
static size_t record_size(const struct pages_daemon *d)
{
	return d->known && d->wide ? PAGES_DAEMON_RECORD : NARROW;
}

static int read_want(const struct pages_daemon *d, struct pages_want *ret, struct err *e)
{
	const unsigned char *rest = d->record + (d->wide ? 16 : 8);

	ret->count = d->wide ? number_at(d->record + 8) : word_at(d->record + 4);
	ret->address = number_at(rest);
	ret->pid = number_at(rest + 8);
	if (ret->count && ret->count <= PAGES_WANT_MAX)
		return PAGES_DAEMON_WANTS;
	return err_set(e, ERR_SYSTEM, EPROTO, "criu lazy-pages wants %llu pages at once",
		       (unsigned long long)ret->count);
}

static int understand(struct pages_daemon *d, struct pages_want *ret, struct err *e)
{
	uint32_t command = word_at(d->record);

	if (command == COMMAND_CLOSE || command == COMMAND_FORCE_CLOSE) {
		d->have = 0;
		return PAGES_DAEMON_CLOSES;
	}
	if (command != COMMAND_GET)
		return err_set(e, ERR_SYSTEM, EPROTO,
			       "criu lazy-pages says %#x, which this ctr does not understand",
			       command);
	if (!d->known) {
		d->known = true;
		d->wide = word_at(d->record + 4) == 0;
	}
	if (d->have < record_size(d))
		return PAGES_DAEMON_QUIET;
	d->have = 0;
	return read_want(d, ret, e);
}

int pages_daemon_hear(struct pages_daemon *d, struct pages_want *ret, struct err *e)
{
	while (!d->parted) {
		size_t due = record_size(d) - d->have;
		ssize_t n = recv(d->process.sock, d->record + d->have, due, MSG_DONTWAIT);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return PAGES_DAEMON_QUIET;
		if (n <= 0) {
			err_set(e, ERR_SYSTEM, 0, "criu lazy-pages has gone away");
			return -EREMOTEIO;
		}
		d->have += (size_t)n;
		if ((size_t)n < due)
			continue;
		r = understand(d, ret, e);
		if (r)
			return r;
	}
	return PAGES_DAEMON_QUIET;
}

size_t pages_daemon_header(const struct pages_daemon *d, const struct pages_want *want,
			   unsigned char ret[PAGES_DAEMON_RECORD])
{
	const uint32_t command = (uint32_t)PAGE_PRESENT << COMMAND_BITS | COMMAND_ADD;
	const uint32_t narrow = (uint32_t)want->count;
	const uint64_t tail[] = { want->address, want->pid };
	unsigned char *rest = ret + (d->wide ? 16 : 8);

	memset(ret, 0, PAGES_DAEMON_RECORD);
	memcpy(ret, &command, sizeof(command));
	if (d->wide)
		memcpy(ret + 8, &want->count, sizeof(want->count));
	else
		memcpy(ret + 4, &narrow, sizeof(narrow));
	memcpy(rest, tail, sizeof(tail));
	return record_size(d);
}

/* ---- its end ---- */

bool pages_daemon_serves(const struct pages_daemon *d)
{
	char path[64], link[64];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->process.pid);
	dir = opendir(path);
	if (!dir)
		return true;
	while (!found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		found = strstr(link, "[userfaultfd]") != NULL;
	}
	(void)closedir(dir); /* of reading */
	return found;
}

int pages_daemon_answer_close(struct pages_daemon *d, struct err *e)
{
	const int32_t status = 0;

	d->parted = true;
	if (send(d->process.sock, &status, sizeof(status), MSG_NOSIGNAL) != (ssize_t)sizeof(status))
		return err_set(e, ERR_SYSTEM, errno, "let criu lazy-pages go");
	(void)shutdown(d->process.sock, SHUT_WR);
	return 0;
}

int pages_daemon_reap(struct pages_daemon *d, struct err *e)
{
	siginfo_t info = { 0 };

	if (d->parted && waitid(P_PID, (id_t)d->process.pid, &info, WEXITED | WNOWAIT) == 0 &&
	    info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	return criu_process_died(&d->process, e);
}

#endif
