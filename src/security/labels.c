// SPDX-License-Identifier: GPL-2.0-or-later
/* AppArmor profile and SELinux labels as operations, and whether this host has what they need. */
#include "security/security.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "util/io.h"
#include "util/kernel.h"

/* Only a label that is not empty asks for something; engines write "" for none. */
static bool asked(const char *label)
{
	return label && *label;
}

unsigned security_lsms_probe(const struct oci_process *process, const char *mount_label)
{
	char text[4096] = "";
	unsigned lsms = 0;

	if (!asked(process->apparmor_profile) && !asked(process->selinux_label) &&
	    !asked(mount_label))
		return 0;
	/* what cannot be read is not there: a label is then refused, never skipped */
	if (io_read_line(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof(text)) >
		    0 &&
	    text[0] == 'Y')
		lsms |= SECURITY_LSM_APPARMOR;
	/* selinuxfs is registered if and only if SELinux is on, mounted or not */
	if (io_read_line(AT_FDCWD, "/proc/filesystems", text, sizeof(text)) > 0 &&
	    strstr(text, "\tselinuxfs"))
		lsms |= SECURITY_LSM_SELINUX;
	return lsms;
}

/* What a label needs of the host. */
struct need {
	const char *label, *origin, *what, *lsm;
	unsigned bit;
	const char *remedy;
};

static int check(const struct need *n, unsigned lsms, const struct plan *p, struct err *e)
{
	if (!asked(n->label) || lsms & n->bit)
		return 0;
	err_set(e, ERR_SYSTEM, 0, "%s '%s': %s is not enabled on this host", n->what, n->label,
		n->lsm);
	plan_error_origin(p, n->origin, e);
	err_hint(e, "%s", n->remedy);
	return err_keep(e, -EOPNOTSUPP);
}

int security_check_labels(const struct oci_process *process, const char *mount_label, unsigned lsms,
			  const struct plan *p, struct err *e)
{
	static const char selinux[] = "boot with security=selinux, or remove the label";
	const char *profile = process->apparmor_profile;
	const struct need needs[] = {
		{ profile, "/process/apparmorProfile", "AppArmor profile", "AppArmor",
		  SECURITY_LSM_APPARMOR,
		  "boot with apparmor=1 security=apparmor, or remove the profile" },
		{ process->selinux_label, "/process/selinuxLabel", "SELinux label", "SELinux",
		  SECURITY_LSM_SELINUX, selinux },
		{ mount_label, "/linux/mountLabel", "SELinux label", "SELinux",
		  SECURITY_LSM_SELINUX, selinux },
	};
	int r = 0;

	/* where there is no AppArmor, everything is unconfined */
	if (asked(profile) && strcmp(profile, "unconfined") == 0)
		lsms |= SECURITY_LSM_APPARMOR;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(needs); i++)
		r = check(&needs[i], lsms, p, e);
	return r;
}

static bool wants_apparmor(const struct oci_process *process, unsigned lsms)
{
	return asked(process->apparmor_profile) && lsms & SECURITY_LSM_APPARMOR;
}

static uint64_t file_list(struct plan *p, const char *first, const char *second)
{
	const char *items[] = { first, second };
	oci_strings list = { .items = items, .count = second ? 2 : 1 };

	return plan_list(p, &list);
}

void security_emit_key_label(const struct oci_process *process, unsigned lsms, bool keyring,
			     struct plan *p)
{
	/* here, where the proc of the host or of the container can still be seen (mount_too_revealing) */
	if (wants_apparmor(process, lsms) || asked(process->selinux_label))
		(void)plan_proc(p);
	/* the kernel forgets it at execve, and init makes no other key */
	if (keyring && asked(process->selinux_label))
		PLAN_ADD(p, "/process/selinuxLabel", label, .proc = plan_proc(p),
			 .what = plan_str(p, "label new keys with the SELinux context"),
			 .label = plan_str(p, process->selinux_label),
			 .files = file_list(p, "self/attr/keycreate", NULL));
}

void security_emit_labels(const struct oci_process *process, unsigned lsms, struct plan *p)
{
	if (wants_apparmor(process, lsms))
		PLAN_ADD(p, "/process/apparmorProfile", label, .proc = plan_proc(p),
			 .what = plan_str(p, "run the program under the AppArmor profile"),
			 .label = plan_str(p, process->apparmor_profile),
			 .verb = plan_str(p, "exec "),
			 .files = file_list(p, "self/attr/apparmor/exec", "self/attr/exec"));
	if (asked(process->selinux_label))
		PLAN_ADD(p, "/process/selinuxLabel", label, .proc = plan_proc(p),
			 .what = plan_str(p, "run the program with the SELinux context"),
			 .label = plan_str(p, process->selinux_label),
			 .files = file_list(p, "self/attr/exec", NULL));
}
