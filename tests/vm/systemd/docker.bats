#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Docker with both cgroup drivers: a daemon for each.

load drivers

setup_file() {
	drivers_begin dockerd docker containerd
	[ -z "$MISSING" ] || return 0
	local driver
	mkdir "$W/bin"
	ln -s "$CTR" "$W/bin/runc"
	echo '{}' >"$W/daemon.json"
	tar -C "$W/rootfs" -cf "$W/box.tar" .
	for driver in cgroupfs systemd; do
		docker_start "$driver" &
	done
	wait
	for driver in cgroupfs systemd; do
		wait_until docker_answers "$driver" || { tail -n 20 "$W/$driver.log"; return 1; }
		DOCKER_HOST=unix://$W/$driver.sock docker import "$W/box.tar" box >/dev/null
	done
}

# docker_start DRIVER: a daemon with its own containerd, which leaves networks alone. Its pid is in $W/DRIVER.pid.
docker_start() {
	PATH=$W/bin:$PATH dockerd --config-file "$W/daemon.json" --host "unix://$W/$1.sock" --pidfile "$W/$1.pid" \
		--data-root "$W/$1" --exec-root "/run/ctr-docker-$1" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --userland-proxy=false --exec-opt "native.cgroupdriver=$1" \
		--add-runtime "ctr=$CTR" --default-runtime ctr </dev/null >"$W/$1.log" 2>&1 3>&- &
}

docker_answers() {
	DOCKER_HOST=unix://$W/$1.sock docker version >/dev/null 2>&1
}

teardown_file() {
	local driver pid
	for driver in cgroupfs systemd; do
		pid=$(cat "$W/$driver.pid" 2>/dev/null) || continue
		kill "$pid"
		wait_until test ! -e "/proc/$pid"
		rm -rf "/run/ctr-docker-$driver"
	done
}

setup() { drivers_setup; }

teardown() {
	[ -z "${container:-}" ] || docker rm -f "$container" >/dev/null 2>&1 || true
	drivers_teardown
}

# use DRIVER: the daemon that all else is told to, and where the cgroups of its containers are.
use() {
	driver=$1
	export DOCKER_HOST=unix://$W/$1.sock
}

# In the background; its id is $container, its cgroup $dir.
start_box() {
	must docker run -d --network none "$@"
	container=$output
	dir=/sys/fs/cgroup/docker/$container
	[ "$driver" = cgroupfs ] || dir=/sys/fs/cgroup/system.slice/docker-$container.scope
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
