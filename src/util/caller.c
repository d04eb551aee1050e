// SPDX-License-Identifier: GPL-2.0-or-later
/* See caller.h. */
#include "util/caller.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/capability.h>

#include "util/io.h"
#include "util/kernel.h"

/* include/linux/proc_ns.h, PROC_USER_INIT_INO: an identity map proves nothing (security.md A14) */
#define INITIAL_USERNS_INODE 0xEFFFFFFDU

static bool has(const struct caller *c, int cap)
{
	return c->capabilities >> cap & 1;
}

static uint64_t own_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d) < 0)
		return 0;
	return d[0].permitted | (uint64_t)d[1].permitted << 32;
}

static bool in_initial_userns(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL_USERNS_INODE;
}

/* Root of a user namespace may have come without a mount namespace: only a try tells. */
static bool try_to_copy_mount(void)
{
	int fd = kernel_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* user_namespaces(7): once denied, it stays so in all namespaces below. */
static bool may_set_groups(void)
{
	char word[16];

	return io_read_line(AT_FDCWD, "/proc/self/setgroups", word, sizeof(word)) < 0 ||
	       strcmp(word, "deny") != 0;
}

void caller_probe(enum caller_rootless word, struct caller *ret)
{
	struct caller c = {
		.uid = geteuid(),
		.gid = getegid(),
		.capabilities = own_capabilities(),
		.initial_userns = in_initial_userns(),
	};

	c.copies_mounts = has(&c, CAP_SYS_ADMIN) && (c.initial_userns || try_to_copy_mount());
	c.makes_devices = c.initial_userns && has(&c, CAP_MKNOD) && has(&c, CAP_SYS_ADMIN);
	c.maps_ids = has(&c, CAP_SETUID) && has(&c, CAP_SETGID);
	c.setgroups = c.initial_userns || may_set_groups();
	c.needs_no_cgroup =
		word == CALLER_ROOTLESS || (word == CALLER_AUTO && !caller_is_host_root(&c));
	*ret = c;
}

/* 1, 0, or -errno */
static int ask_trusted_xattrs(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	struct stat st;

	if (stat("/proc/self/ns/user", &st) < 0 || syscall(SYS_capget, &h, d) < 0)
		return -errno;
	return st.st_ino == INITIAL_USERNS_INODE && d[0].permitted >> CAP_SYS_ADMIN & 1;
}

int caller_ask_trusted_xattrs(void)
{
	static bool known, answer; /* a probe of what does not change */
	int r = known ? answer : ask_trusted_xattrs();

	if (r < 0)
		return r;
	known = true;
	answer = r;
	return r;
}

bool caller_has_trusted_xattrs(void)
{
	return caller_ask_trusted_xattrs() > 0;
}

struct caller caller_root(void)
{
	return (struct caller){
		.capabilities = UINT64_MAX,
		.initial_userns = true,
		.copies_mounts = true,
		.makes_devices = true,
		.maps_ids = true,
		.setgroups = true,
	};
}

struct caller caller_user(uint32_t uid, uint32_t gid)
{
	return (struct caller){
		.uid = uid,
		.gid = gid,
		.initial_userns = true,
		.setgroups = true,
		.needs_no_cgroup = true,
	};
}

uint32_t caller_host_uid(const struct caller *c)
{
	char line[64];
	uint32_t inside, outside;

	if (c->initial_userns ||
	    io_read_line(AT_FDCWD, "/proc/self/uid_map", line, sizeof(line)) < 0 ||
	    sscanf(line, "%" SCNu32 " %" SCNu32, &inside, &outside) != 2 || inside != c->uid)
		return c->uid;
	return outside;
}
