// SPDX-License-Identifier: GPL-2.0-or-later
/* An interpreter of classic BPF: what seccomp(2) lets a filter use, and nothing else. */
#include "unit/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <linux/filter.h>

static uint32_t alu(uint16_t op, uint32_t a, uint32_t v)
{
	switch (op) {
	case BPF_ADD: return a + v;
	case BPF_SUB: return a - v;
	case BPF_AND: return a & v;
	case BPF_OR: return a | v;
	case BPF_LSH: return a << v;
	case BPF_RSH: return a >> v;
	case BPF_XOR: return a ^ v;
	default: fail_msg("ALU operation 0x%x", op); return 0;
	}
}

static bool jump(uint16_t op, uint32_t a, uint32_t v)
{
	switch (op) {
	case BPF_JEQ: return a == v;
	case BPF_JGT: return a > v;
	case BPF_JGE: return a >= v;
	case BPF_JSET: return (a & v) != 0;
	default: fail_msg("jump 0x%x", op); return false;
	}
}

uint32_t bpf_run(const struct seccomp_filter *f, const struct seccomp_data *data)
{
	const struct sock_filter *prog = f->data;
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 };
	size_t n = f->size / sizeof(*prog), pc = 0;

	while (pc < n) {
		const struct sock_filter *i = &prog[pc++];
		uint32_t v = BPF_SRC(i->code) == BPF_X ? x : i->k;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k + 4 <= sizeof(*data));
			memcpy(&a, (const char *)data + i->k, 4);
			break;
		case BPF_LD | BPF_IMM: a = i->k; break;
		case BPF_LD | BPF_MEM: a = mem[i->k % BPF_MEMWORDS]; break;
		case BPF_LDX | BPF_MEM: x = mem[i->k % BPF_MEMWORDS]; break;
		case BPF_ST: mem[i->k % BPF_MEMWORDS] = a; break;
		case BPF_STX: mem[i->k % BPF_MEMWORDS] = x; break;
		case BPF_MISC | BPF_TAX: x = a; break;
		case BPF_MISC | BPF_TXA: a = x; break;
		case BPF_RET | BPF_K: return i->k;
		case BPF_RET | BPF_A: return a;
		case BPF_JMP | BPF_JA: pc += i->k; break;
		default:
			if (BPF_CLASS(i->code) == BPF_ALU)
				a = alu(BPF_OP(i->code), a, v);
			else if (BPF_CLASS(i->code) == BPF_JMP)
				pc += jump(BPF_OP(i->code), a, v) ? i->jt : i->jf;
			else
				fail_msg("instruction 0x%x", i->code);
		}
	}
	fail_msg("the filter ends without a result");
	return 0;
}
