// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: bytes as each of the files of /proc that preflight reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void read_lines(const uint8_t *data, size_t size)
{
	char *maps = copy(data, size), *mounts = copy(data, size), *netlink = copy(data, size);
	char *at = maps;
	struct proc_map m;
	struct proc_mount mount;
	struct proc_netlink n;

	while (proc_next_map(&at, &m))
		require(m.path >= maps && m.path <= maps + size && strlen(m.permissions) <= 4);
	at = mounts;
	while (proc_next_mount(&at, &mount))
		require(strlen(mount.point) <= size && strlen(mount.source) <= size);
	at = netlink;
	while (proc_next_netlink(&at, &n))
		require(at <= netlink + size);
	free(maps);
	free(mounts);
	free(netlink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy(data, size);
	struct proc_status status;
	struct proc_fdinfo info;
	struct proc_link link;

	proc_parse_status(text, &status);
	proc_parse_fdinfo(text, &info);
	proc_parse_link(text, &link);
	require(link.length <= strlen(text) && memchr(link.name, '\0', sizeof(link.name)) != NULL);
	free(text);
	read_lines(data, size);
	return 0;
}
