// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading a device program and attaching it to a cgroup with raw bpf(2). A program belongs to the
 * cgroup from then on and vanishes with it; ours are told from others' by their name.
 */
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

#define PROGRAM_NAME "ctr_devices"

enum {
	LOAD_TRIES = 5,
	ATTACHED_MAX = 64 /* BPF_CGROUP_MAX_PROGS of the kernel */
};

static int bpf(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int program_load(const struct bpf_insn *insns, size_t count)
{
	union bpf_attr attr = { 0 };
	int r = -EAGAIN;

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = pointer(insns);
	attr.insn_cnt = (uint32_t)count;
	attr.license = pointer("GPL");
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	/* the verifier gives up with EAGAIN when a signal is pending */
	for (int i = 0; r == -EAGAIN && i < LOAD_TRIES; i++)
		r = bpf(BPF_PROG_LOAD, &attr);
	return r;
}

static bool program_is_ours(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = pointer(&info);
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) >= 0 && strcmp(info.name, PROGRAM_NAME) == 0;
}

/* The program that we attached to this very cgroup; -ENOENT when there is none. */
static int program_find(int cgroup_fd)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr query = { 0 };
	int r;

	query.query.target_fd = (uint32_t)cgroup_fd;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = pointer(ids);
	query.query.prog_cnt = ATTACHED_MAX;
	r = bpf(BPF_PROG_QUERY, &query);
	for (uint32_t i = 0; r >= 0 && i < query.query.prog_cnt; i++) {
		cleanup_fd int fd = -EBADF;
		union bpf_attr get = { 0 };

		get.prog_id = ids[i];
		fd = bpf(BPF_PROG_GET_FD_BY_ID, &get);
		if (fd >= 0 && program_is_ours(fd))
			return take_fd(&fd);
		if (fd < 0 && fd != -ENOENT)
			return fd;
	}
	return r < 0 ? r : -ENOENT;
}

static int program_attach(int cgroup_fd, int fd, int old_fd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old_fd;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int program_detach(int cgroup_fd, int fd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

int cgroup_devices_attach(int cgroup_fd, const struct bpf_insn *insns, size_t insn_count,
			  bool replace, struct err *e)
{
	cleanup_fd int old = replace ? program_find(cgroup_fd) : -ENOENT;
	cleanup_fd int fd = -EBADF;
	int r;

	if (old < 0 && old != -ENOENT)
		return err_set(e, ERR_SYSTEM, -old, "look for the attached device program");
	if (insn_count == 0) {
		r = old >= 0 ? program_detach(cgroup_fd, old) : 0;
		return r < 0 ? err_set(e, ERR_SYSTEM, -r, "detach the device program") : 0;
	}
	fd = program_load(insns, insn_count);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "load the device program (%zu instructions)",
			       insn_count);
	r = program_attach(cgroup_fd, fd, old);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "attach the device program") : 0;
}
