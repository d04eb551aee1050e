// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/options.h: each option of oci-checklist 1.2, what wins when two disagree, and data. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mount.h>

#include "rootfs/options.h"
#include "util/kernel.h"

enum {
	MAX_LIST = 12
};

/* What one option, or a list of them, must come to. Strings: NULL-terminated data. */
struct want {
	const char *options; /* comma separated */
	uint64_t set, clear, rset, rclear;
	uint64_t props[MOUNT_MAX_PROPS + 1]; /* 0 at the end */
	const char *data;		     /* comma separated, NULL: none */
	unsigned switches;
};

enum {
	BIND = 1,
	RECURSIVE = 2,
	REMOUNT = 4,
	TMPCOPYUP = 8,
	COPY_SYMLINK = 16,
	SRC_NOFOLLOW = 32,
	DEST_NOFOLLOW = 64,
	IDMAP = 128,
	RIDMAP = 256,
	HAS_MODE = 512,
};

#define RO	   MOUNT_ATTR_RDONLY
#define NOSUID	   MOUNT_ATTR_NOSUID
#define NODEV	   MOUNT_ATTR_NODEV
#define NOEXEC	   MOUNT_ATTR_NOEXEC
#define ATIME	   MOUNT_ATTR__ATIME
#define NOATIME	   MOUNT_ATTR_NOATIME
#define STRICT	   MOUNT_ATTR_STRICTATIME
#define NODIR	   MOUNT_ATTR_NODIRATIME
#define NOSYM	   MOUNT_ATTR_NOSYMFOLLOW
#define SWITCH(x)  .switches = (x)
#define DATA(x)	   .data = x
#define PROPS(...) .props = { __VA_ARGS__ }

/* In the order of the checklist. */
static const struct want single[] = {
	{ "defaults", .set = 0 },
	{ "ro", .set = RO },
	{ "rw", .clear = RO },
	{ "suid", .clear = NOSUID },
	{ "nosuid", .set = NOSUID },
	{ "dev", .clear = NODEV },
	{ "nodev", .set = NODEV },
	{ "exec", .clear = NOEXEC },
	{ "noexec", .set = NOEXEC },
	{ "sync", DATA("sync") },
	{ "async", DATA("async") },
	{ "dirsync", DATA("dirsync") },
	{ "remount", SWITCH(REMOUNT) },
	{ "mand", DATA("mand") },
	{ "nomand", DATA("nomand") },
	{ "atime", .clear = ATIME },
	{ "noatime", .set = NOATIME, .clear = ATIME },
	{ "diratime", .clear = NODIR },
	{ "nodiratime", .set = NODIR },
	{ "relatime", .clear = ATIME },
	{ "norelatime", .set = 0 },
	{ "strictatime", .set = STRICT, .clear = ATIME },
	{ "nostrictatime", .set = 0 },
	{ "iversion", .set = 0 },
	{ "noiversion", .set = 0 },
	{ "lazytime", DATA("lazytime") },
	{ "nolazytime", DATA("nolazytime") },
	{ "silent", .set = 0 },
	{ "loud", .set = 0 },
	{ "symfollow", .clear = NOSYM },
	{ "nosymfollow", .set = NOSYM },
	{ "bind", SWITCH(BIND) },
	{ "rbind", SWITCH(BIND | RECURSIVE) },
	{ "private", PROPS(MS_PRIVATE) },
	{ "rprivate", PROPS(MS_PRIVATE | MS_REC) },
	{ "shared", PROPS(MS_SHARED) },
	{ "rshared", PROPS(MS_SHARED | MS_REC) },
	{ "slave", PROPS(MS_SLAVE) },
	{ "rslave", PROPS(MS_SLAVE | MS_REC) },
	{ "unbindable", PROPS(MS_UNBINDABLE) },
	{ "runbindable", PROPS(MS_UNBINDABLE | MS_REC) },
	{ "rro", .rset = RO },
	{ "rrw", .rclear = RO },
	{ "rnosuid", .rset = NOSUID },
	{ "rsuid", .rclear = NOSUID },
	{ "rnodev", .rset = NODEV },
	{ "rdev", .rclear = NODEV },
	{ "rnoexec", .rset = NOEXEC },
	{ "rexec", .rclear = NOEXEC },
	{ "rnodiratime", .rset = NODIR },
	{ "rdiratime", .rclear = NODIR },
	/* the whole group must be cleared, or the kernel answers EINVAL */
	{ "rnoatime", .rset = NOATIME, .rclear = ATIME },
	{ "ratime", .rclear = ATIME },
	{ "rrelatime", .rclear = ATIME },
	{ "rnorelatime", .rclear = ATIME },
	{ "rstrictatime", .rset = STRICT, .rclear = ATIME },
	{ "rnostrictatime", .rclear = ATIME },
	{ "rnosymfollow", .rset = NOSYM },
	{ "rsymfollow", .rclear = NOSYM },
	{ "tmpcopyup", SWITCH(TMPCOPYUP) },
	{ "idmap", SWITCH(IDMAP) },
	{ "ridmap", SWITCH(RIDMAP) },
	{ "copy-symlink", SWITCH(COPY_SYMLINK) },
	{ "src-nofollow", SWITCH(SRC_NOFOLLOW) },
	{ "dest-nofollow", SWITCH(DEST_NOFOLLOW) },
};

static const struct want lists[] = {
	{ "", .set = 0 },
	{ "ro,rw", .clear = RO },
	{ "rw,ro", .set = RO },
	{ "ro,ro", .set = RO },
	{ "ro,rw,ro", .set = RO },
	{ "nosuid,suid,nodev,dev,noexec,exec", .clear = NOSUID | NODEV | NOEXEC },
	{ "suid,nosuid,dev,nodev,exec,noexec", .set = NOSUID | NODEV | NOEXEC },
	{ "nosuid,noexec,nodev,ro", .set = NOSUID | NOEXEC | NODEV | RO },
	{ "noatime,relatime", .clear = ATIME },
	{ "relatime,noatime", .set = NOATIME, .clear = ATIME },
	{ "noatime,strictatime", .set = STRICT, .clear = ATIME },
	{ "strictatime,noatime", .set = NOATIME, .clear = ATIME },
	{ "noatime,nodiratime", .set = NOATIME | NODIR, .clear = ATIME },
	{ "noatime,atime", .clear = ATIME },
	/* it says no more than that it is not noatime */
	{ "strictatime,atime", .set = STRICT, .clear = ATIME },
	{ "relatime,atime", .clear = ATIME },
	{ "strictatime,noatime,atime", .clear = ATIME },
	{ "rstrictatime,ratime", .rset = STRICT, .rclear = ATIME },
	{ "rnoatime,ratime", .rclear = ATIME },
	/* that is what it is anyway */
	{ "noatime,norelatime", .set = NOATIME, .clear = ATIME },
	{ "nodiratime,diratime", .clear = NODIR },
	{ "rro,rrw", .rclear = RO },
	{ "rrw,rro", .rset = RO },
	{ "rnoatime,rrelatime", .rclear = ATIME },
	{ "rstrictatime,rnoatime", .rset = NOATIME, .rclear = ATIME },
	/* the mount itself is part of its tree, in whatever order that is said */
	{ "rro,rw", .rset = RO },
	{ "rw,rro", .rset = RO },
	{ "ro,rrw", .rclear = RO },
	{ "rrw,ro", .rclear = RO },
	{ "nosuid,rro,rw,rdev,nodev", .set = NOSUID, .rset = RO, .rclear = NODEV },
	{ "noatime,ro,rstrictatime", .set = RO, .rset = STRICT, .rclear = ATIME },
	{ "strictatime,nostrictatime", .set = 0 },
	{ "noatime,nostrictatime", .set = NOATIME, .clear = ATIME },
	{ "nostrictatime,strictatime", .set = STRICT, .clear = ATIME },
	{ "relatime,norelatime", .set = 0 },
	{ "noatime,norelatime", .set = NOATIME, .clear = ATIME },
	{ "rnoatime,relatime", .rset = NOATIME, .rclear = ATIME },
	{ "bind,rbind", SWITCH(BIND | RECURSIVE) },
	{ "rbind,bind", SWITCH(BIND | RECURSIVE) },
	{ "rbind,rro,nosuid,rprivate", .set = NOSUID, .rset = RO, PROPS(MS_PRIVATE | MS_REC),
	  SWITCH(BIND | RECURSIVE) },
	{ "rprivate,rslave,shared", PROPS(MS_PRIVATE | MS_REC, MS_SLAVE | MS_REC, MS_SHARED) },
	{ "shared,shared", PROPS(MS_SHARED, MS_SHARED) },
	{ "bind,remount,ro", .set = RO, SWITCH(BIND | REMOUNT) },
	{ "idmap,ridmap,bind", SWITCH(IDMAP | RIDMAP | BIND) },
	{ "sync,dirsync,lazytime", DATA("sync,dirsync,lazytime") },
	{ "sync,async", DATA("sync,async") },
	{ "nosuid,mode=755,size=64k", .set = NOSUID, DATA("mode=755,size=64k"), SWITCH(HAS_MODE) },
	{ "mode=", DATA("mode="), SWITCH(HAS_MODE) },
	{ "xmode=1,mode", DATA("xmode=1,mode") },
	{ "newinstance,ptmxmode=0666,mode=0620,gid=5",
	  DATA("newinstance,ptmxmode=0666,mode=0620,gid=5"), SWITCH(HAS_MODE) },
	/* of mount(8), not ours: the filesystem may know them */
	{ "acl", DATA("acl") },
	{ "noacl,user,auto,nofail,_netdev,x-mount.mkdir",
	  DATA("noacl,user,auto,nofail,_netdev,x-mount.mkdir") },
	{ "rsync", DATA("rsync") },
	{ "lowerdir=/a:/b", DATA("lowerdir=/a:/b") },
	/* names are case sensitive and whole */
	{ "RO,Ro", DATA("RO,Ro") },
	{ "ro ", DATA("ro ") },
	{ "r", DATA("r") },
	{ "ro=1", DATA("ro=1") },
	{ "nosuidx,xnosuid", DATA("nosuidx,xnosuid") },
	{ "zzz,aaa", DATA("zzz,aaa") },
};

/* Cut @list at its commas into @items. */
static size_t split(char *list, const char **items)
{
	size_t n = 0;

	for (char *p = strtok(list, ","); p; p = strtok(NULL, ","))
		items[n++] = p;
	return n;
}

static unsigned switches(const struct mount_options *o)
{
	return (o->bind ? BIND : 0) | (o->recursive ? RECURSIVE : 0) | (o->remount ? REMOUNT : 0) |
	       (o->tmpcopyup ? TMPCOPYUP : 0) | (o->copy_symlink ? COPY_SYMLINK : 0) |
	       (o->src_nofollow ? SRC_NOFOLLOW : 0) | (o->dest_nofollow ? DEST_NOFOLLOW : 0) |
	       (o->idmap ? IDMAP : 0) | (o->idmap_recursive ? RIDMAP : 0) |
	       (o->has_mode ? HAS_MODE : 0);
}

static void check_data(const struct want *w, const struct mount_options *o)
{
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < o->data_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "",
					o->data[i]);
	if (strcmp(text, w->data ? w->data : "") != 0)
		fail_msg("%s: data '%s'", w->options, text);
}

static void check(const struct want *w)
{
	char words[256];
	const char *items[MAX_LIST];
	struct oci_mount m = { .destination = "/m", .options = { .items = items } };
	struct mount_options o;
	struct arena a = { 0 };
	struct err e = ERR_INIT;
	size_t i = 0;

	(void)snprintf(words, sizeof(words), "%s", w->options);
	m.options.count = split(words, items);
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), 0);
	if (o.set != w->set || o.clear != w->clear || o.rset != w->rset || o.rclear != w->rclear)
		fail_msg("%s: set %llx clear %llx rset %llx rclear %llx", w->options,
			 (unsigned long long)o.set, (unsigned long long)o.clear,
			 (unsigned long long)o.rset, (unsigned long long)o.rclear);
	if (switches(&o) != w->switches)
		fail_msg("%s: switches %x", w->options, switches(&o));
	for (; i < o.prop_count; i++)
		if (o.props[i] != w->props[i])
			fail_msg("%s: propagation %zu is %llx", w->options, i,
				 (unsigned long long)o.props[i]);
	assert_int_equal(w->props[i], 0);
	check_data(w, &o);
	arena_free(&a);
}

static void test_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		check(&single[i]);
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		check(&lists[i]);
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; mount_option_name(i); i++)
		if (strcmp(mount_option_name(i), name) == 0)
			return true;
	return false;
}

/* `features` prints the table: sorted (bsearch needs it too), unique, and nothing is missing. */
static void test_names(void **state)
{
	size_t n = 0;

	(void)state;
	for (; mount_option_name(n); n++)
		if (n && strcmp(mount_option_name(n - 1), mount_option_name(n)) >= 0)
			fail_msg("'%s' after '%s'", mount_option_name(n), mount_option_name(n - 1));
	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (!is_listed(single[i].options))
			fail_msg("'%s' is not listed", single[i].options);
	assert_int_equal(n, ARRAY_SIZE(single)); /* and nothing that is not tested above */
	assert_null(mount_option_name(n + 1));
	assert_null(mount_option_name(SIZE_MAX));
}

/* Which option is to blame when a bind mount has filesystem data: the last one. */
static void test_last_data(void **state)
{
	const char *items[] = { "ro", "sync", "size=1", "bind", "what", "nosuid" };
	struct oci_mount m = { .destination = "/m", .options = { .items = items, .count = 6 } };
	struct mount_options o;
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), 0);
	assert_int_equal(o.last_data, 4);
	m.options.count = 4;
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), 0);
	assert_int_equal(o.last_data, 2);
	m.options.count = 2; /* sync is known, whatever it is passed on to */
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), 0);
	assert_true(o.last_data == SIZE_MAX);
	arena_free(&a);
}

static void test_too_many_props(void **state)
{
	const char *items[MOUNT_MAX_PROPS + 1];
	struct oci_mount m = { .destination = "/m",
			       .options = { .items = items, .count = MOUNT_MAX_PROPS } };
	struct mount_options o;
	struct arena a = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < MOUNT_MAX_PROPS + 1; i++)
		items[i] = i % 2 ? "shared" : "rslave";
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), 0);
	assert_int_equal(o.prop_count, MOUNT_MAX_PROPS);
	m.options.count++;
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), -EINVAL);
	assert_string_equal(e.text, "mount '/m': too many propagation options");
	arena_free(&a);
}

static void test_no_memory(void **state)
{
	const char *items[] = { "ro" };
	struct oci_mount m = { .destination = "/m", .options = { .items = items, .count = 1 } };
	struct mount_options o;
	struct arena a = { .cap = 1 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mount_options_parse(&m, &a, &o, &e), -ENOMEM);
	assert_int_equal(e.kind, ERR_SYSTEM);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),	       cmocka_unit_test(test_lists),
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_last_data),
		cmocka_unit_test(test_too_many_props), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
