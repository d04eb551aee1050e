// SPDX-License-Identifier: GPL-2.0-or-later
/* What `ctr spec` writes: it must be accepted by our own reader, and keep its promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <seccomp.h>

#include "oci/default_seccomp.h"
#include "oci/default_spec.h"
#include "oci/spec.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What concerns the machine, not the container: for no profile. */
static const int never_caps[] = {
	CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_SYS_BOOT, CAP_SYSLOG,
	CAP_MAC_ADMIN,	CAP_BPF,       CAP_PERFMON,  CAP_MKNOD,	   CAP_SYS_RESOURCE,
};

static struct oci_spec *make_with(const struct oci_default_options *options)
{
	cleanup_free char *text = NULL;
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;

	assert_int_equal(oci_default_spec(options, &text, &len, &e), 0);
	assert_int_equal(strlen(text), len);
	assert_int_equal(text[len - 1], '\n');
	assert_null(strstr(text, "\\/"));
	if (oci_spec_decode(text, len, &spec, &e) < 0 || oci_spec_validate(spec, &e) < 0)
		fail_msg("%s (%s)", e.text, e.origin);
	return spec;
}

static struct oci_spec *make(bool rootless)
{
	const struct oci_default_options options = { .rootless = rootless,
						     .uid = 1000,
						     .gid = 100 };

	return make_with(&options);
}

static bool has_option(const struct oci_mount *m, const char *option)
{
	for (size_t i = 0; i < m->options.count; i++)
		if (strcmp(m->options.items[i], option) == 0)
			return true;
	return false;
}

static const struct oci_mount *mount_at(const struct oci_spec *s, const char *destination)
{
	for (size_t i = 0; i < s->mounts.count; i++)
		if (strcmp(s->mounts.items[i].destination, destination) == 0)
			return &s->mounts.items[i];
	fail_msg("no mount at '%s'", destination);
	return NULL;
}

static void test_root(void **state)
{
	cleanup_(oci_spec_freep) struct oci_spec *s = make(false);

	(void)state;
	assert_string_equal(s->oci_version, OCI_SPEC_VERSION);
	assert_string_equal(s->hostname, "ctr");
	assert_true(s->root.readonly);
	assert_true(s->process.terminal);
	assert_true(s->process.no_new_privileges);
	assert_string_equal(s->process.args.items[0], "sh");
	assert_true(s->process.capabilities.bounding != 0);
	assert_int_equal(s->process.capabilities.inheritable, 0);
	assert_int_equal(s->process.capabilities.ambient, 0);
	assert_int_equal(s->process.capabilities.unknown.count, 0);
	assert_int_equal(s->process.rlimits.items[0].hard, 1024);
	for (unsigned ns = 0; ns < OCI_NS_COUNT; ns++)
		assert_int_equal(oci_spec_new_namespace(s, ns),
				 ns != OCI_NS_USER && ns != OCI_NS_TIME);
	assert_int_equal(s->linux_.resources.devices.count, 1);
	assert_false(s->linux_.resources.devices.items[0].allow);
	assert_string_equal(mount_at(s, "/sys")->type, "sysfs");
	assert_true(has_option(mount_at(s, "/sys"), "ro"));
	assert_true(has_option(mount_at(s, "/sys/fs/cgroup"), "ro"));
	assert_true(has_option(mount_at(s, "/dev/pts"), "gid=5"));
	assert_int_equal(mount_at(s, "/proc")->options.count, 0);
}

static void test_rootless(void **state)
{
	cleanup_(oci_spec_freep) struct oci_spec *s = make(true);

	(void)state;
	assert_true(oci_spec_new_namespace(s, OCI_NS_USER));
	assert_null(oci_spec_namespace(s, OCI_NS_NETWORK));
	assert_int_equal(s->linux_.uid_mappings.items[0].host_id, 1000);
	assert_int_equal(s->linux_.gid_mappings.items[0].host_id, 100);
	assert_int_equal(s->linux_.gid_mappings.items[0].size, 1);
	assert_false(s->linux_.resources.set);
	assert_true(has_option(mount_at(s, "/sys"), "rbind"));
	assert_true(has_option(mount_at(s, "/sys"), "rro"));
	assert_string_equal(mount_at(s, "/sys")->source, "/sys");
	assert_false(has_option(mount_at(s, "/dev/pts"), "gid=5"));
	assert_int_equal(mount_at(s, "/dev/pts")->options.count, 5);
}

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < oci_default_syscalls_count; i++)
		if (strcmp(oci_default_syscalls[i], name) == 0)
			return true;
	return false;
}

static void test_syscall_list(void **state)
{
	static const char *const denied[] = {
		"_sysctl",
		"acct",
		"add_key",
		"bpf",
		"clone",
		"clone3",
		"create_module",
		"delete_module",
		"finit_module",
		"fsconfig",
		"fsmount",
		"fsopen",
		"fspick",
		"init_module",
		"io_uring_enter",
		"io_uring_register",
		"io_uring_setup",
		"ioperm",
		"iopl",
		"kexec_file_load",
		"kexec_load",
		"keyctl",
		"lookup_dcookie",
		"mount",
		"mount_setattr",
		"move_mount",
		"nfsservctl",
		"open_by_handle_at",
		"open_tree",
		"open_tree_attr",
		"perf_event_open",
		"personality",
		"pivot_root",
		"quotactl",
		"reboot",
		"request_key",
		"setns",
		"settimeofday",
		"socket",
		"socketcall",
		"socketpair",
		"stime",
		"swapoff",
		"swapon",
		"syslog",
		"umount",
		"umount2",
		"unshare",
		"uselib",
		"userfaultfd",
		"vhangup",
	};

	(void)state;
	assert_true(oci_default_syscalls_count > 320);
	for (size_t i = 1; i < oci_default_syscalls_count; i++)
		assert_true(strcmp(oci_default_syscalls[i - 1], oci_default_syscalls[i]) < 0);
	for (size_t i = 0; i < COUNT(denied); i++)
		if (is_allowed(denied[i]))
			fail_msg("'%s' must not be allowed whatever its arguments are", denied[i]);
}

/* What the argument rules say about the first argument of @name: allowed or not. */
static bool allowed_with(const struct oci_seccomp *q, const char *name, uint64_t argument)
{
	for (size_t i = 0; i < q->syscalls.count; i++) {
		const struct oci_seccomp_rule *r = &q->syscalls.items[i];

		if (r->action != SCMP_ACT_ALLOW || !r->args.count)
			continue;
		assert_int_equal(r->args.count, 1);
		assert_int_equal(r->args.items[0].op, SCMP_CMP_MASKED_EQ);
		for (size_t k = 0; k < r->names.count; k++)
			if (strcmp(r->names.items[k], name) == 0 &&
			    (argument & r->args.items[0].value) == r->args.items[0].value_two)
				return true;
	}
	return false;
}

static void test_seccomp_arguments(void **state)
{
	cleanup_(oci_spec_freep) struct oci_spec *s = make(false);
	const struct oci_seccomp *q = &s->linux_.seccomp;
	const uint64_t garbage = UINT64_C(0x5a5a5a5a00000000);

	(void)state;
	assert_int_equal(q->default_action, SCMP_ACT_ERRNO(0));
	for (uint64_t family = 0; family < 64; family++) {
		bool wanted = family < 48 && family != 38 && family != 40;

		assert_int_equal(allowed_with(q, "socket", family), wanted);
		assert_int_equal(allowed_with(q, "socket", family | garbage), wanted);
		assert_int_equal(allowed_with(q, "socketpair", family | garbage), wanted);
	}
	assert_true(allowed_with(q, "clone", 0x01200011));	 /* fork */
	assert_true(allowed_with(q, "clone", 0x003d0f00));	 /* thread */
	assert_false(allowed_with(q, "clone", 0x10000011));	 /* CLONE_NEWUSER */
	assert_true(allowed_with(q, "unshare", 0x00000200));	 /* CLONE_FS */
	assert_false(allowed_with(q, "unshare", 0x10020000));	 /* CLONE_NEWUSER | CLONE_NEWNS */
	assert_true(allowed_with(q, "personality", 8));		 /* PER_LINUX32 */
	assert_true(allowed_with(q, "personality", 0xffffffff)); /* asks */
	assert_false(allowed_with(q, "personality", 0x0040000)); /* ADDR_NO_RANDOMIZE */
	assert_false(allowed_with(q, "personality", garbage | 0x0040000));
}

static bool has_env(const struct oci_spec *s, const char *entry)
{
	for (size_t i = 0; i < s->process.env.count; i++)
		if (strcmp(s->process.env.items[i], entry) == 0)
			return true;
	return false;
}

static bool has_cap(const struct oci_spec *s, int cap)
{
	return s->process.capabilities.bounding >> cap & 1;
}

/* Is @name allowed whatever its arguments are? */
static bool always_allowed(const struct oci_seccomp *q, const char *name)
{
	for (size_t i = 0; i < q->syscalls.count; i++) {
		const struct oci_seccomp_rule *r = &q->syscalls.items[i];

		for (size_t k = 0; r->action == SCMP_ACT_ALLOW && k < r->names.count; k++)
			if (!r->args.count && strcmp(r->names.items[k], name) == 0)
				return true;
	}
	return false;
}

#define UUID "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"

static void check_system(const struct oci_spec *s)
{
	assert_string_equal(s->process.args.items[0], "/sbin/init");
	assert_false(s->process.terminal);
	assert_false(s->process.no_new_privileges);
	assert_false(s->root.readonly);
	assert_int_equal(s->process.rlimits.count, 0);
	assert_true(has_env(s, "container=oci"));
	assert_true(has_env(s, "container_uuid=" UUID));
	assert_true(has_option(mount_at(s, "/sys"), "ro"));
	assert_true(has_option(mount_at(s, "/sys/fs/cgroup"), "rw"));
	assert_false(has_option(mount_at(s, "/sys/fs/cgroup"), "ro"));
	assert_string_equal(mount_at(s, "/run")->type, "tmpfs");
	assert_string_equal(mount_at(s, "/run/lock")->type, "tmpfs");
	assert_string_equal(s->annotations.items[0].key, "org.opencontainers.image.stopSignal");
	assert_string_equal(s->annotations.items[0].value, "SIGRTMIN+3");
	for (size_t i = 0; i < COUNT(never_caps); i++)
		assert_false(has_cap(s, never_caps[i]));
}

static void test_system(void **state)
{
	const struct oci_default_options options = { .system = true, .uuid = UUID };
	cleanup_(oci_spec_freep) struct oci_spec *s = make_with(&options);

	(void)state;
	check_system(s);
	assert_null(oci_spec_namespace(s, OCI_NS_USER));
	assert_true(has_cap(s, CAP_SETUID));
	assert_false(has_cap(s, CAP_SYS_ADMIN));
	assert_false(has_cap(s, CAP_NET_ADMIN));
	assert_false(always_allowed(&s->linux_.seccomp, "mount"));
	assert_false(allowed_with(&s->linux_.seccomp, "clone", 0x10000011)); /* CLONE_NEWUSER */
}

static void test_system_userns(void **state)
{
	const struct oci_default_options options = {
		.system = true, .uuid = UUID, .map_first = 200000, .map_count = 1000
	};
	cleanup_(oci_spec_freep) struct oci_spec *s = make_with(&options);
	const struct oci_seccomp *q = &s->linux_.seccomp;

	(void)state;
	check_system(s);
	assert_true(oci_spec_new_namespace(s, OCI_NS_USER));
	assert_true(oci_spec_new_namespace(s, OCI_NS_NETWORK));
	assert_int_equal(s->linux_.uid_mappings.items[0].host_id, 200000);
	assert_int_equal(s->linux_.gid_mappings.items[0].size, 1000);
	assert_true(has_cap(s, CAP_SYS_ADMIN));
	assert_true(always_allowed(q, "mount"));
	assert_true(always_allowed(q, "clone3"));
	assert_true(always_allowed(q, "unshare"));
	assert_false(always_allowed(q, "bpf"));
	assert_false(always_allowed(q, "keyctl"));
	assert_string_equal(q->syscalls.items[q->syscalls.count - 1].names.items[0], "socketcall");
}

static void test_userns(void **state)
{
	const struct oci_default_options options = { .map_first = 7, .map_count = 70000 };
	cleanup_(oci_spec_freep) struct oci_spec *s = make_with(&options);

	(void)state;
	assert_string_equal(s->process.args.items[0], "sh");
	assert_true(oci_spec_new_namespace(s, OCI_NS_USER));
	assert_int_equal(s->linux_.uid_mappings.items[0].host_id, 7);
	assert_int_equal(s->linux_.uid_mappings.items[0].size, 70000);
	assert_true(s->linux_.resources.set);
	assert_false(always_allowed(&s->linux_.seccomp, "mount"));
	assert_int_equal(s->annotations.count, 0);
}

static void test_seccomp_fall_back(void **state)
{
	cleanup_(oci_spec_freep) struct oci_spec *s = make(true);
	const struct oci_seccomp *q = &s->linux_.seccomp;
	const struct oci_seccomp_rule *last = &q->syscalls.items[q->syscalls.count - 1];

	(void)state;
	assert_int_equal(last->action, SCMP_ACT_ERRNO(0));
	assert_int_equal(last->errno_ret.value, 38); /* ENOSYS */
	assert_string_equal(last->names.items[0], "clone3");
	assert_string_equal(last->names.items[1], "socketcall");
	assert_true(q->architectures.count >= 1);
	assert_true(q->architectures.items[0] == seccomp_arch_native());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_rootless),
		cmocka_unit_test(test_syscall_list),
		cmocka_unit_test(test_seccomp_arguments),
		cmocka_unit_test(test_seccomp_fall_back),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_system_userns),
		cmocka_unit_test(test_userns),
	};

	return cmocka_run_group_tests_name("default_spec", tests, NULL, NULL);
}
