// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The second gate: restored tasks are looked at while they stand, with what the kernel says of them. What the
 * images said plays no part. See restore_work.h.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/capability.h>

#include "checkpoint/restore_gate.h"
#include "checkpoint/restore_work.h"
#include "container/process.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	STATUS_MAX = 64 * 1024,
	CHILDREN_MAX = 16 * 1024 * 1024,
	TASKS_MAX = 4 * 1024 * 1024
};

/* ---- what is allowed ---- */

static bool has_op(const struct plan *p, enum plan_code code, uint64_t *ret_first_slot)
{
	for (size_t i = 0; i < p->op_count; i++) {
		if (p->ops[i].code != code)
			continue;
		if (ret_first_slot)
			*ret_first_slot = p->ops[i].slot[0];
		return true;
	}
	return false;
}

void gate_rules_of(const struct container *c, struct gate_rules *ret)
{
	const struct oci_linux *l = &c->spec->linux_;

	*ret = (struct gate_rules){
		.bounding = UINT64_MAX,
		.no_new_privs = has_op(c->plan, PLAN_CODE_no_new_privs, NULL),
		.seccomp = has_op(c->plan, PLAN_CODE_seccomp, NULL),
	};
	(void)has_op(c->plan, PLAN_CODE_bounding, &ret->bounding);
	if (oci_spec_namespace(c->spec, OCI_NS_USER)) {
		ret->uid_maps = &l->uid_mappings;
		ret->gid_maps = &l->gid_mappings;
	}
}

static bool is_mapped(const oci_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; maps && i < maps->count; i++)
		if (id >= maps->items[i].host_id &&
		    id - maps->items[i].host_id < maps->items[i].size)
			return true;
	return !maps;
}

/* ---- /proc/PID/status ---- */

static int refuse_ids(const char *what, const char *line, const oci_id_maps *maps, struct err *e)
{
	uint32_t ids[4] = { 0 };

	if (sscanf(line, "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32, &ids[0], &ids[1], &ids[2],
		   &ids[3]) != 4)
		return err_set(e, ERR_SYSTEM, EBADMSG, "read its %s", what);
	for (int i = 0; i < 4; i++) {
		if (is_mapped(maps, ids[i]))
			continue;
		err_set(e, ERR_CONFIG, 0,
			"it has the %s %" PRIu32
			" of the host, which the container's user namespace does not have",
			what, ids[i]);
		return -EBADMSG;
	}
	return 0;
}

static int check_caps(const char *what, const char *line, uint64_t allowed, struct err *e)
{
	uint64_t has;

	if (sscanf(line, "%" SCNx64, &has) != 1)
		return err_set(e, ERR_SYSTEM, EBADMSG, "read its capabilities");
	if (!(has & ~allowed))
		return 0;
	err_set(e, ERR_CONFIG, 0,
		"its %s capabilities are %#" PRIx64
		", and the config allows no more than %#" PRIx64,
		what, has, allowed);
	return -EBADMSG;
}

static int check_flag(const char *line, bool wanted, const char *lacks, struct err *e)
{
	if (!wanted || strtoul(line, NULL, 10) > 0)
		return 0;
	err_set(e, ERR_CONFIG, 0, "it has no %s, and the config wants it", lacks);
	return -EBADMSG;
}

/* One line, split at its colon. */
static int check_line(const char *key, const char *value, const struct gate_rules *rules,
		      struct err *e)
{
	static const struct {
		const char *key, *what;
	} sets[] = { { "CapInh", "inheritable" },
		     { "CapPrm", "permitted" },
		     { "CapEff", "effective" },
		     { "CapBnd", "bounding" },
		     { "CapAmb", "ambient" } };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strcmp(key, sets[i].key) == 0)
			return check_caps(sets[i].what, value, rules->bounding, e);
	if (strcmp(key, "Uid") == 0)
		return refuse_ids("user id", value, rules->uid_maps, e);
	if (strcmp(key, "Gid") == 0)
		return refuse_ids("group id", value, rules->gid_maps, e);
	if (strcmp(key, "NoNewPrivs") == 0)
		return check_flag(value, rules->no_new_privs, "no_new_privs", e);
	if (strcmp(key, "Seccomp") == 0)
		return check_flag(value, rules->seccomp, "seccomp filter", e);
	return 0;
}

/* They have ended: nothing of them runs any more. */
static bool is_dead(const char *status)
{
	const char *state = strstr(status, "\nState:");

	return state && (state[8] == 'Z' || state[8] == 'X');
}

int gate_status(char *status, const struct gate_rules *rules, struct err *e)
{
	unsigned seen = 0;
	int r = 0;

	if (is_dead(status))
		return 0;
	for (char *line = status, *next; r == 0 && line && *line; line = next) {
		char *colon;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		seen += strncmp(line, "Cap", 3) == 0 || strcmp(line, "Seccomp") == 0 ||
			strcmp(line, "NoNewPrivs") == 0;
		r = check_line(line, colon + 1, rules, e);
	}
	if (r == 0 && seen != 7) /* a kernel that does not tell is no kernel that allows */
		return err_set(e, ERR_SYSTEM, EBADMSG, "read all of its status");
	return r;
}

/* ---- the tasks ---- */

struct gate {
	const struct container *c;
	const struct restore_stage *stage;
	struct gate_rules rules;
	bool other_label; /* --lsm-profile */
	char cgroup[4096];
	pid_t *tasks; /* processes that were found; those from @done on are to be looked at */
	size_t count, room, done;
};

static int read_proc(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[96];
	cleanup_fd int fd = -EBADF;
	size_t len = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < size - 1);
	buf[len] = '\0';
	return n < 0 ? -errno : 0;
}

static int add_task(struct gate *g, pid_t pid)
{
	if (g->count == g->room) {
		size_t room = g->room ? g->room * 2 : 64;
		pid_t *tasks = room > TASKS_MAX ? NULL : realloc(g->tasks, room * sizeof(*tasks));

		if (!tasks)
			return -ENOMEM;
		g->tasks = tasks;
		g->room = room;
	}
	g->tasks[g->count++] = pid;
	return 0;
}

static int add_children(struct gate *g, pid_t pid, pid_t thread)
{
	char path[96];
	cleanup_fd int fd = -EBADF;
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_stream(fd, CHILDREN_MAX, &text, &size);
	for (char *at = text, *end; r == 0; at = end) {
		long child = strtol(at, &end, 10);

		if (end == at)
			break;
		r = add_task(g, (pid_t)child);
	}
	return r;
}

static int check_thread(struct gate *g, pid_t pid, pid_t thread, struct err *e)
{
	char name[64], status[STATUS_MAX];
	int r;

	(void)snprintf(name, sizeof(name), "task/%d/status", (int)thread);
	r = read_proc(pid, name, status, sizeof(status));
	if (r == 0)
		r = add_children(g, pid, thread);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at it");
	return gate_status(status, &g->rules, e);
}

static int check_threads(struct gate *g, pid_t pid, struct err *e)
{
	char path[64];
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return err_set(e, ERR_SYSTEM, errno, "look at its threads");
	while (r == 0 && (entry = readdir(dir))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

		if (thread > 0)
			r = check_thread(g, pid, thread, e);
	}
	(void)closedir(dir);
	return r;
}

/* ---- where it is ---- */

static int check_cgroup(const struct gate *g, pid_t pid, struct err *e)
{
	char path[4096];
	size_t len = strlen(g->cgroup);
	int r;

	if (!len)
		return 0;
	r = process_cgroup(pid, path, sizeof(path));
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "find its cgroup");
	if (strncmp(path, g->cgroup, len) == 0 && (!path[len] || path[len] == '/'))
		return 0;
	err_set(e, ERR_CONFIG, 0, "it is in the cgroup '%s', and not in that of the container",
		path);
	return -EBADMSG;
}

static bool same_namespace(pid_t a, const char *pid_b, const char *name)
{
	char path[64];
	struct stat one, other;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)a, name);
	if (stat(path, &one) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid_b, name);
	return stat(path, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Of some a task may have its own, below those of the container. */
static const struct {
	enum oci_namespace_type type;
	const char *name;
	bool own;
} namespaces[] = {
	{ OCI_NS_MOUNT, "mnt", true },	 { OCI_NS_CGROUP, "cgroup", true },
	{ OCI_NS_UTS, "uts", true },	 { OCI_NS_IPC, "ipc", true },
	{ OCI_NS_USER, "user", false },	 { OCI_NS_PID, "pid", false },
	{ OCI_NS_NETWORK, "net", true }, { OCI_NS_TIME, "time", true },
};

static int check_namespaces(const struct gate *g, pid_t pid, struct err *e)
{
	char init[16];

	(void)snprintf(init, sizeof(init), "%d", (int)g->c->init.pid);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const struct oci_namespace *n = oci_spec_namespace(g->c->spec, namespaces[i].type);
		bool ours = same_namespace(pid, "self", namespaces[i].name);
		bool inits = same_namespace(pid, init, namespaces[i].name);

		if ((n && ours && !n->path) || (!n && !ours && !namespaces[i].own) ||
		    (!namespaces[i].own && !inits)) {
			err_set(e, ERR_CONFIG, 0,
				"its %s namespace is not the one that the config wants",
				namespaces[i].name);
			return -EBADMSG;
		}
	}
	return 0;
}

/* Of another mount namespace than that of init. Who cannot mount cannot have made one either. */
static int check_mounts(const struct gate *g, pid_t pid, struct err *e)
{
	char init[16];

	(void)snprintf(init, sizeof(init), "%d", (int)g->c->init.pid);
	if (same_namespace(pid, init, "mnt"))
		return 0;
	if (g->rules.bounding >> CAP_SYS_ADMIN & 1)
		return restore_gate_namespace(g->c, g->stage, pid, &g->rules, e);
	err_set(e, ERR_CONFIG, 0, "it has a mount namespace of its own, and may not make one");
	return -EBADMSG;
}

static int check_label(const struct gate *g, pid_t pid, struct err *e)
{
	const struct oci_process *p = &g->c->spec->process;
	const char *wanted = p->apparmor_profile && *p->apparmor_profile ? p->apparmor_profile
			     : p->selinux_label				 ? p->selinux_label
									 : "";
	char label[4096];
	size_t len = strlen(wanted);
	int r;

	if (!len || g->other_label)
		return 0;
	r = read_proc(pid, "attr/current", label, sizeof(label));
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read its security label");
	label[strcspn(label, "\n")] = '\0';
	/* AppArmor adds " (enforce)" */
	if (strncmp(label, wanted, len) == 0 && (!label[len] || label[len] == ' '))
		return 0;
	err_set(e, ERR_CONFIG, 0, "its security label is '%s', and the config wants '%s'", label,
		wanted);
	return -EBADMSG;
}

static bool is_zombie(pid_t pid)
{
	char status[STATUS_MAX];

	return read_proc(pid, "status", status, sizeof(status)) == 0 && is_dead(status);
}

static int check_task(struct gate *g, pid_t pid, struct err *e)
{
	int r = check_threads(g, pid, e);

	if (r < 0 || is_zombie(pid))
		return r;
	r = check_cgroup(g, pid, e);
	if (r == 0)
		r = check_namespaces(g, pid, e);
	if (r == 0)
		r = check_mounts(g, pid, e);
	return r < 0 ? r : check_label(g, pid, e);
}

static int check_tasks(struct gate *g, struct err *e)
{
	int r = add_task(g, g->c->init.pid);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at the restored tasks");
	while (r == 0 && g->done < g->count) {
		pid_t pid = g->tasks[g->done++];

		r = check_task(g, pid, e);
		if (r < 0)
			(void)err_wrap(e, "restored task %d", (int)pid);
	}
	return r;
}

/* As /proc shows it: below the root of our cgroup namespace, like that of ctr itself. */
static int find_cgroup(struct gate *g, struct err *e)
{
	if (g->c->cgroup.fd < 0 || !g->c->record.cgroup_path)
		return 0;
	if (snprintf(g->cgroup, sizeof(g->cgroup), "%s", g->c->record.cgroup_path) >=
	    (int)sizeof(g->cgroup))
		return err_set(e, ERR_SYSTEM, ENAMETOOLONG, "find the container's cgroup");
	return 0;
}

int restore_gate(const struct container *c, const struct restore_stage *s,
		 const struct checkpoint_flags *flags, struct err *e)
{
	struct gate g = { .c = c, .stage = s, .other_label = flags->lsm_profile };
	int r;

	gate_rules_of(c, &g.rules);
	r = find_cgroup(&g, e);
	if (r == 0)
		r = check_tasks(&g, e);
	free(g.tasks);
	return r < 0 ? r : restore_gate_mounts(c, s, &g.rules, e);
}

#endif
