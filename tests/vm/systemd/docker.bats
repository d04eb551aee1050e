#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Docker with both cgroup drivers: a daemon for each.

load drivers
load docker

setup_file() { docker_begin '{}'; }

teardown_file() { docker_end; }

setup() { drivers_setup; }

teardown() {
	docker_remove
	drivers_teardown
}

client_exec() {
	try docker exec "$container" "$@"
}

limits_stats_update_pause() {
	use "$1"
	must docker info --format '{{.CgroupDriver}} {{.CgroupVersion}} {{.DefaultRuntime}}'
	same "$driver 2 ctr" "$output"
	start_box --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20 --cpuset-cpus 1 \
		--device /dev/fuse:/dev/fuse:r box sleep 1000
	box_limits_are_written "$dir"
	[ "$driver" = cgroupfs ] || shows "docker-$container.scope" Slice system.slice MemoryMax $((64 * MIB)) \
		TasksMax 20 CPUQuotaPerSecUSec 500ms AllowedCPUs 1
	box_limits_are_effective

	must docker stats --no-stream --format '{{.MemUsage}}, {{.PIDs}}' "$container"
	[[ $output =~ ^[0-9.]+[KM]iB\ /\ 64MiB,\ [1-9] ]]

	must docker update --memory 96m --memory-swap 96m --cpus 0.25 --pids-limit 30 --cpuset-cpus 0 "$container"
	holds "$dir" memory.max $((96 * MIB)) cpu.max '25000 100000' pids.max 30 cpuset.cpus 0
	[ "$driver" = cgroupfs ] || shows "docker-$container.scope" MemoryMax $((96 * MIB)) TasksMax 30

	must docker pause "$container"
	holds "$dir" cgroup.freeze 1
	must docker inspect --format '{{.State.Status}}' "$container"
	same paused "$output"
	must docker unpause "$container"
	holds "$dir" cgroup.freeze 0
}

oom_inspect_events() {
	use "$1"
	start_box --memory 32m --memory-swap 32m box sh -c "$oom_program"
	must docker wait "$container"
	same 137 "$output"
	must docker inspect --format '{{.State.OOMKilled}}' "$container"
	same true "$output"
	must docker events --since 0 --until "$(date +%s)" --filter "container=$container" --filter event=oom \
		--format '{{.Action}}'
	same oom "$output"
}

@test "docker, cgroupfs: limits, stats, update, pause" {
	limits_stats_update_pause cgroupfs
}

@test "docker, systemd: limits, stats, update, pause" {
	limits_stats_update_pause systemd
}

@test "docker, cgroupfs: out of memory: inspect and events tell" {
	oom_inspect_events cgroupfs
}

@test "docker, systemd: out of memory: inspect and events tell" {
	oom_inspect_events systemd
}
