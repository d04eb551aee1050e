// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: memory, of all kinds of mapping.
 */
#ifndef TESTS_HELPERS_WORKLOAD_MEMORY_H
#define TESTS_HELPERS_WORKLOAD_MEMORY_H

#include "workload.h"

enum {
	PAGE = 4096,
	MEBI = 1024 * 1024
};

static void *map(size_t size, int prot, int flags, int fd)
{
	void *at = mmap(NULL, size, prot, flags, fd, 0);

	must(at == MAP_FAILED ? -1 : 0);
	return at;
}

/* What is forbidden to read keeps its content, what nobody has touched stays zero. */
static void run_mmap_anonymous(void)
{
	char *at = map(MEBI, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	pattern_fill(at, MEBI / 2, 1);
	must(mprotect(at, PAGE, PROT_READ));
	must(mprotect(at + 2L * PAGE, PAGE, PROT_NONE));
	must(munmap(at + 4L * PAGE, PAGE));
	dumped();
	expect(mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE) == 0);
	expect(msync(at + 4L * PAGE, PAGE, MS_ASYNC) < 0 && errno == ENOMEM);
	expect(mmap(at + 4L * PAGE, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at + 4L * PAGE);
	uint32_t *first = (uint32_t *)at;
	expect(pattern_is(at, 4 * PAGE, 1));
	expect(first[4 * PAGE / 4] == 0 && first[5 * PAGE / 4] != 0);
	for (size_t i = MEBI / 2; i < MEBI; i++)
		expect(at[i] == 0);
}

static void answer_page(void *data)
{
	volatile int *page = data;

	while (page[0] == 0)
		pause_ms(10);
	page[1] = page[0] + 1;
}

static void run_mmap_shared(void)
{
	volatile int *page = shared_page();
	pid_t pid = child_of(answer_page, (void *)page);

	page[7] = 77;
	dumped();
	page[0] = 41;
	expect(reaches(&page[1], 42));
	expect(page[7] == 77);
	expect(child_exits(pid, 0));
}

static void run_mmap_file_private(void)
{
	int fd = (int)must(open("file", O_CREAT | O_RDWR, 0644));
	static char page[PAGE];

	pattern_fill(page, PAGE, 3);
	must(write(fd, page, PAGE) + write(fd, page, PAGE));
	char *at = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	at[0] = 'x';
	dumped();
	expect(at[0] == 'x' && memcmp(at + 1, page + 1, PAGE - 1) == 0);
	expect(pattern_is(at + PAGE, PAGE, 3));
	expect(pread(fd, page, PAGE, 0) == PAGE && pattern_is(page, PAGE, 3));
}

static void run_mmap_file_shared(void)
{
	int fd = (int)must(open("file", O_CREAT | O_RDWR, 0644));
	char byte;

	must(ftruncate(fd, 2L * PAGE));
	char *at = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	pattern_fill(at, PAGE, 4);
	dumped();
	expect(pattern_is(at, PAGE, 4));
	at[PAGE] = 'y';
	expect(pread(fd, &byte, 1, PAGE) == 1 && byte == 'y');
	expect(pwrite(fd, "z", 1, PAGE + 1) == 1 && at[PAGE + 1] == 'z');
}

static void run_mmap_deleted(void)
{
	int fd = (int)must(open("file", O_CREAT | O_RDWR, 0644));

	must(ftruncate(fd, PAGE));
	char *at = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	must(unlink("file"));
	must(close(fd));
	pattern_fill(at, PAGE, 5);
	dumped();
	expect(pattern_is(at, PAGE, 5));
	expect(access("file", F_OK) < 0);
	at[0] = 1;
	expect(msync(at, PAGE, MS_SYNC) == 0);
}

static void run_memfd(void)
{
	int fd = (int)must(memfd_create("workload", MFD_ALLOW_SEALING)),
	    seals = F_SEAL_SHRINK | F_SEAL_GROW;

	must(ftruncate(fd, PAGE));
	char *at = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	pattern_fill(at, PAGE, 6);
	must(fcntl(fd, F_ADD_SEALS, seals));
	dumped();
	expect(pattern_is(at, PAGE, 6));
	expect(fcntl(fd, F_GET_SEALS) == seals);
	expect(ftruncate(fd, 0) < 0);
	at[9] = 'm';
	char byte = 0;
	expect(pread(fd, &byte, 1, 9) == 1 && byte == 'm');
}

/* A megabyte on the stack, which has grown for it, and some heap. */
static void run_stack_heap(void)
{
	char deep[MEBI];
	char *heap = malloc(300000);

	pattern_fill(deep, sizeof(deep), 7);
	must(heap == NULL ? -1 : 0);
	pattern_fill(heap, 300000, 8);
	dumped();
	expect(pattern_is(deep, sizeof(deep), 7));
	expect(pattern_is(heap, 300000, 8));
	free(heap);
}

static void run_mlock(void)
{
	char *at = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char line[256];
	int locked = 0;
	FILE *file;

	must(mlock(at, PAGE));
	dumped();
	file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "VmLck: %d", &locked);
	expect(locked == PAGE / 1024);
}

static void run_ballast(void)
{
	char *at = map(24 * MEBI, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	pattern_fill(at, 24 * MEBI, 9);
	dumped();
	expect(pattern_is(at, 24 * MEBI, 9));
}

#define WORKLOADS_MEMORY                                                                           \
	{ "mmap-anonymous", run_mmap_anonymous }, { "mmap-shared", run_mmap_shared },              \
		{ "mmap-file-private", run_mmap_file_private },                                    \
		{ "mmap-file-shared", run_mmap_file_shared },                                      \
		{ "mmap-deleted", run_mmap_deleted }, { "memfd", run_memfd },                      \
		{ "stack-heap", run_stack_heap }, { "mlock", run_mlock },                          \
	{                                                                                          \
		"ballast", run_ballast                                                             \
	}

#endif
