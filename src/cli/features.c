// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ctr features: what this ctr can do, as runtime-spec features.md has it. Says what is built and works;
 * of the kernel it asks only for seccomp flags.
 */
#include "cli/cli.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "config.h"
#include "oci/annotations.h"
#include "oci/names.h"
#include "rootfs/options.h"

#ifdef HAVE_CRIU
#define CHECKPOINT "true" /* criu itself is looked for when it is needed */
#else
#define CHECKPOINT "false"
#endif

static const struct cli_option options[] = { { 0 } };

/* Those of the table by name, and its family: what other versions or runtimes do with the rest of it. */
static void unsafe_annotations(struct json_out *o)
{
	json_out_member_array(o, "potentiallyUnsafeConfigAnnotations");
	for (size_t i = 0; i < OCI_ANNOTATION_HONOURED; i++)
		json_out_string(o, oci_annotations[i].name);
	json_out_string(o, "run.oci.");
	json_out_end_array(o);
}

static void names(struct json_out *o, const char *key, const struct oci_names *table)
{
	json_out_member_array(o, key);
	for (size_t i = 0; i < table->count; i++)
		json_out_string(o, table->items[i].name);
	json_out_end_array(o);
}

/* Idmapped mounts are announced on their own: engines look there. */
static void mount_options(struct json_out *o)
{
	const char *name;

	json_out_member_array(o, "mountOptions");
	for (size_t i = 0; (name = mount_option_name(i)); i++)
		json_out_string(o, name);
	json_out_end_array(o);
}

static void seccomp(struct json_out *o)
{
	const struct oci_names *flags = &oci_seccomp_flag_names;

	json_out_member_object(o, "seccomp");
	json_out_member_bool(o, "enabled", true);
	names(o, "actions", &oci_seccomp_action_names);
	names(o, "operators", &oci_seccomp_operator_names);
	names(o, "archs", &oci_seccomp_arch_names);
	names(o, "knownFlags", flags);
	json_out_member_array(o, "supportedFlags");
	for (size_t i = 0; i < flags->count; i++)
		if (security_filter_flag_works(flags->items[i].value))
			json_out_string(o, flags->items[i].name);
	json_out_end_array(o);
	json_out_end_object(o);
}

static void switch_object(struct json_out *o, const char *key, bool enabled)
{
	json_out_member_object(o, key);
	json_out_member_bool(o, "enabled", enabled);
	json_out_end_object(o);
}

static void cgroup(struct json_out *o)
{
	json_out_member_object(o, "cgroup");
	json_out_member_bool(o, "v1", false);
	json_out_member_bool(o, "v2", true);
	json_out_member_bool(o, "systemd", cgroup_driver_check(CGROUP_DRIVER_SYSTEMD, NULL) == 0);
	json_out_member_bool(o, "systemdUser",
			     cgroup_driver_check(CGROUP_DRIVER_SYSTEMD_USER, NULL) == 0);
	json_out_member_bool(o, "rdma", true);
	json_out_end_object(o);
}

static void memory_policy(struct json_out *o)
{
	json_out_member_object(o, "memoryPolicy");
	names(o, "modes", &oci_memory_policy_names);
	names(o, "flags", &oci_memory_policy_flag_names);
	json_out_end_object(o);
}

static void linux_section(struct json_out *o)
{
	json_out_member_object(o, "linux");
	names(o, "namespaces", &oci_namespace_names);
	names(o, "capabilities", &oci_capability_names);
	cgroup(o);
	seccomp(o);
	/* what is built, not what the host has on (features-linux.md) */
	switch_object(o, "apparmor", true);
	switch_object(o, "selinux", true);
	json_out_member_object(o, "intelRdt");
	json_out_member_bool(o, "enabled", true);
	json_out_member_bool(o, "schemata", true);
	json_out_member_bool(o, "monitoring", true);
	json_out_end_object(o);
	memory_policy(o);
	json_out_member_object(o, "mountExtensions");
	switch_object(o, "idmap", true);
	json_out_end_object(o);
	switch_object(o, "netDevices", true);
	json_out_end_object(o);
}

static void annotations(struct json_out *o)
{
	const struct scmp_version *v = seccomp_version();
	char version[32];

	(void)snprintf(version, sizeof(version), "%u.%u.%u", v->major, v->minor, v->micro);
	json_out_member_object(o, "annotations");
	json_out_member_string(o, "io.github.seccomp.libseccomp.version", version);
	/* the de-facto probe for checkpoints, whatever the runtime is called */
	json_out_member_string(o, "org.opencontainers.runc.checkpoint.enabled", CHECKPOINT);
	json_out_member_string(o, "ctr.overlay.enabled", "true");
	json_out_member_string(o, "ctr.version", PACKAGE_VERSION);
	json_out_member_string(o, "ctr.commit", CTR_GIT_COMMIT);
	json_out_end_object(o);
	unsafe_annotations(o);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	struct json_out o;

	(void)cli;
	(void)opts;
	(void)args;
	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the features");
	json_out_object(&o);
	json_out_member_string(&o, "ociVersionMin", "1.0.0");
	json_out_member_string(&o, "ociVersionMax", OCI_SPEC_VERSION);
	names(&o, "hooks", &oci_hook_names);
	mount_options(&o);
	linux_section(&o);
	annotations(&o);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

const struct cli_command cli_features = {
	.name = "features",
	.args = "",
	.summary = "Show what this ctr can do, as JSON",
	.options = options,
	.run = run,
};
