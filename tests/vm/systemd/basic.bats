#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is the machine what the tests of the systemd cgroup driver expect?

@test "systemd is pid 1 and answers" {
	[ "$(cat /proc/1/comm)" = systemd ]
	run systemctl is-system-running
	echo "$output"
	[ "$output" = running ] || [ "$output" = degraded ]
}

@test "cgroup v2 is unified and has the controllers" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	local controller
	for controller in cpu cpuset io memory hugetlb pids; do
		grep -w "$controller" /sys/fs/cgroup/cgroup.controllers
	done
}

@test "the system bus can start a scope" {
	run systemd-run --scope --quiet --unit "ctr-test-$$" cat /proc/self/cgroup
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "0::/system.slice/ctr-test-$$.scope" ]
}
