// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: the small readers of words. Each line of the input is a mount option, a signal, a
 * container id and a path.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container/store.h"
#include "rootfs/options.h"
#include "util/path.h"
#include "util/signals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_LINES = 64
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static size_t split(char *text, const char **lines)
{
	size_t n = 0;

	for (char *p = text; p && n < MAX_LINES;) {
		char *end = strchr(p, '\n');

		if (end)
			*end++ = '\0';
		lines[n++] = p;
		p = end;
	}
	return n;
}

/* Clean paths start with a slash, have no empty, "." or ".." component, and stay what they are. */
static void check_path(struct arena *a, const char *path)
{
	const char *clean = path_clean(a, path);

	require(clean && clean[0] == '/' && strlen(clean) <= strlen(path) + 1);
	require(!strstr(clean, "//") && !strstr(clean, "/./") && !strstr(clean, "/../"));
	require(!clean[1] || clean[strlen(clean) - 1] != '/');
	require(strcmp(path_clean(a, clean), clean) == 0);
	require(path_below(clean, "/") && path_below(clean, clean));
}

static void check_id(const char *id)
{
	if (container_id_check(id, NULL) < 0)
		return;
	require(id[0] && id[0] != '.' && !strchr(id, '/') && strlen(id) <= CONTAINER_ID_MAX);
}

static void check_options(struct arena *a, const char **lines, size_t count)
{
	const struct oci_mount m = { .destination = "/m",
				     .options = { .items = lines, .count = count } };
	struct mount_options o;

	if (mount_options_parse(&m, a, &o, NULL) < 0)
		return;
	require(o.data_count <= count && o.prop_count <= MOUNT_MAX_PROPS);
	require(o.last_data == SIZE_MAX || o.last_data < count);
	for (size_t i = 0; i < o.data_count; i++)
		require(o.data[i] && strlen(o.data[i]) < SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *lines[MAX_LINES];
	struct arena a = { 0 };
	size_t n;

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	n = split(text, lines);
	for (size_t i = 0; i < n; i++) {
		int sig = signal_parse(lines[i]);

		require(sig == -EINVAL || (sig > 0 && sig <= 64));
		check_path(&a, lines[i]);
		check_id(lines[i]);
	}
	check_options(&a, lines, n);
	arena_free(&a);
	free(text);
	return 0;
}
