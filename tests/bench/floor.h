/* floor.h: what the two files of the floor program share. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

/* Prints "floor: STEP OBJECT: strerror(errno)" and ends the process with status 1. */
void floor_die(const char *step, const char *object) __attribute__((noreturn));

/*
 * Loads the device rules of the default configuration (everything denied but the default devices)
 * as a BPF program and attaches it to the cgroup v2 directory. 0, or -1 with errno.
 */
int floor_device_rules(const char *cgroup_dir);

#endif
