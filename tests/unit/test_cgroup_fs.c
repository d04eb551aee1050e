// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host side on the real cgroup v2 tree. Needs root and a writable tree, else exit code 77.
 * Touches only cgroups that it made itself, all of them below /ctr-test-<pid>.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	WAIT_MS = 5000,
	SKIP = 77
};

struct fixture {
	int root;
	char path[64], base[32];
	struct oci_spec spec;
	struct arena arena;
	struct cgroup_plan plan;
	struct cgroup cg;
	struct err e;
};

static int group_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (cgroup_root_open(&f->root, &f->e) < 0)
		return -1;
	(void)snprintf(f->base, sizeof(f->base), "/ctr-test-%d", (int)getpid());
	*state = f;
	return 0;
}

static int group_teardown(void **state)
{
	struct fixture *f = *state;

	(void)close(f->root);
	free(f);
	return 0;
}

static bool exists(const struct fixture *f, const char *path)
{
	struct stat st;

	return fstatat(f->root, path + 1, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int setup(void **state)
{
	struct fixture *f = *state;

	memset(&f->spec, 0, sizeof(f->spec));
	memset(&f->e, 0, sizeof(f->e));
	f->spec.linux_.resources.set = true;
	(void)snprintf(f->path, sizeof(f->path), "%s/a/b", f->base);
	f->spec.linux_.cgroups_path = f->path;
	f->cg = (struct cgroup)CGROUP_EMPTY;
	return 0;
}

/* Whatever a test left behind is killed and removed, and that nothing is left is checked. */
static int teardown(void **state)
{
	struct fixture *f = *state;
	struct cgroup base = CGROUP_EMPTY;
	int r;

	cgroup_close(&f->cg);
	if (cgroup_open(f->root, CGROUP_DRIVER_CGROUPFS, f->base, 1, &base, NULL) == 0)
		(void)cgroup_kill(&base, NULL);
	cgroup_close(&base);
	r = cgroup_remove(f->root, CGROUP_DRIVER_CGROUPFS, f->base, 1, WAIT_MS, &f->e);
	arena_free(&f->arena);
	return r < 0 || exists(f, f->base) ? -1 : 0;
}

static int emit_create(struct fixture *f)
{
	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	return cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &f->cg, &f->e);
}

static void check(const struct fixture *f, int r)
{
	char text[2048];

	if (r >= 0)
		return;
	err_format(&f->e, text, sizeof(text));
	fail_msg("%s", text);
}

static void has_text(const struct fixture *f, const char *want)
{
	char text[2048];

	err_format(&f->e, text, sizeof(text));
	if (!strstr(text, want))
		fail_msg("'%s' is not in '%s'", want, text);
}

/* A child that is born in the cgroup; returns 0 in the child. */
static pid_t spawn(int cgroup_fd)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };

	args.cgroup = (uint64_t)cgroup_fd;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t spawn_sleeper(int cgroup_fd)
{
	pid_t pid = spawn(cgroup_fd);

	if (pid == 0)
		while (true)
			(void)pause();
	assert_true(pid > 0);
	return pid;
}

static void test_create_remove(void **state)
{
	struct fixture *f = *state;
	char middle[48];

	(void)snprintf(middle, sizeof(middle), "%s/a", f->base);
	check(f, emit_create(f));
	assert_int_equal(f->cg.made, 3);
	assert_true(exists(f, f->path));
	cgroup_close(&f->cg);
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 3, WAIT_MS, &f->e));
	assert_false(exists(f, f->base));
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 3, WAIT_MS, &f->e)); /* again */
	/* only what was made goes away */
	assert_int_equal(mkdirat(f->root, f->base + 1, 0755), 0);
	check(f, emit_create(f));
	assert_int_equal(f->cg.made, 2);
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 2, WAIT_MS, &f->e));
	assert_false(exists(f, middle));
	assert_true(exists(f, f->base));
	/* a sibling keeps the ancestors alive */
	cgroup_close(&f->cg);
	check(f, emit_create(f));
	(void)snprintf(middle, sizeof(middle), "%s/a/c", f->base);
	assert_int_equal(mkdirat(f->root, middle + 1, 0755), 0);
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 2, WAIT_MS, &f->e));
	assert_false(exists(f, f->path));
	assert_true(exists(f, middle));
}

static void test_existing(void **state)
{
	struct fixture *f = *state;
	struct cgroup second = CGROUP_EMPTY;
	pid_t pid;

	check(f, emit_create(f));
	check(f, cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &second, &f->e));
	assert_int_equal(second.made, 0);
	assert_int_equal(mkdirat(second.fd, "inner", 0755), 0);
	/* below it goes what is new, the leaf stays */
	check(f, cgroup_remove(f->root, second.driver, f->path, second.made, WAIT_MS, &f->e));
	assert_true(exists(f, f->path));
	assert_int_equal(faccessat(second.fd, "inner", F_OK, 0), -1);
	cgroup_close(&second);
	assert_int_equal(mkdirat(f->cg.fd, "inner", 0755), 0);
	assert_int_equal(cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &second, &f->e),
			 -EBUSY);
	has_text(f, "already exists and has cgroups below it");
	assert_int_equal(unlinkat(f->cg.fd, "inner", AT_REMOVEDIR), 0);
	check(f, cgroup_freeze(&f->cg, WAIT_MS, &f->e));
	assert_int_equal(cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &second, &f->e),
			 -EBUSY);
	has_text(f, "already exists and is frozen");
	check(f, cgroup_thaw(&f->cg, WAIT_MS, &f->e));
	pid = spawn_sleeper(f->cg.fd);
	assert_int_equal(cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &second, &f->e),
			 -EBUSY);
	has_text(f, "already exists and has processes");
	check(f, cgroup_kill(&f->cg, &f->e));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(second.fd, -EBADF);
}

static void test_open(void **state)
{
	struct fixture *f = *state;
	struct cgroup cg = CGROUP_EMPTY;
	struct cgroup_events events;
	uint64_t kills = 9;

	assert_int_equal(cgroup_open(f->root, CGROUP_DRIVER_CGROUPFS, f->path, 1, &cg, &f->e),
			 -ENOENT);
	has_text(f, "no such file or directory");
	check(f, emit_create(f));
	check(f, cgroup_open(f->root, CGROUP_DRIVER_CGROUPFS, f->path, 3, &cg, &f->e));
	check(f, cgroup_remove(f->root, CGROUP_DRIVER_CGROUPFS, f->path, 3, WAIT_MS, &f->e));
	/* every call on a removed cgroup is calm */
	check(f, cgroup_kill(&cg, &f->e));
	check(f, cgroup_wait_empty(&cg, 0, &f->e));
	check(f, cgroup_events_read(&cg, &events, &f->e));
	assert_false(events.populated || events.frozen);
	check(f, cgroup_oom_kills_read(&cg, &kills, &f->e));
	assert_int_equal(kills, 0);
	assert_int_equal(cgroup_freeze(&cg, 10, &f->e), -ENOENT);
	cgroup_close(&cg);
	assert_true(cgroup_open(f->root, CGROUP_DRIVER_CGROUPFS, "/../..", 1, &cg, &f->e) < 0);
}

static void test_no_driver(void **state)
{
	struct fixture *f = *state;
	struct cgroup cg;

	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	check(f, cgroup_create(f->root, CGROUP_DRIVER_NONE, &f->plan, &cg, &f->e));
	assert_int_equal(cg.fd, -EBADF);
	check(f, cgroup_apply(&cg, &f->plan, 0, &f->e));
	check(f, cgroup_kill(&cg, &f->e));
	check(f, cgroup_wait_empty(&cg, 0, &f->e));
	check(f, cgroup_remove(f->root, cg.driver, f->path, 1, 0, &f->e));
	/* a scope needs a process; or it is not built */
	assert_int_equal(cgroup_create(f->root, CGROUP_DRIVER_SYSTEMD, &f->plan, &cg, &f->e),
			 cgroup_driver_check(CGROUP_DRIVER_SYSTEMD, NULL) == 0 ? -EINVAL
									       : -EOPNOTSUPP);
}

/* What the devices look like from inside: bit 0 null, bit 1 full, bit 2 a node could be made. */
static int device_view(int cgroup_fd)
{
	int status = 0;
	pid_t pid = spawn(cgroup_fd);

	if (pid == 0) {
		int bits = open("/dev/null", O_RDWR) >= 0;
		char node[64];

		bits |= (open("/dev/full", O_RDWR) >= 0) << 1;
		bits |= (open("/dev/zero", O_RDONLY) >= 0) << 2;
		(void)snprintf(node, sizeof(node), "/tmp/ctr-test-node-%d", (int)getpid());
		bits |= (mknod(node, S_IFCHR | 0600, makedev(1, 7)) == 0) << 3;
		(void)unlink(node);
		_exit(bits);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A hand-made plan, because /dev/full cannot be taken away by configuration. */
static void devices_set(struct fixture *f, bool replace, bool full)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1, .off = 8 },
		{ .code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K,
		  .dst_reg = 2,
		  .off = 1,
		  .imm = full ? 99 : 7 },
		{ .code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	check(f, cgroup_devices_attach(f->cg.fd, insns, 5, replace, &f->e));
}

static void test_devices(void **state)
{
	struct fixture *f = *state;
	struct oci_device_rule deny = { false, 'a', { 0 }, { 0 }, NULL };

	check(f, emit_create(f));
	assert_int_equal(device_view(f->cg.fd), 15);
	devices_set(f, false, false);
	assert_int_equal(device_view(f->cg.fd) & 7, 5);
	devices_set(f, true, true);
	assert_int_equal(device_view(f->cg.fd) & 7, 7);
	devices_set(f, true, false);
	assert_int_equal(device_view(f->cg.fd) & 7, 5);
	check(f, cgroup_devices_attach(f->cg.fd, NULL, 0, true, &f->e));
	assert_int_equal(device_view(f->cg.fd), 15);
	/* the program of a default container */
	f->spec.linux_.resources.devices.items = &deny;
	f->spec.linux_.resources.devices.count = 1;
	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	check(f, cgroup_apply(&f->cg, &f->plan, 0, &f->e));
	assert_int_equal(device_view(f->cg.fd), 15);
	/* without rules nothing is attached any more */
	f->spec.linux_.resources.devices.count = 0;
	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	check(f, cgroup_apply(&f->cg, &f->plan, CGROUP_APPLY_REPLACE_DEVICES, &f->e));
}

/* /dev/kmsg (1:11) is not among the defaults. */
static bool kmsg_opens(int cgroup_fd)
{
	int status = 0;
	pid_t pid = spawn(cgroup_fd);

	if (pid == 0)
		_exit(open("/dev/kmsg", O_RDONLY | O_NONBLOCK) >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_device_rules(void **state)
{
	struct fixture *f = *state;
	struct oci_device_rule rules[] = { { false, 'a', { 0 }, { 0 }, NULL },
					   { true, 'c', { true, 1 }, { true, 11 }, "r" } };

	if (access("/dev/kmsg", R_OK) < 0)
		skip();
	f->spec.linux_.resources.devices.items = rules;
	f->spec.linux_.resources.devices.count = 1;
	check(f, emit_create(f));
	check(f, cgroup_apply(&f->cg, &f->plan, 0, &f->e));
	assert_false(kmsg_opens(f->cg.fd));
	f->spec.linux_.resources.devices.count = 2;
	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	check(f, cgroup_apply(&f->cg, &f->plan, CGROUP_APPLY_REPLACE_DEVICES, &f->e));
	assert_true(kmsg_opens(f->cg.fd));
}

/* The verifier must take the longest list that emit lets through. */
static void test_many_device_rules(void **state)
{
	struct fixture *f = *state;
	struct oci_device_rule *rules = calloc(1024, sizeof(*rules));
	static const char *const access[] = { "r", "w", "m", "rw", NULL };
	int r;

	for (int i = 0; i < 1024; i++)
		rules[i] = (struct oci_device_rule){
			i % 3, 'c', { true, i }, { i % 2, i }, access[i % 5]
		};
	f->spec.linux_.resources.devices.items = rules;
	f->spec.linux_.resources.devices.count = 1024;
	check(f, emit_create(f));
	r = cgroup_apply(&f->cg, &f->plan, 0, &f->e);
	free(rules);
	check(f, r);
}

static void test_freeze_kill(void **state)
{
	struct fixture *f = *state;
	struct cgroup_events events;
	int status = 0;
	pid_t pid;

	check(f, emit_create(f));
	pid = spawn_sleeper(f->cg.fd);
	check(f, cgroup_freeze(&f->cg, WAIT_MS, &f->e));
	check(f, cgroup_events_read(&f->cg, &events, &f->e));
	assert_true(events.populated && events.frozen);
	check(f, cgroup_thaw(&f->cg, WAIT_MS, &f->e));
	check(f, cgroup_events_read(&f->cg, &events, &f->e));
	assert_true(events.populated && !events.frozen);
	assert_int_equal(cgroup_wait_empty(&f->cg, 20, &f->e), -ETIMEDOUT);
	has_text(f, "(test_cgroup_fs, ");
	/* killing works on a frozen cgroup */
	check(f, cgroup_freeze(&f->cg, WAIT_MS, &f->e));
	check(f, cgroup_kill(&f->cg, &f->e));
	check(f, cgroup_wait_empty(&f->cg, WAIT_MS, &f->e));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Never long outside of write(2), which only a fatal signal can interrupt. */
static pid_t spawn_writer(int cgroup_fd)
{
	pid_t pid = spawn(cgroup_fd);

	if (pid == 0) {
		size_t size = 64 << 20;
		const void *zeros = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int fd = memfd_create("ctr-test", MFD_CLOEXEC);

		while (pwrite(fd, zeros, size, 0) > 0)
			continue;
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

/* No time at all is too short for a writer: the cgroup must be thawed again afterwards. */
static void test_freeze_timeout(void **state)
{
	struct fixture *f = *state;
	struct cgroup_events events;
	char text[8];
	pid_t pid;

	check(f, emit_create(f));
	pid = spawn_writer(f->cg.fd);
	(void)poll(NULL, 0, 50);
	assert_int_equal(cgroup_freeze(&f->cg, 0, &f->e), -ETIMEDOUT);
	has_text(f, "freeze cgroup");
	has_text(f, "(test_cgroup_fs, ");
	assert_true(cgroup_file_read(f->cg.fd, "cgroup.freeze", text, sizeof(text)) > 0);
	assert_string_equal(text, "0\n");
	check(f, cgroup_events_read(&f->cg, &events, &f->e));
	assert_false(events.frozen);
	check(f, cgroup_kill(&f->cg, &f->e));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_thaw_below_frozen(void **state)
{
	struct fixture *f = *state;
	struct cgroup above = CGROUP_EMPTY;

	check(f, emit_create(f));
	check(f, cgroup_open(f->root, CGROUP_DRIVER_CGROUPFS, f->base, 1, &above, &f->e));
	check(f, cgroup_freeze(&above, WAIT_MS, &f->e));
	assert_int_equal(cgroup_thaw(&f->cg, 50, &f->e), -ETIMEDOUT);
	has_text(f, "a cgroup above it may be frozen");
	check(f, cgroup_thaw(&above, WAIT_MS, &f->e));
	check(f, cgroup_thaw(&f->cg, WAIT_MS, &f->e));
	cgroup_close(&above);
}

/* Nested as deep as asked; returns the fd of the deepest. */
static int nest(int fd, int depth)
{
	int cur = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; i < depth; i++) {
		int below;

		assert_int_equal(mkdirat(cur, "n", 0755), 0);
		below = cgroup_dir_open(cur, "n");
		assert_true(below >= 0);
		(void)close(cur);
		cur = below;
	}
	return cur;
}

static void test_nested(void **state)
{
	struct fixture *f = *state;
	struct cgroup_pids pids = { 0 };
	int deep, status = 0;
	pid_t inside[2];
	char name[16];

	check(f, emit_create(f));
	deep = nest(f->cg.fd, 200);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "w%d", i);
		assert_int_equal(mkdirat(f->cg.fd, name, 0755), 0);
	}
	inside[0] = spawn_sleeper(deep);
	inside[1] = spawn_sleeper(f->cg.fd);
	(void)close(deep);
	check(f, cgroup_pids_read(&f->cg, &pids, &f->e));
	assert_int_equal(pids.count, 2);
	assert_int_equal(pids.items[0] + pids.items[1], inside[0] + inside[1]);
	free(pids.items);
	assert_int_equal(cgroup_remove(f->root, f->cg.driver, f->path, 3, 30, &f->e), -EBUSY);
	has_text(f, "which still has");
	has_text(f, "(test_cgroup_fs, ");
	check(f, cgroup_kill(&f->cg, &f->e));
	/* not waited for: the children are dying or zombies now */
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 3, WAIT_MS, &f->e));
	assert_false(exists(f, f->base));
	for (int i = 0; i < 2; i++)
		assert_int_equal(waitpid(inside[i], &status, 0), inside[i]);
}

/* More levels than a process has descriptors. */
static void test_nested_few_fds(void **state)
{
	struct fixture *f = *state;

	check(f, emit_create(f));
	(void)close(nest(f->cg.fd, 1500));
	check(f, cgroup_remove(f->root, f->cg.driver, f->path, 3, WAIT_MS, &f->e));
	assert_false(exists(f, f->base));
}

static bool controller_in_v2(const struct fixture *f, const char *name)
{
	char text[512];

	return cgroup_file_read(f->root, "cgroup.controllers", text, sizeof(text)) > 0 &&
	       cgroup_text_has_word(text, name);
}

static void test_memory_on_v1(void **state)
{
	struct fixture *f = *state;

	if (controller_in_v2(f, "memory"))
		skip();
	f->spec.linux_.resources.memory.limit = (struct opt_i64){ true, 1 << 20 };
	assert_int_equal(emit_create(f), -EOPNOTSUPP);
	has_text(f, "controller 'memory' is bound to cgroup v1 on this host");
	has_text(f, "config.json /linux/resources/memory/limit");
	has_text(f, "systemd.unified_cgroup_hierarchy=1");
	assert_false(exists(f, f->base));
	/* no limit asks for nothing */
	f->spec.linux_.resources.memory.limit.value = -1;
	check(f, emit_create(f));
	check(f, cgroup_apply(&f->cg, &f->plan, 0, &f->e));
}

static void test_unknown_controller(void **state)
{
	struct oci_pair p = { "nosuch.max", "1" };
	struct fixture *f = *state;

	f->spec.linux_.resources.unified.items = &p;
	f->spec.linux_.resources.unified.count = 1;
	assert_int_equal(emit_create(f), -EOPNOTSUPP);
	has_text(f, "controller 'nosuch' is not available");
	assert_false(exists(f, f->base));
}

static void test_core_limit(void **state)
{
	struct oci_pair p = { "cgroup.max.descendants", "1" };
	struct fixture *f = *state;

	f->spec.linux_.resources.unified.items = &p;
	f->spec.linux_.resources.unified.count = 1;
	check(f, emit_create(f));
	check(f, cgroup_apply(&f->cg, &f->plan, 0, &f->e));
	assert_int_equal(mkdirat(f->cg.fd, "one", 0755), 0);
	assert_int_equal(mkdirat(f->cg.fd, "two", 0755), -1);
	p.value = "many";
	assert_int_equal(cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e), 0);
	assert_int_equal(cgroup_apply(&f->cg, &f->plan, 0, &f->e), -EINVAL);
	has_text(f, "write 'many' to 'cgroup.max.descendants'");
	has_text(f,
		 "invalid argument (config.json /linux/resources/unified/cgroup.max.descendants)");
}

/*
 * Enabling hugetlb changes the root's cgroup.subtree_control, which is not ours; so these run only
 * where it is free for us, and put it back.
 */
static void hugetlb_restore(struct fixture *f, bool enabled_before)
{
	cgroup_close(&f->cg);
	(void)cgroup_remove(f->root, CGROUP_DRIVER_CGROUPFS, f->base, 1, WAIT_MS, NULL);
	if (!enabled_before)
		(void)cgroup_file_write(f->root, "cgroup.subtree_control", "-hugetlb");
}

static void test_hugetlb(void **state)
{
	struct fixture *f = *state;
	struct oci_hugepage_limit h = { "2MB", 4 << 20 };
	char text[512] = "", value[64] = "";
	pid_t pid;
	bool before;
	int r;

	if (!controller_in_v2(f, "hugetlb"))
		skip();
	(void)cgroup_file_read(f->root, "cgroup.subtree_control", text, sizeof(text));
	before = cgroup_text_has_word(text, "hugetlb");
	f->spec.linux_.resources.hugepage_limits.items = &h;
	f->spec.linux_.resources.hugepage_limits.count = 1;
	r = emit_create(f);
	if (r == 0)
		r = cgroup_apply(&f->cg, &f->plan, 0, &f->e);
	if (r == 0)
		(void)cgroup_file_read(f->cg.fd, "hugetlb.2MB.max", value, sizeof(value));
	/* an ancestor with processes of its own */
	if (r == 0)
		r = cgroup_file_write(f->cg.fd, "cgroup.subtree_control", "-hugetlb");
	pid = r == 0 ? spawn_sleeper(f->cg.fd) : -1;
	if (pid > 0) {
		struct cgroup below = CGROUP_EMPTY;
		char path[80];

		(void)snprintf(path, sizeof(path), "%s/below", f->path);
		f->plan.path = path;
		assert_int_equal(
			cgroup_create(f->root, CGROUP_DRIVER_CGROUPFS, &f->plan, &below, &f->e),
			-EBUSY);
		has_text(f, "a/b', which has processes of its own");
		assert_false(exists(f, path));
		check(f, cgroup_kill(&f->cg, &f->e));
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	/* an unknown page size */
	h.page_size = "3MB";
	if (r == 0 && cgroup_emit(&f->spec, "t", &f->arena, &f->plan, &f->e) == 0) {
		assert_int_equal(cgroup_apply(&f->cg, &f->plan, 0, &f->e), -ENOENT);
		has_text(f, "has no file 'hugetlb.3MB.max'");
		has_text(f, "hugepageLimits/0");
	}
	hugetlb_restore(f, before);
	check(f, r);
	assert_string_equal(value, "4194304\n");
}

/* Two processes create and remove below the same fresh parent: nobody may see the other's rmdir. */
static void test_race(void **state)
{
	struct fixture *f = *state;
	pid_t pids[2];

	for (int k = 0; k < 2; k++) {
		pids[k] = fork();
		if (pids[k] != 0)
			continue;
		(void)snprintf(f->path, sizeof(f->path), "%s/a/%d", f->base, k);
		for (int i = 0; i < 500; i++) {
			if (emit_create(f) < 0)
				_exit(1);
			if (cgroup_remove(f->root, f->cg.driver, f->path, 3, WAIT_MS, &f->e) < 0)
				_exit(2);
			cgroup_close(&f->cg);
		}
		_exit(0);
	}
	for (int k = 0; k < 2; k++) {
		int status = 0;

		assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
		assert_int_equal(status, 0);
	}
}

static bool usable(void)
{
	cleanup_fd int root = -EBADF;
	int fd = -EBADF;
	char name[64];
	struct err e = ERR_INIT;

	if (geteuid() != 0 || cgroup_root_open(&fd, &e) < 0)
		return false;
	root = fd;
	(void)snprintf(name, sizeof(name), "ctr-test-probe-%d", (int)getpid());
	return mkdirat(root, name, 0755) == 0 && unlinkat(root, name, AT_REMOVEDIR) == 0;
}

static uid_t owner_of(const struct fixture *f, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(f->cg.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_uid;
}

/* The user gets the directory and what is needed to divide it, and no limit. */
static void test_hand_over(void **state)
{
	struct fixture *f = *state;
	struct cgroup_owner before = { 0 };

	check(f, emit_create(f));
	check(f, cgroup_hand_over(&f->cg, &f->plan, &f->e)); /* nobody asked for it */
	assert_int_equal(owner_of(f, "."), 0);
	f->plan.handover.set = f->plan.handover.owner = true;
	f->plan.handover.uid = 12345;
	f->plan.handover.gid = 54321;
	cgroup_give_back(&f->cg, &before); /* it was not given */
	check(f, cgroup_owner_read(&f->cg, &before, &f->e));
	check(f, cgroup_hand_over(&f->cg, &f->plan, &f->e));
	assert_int_equal(owner_of(f, "."), 12345);
	assert_int_equal(owner_of(f, "cgroup.procs"), 12345);
	assert_int_equal(owner_of(f, "cgroup.subtree_control"), 12345);
	assert_int_equal(owner_of(f, "cgroup.threads"), 12345);
	assert_int_equal(owner_of(f, "cgroup.max.descendants"), 0);
	assert_int_equal(owner_of(f, "cgroup.freeze"), 0);
	/* one that we did not make stays whose it is */
	check(f, cgroup_remove(f->root, CGROUP_DRIVER_CGROUPFS, f->plan.path, 0, WAIT_MS, &f->e));
	assert_int_equal(owner_of(f, "."), 12345);
	cgroup_give_back(&f->cg, &before);
	assert_int_equal(owner_of(f, "."), 0);
	assert_int_equal(owner_of(f, "cgroup.procs"), 0);
	check(f, cgroup_remove(f->root, CGROUP_DRIVER_CGROUPFS, f->plan.path, f->cg.made, WAIT_MS,
			       &f->e));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_create_remove),
		T(test_existing),
		T(test_open),
		T(test_no_driver),
		T(test_devices),
		T(test_device_rules),
		T(test_many_device_rules),
		T(test_freeze_kill),
		T(test_freeze_timeout),
		T(test_thaw_below_frozen),
		T(test_nested),
		T(test_nested_few_fds),
		T(test_memory_on_v1),
		T(test_unknown_controller),
		T(test_core_limit),
		T(test_hugetlb),
		T(test_race),
		T(test_hand_over),
	};

	if (!usable()) {
		(void)fprintf(stderr, "skipped: needs root and a writable cgroup v2 tree\n");
		return SKIP;
	}
	/* error texts are searched for our name, whatever the file is called */
	(void)prctl(PR_SET_NAME, "test_cgroup_fs");
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
