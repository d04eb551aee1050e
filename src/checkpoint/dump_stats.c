// SPDX-License-Identifier: GPL-2.0-or-later
/* What criu counted and timed: the file stats-dump (criu.org/Statistics). */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"

enum {
	SERVICE_MAGIC = 0x55105940, /* criu.org/Images: files that are no images themselves */
	STATS_MAGIC = 0x57093306,
	STATS_MAX = 64 * 1024
};

struct stats_header {
	uint32_t service, magic, size;
};

int dump_stats_decode(const void *data, size_t size, size_t page_size,
		      struct checkpoint_result *ret)
{
	struct stats_header h;
	Criu__Stats *s;

	if (size < sizeof(h))
		return -EBADMSG;
	memcpy(&h, data, sizeof(h));
	if (h.service != SERVICE_MAGIC || h.magic != STATS_MAGIC || h.size > size - sizeof(h))
		return -EBADMSG;
	s = criu__stats__unpack(NULL, h.size, (const uint8_t *)data + sizeof(h));
	if (!s || !s->dump) {
		if (s)
			criu__stats__free_unpacked(s, NULL);
		return -EBADMSG;
	}
	*ret = (struct checkpoint_result){
		.pages_scanned = s->dump->pages_scanned,
		.pages_skipped_parent = s->dump->pages_skipped_parent,
		.pages_written = s->dump->pages_written,
		.bytes_written = s->dump->pages_written * page_size,
		.freezing_us = s->dump->freezing_time,
		.frozen_us = s->dump->frozen_time,
		.memdump_us = s->dump->memdump_time,
		.memwrite_us = s->dump->memwrite_time,
	};
	criu__stats__free_unpacked(s, NULL);
	return 0;
}

void dump_stats_read(int work, struct checkpoint_result *ret)
{
	cleanup_fd int fd = openat(work, DUMP_STATS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *data = NULL;
	size_t size = 0;

	memset(ret, 0, sizeof(*ret));
	if (fd < 0 || io_read_file(fd, STATS_MAX, &data, &size) < 0)
		return;
	/* numbers for people: what cannot be read does not make the dump a failure */
	(void)dump_stats_decode(data, size, (size_t)sysconf(_SC_PAGESIZE), ret);
}

#endif
