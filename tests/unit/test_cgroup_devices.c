// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device program against a model of the rule list: a small interpreter runs the instructions
 * for many devices and accesses, the model decides bit by bit. No kernel, no root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"

struct request {
	char type;
	uint32_t major, minor;
	unsigned access;
};

struct fixture {
	struct oci_spec spec;
	struct oci_device_rule rules[64];
	struct arena arena;
	struct cgroup_plan plan;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->spec.linux_.resources.set = true;
	f->spec.linux_.resources.devices.items = f->rules;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	free(f);
	return 0;
}

static void rule(struct fixture *f, bool allow, char type, int64_t major, int64_t minor,
		 const char *access)
{
	size_t *n = &f->spec.linux_.resources.devices.count;

	f->rules[(*n)++] = (struct oci_device_rule){
		allow, type, { major != -2, major }, { minor != -2, minor }, access
	};
}

static void emit(struct fixture *f)
{
	assert_int_equal(cgroup_emit(&f->spec, "d", &f->arena, &f->plan, &f->e), 0);
}

/* ---- the interpreter ---- */

struct machine {
	uint64_t reg[11];
	const struct bpf_cgroup_dev_ctx *ctx;
};

static void run_alu(struct machine *m, const struct bpf_insn *i)
{
	uint32_t src = BPF_SRC(i->code) == BPF_X ? (uint32_t)m->reg[i->src_reg] : (uint32_t)i->imm;
	uint32_t dst = (uint32_t)m->reg[i->dst_reg];

	switch (BPF_OP(i->code)) {
	case BPF_MOV: dst = src; break;
	case BPF_AND: dst &= src; break;
	case BPF_RSH: dst >>= src; break;
	default: fail_msg("unknown ALU operation %#x", i->code);
	}
	m->reg[i->dst_reg] = dst;
}

static bool jump_taken(const struct machine *m, const struct bpf_insn *i)
{
	uint32_t dst = (uint32_t)m->reg[i->dst_reg], imm = (uint32_t)i->imm;

	switch (BPF_OP(i->code)) {
	case BPF_JA: return true;
	case BPF_JEQ: return dst == imm;
	case BPF_JNE: return dst != imm;
	case BPF_JSET: return dst & imm;
	default: fail_msg("unknown jump %#x", i->code);
	}
	return false;
}

static unsigned run(const struct cgroup_plan *plan, const struct request *q)
{
	struct bpf_cgroup_dev_ctx ctx = { q->access << 16 | (q->type == 'b' ? 1 : 2), q->major,
					  q->minor };
	struct machine m = { .ctx = &ctx };

	if (plan->devices.insn_count == 0)
		return 1;
	for (size_t pc = 0; pc < plan->devices.insn_count; pc++) {
		const struct bpf_insn *i = &plan->devices.insns[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			assert_int_equal(i->src_reg, 1);
			memcpy(&m.reg[i->dst_reg], (const char *)m.ctx + i->off, 4);
			break;
		case BPF_ALU: run_alu(&m, i); break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_EXIT)
				return (unsigned)m.reg[0];
			/* fall through */
		case BPF_JMP32:
			if (jump_taken(&m, i))
				pc += (size_t)i->off;
			break;
		default: fail_msg("unknown class %#x", i->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

/* ---- the model: forwards, one access bit at a time ---- */

static unsigned access_bits(const char *s)
{
	unsigned bits = 0;

	if (!s)
		return 7;
	bits |= strchr(s, 'm') ? 1 : 0;
	bits |= strchr(s, 'r') ? 2 : 0;
	bits |= strchr(s, 'w') ? 4 : 0;
	return bits;
}

static bool rule_covers(const struct oci_device_rule *r, const struct request *q, unsigned bit)
{
	return (r->type == 'a' || r->type == q->type) &&
	       (!r->major.set || r->major.value < 0 || r->major.value == q->major) &&
	       (!r->minor.set || r->minor.value < 0 || r->minor.value == q->minor) &&
	       (access_bits(r->access) & bit);
}

static bool default_allows(const struct request *q, unsigned bit)
{
	static const int chars[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 },	  { 1, 9 },
					{ 5, 0 }, { 5, 1 }, { 5, 2 }, { 10, 200 } };

	if (bit == CGROUP_DEVICE_MKNOD)
		return true;
	if (q->type != 'c')
		return false;
	for (size_t i = 0; i < sizeof(chars) / sizeof(chars[0]); i++)
		if (q->major == (uint32_t)chars[i][0] && q->minor == (uint32_t)chars[i][1])
			return true;
	return q->major == 136;
}

static bool model(const struct fixture *f, const struct request *q)
{
	size_t count = f->spec.linux_.resources.devices.count;

	if (count == 0)
		return true;
	for (unsigned bit = 1; bit <= 4; bit <<= 1) {
		bool allowed = false;

		if (!(q->access & bit))
			continue;
		for (size_t i = 0; i < count; i++)
			if (rule_covers(&f->rules[i], q, bit))
				allowed = f->rules[i].allow;
		if (!allowed && !default_allows(q, bit))
			return false;
	}
	return true;
}

static size_t check_all(const struct fixture *f)
{
	static const uint32_t majors[] = { 0, 1, 5, 7, 8, 10, 136, 226, 4095, UINT32_MAX };
	static const uint32_t minors[] = { 0, 1, 2, 3, 5, 7, 8, 9, 128, 200, 229, UINT32_MAX };
	size_t checked = 0;

	for (size_t a = 0; a < sizeof(majors) / sizeof(majors[0]); a++) {
		for (size_t b = 0; b < sizeof(minors) / sizeof(minors[0]); b++) {
			for (unsigned k = 0; k < 16; k++) {
				struct request q = { k & 8 ? 'b' : 'c', majors[a], minors[b],
						     k & 7 };

				if (run(&f->plan, &q) != model(f, &q))
					fail_msg("%c %u:%u access %u: program says %u", q.type,
						 q.major, q.minor, q.access, run(&f->plan, &q));
				checked++;
			}
		}
	}
	return checked;
}

static void test_no_list(void **state)
{
	struct fixture *f = *state;

	emit(f);
	assert_int_equal(f->plan.devices.insn_count, 0);
}

static void test_default_container(void **state)
{
	struct fixture *f = *state;
	struct request full = { 'c', 1, 7, 2 }, disk = { 'b', 8, 0, 2 }, node = { 'b', 8, 0, 1 };

	rule(f, false, 'a', -2, -2, "rwm");
	emit(f);
	assert_int_equal(f->plan.devices.rule_count, 12); /* the deny is the default anyway */
	assert_null(f->plan.devices.rules[0].origin);
	assert_true(f->plan.devices.insn_count <= 36); /* each start pays for them */
	assert_int_equal(check_all(f), 10 * 12 * 16);
	assert_int_equal(run(&f->plan, &full), 1);
	assert_int_equal(run(&f->plan, &disk), 0);
	assert_int_equal(run(&f->plan, &node), 1);
}

/* What engines write are the same rules again: they cost nothing. */
static void test_engine_list(void **state)
{
	static const int numbers[][2] = { { 1, 3 }, { 1, 8 }, { 1, 7 },	   { 5, 0 }, { 1, 5 },
					  { 1, 9 }, { 5, 1 }, { 136, -1 }, { 5, 2 } };
	struct fixture *f = *state;
	size_t plain;

	rule(f, false, 'a', -2, -2, "rwm");
	emit(f);
	plain = f->plan.devices.insn_count;
	rule(f, true, 'c', -2, -2, "m");
	rule(f, true, 'b', -2, -2, "m");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rule(f, true, 'c', numbers[i][0], numbers[i][1], "rwm");
	emit(f);
	assert_int_equal(f->plan.devices.insn_count, plain);
	(void)check_all(f);
}

static void test_allow_all(void **state)
{
	struct fixture *f = *state;

	rule(f, false, 'a', -2, -2, NULL);
	rule(f, true, 'a', -1, -1, "mrw");
	emit(f);
	assert_int_equal(f->plan.devices.insn_count, 0);
	rule(f, true, 'c', 1, 1, "r");
	emit(f);
	assert_int_equal(f->plan.devices.insn_count, 0);
	rule(f, false, 'b', 8, -1, "w");
	emit(f);
	assert_true(f->plan.devices.insn_count > 0);
	assert_int_equal(f->plan.devices.rule_count, 3 + 12);
	assert_string_equal(f->plan.devices.rules[2].origin, "/linux/resources/devices/3");
	(void)check_all(f);
}

static void test_last_wins(void **state)
{
	struct fixture *f = *state;
	struct request rw = { 'b', 8, 1, 6 }, r = { 'b', 8, 1, 2 };

	rule(f, true, 'b', 8, -1, "rw");
	rule(f, false, 'b', 8, 1, "w");
	emit(f);
	assert_int_equal(run(&f->plan, &rw), 0);
	assert_int_equal(run(&f->plan, &r), 1);
	(void)check_all(f);
	rule(f, true, 'b', 8, 1, "w");
	emit(f);
	assert_int_equal(run(&f->plan, &rw), 1); /* r from one rule, w from another */
	(void)check_all(f);
	rule(f, false, 'b', -1, -1, NULL);
	emit(f);
	assert_int_equal(run(&f->plan, &rw), 0);
	(void)check_all(f);
}

static void test_defaults_stay(void **state)
{
	struct fixture *f = *state;
	struct request null = { 'c', 1, 3, 6 };

	rule(f, false, 'c', 1, 3, "rw");
	rule(f, false, 'c', 136, -1, NULL);
	emit(f);
	assert_int_equal(run(&f->plan, &null), 1);
	(void)check_all(f);
}

static int bad(struct fixture *f)
{
	f->e = (struct err)ERR_INIT;
	return cgroup_emit(&f->spec, "d", &f->arena, &f->plan, &f->e);
}

static void test_bad_rules(void **state)
{
	struct fixture *f = *state;

	rule(f, true, 'a', -2, -2, NULL);
	rule(f, true, 'c', 1, 3, "");
	assert_int_equal(bad(f), -EINVAL);
	assert_non_null(strstr(f->e.text, "access"));
	assert_string_equal(f->e.origin, "config.json /linux/resources/devices/1");
	f->rules[1].access = "rx";
	assert_int_equal(bad(f), -EINVAL);
	f->rules[1].access = "r";
	f->rules[1].type = 'p';
	assert_int_equal(bad(f), -EINVAL);
	assert_non_null(strstr(f->e.text, "type"));
	f->rules[1].type = 'c';
	f->rules[1].major.value = 1LL << 32;
	assert_int_equal(bad(f), -EINVAL);
	assert_non_null(strstr(f->e.text, "number"));
	f->rules[1].major.value = (1LL << 32) - 1;
	assert_int_equal(bad(f), 0);
	(void)check_all(f);
}

static void test_too_many(void **state)
{
	struct fixture *f = *state;
	struct oci_device_rule *many = calloc(1025, sizeof(*many));

	for (int i = 0; i < 1025; i++)
		many[i] = (struct oci_device_rule){ true, 'c', { true, i }, { true, i }, "r" };
	f->spec.linux_.resources.devices.items = many;
	f->spec.linux_.resources.devices.count = 1025;
	assert_int_equal(bad(f), -E2BIG);
	f->spec.linux_.resources.devices.count = 1024;
	assert_int_equal(bad(f), 0);
	free(many);
}

/* Small xorshift: the same lists in every run. */
static unsigned next(uint32_t *seed, unsigned below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

static void test_random_lists(void **state)
{
	static const char *const access[] = { NULL, "r", "w", "m", "rw", "rm", "wm", "rwm" };
	static const int majors[] = { -2, -1, 1, 5, 8, 10, 136, 4095 };
	static const int minors[] = { -2, -1, 0, 1, 3, 7, 200 };
	struct fixture *f = *state;
	uint32_t seed = 20240229;
	size_t checked = 0;

	for (int round = 0; round < 800; round++) {
		/* in the second half most rules are about all access, as they are in life */
		unsigned count = 1 + next(&seed, 20), partial = round < 400 ? 100 : 20;

		f->spec.linux_.resources.devices.count = 0;
		for (unsigned i = 0; i < count; i++) {
			bool allow = next(&seed, 2);
			char type = "abc"[next(&seed, 3)];
			int major = majors[next(&seed, 8)], minor = minors[next(&seed, 7)];

			rule(f, allow, type, major, minor,
			     next(&seed, 100) < partial ? access[next(&seed, 8)] : "rwm");
		}
		emit(f);
		checked += check_all(f);
		arena_free(&f->arena);
	}
	assert_int_equal(checked, 800 * 1920);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_list),   T(test_default_container), T(test_allow_all),
		T(test_last_wins), T(test_defaults_stay),     T(test_bad_rules),
		T(test_too_many),  T(test_random_lists),      T(test_engine_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
