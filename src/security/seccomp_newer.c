// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls newer than the profile. A profile that denies what it does not list denies, with EPERM,
 * calls that did not exist when it was written, and programs then do not try the older call (glibc:
 * clone3, faccessat2). So calls above the highest number that the profile names are ENOSYS, as if the
 * kernel were as old as the profile (checklist 1.8): a few instructions in front of the filter.
 */
#include "security/seccomp_newer.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

enum {
	X32_BIT = 0x40000000,
	ARCH_MAX = 32,
	BLOCK_MAX = 9, /* instructions for one architecture */
	TO_FILTER = 0, /* the distance is known at the end */
};

/* The highest number of one architecture; x32 shares its audit number with x86-64. */
struct newest {
	uint32_t token;
	int64_t nr; /* -1: the profile names no call of it */
};

struct code {
	struct sock_filter insns[ARCH_MAX * BLOCK_MAX + 1];
	size_t count;
};

static int64_t newest_of(const struct oci_seccomp *s, uint32_t token)
{
	int64_t newest = -1;

	for (size_t i = 0; i < s->syscalls.count; i++)
		for (size_t k = 0; k < s->syscalls.items[i].names.count; k++) {
			int nr = seccomp_syscall_resolve_name_arch(
				token, s->syscalls.items[i].names.items[k]);

			if (nr >= 0 && nr > newest) /* negative: unknown, or multiplexed */
				newest = nr;
		}
	return newest;
}

static bool has_arch(const struct newest *list, size_t count, uint32_t token)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].token == token)
			return true;
	return false;
}

static int64_t nr_of(const struct newest *list, size_t count, uint32_t token)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].token == token)
			return list[i].nr;
	return -1;
}

/* The native one is in every filter. */
static size_t list_archs(const struct oci_seccomp *s, struct newest *list)
{
	size_t n = 0;

	list[n++].token = seccomp_arch_native();
	for (size_t i = 0; i < s->architectures.count && n < ARCH_MAX; i++)
		if (!has_arch(list, n, s->architectures.items[i]))
			list[n++].token = s->architectures.items[i];
	for (size_t i = 0; i < n; i++)
		list[i].nr = newest_of(s, list[i].token);
	return n;
}

static void stmt(struct code *c, unsigned code, uint32_t k)
{
	c->insns[c->count++] = (struct sock_filter)BPF_STMT((uint16_t)code, k);
}

static void jump(struct code *c, unsigned code, uint32_t k, size_t jt, size_t jf)
{
	c->insns[c->count++] =
		(struct sock_filter)BPF_JUMP((uint16_t)code, k, (uint8_t)jt, (uint8_t)jf);
}

/* The accumulator holds the number of a call: above @nr there is nothing, else the filter decides. */
static void limit(struct code *c, int64_t nr)
{
	if (nr >= 0) {
		jump(c, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)nr, 0, 1);
		stmt(c, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	stmt(c, BPF_JMP | BPF_JA, TO_FILTER);
}

/* The accumulator holds the architecture: if it is another one, it stays there for the next block. */
static void block(struct code *c, uint32_t audit, int64_t nr, int64_t x32)
{
	size_t start = c->count;

	jump(c, BPF_JMP | BPF_JEQ | BPF_K, audit, 0, 0);
	stmt(c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	/* numbers of x32 are not newer ones of x86-64 */
	if (audit == SCMP_ARCH_X86_64)
		jump(c, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, nr >= 0 ? 3 : 1, 0);
	limit(c, nr);
	if (audit == SCMP_ARCH_X86_64)
		limit(c, x32);
	c->insns[start].jf = (uint8_t)(c->count - start - 1);
}

static void generate(const struct newest *list, size_t n, struct code *c)
{
	int64_t x32 = nr_of(list, n, SCMP_ARCH_X32);

	stmt(c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n; i++) {
		bool has_x32 = list[i].token == SCMP_ARCH_X86_64 && x32 >= 0;

		if (list[i].token != SCMP_ARCH_X32 && (list[i].nr >= 0 || has_x32))
			block(c, list[i].token, list[i].nr, x32);
	}
	for (size_t i = 0; i < c->count; i++)
		if (c->insns[i].code == (BPF_JMP | BPF_JA))
			c->insns[i].k = (uint32_t)(c->count - i - 1);
}

/* Where what is not listed is allowed, or somebody is asked, nothing is in the way of a new call. */
static bool denies(const struct oci_seccomp *s)
{
	switch (s->default_action) {
	case SCMP_ACT_ALLOW:
	case SCMP_ACT_LOG:
	case SCMP_ACT_NOTIFY:
	case SCMP_ACT_TRACE(0): return false;
	case SCMP_ACT_ERRNO(0):
		return !s->default_errno_ret.set || s->default_errno_ret.value != ENOSYS;
	default: return true;
	}
}

int seccomp_newer_prepend(const struct oci_seccomp *s, struct seccomp_filter *f, struct err *e)
{
	struct newest list[ARCH_MAX];
	struct code c = { .count = 0 };
	char *data;
	size_t size;

	if (!denies(s))
		return 0;
	generate(list, list_archs(s, list), &c);
	if (c.count == 1)
		return 0; /* the profile names no call at all */
	size = c.count * sizeof(c.insns[0]);
	if (f->size + size > BPF_MAXINSNS * sizeof(c.insns[0]))
		return err_set(e, ERR_CONFIG, E2BIG, "the seccomp filter has %zu instructions",
			       (f->size + size) / sizeof(c.insns[0]));
	data = malloc(f->size + size);
	if (!data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "compile the seccomp filter");
	memcpy(data, c.insns, size);
	memcpy(data + size, f->data, f->size);
	free(f->data);
	f->data = data;
	f->size += size;
	return 0;
}
