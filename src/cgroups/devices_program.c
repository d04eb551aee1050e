// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device rules as a BPF_PROG_TYPE_CGROUP_DEVICE program. Pure: builds instructions, loads nothing.
 *
 * The list means what it meant to the cgroup v1 controller, on which the specification models it:
 * for each access bit of a request the last rule that covers device and bit decides, and the
 * request passes when all its bits do. The program walks the rules backwards with the set of bits
 * that are still undecided: a matching deny rule that holds one of them ends it with "no", an allow
 * rule takes its bits out, and when none is left the answer is "yes".
 *
 * What the kernel's verifier takes for a program grows with its instructions, and each start of a container pays for it.
 * Neighbours with the same verdict may stand in any order. They are sorted, so that rules of one type share
 * the test for it, and those of one major number that one, too.
 */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"

#define ANY CGROUP_DEVICE_ANY

enum {
	RULE_INSNS_MAX = 7,  /* what one rule can append */
	FRAME_INSNS_MAX = 9, /* start and end of the program */
	PASS = 1,
	REFUSE = 0,
	/* offsets of jumps until the end of the program is known; none goes backwards */
	TO_PASS = -1,
	TO_REFUSE = -2,
	NOWHERE = -1 /* in place of the index of a jump */
};

enum { /* register use */
	R_RESULT = BPF_REG_0,
	R_CONTEXT = BPF_REG_1,
	R_ACCESS = BPF_REG_2, /* bits still undecided */
	R_TYPE = BPF_REG_3,
	R_NUMBER = BPF_REG_4, /* major or minor, loaded anew for each group of tests */
};

struct program {
	struct bpf_insn *insns;
	size_t count;
};

static void put(struct program *p, uint8_t code, unsigned dst, unsigned src, int16_t off,
		uint32_t imm)
{
	p->insns[p->count++] = (struct bpf_insn){ .code = code,
						  .dst_reg = dst & 15,
						  .src_reg = src & 15,
						  .off = off,
						  .imm = (int32_t)imm };
}

static void put_load(struct program *p, unsigned dst, size_t offset)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, dst, R_CONTEXT, (int16_t)offset, 0);
}

static void put_return(struct program *p, uint32_t verdict)
{
	put(p, BPF_ALU | BPF_MOV | BPF_K, R_RESULT, 0, 0, verdict);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* "If the register is (@op) this value, that is the answer." */
static void put_verdict(struct program *p, uint8_t op, unsigned reg, uint32_t value, bool allow)
{
	put(p, BPF_JMP32 | op | BPF_K, reg, 0, allow ? TO_PASS : TO_REFUSE, value);
}

/* "If the register is another value, go on at land()." */
static int put_unless(struct program *p, unsigned reg, uint32_t value)
{
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, value);
	return (int)p->count - 1;
}

static int put_unless_type(struct program *p, char type)
{
	if (type == 'a')
		return NOWHERE;
	return put_unless(p, R_TYPE, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
}

static void land(struct program *p, int jump)
{
	if (jump != NOWHERE)
		p->insns[jump].off = (int16_t)((int)p->count - jump - 1);
}

static void put_major(struct program *p)
{
	put_load(p, R_NUMBER, offsetof(struct bpf_cgroup_dev_ctx, major));
}

static void put_minor(struct program *p)
{
	put_load(p, R_NUMBER, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static void put_start(struct program *p)
{
	put_load(p, R_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	put(p, BPF_ALU | BPF_MOV | BPF_X, R_TYPE, R_ACCESS, 0, 0);
	put(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	put(p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	/* no bit at all: access(2) with F_OK; existence is no secret */
	put_verdict(p, BPF_JEQ, R_ACCESS, 0, true);
}

static bool is_whole(const struct cgroup_device_rule *rule)
{
	return rule->access == CGROUP_DEVICE_ALL;
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Those that decide all bits first, then what can share tests side by side; ANY is the smallest number. */
static int compare_rules(const void *va, const void *vb)
{
	const struct cgroup_device_rule *a = va, *b = vb;
	int r = is_whole(b) - is_whole(a);

	if (r == 0)
		r = a->type - b->type;
	if (r == 0)
		r = compare_numbers(a->major, b->major);
	if (r == 0)
		r = compare_numbers(a->minor, b->minor);
	return r ? r : compare_numbers(a->access, b->access);
}

/* How many of the @n rules at the start have the type of the first. */
static size_t same_type(const struct cgroup_device_rule *rules, size_t n)
{
	size_t i = 1;

	while (i < n && rules[i].type == rules[0].type)
		i++;
	return i;
}

static size_t same_major(const struct cgroup_device_rule *rules, size_t n)
{
	size_t i = 1;

	while (i < n && rules[i].major == rules[0].major)
		i++;
	return i;
}

/* Whole rules of one type and one major number. True when nothing of that type can come behind them. */
static bool put_group(struct program *p, const struct cgroup_device_rule *rules, size_t n)
{
	uint32_t major = (uint32_t)rules[0].major;
	bool allow = rules[0].allow;
	int other = NOWHERE;

	if (rules[0].major == ANY && rules[0].minor == ANY) {
		put(p, BPF_JMP | BPF_JA, 0, 0, allow ? TO_PASS : TO_REFUSE, 0);
		return true;
	}
	if (rules[0].major != ANY)
		put_major(p);
	if (rules[0].minor == ANY) { /* the others are part of it */
		put_verdict(p, BPF_JEQ, R_NUMBER, major, allow);
		return false;
	}
	if (rules[0].major != ANY)
		other = put_unless(p, R_NUMBER, major);
	put_minor(p);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || rules[i].minor != rules[i - 1].minor)
			put_verdict(p, BPF_JEQ, R_NUMBER, (uint32_t)rules[i].minor, allow);
	land(p, other);
	return false;
}

/* Whole rules of one verdict, sorted. False when nothing can come behind them. */
static bool put_whole(struct program *p, const struct cgroup_device_rule *rules, size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		int other = put_unless_type(p, rules[at].type);
		bool closed = false;

		end = at + same_type(rules + at, n - at);
		for (size_t i = at, size; i < end && !closed; i += size) {
			size = same_major(rules + i, end - i);
			closed = put_group(p, rules + i, size);
		}
		land(p, other);
		if (closed && rules[at].type == 'a')
			return false;
	}
	return true;
}

/* A rule about some of the access bits: of an allowed request the others are still undecided. */
static void put_partial(struct program *p, const struct cgroup_device_rule *rule)
{
	int other[3] = { put_unless_type(p, rule->type), NOWHERE, NOWHERE };

	if (rule->major != ANY) {
		put_major(p);
		other[1] = put_unless(p, R_NUMBER, (uint32_t)rule->major);
	}
	if (rule->minor != ANY) {
		put_minor(p);
		other[2] = put_unless(p, R_NUMBER, (uint32_t)rule->minor);
	}
	if (rule->allow) {
		put(p, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0,
		    ~rule->access & CGROUP_DEVICE_ALL);
		put_verdict(p, BPF_JEQ, R_ACCESS, 0, true);
	} else {
		put_verdict(p, BPF_JSET, R_ACCESS, rule->access, false);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		land(p, other[i]);
}

/* Neighbours with one verdict, which are sorted here. False when nothing can come behind them. */
static bool put_run(struct program *p, struct cgroup_device_rule *rules, size_t n)
{
	size_t whole = 0;

	qsort(rules, n, sizeof(*rules), compare_rules);
	while (whole < n && is_whole(&rules[whole]))
		whole++;
	if (!put_whole(p, rules, whole))
		return false;
	for (size_t i = whole; i < n; i++)
		if (i == whole || compare_rules(&rules[i], &rules[i - 1]) != 0)
			put_partial(p, &rules[i]);
	return true;
}

static bool refuses(const struct program *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->insns[i].off == TO_REFUSE)
			return true;
	return false;
}

/* The answers, and the jumps to them. The verifier wants no instruction that cannot be reached. */
static void put_end(struct program *p, bool open_end)
{
	size_t refuse = p->count, pass, rules = p->count;

	if (open_end || refuses(p))
		put_return(p, REFUSE);
	pass = p->count;
	put_return(p, PASS);
	for (size_t i = 0; i < rules; i++) {
		struct bpf_insn *in = &p->insns[i];

		if (in->off == TO_PASS || in->off == TO_REFUSE)
			in->off = (int16_t)((in->off == TO_PASS ? pass : refuse) - i - 1);
	}
}

int cgroup_devices_program(struct cgroup_builder *b)
{
	size_t count = b->plan->devices.rule_count, end = count;
	struct cgroup_device_rule *rules = arena_array(b->a, count, sizeof(*rules));
	struct program p = { 0 };
	bool open_end = true;

	p.insns = arena_array(b->a, count * RULE_INSNS_MAX + FRAME_INSNS_MAX, sizeof(*p.insns));
	if (!p.insns || !rules)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	memcpy(rules, b->plan->devices.rules, count * sizeof(*rules));
	put_start(&p);
	while (end > 0 && open_end) {
		size_t start = end - 1;

		while (start > 0 && rules[start - 1].allow == rules[end - 1].allow)
			start--;
		open_end = put_run(&p, rules + start, end - start);
		end = start;
	}
	put_end(&p, open_end);
	b->plan->devices.insns = p.insns;
	b->plan->devices.insn_count = p.count;
	return 0;
}
