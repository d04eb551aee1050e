// SPDX-License-Identifier: GPL-2.0-or-later
/* linux.seccomp -> BPF, by libseccomp. */
#include "security/security.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>

#include "oci/names.h"
#include "security/seccomp_newer.h"
#include "util/cleanup.h"

enum {
	MAX_FILTER = 4096 * 8
}; /* BPF_MAXINSNS instructions of 8 bytes */

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

/* ERRNO and TRACE carry a value in the action's low 16 bits; EPERM when none is given. */
static uint32_t with_data(uint32_t action, const struct opt_u64 *value)
{
	if (action == SCMP_ACT_ERRNO(0))
		return SCMP_ACT_ERRNO(value->set ? value->value & 0xffff : EPERM);
	if (action == SCMP_ACT_TRACE(0))
		return SCMP_ACT_TRACE(value->set ? value->value & 0xffff : EPERM);
	return action;
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct err *e)
{
	for (size_t i = 0; i < s->architectures.count; i++) {
		int r = seccomp_arch_add(ctx, s->architectures.items[i]);

		/* another byte order: no process of this machine can make such a call */
		if (r < 0 && r != -EEXIST && r != -EDOM) {
			err_set(e, ERR_CONFIG, -r, "add the architecture to the seccomp filter");
			err_origin(e, "config.json /linux/seccomp/architectures/%zu", i);
			r = err_keep(e, r);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* libseccomp cannot AND two conditions on one argument: each becomes a rule of its own, an OR. */
static bool repeats_index(const struct oci_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->args.count; i++) {
		if (seen >> rule->args.items[i].index & 1)
			return true;
		seen |= 1U << rule->args.items[i].index;
	}
	return false;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr,
		    const struct oci_seccomp_rule *rule)
{
	struct scmp_arg_cmp cmp[6];
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < rule->args.count && n < 6; i++, n++) {
		const struct oci_seccomp_arg *a = &rule->args.items[i];

		cmp[n] = (struct scmp_arg_cmp){ a->index, (enum scmp_compare)a->op, a->value,
						a->value_two };
	}
	if (!repeats_index(rule))
		return seccomp_rule_add_array(ctx, action, nr, (unsigned)n, n ? cmp : NULL);
	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &cmp[i]);
	return r;
}

/*
 * ctr-init hands the notify descriptor over by sendmsg, when the filter is already in force: nobody
 * could answer a notification of that very call.
 */
static int check_notify(const struct oci_seccomp_rule *rule, size_t index, struct err *e)
{
	for (size_t k = 0; rule->action == SCMP_ACT_NOTIFY && k < rule->names.count; k++) {
		if (strcmp(rule->names.items[k], "sendmsg") != 0)
			continue;
		err_set(e, ERR_CONFIG, 0,
			"seccomp: sendmsg cannot be notified: it carries the notify descriptor");
		err_origin(e, "config.json /linux/seccomp/syscalls/%zu", index);
		return err_keep(e, -EINVAL);
	}
	return 0;
}

/* Each takes an instruction at least, and libseccomp's time for them grows with the square. */
static int check_conditions(const struct oci_seccomp *s, struct err *e)
{
	size_t conditions = 0;

	for (size_t i = 0; i < s->syscalls.count; i++)
		if (s->syscalls.items[i].args.count)
			conditions += s->syscalls.items[i].names.count;
	if (conditions <= BPF_MAXINSNS)
		return 0;
	err_set(e, ERR_CONFIG, E2BIG,
		"the seccomp filter has %zu rules with conditions, the kernel takes %d "
		"instructions",
		conditions, BPF_MAXINSNS);
	err_origin(e, "config.json /linux/seccomp/syscalls");
	return err_keep(e, -E2BIG);
}

static int add_rules(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct err *e)
{
	uint32_t fallback = with_data(s->default_action, &s->default_errno_ret);

	if (check_conditions(s, e) < 0)
		return -E2BIG;
	for (size_t i = 0; i < s->syscalls.count; i++) {
		const struct oci_seccomp_rule *rule = &s->syscalls.items[i];
		uint32_t action = with_data(rule->action, &rule->errno_ret);

		if (check_notify(rule, i, e) < 0)
			return -EINVAL;
		if (action == fallback)
			continue; /* libseccomp refuses rules that change nothing */
		for (size_t k = 0; k < rule->names.count; k++) {
			int nr = seccomp_syscall_resolve_name(rule->names.items[k]), r;

			if (nr == __NR_SCMP_ERROR)
				continue; /* newer than this libseccomp, or of another architecture */
			r = add_rule(ctx, action, nr, rule);
			if (r < 0 && r != -EEXIST) {
				err_set(e, ERR_CONFIG, -r,
					"add system call '%s' to the seccomp filter",
					rule->names.items[k]);
				err_origin(e, "config.json /linux/seccomp/syscalls/%zu", i);
				r = err_keep(e, r);
				if (r < 0)
					return r;
			}
		}
	}
	return 0;
}

/* libseccomp 2.5 can export to a file only. */
static int export(scmp_filter_ctx ctx, struct seccomp_filter *ret, struct err *e)
{
	cleanup_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a memfd");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "compile the seccomp filter");
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > MAX_FILTER)
		return err_set(e, ERR_CONFIG, E2BIG, "the seccomp filter has %lld instructions",
			       (long long)st.st_size / 8);
	ret->data = malloc((size_t)st.st_size);
	if (!ret->data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compile the seccomp filter");
	ret->size = (size_t)st.st_size;
	if (pread(fd, ret->data, ret->size, 0) != (ssize_t)ret->size) {
		security_filter_free(ret);
		return err_set(e, ERR_SYSTEM, EIO, "read the seccomp filter");
	}
	return 0;
}

int security_filter_compile(const struct oci_seccomp *s, struct seccomp_filter *ret, struct err *e)
{
	cleanup_(release) scmp_filter_ctx ctx =
		seccomp_init(with_data(s->default_action, &s->default_errno_ret));
	int r;

	if (!ctx)
		return err_set(e, ERR_CONFIG, 0, "libseccomp does not accept the default action");
	/* a call through an architecture that is not listed kills the process (A12) */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0) /* a binary tree costs the payload less per call than a list */
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "prepare the seccomp filter");
	r = add_archs(ctx, s, e);
	if (r == 0)
		r = add_rules(ctx, s, e);
	if (r == 0)
		r = export(ctx, ret, e);
	if (r < 0)
		return r;
	r = seccomp_newer_prepend(s, ret, e);
	if (r < 0)
		security_filter_free(ret);
	return r;
}

int security_filter_check_names(const struct oci_seccomp *s, struct err *e)
{
	for (size_t i = 0; i < s->syscalls.count; i++) {
		const oci_strings *names = &s->syscalls.items[i].names;

		for (size_t k = 0; k < names->count; k++) {
			if (seccomp_syscall_resolve_name(names->items[k]) != __NR_SCMP_ERROR)
				continue;
			err_set(e, ERR_CONFIG, 0, "seccomp: unknown system call '%s'",
				names->items[k]);
			err_origin(e, "config.json /linux/seccomp/syscalls/%zu/names/%zu", i, k);
			err_hint(e, "remove it, or the annotation that asks for this check");
			if (err_keep(e, -EINVAL) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

int security_library_version(char *buf, size_t size)
{
	const struct scmp_version *v = seccomp_version();
	int n = snprintf(buf, size, "%u.%u.%u", v->major, v->minor, v->micro);

	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}
