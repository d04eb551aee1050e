// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on init's own namespaces and on what they hold besides mounts. */
#include "init/init.h"

#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>

/* What the kernel gives to a session keyring, and the right of its owner to search it: keyctl(2). */
enum {
	KEYRING_POSSESSOR_ALL = 0x3f000000,
	KEYRING_USER_VIEW = 0x00010000,
	KEYRING_USER_READ = 0x00020000,
	KEYRING_USER_SEARCH = 0x00080000,
	KEYRING_USER_LINK = 0x00100000,
	SESSION_KEYRING_PERM = KEYRING_POSSESSOR_ALL | KEYRING_USER_VIEW | KEYRING_USER_READ |
			       KEYRING_USER_SEARCH | KEYRING_USER_LINK,
};

int op_section(struct init *in, const struct plan_arg_section *a)
{
	(void)in;
	(void)a; /* a heading is for people */
	return 0;
}

int op_setns(struct init *in, const struct plan_arg_setns *a)
{
	if (setns(init_reg(in, a->ns), (int)a->type) < 0)
		return -errno;
	init_reg_close(in, a->ns);
	/* joining a user namespace makes us dumpable again (security.md R12) */
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int op_setns_try(struct init *in, const struct plan_arg_setns_try *a)
{
	const struct plan_arg_setns join = { .ns = a->ns, .type = a->type };
	int r = op_setns(in, &join);

	return r == -EPERM ? 0 : r; /* the register stays full: setns_rest has another go */
}

int op_setns_rest(struct init *in, const struct plan_arg_setns_rest *a)
{
	const struct plan_arg_setns join = { .ns = a->ns, .type = a->type };

	return init_reg(in, a->ns) < 0 ? 0 : op_setns(in, &join);
}

int op_unshare(struct init *in, const struct plan_arg_unshare *a)
{
	(void)in;
	return unshare((int)a->flags) < 0 ? -errno : 0;
}

/*
 * Files in /proc of a process that is not dumpable belong to root of the user namespace that it was
 * executed in, which may be nobody, or not us. For the one call nothing of ours is worth looking at.
 */
static int open_own(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd >= 0 || errno != EACCES)
		return fd < 0 ? -errno : fd;
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	fd = open(path, O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : fd;
	if (prctl(PR_SET_DUMPABLE, 0) == 0)
		return r;
	r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Append @word and @end to the text that ends at @at; returns the new end. */
static char *append(char *at, const char *word, char end)
{
	size_t n = strlen(word);

	memcpy(at, word, n);
	at[n] = end;
	return at + n + 1;
}

/* Does the kernel's table, of which it prints the columns with blanks between, have this line? */
static bool has_line(const char *table, const char *line)
{
	const char *want = line;

	for (; *table && *want; table++) {
		if (*table == *want)
			want++;
		else if (*table == ' ' && want > line && want[-1] == ' ')
			continue;
		else
			want = line;
	}
	return !*want;
}

int op_clock(struct init *in, const struct plan_arg_clock *a)
{
	char line[80], table[256], number[24], *end = line;
	int fd = open_own("/proc/self/timens_offsets"), r = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	end = append(end, init_str(in, a->clock), ' ');
	end = append(end, init_decimal((int64_t)a->secs, number, sizeof(number)), ' ');
	end = append(end, init_decimal((int64_t)a->nanosecs, number, sizeof(number)), '\n');
	*end = '\0';
	if (write(fd, line, (size_t)(end - line)) < 0)
		r = -errno;
	/* written is not yet done: security.md R10 */
	n = r < 0 ? 0 : pread(fd, table, sizeof(table) - 1, 0);
	if (n < 0)
		r = -errno;
	table[n > 0 ? n : 0] = '\0';
	(void)close(fd);
	return r < 0 || has_line(table, line) ? r : -EIO;
}

/* A joined pid namespace holds for children only. The child becomes a child of ctr, not ours. */
int op_fork(struct init *in, const struct plan_arg_fork *a)
{
	struct kernel_clone_args args = { .flags = CLONE_PARENT };
	int pid;

	(void)a;
	init_drop_flush(in);
	pid = kernel_clone3(&args);
	if (pid < 0)
		return pid;
	if (pid > 0)
		_exit(init_send(in, PLAN_MSG_PID, pid, -1) < 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	(void)setsid();
	return init_wait_go(in);
}

int op_become(struct init *in, const struct plan_arg_become *a)
{
	(void)in;
	if (setresgid((gid_t)a->gid, (gid_t)a->gid, (gid_t)a->gid) < 0 ||
	    setresuid((uid_t)a->uid, (uid_t)a->uid, (uid_t)a->uid) < 0)
		return -errno;
	/* a change of ids takes back both */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return 0;
}

int op_sync(struct init *in, const struct plan_arg_sync *a)
{
	int r = init_send(in, PLAN_MSG_SYNC, (int64_t)a->what, -1);

	if (r == 0)
		r = init_wait_go(in);
	if (r < 0)
		return r;
	/* from here on the record says that we exist: ctr may go away */
	if (a->what == PLAN_SYNC_READY && prctl(PR_SET_PDEATHSIG, 0) < 0)
		return -errno;
	return 0;
}

int op_keyring(struct init *in, const struct plan_arg_keyring *a)
{
	int r = KERNEL_CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, init_str(in, a->name));

	/* kernels without keys, and a full quota, must not prevent a start (checklist 1.3, D23) */
	if (r < 0)
		return r == -ENOSYS || r == -EDQUOT || r == -EPERM ? 0 : r;
	/* 0, no serial: it is ours already, in a container within a container of the same name */
	if (r == 0)
		return 0;
	/* exec finds it by its name; one that others made searchable is not ours to change */
	r = KERNEL_CALL(SYS_keyctl, KEYCTL_SETPERM, r, (unsigned)SESSION_KEYRING_PERM);
	return r < 0 && r != -EACCES ? r : 0;
}

int op_hostname(struct init *in, const struct plan_arg_hostname *a)
{
	const char *name = init_str(in, a->name);

	return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}

int op_domainname(struct init *in, const struct plan_arg_domainname *a)
{
	const char *name = init_str(in, a->name);

	return setdomainname(name, strlen(name)) < 0 ? -errno : 0;
}

/* Send one prepared rtnetlink request and read the kernel's acknowledgement. */
int op_netlink(struct init *in, const struct plan_arg_netlink *a)
{
	union {
		struct nlmsghdr h;
		char buf[4096];
	} reply;
	const struct nlmsgerr *ack;
	size_t len;
	const char *request = init_blob(in, a->message, &len);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	n = send(fd, request, len, 0);
	if (n >= 0)
		n = recv(fd, &reply, sizeof(reply), 0);
	r = n < 0 ? -errno : 0;
	init_drop(in, fd);
	if (r < 0)
		return r;
	if ((size_t)n < NLMSG_LENGTH(sizeof(*ack)) || reply.h.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	ack = NLMSG_DATA(&reply.h);
	return ack->error;
}

/* Requests through it act on our network namespace, whoever sends them. */
int op_net_socket(struct init *in, const struct plan_arg_net_socket *a)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	(void)a;
	if (fd < 0)
		return -errno;
	r = init_send(in, PLAN_MSG_NETWORK, 0, fd);
	(void)close(fd);
	return r;
}
