// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parts of the default config.json, in the order of the spec's own example; see default_spec.h.
 * What differs between kinds of containers is in a struct profile, not in the functions that write.
 */
#include "oci/default_spec.h"

#include <stdio.h>
#include <string.h>

#include "oci/annotations.h"
#include "oci/default_seccomp.h"
#include "oci/json_out.h"
#include "oci/spec.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NOFILE = 1024,
	UUID_LEN = 36
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

/*
 * What an init system wants to find (systemd's "container interface"): its own part of the cgroup tree
 * to work with, and a /run that is new at each start. It would mount /tmp itself where it may.
 */
static const struct default_mount own_cgroup = {
	"/sys/fs/cgroup",
	"cgroup",
	"cgroup",
	{ "nosuid", "noexec", "nodev", "relatime", "rw" },
};
static const struct default_mount system_mounts[] = {
	{ "/run", "tmpfs", "tmpfs", { "nosuid", "nodev", "strictatime", "mode=755", "size=20%" } },
	{ "/run/lock", "tmpfs", "tmpfs", { "nosuid", "noexec", "nodev", "mode=1777", "size=5m" } },
	{ "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "strictatime", "mode=1777", "size=50%" } },
};

/* A user namespace without a network namespace of its own may not mount sysfs: all of it is read-only. */
static const struct default_mount host_sys = {
	"/sys",
	"none",
	"/sys",
	{ "rbind", "nosuid", "noexec", "nodev", "rro" },
};

/* The last one only with id maps. */
static const char *const namespaces[] = {
	"pid", "network", "ipc", "uts", "mount", "cgroup", "user",
};
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

#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const shell_env[] = { PATH_ENV, "TERM=xterm" };
static const char *const shell_caps[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
};

static const char *const system_env[] = { PATH_ENV, "container=oci" };
/* To start services as other users, keep files of theirs and let people log in; no more. */
static const char *const system_caps[] = {
	"CAP_AUDIT_WRITE",	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",
	"CAP_FSETID",		"CAP_KILL",    "CAP_SETFCAP",	   "CAP_SETGID",
	"CAP_NET_BIND_SERVICE", "CAP_SETPCAP", "CAP_SETUID",	   "CAP_SYS_CHROOT",
};
/*
 * Where root is nobody outside, also what concerns only the container's own namespaces: mounts and
 * namespaces for sandboxed services, the network, other users' processes.
 */
static const char *const mapped_system_caps[] = {
	"CAP_AUDIT_WRITE",	"CAP_CHOWN",	  "CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",	"CAP_FOWNER",	  "CAP_FSETID",
	"CAP_IPC_OWNER",	"CAP_KILL",	  "CAP_NET_ADMIN",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW",	  "CAP_SETFCAP",
	"CAP_SETGID",		"CAP_SETPCAP",	  "CAP_SETUID",
	"CAP_SYS_ADMIN",	"CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
};

struct profile {
	const char *program;
	const char *const *env, *const *caps;
	size_t env_count, caps_count;
	const char *stop_signal; /* NULL: the usual one */
	bool application; /* one program: terminal, read-only root, few files, no new privileges */
	bool makes_namespaces; /* system calls for mounts and namespaces are allowed */
};

static const struct profile shell = {
	.program = "sh",
	.env = shell_env,
	.env_count = COUNT(shell_env),
	.caps = shell_caps,
	.caps_count = COUNT(shell_caps),
	.application = true,
};
static const struct profile init_system = {
	.program = "/sbin/init",
	.env = system_env,
	.env_count = COUNT(system_env),
	.caps = system_caps,
	.caps_count = COUNT(system_caps),
	.stop_signal = "SIGRTMIN+3",
};
static const struct profile mapped_init_system = {
	.program = "/sbin/init",
	.env = system_env,
	.env_count = COUNT(system_env),
	.caps = mapped_system_caps,
	.caps_count = COUNT(mapped_system_caps),
	.stop_signal = "SIGRTMIN+3",
	.makes_namespaces = true,
};

static const struct profile *choose_profile(const struct oci_default_options *options)
{
	if (!options->system)
		return &shell;
	return options->map_count ? &mapped_init_system : &init_system;
}

static void environment(struct json_out *o, const struct profile *p, const char *uuid)
{
	json_out_member_array(o, "env");
	for (size_t i = 0; i < p->env_count; i++)
		json_out_string(o, p->env[i]);
	if (uuid) {
		char text[sizeof("container_uuid=") + UUID_LEN];

		(void)snprintf(text, sizeof(text), "container_uuid=%.*s", UUID_LEN, uuid);
		json_out_string(o, text);
	}
	json_out_end_array(o);
}

/* An init system raises the limits of its services itself, up to those that it is given. */
static void rlimits(struct json_out *o)
{
	json_out_member_array(o, "rlimits");
	json_out_object(o);
	json_out_member_string(o, "type", "RLIMIT_NOFILE");
	json_out_member_uint(o, "hard", NOFILE);
	json_out_member_uint(o, "soft", NOFILE);
	json_out_end_object(o);
	json_out_end_array(o);
}

static void process(struct json_out *o, const struct profile *p, const char *uuid)
{
	json_out_member_object(o, "process");
	json_out_member_bool(o, "terminal", p->application);
	json_out_member_object(o, "user");
	json_out_member_uint(o, "uid", 0);
	json_out_member_uint(o, "gid", 0);
	json_out_end_object(o);
	json_out_member_strings(o, "args", &p->program, 1);
	environment(o, p, uuid);
	json_out_member_string(o, "cwd", "/");
	json_out_member_object(o, "capabilities");
	json_out_member_strings(o, "bounding", p->caps, p->caps_count);
	json_out_member_strings(o, "effective", p->caps, p->caps_count);
	json_out_member_strings(o, "permitted", p->caps, p->caps_count);
	json_out_end_object(o);
	if (p->application)
		rlimits(o);
	json_out_member_bool(o, "noNewPrivileges", p->application);
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
		bool cgroup = strcmp(mounts[i].destination, own_cgroup.destination) == 0;

		/* a map of one id has no group 5 */
		write_mount(o,
			    options->rootless && sys	? &host_sys
			    : options->system && cgroup ? &own_cgroup
							: &mounts[i],
			    !options->rootless && !options->no_tty_group);
	}
	for (size_t i = 0; options->system && i < COUNT(system_mounts); i++)
		write_mount(o, &system_mounts[i], true);
	json_out_end_array(o);
}

static void id_map(struct json_out *o, const char *key, uint32_t id, uint32_t count)
{
	json_out_member_array(o, key);
	json_out_object(o);
	json_out_member_uint(o, "containerID", 0);
	json_out_member_uint(o, "hostID", id);
	json_out_member_uint(o, "size", count);
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

static void linux_section(struct json_out *o, const struct oci_default_options *options,
			  const struct profile *p)
{
	bool mapped = options->map_count > 0;

	json_out_member_object(o, "linux");
	if (options->rootless || mapped) {
		id_map(o, "uidMappings", mapped ? options->map_first : options->uid,
		       mapped ? options->map_count : 1);
		id_map(o, "gidMappings", mapped ? options->map_first : options->gid,
		       mapped ? options->map_count : 1);
	}
	if (options->rootless) {
		namespace_list(o, rootless_namespaces, COUNT(rootless_namespaces));
	} else {
		resources(o);
		namespace_list(o, namespaces, COUNT(namespaces) - !mapped);
	}
	oci_default_seccomp(o, p->makes_namespaces);
	json_out_member_strings(o, "maskedPaths", masked_paths, COUNT(masked_paths));
	json_out_member_strings(o, "readonlyPaths", readonly_paths, COUNT(readonly_paths));
	json_out_end_object(o);
}

int oci_default_spec(const struct oci_default_options *options, char **ret_text, size_t *ret_len,
		     struct err *e)
{
	cleanup_(json_out_free) struct json_out o = { .gen = NULL };
	const struct profile *p = choose_profile(options);
	int r = json_out_init(&o, true);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write the default config");
	json_out_object(&o);
	json_out_member_string(&o, "ociVersion", OCI_SPEC_VERSION);
	process(&o, p, options->uuid);
	json_out_member_object(&o, "root");
	json_out_member_string(&o, "path", "rootfs");
	json_out_member_bool(&o, "readonly", p->application);
	json_out_end_object(&o);
	json_out_member_string(&o, "hostname", "ctr");
	all_mounts(&o, options);
	if (p->stop_signal) {
		json_out_member_object(&o, "annotations");
		json_out_member_string(&o, oci_annotations[OCI_ANNOTATION_STOP_SIGNAL].name,
				       p->stop_signal);
		json_out_end_object(&o);
	}
	linux_section(&o, options, p);
	json_out_end_object(&o);
	r = json_out_finish(&o, ret_text, ret_len);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the default config") : 0;
}
