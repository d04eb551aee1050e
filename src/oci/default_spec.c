// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the default config.json, in the order of the spec's own example; see default_spec.h. */
#include "oci/default_spec.h"

#include <string.h>

#include "oci/default_seccomp.h"
#include "oci/json_out.h"
#include "oci/spec.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NOFILE = 1024
};

enum {
	MOUNT_OPTIONS_MAX = 8
};

struct default_mount {
	const char *destination, *type, *source;
	const char *options[MOUNT_OPTIONS_MAX]; /* NULL ends it early */
};

static const struct default_mount mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

/* A user namespace without a network namespace of its own may not mount sysfs: all of it is read-only. */
static const struct default_mount host_sys = {
	"/sys",
	"none",
	"/sys",
	{ "rbind", "nosuid", "noexec", "nodev", "rro" },
};

static const char *const namespaces[] = { "pid", "network", "ipc", "uts", "mount", "cgroup" };
static const char *const rootless_namespaces[] = {
	"pid", "ipc", "uts", "mount", "cgroup", "user",
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static void process(struct json_out *o)
{
	static const char *const sh[] = { "sh" };
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm",
	};
	static const char *const caps[] = {
		"CAP_AUDIT_WRITE",
		"CAP_KILL",
		"CAP_NET_BIND_SERVICE",
	};

	json_out_member_object(o, "process");
	json_out_member_bool(o, "terminal", true);
	json_out_member_object(o, "user");
	json_out_member_uint(o, "uid", 0);
	json_out_member_uint(o, "gid", 0);
	json_out_end_object(o);
	json_out_member_strings(o, "args", sh, COUNT(sh));
	json_out_member_strings(o, "env", env, COUNT(env));
	json_out_member_string(o, "cwd", "/");
	json_out_member_object(o, "capabilities");
	json_out_member_strings(o, "bounding", caps, COUNT(caps));
	json_out_member_strings(o, "effective", caps, COUNT(caps));
	json_out_member_strings(o, "permitted", caps, COUNT(caps));
	json_out_end_object(o);
	json_out_member_array(o, "rlimits");
	json_out_object(o);
	json_out_member_string(o, "type", "RLIMIT_NOFILE");
	json_out_member_uint(o, "hard", NOFILE);
	json_out_member_uint(o, "soft", NOFILE);
	json_out_end_object(o);
	json_out_end_array(o);
	json_out_member_bool(o, "noNewPrivileges", true);
	json_out_end_object(o);
}

static void write_mount(struct json_out *o, const struct default_mount *m, bool tty_group)
{
	json_out_object(o);
	json_out_member_string(o, "destination", m->destination);
	json_out_member_string(o, "type", m->type);
	json_out_member_string(o, "source", m->source);
	if (m->options[0]) {
		json_out_member_array(o, "options");
		for (size_t i = 0; i < MOUNT_OPTIONS_MAX && m->options[i]; i++)
			if (tty_group || strncmp(m->options[i], "gid=", 4) != 0)
				json_out_string(o, m->options[i]);
		json_out_end_array(o);
	}
	json_out_end_object(o);
}

static void all_mounts(struct json_out *o, const struct oci_default_options *options)
{
	json_out_member_array(o, "mounts");
	for (size_t i = 0; i < COUNT(mounts); i++) {
		bool sys = strcmp(mounts[i].destination, "/sys") == 0;

		/* a map of one id has no group 5 */
		write_mount(o, options->rootless && sys ? &host_sys : &mounts[i],
			    !options->rootless && !options->no_tty_group);
	}
	json_out_end_array(o);
}

static void id_map(struct json_out *o, const char *key, uint32_t id)
{
	json_out_member_array(o, key);
	json_out_object(o);
	json_out_member_uint(o, "containerID", 0);
	json_out_member_uint(o, "hostID", id);
	json_out_member_uint(o, "size", 1);
	json_out_end_object(o);
	json_out_end_array(o);
}

static void resources(struct json_out *o)
{
	json_out_member_object(o, "resources");
	json_out_member_array(o, "devices");
	json_out_object(o);
	json_out_member_bool(o, "allow", false);
	json_out_member_string(o, "access", "rwm");
	json_out_end_object(o);
	json_out_end_array(o);
	json_out_end_object(o);
}

static void namespace_list(struct json_out *o, const char *const *types, size_t n)
{
	json_out_member_array(o, "namespaces");
	for (size_t i = 0; i < n; i++) {
		json_out_object(o);
		json_out_member_string(o, "type", types[i]);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void linux_section(struct json_out *o, const struct oci_default_options *options)
{
	json_out_member_object(o, "linux");
	if (options->rootless) {
		id_map(o, "uidMappings", options->uid);
		id_map(o, "gidMappings", options->gid);
		namespace_list(o, rootless_namespaces, COUNT(rootless_namespaces));
	} else {
		resources(o);
		namespace_list(o, namespaces, COUNT(namespaces));
	}
	oci_default_seccomp(o);
	json_out_member_strings(o, "maskedPaths", masked_paths, COUNT(masked_paths));
	json_out_member_strings(o, "readonlyPaths", readonly_paths, COUNT(readonly_paths));
	json_out_end_object(o);
}

int oci_default_spec(const struct oci_default_options *options, char **ret_text, size_t *ret_len,
		     struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { .gen = NULL };
	int r = json_out_init(&o, true);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write the default config");
	json_out_object(&o);
	json_out_member_string(&o, "ociVersion", OCI_SPEC_VERSION);
	process(&o);
	json_out_member_object(&o, "root");
	json_out_member_string(&o, "path", "rootfs");
	json_out_member_bool(&o, "readonly", true);
	json_out_end_object(&o);
	json_out_member_string(&o, "hostname", "ctr");
	all_mounts(&o, options);
	linux_section(&o, options);
	json_out_end_object(&o);
	r = json_out_finish(&o, ret_text, ret_len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the default config") : 0;
}
