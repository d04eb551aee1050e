// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a test has left behind: leaks TAG STATE-ROOT
 *
 * Everything that a test makes bears its TAG (ids, cgroups, directories; processes have it in their environment, in
 * the name of their cgroup or in their mount table), so that the check is sure even on a host that others use at the
 * same time. Prints what is there and fails. Must itself be started without the tag in its environment.
 *
 * A program and no script: it comes after each test and each injected fault, and took a third of the latter's time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	WAIT_S = 30,
	POLL_FIRST_MS = 4,
	POLL_MS = 100,
	SPACES = 1024
};

/* Where to look, and what was found: nftw(3) passes nothing on. */
static const char *tag, *root;
static FILE *found;
static bool look_for_state;

struct text {
	char *data;
	size_t len;
};

static struct text read_all(const char *path)
{
	struct text t = { 0 };
	size_t room = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && n > 0) {
		if (room - t.len < 4096) {
			char *more = realloc(t.data, room = room ? 2 * room : 16384);

			if (!more)
				abort();
			t.data = more;
		}
		n = read(fd, t.data + t.len, room - t.len);
		t.len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return t;
}

static bool contains(const struct text *t, const char *what)
{
	return t->len && memmem(t->data, t->len, what, strlen(what));
}

static bool file_contains(const char *path, const char *what)
{
	struct text t = read_all(path);
	bool is = contains(&t, what);

	free(t.data);
	return is;
}

/* ---- trees ---- */

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	size_t len = strlen(root);

	(void)st;
	if (!look_for_state) {
		if ((type == FTW_D || type == FTW_DNR) && strstr(path + at->base, tag))
			fprintf(found, "cgroup %s\n", path);
	} else if (at->level > 0 && strncmp(path + len, "/.cache", 7) != 0) {
		fprintf(found, "state %s\n", path);
	}
	return 0;
}

static void list_tree(const char *path, bool state)
{
	look_for_state = state;
	(void)nftw(path, visit, 16, FTW_PHYS); /* what goes while one looks is gone */
}

static void list_cgroups(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	while (mounts && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0) {
			list_tree(m->mnt_dir, false);
			break;
		}
	if (mounts)
		(void)endmntent(mounts);
}

static void list_names(const char *directory)
{
	DIR *d = opendir(directory);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (strstr(e->d_name, tag))
			fprintf(found, "file %s/%s\n", directory, e->d_name);
	if (d)
		(void)closedir(d);
}

/* ---- mounts ---- */

/* True when there is one of the test in the host's table: then everybody sees it. */
static bool list_mounts(void)
{
	struct text t = read_all("/proc/self/mountinfo");
	char *parent = strdup(root), *slash = parent ? strrchr(parent, '/') : NULL, *line, *rest;
	bool any = contains(&t, tag);

	if (!slash)
		abort();
	slash[1] = '\0'; /* the directory that the state is in */
	if (t.len) {
		t.data[t.len - 1] = '\0';
		for (rest = t.data; (line = strsep(&rest, "\n"));)
			if (strstr(line, tag) || strstr(line, parent))
				fprintf(found, "mount %s\n", line);
	}
	free(parent);
	free(t.data);
	return any;
}

/* ---- processes ---- */

/* Mount namespaces whose tables were read: most processes are in the same one. */
struct spaces {
	ino_t known[SPACES];
	bool bad[SPACES];
	size_t count;
};

static bool space_is_bad(struct spaces *all, const char *pid)
{
	char path[300];
	struct stat st;
	bool bad;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	if (stat(path, &st) < 0)
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (all->known[i] == st.st_ino)
			return all->bad[i];
	(void)snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	bad = file_contains(path, tag);
	if (all->count < SPACES) {
		all->known[all->count] = st.st_ino;
		all->bad[all->count++] = bad;
	}
	return bad;
}

static void tell_process(const char *pid, const char *from)
{
	char path[300];
	struct text name;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	name = read_all(path);
	if (name.len)
		name.data[name.len - 1] = '\0';
	fprintf(found, "process %s (%s), from its %s\n", pid, name.len ? name.data : "?", from);
	free(name.data);
}

static void look_at_process(const char *pid, struct spaces *spaces)
{
	static const char *const files[] = { "environ", "cgroup" };
	char path[300], marked[300];

	/* Zombies have no program: what a dead ctr leaves is reaped by the host's init, soon or late. */
	(void)snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if (access(path, F_OK) < 0)
		return;
	(void)snprintf(marked, sizeof(marked), "CTR_TEST_TAG=%s", tag);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
		if (file_contains(path, i == 0 ? marked : tag))
			tell_process(pid, files[i]);
	}
	if (spaces && space_is_bad(spaces, pid))
		tell_process(pid, "mountinfo");
}

static void list_processes(bool mounts_too)
{
	static struct spaces spaces;
	DIR *d = opendir("/proc");
	const struct dirent *e;

	spaces.count = 0;
	while (d && (e = readdir(d)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			look_at_process(e->d_name, mounts_too ? &spaces : NULL);
	if (d)
		(void)closedir(d);
}

/* ---- all ---- */

/* What is there, to be freed; empty: nothing. */
static char *look(void)
{
	char *text = NULL;
	size_t len;
	bool mounted;

	found = open_memstream(&text, &len);
	if (!found)
		abort();
	list_cgroups();
	mounted = list_mounts();
	list_tree(root, true);
	list_names("/run/ctr");
	list_names("/run/netns");
	list_names("/sys/class/net");
	list_processes(!mounted);
	if (fclose(found) != 0)
		abort();
	return text;
}

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/*
 * The kernel ends dead processes a little later than a command returns that killed them, and what takes
 * bridges down behind a command's back waits in the kernel for as long as other namespaces are taken down.
 * By the clock: in an emulated machine, one look takes a second.
 */
int main(int argc, char **argv)
{
	time_t end = time(NULL) + WAIT_S;
	long ms = POLL_FIRST_MS;
	char *left;

	if (argc != 3 || !*argv[1] || !strchr(argv[2], '/')) {
		fputs("usage: leaks TAG STATE-ROOT\n", stderr);
		return 2;
	}
	tag = argv[1];
	root = argv[2];
	for (left = look(); *left && time(NULL) < end; left = look()) {
		free(left);
		sleep_ms(ms);
		ms = 2 * ms < POLL_MS ? 2 * ms : POLL_MS;
	}
	if (!*left)
		return 0;
	printf("left behind:\n%s", left);
	return 1;
}
