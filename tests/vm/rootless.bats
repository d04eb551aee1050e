#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Limits that an ordinary user sets in a cgroup that was given to that user, with all controllers.

load ../integration/lib
load ../integration/life
load ../integration/rootless

setup() { user_setup; }
teardown() {
	[ ! -e "$(cgroup2)/$tag/shell" ] || undelegate
	user_teardown
}

# The controllers of the tree reach the user's cgroup.
offer() {
	local c
	for c in memory pids cpu; do
		echo "+$c" >"$(cgroup2)/cgroup.subtree_control"
	done
}

@test "rootless: memory.limit in a delegated subtree: more is death" {
	offer
	config '.linux.resources = {"memory": {"limit": 33554432}}'
	args sh -c 'exec busybox dd if=/dev/zero of=/dev/null bs=128M count=1'
	write_config
	delegated "$CTR" run -b "$bundle" "$tag"
	same 137 "$status"
	args sh -c 'busybox cat /sys/fs/cgroup/memory.max'
	write_config
	delegated "$CTR" run -b "$bundle" "$tag"
	is 33554432
}

@test "rootless: pids.limit in a delegated subtree: forks fail" {
	offer
	config '.linux.resources = {"pids": {"limit": 3}}'
	args sh -c 'busybox sleep 0.2 & busybox sleep 0.2 & busybox sleep 0.2 & busybox sleep 0.2 & wait'
	write_config
	delegated "$CTR" run -b "$bundle" "$tag"
	[[ $stderr == *"can't fork"* ]] || { echo "$stderr"; return 1; }
}

@test "rootless: cpu.shares and cpu.quota in a delegated subtree; update" {
	offer
	config '.linux.resources = {"cpu": {"shares": 512, "quota": 50000, "period": 100000}}'
	args payload sleep
	write_config
	delegated "$CTR" run -d --pid-file "$T/run/pid" -b "$bundle" "$tag"
	ok
	same '50000 100000' "$(cat "$(cgroup2)/$tag/ctr-$tag/cpu.max")"
	same 59 "$(cat "$(cgroup2)/$tag/ctr-$tag/cpu.weight")"
	delegated "$CTR" update --cpu-quota 20000 "$tag"
	ok
	same '20000 100000' "$(cat "$(cgroup2)/$tag/ctr-$tag/cpu.max")"
	delegated "$CTR" delete -f "$tag"
	ok
}
