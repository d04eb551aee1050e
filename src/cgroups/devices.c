// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.resources.devices as a BPF_PROG_TYPE_CGROUP_DEVICE program. Pure: builds instructions,
 * loads nothing.
 *
 * The list means what it meant to the cgroup v1 controller, on which the specification models it:
 * for each access bit of a request the last rule that covers device and bit decides, and the
 * request passes when all its bits do. The program walks the rules backwards with the set of bits
 * that are still undecided: a matching deny rule that holds one of them ends it with "no", an allow
 * rule takes its bits out, and when none is left the answer is "yes".
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "cgroups/internal.h"

enum {
	RULE_INSNS_MAX = 9,   /* what rule_emit can append for one rule */
	FRAME_INSNS_MAX = 12, /* start and end of the program */
	/* The verifier gives up when 8192 branches wait for it; a rule leaves up to 4 of them. */
	RULES_MAX = 1024,
	PASS = 1,
	REFUSE = 0,
};

#define ANY (-1)

/* Present in every container (runtime-spec "Default Devices"), and harmless: always allowed. */
static const struct cgroup_device_rule default_rules[] = {
	{ true, 'c', ANY, ANY, CGROUP_DEVICE_MKNOD, NULL }, /* making a node opens nothing */
	{ true, 'b', ANY, ANY, CGROUP_DEVICE_MKNOD, NULL },
	{ true, 'c', 10, 200, CGROUP_DEVICE_ALL, NULL },  /* net/tun */
	{ true, 'c', 5, 1, CGROUP_DEVICE_ALL, NULL },	  /* console */
	{ true, 'c', 5, 2, CGROUP_DEVICE_ALL, NULL },	  /* ptmx */
	{ true, 'c', 5, 0, CGROUP_DEVICE_ALL, NULL },	  /* tty */
	{ true, 'c', 1, 8, CGROUP_DEVICE_ALL, NULL },	  /* random */
	{ true, 'c', 1, 7, CGROUP_DEVICE_ALL, NULL },	  /* full */
	{ true, 'c', 136, ANY, CGROUP_DEVICE_ALL, NULL }, /* pts */
	{ true, 'c', 1, 5, CGROUP_DEVICE_ALL, NULL },	  /* zero */
	{ true, 'c', 1, 9, CGROUP_DEVICE_ALL, NULL },	  /* urandom */
	{ true, 'c', 1, 3, CGROUP_DEVICE_ALL, NULL },	  /* null */
};

enum {
	DEFAULT_RULES = sizeof(default_rules) / sizeof(default_rules[0])
};

static int access_parse(const char *s, unsigned *ret)
{
	unsigned bits = 0;

	if (!s) {
		*ret = CGROUP_DEVICE_ALL;
		return 0;
	}
	for (; *s; s++) {
		switch (*s) {
		case 'r': bits |= CGROUP_DEVICE_READ; break;
		case 'w': bits |= CGROUP_DEVICE_WRITE; break;
		case 'm': bits |= CGROUP_DEVICE_MKNOD; break;
		default: return -EINVAL;
		}
	}
	*ret = bits;
	return bits ? 0 : -EINVAL;
}

static int number_parse(struct opt_i64 n, int64_t *ret)
{
	*ret = n.set && n.value >= 0 ? n.value : ANY;
	return *ret > (int64_t)UINT32_MAX ? -EINVAL : 0;
}

static int rule_parse(struct cgroup_builder *b, size_t i, struct cgroup_device_rule *ret)
{
	const struct oci_device_rule *in = &b->r->devices.items[i];
	const char *bad = NULL;
	int r;

	ret->allow = in->allow;
	ret->type = in->type ? in->type : 'a';
	ret->origin = arena_printf(b->a, CGROUP_RESOURCES "devices/%zu", i);
	if (!ret->origin)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	if (!strchr("abc", ret->type))
		bad = "type must be a, b or c";
	else if (number_parse(in->major, &ret->major) < 0 ||
		 number_parse(in->minor, &ret->minor) < 0)
		bad = "device number too large";
	else if (access_parse(in->access, &ret->access) < 0)
		bad = "access must be made of r, w and m";
	if (!bad)
		return 0;
	r = err_set(b->e, ERR_CONFIG, 0, "bad device rule: %s", bad);
	return cgroup_builder_fail(b, r, ret->origin);
}

static bool covers_all(const struct cgroup_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY &&
	       rule->access == CGROUP_DEVICE_ALL;
}

/*
 * Drop what cannot matter: everything before the last rule that covers all, and that rule too when
 * it denies, which is the default. Returns true when no rule that is left denies anything.
 */
static bool rules_trim(struct cgroup_device_rule **rules, size_t *count)
{
	size_t first = *count;
	bool open = false, denies = false;

	while (first > 0 && !open) {
		const struct cgroup_device_rule *rule = &(*rules)[first - 1];

		if (covers_all(rule) && !rule->allow)
			break;
		open = covers_all(rule);
		denies |= !rule->allow;
		first--;
	}
	*rules += first;
	*count -= first;
	return open && !denies;
}

/* ---- instructions ---- */

struct program {
	struct bpf_insn *insns;
	size_t count;
};

enum { /* register use */
	R_RESULT = BPF_REG_0,
	R_CONTEXT = BPF_REG_1,
	R_ACCESS = BPF_REG_2, /* bits still undecided */
	R_TYPE = BPF_REG_3,
	R_NUMBER = BPF_REG_4, /* major or minor, loaded anew for each test */
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

/* "if the register is not this value, go to the next rule"; patched by rule_emit. */
static void put_match(struct program *p, unsigned reg, uint32_t value)
{
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, value);
}

static void program_start(struct program *p)
{
	put_load(p, R_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	put(p, BPF_ALU | BPF_MOV | BPF_X, R_TYPE, R_ACCESS, 0, 0);
	put(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	put(p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	/* no bit at all: access(2) with F_OK; existence is no secret */
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, R_ACCESS, 0, 2, 0);
	put_return(p, PASS);
}

/*
 * Returns false when nothing can come after this rule. The numbers are loaded for every test, so
 * that the verifier forgets them between rules: it would otherwise follow each match through all
 * the rules behind it, and give up on some hundred rules.
 */
static bool rule_emit(struct program *p, const struct cgroup_device_rule *rule)
{
	size_t start = p->count, tests;
	uint32_t type = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	bool all = rule->access == CGROUP_DEVICE_ALL;

	if (rule->type != 'a')
		put_match(p, R_TYPE, type);
	if (rule->major != ANY) {
		put_load(p, R_NUMBER, offsetof(struct bpf_cgroup_dev_ctx, major));
		put_match(p, R_NUMBER, (uint32_t)rule->major);
	}
	if (rule->minor != ANY) {
		put_load(p, R_NUMBER, offsetof(struct bpf_cgroup_dev_ctx, minor));
		put_match(p, R_NUMBER, (uint32_t)rule->minor);
	}
	tests = p->count;
	if (!all && rule->allow) {
		put(p, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0,
		    ~rule->access & CGROUP_DEVICE_ALL);
		put(p, BPF_JMP32 | BPF_JNE | BPF_K, R_ACCESS, 0, 2, 0);
	} else if (!all) {
		put(p, BPF_JMP32 | BPF_JSET | BPF_K, R_ACCESS, 0, 1, rule->access);
		put(p, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	}
	put_return(p, rule->allow ? PASS : REFUSE);
	for (size_t i = start; i < tests; i++)
		if (BPF_CLASS(p->insns[i].code) == BPF_JMP32)
			p->insns[i].off = (int16_t)(p->count - i - 1);
	return !all || tests > start;
}

static int program_build(struct cgroup_builder *b)
{
	const struct cgroup_device_rule *rules = b->plan->devices.rules;
	size_t count = b->plan->devices.rule_count;
	struct program p = { 0 };
	bool open_end = true;

	p.insns = arena_array(b->a, count * RULE_INSNS_MAX + FRAME_INSNS_MAX, sizeof(*p.insns));
	if (!p.insns)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	program_start(&p);
	for (size_t i = count; i > 0 && open_end; i--)
		open_end = rule_emit(&p, &rules[i - 1]);
	if (open_end)
		put_return(&p, REFUSE);
	b->plan->devices.insns = p.insns;
	b->plan->devices.insn_count = p.count;
	return 0;
}

int cgroup_emit_devices(struct cgroup_builder *b)
{
	size_t given = b->r->devices.count, count = given + DEFAULT_RULES;
	struct cgroup_device_rule *rules;
	bool open;
	int r = 0;

	if (given == 0)
		return 0;
	if (given > RULES_MAX) {
		r = err_set(b->e, ERR_CONFIG, E2BIG, "more than %d device rules", RULES_MAX);
		return cgroup_builder_fail(b, r, CGROUP_RESOURCES "devices");
	}
	rules = arena_array(b->a, count, sizeof(*rules));
	if (!rules)
		return err_set(b->e, ERR_SYSTEM, ENOMEM, "prepare the device rules");
	for (size_t i = 0; r == 0 && i < given; i++)
		r = rule_parse(b, i, &rules[i]);
	if (r < 0)
		return r;
	memcpy(rules + given, default_rules, sizeof(default_rules));
	open = rules_trim(&rules, &count);
	b->plan->devices.rules = rules;
	b->plan->devices.rule_count = count;
	return open ? 0 : program_build(b);
}
