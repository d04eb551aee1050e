// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroups/resctrl.h. There is no CPU with RDT in every machine: the tree is in a temporary directory, and
 * mkdirat and unlinkat are ours, because in resctrl the kernel fills a new directory and empties one
 * that is removed. What only a kernel can say (that a mask is wrong) is not tested here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "cgroups/resctrl.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the kernel's part ---- */

static int put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		(void)close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int real_mkdir(int dir, const char *name)
{
	return (int)syscall(SYS_mkdirat, dir, name, 0755);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	cleanup_fd int fd = -EBADF;

	(void)mode;
	if (real_mkdir(dir, name) < 0)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(put(fd, "tasks", ""), 0);
	/* groups of the top level only are classes; those in mon_groups have no schemata */
	if (faccessat(dir, "schemata", F_OK, 0) != 0)
		return 0;
	assert_int_equal(put(fd, "schemata", "    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n"), 0);
	return real_mkdir(fd, "mon_groups");
}

static void empty(int dir, const char *name)
{
	static const char *const files[] = { "tasks", "schemata" };
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < COUNT(files); i++)
		(void)syscall(SYS_unlinkat, fd, files[i], 0);
	if (fd >= 0)
		(void)syscall(SYS_unlinkat, fd, "mon_groups", AT_REMOVEDIR);
}

int unlinkat(int dir, const char *name, int flags)
{
	if (flags & AT_REMOVEDIR)
		empty(dir, name);
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

/* ---- fixture ---- */

struct fixture {
	char path[64];
	int root;
	struct arena arena;
	struct oci_spec *spec;
	struct resctrl_plan plan;
	unsigned made;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	(void)snprintf(f->path, sizeof(f->path), "/tmp/ctr-resctrl-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	f->root = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return put(f->root, "schemata", "L3:0=fffff;1=fffff\n") + put(f->root, "tasks", "") +
	       real_mkdir(f->root, "info") + real_mkdir(f->root, "mon_groups") +
	       put(f->root, "info/last_cmd_status", "ok\n");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, type == FTW_DP ? AT_REMOVEDIR : 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_fd(&f->root);
	(void)nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	oci_spec_free(f->spec);
	arena_free(&f->arena);
	free(f);
	return 0;
}

/* The plan of a container "web1" with this member; quotes are single ones. */
static void plan(struct fixture *f, const char *rdt)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "{'ociVersion':'1.2.0','root':{'path':'r'},'linux':{'intelRdt':%s}}", rdt);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	oci_spec_free(f->spec);
	f->spec = NULL;
	f->made = 0;
	f->e = (struct err)ERR_INIT;
	assert_int_equal(oci_spec_decode(text, strlen(text), &f->spec, &f->e), 0);
	assert_int_equal(resctrl_emit(f->spec, "web1", &f->arena, &f->plan, &f->e), 0);
}

static int create(struct fixture *f)
{
	return resctrl_create(f->root, &f->plan, &f->made, &f->e);
}

static bool there(const struct fixture *f, const char *name)
{
	return faccessat(f->root, name, F_OK, 0) == 0;
}

static void holds(const struct fixture *f, const char *name, const char *text)
{
	char buf[256];

	assert_true(cgroup_file_read(f->root, name, buf, sizeof(buf)) >= 0);
	assert_string_equal(buf, text);
}

/* ---- config.json -> plan ---- */

static void test_emit(void **state)
{
	static const struct {
		const char *rdt, *group, *monitor, *schemata;
	} cases[] = {
		{ "{}", "web1", NULL, NULL },
		{ "{'closID':''}", "web1", NULL, NULL },
		{ "{'closID':'gold','enableMonitoring':true}", "gold", "web1", NULL },
		{ "{'closID':'/'}", "/", NULL, NULL },
		{ "{'l3CacheSchema':'L3:0=f'}", "web1", NULL, "L3:0=f\n" },
		{ "{'memBwSchema':'MB:0=20'}", "web1", NULL, "MB:0=20\n" },
		{ "{'schemata':['L2:0=f','MB:0=9'],'memBwSchema':'MB:0=20','l3CacheSchema':'L3:0=f'"
		  "}",
		  "web1", NULL, "L3:0=f\nMB:0=20\nL2:0=f\nMB:0=9\n" },
		/* config-linux.md: the value is the lines without MB: and the line of memBwSchema */
		{ "{'l3CacheSchema':'MB:0=1','memBwSchema':'MB:0=20'}", "web1", NULL, "MB:0=20\n" },
		{ "{'l3CacheSchema':'MB:0=1'}", "web1", NULL, NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		plan(f, cases[i].rdt);
		assert_string_equal(f->plan.place.group, cases[i].group);
		assert_int_equal(f->plan.named, strcmp(cases[i].group, "web1") != 0);
		assert_int_equal(f->plan.place.made, 0);
		assert_int_equal(!f->plan.place.monitor, !cases[i].monitor);
		if (cases[i].monitor)
			assert_string_equal(f->plan.place.monitor, cases[i].monitor);
		assert_int_equal(!f->plan.schemata, !cases[i].schemata);
		if (cases[i].schemata)
			assert_string_equal(f->plan.schemata, cases[i].schemata);
	}
}

static void test_emit_none(void **state)
{
	struct fixture *f = *state;
	struct oci_spec none = { 0 };

	assert_int_equal(resctrl_emit(&none, "web1", &f->arena, &f->plan, &f->e), 0);
	assert_null(f->plan.place.group);
	assert_int_equal(resctrl_remove(-EBADF, &f->plan.place, &f->e), 0);
}

static void test_compare(void **state)
{
	static const char is[] = "    L3:0=007f0;1=0001f\n    MB:0= 20;1=100\nL3CODE:0=f\n";
	static const struct {
		const char *wanted;
		const char *fails; /* NULL: holds */
	} cases[] = {
		{ "L3:0=7f0;1=1f\nMB:0=20;1=100\n", NULL },
		{ "MB:1=100;0=20\n", NULL },
		{ " L3 : 1 = 1F ; 00=7F0\n", NULL },
		{ "L3:0=7f0\n", NULL }, /* nothing about domain 1 */
		{ "L3:0=7f0;\n\n", NULL },
		{ "L3CODE:0=0f\n", NULL },
		{ "L3:0=7f1\n", "L3:0=7f1" },
		{ "L3:0=7f\n", "L3:0=7f" },
		{ "L3:2=7f0\n", "L3:2=7f0" },
		{ "MB:0=20\nL2:0=f\n", "L2:0=f" },
		{ "MB:0=20\nMB:1=10\nL2:0=f\n", "MB:1=10" },
		{ "L3DATA:0=f\n", "L3DATA:0=f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *line = NULL;

		assert_int_equal(resctrl_schemata_hold(is, cases[i].wanted, &line),
				 !cases[i].fails);
		if (cases[i].fails)
			assert_memory_equal(line, cases[i].fails, strlen(cases[i].fails));
	}
}

/* ---- the tree ---- */

static void test_own(void **state)
{
	struct fixture *f = *state;
	struct resctrl_place place;

	plan(f, "{'l3CacheSchema':'L3:0=f','memBwSchema':'MB:0=20','enableMonitoring':true}");
	assert_int_equal(resctrl_missing(f->root, &f->plan), RESCTRL_GROUP | RESCTRL_MONITOR);
	assert_int_equal(create(f), 0);
	assert_int_equal(f->made, RESCTRL_GROUP | RESCTRL_MONITOR);
	assert_int_equal(resctrl_missing(f->root, &f->plan), RESCTRL_MONITOR);
	/* one write of all lines over what was there */
	holds(f, "web1/schemata", "L3:0=f\nMB:0=20\n1=fffff\n    MB:0=100;1=100\n");
	assert_true(there(f, "web1/mon_groups/web1"));
	place = f->plan.place;
	place.made = f->made;
	assert_int_equal(resctrl_join(f->root, &place, 4711, &f->e), 0);
	holds(f, "web1/tasks", "4711");
	holds(f, "web1/mon_groups/web1/tasks", "4711");
	holds(f, "tasks", "");
	assert_int_equal(resctrl_remove(f->root, &place, &f->e), 0);
	assert_false(there(f, "web1"));
	assert_int_equal(resctrl_remove(f->root, &place, &f->e), 0);
}

static void test_own_exists(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->root, "web1", 0755), 0);
	plan(f, "{'enableMonitoring':true}");
	assert_int_equal(create(f), -EEXIST);
	assert_string_equal(f->e.text, "resctrl has a directory 'web1' already");
	assert_true(there(f, "web1"));
	assert_false(there(f, "web1/mon_groups/web1"));
}

/* A class that exists must say what the config says, and is never written to. */
static void test_named_exists(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->root, "gold", 0755), 0);
	plan(f, "{'closID':'gold','l3CacheSchema':'L3:0=fffff','schemata':['MB:1=100']}");
	assert_int_equal(resctrl_missing(f->root, &f->plan), 0);
	assert_int_equal(create(f), 0);
	assert_int_equal(f->made, 0);
	holds(f, "gold/schemata", "    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n");
	plan(f, "{'closID':'gold','l3CacheSchema':'L3:0=fffff','memBwSchema':'MB:1=10'}");
	assert_int_equal(create(f), -EEXIST);
	assert_string_equal(
		f->e.text, "the class of service 'gold' exists with other schemata than 'MB:1=10'");
	assert_string_equal(f->e.origin, "config.json /linux/intelRdt");
	plan(f, "{'closID':'gold'}");
	assert_int_equal(create(f), 0);
	/* the root group is one as well */
	plan(f, "{'closID':'/','l3CacheSchema':'L3:1=fffff','enableMonitoring':true}");
	assert_int_equal(create(f), 0);
	assert_int_equal(f->made, RESCTRL_MONITOR);
	assert_true(there(f, "mon_groups/web1"));
	f->plan.place.made = f->made;
	assert_int_equal(resctrl_join(f->root, &f->plan.place, 12, &f->e), 0);
	holds(f, "tasks", "12");
	assert_int_equal(resctrl_remove(f->root, &f->plan.place, &f->e), 0);
	assert_false(there(f, "mon_groups/web1"));
}

static void test_named_missing(void **state)
{
	struct fixture *f = *state;
	struct resctrl_place place;

	plan(f, "{'closID':'gold'}");
	assert_int_equal(create(f), -ENOENT);
	assert_string_equal(f->e.text, "there is no class of service 'gold' in resctrl");
	assert_string_equal(f->e.origin, "config.json /linux/intelRdt/closID");
	assert_false(there(f, "gold"));
	plan(f, "{'closID':'gold','memBwSchema':'MB:0=20'}");
	assert_int_equal(resctrl_missing(f->root, &f->plan), RESCTRL_CLASS);
	assert_int_equal(create(f), 0);
	assert_int_equal(f->made, RESCTRL_CLASS);
	/* somebody else came to it: it stays, even if we are undone */
	place = f->plan.place;
	place.made = f->made;
	assert_int_equal(put(f->root, "gold/tasks", "99\n"), 0);
	assert_int_equal(resctrl_remove(f->root, &place, &f->e), 0);
	assert_true(there(f, "gold"));
	assert_int_equal(put(f->root, "gold/tasks", ""), 0);
	assert_int_equal(resctrl_remove(f->root, &place, &f->e), 0);
	assert_false(there(f, "gold"));
}

/* Directories of resctrl that are none of its groups. */
static void test_not_a_group(void **state)
{
	struct fixture *f = *state;

	plan(f, "{'closID':'info'}");
	assert_int_equal(create(f), -EINVAL);
	assert_string_equal(f->e.text, "'info' is not a class of service of resctrl");
	plan(f, "{'closID':'mon_groups','l3CacheSchema':'L3:0=f'}");
	assert_int_equal(create(f), -EINVAL);
}

/* What fails half-way leaves nothing, and says what the kernel said. */
static void test_undone(void **state)
{
	struct fixture *f = *state;

	plan(f, "{'closID':'gold','enableMonitoring':true}");
	assert_int_equal(mkdirat(f->root, "gold", 0755), 0);
	assert_int_equal(real_mkdir(f->root, "gold/mon_groups/web1"), 0);
	assert_int_equal(put(f->root, "info/last_cmd_status", "no more ids\n"), 0);
	assert_int_equal(create(f), -EEXIST);
	assert_string_equal(f->e.text,
			    "make the monitoring group 'web1' (the kernel says: no more ids)");
	assert_true(there(f, "gold/mon_groups/web1"));
	/* a new class whose monitoring group cannot be made */
	assert_int_equal(syscall(SYS_unlinkat, f->root, "schemata", 0), 0);
	assert_int_equal(put(f->root, "info/last_cmd_status", "ok\n"), 0);
	plan(f, "{'enableMonitoring':true}");
	assert_int_equal(create(f), -ENOENT);
	assert_string_equal(f->e.text, "make the monitoring group 'web1'");
	assert_false(there(f, "web1"));
	plan(f, "{'closID':'silver','l3CacheSchema':'L3:0=f'}");
	assert_int_equal(create(f), -ENOENT);
	assert_string_equal(f->e.text, "set the schemata of the class of service 'silver'");
	assert_false(there(f, "silver"));
}

static void test_join_gone(void **state)
{
	struct fixture *f = *state;
	struct resctrl_place place = { .group = "gold" };

	assert_int_equal(resctrl_join(f->root, &place, 1, &f->e), -ENOENT);
	assert_string_equal(f->e.text, "put the process into the class of service 'gold'");
	assert_int_equal(mkdirat(f->root, "gold", 0755), 0);
	place.monitor = "web1";
	assert_int_equal(resctrl_join(f->root, &place, 1, &f->e), -ENOENT);
	assert_string_equal(f->e.text, "put the process into the monitoring group 'web1'");
}

/* resctrl.rst: whoever makes groups holds a lock on the mount. */
static void test_lock(void **state)
{
	struct fixture *f = *state;
	int other = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	pid_t pid;

	assert_int_equal(flock(other, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) { /* holds it for a moment, then ends */
		(void)usleep(200000);
		(void)flock(other, LOCK_UN);
		_exit(0);
	}
	plan(f, "{}");
	assert_int_equal(create(f), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* and it is given back */
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
}

/* ---- the mount ---- */

static void test_mount(void **state)
{
	struct fixture *f = *state;
	const char *const wrong[] = { "/proc", f->path, "/nowhere" };
	const char *const right[] = { "/nowhere", "/proc" };
	cleanup_fd int fd = -EBADF;

	assert_int_equal(
		cgroup_mount_find(wrong, COUNT(wrong), "resctrl-of-a-test", RDTGROUP_SUPER_MAGIC),
		-ENODEV);
	fd = cgroup_mount_find(right, COUNT(right), "resctrl-of-a-test", PROC_SUPER_MAGIC);
	assert_true(fd >= 0);
	close_fd(&fd);
	/* by mountinfo, wherever it is */
	fd = cgroup_mount_find(NULL, 0, "proc", PROC_SUPER_MAGIC);
	assert_true(fd >= 0);
	/* the type alone does not make it one */
	assert_int_equal(cgroup_mount_find(NULL, 0, "proc", RDTGROUP_SUPER_MAGIC), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_emit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_emit_none, setup, teardown),
		cmocka_unit_test(test_compare),
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_exists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_exists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
