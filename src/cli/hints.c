// SPDX-License-Identifier: GPL-2.0-or-later
/* What to do about errors that the leaf could not advise on: one table. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

#include "util/kernel.h"

struct advice {
	const char *text; /* part of the error's text */
	int errnum;
	const char *hint;
};

/* mount_too_revealing() in the kernel's fs/namespace.c */
#define REVEALING                                                                                  \
	"in a user namespace it needs the matching namespace to be new as well; in a container, "  \
	"none of that container's maskedPaths and readonlyPaths may be in it"

static const struct advice table[] = {
	{ "open the filesystem type", ENODEV,
	  "the kernel does not have this filesystem: check the type, or load its module" },
	{ "mount proc at", EPERM, REVEALING },
	{ "mount sysfs at", EPERM, REVEALING },
	{ "create the filesystem", EPERM,
	  "in a user namespace this filesystem needs the matching namespace to be new as well" },
	{ "mount the overlay", EPERM, "in a user namespace overlays need Linux 5.11" },
	{ "mount the overlay", ELOOP, "layers must not contain each other" },
	{ "mount the overlay", ENODEV,
	  "the kernel has no overlayfs: have the module overlay loaded" },
	{ "a tmpfs without user attributes", EOPNOTSUPP,
	  "for an ordinary user, --ephemeral needs Linux 6.6" },
	{ "open the layer", EINVAL, "something is mounted below it, which the host locks" },
	{ "attach", ENOTDIR, "both source and destination must be directories, or neither" },
	{ "create device", EPERM,
	  "a device rule of a cgroup above the container's forbids it, or CAP_MKNOD is missing" },
	{ "create the container's process", ENOENT,
	  "ctr's own cgroup is outside of its cgroup namespace, which nsdelegate forbids" },
	{ "set the offset of the clock", ERANGE,
	  "the clock would be before its beginning, or beyond its end" },
	{ "set the scheduler SCHED_DEADLINE", EPERM,
	  "it needs CAP_SYS_NICE, and every CPU of the host: no cpuset, no execCPUAffinity" },
	{ "set the scheduler", EPERM,
	  "realtime policies and a lower nice value need CAP_SYS_NICE, and a cgroup that may use "
	  "them" },
	{ "set the scheduler", EBUSY, "the kernel has promised the CPU time to others already" },
	{ "set the scheduler", EOPNOTSUPP, "this kernel has no utilization clamping" },
	{ "set the io priority", EPERM, "the class IOPRIO_CLASS_RT needs CAP_SYS_NICE" },
	{ "set sysctl", ENOENT, "this kernel has no such parameter" },
	{ "set oom_score_adj", EACCES, "lowering it below the caller's needs CAP_SYS_RESOURCE" },
	{ "set oom_score_adj", EPERM, "lowering it below the caller's needs CAP_SYS_RESOURCE" },
	{ "open a terminal", ENOENT, "process.terminal needs a devpts mount at /dev/pts" },
	{ "open a terminal", ENODEV, "process.terminal needs a devpts mount at /dev/pts" },
	{ "under the AppArmor profile", ENOENT,
	  "the kernel has no such profile: load it with apparmor_parser, or correct the name" },
	{ "under the AppArmor profile", EINVAL,
	  "write it as the kernel does: the order of a stack of profiles counts" },
	{ "under the AppArmor profile", EACCES, "the profile that ctr runs under forbids it" },
	{ "under the AppArmor profile", EPERM, "the profile that ctr runs under forbids it" },
	{ "the SELinux context", EINVAL,
	  "write it as the loaded policy has it: the order of categories and aliases count" },
	{ "the SELinux context", EACCES, "the policy does not let ctr do this" },
	{ ": option 'context=", EINVAL,
	  "the policy does not know the label, or the filesystem takes none" },
	{ "load the seccomp filter", EINVAL,
	  "this kernel does not know one of the filter's flags or actions" },
	{ "enter the working directory", ENOTDIR, "process.cwd must be a directory" },
	{ "become uid", EINVAL, "the id is not mapped in the container's user namespace" },
	{ "create cgroup", EACCES, "this needs write access to the cgroup tree: run as root" },
	{ "copy the mount of", EACCES,
	  "the root user of the container's user namespace must be able to reach it" },
	{ "copy the mount of", EINVAL,
	  "the mounts below it are locked together with it: use rbind, not bind" },
	{ "the host locks flags", EPERM,
	  "a user namespace cannot take them away: leave out the options that would" },
	{ "create the state directory", EACCES,
	  "run as root, or name a directory of yours with --root" },
	{ "the state directory", EACCES, "run as root, or name a directory of yours with --root" },
};

void cli_hint(struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (e->errnum == table[i].errnum && strstr(e->text, table[i].text))
			err_hint(e, "%s", table[i].hint);
}
