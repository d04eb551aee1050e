// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * security/security.h, filters: a small interpreter of classic BPF runs what libseccomp made of a
 * profile, and the answers are compared with what the profile says. No filter is ever loaded.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <seccomp.h>
#include <sys/syscall.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "security/security.h"
#include "unit/bpf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	TEXT_MAX = 1 << 20
};

/* ---- profiles as JSON ---- */

static struct oci_spec *decode(const char *profile)
{
	char *text = malloc(TEXT_MAX);
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	assert_non_null(text);
	(void)snprintf(
		text, TEXT_MAX,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"seccomp\":%s}}",
		profile);
	if (oci_spec_decode(text, strlen(text), &spec, &e) < 0)
		fail_msg("%s: %s (%s)", profile, e.text, e.origin);
	free(text);
	return spec;
}

static struct seccomp_filter compile(const char *profile)
{
	struct oci_spec *spec = decode(profile);
	struct seccomp_filter f = { 0 };
	struct err e = ERR_INIT;

	if (security_filter_compile(&spec->linux_.seccomp, &f, &e) < 0)
		fail_msg("%s: %s (%s)", profile, e.text, e.origin);
	assert_int_equal(f.size % sizeof(struct sock_filter), 0);
	oci_spec_free(spec);
	return f;
}

struct call {
	uint32_t arch;
	int nr;
	uint64_t args[6];
};

static uint32_t answer(const struct seccomp_filter *f, const struct call *c)
{
	struct seccomp_data d = { .nr = c->nr, .arch = c->arch };

	memcpy(d.args, c->args, sizeof(d.args));
	return bpf_run(f, &d);
}

#define NATIVE(number, ...)                                                                        \
	(&(struct call){ .arch = seccomp_arch_native(), .nr = (number), .args = { __VA_ARGS__ } })

static void expect(const struct seccomp_filter *f, const struct call *c, uint32_t want)
{
	uint32_t is = answer(f, c);

	if (is != want)
		fail_msg("arch 0x%x nr %d (0x%llx, 0x%llx, ...): 0x%08x instead of 0x%08x", c->arch,
			 c->nr, (unsigned long long)c->args[0], (unsigned long long)c->args[1], is,
			 want);
}

/* An architecture that is neither ours nor one of its relatives. */
static uint32_t foreign_arch(void)
{
	return seccomp_arch_native() == SCMP_ARCH_S390X ? SCMP_ARCH_PPC64LE : SCMP_ARCH_S390X;
}

/* ---- actions ---- */

static void test_actions(void **state)
{
	static const struct {
		const char *name, *extra;
		uint32_t ret;
	} cases[] = {
		{ "SCMP_ACT_KILL", "", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", "", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", "", SECCOMP_RET_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", "", SECCOMP_RET_TRAP },
		{ "SCMP_ACT_ERRNO", "", SECCOMP_RET_ERRNO | EPERM }, /* runc's default */
		{ "SCMP_ACT_ERRNO", ",\"errnoRet\":0", SECCOMP_RET_ERRNO },
		{ "SCMP_ACT_ERRNO", ",\"errnoRet\":38", SECCOMP_RET_ERRNO | ENOSYS },
		{ "SCMP_ACT_ERRNO", ",\"errnoRet\":4094", SECCOMP_RET_ERRNO | 4094 },
		{ "SCMP_ACT_TRACE", "", SECCOMP_RET_TRACE | EPERM },
		{ "SCMP_ACT_TRACE", ",\"errnoRet\":65535", SECCOMP_RET_TRACE | 65535 },
		{ "SCMP_ACT_LOG", "", SECCOMP_RET_LOG },
		{ "SCMP_ACT_ALLOW", "", SECCOMP_RET_ALLOW },
	};
	char profile[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *other = strcmp(cases[i].name, "SCMP_ACT_ALLOW") == 0 ? "SCMP_ACT_TRAP"
										 : "SCMP_ACT_ALLOW";
		uint32_t rest =
			cases[i].ret == SECCOMP_RET_ALLOW ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW;
		struct seccomp_filter f;

		(void)snprintf(profile, sizeof(profile),
			       "{\"defaultAction\":\"%s\",\"syscalls\":[{\"names\":[\"getpid\","
			       "\"getuid\"],"
			       "\"action\":\"%s\"%s}]}",
			       other, cases[i].name, cases[i].extra);
		f = compile(profile);
		expect(&f, NATIVE(SYS_getpid), cases[i].ret);
		expect(&f, NATIVE(SYS_getuid), cases[i].ret);
		expect(&f, NATIVE(SYS_write), rest);
		expect(&f, NATIVE(SYS_read), rest);
		security_filter_free(&f);
	}
}

static void test_defaults(void **state)
{
	static const struct {
		const char *profile;
		uint32_t ret;
	} cases[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", SECCOMP_RET_ALLOW },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[]}", SECCOMP_RET_ALLOW },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", SECCOMP_RET_ERRNO | EPERM },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}",
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}", SECCOMP_RET_KILL_PROCESS },
		{ "{\"defaultAction\":\"SCMP_ACT_KILL\"}", SECCOMP_RET_KILL_THREAD },
		{ "{\"defaultAction\":\"SCMP_ACT_LOG\"}", SECCOMP_RET_LOG },
		{ "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7}",
		  SECCOMP_RET_TRACE | 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seccomp_filter f = compile(cases[i].profile);

		expect(&f, NATIVE(SYS_getpid), cases[i].ret);
		expect(&f, NATIVE(99999), cases[i].ret);
		/* whatever the default is: a foreign entry point is no way around (A12) */
		expect(&f, &(struct call){ .arch = foreign_arch(), .nr = SYS_getpid },
		       SECCOMP_RET_KILL_PROCESS);
		security_filter_free(&f);
	}
}

/* A rule that says what the default says anyway is no error; libseccomp would make it one. */
static void test_same_as_default(void **state)
{
	struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"getpid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
		"{\"names\":[\"getuid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},"
		"{\"names\":[\"getgid\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");

	(void)state;
	expect(&f, NATIVE(SYS_getpid), SECCOMP_RET_ERRNO | ENOSYS);
	expect(&f, NATIVE(SYS_getuid), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, NATIVE(SYS_getgid), SECCOMP_RET_ALLOW);
	security_filter_free(&f);
}

/* Names that no kernel has, or only other architectures, or that stand there twice. */
static void test_names(void **state)
{
	struct seccomp_filter f =
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"no_such_"
			"call\",\"arm_fadvise64_64\","
			"\"socketcall\",\"getpid\",\"getpid\",\"s390_runtime_instr\",\"GETUID\"],"
			"\"action\":\"SCMP_ACT_ALLOW\"},"
			"{\"names\":[\"getpid\",\"clone3\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");

	(void)state;
	expect(&f, NATIVE(SYS_getpid), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_getuid), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, NATIVE(-1), SECCOMP_RET_ERRNO | EPERM);
	security_filter_free(&f);
}

/* ---- architectures ---- */

static void test_architectures(void **state)
{
	struct seccomp_filter f;
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "getpid");

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		print_message("needs x86_64\n");
		skip();
	}
	f = compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		    "\"SCMP_ARCH_X86\","
		    "\"SCMP_ARCH_X86\"],\"syscalls\":[{\"names\":[\"getpid\",\"clone3\"],"
		    "\"action\":\"SCMP_"
		    "ACT_ALLOW\"}]}");
	assert_int_not_equal(nr, SYS_getpid);
	expect(&f, NATIVE(SYS_getpid), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(nr), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, &(struct call){ .arch = SCMP_ARCH_X86, .nr = nr }, SECCOMP_RET_ALLOW);
	expect(&f, &(struct call){ .arch = SCMP_ARCH_X86, .nr = SYS_getpid },
	       SECCOMP_RET_ERRNO | EPERM);
	expect(&f, &(struct call){ .arch = SCMP_ARCH_AARCH64, .nr = SYS_getpid },
	       SECCOMP_RET_KILL_PROCESS);
	/* x32 has the same arch word and a bit in the number */
	expect(&f, NATIVE(0x40000000 | SYS_getpid), SECCOMP_RET_KILL_PROCESS);
	security_filter_free(&f);

	/* not listed, but the one that the program is made of */
	f = compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	expect(&f, NATIVE(SYS_getpid), SECCOMP_RET_ALLOW);
	expect(&f, &(struct call){ .arch = SCMP_ARCH_X86, .nr = nr }, SECCOMP_RET_KILL_PROCESS);
	expect(&f, NATIVE(0x40000000 | SYS_getpid), SECCOMP_RET_KILL_PROCESS);
	security_filter_free(&f);

	f = compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		    "\"SCMP_ARCH_X32\"]}");
	expect(&f, NATIVE(0x40000000 | SYS_getpid), SECCOMP_RET_ALLOW);
	security_filter_free(&f);
}

/* ---- calls newer than the profile ---- */

enum {
	CLONE3 = 435 /* on all architectures since then */
};

#define NAMING_CLONE3(action)                                                                      \
	"\"syscalls\":[{\"names\":[\"getpid\",\"clone3\"],\"action\":\"" action "\"}]}"

static void test_newer(void **state)
{
	static const struct {
		const char *profile;
		uint32_t newer;
	} cases[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"," NAMING_CLONE3("SCMP_ACT_ALLOW"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1," NAMING_CLONE3(
			  "SCMP_ACT_ERRNO"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38," NAMING_CLONE3(
			  "SCMP_ACT_ALLOW"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"," NAMING_CLONE3("SCMP_ACT_ALLOW"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_KILL\"," NAMING_CLONE3("SCMP_ACT_LOG"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_TRAP\"," NAMING_CLONE3("SCMP_ACT_ALLOW"),
		  SECCOMP_RET_ERRNO | ENOSYS },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," NAMING_CLONE3("SCMP_ACT_TRAP"),
		  SECCOMP_RET_ALLOW },
		{ "{\"defaultAction\":\"SCMP_ACT_LOG\"," NAMING_CLONE3("SCMP_ACT_TRAP"),
		  SECCOMP_RET_LOG },
		{ "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7," NAMING_CLONE3(
			  "SCMP_ACT_ALLOW"),
		  SECCOMP_RET_TRACE | 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seccomp_filter f = compile(cases[i].profile);

		expect(&f, NATIVE(CLONE3 + 1), cases[i].newer);
		expect(&f, NATIVE(99999), cases[i].newer);
		/* the newest one itself is what the profile says, like those before it */
		assert_int_equal(answer(&f, NATIVE(CLONE3)), answer(&f, NATIVE(SYS_getpid)));
		/* and another architecture gets no answer but the end */
		expect(&f, &(struct call){ .arch = foreign_arch(), .nr = CLONE3 + 1 },
		       SECCOMP_RET_KILL_PROCESS);
		security_filter_free(&f);
	}
}

/* Each architecture has its own highest number; x32 lives in the high numbers of x86-64. */
static void test_newer_architectures(void **state)
{
	static const char *const archs[] = { "", "\"SCMP_ARCH_X32\",", "\"SCMP_ARCH_X86\"," };
	enum {
		X32 = 0x40000000
	};

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
	for (unsigned i = 0; i < 8; i++) {
		bool x32 = i & 1, x86 = i & 2;
		char profile[1024];
		struct seccomp_filter f;

		(void)snprintf(profile, sizeof(profile),
			       "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[%s%s%s"
			       "\"SCMP_ARCH_AARCH64\"%s],\"syscalls\":[{\"names\":[\"getpid\","
			       "\"arch_prctl\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
			       archs[x32 ? 1 : 0], archs[x86 ? 2 : 0], "",
			       i & 4 ? ",\"SCMP_ARCH_X86_64\"" : "");
		f = compile(profile);
		expect(&f, NATIVE(158), SECCOMP_RET_ALLOW); /* arch_prctl */
		expect(&f, NATIVE(157), SECCOMP_RET_ERRNO | EPERM);
		expect(&f, NATIVE(159), SECCOMP_RET_ERRNO | ENOSYS);
		expect(&f, NATIVE(X32 | 157),
		       x32 ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS);
		expect(&f, NATIVE(X32 | 159),
		       x32 ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_KILL_PROCESS);
		/* getpid is the highest one that aarch64 has: 172 */
		expect(&f, &(struct call){ .arch = SCMP_ARCH_AARCH64, .nr = 171 },
		       SECCOMP_RET_ERRNO | EPERM);
		expect(&f, &(struct call){ .arch = SCMP_ARCH_AARCH64, .nr = 173 },
		       SECCOMP_RET_ERRNO | ENOSYS);
		/* arch_prctl is 384 there */
		expect(&f, &(struct call){ .arch = SCMP_ARCH_X86, .nr = 383 },
		       x86 ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS);
		expect(&f, &(struct call){ .arch = SCMP_ARCH_X86, .nr = 385 },
		       x86 ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_KILL_PROCESS);
		security_filter_free(&f);
	}
}

/* ---- arguments ---- */

struct condition {
	const char *op;
	uint64_t value, value_two;
};

static bool holds(const struct condition *c, uint64_t arg)
{
	switch (c->op[0] == 'M' ? 'M' : c->op[0] * 256 + c->op[1]) {
	case 'N' * 256 + 'E': return arg != c->value;
	case 'L' * 256 + 'T': return arg < c->value;
	case 'L' * 256 + 'E': return arg <= c->value;
	case 'E' * 256 + 'Q': return arg == c->value;
	case 'G' * 256 + 'E': return arg >= c->value;
	case 'G' * 256 + 'T': return arg > c->value;
	default: return (arg & c->value) == c->value_two;
	}
}

static const uint64_t probes[] = {
	0,
	1,
	2,
	7,
	8,
	9,
	0x1f,
	0x20,
	0x7fffffff,
	0x80000000,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x100000008,
	0x1fffffffeULL,
	0x1ffffffffULL,
	0x200000000,
	0x7fffffffffffffffULL,
	0x8000000000000000ULL,
	0x8000000000000008ULL,
	0xffffffff00000000ULL,
	0xfffffffffffffffeULL,
	0xffffffffffffffffULL,
};

static void check_condition(const struct condition *c, unsigned index)
{
	char profile[512];
	struct seccomp_filter f;

	(void)snprintf(
		profile, sizeof(profile),
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"ioctl\"],"
		"\"action\":"
		"\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":%u,\"value\":%llu,\"valueTwo\":%llu,"
		"\"op\":\"SCMP_CMP_%s\"}]}]}",
		index, (unsigned long long)c->value, (unsigned long long)c->value_two, c->op);
	f = compile(profile);
	for (size_t i = 0; i < COUNT(probes); i++) {
		struct call call = { .arch = seccomp_arch_native(), .nr = SYS_ioctl };
		uint32_t want = holds(c, probes[i]) ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM;

		for (unsigned k = 0; k < 6; k++)
			call.args[k] = k == index ? probes[i] : ~probes[i];
		if (answer(&f, &call) != want)
			fail_msg("argument %u = 0x%llx: %s 0x%llx 0x%llx", index,
				 (unsigned long long)probes[i], c->op, (unsigned long long)c->value,
				 (unsigned long long)c->value_two);
	}
	security_filter_free(&f);
}

static void test_operators(void **state)
{
	static const char *const ops[] = { "NE", "LT", "LE", "EQ", "GE", "GT" };
	static const uint64_t masks[][2] = {
		{ 0x7e020000, 0 },
		{ 0xff, 8 },
		{ 0xffffffff00000000ULL, 0x100000000ULL },
		{ UINT64_MAX, 8 },
		{ 1, 1 },
		{ 0x8000000000000000ULL, 0x8000000000000000ULL },
		{ 0x100000001, 0x100000001 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ops); i++)
		for (size_t k = 0; k < COUNT(probes); k++)
			check_condition(&(struct condition){ ops[i], probes[k], 0 },
					(unsigned)(k % 6));
	for (size_t i = 0; i < COUNT(masks); i++)
		check_condition(&(struct condition){ "MASKED_EQ", masks[i][0], masks[i][1] },
				(unsigned)(i % 6));
}

#define ARG(i, op, v) "{\"index\":" #i ",\"op\":\"SCMP_CMP_" #op "\",\"value\":" #v "}"
#define ALLOW(name, ...)                                                                           \
	"{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" __VA_ARGS__ "]}"

/* All conditions of one rule must hold. */
static void test_and(void **state)
{
	struct seccomp_filter f =
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" ALLOW(
			"ioctl", ARG(0, EQ, 3) "," ARG(1, GT, 10) "," ARG(2, NE, 0)) "]}");

	(void)state;
	expect(&f, NATIVE(SYS_ioctl, 3, 11, 1), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_ioctl, 3, UINT64_MAX, UINT64_MAX), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_ioctl, 4, 11, 1), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, NATIVE(SYS_ioctl, 3, 10, 1), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, NATIVE(SYS_ioctl, 3, 11, 0), SECCOMP_RET_ERRNO | EPERM);
	expect(&f, NATIVE(SYS_read, 3, 11, 1), SECCOMP_RET_ERRNO | EPERM);
	security_filter_free(&f);
}

/* Several rules for one call: any of them is enough (docker's personality). */
static void test_several_rules(void **state)
{
	static const uint64_t good[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" ALLOW("personality", ARG(0, EQ, 0)) "," ALLOW(
			"personality",
			ARG(0, EQ,
			    8)) "," ALLOW("personality",
					  ARG(0, EQ,
					      131072)) "," ALLOW("personality",
								 ARG(0, EQ,
								     131080)) "," ALLOW("personalit"
											"y",
											ARG(0, EQ,
											    4294967295)) "]}");

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		expect(&f, NATIVE(SYS_personality, good[i]), SECCOMP_RET_ALLOW);
		expect(&f, NATIVE(SYS_personality, good[i] + 1), SECCOMP_RET_ERRNO | EPERM);
		expect(&f, NATIVE(SYS_personality, good[i] | 1ULL << 40),
		       SECCOMP_RET_ERRNO | EPERM);
	}
	security_filter_free(&f);
}

/* Different actions under different conditions. */
static void test_several_actions(void **state)
{
	struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":97,\"args\":"
		"[" ARG(0, EQ,
			40) "]},"
			    "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_KILL_PROCESS\",\"args\":"
			    "[" ARG(0, EQ, 38) "]},"
					       "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_"
					       "TRAP\",\"args\":[" ARG(0, EQ, 2) "," ARG(1, EQ,
											 3) "]}]}");

	(void)state;
	expect(&f, NATIVE(SYS_socket, 40), SECCOMP_RET_ERRNO | 97);
	expect(&f, NATIVE(SYS_socket, 38), SECCOMP_RET_KILL_PROCESS);
	expect(&f, NATIVE(SYS_socket, 2, 3), SECCOMP_RET_TRAP);
	expect(&f, NATIVE(SYS_socket, 2, 1), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_socket, 1), SECCOMP_RET_ALLOW);
	security_filter_free(&f);
}

/* One index twice in a rule: libseccomp has no AND for that; as in runc each stands for itself. */
static void test_repeated_index(void **state)
{
	struct seccomp_filter f =
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" ALLOW(
			"ioctl", ARG(0, EQ, 1) "," ARG(0, EQ, 5) "," ARG(1, EQ, 7)) "]}");

	(void)state;
	expect(&f, NATIVE(SYS_ioctl, 1, 0), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_ioctl, 5, 0), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_ioctl, 9, 7), SECCOMP_RET_ALLOW);
	expect(&f, NATIVE(SYS_ioctl, 9, 8), SECCOMP_RET_ERRNO | EPERM);
	security_filter_free(&f);
}

/* More than the kernel takes is an error here, not a failing start; soon, if there are far too many. */
static void check_too_large(unsigned rules)
{
	char *profile = malloc(TEXT_MAX);
	size_t len = (size_t)snprintf(profile, TEXT_MAX,
				      "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[");
	struct seccomp_filter f = { 0 };
	struct err e = ERR_INIT;
	struct oci_spec *spec;

	for (unsigned i = 0; i < rules; i++)
		len += (size_t)snprintf(profile + len, TEXT_MAX - len,
					"%s{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
					"\"args\":[{\"index\":1,"
					"\"op\":\"SCMP_CMP_EQ\",\"value\":%llu}]}",
					i ? "," : "", (unsigned long long)i << 32 | i * 7);
	(void)snprintf(profile + len, TEXT_MAX - len, "]}");
	spec = decode(profile);
	assert_int_equal(security_filter_compile(&spec->linux_.seccomp, &f, &e), -E2BIG);
	assert_null(f.data);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "instructions"));
	oci_spec_free(spec);
	free(profile);
}

static void test_too_large(void **state)
{
	(void)state;
	check_too_large(1500);
	check_too_large(8000);
}

static void test_flags(void **state)
{
	static const struct {
		const char *flags;
		uint32_t want;
	} cases[] = {
		{ "", SECCOMP_FILTER_FLAG_SPEC_ALLOW }, /* as runc, when nothing is said */
		{ ",\"flags\":[]", 0 },
		{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", SECCOMP_FILTER_FLAG_LOG },
		{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\"]", 0 },
		{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_LOG\"]",
		  SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_LOG },
	};
	char profile[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seccomp_filter f = { 0 };
		struct err e = ERR_INIT;
		struct oci_spec *spec;

		(void)snprintf(profile, sizeof(profile), "{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s}",
			       cases[i].flags);
		spec = decode(profile);
		assert_int_equal(security_filter_load(&spec->linux_.seccomp, -EBADF, &f, &e), 0);
		assert_int_equal(f.flags, cases[i].want);
		security_filter_free(&f);
		oci_spec_free(spec);
	}
}

static void test_none(void **state)
{
	const struct oci_seccomp none = { 0 };
	struct seccomp_filter f = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(security_filter_load(&none, -EBADF, &f, &e), 0);
	assert_null(f.data);
	security_filter_free(&f);
	security_filter_free(&f);
}

#define RULE(names, action, more)                                                                  \
	"{\"names\":[" names "],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define RULES(fallback, ...)                                                                       \
	"{\"defaultAction\":\"SCMP_ACT_" fallback "\",\"syscalls\":[" __VA_ARGS__ "]}"
#define SOME ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"

/* When in doubt it is not permitted. */
static void test_permits(void **state)
{
	static const struct {
		const char *profile;
		bool want;
	} cases[] = {
		{ RULES("ALLOW", ""), true },
		{ RULES("LOG", ""), true },
		{ RULES("ERRNO", ""), false },
		{ RULES("ERRNO", RULE("\"read\"", "ALLOW", "")), false },
		{ RULES("ERRNO", RULE("\"read\",\"sendmsg\"", "ALLOW", "")), true },
		{ RULES("ERRNO", RULE("\"sendmsg\"", "ALLOW", SOME)), false },
		{ RULES("ALLOW", RULE("\"read\"", "KILL", "")), true },
		{ RULES("ALLOW", RULE("\"sendmsg\"", "ERRNO", "")), false },
		{ RULES("ALLOW", RULE("\"sendmsg\"", "KILL", SOME)), false },
		{ RULES("ERRNO",
			RULE("\"sendmsg\"", "ALLOW", "") "," RULE("\"sendmsg\"", "TRAP", SOME)),
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct oci_spec *spec = decode(cases[i].profile);

		if (security_filter_permits(&spec->linux_.seccomp, "sendmsg") != cases[i].want)
			fail_msg("%s: not %d", cases[i].profile, cases[i].want);
		oci_spec_free(spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_same_as_default),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_newer_architectures),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_and),
		cmocka_unit_test(test_several_rules),
		cmocka_unit_test(test_several_actions),
		cmocka_unit_test(test_repeated_index),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_permits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
