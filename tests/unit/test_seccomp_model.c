// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the filter say what the profile says? For each profile of tests/golden, those of `ctr spec` and some made to be
 * difficult: the compiled program's answer to every number from 0 to 1023 and some beyond, by the doors of x86-64, x32 and
 * i386 and by those of other machines, with arguments on both sides of each condition, is compared with a model that
 * reads the profile alone.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <seccomp.h>
#include <linux/seccomp.h>

#include "oci/default_spec.h"
#include "security/security.h"
#include "unit/bpf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NUMBERS = 1024,
	X32_BIT = 0x40000000,
	MAX_TEXT = 1 << 20,
	SOCKETCALL = 102, /* on i386: many calls behind one number, the first argument says which */
	IPC = 117,
};

/* A door: how calls of one architecture look to a filter. */
struct door {
	uint32_t token, audit, bit;
	bool open;	/* the profile lists the architecture */
	int64_t newest; /* the highest number that the profile names, with the bit; -1: none */
	char *names[NUMBERS];
};

struct model {
	const struct oci_seccomp *profile;
	struct door doors[3];
	uint32_t fallback;
	bool denies;
	size_t asked;
};

/* Of several rules that match the order is libseccomp's business: any of their actions is right. */
struct answers {
	uint32_t action[16];
	size_t count;
};

/* ---- the profile, read by itself ---- */

static uint32_t with_data(uint32_t action, const struct opt_u64 *value)
{
	if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
		return action | (value->set ? (uint32_t)value->value & 0xffff : EPERM);
	return action;
}

/*
 * What libseccomp looks at by the doors of 32-bit programs: the lower half of an argument and of what it is compared with. On
 * i386 there is no more of it.
 */
static uint64_t visible(const struct door *d, uint64_t value)
{
	return d->token == SCMP_ARCH_X86_64 ? value : value & UINT32_MAX;
}

static bool condition_holds(const struct door *d, const struct oci_seccomp_arg *a, uint64_t value)
{
	uint64_t is = visible(d, value), want = visible(d, a->value);

	switch (a->op) {
	case SCMP_CMP_NE: return is != want;
	case SCMP_CMP_LT: return is < want;
	case SCMP_CMP_LE: return is <= want;
	case SCMP_CMP_EQ: return is == want;
	case SCMP_CMP_GE: return is >= want;
	case SCMP_CMP_GT: return is > want;
	case SCMP_CMP_MASKED_EQ: return (is & want) == visible(d, a->value_two);
	default: fail_msg("operator %u", a->op); return false;
	}
}

static bool repeats_index(const struct oci_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->args.count; i++)
		for (size_t k = 0; k < i; k++)
			if (rule->args.items[i].index == rule->args.items[k].index)
				return true;
	return false;
}

/* All conditions, or any where an index is there twice (as runc has it). @skip_first: nobody can see argument 0. */
static bool rule_matches(const struct door *d, const struct oci_seccomp_rule *rule,
			 const uint64_t *args, bool skip_first)
{
	bool any = repeats_index(rule), found = !any || !rule->args.count;

	for (size_t i = 0; i < rule->args.count; i++) {
		const struct oci_seccomp_arg *a = &rule->args.items[i];
		bool holds =
			skip_first && a->index == 0 ? true : condition_holds(d, a, args[a->index]);

		if (any && holds)
			found = true;
		if (!any && !holds)
			return false;
	}
	return found;
}

static bool names_call(const struct oci_seccomp_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (strcmp(rule->names.items[i], name) == 0)
			return true;
	return false;
}

static void ask(const struct model *m, const struct door *d, const char *name, const uint64_t *args,
		bool skip_first, struct answers *ret)
{
	for (size_t i = 0; name && i < m->profile->syscalls.count; i++) {
		const struct oci_seccomp_rule *rule = &m->profile->syscalls.items[i];
		uint32_t action = with_data(rule->action, &rule->errno_ret);

		if (action == m->fallback || !names_call(rule, name) ||
		    !rule_matches(d, rule, args, skip_first))
			continue;
		assert_true(ret->count < COUNT(ret->action));
		ret->action[ret->count++] = action;
	}
}

/* A call that hides behind the number of another: libseccomp calls them -101 and so on, -201 and so on. */
static void ask_multiplexed(const struct model *m, const struct door *d, uint32_t nr,
			    const uint64_t *args, struct answers *ret)
{
	int pseudo = -(int)(args[0] & 0xff) - (nr == SOCKETCALL ? 100 : 200);
	char *name = NULL;

	if (args[0] >= 1 && args[0] <= 30)
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86, pseudo);
	ask(m, d, name, args, true, ret);
	free(name);
}

static bool denies(const struct oci_seccomp *s, uint32_t fallback)
{
	switch (s->default_action) {
	case SECCOMP_RET_ERRNO: return fallback != (SECCOMP_RET_ERRNO | ENOSYS);
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP: return true;
	default: return false;
	}
}

static bool in_profile(const struct oci_seccomp *s, const char *name)
{
	for (size_t i = 0; i < s->syscalls.count; i++)
		if (names_call(&s->syscalls.items[i], name))
			return true;
	return false;
}

static void open_door(const struct oci_seccomp *s, struct door *d)
{
	d->open = d->token == SCMP_ARCH_X86_64;
	for (size_t i = 0; i < s->architectures.count; i++)
		d->open = d->open || s->architectures.items[i] == d->token;
	d->newest = -1;
	for (uint32_t nr = 0; nr < NUMBERS; nr++) {
		d->names[nr] = seccomp_syscall_resolve_num_arch(d->token, (int)(nr | d->bit));
		if (d->names[nr] && in_profile(s, d->names[nr]))
			d->newest = nr | d->bit;
	}
}

static struct model model_of(const struct oci_seccomp *s)
{
	struct model m = {
		.profile = s,
		.doors = { { .token = SCMP_ARCH_X86_64, .audit = SCMP_ARCH_X86_64 },
			   { .token = SCMP_ARCH_X32, .audit = SCMP_ARCH_X86_64, .bit = X32_BIT },
			   { .token = SCMP_ARCH_X86, .audit = SCMP_ARCH_X86 } },
		.fallback = with_data(s->default_action, &s->default_errno_ret),
	};

	m.denies = denies(s, m.fallback);
	for (size_t i = 0; i < COUNT(m.doors); i++)
		open_door(s, &m.doors[i]);
	return m;
}

static void model_free(struct model *m)
{
	for (size_t i = 0; i < COUNT(m->doors); i++)
		for (size_t k = 0; k < NUMBERS; k++)
			free(m->doors[i].names[k]);
}

static void verdicts(const struct model *m, const struct door *d, uint32_t nr, const uint64_t *args,
		     struct answers *ret)
{
	ret->count = 0;
	if (!d->open) {
		ret->action[ret->count++] = SECCOMP_RET_KILL_PROCESS;
		return;
	}
	if (m->denies && d->newest >= 0 && (int64_t)(nr | d->bit) > d->newest) {
		ret->action[ret->count++] = SECCOMP_RET_ERRNO | ENOSYS;
		return;
	}
	ask(m, d, nr < NUMBERS ? d->names[nr] : NULL, args, false, ret);
	if (d->token == SCMP_ARCH_X86 && (nr == SOCKETCALL || nr == IPC))
		ask_multiplexed(m, d, nr, args, ret);
	if (!ret->count)
		ret->action[ret->count++] = m->fallback;
}

/* ---- the filter, asked ---- */

static void compare(struct model *m, const struct seccomp_filter *f, const struct door *d,
		    uint32_t nr, const uint64_t *args)
{
	struct seccomp_data data = { .nr = (int)(nr | d->bit), .arch = d->audit };
	uint64_t seen[COUNT(data.args)];
	struct answers want;
	uint32_t is;

	for (size_t i = 0; i < COUNT(data.args); i++)
		data.args[i] = seen[i] = d->token == SCMP_ARCH_X86 ? args[i] & UINT32_MAX : args[i];
	is = bpf_run(f, &data);
	verdicts(m, d, nr, seen, &want);
	m->asked++;
	for (size_t i = 0; i < want.count; i++)
		if (want.action[i] == is)
			return;
	fail_msg("arch 0x%x nr %u%s (%s) args 0x%llx 0x%llx: 0x%08x instead of 0x%08x", d->audit,
		 nr, d->bit ? " of x32" : "",
		 nr < NUMBERS && d->names[nr] ? d->names[nr] : "no call",
		 (unsigned long long)args[0], (unsigned long long)args[1], is, want.action[0]);
}

/* Both sides of each edge of a condition, in an argument; what is in the others is not looked at by most rules. */
static void compare_around(struct model *m, const struct seccomp_filter *f, const struct door *d,
			   uint32_t nr, const struct oci_seccomp_arg *a)
{
	const uint64_t edges[] = {
		a->value,
		a->value - 1,
		a->value + 1,
		a->value_two,
		~a->value,
		a->value ^ 1ULL << 32,
		a->value ^ 1ULL << 63,
		a->value_two | ~a->value,
		a->value_two ^ (a->value & -a->value),
	};
	uint64_t args[6];

	for (size_t i = 0; i < COUNT(edges); i++) {
		for (size_t k = 0; k < COUNT(args); k++)
			args[k] = k == a->index ? edges[i] : ~edges[i];
		compare(m, f, d, nr, args);
		for (size_t k = 0; k < COUNT(args); k++)
			args[k] = edges[i];
		compare(m, f, d, nr, args);
	}
}

static void compare_number(struct model *m, const struct seccomp_filter *f, const struct door *d,
			   uint32_t nr)
{
	static const uint64_t plain[][6] = {
		{ 0 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ 1, 2, 3, 4, 5, 6 },
	};
	const char *name = nr < NUMBERS ? d->names[nr] : NULL;

	for (size_t i = 0; i < COUNT(plain); i++)
		compare(m, f, d, nr, plain[i]);
	for (uint64_t i = 0; nr == SOCKETCALL || nr == IPC ? i < 40 : false; i++)
		compare(m, f, d, nr, (const uint64_t[6]){ i, i, i, i, i, i });
	for (size_t i = 0; name && i < m->profile->syscalls.count; i++) {
		const struct oci_seccomp_rule *rule = &m->profile->syscalls.items[i];

		for (size_t k = 0; k < rule->args.count && names_call(rule, name); k++)
			compare_around(m, f, d, nr, &rule->args.items[k]);
	}
}

/* Neither listed nor related: no call of theirs does anything but end the process. */
static void compare_strangers(const struct model *m, const struct seccomp_filter *f)
{
	static const uint32_t strangers[] = { SCMP_ARCH_AARCH64,
					      SCMP_ARCH_ARM,
					      SCMP_ARCH_MIPS,
					      SCMP_ARCH_PPC64LE,
					      SCMP_ARCH_S390X,
					      SCMP_ARCH_RISCV64,
					      0,
					      SCMP_ARCH_X86 ^ 1,
					      UINT32_MAX };

	for (size_t i = 0; i < COUNT(strangers); i++) {
		bool listed = false;

		for (size_t k = 0; k < m->profile->architectures.count; k++)
			listed = listed || m->profile->architectures.items[k] == strangers[i];
		for (uint32_t nr = 0; !listed && nr < NUMBERS; nr++) {
			struct seccomp_data data = { .nr = (int)nr, .arch = strangers[i] };

			assert_int_equal(bpf_run(f, &data), SECCOMP_RET_KILL_PROCESS);
		}
	}
}

static size_t check_profile(const struct oci_seccomp *s, const char *what)
{
	static const uint32_t beyond[] = { 1024, 4095, 65535, 0x3ffffffe, 0x3fffffff };
	struct seccomp_filter f = { 0 };
	struct model m = model_of(s);
	struct err e = ERR_INIT;

	if (security_filter_compile(s, &f, &e) < 0)
		fail_msg("%s: %s (%s)", what, e.text, e.origin);
	for (size_t i = 0; i < COUNT(m.doors); i++) {
		for (uint32_t nr = 0; nr < NUMBERS; nr++)
			compare_number(&m, &f, &m.doors[i], nr);
		for (size_t k = 0; k < COUNT(beyond); k++)
			compare_number(&m, &f, &m.doors[i], beyond[k]);
	}
	compare_strangers(&m, &f);
	security_filter_free(&f);
	model_free(&m);
	return m.asked;
}

/* ---- which profiles ---- */

static void need_x86_64(void)
{
	if (seccomp_arch_native() == SCMP_ARCH_X86_64)
		return;
	print_message("needs x86_64, which has all three doors\n");
	skip();
}

static size_t read_file(const char *path, char *text)
{
	FILE *file = fopen(path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, MAX_TEXT, file);
	assert_true(len < MAX_TEXT);
	(void)fclose(file);
	return len;
}

/* Those that are refused for another reason have no filter. */
static void test_golden(void **state)
{
	const char *top = getenv("CTR_SRCDIR");
	char pattern[4096], *text = malloc(MAX_TEXT);
	size_t checked = 0;
	glob_t found;

	(void)state;
	need_x86_64();
	assert_non_null(text);
	(void)snprintf(pattern, sizeof(pattern), "%s/tests/golden/*/config.json", top ? top : "..");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len = read_file(found.gl_pathv[i], text);
		struct oci_spec *spec = NULL;
		struct err e = ERR_INIT;

		if (oci_spec_decode(text, len, &spec, &e) < 0)
			continue;
		if (spec->linux_.seccomp.set) {
			(void)check_profile(&spec->linux_.seccomp,
					    strstr(found.gl_pathv[i], "/golden/"));
			checked++;
		}
		oci_spec_free(spec);
	}
	globfree(&found);
	free(text);
	assert_true(checked >= 10);
}

static void check_text(const char *text, size_t len, const char *what)
{
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	if (oci_spec_decode(text, len, &spec, &e) < 0)
		fail_msg("%s: %s (%s)", what, e.text, e.origin);
	assert_true(check_profile(&spec->linux_.seccomp, what) > NUMBERS);
	oci_spec_free(spec);
}

static void test_default_specs(void **state)
{
	static const struct {
		const char *what;
		struct oci_default_options options;
	} cases[] = {
		{ "spec", { 0 } },
		{ "spec --system", { .system = true } },
	};

	(void)state;
	need_x86_64();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		char *text = NULL;
		size_t len = 0;

		assert_int_equal(oci_default_spec(&cases[i].options, &text, &len, &e), 0);
		check_text(text, len, cases[i].what);
		free(text);
	}
}

#define RULE(names, action, args)                                                                  \
	"{'names':[" names "],'action':'SCMP_ACT_" action "','args':[" args "]}"
#define ARG(i, op, v, w) "{'index':" #i ",'op':'SCMP_CMP_" #op "','value':" #v ",'valueTwo':" #w "}"
#define ARCHS(...)	 "'architectures':[" __VA_ARGS__ "],"
#define ALL_ARCHS	 ARCHS("'SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X32'")
#define EVERY_OP                                                                                                      \
	RULE("'ioctl'", "KILL_PROCESS", ARG(0, NE, 5, 0) "," ARG(1, LT, 4294967296, 0))                               \
	"," RULE("'fcntl'", "TRAP", ARG(2, LE, 7, 0)) "," RULE("'fcntl'", "LOG", ARG(2, GT, 4294967295, 0)) "," RULE( \
		"'mmap'", "TRACE",                                                                                    \
		ARG(5, GE, 9,                                                                                         \
		    0)) "," RULE("'clone','unshare'", "ERRNO",                                                        \
				 ARG(0, MASKED_EQ, 2114060288,                                                        \
				     0)) "," RULE("'prctl'", "LOG",                                                   \
						  ARG(0, EQ, 1, 0) "," ARG(                                           \
							  0, EQ, 5,                                                   \
							  0)) "," RULE("'socket','socketpair'",                       \
								       "TRAP",                                        \
								       ARG(0, EQ, 38, 0) "," ARG(                     \
									       1, EQ, 5,                              \
									       0)) "," RULE("'shm"                    \
											    "get'"                    \
											    ",'"                      \
											    "msgs"                    \
											    "nd',"                    \
											    "'sem"                    \
											    "op',"                    \
											    "'get"                    \
											    "pid'"                    \
											    ",'"                      \
											    "no_"                     \
											    "such"                    \
											    "_cal"                    \
											    "l','"                    \
											    "epol"                    \
											    "l_"                      \
											    "pwai"                    \
											    "t2'",                    \
											    "LOG",                    \
											    "")

static void test_made(void **state)
{
	static const char *const defaults[] = { "ALLOW", "ERRNO", "KILL_PROCESS", "KILL_THREAD",
						"TRAP",	 "LOG",	  "TRACE" };
	static const char *const archs[] = { "", ALL_ARCHS, ARCHS("'SCMP_ARCH_X32'"),
					     ARCHS("'SCMP_ARCH_X86'"),
					     ARCHS("'SCMP_ARCH_AARCH64','SCMP_ARCH_X86_64'") };
	static const char *const rules[] = {
		EVERY_OP,
		RULE("'getpid'", "ALLOW", ""),
		RULE("'no_such_call'", "ALLOW", ""),
		"",
	};
	char text[8192], what[200];

	(void)state;
	need_x86_64();
	for (size_t i = 0; i < COUNT(defaults) * COUNT(archs) * COUNT(rules); i++) {
		const char *action = defaults[i % COUNT(defaults)];
		const char *arch = archs[i / COUNT(defaults) % COUNT(archs)];
		const char *rule = rules[i / COUNT(defaults) / COUNT(archs)];
		int len;

		len = snprintf(text, sizeof(text),
			       "{'ociVersion':'1.0.2','root':{'path':'r'},'linux':{'seccomp':{%s"
			       "'defaultAction':'SCMP_ACT_%s','syscalls':[%s]}}}",
			       arch, action, rule);
		assert_true(len > 0 && (size_t)len < sizeof(text));
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		(void)snprintf(what, sizeof(what), "%s %.60s %.40s", action, arch, rule);
		check_text(text, (size_t)len, what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_default_specs),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
