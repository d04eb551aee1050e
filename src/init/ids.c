// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on credentials. Fixed order (security.md R16): bounding, ids, caps; then verify. */
#include "init/init.h"

#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/filter.h>

enum {
	CAP_LIMIT = 64,
	GROUPS_MAX = 1024
};

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

static int caps_get(struct cap_sets *ret)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	int r = KERNEL_CALL(SYS_capget, &h, d);

	if (r < 0)
		return r;
	ret->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	ret->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	ret->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

static int caps_set(const struct cap_sets *c)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable },
		{ (uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
		  (uint32_t)(c->inheritable >> 32) },
	};

	return KERNEL_CALL(SYS_capset, &h, d);
}

/* The process that will execute the program inherits it. Lowering needs CAP_SYS_RESOURCE of the host. */
int op_oom_score(struct init *in, const struct plan_arg_oom_score *a)
{
	char buf[24], *text = init_decimal((int64_t)a->score, buf, sizeof(buf));
	int fd = openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int r = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	(void)in;
	if (fd >= 0)
		(void)close(fd);
	return r == -EACCES || r == -EPERM ? 0 : r;
}

int op_umask(struct init *in, const struct plan_arg_umask *a)
{
	(void)in;
	umask((mode_t)a->mask);
	return 0;
}

int op_bounding(struct init *in, const struct plan_arg_bounding *a)
{
	(void)in;
	for (int cap = 0; cap < CAP_LIMIT; cap++) {
		if (a->caps >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno; /* past the last one of this kernel */
	}
	return 0;
}

/*
 * The raw calls: of a C library they are for all threads of a process, signals blocked meanwhile. There is
 * one here.
 */
static int raw_setgroups(const gid_t *list, size_t count)
{
	return KERNEL_CALL(SYS_setgroups, count, list);
}

static int raw_set_ids(uid_t uid, gid_t gid)
{
	int r = KERNEL_CALL(SYS_setresgid, gid, gid, gid);

	return r < 0 ? r : KERNEL_CALL(SYS_setresuid, uid, uid, uid);
}

/* A user namespace may deny setgroups (user_namespaces(7)): no groups wanted and none left is fine. */
static int change_groups(const gid_t *list, size_t count)
{
	int r = raw_setgroups(list, count);

	if (r != -EPERM || count)
		return r;
	return getgroups(0, NULL) == 0 ? 0 : -EPERM;
}

int op_groups_none(struct init *in, const struct plan_arg_groups_none *a)
{
	int r = raw_setgroups(NULL, 0);

	(void)in;
	(void)a;
	return r == -EPERM ? 0 : r; /* without the privilege they stay: op_ids looks again */
}

/* Capabilities survive here, so that what follows (seccomp without no_new_privs) still works. */
static int change_ids(uid_t uid, gid_t gid)
{
	struct cap_sets c;
	int r;

	/* who becomes or stays root loses none: capabilities(7) */
	if (uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	r = raw_set_ids(uid, gid);
	if (r == 0 && uid && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		r = -errno;
	/* a change of ids may make us dumpable again (R12), and no longer end with ctr */
	if (r == 0 && (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0))
		r = -errno;
	if (r < 0 || !uid)
		return r;
	r = caps_get(&c);
	if (r < 0)
		return r;
	c.effective = c.permitted;
	return caps_set(&c);
}

int op_ids(struct init *in, const struct plan_arg_ids *a)
{
	size_t len;
	const void *groups = init_blob(in, a->groups, &len);
	gid_t list[GROUPS_MAX];
	int r;

	if (len > sizeof(list))
		return -EINVAL;
	memcpy(list, groups, len); /* the pool is not aligned */
	r = change_groups(list, len / sizeof(gid_t));
	return r < 0 ? r : change_ids((uid_t)a->uid, (gid_t)a->gid);
}

int op_ids_alone(struct init *in, const struct plan_arg_ids_alone *a)
{
	(void)in;
	return change_ids((uid_t)a->uid, (gid_t)a->gid);
}

int op_caps(struct init *in, const struct plan_arg_caps *a)
{
	struct cap_sets c = { a->effective, a->permitted, a->inheritable };
	int r = caps_set(&c);

	(void)in;
	if (r < 0)
		return r;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (int cap = 0; cap < CAP_LIMIT; cap++)
		if (a->ambient >> cap & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

/* The sets that capget(2) does not tell are read bit by bit. */
static int read_bounding(uint64_t *ret)
{
	uint64_t bits = 0;

	for (unsigned long cap = 0; cap < CAP_LIMIT; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (has < 0)
			break; /* past the last one */
		bits |= (uint64_t)(has > 0) << cap;
	}
	*ret = bits;
	return 0;
}

/* None can be ambient that is not permitted and inheritable: capabilities(7). */
static uint64_t read_ambient(uint64_t among)
{
	uint64_t bits = 0;

	for (unsigned long cap = 0; cap < CAP_LIMIT; cap++)
		if (among >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0)
			bits |= (uint64_t)1 << cap;
	return bits;
}

/* ---- everything was set without an error; now ask the kernel whether it is so ---- */

int op_verify_ids(struct init *in, const struct plan_arg_verify_ids *a)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0)
		return -errno;
	if (ruid != a->uid || euid != a->uid || suid != a->uid || rgid != a->gid ||
	    egid != a->gid || sgid != a->gid)
		return init_fail(in, PLAN_STAGE_MISMATCH, "other ids", -EPERM);
	return 0;
}

static bool all_among(const gid_t *some, size_t n, const gid_t *list, size_t count)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < count && list[k] != some[i])
			k++;
		if (k == count)
			return false;
	}
	return true;
}

/* The kernel keeps them in an order of its own. */
int op_verify_groups(struct init *in, const struct plan_arg_verify_groups *a)
{
	gid_t want[GROUPS_MAX], is[GROUPS_MAX];
	size_t len;
	const void *groups = init_blob(in, a->groups, &len);
	size_t n = len / sizeof(gid_t);
	int count = getgroups(GROUPS_MAX, is);

	if (len > sizeof(want))
		return -EINVAL;
	memcpy(want, groups, len);
	if (count < 0 && errno != EINVAL) /* EINVAL: there are more than fit */
		return -errno;
	if (count < 0 || !all_among(want, n, is, (size_t)count) ||
	    !all_among(is, (size_t)count, want, n))
		return init_fail(in, PLAN_STAGE_MISMATCH, "other groups", -EPERM);
	return 0;
}

int op_verify_bounding(struct init *in, const struct plan_arg_verify_bounding *a)
{
	uint64_t bits;
	int r = a->proc ? proc_bounding(init_reg(in, a->proc), &bits) : read_bounding(&bits);

	if (r < 0)
		return r;
	if (bits & ~a->caps)
		return init_fail(in, PLAN_STAGE_MISMATCH, "a larger bounding set", -EPERM);
	return 0;
}

int op_verify_caps(struct init *in, const struct plan_arg_verify_caps *a)
{
	struct cap_sets c;
	int r = caps_get(&c);

	if (r < 0)
		return r;
	if (c.effective != a->effective || c.permitted != a->permitted ||
	    c.inheritable != a->inheritable)
		return init_fail(in, PLAN_STAGE_MISMATCH, "other capabilities", -EPERM);
	if (read_ambient(c.permitted & c.inheritable) != a->ambient)
		return init_fail(in, PLAN_STAGE_MISMATCH, "other ambient capabilities", -EPERM);
	return 0;
}

int op_no_new_privs(struct init *in, const struct plan_arg_no_new_privs *a)
{
	(void)in;
	(void)a;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int op_seccomp(struct init *in, const struct plan_arg_seccomp *a)
{
	size_t len;
	const char *blob = init_blob(in, a->filter, &len);
	struct sock_fprog prog = {
		.len = (unsigned short)(len / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)blob,
	};
	int fd, r;

	fd = KERNEL_CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)a->flags, &prog);
	if (fd < 0 || !(a->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return fd < 0 ? fd : 0;
	r = init_send(in, PLAN_MSG_NOTIFY, fd, fd);
	(void)close(fd);
	return r;
}
