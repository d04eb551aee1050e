#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman with both cgroup managers.

load drivers
load podman

setup_file() { podman_begin; }

setup() {
	drivers_setup
	podman_setup
}

teardown() {
	[ -z "${container:-}" ] || pod rm -f -t 0 "$container"
	drivers_teardown
}

start_box() {
	pod run -d --network none --security-opt seccomp=unconfined "$@"
	container=$output
	dir=$(cgroup_of "$container")
}

client_exec() {
	try_pod exec "$container" "$@"
}

# Update of podman 4.3 has no --pids-limit.
limits_stats_update_pause() {
	driver=$1
	start_box --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20 --cpuset-cpus 1 \
		--memory-reservation 32m --cpu-shares 512 --device /dev/fuse:/dev/fuse:r --rootfs "$W/rootfs" sh -c 'trap exit TERM; while :; do sleep 1; done'
	box_limits_are_written "$dir"
	holds "$dir" memory.swap.max 0 memory.low $((32 * MIB)) cpu.weight 59
	[ "$driver" = cgroupfs ] || shows "libpod-$container.scope" Slice machine.slice MemoryMax $((64 * MIB)) \
		TasksMax 20 CPUQuotaPerSecUSec 500ms AllowedCPUs 1
	box_limits_are_effective

	pod stats --no-stream --format '{{.MemUsage}}, {{.PIDs}}' "$container"
	[[ $output =~ ^[0-9.]+[kM]B\ /\ 67.11MB,\ [1-9] ]]

	pod update --memory 96m --memory-swap 96m --cpus 0.25 --cpuset-cpus 0 "$container"
	holds "$dir" memory.max $((96 * MIB)) cpu.max '25000 100000' pids.max 20 cpuset.cpus 0
	[ "$driver" = cgroupfs ] || shows "libpod-$container.scope" MemoryMax $((96 * MIB)) TasksMax 20

	pod pause "$container"
	holds "$dir" cgroup.freeze 1
	pod inspect --format '{{.State.Status}}' "$container"
	same paused "$output"
	pod unpause "$container"
	holds "$dir" cgroup.freeze 0
	pod stop -t 10 "$container"
	pod inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$container"
	same 'exited 0' "$output"
}

# That the kernel killed it podman 4.3 with conmon 2.1.6 does not notice, with crun and runc neither: its
# OOMKilled stays false.
out_of_memory() {
	driver=$1
	start_box --log-driver k8s-file --memory 32m --memory-swap 32m --rootfs "$W/rootfs" sh -c \
		"cat /sys/fs/cgroup/pids.max; $oom_program"
	pod wait "$container"
	same 137 "$output"
	pod logs "$container"
	# the limit that podman sets by itself
	has 2048 Killed
}

@test "podman, cgroupfs: limits, stats, update, pause" {
	limits_stats_update_pause cgroupfs
}

@test "podman, systemd: limits, stats, update, pause" {
	limits_stats_update_pause systemd
}

@test "podman, cgroupfs: out of memory, and podman's own default limit" {
	out_of_memory cgroupfs
}

@test "podman, systemd: out of memory, and podman's own default limit" {
	out_of_memory systemd
}
