// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: what CRIU needs of the kernel (CONFIG_CHECKPOINT_RESTORE and its like), seen by trying. */
#include <errno.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkpoint/preflight_internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static bool has_kcmp(void)
{
	pid_t self = getpid();

	return KERNEL_CALL(SYS_kcmp, self, self, KCMP_VM, 0, 0) != -ENOSYS;
}

static bool has_children(void)
{
	return access("/proc/thread-self/children", F_OK) == 0;
}

static bool has_map_files(void)
{
	return access("/proc/self/map_files", F_OK) == 0;
}

static bool has_sock_diag(void)
{
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd >= 0;
}

static const struct {
	bool (*has)(void);
	const char *what;
} needs[] = {
	{ has_kcmp, "kcmp(2)" },
	{ has_children, "/proc/PID/task/TID/children" },
	{ has_map_files, "/proc/PID/map_files" },
	{ has_sock_diag, "sock_diag(7)" },
};

void preflight_look_at_kernel(struct preflight_scan *s)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (!needs[i].has())
			preflight_add(s, PREFLIGHT_KERNEL, NULL, -1, "%s", needs[i].what);
}
