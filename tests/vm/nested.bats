#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr in a container of ctr where all controllers are on cgroup v2, and namespaces are delegation boundaries.

load ../integration/lib
load ../integration/life
load ../integration/system
load ../integration/nested

setup() { nested_setup; }
teardown() { ctr_teardown; }

@test "nested: as root" {
	nest '' "$(doc_filter)"
	is_nested
}

@test "nested: a user namespace in a user namespace" {
	nest '--system --userns 100000' "$whole_proc" '--system --userns 0:65536' "$whole_proc"
	chown -R 100000:100000 "$rootfs"
	is_nested
}

@test "nested: a limit, which needs a cgroup without processes above" {
	nest '' "$(doc_filter)"
	bundle_config "$bundle/rootfs/inner" '' '.linux.resources.pids = {limit: 7}' \
		payload read /sys/fs/cgroup/pids.max
	{
		echo 'ctr run /inner && exit 1'
		sed -n '/^## ctr inside/,$s/^    //p' "$doc"
		echo 'ctr run /inner'
	} >"$rootfs/nest.sh"
	ctr run -b "$bundle" "$tag"
	same 7 "$output"
	same 0 "$status"
	[[ $stderr == *"enable controllers '+pids' below cgroup '/', which has processes of its own: "*'move them into a cgroup below it'* ]]
}
