// SPDX-License-Identifier: GPL-2.0-or-later
/* What of linux.seccomp this kernel and this libseccomp do not know. Changes nothing. */
#include "security/security.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "oci/names.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/problems.h"
#include "util/strbuf.h"

/* The kernel checks the flags before it looks at the (missing) program: seccomp(2). */
bool security_filter_flag_works(uint64_t flag)
{
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) /* never alone */
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)flag, NULL) < 0 &&
	       errno == EFAULT;
}

/* seccomp(2), "/proc interfaces" */
static const struct {
	uint32_t action;
	const char *word;
} actions[] = {
	{ SCMP_ACT_KILL_PROCESS, "kill_process" },
	{ SCMP_ACT_KILL_THREAD, "kill_thread" },
	{ SCMP_ACT_TRAP, "trap" },
	{ SCMP_ACT_ERRNO(0), "errno" },
	{ SCMP_ACT_TRACE(0), "trace" },
	{ SCMP_ACT_NOTIFY, "user_notif" },
	{ SCMP_ACT_LOG, "log" },
	{ SCMP_ACT_ALLOW, "allow" },
};

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; text; text = strchr(text, ' ') ? strchr(text, ' ') + 1 : NULL)
		if (strncmp(text, word, len) == 0 && (!text[len] || text[len] == ' '))
			return true;
	return false;
}

static int probe_action(const char *known, uint32_t action, const char *at, struct err *e)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].action != action || has_word(known, actions[i].word))
			continue;
		r = err_set(e, ERR_SYSTEM, 0, "this kernel does not know the seccomp action '%s'",
			    oci_names_of(&oci_seccomp_action_names, action));
		err_origin(e, "config.json %s", at);
		return err_keep(e, r);
	}
	return 0;
}

static int probe_actions(const struct oci_seccomp *s, struct err *e)
{
	char known[256], at[80];
	int r;

	if (io_read_line(AT_FDCWD, "/proc/sys/kernel/seccomp/actions_avail", known,
			 sizeof(known)) <= 0)
		return 0;
	r = probe_action(known, s->default_action, "/linux/seccomp/defaultAction", e);
	for (size_t i = 0; r == 0 && i < s->syscalls.count; i++) {
		(void)snprintf(at, sizeof(at), "/linux/seccomp/syscalls/%zu/action", i);
		r = probe_action(known, s->syscalls.items[i].action, at, e);
	}
	return r;
}

static int probe_flags(const struct oci_seccomp *s, struct err *e)
{
	const struct oci_names *names = &oci_seccomp_flag_names;
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		/* never handed to the kernel: init has one thread */
		if (!(s->flags & names->items[i].value) ||
		    names->items[i].value == SECCOMP_FILTER_FLAG_TSYNC ||
		    security_filter_flag_works(names->items[i].value))
			continue;
		r = err_set(e, ERR_SYSTEM, 0, "this kernel does not know the seccomp flag '%s'",
			    names->items[i].name);
		err_origin(e, "config.json /linux/seccomp/flags");
		r = err_keep(e, r);
	}
	return r;
}

/* One warning for each entry: a profile may have hundreds of names, and many of them too young. */
static int probe_names(const oci_strings *names, size_t i, struct problems *p)
{
	char at[80], list[320];
	struct strbuf all = STRBUF_OVER(list, sizeof(list));
	size_t unknown = 0;

	for (size_t k = 0; k < names->count; k++) {
		if (seccomp_syscall_resolve_name(names->items[k]) != __NR_SCMP_ERROR)
			continue;
		strbuf_addf(&all, "%s%.60s", unknown++ ? ", " : "", names->items[k]);
	}
	if (!unknown)
		return 0;
	(void)snprintf(at, sizeof(at), "/linux/seccomp/syscalls/%zu/names", i);
	return problems_addf(p, PROBLEM_WARNING, at, NULL,
			     "unknown to libseccomp, and skipped: %s%s", list,
			     all.len + 1 == all.size ? "..." : "");
}

int security_filter_probe(const struct oci_seccomp *s, struct err *e)
{
	int r;

	if (!s->set)
		return 0;
	r = probe_actions(s, e);
	if (r == 0)
		r = probe_flags(s, e);
	for (size_t i = 0; r == 0 && e->problems && i < s->syscalls.count; i++)
		r = probe_names(&s->syscalls.items[i].names, i, e->problems);
	return r;
}
