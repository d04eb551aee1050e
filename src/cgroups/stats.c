// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a cgroup uses, from the files of its controllers. Reads only; a missing file means that there is
 * nothing to tell. Formats: cgroup-v2.rst, accounting/psi.rst.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"
#include "util/strbuf.h"

enum {
	TEXT_SIZE = 65536, /* memory.stat, and io.stat of hosts with hundreds of disks */
	LINE_SIZE = 512,
	HUGETLB_SIZES_MAX = 16
};

struct reader {
	int fd;
	struct arena *a;
	char text[TEXT_SIZE];
};

static bool read_text(struct reader *r, const char *name)
{
	r->text[0] = '\0';
	return cgroup_file_read(r->fd, name, r->text, sizeof(r->text)) >= 0;
}

/* One number, or "max". */
static uint64_t read_number(struct reader *r, const char *name)
{
	if (!read_text(r, name))
		return 0;
	return strncmp(r->text, "max", 3) == 0 ? UINT64_MAX : strtoull(r->text, NULL, 10);
}

/* The number behind @key in the text that was read last. */
static uint64_t number_of(const struct reader *r, const char *key)
{
	uint64_t value = 0;

	(void)cgroup_text_number(r->text, key, &value); /* absent: 0 */
	return value;
}

static struct cgroup_usage read_usage(struct reader *r, const char *prefix, const char *limit)
{
	struct cgroup_usage u;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.current", prefix);
	u.current = read_number(r, name);
	(void)snprintf(name, sizeof(name), "%s.peak", prefix);
	u.peak = read_number(r, name);
	u.max = read_number(r, limit);
	return u;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static struct cgroup_psi read_psi(struct reader *r, const char *name)
{
	struct cgroup_psi psi = { 0 };

	if (!read_text(r, name))
		return psi;
	for (const char *line = r->text; line && *line; line = strchr(line, '\n')) {
		struct cgroup_psi_line got;
		unsigned long long total;
		char kind[8];

		line += *line == '\n';
		if (sscanf(line, "%7s avg10=%lf avg60=%lf avg300=%lf total=%llu", kind, &got.avg10,
			   &got.avg60, &got.avg300, &total) != 5)
			continue;
		got.total_usec = total;
		psi.known = true;
		if (strcmp(kind, "some") == 0)
			psi.some = got;
		else if (strcmp(kind, "full") == 0)
			psi.full = got;
	}
	return psi;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int read_cpu(struct reader *r, struct cgroup_stats *s)
{
	if (read_text(r, "cpu.stat")) {
		s->cpu.usage_usec = number_of(r, "usage_usec");
		s->cpu.user_usec = number_of(r, "user_usec");
		s->cpu.system_usec = number_of(r, "system_usec");
		s->cpu.periods = number_of(r, "nr_periods");
		s->cpu.throttled_periods = number_of(r, "nr_throttled");
		s->cpu.throttled_usec = number_of(r, "throttled_usec");
	}
	s->cpu.psi = read_psi(r, "cpu.pressure");
	return 0;
}

static int read_memory_raw(struct reader *r, struct cgroup_stats *s)
{
	char *save = NULL;

	if (!read_text(r, "memory.stat"))
		return 0;
	s->memory.raw.items =
		arena_array(r->a, count_lines(r->text) + 1, sizeof(*s->memory.raw.items));
	if (!s->memory.raw.items)
		return -ENOMEM;
	for (char *line = strtok_r(r->text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct cgroup_number *n = &s->memory.raw.items[s->memory.raw.count];
		char *blank = strchr(line, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		n->value = strtoull(blank + 1, NULL, 10);
		n->name = arena_strdup(r->a, line);
		if (!n->name)
			return -ENOMEM;
		s->memory.raw.count++;
	}
	return 0;
}

static int read_memory(struct reader *r, struct cgroup_stats *s)
{
	s->memory.known = read_text(r, "memory.current");
	s->memory.memory = read_usage(r, "memory", "memory.max");
	s->memory.swap = read_usage(r, "memory.swap", "memory.swap.max");
	if (read_text(r, "memory.events")) {
		s->memory.oom_kills = number_of(r, "oom_kill");
		s->memory.high_events = number_of(r, "high");
		s->memory.max_events = number_of(r, "max");
	}
	s->memory.psi = read_psi(r, "memory.pressure");
	return read_memory_raw(r, s);
}

static int read_pids(struct reader *r, struct cgroup_stats *s)
{
	s->pids.known = read_text(r, "pids.current");
	s->pids.tasks = read_usage(r, "pids", "pids.max");
	if (read_text(r, "pids.events"))
		s->pids.max_events = number_of(r, "max");
	return 0;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static int read_io(struct reader *r, struct cgroup_stats *s)
{
	char *save = NULL;

	s->io.psi = read_psi(r, "io.pressure");
	if (!read_text(r, "io.stat"))
		return 0;
	s->io.items = arena_array(r->a, count_lines(r->text) + 1, sizeof(*s->io.items));
	if (!s->io.items)
		return -ENOMEM;
	for (char *line = strtok_r(r->text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct cgroup_io *io = &s->io.items[s->io.count];
		unsigned long long rb, wb, ri, wi, db = 0, di = 0;

		if (sscanf(line,
			   "%u:%u rbytes=%llu wbytes=%llu rios=%llu wios=%llu dbytes=%llu "
			   "dios=%llu",
			   &io->major, &io->minor, &rb, &wb, &ri, &wi, &db, &di) < 6)
			continue;
		*io = (struct cgroup_io){ io->major, io->minor, rb, wb, db, ri, wi, di };
		s->io.count++;
	}
	return 0;
}

/* "hugetlb.2MB.current" tells that there is a size "2MB". */
static int hugetlb_add(struct reader *r, struct cgroup_stats *s, const char *file)
{
	struct cgroup_hugetlb *h = &s->hugetlb.items[s->hugetlb.count];
	size_t len = strcspn(file + 8, ".");
	char name[64];

	h->size = arena_memdup(r->a, file + 8, len);
	if (!h->size)
		return -ENOMEM;
	(void)snprintf(name, sizeof(name), "hugetlb.%.24s.current", h->size);
	h->usage.current = read_number(r, name);
	(void)snprintf(name, sizeof(name), "hugetlb.%.24s.max", h->size);
	h->usage.max = read_number(r, name);
	(void)snprintf(name, sizeof(name), "hugetlb.%.24s.events", h->size);
	h->failures = read_text(r, name) ? number_of(r, "max") : 0;
	s->hugetlb.count++;
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* read only: nothing to lose */
}

static int read_hugetlb(struct reader *r, struct cgroup_stats *s)
{
	cleanup_fd int fd = cgroup_dir_open(r->fd, ".");
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int ret = 0;

	if (!d)
		return 0;
	fd = -EBADF; /* closedir closes it */
	s->hugetlb.items = arena_array(r->a, HUGETLB_SIZES_MAX, sizeof(*s->hugetlb.items));
	if (!s->hugetlb.items)
		return -ENOMEM;
	while (ret == 0 && s->hugetlb.count < HUGETLB_SIZES_MAX && (entry = readdir(d))) {
		const char *name = entry->d_name;
		size_t len = strlen(name);

		/* hugetlb.2MB.current, not hugetlb.2MB.rsvd.current */
		if (strncmp(name, "hugetlb.", 8) == 0 && len > 16 &&
		    strcmp(name + len - 8, ".current") == 0 && strcspn(name + 8, ".") == len - 16)
			ret = hugetlb_add(r, s, name);
	}
	return ret;
}

static int read_cpuset(struct reader *r, struct cgroup_stats *s)
{
	const struct {
		const char *file, **to;
	} sets[] = { { "cpuset.cpus.effective", &s->cpus }, { "cpuset.mems.effective", &s->mems } };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (!read_text(r, sets[i].file))
			continue;
		*sets[i].to = arena_memdup(r->a, r->text, strcspn(r->text, "\n"));
		if (!*sets[i].to)
			return -ENOMEM;
	}
	return 0;
}

int cgroup_stats_read(const struct cgroup *cg, struct arena *a, struct cgroup_stats *ret,
		      struct err *e)
{
	static int (*const topics[])(struct reader *, struct cgroup_stats *) = {
		read_cpu, read_memory, read_pids, read_io, read_hugetlb, read_cpuset,
	};
	struct reader *r = arena_alloc(a, sizeof(*r));
	int ret_r = r ? 0 : -ENOMEM;

	memset(ret, 0, sizeof(*ret));
	ret->cpus = ret->mems = "";
	if (r) {
		r->fd = cg->fd;
		r->a = a;
	}
	for (size_t i = 0; ret_r == 0 && i < sizeof(topics) / sizeof(topics[0]); i++)
		ret_r = topics[i](r, ret);
	return ret_r < 0 ? err_set(e, ERR_SYSTEM, ENOMEM, "read the statistics of cgroup '%s'",
				   cg->path)
			 : 0;
}

void cgroup_memory_describe(const struct cgroup *cg, char *buf, size_t size)
{
	static const struct {
		const char *file, *what;
	} parts[] = { { "memory.max", "limit" }, { "memory.peak", "peak" } };
	struct strbuf out = STRBUF_OVER(buf, size);
	char text[32];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (cgroup_file_read(cg->fd, parts[i].file, text, sizeof(text)) <= 0 ||
		    text[0] < '0' || text[0] > '9')
			continue;
		strbuf_addf(&out, "%s%s %llu bytes", out.len ? ", " : "", parts[i].what,
			    strtoull(text, NULL, 10));
	}
}
