// SPDX-License-Identifier: GPL-2.0-or-later
/* plan/plan.h: operations and errors as sentences. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/mount.h>

#include "plan/plan.h"
#include "util/kernel.h"

/* One operation of each kind, with arguments that are valid and tell apart. */
static struct plan *sample(void)
{
	struct plan *p = plan_new();
	uint64_t first, reg;

	assert_non_null(p);
	first = plan_reg(p, "rootfs");
	for (int i = 0; i < 7; i++)
		(void)plan_reg(p, "other");
	for (unsigned code = 0; code < PLAN_CODE_COUNT; code++) {
		const struct plan_op_info *info = &plan_op_table[code];
		uint64_t slot[PLAN_SLOTS] = { 0 };
		struct plan_op *op;

		reg = first;
		for (int i = 0; i < PLAN_SLOTS; i++) {
			switch (info->arg[i].kind) {
			case PLAN_STR: slot[i] = plan_str(p, info->arg[i].name); break;
			case PLAN_BLOB: slot[i] = plan_blob(p, "abc", 3); break;
			case PLAN_LIST: slot[i] = plan_blob(p, "a\0bc", 5); break;
			case PLAN_GIDS: slot[i] = plan_blob(p, "\1\0\0\0\2\0\0\0", 8); break;
			case PLAN_REG:
			case PLAN_REGN: slot[i] = reg++; break;
			case PLAN_SYNC: slot[i] = PLAN_SYNC_READY; break;
			case PLAN_NOTHING: break;
			default: slot[i] = 8; break;
			}
		}
		op = plan_append(p, (enum plan_code)code, info->name);
		assert_non_null(op);
		memcpy(op->slot, slot, sizeof(slot));
	}
	assert_false(p->failed);
	return p;
}

/* ---- sentences ---- */

static void test_table(void **state)
{
	(void)state;
	for (unsigned code = 0; code < PLAN_CODE_COUNT; code++) {
		const struct plan_op_info *info = &plan_op_table[code];
		bool ended = false;

		assert_non_null(info->name);
		assert_true(strlen(info->sentence) > 0);
		for (int i = 0; i < PLAN_SLOTS; i++) {
			ended |= info->arg[i].kind == PLAN_NOTHING;
			assert_int_equal(ended, info->arg[i].kind == PLAN_NOTHING);
			assert_int_equal(ended, info->arg[i].name == NULL);
		}
		/* every {word} of the sentence is an argument */
		for (const char *s = info->sentence; (s = strchr(s, '{')); s++) {
			size_t len = strcspn(s + 1, "}");
			bool found = false;

			for (int i = 0; i < PLAN_SLOTS && info->arg[i].name; i++)
				found |= strlen(info->arg[i].name) == len &&
					 memcmp(info->arg[i].name, s + 1, len) == 0;
			if (!found)
				fail_msg("%s: {%.*s} is no argument", info->name, (int)len, s + 1);
		}
	}
}

/* No braces are left over, whatever the arguments. */
static void test_all_sentences(void **state)
{
	struct plan *p = sample();
	char line[1024];

	(void)state;
	for (size_t i = 0; i < p->op_count; i++) {
		plan_sentence(p, i, line, sizeof(line));
		assert_true(strlen(line) > 0);
		if (strchr(line, '{') || strchr(line, '}'))
			fail_msg("%s: %s", plan_op_table[i].name, line);
		for (size_t size = 1; size < 40; size++) {
			memset(line, '#', sizeof(line));
			plan_sentence(p, i, line, size);
			assert_true(strlen(line) < size);
			assert_int_equal(line[size], '#');
		}
	}
	plan_free(p);
}

static void sentence(struct plan *p, const char *want)
{
	char line[1024];

	plan_sentence(p, p->op_count - 1, line, sizeof(line));
	assert_string_equal(line, want);
}

static uint64_t words(struct plan *p, const char *const *list)
{
	oci_strings s = { .items = (const char **)(uintptr_t)list };

	while (list[s.count])
		s.count++;
	return plan_list(p, &s);
}

#define WORDS(...) words(p, (const char *const[]){ __VA_ARGS__, NULL })
#define SAYS(want, op, ...)                                                                        \
	do {                                                                                       \
		PLAN_ADD(p, NULL, op, __VA_ARGS__);                                                \
		sentence(p, want);                                                                 \
	} while (0)

static void test_sentences_namespaces(void **state)
{
	struct plan *p = plan_new();
	uint64_t ns = plan_reg(p, "/proc/1/ns/net");

	(void)state;
	SAYS("Mounts", section, .title = plan_str(p, "Mounts"));
	SAYS("join the network namespace </proc/1/ns/net>", setns, .ns = ns, .type = CLONE_NEWNET);
	SAYS("create new namespaces: user,mount,pid,network,ipc,uts,cgroup,time", unshare,
	     .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		      CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME);
	SAYS("create new namespaces: none", unshare, .flags = 0);
	SAYS("create new namespaces: mount,0x1", unshare, .flags = CLONE_NEWNS | 1);
	SAYS("continue in a child, with which pid and time namespaces take effect", fork, );
	SAYS("drop the caller's groups", groups_none, );
	SAYS("give ctr a socket of the network namespace", net_socket, );
	SAYS("tell ctr 'the time namespace waits for its offsets' and wait for its word", sync,
	     .what = PLAN_SYNC_TIME);
	SAYS("tell ctr 'the network namespace waits for its devices' and wait for its word", sync,
	     .what = PLAN_SYNC_NETWORK);
	SAYS("become uid 0, gid 4294967294 of the user namespace", become, .uid = 0,
	     .gid = 4294967294U);
	SAYS("tell ctr 'the user namespace waits for its id maps' and wait for its word", sync,
	     .what = PLAN_SYNC_IDS);
	SAYS("tell ctr 'the environment stands' and wait for its word", sync,
	     .what = PLAN_SYNC_RUNTIME);
	SAYS("tell ctr 'ready to execute' and wait for its word", sync, .what = PLAN_SYNC_READY);
	SAYS("start a session keyring '_ses.x'", keyring, .name = plan_str(p, "_ses.x"));
	SAYS("set the host name 'h'", hostname, .name = plan_str(p, "h"));
	SAYS("set the NIS domain name ''", domainname, .name = 0);
	SAYS("bring lo up", netlink, .what = plan_str(p, "bring lo up"),
	     .message = plan_blob(p, "x", 1));
	plan_free(p);
}

static void test_sentences_mounts(void **state)
{
	struct plan *p = plan_new();
	uint64_t root = plan_reg(p, "rootfs"), tree = plan_reg(p, "tree /src"),
		 dev = plan_reg(p, "dev");
	uint64_t m = plan_str(p, "/mnt");

	(void)state;
	SAYS("make all inherited mounts slave", propagation, .prop = MS_SLAVE);
	SAYS("make all inherited mounts private", propagation, .prop = MS_PRIVATE | MS_REC);
	SAYS("attach the root filesystem <rootfs>", root_attach, .root = root);
	SAYS("mount tmpfs at '/mnt' (nosuid,nodev,strictatime) with options [\"mode=755\", "
	     "\"size=64k\"]",
	     mount_fs, .root = root, .path = m, .type = plan_str(p, "tmpfs"),
	     .options = WORDS("mode=755", "size=64k"),
	     .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME);
	SAYS("mount proc at '/mnt' (none) with options []", mount_fs, .root = root, .path = m,
	     .type = plan_str(p, "proc"));
	SAYS("attach <tree /src> at '/mnt'", mount_tree, .root = root, .path = m, .tree = tree);
	SAYS("remount '/mnt' with options []: set ro,noexec, clear noatime,nodiratime,nosymfollow",
	     remount, .root = root, .path = m, .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC,
	     .clear = MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW);
	SAYS("make the mount at '/mnt' shared", mount_prop, .root = root, .path = m,
	     .prop = MS_SHARED);
	SAYS("make the mount at '/mnt' unbindable", mount_prop, .root = root, .path = m,
	     .prop = MS_UNBINDABLE);
	SAYS("make the mount <dev> read-only", readonly, .mount = dev);
	SAYS("create directory '/mnt' mode 0755", mkdir, .dir = root, .path = m, .mode = 0755);
	SAYS("link '/mnt' -> 'pts/ptmx'", symlink, .dir = dev, .path = m,
	     .target = plan_str(p, "pts/ptmx"));
	SAYS("create device '/mnt' mode 20666 device 0x103 owner 1:2", mknod, .dir = dev, .path = m,
	     .mode = 020666, .dev = 0x103, .uid = 1, .gid = 2);
	SAYS("pivot_root into <rootfs> and let go of the host's tree", pivot, .root = root);
	SAYS("move <rootfs> to / and chroot into it", chroot, .root = root);
	SAYS("prepare an empty directory and an empty file for masks", mask_source, .root = root,
	     .tmpfs = dev, .dir = dev, .file = dev);
	SAYS("mask '/mnt'", mask, .root = root, .path = m, .dir = dev, .file = dev);
	SAYS("drop the mount that masks were made from", mask_end, .tmpfs = dev);
	SAYS("make '/mnt' read-only, with all mounts below", readonly_path, .root = root,
	     .path = m);
	SAYS("make the root filesystem read-only", root_readonly, .root = root);
	SAYS("make the root mount shared", root_prop, .root = root, .prop = MS_SHARED);
	plan_free(p);
}

static void test_sentences_process(void **state)
{
	struct plan *p = plan_new();
	uint64_t proc = plan_reg(p, "private proc"), all = 0x1ffffffffffULL;
	const uint32_t gids[] = { 5, UINT32_MAX, 65 };

	(void)state;
	SAYS("open a private proc", proc_open, .proc = proc);
	SAYS("set sysctl sys/net/x = '1'", sysctl, .proc = proc, .path = plan_str(p, "sys/net/x"),
	     .value = plan_str(p, "1"));
	SAYS("open the root directory", root_open, .root = proc);
	SAYS("open a terminal in the container's devpts, 80 x 24", console, .root = proc,
	     .width = 80, .height = 24);
	SAYS("bind the terminal over /dev/console", console_mount, .root = proc);
	SAYS("give the standard streams to 1000:100", stdio_owner, .uid = 1000, .gid = 100);
	SAYS("run hook '/h' [\"h\", \"-x\", \"\"] (deadline 30 s)", hook, .path = plan_str(p, "/h"),
	     .args = WORDS("h", "-x", ""), .timeout = 30);
	SAYS("enter the working directory '/w'", workdir, .path = plan_str(p, "/w"));
	SAYS("set umask 0022", umask, .mask = 022);
	SAYS("limit the capability bounding set to CHOWN,KILL", bounding, .caps = 1 | 1 << 5);
	SAYS("limit the capability bounding set to none", bounding, .caps = 0);
	SAYS("limit the capability bounding set to all", bounding, .caps = all);
	SAYS("limit the capability bounding set to all", bounding, .caps = UINT64_MAX);
	SAYS("limit the capability bounding set to CHECKPOINT_RESTORE,41", bounding,
	     .caps = 3ULL << 40);
	SAYS("become uid 1, gid 2, groups [5, 4294967295, 65]", ids, .uid = 1, .gid = 2,
	     .groups = plan_blob(p, gids, sizeof(gids)));
	SAYS("become uid 1, gid 2, groups []", ids, .uid = 1, .gid = 2);
	SAYS("set capabilities: effective CHOWN, permitted none, inheritable all, ambient CHOWN",
	     caps, .effective = 1, .inheritable = all, .ambient = 1);
	SAYS("verify uid 3 and gid 4", verify_ids, .uid = 3, .gid = 4);
	SAYS("set no_new_privs", no_new_privs, );
	SAYS("load the seccomp filter (17 instructions)", seccomp, .instructions = 17);
	SAYS("find the program [\"sh\", \"-c\", \"echo \\\"\"]", program,
	     .args = WORDS("sh", "-c", "echo \\\""));
	/* nothing of a bundle reaches the terminal as an escape sequence */
	SAYS("find the program [\"a\", \"?[2Jb?\"]", program, .args = WORDS("a", "\x1b[2Jb\n"));
	SAYS("set the host name 'a?b'", hostname, .name = plan_str(p, "a\rb"));
	SAYS("wait for `ctr start`", wait_start, .listener = proc);
	SAYS("close all other files and reset signals", close, .keep_fds = 0);
	plan_free(p);
}

/* ---- errors ---- */

struct report {
	enum plan_stage stage;
	int errnum;
	const char *text;
	int64_t value;
	int rc;
	enum err_kind kind;
	const char *line;
};

/* What stands between the sentence and the text of the errno. */
static const struct report mount_reports[] = {
	{ PLAN_STAGE_NONE, EIO, "", 0, -EIO, ERR_SYSTEM, "" },
	{ PLAN_STAGE_TARGET, ELOOP, "", 0, -ELOOP, ERR_SYSTEM,
	  ": resolve the path in the container" },
	{ PLAN_STAGE_FSOPEN, ENODEV, "", 0, -ENODEV, ERR_SYSTEM, ": open the filesystem type" },
	{ PLAN_STAGE_OPTION, EINVAL, "size=x", 0, -EINVAL, ERR_SYSTEM, ": option 'size=x'" },
	{ PLAN_STAGE_CREATE, EPERM, "tmpfs: no", 0, -EPERM, ERR_SYSTEM,
	  ": create the filesystem 'tmpfs: no'" },
	{ PLAN_STAGE_COPY, ENOSPC, "", 0, -ENOSPC, ERR_SYSTEM, ": copy what it hides" },
	{ PLAN_STAGE_ATTACH, ENOTDIR, "", 0, -ENOTDIR, ERR_SYSTEM, ": attach" },
	{ PLAN_STAGE_ATTR, EPERM, "", 0, -EPERM, ERR_SYSTEM, ": set the mount attributes" },
	{ PLAN_STAGE_LOCKED, EPERM, "ro,nosuid", 0, -EPERM, ERR_SYSTEM,
	  ": the host locks flags of this mount 'ro,nosuid'" },
	{ PLAN_STAGE_SYMLINK, ELOOP, "", 0, -ELOOP, ERR_SYSTEM,
	  ": the path leads through a symlink" },
	{ PLAN_STAGE_OUTSIDE, ENOENT, "", 0, -ENOENT, ERR_SYSTEM,
	  ": it is outside of the container's root" },
	{ PLAN_STAGE_MISMATCH, EPERM, "a proc filesystem", 0, -EPERM, ERR_SYSTEM,
	  ": found 'a proc filesystem'" },
	{ PLAN_STAGE_HOOK_EXIT, ECANCELED, "it hurts", 3, -ECANCELED, ERR_CONFIG,
	  ": exit status 3: it hurts" },
	{ PLAN_STAGE_HOOK_EXIT, ECANCELED, "", 137, -ECANCELED, ERR_CONFIG, ": exit status 137" },
	{ PLAN_STAGE_HOOK_TIMEOUT, ETIMEDOUT, "last words", 0, -ETIMEDOUT, ERR_SYSTEM,
	  ": did not end before its deadline 'last words'" },
	{ PLAN_STAGE_PLAN, EINVAL, "", 0, -EINVAL, ERR_SYSTEM, ": the plan is damaged" },
	{ PLAN_STAGE_NONE, 0, "", 0, -EINVAL, ERR_SYSTEM, "" },
};

static void render(const struct plan *p, const struct report *r, uint32_t op, const char *want)
{
	struct plan_message m = { .type = PLAN_MSG_ERROR,
				  .op = op,
				  .errnum = r->errnum,
				  .stage = r->stage,
				  .value = r->value };
	struct err e = ERR_INIT;
	char line[2048];

	(void)snprintf(m.text, sizeof(m.text), "%s", r->text);
	assert_int_equal(plan_error(p, &m, &e), r->rc);
	assert_int_equal(e.kind, r->kind);
	err_format(&e, line, sizeof(line));
	assert_string_equal(line, want);
}

static void test_errors(void **state)
{
	struct plan *p = plan_new();
	uint64_t root = plan_reg(p, "rootfs");
	char want[512], why[128], buf[100];

	(void)state;
	PLAN_ADD(p, NULL, umask, .mask = 0);
	PLAN_ADD(p, "/mounts/3", mount_fs, .root = root, .path = plan_str(p, "/x"),
		 .type = plan_str(p, "tmpfs"));
	for (size_t i = 0; i < ARRAY_SIZE(mount_reports); i++) {
		const struct report *r = &mount_reports[i];
		bool system = r->kind == ERR_SYSTEM && r->errnum;

		(void)snprintf(why, sizeof(why), "%s%s%s", r->line, system ? ": " : "",
			       system ? err_string(r->errnum, buf, sizeof(buf)) : "");
		(void)snprintf(
			want, sizeof(want),
			"mount tmpfs at '/x' (none) with options []%s (config.json /mounts/3)",
			why);
		render(p, r, 1, want);
		(void)snprintf(want, sizeof(want), "set umask 0000%s",
			       why); /* no origin, no brackets */
		render(p, r, 0, want);
	}
	plan_free(p);
}

/* The program itself: the words that containerd, cri-o and docker look for (checklist 3.8). */
static void test_program_errors(void **state)
{
	static const struct report reports[] = {
		{ PLAN_STAGE_LOOKUP, ENOENT, "nosuch", 0, -ENOENT, ERR_PAYLOAD,
		  "exec: 'nosuch': executable file not found in $PATH (config.json "
		  "/process/args/0)" },
		{ PLAN_STAGE_LOOKUP, ENOENT, "/no/such", 0, -ENOENT, ERR_PAYLOAD,
		  "exec: '/no/such': no such file or directory (config.json /process/args/0)" },
		{ PLAN_STAGE_LOOKUP, EACCES, "/etc/passwd", 0, -EACCES, ERR_PAYLOAD,
		  "exec: '/etc/passwd': permission denied (config.json /process/args/0)" },
		{ PLAN_STAGE_LOOKUP, EISDIR, "/etc", 0, -EISDIR, ERR_PAYLOAD,
		  "exec: '/etc': is a directory: permission denied (config.json /process/args/0)" },
		{ PLAN_STAGE_EXEC, ENOENT, "x", 0, -ENOENT, ERR_PAYLOAD,
		  "exec: 'x': no such file or directory (config.json /process/args/0)" },
		{ PLAN_STAGE_EXEC, EPERM, "/x", 0, -EPERM, ERR_PAYLOAD,
		  "exec: '/x': operation not permitted (config.json /process/args/0)" },
		{ PLAN_STAGE_EXEC, ENOEXEC, "/x", 0, -ENOEXEC, ERR_PAYLOAD,
		  "exec: '/x': exec format error (config.json /process/args/0): a script needs a "
		  "first line such as "
		  "#!/bin/sh, and a program the right architecture" },
	};
	struct plan *p = plan_new();

	(void)state;
	PLAN_ADD(p, "/process/args/0", program, .args = WORDS("nosuch"));
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++)
		render(p, &reports[i], 0, reports[i].line);
	plan_free(p);
}

/* It never came to the first operation, which must not be blamed. */
static void test_start_error(void **state)
{
	const struct plan_message m = { .stage = PLAN_STAGE_START, .errnum = EACCES };
	struct plan *p = plan_new();
	struct err e = ERR_INIT;
	char line[256];

	(void)state;
	PLAN_ADD(p, "/linux/namespaces", section, .title = plan_str(p, "Namespaces"));
	assert_int_equal(plan_error(p, &m, &e), -EACCES);
	err_format(&e, line, sizeof(line));
	assert_string_equal(line, "start ctr-init: permission denied");
	plan_free(p);
}

/* A report from a process that should be ctr-init is still only bytes. */
static void test_nonsense(void **state)
{
	const struct plan_message cases[] = {
		{ .op = 1, .errnum = EIO },
		{ .op = 0, .errnum = -EIO }, /* it would be returned as a success */
		{ .op = 0, .errnum = INT32_MIN },
		{ .op = UINT32_MAX, .errnum = EIO },
		{ .op = 0, .stage = PLAN_STAGE_COUNT, .errnum = EIO },
		{ .op = 0, .stage = UINT32_MAX, .errnum = EIO },
		{ .op = 1, .stage = PLAN_STAGE_LOOKUP, .errnum = EIO },
	};
	struct plan *p = plan_new();

	(void)state;
	PLAN_ADD(p, "/x", umask, .mask = 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(plan_error(p, &cases[i], &e), -EPROTO);
		assert_string_equal(e.text, "ctr-init sent a report that makes no sense");
	}
	plan_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_all_sentences),
		cmocka_unit_test(test_sentences_namespaces),
		cmocka_unit_test(test_sentences_mounts),
		cmocka_unit_test(test_sentences_process),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_program_errors),
		cmocka_unit_test(test_start_error),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
