/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The systemd cgroup driver: a container is a transient scope. The pure part turns linux.cgroupsPath, the
 * files of a cgroup_plan and annotations into the name of a scope, its slice and properties; the other one
 * speaks with a manager. Only files of this room, and tests, include this.
 *
 * Sources: org.freedesktop.systemd1(5), systemd.resource-control(5), systemd.slice(5), checklist 3.11.
 */
#ifndef CTR_CGROUPS_SYSTEMD_H
#define CTR_CGROUPS_SYSTEMD_H

#include "cgroups/cgroup.h"
#include "cgroups/gvalue.h"

/* ---- systemd_path.c: pure ---- */

/*
 * "slice:prefix:name" of linux.cgroupsPath -> the scope "prefix-name.scope" in the slice; an empty prefix
 * leaves "name.scope", an empty slice means system.slice, or user.slice with the manager of a @user. A value
 * without ':' is the scope's name, none is "ctr-<id>.scope". -EINVAL with the field of config.json.
 */
int systemd_emit_unit(const char *configured, const char *id, bool user, struct arena *a,
		      struct cgroup_systemd *ret, struct err *e);

/* "a-b.slice" -> "/a.slice/a-b.slice", "-.slice" -> "". NULL: no name of a slice, or no memory. */
const char *systemd_slice_path(const char *slice, struct arena *a);

/* ---- systemd_properties.c: pure ---- */

/*
 * What systemd should know of the limits in @plan->files: so that it does not write its defaults over
 * them, and shows them. It rounds; the files get the exact values afterwards. Files without a property
 * are passed over. -ENOMEM.
 */
int systemd_limits(const struct cgroup_plan *plan, struct arena *a, struct systemd_properties *ret);

/* Annotations org.systemd.property.NAME, appended to @ret. -EINVAL with the annotation, -ENOMEM. */
int systemd_emit_annotations(const struct oci_spec *spec, struct arena *a,
			     struct systemd_properties *ret, struct err *e);

/* Append one, in place of one of the same name. -ENOMEM. */
int systemd_property_add(struct systemd_properties *list, struct arena *a, const char *name,
			 struct gvalue value);

/* ---- systemd_connect.c, systemd_bus.c: a manager ---- */

enum systemd_manager {
	SYSTEMD_SYSTEM, /* pid 1: for root of the host */
	SYSTEMD_USER,	/* that of the user's logins: user@.service */
};

struct systemd_bus;

/*
 * Load libsystemd and connect: to the socket of the manager itself, else through the bus daemon of the
 * system, or of the user (DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, /run/user/UID). All that is done
 * with it has to end @timeout_ms from now; whatever does not is -ETIMEDOUT. -EOPNOTSUPP without the
 * library; other errors: nobody is there.
 */
int systemd_bus_open(enum systemd_manager manager, int timeout_ms, struct systemd_bus **ret,
		     struct err *e);
void systemd_bus_close(struct systemd_bus *bus);
static inline void systemd_bus_closep(struct systemd_bus **bus)
{
	systemd_bus_close(*bus);
}

/*
 * Start the scope @unit with @properties around the process @pid and wait until it stands. One of that
 * name that has failed is forgotten first. -EEXIST: there is one.
 */
int systemd_scope_start(struct systemd_bus *bus, const char *unit,
			const struct systemd_properties *properties, pid_t pid, struct err *e);
/* Where it is: the path below the mount of cgroup v2, in @a. */
int systemd_scope_cgroup(struct systemd_bus *bus, const char *unit, struct arena *a,
			 const char **ret, struct err *e);
/* Where the manager has its units: such a path, or "" for the root, in @a. */
int systemd_manager_cgroup(struct systemd_bus *bus, struct arena *a, const char **ret,
			   struct err *e);
/*
 * Have the manager move @pid into the scope, or into the cgroup @below it ("" or "/a/b"). A user's manager
 * may ask that of the system's where the user has no right to (org.freedesktop.systemd1(5)).
 */
int systemd_scope_attach(struct systemd_bus *bus, const char *unit, const char *below, pid_t pid,
			 struct err *e);
/* Change properties of a living one, until it ends. */
int systemd_scope_set(struct systemd_bus *bus, const char *unit,
		      const struct systemd_properties *properties, struct err *e);
/* Stop it, and if @wait until it has ended, and forget that it has failed. Gone: 0. */
int systemd_scope_stop(struct systemd_bus *bus, const char *unit, bool wait, struct err *e);

#endif
