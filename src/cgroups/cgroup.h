/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control group of a container (cgroup v2 only): what config.json asks for as a list of files
 * and values, and the host side that makes, fills, freezes, kills and removes the cgroup.
 *
 * cgroup_emit is pure: no system call. Everything else works on directory descriptors below one
 * mount of cgroup v2 and is called by the host program only, never inside a container. Nothing in
 * this room looks at cgroup v1 trees, starts processes, prints, or sleeps without a deadline.
 *
 * Sources: Documentation/admin-guide/cgroup-v2.rst of Linux 5.14 and later, runtime-spec 1.3
 * config-linux.md ("Control groups").
 */
#ifndef CTR_CGROUPS_CGROUP_H
#define CTR_CGROUPS_CGROUP_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroups/gvalue.h"
#include "oci/spec.h"
#include "util/arena.h"
#include "util/err.h"

struct bpf_insn;

/* Who makes and removes the directory. Kept in the state record, which later commands go by. */
enum cgroup_driver {
	CGROUP_DRIVER_CGROUPFS,	    /* mkdir and rmdir by us */
	CGROUP_DRIVER_SYSTEMD,	    /* a transient scope of the system's manager */
	CGROUP_DRIVER_SYSTEMD_USER, /* the same of the manager that a user has */
	CGROUP_DRIVER_NONE,	    /* no cgroup at all: every call succeeds and does nothing */
};

/* "cgroupfs", "systemd", "systemd-user", "none": the words of the state record. */
const char *cgroup_driver_name(enum cgroup_driver driver);
/* The reverse; "disabled" is taken for "none" as well. -EINVAL for other words. */
int cgroup_driver_parse(const char *word, enum cgroup_driver *ret);

/* ---- the pure part -------------------------------------------------------------------------- */

enum cgroup_need {
	CGROUP_REQUIRED, /* a missing file is an error */
	CGROUP_OPTIONAL, /* the value is the kernel's default: without the file there is nothing to do */
	CGROUP_ALTERNATIVE, /* write this file, or when it is missing the next entry instead of it */
};

struct cgroup_file {
	const char *name;	/* "memory.max" */
	const char *value;	/* what one write(2) gets, without newline */
	const char *origin;	/* JSON pointer into config.json: "/linux/resources/memory/limit" */
	const char *formula;	/* how the value came about, for humans; NULL: taken as it is */
	const char *controller; /* "memory"; NULL for files of the cgroup core */
	enum cgroup_need need;
	bool retry_after_next; /* EINVAL here may be cured by writing the next entry first */
	bool asked;	       /* cgroup_update: write it although the value is the old one */
};

struct cgroup_controller {
	const char *name;
	const char *origin; /* the first field that needs it */
};

enum cgroup_device_access { /* the kernel's BPF_DEVCG_ACC_* bits */
	CGROUP_DEVICE_MKNOD = 1,
	CGROUP_DEVICE_READ = 2,
	CGROUP_DEVICE_WRITE = 4,
	CGROUP_DEVICE_ALL = 7,
	CGROUP_DEVICE_ANY = -1, /* in place of a number */
};

struct cgroup_device_rule {
	bool allow;
	char type;	      /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: any */
	unsigned access;      /* enum cgroup_device_access bits */
	const char *origin;   /* NULL: a default that is always appended */
};

struct systemd_property {
	const char *name;
	struct gvalue value;
};

struct systemd_properties {
	struct systemd_property *items;
	size_t count;
};

/* What the systemd driver asks of the manager. */
struct cgroup_systemd {
	const char *unit;		      /* "ctr-web1.scope"; NULL: another driver */
	bool user;			      /* of the user's manager */
	const char *slice;		      /* "system.slice" */
	const char *slice_path;		      /* "/system.slice", "" for the root slice */
	struct systemd_properties properties; /* without PIDs */
};

struct cgroup_plan {
	const char *path;    /* below the v2 mount, clean, starts with '/': "/ctr/web1" */
	bool explicit_path;  /* config.json named it */
	bool default_parent; /* below "/ctr", because it was not named from the top */
	struct {
		struct cgroup_file *items;
		size_t count;
	} files; /* in the order of writing */
	struct {
		struct cgroup_controller *items;
		size_t count;
	} controllers; /* that the files need, each once; those of optional files are not needed */
	struct {
		/* Rules that can still matter, in the order of config.json; later ones win. */
		struct cgroup_device_rule *rules;
		size_t rule_count;
		/* BPF_PROG_TYPE_CGROUP_DEVICE program; no instructions: everything is allowed. */
		struct bpf_insn *insns;
		size_t insn_count;
	} devices;
	/* memory.checkBeforeUpdate: refuse limits (bytes; negative or 0: none) below the current usage */
	struct {
		bool set;
		bool asked; /* for the caller: the update in question is about these limits */
		int64_t limit, swap; /* swap: memory + swap */
	} memory_check;
	/*
	 * The container has a cgroup namespace and a writable mount of it: the cgroup is its own to divide.
	 * With a user namespace it also becomes the owner: the ids, outside, of process.user.
	 */
	struct {
		bool set, owner;
		uint32_t uid, gid;
	} handover;
	/* run.oci.delegate-cgroup, run.oci.systemd.subgroup: where the program lives, below @path; with an owner as above. */
	struct {
		const char *name;   /* NULL: it lives in @path */
		const char *origin; /* the annotation */
		bool owner;
		uint32_t uid, gid;
	} subgroup;
	struct cgroup_systemd systemd;
};

/*
 * Translate linux.cgroupsPath and linux.resources of @spec for the container @id into *@ret, whose
 * strings and arrays live in @a (or in @spec, or are constants). The spec must outlive the plan.
 *
 * Path: an absolute cgroupsPath is taken below the v2 mount, a relative one below "/ctr", none at
 * all means "/ctr/<id>". Empty and "." components vanish, ".." is refused.
 * Numbers: null and 0 mean "not set", except pids.limit (0 becomes 1, because the kernel counts the
 * container's first process), io.max rates (0: unlimited), cpu.burst and cpu.idle.
 * cgroup v1 features that are null, 0 or false are accepted, anything else is refused.
 * A cgroup mount at /sys/fs/cgroup that is writable, in a new cgroup namespace, hands the cgroup over
 * (checklist 1.6, "delegation chown").
 * Devices: later rules win, each access bit on its own; without a list everything is allowed; with
 * one the default is deny, plus mknod of anything and the devices that every container has.
 *
 * 0, or -EINVAL, -ENAMETOOLONG, -ENOMEM with @e set; *@ret is then undefined.
 */
int cgroup_emit(const struct oci_spec *spec, const char *id, struct arena *a,
		struct cgroup_plan *ret, struct err *e);

/*
 * For the systemd driver, after cgroup_emit and with the same arguments: path becomes that of a scope, whose
 * name and properties are filled in. linux.cgroupsPath is slice:prefix:name then (checklist 3.11), and
 * annotations org.systemd.property.NAME are properties that come last. Other drivers: nothing. Errors as
 * above.
 */
int cgroup_emit_scope(const struct oci_spec *spec, const char *id, enum cgroup_driver driver,
		      struct arena *a, struct cgroup_plan *plan, struct err *e);

/*
 * May a container start without a cgroup after cgroup_create or cgroup_apply failed with @r?
 * True when @r is a lack of permission (-EACCES, -EPERM, -EROFS), no file is required, and
 * config.json does not insist on a path. For callers without privileges.
 */
bool cgroup_plan_skippable(const struct cgroup_plan *plan, int r);

/* ---- the host part -------------------------------------------------------------------------- */

/* One opened cgroup. An empty one is CGROUP_EMPTY. */
struct cgroup {
	enum cgroup_driver driver;
	const char *path; /* borrowed from the caller; for messages and for the record */
	/*
	 * How many directories cgroup_create made, counted from the leaf upwards. 0: the leaf was
	 * there before and must stay. Goes into the record, comes back into cgroup_remove.
	 */
	unsigned made;
	int fd; /* the directory, O_RDONLY; fit for CLONE_INTO_CGROUP; -EBADF for driver none */
	char *own_path; /* owned: what path points to where the driver chose another one than the plan */
};

#define CGROUP_EMPTY                                                                               \
	{                                                                                          \
		.driver = CGROUP_DRIVER_NONE, .fd = -EBADF                                         \
	}

void cgroup_close(struct cgroup *cg); /* descriptor and memory only; safe on an empty one */

/*
 * Find the mount of cgroup v2: /sys/fs/cgroup, else /sys/fs/cgroup/unified, else the first one in
 * /proc/self/mountinfo. The filesystem's magic number decides. *@ret_fd is an O_DIRECTORY fd that
 * the caller owns and keeps for all calls below. -ENODEV when there is none.
 */
int cgroup_root_open(int *ret_fd, struct err *e);

/* The cgroup v2 that we are in, as a path below the mount, in @a. NULL: none, or not visible from here. */
const char *cgroup_own_path(struct arena *a);

/*
 * For an ordinary user: move a path below "/ctr" to where the user may make cgroups, which on a delegated
 * subtree is beside the caller's own cgroup, or else below it. clone3 needs write access to the
 * cgroup.procs of the nearest common ancestor (cgroup-v2.rst, "Delegation Containment"). Without such a
 * place, and for paths that config.json gave from the top, nothing changes. Strings go into @a. -ENOMEM.
 */
int cgroup_plan_delegate(int root_fd, struct cgroup_plan *plan, struct arena *a, struct err *e);

/*
 * How many components at the end of @path do not exist below @root_fd: what cgroup_create is going
 * to make, for the record that is written before it. 0 also when that cannot be found out.
 */
unsigned cgroup_missing(int root_fd, const char *path);

/*
 * Make plan->path below @root_fd, enable the controllers that the plan needs in each ancestor, open
 * the leaf. Needs write permission in the parent. An existing cgroup is taken over (made == 0) when
 * it is empty: no process, no cgroup below, not frozen; otherwise -EBUSY (ERR_STATE).
 * A controller that cgroup v1 holds: -EOPNOTSUPP, naming it. Processes in an ancestor that stop a
 * controller from being enabled: -EBUSY, naming the ancestor. No permission: -EACCES, -EPERM or
 * -EROFS.
 * On failure all directories made here are removed again; controllers stay enabled.
 * For a cgroup that is handed over the controllers that init systems use are enabled as well, as far as
 * the host has them to give.
 * Without controllers this costs: open parent, mkdir, open leaf, close.
 * Record the path before the call and ret->made after it.
 */
int cgroup_create(int root_fd, enum cgroup_driver driver, const struct cgroup_plan *plan,
		  struct cgroup *ret, struct err *e);

/* systemd makes a scope around a process that is there: not cgroup_create, but this. */
static inline bool cgroup_needs_process(enum cgroup_driver driver)
{
	return driver == CGROUP_DRIVER_SYSTEMD || driver == CGROUP_DRIVER_SYSTEMD_USER;
}

/*
 * For the manager of a user, before the process exists: where its units are, which goes in front of the path
 * of @plan, and whether it has the controllers that the plan needs. Other drivers: nothing. Strings go into
 * @a. -EOPNOTSUPP with the controller and what to do to be given it.
 */
int cgroup_plan_scope(int root_fd, enum cgroup_driver driver, struct cgroup_plan *plan,
		      struct arena *a, struct err *e);

/*
 * Move the process @pid of ours into the cgroup @below @cg ("" or "/a/b"), by way of whoever may. For where
 * clone3 has refused it (-EACCES): out of a session's cgroup into that of a user's manager.
 */
int cgroup_attach(const struct cgroup *cg, const char *below, pid_t pid, struct err *e);

/*
 * The same for such a driver: make the scope of @plan, with @pid, a child of the caller's, in it. Waits
 * up to 30 seconds. ret->path is where it really is. A unit of that name that lives: -EEXIST.
 */
int cgroup_create_around(int root_fd, enum cgroup_driver driver, const struct cgroup_plan *plan,
			 pid_t pid, struct cgroup *ret, struct err *e);

/* Is this driver built? -EOPNOTSUPP when it is not. */
int cgroup_driver_check(enum cgroup_driver driver, struct err *e);

/*
 * Would cgroup_create of @plan go well, as far as that can be seen? Makes and changes nothing. Its
 * errors, with the field of config.json that is to blame; all of them when all problems are wanted
 * (err_keep).
 */
int cgroup_probe(int root_fd, const struct cgroup_plan *plan, struct err *e);

/*
 * Open the cgroup of an existing container; @path as in the plan, @made from the record.
 * -ENOENT when it is gone. @path must stay alive as long as *@ret. With another cgroup's fd as
 * @root_fd this opens a cgroup below that one; ".." and symlinks are refused (-EINVAL, -ELOOP).
 */
int cgroup_open(int root_fd, enum cgroup_driver driver, const char *path, unsigned made,
		struct cgroup *ret, struct err *e);

/*
 * Enable the controllers that the plan needs in the ancestors of an existing cgroup; what
 * cgroup_create does at the start, for updates that bring in a new controller. Same errors.
 */
int cgroup_controllers_enable(int root_fd, const struct cgroup_plan *plan, struct err *e);

enum cgroup_apply_flags {
	/* Go on without the device program when the kernel refuses it with EPERM (user namespaces). */
	CGROUP_APPLY_DEVICES_MAY_FAIL = 1 << 0,
	/* Leave the device program alone: update, and who calls cgroup_apply_devices later. */
	CGROUP_APPLY_NO_DEVICES = 1 << 1,
	/* A program of ours may be attached already: replace it, or detach it when none is needed. */
	CGROUP_APPLY_REPLACE_DEVICES = 1 << 2,
};

/*
 * Attach the device program and write the plan's files in order. First failure wins; @e names file,
 * value, cgroup and origin. What was written before stays written: the caller removes the cgroup.
 */
int cgroup_apply(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		 struct err *e);

/*
 * Attach the device program alone, with the same flags and errors. The kernel takes longer over it than over
 * all the rest; only the payload, and hooks, must not be there before it.
 */
int cgroup_apply_devices(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
			 struct err *e);

/*
 * Read back what cgroup_apply or cgroup_update wrote and call @differs for each file that holds
 * something else than the plan says. Rounding is no difference: memory to pages, huge pages to whole
 * ones, sets of CPUs in another notation. Files that are not there or cannot be read are passed over,
 * and with @before (NULL: none) those that cgroup_update did not touch.
 */
typedef void cgroup_differs_fn(void *data, const struct cgroup_file *f, const char *found);
void cgroup_verify(const struct cgroup *cg, const struct cgroup_plan *before,
		   const struct cgroup_plan *plan, cgroup_differs_fn *differs, void *data);

/*
 * Change a living cgroup from @before to @after, two plans of the same container: the entries of
 * @after that are new, that have another value or that are marked as asked, and the device program
 * when its rules differ (in one step, BPF_F_REPLACE). Enables controllers that @after brings in.
 * On failure everything is as it was: the values that the files had, not those of @before, are
 * written back. With memory_check in @after a limit below the usage is refused (-EBUSY).
 */
int cgroup_update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		  const struct cgroup_plan *after, struct err *e);

/*
 * If the plan says so, make its user the owner of the cgroup and of the files that the kernel lists in
 * /sys/kernel/cgroup/delegate, so that root of a user namespace can make cgroups below. Limits stay
 * ours. Needs CAP_CHOWN over these ids: -EPERM. Nothing to do: 0.
 */
int cgroup_hand_over(const struct cgroup *cg, const struct cgroup_plan *plan, struct err *e);

/* Whose a cgroup was that we did not make, before it was handed over. */
struct cgroup_owner {
	bool set;
	uint32_t uid, gid;
};

/* The owner that it has now. */
int cgroup_owner_read(const struct cgroup *cg, struct cgroup_owner *ret, struct err *e);

/* The reverse of cgroup_hand_over; nothing, if @before is not set. What fails is passed over. */
void cgroup_give_back(const struct cgroup *cg, const struct cgroup_owner *before);

/*
 * If the plan has a subgroup, make it, give it to its owner and move the process @pid there; then offer it
 * the controllers. For a process that has made its cgroup namespace already, whose root stays the cgroup
 * of the container. Nothing to do: 0.
 */
int cgroup_subgroup_enter(const struct cgroup *cg, const struct cgroup_plan *plan, pid_t pid,
			  struct err *e);

/* SIGKILL to everything in the cgroup and below, frozen or not (cgroup.kill, 5.14). Gone: 0. */
int cgroup_kill(const struct cgroup *cg, struct err *e);

/*
 * Wait until no process is left in the cgroup and below. -ETIMEDOUT after @timeout_ms (< 0: never),
 * and then @e lists the first processes with their state. Gone: 0. Kills nothing.
 */
int cgroup_wait_empty(const struct cgroup *cg, int timeout_ms, struct err *e);

/*
 * Freeze and wait until all is still. After @timeout_ms, and after any other failure, the cgroup is
 * thawed again; -ETIMEDOUT comes with the tasks that would not freeze in @e. -ENOENT: it is gone.
 */
int cgroup_freeze(const struct cgroup *cg, int timeout_ms, struct err *e);
/* The same, but after a failure it is left as it is, told to freeze: the caller decides. */
int cgroup_freeze_try(const struct cgroup *cg, int timeout_ms, struct err *e);
/* The reverse. -ETIMEDOUT: still frozen, most likely because an ancestor is. */
int cgroup_thaw(const struct cgroup *cg, int timeout_ms, struct err *e);
/* Was it told to freeze, whether it has done so or not? */
bool cgroup_freeze_wanted(const struct cgroup *cg);

struct cgroup_events {
	bool populated; /* a live process here or below */
	bool frozen;
};

/* cgroup.events as it is now. Gone: 0 and all false. */
int cgroup_events_read(const struct cgroup *cg, struct cgroup_events *ret, struct err *e);

struct cgroup_pids {
	pid_t *items; /* owned: free() */
	size_t count;
};

/* All process ids in the cgroup and below, in the caller's pid namespace, unordered. Gone: none. */
int cgroup_pids_read(const struct cgroup *cg, struct cgroup_pids *ret, struct err *e);

/* memory.events oom_kill; 0 without the memory controller or when the cgroup is gone. */
int cgroup_oom_kills_read(const struct cgroup *cg, uint64_t *ret, struct err *e);

/* ---- what it uses (stats.c) ----------------------------------------------------------------- */

struct cgroup_psi_line {
	double avg10, avg60, avg300; /* percent of the time */
	uint64_t total_usec;
};

struct cgroup_psi {
	bool known; /* the file is there and can be read */
	struct cgroup_psi_line some, full;
};

/* A pair of a controller's files; UINT64_MAX: "max". */
struct cgroup_usage {
	uint64_t current, max, peak; /* peak: 0 on kernels without it */
};

struct cgroup_io {
	unsigned major, minor;
	uint64_t rbytes, wbytes, dbytes, rios, wios, dios;
};

struct cgroup_hugetlb {
	const char *size; /* "2MB" */
	struct cgroup_usage usage;
	uint64_t failures; /* times that the limit was hit */
};

struct cgroup_number {
	const char *name;
	uint64_t value;
};

/* A controller that is not there leaves zeros, or no items. */
struct cgroup_stats {
	struct {
		uint64_t usage_usec, user_usec, system_usec;
		uint64_t periods, throttled_periods, throttled_usec;
		struct cgroup_psi psi;
	} cpu;
	struct {
		bool known;
		struct cgroup_usage memory, swap;
		uint64_t oom_kills, high_events, max_events;
		struct {
			struct cgroup_number *items;
			size_t count;
		} raw; /* memory.stat, in its order */
		struct cgroup_psi psi;
	} memory;
	struct {
		bool known;
		struct cgroup_usage tasks;
		uint64_t max_events;
	} pids;
	struct {
		struct cgroup_io *items;
		size_t count;
		struct cgroup_psi psi;
	} io;
	struct {
		struct cgroup_hugetlb *items;
		size_t count;
	} hugetlb;
	const char *cpus, *mems; /* effective sets, "" without the controller */
};

/*
 * Everything at this moment; strings and arrays live in @a. A cgroup that is gone, or none, yields
 * zeros. Only -ENOMEM fails: files that cannot be read count as missing.
 */
int cgroup_stats_read(const struct cgroup *cg, struct arena *a, struct cgroup_stats *ret,
		      struct err *e);

/*
 * "limit 33554432 bytes, peak 33550336 bytes": the memory of a cgroup in which the kernel has killed, for
 * messages; what is not known is left out. Into @buf.
 */
void cgroup_memory_describe(const struct cgroup *cg, char *buf, size_t size);

/*
 * Open a file of the cgroup that the kernel marks with POLLPRI when it changes ("memory.events").
 * *ret_fd: -EBADF when there is no such file. Otherwise the caller's. Names are of the caller's choice,
 * not of a user's.
 */
int cgroup_watch(const struct cgroup *cg, const char *file, int *ret_fd, struct err *e);
/* The number behind @key in such a file, read anew; 0 when the cgroup is gone. */
uint64_t cgroup_watch_read(int fd, const char *key);

/*
 * A trigger of the pressure file of @resource ("cpu", "memory", "io"): the descriptor shows POLLPRI when
 * tasks stalled for @stall_usec of @window_usec. @full: all of them at once. Needs CAP_SYS_RESOURCE for
 * windows that are no multiple of two seconds (Linux 6.5 and later: for none).
 */
int cgroup_pressure_watch(const struct cgroup *cg, const char *resource, bool full,
			  uint64_t stall_usec, uint64_t window_usec, int *ret_fd, struct err *e);

/*
 * As cgroup_remove, of one that we made (@made) and that nothing is left in: true when it is gone. False says nothing,
 * and nothing was done: it has processes or cgroups, or the driver has more to remove than a directory.
 */
bool cgroup_remove_idle(int root_fd, enum cgroup_driver driver, const char *path, unsigned made);

/*
 * Remove the cgroup and all cgroups below it, then the ancestors that cgroup_create made (@made - 1
 * of them) and "/ctr", as far as they are empty. Processes must be dead or dying: waits for them up
 * to @timeout_ms, then -EBUSY with the processes in @e. With @made == 0 the leaf itself stays: only
 * our device program goes and the cgroups below it, but for those with living processes. These are
 * somebody else's, nobody waits for them. Already gone: 0. May be called again after any failure.
 */
int cgroup_remove(int root_fd, enum cgroup_driver driver, const char *path, unsigned made,
		  int timeout_ms, struct err *e);

/*
 * Load the program and attach it to the directory @cgroup_fd (BPF_F_ALLOW_MULTI: programs of others
 * stay). @insn_count == 0: attach nothing. @replace: a program that we attached earlier is replaced
 * in one step, or detached. Needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the initial user
 * namespace: else -EPERM.
 */
int cgroup_devices_attach(int cgroup_fd, const struct bpf_insn *insns, size_t insn_count,
			  bool replace, struct err *e);

#endif
