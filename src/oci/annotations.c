// SPDX-License-Identifier: GPL-2.0-or-later
/* See annotations.h. */
#include "oci/annotations.h"

#include <string.h>

const struct oci_annotation_info oci_annotations[] = {
	[OCI_ANNOTATION_KEEP_GROUPS] = { "run.oci.keep_original_groups", OCI_ANNOTATION_IS_FLAG,
					 NULL },
	[OCI_ANNOTATION_PIDFD_RECEIVER] = { "run.oci.pidfd_receiver", OCI_ANNOTATION_IS_PATH,
					    NULL },
	[OCI_ANNOTATION_SECCOMP_RECEIVER] = { "run.oci.seccomp.receiver", OCI_ANNOTATION_IS_PATH,
					      NULL },
	[OCI_ANNOTATION_SECCOMP_STRICT] = { "run.oci.seccomp_fail_unknown_syscall",
					    OCI_ANNOTATION_IS_FLAG, NULL },
	[OCI_ANNOTATION_HOOKS_STDOUT] = { "run.oci.hooks.stdout", OCI_ANNOTATION_IS_PATH, NULL },
	[OCI_ANNOTATION_HOOKS_STDERR] = { "run.oci.hooks.stderr", OCI_ANNOTATION_IS_PATH, NULL },
	[OCI_ANNOTATION_MOUNT_CONTEXT] = { "run.oci.mount_context_type", OCI_ANNOTATION_IS_WORD,
					   NULL },
	[OCI_ANNOTATION_DELEGATE_CGROUP] = { "run.oci.delegate-cgroup", OCI_ANNOTATION_IS_WORD,
					     NULL },
	[OCI_ANNOTATION_STOP_SIGNAL] = { "org.opencontainers.image.stopSignal",
					 OCI_ANNOTATION_IS_WORD, NULL },

	/* without them the container would be another one than its author wanted */
	{ "run.oci.seccomp_bpf_data", OCI_ANNOTATION_IS_REFUSED,
	  "filters are made from linux.seccomp only" },
	{ "run.oci.systemd.force_cgroup_v1", OCI_ANNOTATION_IS_REFUSED, "there is no cgroup v1" },
	{ "run.oci.handler", OCI_ANNOTATION_IS_REFUSED,
	  "programs are executed by the kernel, not by handlers" },

	/* and without these it is the same one, or what they ask for is asked for elsewhere */
	{ "run.oci.seccomp.plugins", OCI_ANNOTATION_IS_IGNORED,
	  "an agent listens at linux.seccomp.listenerPath" },
	{ "module.wasm.image/variant", OCI_ANNOTATION_IS_IGNORED, "there are no handlers" },
	{ "krun.", OCI_ANNOTATION_IS_IGNORED, "there are no virtual machines" },
};

const size_t oci_annotation_count = sizeof(oci_annotations) / sizeof(oci_annotations[0]);

const struct oci_annotation_info *oci_annotation_find(const char *key)
{
	for (size_t i = 0; i < oci_annotation_count; i++) {
		size_t len = strlen(oci_annotations[i].name);
		bool prefix = oci_annotations[i].name[len - 1] == '.';

		if (strncmp(oci_annotations[i].name, key, len) == 0 && (prefix || !key[len]))
			return &oci_annotations[i];
	}
	return NULL;
}

const char *oci_annotation_value(const struct oci_spec *spec, enum oci_annotation which)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		if (strcmp(spec->annotations.items[i].key, oci_annotations[which].name) == 0)
			return spec->annotations.items[i].value;
	return NULL;
}

bool oci_annotation_parse_flag(const char *value, bool *ret_on)
{
	*ret_on = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
	return *ret_on || strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
}

bool oci_annotation_flag(const struct oci_spec *spec, enum oci_annotation which)
{
	const char *value = oci_annotation_value(spec, which);
	bool on = false;

	return value && oci_annotation_parse_flag(value, &on) && on;
}

const char *oci_seccomp_listener(const struct oci_spec *spec, const char **ret_pointer)
{
	const char *path = spec->linux_.seccomp.listener_path;

	if (ret_pointer)
		*ret_pointer = path ? "/linux/seccomp/listenerPath"
				    : "/annotations/run.oci.seccomp.receiver";
	return path ? path : oci_annotation_value(spec, OCI_ANNOTATION_SECCOMP_RECEIVER);
}
