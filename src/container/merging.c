// SPDX-License-Identifier: GPL-2.0-or-later
/* See merging.h. */
#include "container/merging.h"

#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container/members.h"
#include "util/cleanup.h"

enum {
	FILE_MAX = 1024 /* a few lines with one number each */
};

static bool number(const char *text, const char *key, int64_t *ret)
{
	size_t len = strlen(key);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0)
		if (strncmp(text, key, len) == 0 && text[len] == ' ')
			return sscanf(text + len, "%" SCNd64, ret) == 1;
	return false;
}

bool merging_parse(const char *text, struct merging_stats *s)
{
	int64_t pages = 0, profit = 0;
	bool any = number(text, "ksm_merging_pages", &pages);

	any |= number(text, "ksm_process_profit", &profit);
	s->pages += pages > 0 ? (uint64_t)pages : 0;
	s->profit_bytes += profit;
	s->known |= any;
	return any;
}

static void add_process(pid_t pid, struct merging_stats *s)
{
	char path[48], text[FILE_MAX];
	cleanup_fd int fd = -EBADF;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/ksm_stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return;
	text[n] = '\0';
	(void)merging_parse(text, s);
}

static void free_pids(struct cgroup_pids *p)
{
	free(p->items);
}

void merging_read(const struct container *c, struct merging_stats *ret)
{
	cleanup_(free_pids) struct cgroup_pids pids = { 0 };

	*ret = (struct merging_stats){ 0 };
	if (!c->record.merge_memory || container_pids_read(c, &pids, NULL) < 0)
		return;
	for (size_t i = 0; i < pids.count; i++)
		add_process(pids.items[i], ret);
}
