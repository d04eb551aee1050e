/*
 * The device rules of the default configuration as a cgroup device program. Owns nothing: the
 * program lives as long as the cgroup it is attached to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "floor.h"

#define ANY	 (-1)
#define MAX_CODE 128

static const struct {
	int major, minor;
} allowed[] = {
	{ 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 2 }, { 136, ANY },
};

struct program {
	struct bpf_insn code[MAX_CODE];
	size_t n;
};

static void emit(struct program *p, uint8_t op, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	p->code[p->n++] = (struct bpf_insn){
		.code = op, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm
	};
}

static void emit_return(struct program *p, int value)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* r2 device type, r3 access, r4 major, r5 minor; making nodes is always allowed, using them not. */
static void build(struct program *p)
{
	const uint8_t load = BPF_LDX | BPF_MEM | BPF_W, differs = BPF_JMP | BPF_JNE | BPF_K;

	emit(p, load, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	emit(p, load, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, load, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(p, differs, BPF_REG_3, 0, 2, BPF_DEVCG_ACC_MKNOD);
	emit_return(p, 1);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 2, BPF_DEVCG_DEV_CHAR);
	emit_return(p, 0);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		emit(p, differs, BPF_REG_4, 0, allowed[i].minor == ANY ? 2 : 3, allowed[i].major);
		if (allowed[i].minor != ANY)
			emit(p, differs, BPF_REG_5, 0, 2, allowed[i].minor);
		emit_return(p, 1);
	}
	emit_return(p, 0);
}

int floor_device_rules(const char *cgroup_dir)
{
	struct program p = { .n = 0 };
	union bpf_attr attr;
	int cgroup, prog, ret;

	build(&p);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insn_cnt = (uint32_t)p.n;
	attr.insns = (uintptr_t)p.code;
	attr.license = (uintptr_t) "GPL";
	prog = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0)
		return -1;
	cgroup = open(cgroup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return -1;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	ret = (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
	close(cgroup);
	close(prog);
	return ret;
}
