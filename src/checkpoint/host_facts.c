// SPDX-License-Identifier: GPL-2.0-or-later
/* See proposal.h: what this host is. */
#include "checkpoint/proposal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/strbuf.h"

enum {
	CPUINFO_MAX = 16 << 20,
	WORD_MAX = 64
};

/*
 * Flags of /proc/cpuinfo that say what the kernel does, or what a machine is, and not which instructions a program may use
 * (arch/x86/include/asm/cpufeatures.h). Everything else counts, unknown new ones, too.
 */
static const char *const not_instructions[] = {
	"acpi",
	"amd_dcm",
	"amd_lbr_v2",
	"amd_ppin",
	"aperfmperf",
	"apic",
	"arat",
	"arch_capabilities",
	"arch_lbr",
	"arch_perfmon",
	"art",
	"avic",
	"bts",
	"cat_l2",
	"cat_l3",
	"cdp_l2",
	"cdp_l3",
	"constant_tsc",
	"cpb",
	"cppc",
	"cpuid",
	"cpuid_fault",
	"cqm",
	"cqm_llc",
	"cqm_mbm_local",
	"cqm_mbm_total",
	"cqm_occup_llc",
	"dca",
	"debug_swap",
	"decodeassists",
	"ds_cpl",
	"dtes64",
	"dtherm",
	"dts",
	"epb",
	"ept",
	"ept_ad",
	"est",
	"extapic",
	"extd_apicid",
	"flexpriority",
	"flush_l1d",
	"flushbyasid",
	"fsrm",
	"hfi",
	"ht",
	"hwp",
	"hwp_act_window",
	"hwp_epp",
	"hwp_notify",
	"hwp_pkg_req",
	"hw_pstate",
	"hypervisor",
	"ibpb",
	"ibrs",
	"ibrs_enhanced",
	"ibs",
	"ibt",
	"ida",
	"intel_ppin",
	"intel_pt",
	"invpcid_single",
	"irperf",
	"kaiser",
	"l1d_flush",
	"lbrv",
	"mba",
	"mca",
	"mce",
	"md_clear",
	"monitor",
	"msr",
	"mtrr",
	"nonstop_tsc",
	"nopl",
	"npt",
	"nrip_save",
	"overflow_recov",
	"pae",
	"pat",
	"pausefilter",
	"pbe",
	"pcid",
	"pconfig",
	"pdcm",
	"pdpe1gb",
	"pebs",
	"perfctr_core",
	"perfctr_llc",
	"perfctr_nb",
	"perfmon_v2",
	"pfthreshold",
	"pge",
	"pln",
	"proc_feedback",
	"pse",
	"pse36",
	"pti",
	"ptsc",
	"pts",
	"rapl",
	"rdt_a",
	"rep_good",
	"retpoline",
	"retpoline_amd",
	"sdbg",
	"sev",
	"sev_es",
	"skinit",
	"smap",
	"sme",
	"smca",
	"smep",
	"smx",
	"spec_ctrl",
	"split_lock_detect",
	"ss",
	"ssbd",
	"stibp",
	"succor",
	"svm",
	"svm_lock",
	"tm",
	"tm2",
	"tme",
	"topoext",
	"tpr_shadow",
	"tsc",
	"tsc_adjust",
	"tsc_deadline_timer",
	"tsc_known_freq",
	"tsc_reliable",
	"tsc_scale",
	"umip",
	"user_shstk",
	"v_spec_ctrl",
	"v_vmsave_vmload",
	"vgif",
	"virt_ssbd",
	"vmcb_clean",
	"vme",
	"vmmcall",
	"vmx",
	"vnmi",
	"vnmi",
	"vpid",
	"wbnoinvd",
	"wdt",
	"x2apic",
	"x2avic",
	"xtopology",
	"xtpr",
};

static bool is_instruction(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_instructions); i++)
		if (strcmp(word, not_instructions[i]) == 0)
			return false;
	return true;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

size_t host_cpu_missing(const char *wanted, const char *have, char *buf, size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);
	size_t count = 0;

	while (*(wanted += strspn(wanted, " "))) {
		char word[WORD_MAX];
		size_t n = strcspn(wanted, " ");

		if (n < sizeof(word)) {
			memcpy(word, wanted, n);
			word[n] = '\0';
			if (is_instruction(word) && !has_word(have, word))
				strbuf_addf(&out, "%s%s", count++ ? " " : "", word);
		}
		wanted += n;
	}
	return count;
}

int host_kernel_compare(const char *a, const char *b)
{
	unsigned long va[2] = { 0 }, vb[2] = { 0 };

	(void)sscanf(a, "%lu.%lu", &va[0], &va[1]); /* what is no number counts as 0 */
	(void)sscanf(b, "%lu.%lu", &vb[0], &vb[1]);
	for (int i = 0; i < 2; i++)
		if (va[i] != vb[i])
			return va[i] < vb[i] ? -1 : 1;
	return 0;
}

/* The line of the first processor: "flags" of x86, "Features" of arm. */
static char *find_flags(char *text, struct arena *a)
{
	static const char *const names[] = { "\nflags", "\nFeatures" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *line = strstr(text, names[i]);
		char *value = line ? strchr(line, ':') : NULL;

		if (!value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		return arena_memdup(a, value, strcspn(value, "\n"));
	}
	return arena_strdup(a, "");
}

static int get_cpu(struct arena *a, const char **ret, struct err *e)
{
	cleanup_fd int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd < 0 ? -errno : io_read_stream(fd, CPUINFO_MAX, &text, &len);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read /proc/cpuinfo");
	*ret = find_flags(text, a);
	return *ret ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "read /proc/cpuinfo");
}

int host_facts_get(struct arena *a, int criu, struct host_facts *ret, struct err *e)
{
	struct host_facts f = { .criu = criu };
	char boot[64];
	struct utsname u;
	struct stat st;
	int r = process_boot_id(boot, sizeof(boot), e);

	if (r == 0)
		r = get_cpu(a, &f.cpu, e);
	if (r < 0)
		return r;
	if (uname(&u) < 0 || stat("/proc/self/ns/net", &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "find out what this host is");
	f.netns = st.st_ino;
	f.name = arena_strdup(a, u.nodename);
	f.kernel = arena_strdup(a, u.release);
	f.arch = arena_strdup(a, u.machine);
	f.boot_id = arena_strdup(a, boot);
	if (!f.name || !f.kernel || !f.arch || !f.boot_id)
		return err_set(e, ERR_SYSTEM, ENOMEM, "find out what this host is");
	*ret = f;
	return 0;
}
