/* floor.h: what the files of the floor program share. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/filter.h>

#define MAX_EXTRA 64
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

struct floor {
	bool cgroup, devices, userns;
	const char *blob, *rootfs, *name; /* name: of the cgroup, NULL for one from the pid */
	const char *gates;		  /* the directory of gates: create and go, do not run */
	char *const *argv;
	const char *masked[MAX_EXTRA], *readonly[MAX_EXTRA]; /* beyond the default ones */
	const char *limits[MAX_EXTRA];			     /* FILE=VALUE, in the cgroup */
	size_t n_masked, n_readonly, n_limits;
	struct sock_fprog filter;
	char cgroup_dir[256];
	const char *gate; /* a fifo at which the child waits before execve, NULL: it does not */
	int cgroup_fd;
	int mapped[2]; /* a pipe: with a user namespace, the parent says that ids are mapped */
	int ready[2];  /* a pipe: with a gate, the child says that it has got there */
};

/* Prints "floor: STEP OBJECT: strerror(errno)" and ends the process with status 1. */
void floor_die(const char *step, const char *object) __attribute__((noreturn));

/* The result of a step, or the end. */
long floor_must(long result, const char *step, const char *object);

/* What the container's process does, from clone3 to execve. */
void floor_child(const struct floor *f) __attribute__((noreturn));

/* All capabilities but three go, also from the bounding set; groups; no_new_privs. */
void floor_drop_privileges(void);

/* execve with the environment of the configuration. */
void floor_exec(char *const *argv) __attribute__((noreturn));

/* Opens the directory of a cgroup of the v2 tree, and writes its path: the descriptor, or -1 with errno. */
int floor_open_cgroup(const char *name, char *path, size_t size);

/* Removes the cgroup whose last process may still be on its way out. */
void floor_remove_cgroup(const char *path);

/* The path of the gate of @name. */
void floor_gate_path(char *path, size_t size, const char *gates, const char *name);

/*
 * The commands beside create: start, exec, state, kill, list, delete. Returns the exit status, or -1 if
 * argv[1] is none of them.
 */
int floor_verb(int argc, char **argv);

/*
 * Loads the device rules of the default configuration (everything denied but the default devices)
 * as a BPF program and attaches it to the cgroup v2 directory. 0, or -1 with errno.
 */
int floor_device_rules(const char *cgroup_dir);

#endif
