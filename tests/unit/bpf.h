/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CTR_TESTS_UNIT_BPF_H
#define CTR_TESTS_UNIT_BPF_H

#include <stdint.h>
#include <linux/seccomp.h>

#include "security/security.h"

/*
 * What the filter answers to a system call: SECCOMP_RET_* with its data. A filter that the kernel would not take
 * (an unknown instruction, no end, a read beside the data) fails the test.
 */
uint32_t bpf_run(const struct seccomp_filter *f, const struct seccomp_data *data);

#endif
