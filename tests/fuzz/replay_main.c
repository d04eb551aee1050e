// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds every file of the directories (or every file) on the command line to a fuzz target, so
 * that the corpora are replayed by `make check` without libFuzzer. Prints one TAP line per argument.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void close_file(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* was only read */
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* The copy has exactly the file's size, so that a sanitizer sees every byte read too far. */
static int replay_file(const char *path)
{
	cleanup_(close_file) FILE *f = fopen(path, "re");
	cleanup_free uint8_t *data = NULL;
	struct stat st;
	size_t size;

	if (!f || fstat(fileno(f), &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	data = malloc(size ? size : 1);
	if (!data)
		return -ENOMEM;
	if (fread(data, 1, size, f) != size)
		return -EIO;
	(void)LLVMFuzzerTestOneInput(data, size); /* it aborts when something is wrong */
	return 0;
}

/* How many files were replayed, or a negative errno. */
static int replay(const char *path)
{
	cleanup_(close_dir) DIR *d = opendir(path);
	char file[PATH_MAX];
	int n = 0, r;

	if (!d) {
		r = errno == ENOTDIR ? replay_file(path) : -errno;
		return r < 0 ? r : 1;
	}
	for (struct dirent *entry; (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >= (int)sizeof(file))
			return -ENAMETOOLONG;
		r = replay_file(file);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	int bad = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int n = replay(argv[i]);

		if (n > 0) {
			printf("ok %d - %s: %d files\n", i, argv[i], n);
		} else {
			printf("not ok %d - %s: %s\n", i, argv[i], n ? strerror(-n) : "no files");
			bad = 1;
		}
		(void)fflush(stdout); /* seen even when the next file aborts */
	}
	return bad;
}
