// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the workloads have in common. Each is a function that makes its state, calls dumped(), and then looks whether
 * its state is still what it was; in between it may have been saved and restored, and cannot know.
 */
#ifndef TESTS_HELPERS_WORKLOAD_H
#define TESTS_HELPERS_WORKLOAD_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Says what went wrong, where, to the file "why" in the workload's directory, and ends it. */
_Noreturn void workload_failed(const char *step, const char *text, int line);

/* Before dumped(): the state could not be made. After it: it is not what it was. */
#define must(call)	  must_((long)(call), #call, __LINE__)
#define expect(condition) ((condition) ? (void)0 : workload_failed("after", #condition, __LINE__))

static inline long must_(long value, const char *text, int line)
{
	if (value < 0)
		workload_failed(strerror(errno), text, line);
	return value;
}

/* Returns when the test says so, in this process or in the one that was made of it. */
void dumped(void);

static inline void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Waits until *@what is at least @value, for some seconds of a slow machine. */
static inline bool reaches(const volatile int *what, int value)
{
	for (int i = 0; i < 3000 && *what < value; i++)
		pause_ms(10);
	return *what >= value;
}

/* Bytes that are not the same twice; @seed makes them others. */
static inline void pattern_fill(void *to, size_t size, uint32_t seed)
{
	uint32_t *words = to;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = seed = seed * 1664525 + 1013904223;
}

static inline bool pattern_is(const void *there, size_t size, uint32_t seed)
{
	const uint32_t *words = there;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		if (words[i] != (seed = seed * 1664525 + 1013904223))
			return false;
	return true;
}

static inline bool reads(int fd, const char *text)
{
	char there[256] = { 0 };
	ssize_t n = read(fd, there, strlen(text));

	return n == (ssize_t)strlen(text) && memcmp(there, text, (size_t)n) == 0;
}

static inline bool writes(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static inline int file_with(const char *name, const char *text, int flags)
{
	int fd = (int)must(open(name, O_CREAT | O_RDWR | flags, 0644));

	must(write(fd, text, strlen(text)));
	return fd;
}

static inline void *shared_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(page == MAP_FAILED ? -1 : 0);
	return page;
}

/* A child that ends with its parent, so that a failed workload leaves none. */
pid_t child_of(void (*run)(void *), void *data);

static inline bool child_exits(pid_t pid, int code)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static inline void child_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

#endif
