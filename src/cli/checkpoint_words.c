// SPDX-License-Identifier: GPL-2.0-or-later
/* Options and directories that checkpoint and restore share. See checkpoint.h. */
#include "cli/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define DEFAULT_IMAGES "checkpoint"

const char *const checkpoint_cgroup_words[] = { "soft", "full", "strict", "ignore", NULL };
const char *const checkpoint_netlock_words[] = { "iptables", "nftables", "skip", NULL };
const char *const checkpoint_empty_words[] = { "network", NULL };

static const enum checkpoint_cgroups cgroup_modes[] = {
	CHECKPOINT_CGROUPS_SOFT,
	CHECKPOINT_CGROUPS_FULL,
	CHECKPOINT_CGROUPS_STRICT,
	CHECKPOINT_CGROUPS_IGNORE,
};

static const enum checkpoint_netlock netlock_methods[] = {
	CHECKPOINT_NETLOCK_IPTABLES,
	CHECKPOINT_NETLOCK_NFTABLES,
	CHECKPOINT_NETLOCK_SKIP,
};

/* The table of options has made sure that it is one of them. */
static size_t index_of(const char *const *words, const char *word)
{
	size_t i = 0;

	while (words[i] && strcmp(words[i], word) != 0)
		i++;
	return i;
}

void checkpoint_flags_of(const struct checkpoint_words *w, struct checkpoint_flags *ret)
{
	*ret = (struct checkpoint_flags){
		.tcp_established = w->tcp_established,
		.ext_unix_sk = w->ext_unix_sk,
		.shell_job = w->shell_job,
		.file_locks = w->file_locks,
		.lazy_pages = w->lazy_pages,
		.auto_dedup = w->auto_dedup,
		.empty_netns = w->empty_ns,
	};
	if (w->manage_cgroups)
		ret->cgroups = cgroup_modes[index_of(checkpoint_cgroup_words, w->manage_cgroups)];
	if (w->network_lock)
		ret->netlock = netlock_methods[index_of(checkpoint_netlock_words, w->network_lock)];
}

static int open_dir(const char *path, const char *what, bool create, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -EBADF;

	if (create && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_USAGE, errno, "make the directory '%s' for %s", path, what);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_USAGE, errno, "open the directory '%s' for %s", path, what);
	*ret_fd = take_fd(&fd);
	return 0;
}

int checkpoint_open_images(const struct checkpoint_words *w, bool create, int *ret_fd,
			   struct err *e)
{
	return open_dir(w->image_path ? w->image_path : DEFAULT_IMAGES, "images", create, ret_fd,
			e);
}

int checkpoint_open_work(const struct checkpoint_words *w, int images, bool create, int *ret_fd,
			 struct err *e)
{
	int fd;

	if (w->work_path)
		return open_dir(w->work_path, "logs", create, ret_fd, e);
	fd = fcntl(images, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the directory of images");
	*ret_fd = fd;
	return 0;
}

int checkpoint_check_caller(const struct cli *cli, const char *verb, struct err *e)
{
	if (caller_is_host_root(&cli->caller))
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "%s requires root", verb);
	err_hint(e, "criu needs the privileges of the host's root for it");
	return -EPERM;
}
