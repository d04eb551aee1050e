#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# containerd where all controllers are on cgroup v2. All of tests/clients/containerd.bats runs here, too.

load ../clients/containerd-lib

setup_file() { containerd_up; }

teardown_file() { world_end; }

setup() { client_setup; }

teardown() {
	remove_boxes
	client_teardown
}

@test "containerd: metrics: memory and processes" {
	start_box -- sleep 1000
	client task metrics "$tag"
	[[ $output =~ memory.usage[[:space:]]+[1-9] ]]
	[[ $output =~ pids.current[[:space:]]+[1-9] ]]
}

@test "containerd: --memory-limit, --cpus" {
	start_box --memory-limit 67108864 --cpus 0.5 -- sleep 1000
	same 67108864 "$(cat "$WORLD_CGROUP/test/$tag/memory.max")"
	same '50000 100000' "$(cat "$WORLD_CGROUP/test/$tag/cpu.max")"
}
