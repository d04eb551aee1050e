#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# containerd with both cgroup drivers, by its own client, which is called ctr as well. The driver is an option of
# each container. That client has no options for all limits and no update, so configurations are given to it.

load drivers
load containerd

setup_file() { containerd_begin; }

teardown_file() { containerd_end; }

setup() { drivers_setup; }

teardown() {
	[ -z "${container:-}" ] || containerd_remove "$container"
	drivers_teardown
}

client_exec() {
	execs=$((${execs:-0} + 1))
	try_client task exec --exec-id "e$execs" "$container" "$@"
}

# start_box DRIVER RESOURCES PROGRAM...: in the background, with these linux.resources
start_box() {
	local driver=$1 resources=$2 options=(--runc-binary "$CTR")
	shift 2
	container=$driver-$BATS_TEST_NUMBER-box
	dir=/sys/fs/cgroup/ctr-test/$container path=/ctr-test/$container
	if [ "$driver" = systemd ]; then
		dir=/sys/fs/cgroup/system.slice/box-$container.scope path=system.slice:box:$container
		options+=(--runc-systemd-cgroup --cgroup "$path")
	fi
	mkdir "$T/bundle"
	"$CTR" spec -b "$T/bundle"
	jq --arg rootfs "$W/rootfs" --arg path "$path" --argjson resources "$resources" \
		'.process.terminal = false | .process.args = $ARGS.positional | .root = {path: $rootfs}
		| .linux.cgroupsPath = $path | .linux.resources = $resources
		| .linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438}]' \
		--args -- "$@" <"$T/bundle/config.json" >"$T/config.json"
	client run -d "${options[@]}" --config "$T/config.json" "$container"
}

limits_metrics_pause() {
	start_box "$1" "{\"memory\": {\"limit\": $((64 * MIB))}, \"pids\": {\"limit\": 20},
		\"cpu\": {\"quota\": 50000, \"period\": 100000, \"cpus\": \"1\"},
		\"devices\": [{\"allow\": false, \"access\": \"rwm\"},
			{\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229, \"access\": \"r\"}]}" sleep 1000
	box_limits_are_written "$dir"
	[ "$1" = cgroupfs ] || shows "box-$container.scope" Slice system.slice MemoryMax $((64 * MIB)) TasksMax 20 \
		CPUQuotaPerSecUSec 500ms AllowedCPUs 1
	box_limits_are_effective

	client task metrics "$container"
	[[ $output =~ memory.usage_limit[[:space:]]+67108864 ]]
	[[ $output =~ pids.current[[:space:]]+[1-9] ]]
	[[ $output =~ pids.limit[[:space:]]+20 ]]

	client task pause "$container"
	holds "$dir" cgroup.freeze 1
	client task ls
	[[ $output =~ ${container}[[:space:]]+[0-9]+[[:space:]]+PAUSED ]]
	client task resume "$container"
	holds "$dir" cgroup.freeze 0
}

out_of_memory() {
	start_box "$1" "{\"memory\": {\"limit\": $((32 * MIB)), \"swap\": $((32 * MIB))}}" sh -c "$oom_program"
	happened /tasks/oom "$container"
	happened /tasks/exit "$container.*137"
}

@test "containerd, cgroupfs: limits, metrics, pause" {
	limits_metrics_pause cgroupfs
}

@test "containerd, systemd: limits, metrics, pause" {
	limits_metrics_pause systemd
}

@test "containerd, cgroupfs: out of memory: an event" {
	out_of_memory cgroupfs
}

@test "containerd, systemd: out of memory: an event" {
	out_of_memory systemd
}
