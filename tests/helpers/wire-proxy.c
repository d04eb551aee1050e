// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between ctr migrate and ctr receive: passes their messages on (src/checkpoint/wire.h), and does harm at one of them.
 *
 *	wire-proxy CONTROL PROGRAM [ARGUMENTS]	its standard input and output are the source's
 *
 * The file CONTROL has one line "TYPE WHEN ACTION [LATER]": at the first message TYPE (COMMIT, 13) that comes after one of type LATER,
 * before or after it is passed on, it does that, and removes the file; the line goes to CONTROL.done.
 *	cut			both sides lose the connection
 *	part			the same, and there is no other one as long as CONTROL.parted exists
 *	kill-source		SIGKILL to the process that sends; kill-sources: to the one that waits for it, too
 *	kill-dest, kill-dests	the same on the other side
 *	lose-source, lose-sources	as kill-, and the message does not arrive
 *	drip			instead of it somebody whom the source does not know says ALIVE for ever
 *	dribble			somebody like that sends it, a byte now and then
 *	stall			the message does not come, and the connection stays
 *	hold			it comes when somebody has made CONTROL.pass
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER = 8,
	MESSAGE_MAX = 17 << 20
};

static const char *const names[] = { "?",	"HELLO",   "PROPOSAL", "CONFIG", "ANSWER",
				     "ROOT",	"ROUND",   "FILE",     "DATA",	 "ROUND_END",
				     "KEPT",	"RESTORE", "PREPARED", "COMMIT", "RUNNING",
				     "DONE",	"QUERY",   "VERDICT",  "FAILED", "ALIVE",
				     "STANDBY", "PAGES",   "COMPLETE" };

static const char *control;
static pid_t child;
static char slowly;				    /* 'd'rip or dri'b'ble was ordered */
static bool seen[sizeof(names) / sizeof(names[0])]; /* types that were passed on */

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	if (f)
		(void)fclose(f);
	return parent;
}

/* The process that serves the connection is a child of the program that was started. */
static pid_t worker_of(pid_t pid)
{
	char path[96];
	int worker = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%d", &worker) != 1)
		worker = 0;
	if (f)
		(void)fclose(f);
	return worker;
}

static void end(pid_t pid)
{
	if (pid > 1)
		(void)kill(pid, SIGKILL);
}

/* A line in CONTROL.END. */
static void leave_note(const char *end, const char *line)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s.%s", control, end);
	f = fopen(path, "a");
	if (!f)
		return;
	(void)fprintf(f, "%s\n", line);
	(void)fclose(f);
}

static bool is_parted(void)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s.parted", control);
	return access(path, F_OK) == 0;
}

static void wait_for_pass(void)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s.pass", control);
	while (unlink(path) < 0)
		(void)nanosleep(&step, NULL);
}

static bool harm(const char *action)
{
	pid_t source = getppid(), worker = worker_of(child);

	if (strcmp(action, "cut") == 0)
		_exit(0);
	if (strcmp(action, "part") == 0) {
		leave_note("parted", "part");
		_exit(0);
	}
	if (strcmp(action, "hold") == 0)
		wait_for_pass();
	if (strlen(action) < 5) {
		slowly = strcmp(action, "drip") == 0 ? 'd' : '\0';
		return slowly;
	}
	if (strcmp(action, "dribble") == 0) {
		slowly = 'b';
		return true;
	}
	if (strcmp(action + 4, "-sources") == 0)
		end(parent_of(source));
	if (strncmp(action + 4, "-source", 7) == 0)
		end(source);
	if (strcmp(action, "kill-dests") == 0)
		end(child);
	if (strncmp(action, "kill-dest", 9) == 0)
		end(worker);
	return strcmp(action, "stall") == 0 || strncmp(action, "lose-", 5) == 0;
}

static bool was_seen(const char *later)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(later, names[i]) == 0)
			return seen[i];
	return true;
}

/* Is it wanted at this message, now? true: the message is to be swallowed. */
static bool look(unsigned type, const char *now)
{
	char wanted[32], when[16], action[32], later[32] = "", line[128];
	FILE *f = fopen(control, "r");
	int n;

	if (!f)
		return false;
	n = fscanf(f, "%31s %15s %31s %31s", wanted, when, action, later);
	(void)fclose(f);
	if (n < 3 || !was_seen(later) || type >= sizeof(names) / sizeof(names[0]) ||
	    strcmp(wanted, names[type]) != 0 || strcmp(when, now) != 0)
		return false;
	(void)unlink(control);
	(void)snprintf(line, sizeof(line), "%s %s %s", wanted, when, action);
	leave_note("done", line);
	return harm(action);
}

static bool get(int fd, unsigned char *p, size_t n)
{
	while (n) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLIN };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool put(int fd, const unsigned char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static uint32_t number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The source loses its connection; the destination keeps one. */
static void go_slowly(int to, const unsigned char *bytes, size_t size)
{
	static const unsigned char alive[HEADER] = { 0, 0, 0, 19 };
	const struct timespec step = { .tv_nsec = 20000000 };
	size_t n = 0;

	if (fork() != 0)
		_exit(0);
	(void)setsid();
	(void)close(0);
	(void)close(1);
	(void)close(2);
	while (slowly == 'd' ? put(to, alive, HEADER) : n < size && put(to, bytes + n, 1)) {
		n++;
		(void)nanosleep(&step, NULL);
	}
	_exit(0);
}

static bool pass(int from, int to, unsigned char *buf)
{
	uint32_t type, size;

	if (!get(from, buf, HEADER))
		return false;
	type = number(buf);
	size = number(buf + 4);
	if (size > MESSAGE_MAX - HEADER || !get(from, buf + HEADER, size))
		return false;
	if (look(type, "before")) {
		if (slowly)
			go_slowly(to, buf, HEADER + size);
		return true;
	}
	if (!put(to, buf, HEADER + size))
		return false;
	if (type < sizeof(names) / sizeof(names[0]))
		seen[type] = true;
	return !look(type, "after") || true;
}

int main(int argc, char **argv)
{
	unsigned char *buf = malloc(MESSAGE_MAX);
	int pair[2];

	if (argc < 3 || !buf || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	control = argv[1];
	if (is_parted())
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	child = fork();
	if (child == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		if (dup2(pair[1], 0) < 0 || dup2(pair[1], 1) < 0)
			_exit(126);
		(void)execv(argv[2], argv + 2);
		_exit(127);
	}
	(void)close(pair[1]);
	for (;;) {
		struct pollfd p[] = { { .fd = 0, .events = POLLIN },
				      { .fd = pair[0], .events = POLLIN } };

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents && !pass(0, pair[0], buf))
			break;
		if (p[1].revents && !pass(pair[0], 1, buf))
			break;
	}
	(void)close(pair[0]);
	(void)close(0);
	(void)close(1);
	(void)waitpid(child, NULL, 0);
	return 0;
}
