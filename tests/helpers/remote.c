// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on another virtual machine, for tests on two of them: a static program, quick where ssh takes a second
 * of emulated time, and without any protection, so only for a link that nobody else is on.
 *
 *	remote serve ADDRESS PORT                     executes what the others ask for, as root, until killed
 *	remote wait ADDRESS PORT SECONDS              until it can be asked
 *	remote run ADDRESS PORT PROGRAM ARGUMENT...   its stdin, stdout and exit code; its stderr stays there
 *	remote pipe ADDRESS PORT PROGRAM ARGUMENT...  each byte at once, but no exit code: for protocols
 *
 * One connection per command: its length (4 bytes, big endian) and its words, each ended by NUL; then the bytes of
 * stdin. Back come the bytes of stdout, then one byte, the exit code, so that run has to keep back the last byte that it
 * has; with the highest bit of the length there is no such byte, and the end is an end. A command is not killed when the connection
 * breaks, it finds its pipe closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
	WORDS = 64,
	LONGEST = 65536,
	FAILED = 255
};

#define NO_CODE 0x80000000U

static int fail(const char *what)
{
	(void)fprintf(stderr, "remote: %s: %s\n", what, strerror(errno));
	return FAILED;
}

static struct sockaddr_in address(char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };

	if (inet_pton(AF_INET, argv[0], &to.sin_addr) != 1) {
		(void)fprintf(stderr, "remote: no address: '%s'\n", argv[0]);
		exit(FAILED);
	}
	return to;
}

static int read_all(int fd, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, (char *)to + done, size - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int write_all(int fd, const void *from, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)from + done, size - done);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* --- the side that is asked --- */

static void execute(int fd, char *text, size_t size)
{
	char *argv[WORDS + 1] = { NULL };
	size_t count = 0;

	for (char *word = text; word < text + size && count < WORDS; word += strlen(word) + 1)
		argv[count++] = word;
	(void)dup2(fd, 0);
	(void)dup2(fd, 1);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	execvp(argv[0], argv);
	(void)fail(argv[0]);
	_exit(127);
}

/* In a process of its own. What the command has left in the background may keep the socket. */
static void answer(int fd)
{
	static char text[LONGEST + 1];
	uint32_t size;
	int status;

	if (read_all(fd, &size, sizeof(size)) < 0)
		_exit(1);
	bool no_code = (ntohl(size) & NO_CODE) != 0;
	size = ntohl(size) & ~NO_CODE;
	if (size == 0 || size > LONGEST || read_all(fd, text, size) < 0)
		_exit(1);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0)
		execute(fd, text, size);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	unsigned char code = pid < 0		 ? FAILED
			     : WIFEXITED(status) ? (unsigned char)WEXITSTATUS(status)
						 : (unsigned char)(128 + WTERMSIG(status));
	if (!no_code)
		(void)write_all(fd, &code, 1);
	(void)shutdown(fd, SHUT_WR);
	_exit(0);
}

static int serve(char **argv)
{
	struct sockaddr_in here = address(argv);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)signal(SIGCHLD, SIG_IGN);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 16) < 0)
		return fail("listen");
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (fork() == 0)
			answer(fd);
		(void)close(fd);
	}
}

/* --- the side that asks --- */

static int reach(char **argv)
{
	struct sockaddr_in there = address(argv);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0) {
		(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int wait_for(char **argv)
{
	struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	time_t end = time(NULL) + atoi(argv[2]);
	int fd;

	while ((fd = reach(argv)) < 0) {
		if (time(NULL) >= end)
			return fail("no answer");
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int ask(int fd, char **words, uint32_t flag)
{
	static char text[LONGEST];
	size_t size = 0;

	for (; *words != NULL; words++) {
		size_t length = strlen(*words) + 1;

		if (length > sizeof(text) - size) {
			errno = E2BIG;
			return -1;
		}
		memcpy(text + size, *words, length);
		size += length;
	}
	uint32_t head = htonl((uint32_t)size | flag);
	return write_all(fd, &head, sizeof(head)) < 0 ? -1 : write_all(fd, text, size);
}

/* What came, but for its last byte, which may be the code. 0 at the end, or -1. */
static ssize_t forward_output(int fd, int *code)
{
	static char bytes[65537];
	size_t held = *code >= 0;

	bytes[0] = (char)*code;
	ssize_t n = read(fd, bytes + held, sizeof(bytes) - held);
	if (n <= 0)
		return n;
	size_t all = held + (size_t)n;
	*code = (unsigned char)bytes[all - 1];
	return write_all(1, bytes, all - 1) < 0 ? -1 : n;
}

static ssize_t forward_all(int fd)
{
	static char bytes[65536];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	return n > 0 && write_all(1, bytes, (size_t)n) < 0 ? -1 : n;
}

static void forward_input(int fd, struct pollfd *input)
{
	static char bytes[65536];
	ssize_t n = read(input->fd, bytes, sizeof(bytes));

	if (n > 0 && write_all(fd, bytes, (size_t)n) == 0)
		return;
	(void)shutdown(fd, SHUT_WR);
	input->fd = -1;
}

static int run(char **argv, bool no_code)
{
	int code = -1, fd = reach(argv);
	ssize_t n = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	if (fd < 0 || ask(fd, argv + 2, no_code ? NO_CODE : 0) < 0)
		return fail("ask");
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	while (n > 0) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return fail("poll");
		if (polled[1].revents != 0)
			forward_input(fd, &polled[1]);
		if (polled[0].revents != 0)
			n = no_code ? forward_all(fd) : forward_output(fd, &code);
	}
	if (n == 0 && no_code)
		return 0;
	if (n == 0 && code >= 0)
		return code;
	return fail("the connection ended without an exit code");
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv + 2);
	if (argc == 5 && strcmp(argv[1], "wait") == 0)
		return wait_for(argv + 2);
	if (argc >= 5 && strcmp(argv[1], "run") == 0)
		return run(argv + 2, false);
	if (argc >= 5 && strcmp(argv[1], "pipe") == 0)
		return run(argv + 2, true);
	(void)fprintf(stderr, "usage: remote serve ADDRESS PORT\n"
			      "       remote wait ADDRESS PORT SECONDS\n"
			      "       remote run ADDRESS PORT PROGRAM ARGUMENT...\n"
			      "       remote pipe ADDRESS PORT PROGRAM ARGUMENT...\n");
	return FAILED;
}
