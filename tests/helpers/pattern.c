// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *	pattern MIB FILE
 *
 * Two processes, each with so much memory of its own in which every page says which one it is. They read all of it over and
 * over, and write a part of it. After each pass a line in FILE (FILE.child for the second one) has how many there were; the
 * first page that is not as it was left ends the process, with the line "bad PAGE".
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	WORDS = PAGE / 8,
	WRITTEN = 16, /* one page of so many changes in each pass */
};

static void say(const char *path, const char *word, unsigned long n)
{
	char new[4096], line[64];
	int fd, len;

	(void)snprintf(new, sizeof(new), "%s.new", path);
	len = snprintf(line, sizeof(line), "%s%lu\n", word, n);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, (size_t)len) != len || close(fd) < 0 || rename(new, path) < 0)
		_exit(3);
}

/* What a page begins and ends with; no page is empty. */
static uint64_t mark(size_t page, uint64_t seed)
{
	return (page + 1) * 0x9e3779b97f4a7c15U ^ seed;
}

static void fill(uint64_t *memory, size_t pages, uint64_t seed)
{
	for (size_t i = 0; i < pages; i++) {
		memory[i * WORDS] = memory[i * WORDS + WORDS - 1] = mark(i, seed);
		memory[i * WORDS + 1] = memory[i * WORDS + 2] = 1;
	}
}

static void check(uint64_t *memory, size_t pages, uint64_t seed, unsigned long pass,
		  const char *path)
{
	for (size_t i = 0; i < pages; i++) {
		uint64_t *p = memory + i * WORDS;

		if (p[0] != mark(i, seed) || p[WORDS - 1] != p[0] || p[1] == 0 || p[1] != p[2]) {
			say(path, "bad ", i);
			_exit(2);
		}
		if (i % WRITTEN == 0)
			p[1] = p[2] = pass + 2;
	}
}

int main(int argc, char **argv)
{
	const struct timespec step = { .tv_nsec = 20000000 };
	size_t size = argc == 3 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	uint64_t *memory, seed = 0;
	char path[4000];

	if (!size)
		return 1;
	(void)snprintf(path, sizeof(path), "%s", argv[2]);
	if (fork() == 0) {
		seed = 0x5555;
		(void)snprintf(path, sizeof(path), "%s.child", argv[2]);
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* what changes is to be seen page by page */
	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE) < 0)
		return 1;
	fill(memory, size / PAGE, seed);
	for (unsigned long pass = 0;; pass++) {
		check(memory, size / PAGE, seed, pass, path);
		say(path, "", pass);
		(void)nanosleep(&step, NULL);
	}
}
