// SPDX-License-Identifier: GPL-2.0-or-later
/* See resctrl.h. Directories and files below one descriptor; no path of the host is built. */
#include "cgroups/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	LOCK_WAIT_MS = 10000,
	LOCK_STEP_MS = 10,
	STATUS_SIZE = 256,
	SCHEMATA_SIZE = 65536,
};

#define FIELD "config.json /linux/intelRdt"

int resctrl_root_open(int *ret_fd, struct err *e)
{
	static const char *const usual[] = { "/sys/fs/resctrl" };
	int r = cgroup_mount_find(usual, 1, "resctrl", RDTGROUP_SUPER_MAGIC);

	if (r < 0) {
		err_set(e, ERR_SYSTEM, 0, "linux.intelRdt: resctrl is not mounted on this host");
		err_origin(e, FIELD);
		err_hint(e, "mount -t resctrl resctrl /sys/fs/resctrl, if the CPU has RDT");
		return -ENODEV;
	}
	*ret_fd = r;
	return 0;
}

static int group_open(int root_fd, const char *group)
{
	return cgroup_dir_open(root_fd, strcmp(group, RESCTRL_ROOT_GROUP) == 0 ? "." : group);
}

/* What the kernel has to say about the last thing that it refused; "" when that is nothing. */
static void last_status(int root_fd, char *buf, size_t size)
{
	ssize_t n = cgroup_file_read(root_fd, "info/last_cmd_status", buf, size);

	if (n < 0 || strncmp(buf, "ok", 2) == 0)
		n = 0;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* One sentence for all that the kernel refuses. */
static int refused(int root_fd, int r, const char *what, const char *name, struct err *e)
{
	char status[STATUS_SIZE];

	last_status(root_fd, status, sizeof(status));
	err_set(e, ERR_SYSTEM, -r, "%s '%s'%s%s%s", what, name,
		*status ? " (the kernel says: " : "", status, *status ? ")" : "");
	err_origin(e, FIELD);
	return r;
}

static int lock(int root_fd, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited <= LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(root_fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "lock resctrl");
		(void)nanosleep(&step, NULL);
	}
	return err_set(e, ERR_SYSTEM, ETIMEDOUT, "lock resctrl");
}

static unsigned group_bit(const struct resctrl_plan *plan)
{
	return plan->named ? RESCTRL_CLASS : RESCTRL_GROUP;
}

unsigned resctrl_missing(int root_fd, const struct resctrl_plan *plan)
{
	cleanup_fd int group = group_open(root_fd, plan->place.group);

	return (group == -ENOENT ? group_bit(plan) : 0) |
	       (plan->place.monitor ? RESCTRL_MONITOR : 0);
}

static int make(int dir_fd, const char *name)
{
	return mkdirat(dir_fd, name, 0755) < 0 ? -errno : 0;
}

/* A class of that name that is there: as it is, or not at all. */
static int compare(int group_fd, const struct resctrl_plan *plan, struct err *e)
{
	cleanup_free char *now = malloc(SCHEMATA_SIZE);
	const char *line;
	ssize_t n;

	if (!now)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the schemata");
	n = cgroup_file_read(group_fd, "schemata", now, SCHEMATA_SIZE);
	if (n < 0) {
		err_set(e, ERR_SYSTEM, 0, "'%s' is not a class of service of resctrl",
			plan->place.group);
		err_origin(e, FIELD "/closID");
		return -EINVAL;
	}
	if (!plan->schemata || resctrl_schemata_hold(now, plan->schemata, &line))
		return 0;
	err_set(e, ERR_SYSTEM, 0,
		"the class of service '%s' exists with other schemata than '%.*s'",
		plan->place.group, (int)strcspn(line, "\n"), line);
	err_origin(e, FIELD);
	err_hint(e, "use these, or another closID");
	return -EEXIST;
}

static int check_new(const struct resctrl_plan *plan, int r, struct err *e)
{
	if (plan->named && !plan->schemata && r == -ENOENT) {
		err_set(e, ERR_SYSTEM, 0, "there is no class of service '%s' in resctrl",
			plan->place.group);
		err_origin(e, FIELD "/closID");
		err_hint(e, "make it, or say its schemata");
		return -ENOENT;
	}
	if (!plan->named && r == 0) {
		err_set(e, ERR_STATE, 0, "resctrl has a directory '%s' already", plan->place.group);
		err_origin(e, FIELD);
		err_hint(e, "remove it, or name a class of service with closID");
		return -EEXIST;
	}
	return r == -ENOENT ? 0 : r;
}

/* The group of the plan as it is now: *@ret_fd, or -EBADF when it is still to be made. */
static int find_group(int root_fd, const struct resctrl_plan *plan, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = group_open(root_fd, plan->place.group);
	int r = check_new(plan, fd < 0 ? fd : 0, e);

	if (r == 0 && fd >= 0)
		r = compare(fd, plan, e);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

int resctrl_probe(int root_fd, const struct resctrl_plan *plan, struct err *e)
{
	cleanup_fd int group = -EBADF;

	return find_group(root_fd, plan, &group, e);
}

static int enter_group(int root_fd, const struct resctrl_plan *plan, unsigned *made, int *ret_fd,
		       struct err *e)
{
	const char *name = plan->place.group;
	int r = find_group(root_fd, plan, ret_fd, e);

	if (r < 0 || *ret_fd >= 0)
		return r;
	r = make(root_fd, name);
	if (r < 0)
		return refused(root_fd, r, "make the class of service", name, e);
	*made |= group_bit(plan);
	*ret_fd = group_open(root_fd, name);
	r = *ret_fd;
	if (r >= 0 && plan->schemata)
		r = cgroup_file_write(*ret_fd, "schemata", plan->schemata);
	return r < 0 ? refused(root_fd, r, "set the schemata of the class of service", name, e) : 0;
}

static int enter_monitor(int root_fd, int group_fd, const struct resctrl_plan *plan, unsigned *made,
			 struct err *e)
{
	cleanup_fd int dir = -EBADF;
	int r;

	if (!plan->place.monitor)
		return 0;
	dir = cgroup_dir_open(group_fd, "mon_groups");
	r = dir < 0 ? dir : make(dir, plan->place.monitor);
	if (r == 0) {
		*made |= RESCTRL_MONITOR;
		return 0;
	}
	r = refused(root_fd, r, "make the monitoring group", plan->place.monitor, e);
	if (r == -ENOENT)
		err_hint(e, "this CPU has no monitoring: remove enableMonitoring");
	return r;
}

int resctrl_create(int root_fd, const struct resctrl_plan *plan, unsigned *ret_made, struct err *e)
{
	struct resctrl_place place = plan->place;
	cleanup_fd int group = -EBADF;
	int r = lock(root_fd, e);

	if (r < 0)
		return r;
	r = enter_group(root_fd, plan, &place.made, &group, e);
	if (r == 0)
		r = enter_monitor(root_fd, group, plan, &place.made, e);
	if (r < 0)
		(void)resctrl_remove(root_fd, &place, NULL); /* it is empty */
	else
		*ret_made = place.made;
	(void)flock(root_fd, LOCK_UN);
	return r;
}

static int update_group(int root_fd, int group_fd, const struct resctrl_place *place,
			const char *schemata, char **ret_old, struct err *e)
{
	cleanup_free char *old = malloc(SCHEMATA_SIZE);
	ssize_t n = old ? cgroup_file_read(group_fd, "schemata", old, SCHEMATA_SIZE) : -ENOMEM;
	int r = n < 0 ? (int)n : cgroup_file_write(group_fd, "schemata", schemata);

	if (r < 0)
		return refused(root_fd, r, "change the schemata of the class of service",
			       place->group, e);
	if (ret_old)
		*ret_old = take_ptr(old);
	return 0;
}

int resctrl_update(int root_fd, const struct resctrl_place *place, const char *schemata,
		   char **ret_old, struct err *e)
{
	cleanup_fd int group = -EBADF;
	int r;

	if (strcmp(place->group, RESCTRL_ROOT_GROUP) == 0) {
		err_set(e, ERR_STATE, 0, "the container is in the class of service of everybody");
		err_origin(e, FIELD);
		err_hint(e, "give it a closID, or none, when it is created");
		return -EINVAL;
	}
	r = lock(root_fd, e);
	if (r < 0)
		return r;
	group = group_open(root_fd, place->group);
	r = group < 0 ? refused(root_fd, group, "open the class of service", place->group, e)
		      : update_group(root_fd, group, place, schemata, ret_old, e);
	(void)flock(root_fd, LOCK_UN);
	return r;
}

static int enter_tasks(int dir_fd, pid_t pid)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	return cgroup_file_write(dir_fd, "tasks", number);
}

int resctrl_join(int root_fd, const struct resctrl_place *place, pid_t pid, struct err *e)
{
	cleanup_fd int group = group_open(root_fd, place->group);
	cleanup_fd int dir = -EBADF, monitor = -EBADF;
	int r = group < 0 ? group : enter_tasks(group, pid);

	if (r < 0)
		return refused(root_fd, r, "put the process into the class of service",
			       place->group, e);
	if (!place->monitor)
		return 0;
	dir = cgroup_dir_open(group, "mon_groups");
	monitor = dir < 0 ? dir : cgroup_dir_open(dir, place->monitor);
	r = monitor < 0 ? monitor : enter_tasks(monitor, pid);
	return r < 0 ? refused(root_fd, r, "put the process into the monitoring group",
			       place->monitor, e)
		     : 0;
}

static int drop(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static bool has_tasks(int group_fd)
{
	char some[16];

	return cgroup_file_read(group_fd, "tasks", some, sizeof(some)) > 0;
}

int resctrl_remove(int root_fd, const struct resctrl_place *place, struct err *e)
{
	cleanup_fd int group = -EBADF, dir = -EBADF;
	int r = 0;

	if (!place->group || !place->made)
		return 0;
	group = group_open(root_fd, place->group);
	if (group == -ENOENT)
		return 0;
	if (group < 0)
		return refused(root_fd, group, "open the class of service", place->group, e);
	if (place->made & RESCTRL_MONITOR) {
		dir = cgroup_dir_open(group, "mon_groups");
		r = dir < 0 ? 0 : drop(dir, place->monitor);
	}
	if (r < 0)
		return refused(root_fd, r, "remove the monitoring group", place->monitor, e);
	if (place->made & RESCTRL_GROUP || (place->made & RESCTRL_CLASS && !has_tasks(group)))
		r = drop(root_fd, place->group);
	return r < 0 ? refused(root_fd, r, "remove the class of service", place->group, e) : 0;
}
