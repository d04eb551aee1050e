#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Resource limits on any host with all controllers: what is written (seen from inside, in the container's own cgroup),
# and what it does. effects.bats has all of them at once, by every driver.

load lib/bundle

setup() {
	bundle_setup
}

teardown() {
	unbind_v1
	bundle_teardown
}

readonly MIB=1048576

# The lines "name value" of a cgroup file as the payload sees it: value of NAME.
flat_value() {
	sed -n "s/^$1 //p" <<<"$output"
}

@test "a payload that needs more than memory.limit is killed" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((32 * MIB))}}"
	# exec: the killed process must be the container's first one, its end is what run reports.
	ctr_run 'exec dd if=/dev/zero of=/dev/null bs=128M count=1'
	[ "$status" -eq 137 ]
}

@test "a payload that needs less than memory.limit is not killed" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((128 * MIB))}}"
	ctr_run 'dd if=/dev/zero of=/dev/null bs=32M count=1 2>/dev/null; cat /sys/fs/cgroup/memory.events'
	[ "$status" -eq 0 ]
	[ "$(flat_value oom_kill)" -eq 0 ]
}

@test "memory.swap counts memory and swap, memory.swap.max only swap" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((64 * MIB)),\"swap\":$((96 * MIB))}}"
	ctr_run 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.swap.max'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" -eq $((64 * MIB)) ]
	[ "${lines[1]}" -eq $((32 * MIB)) ]
}

@test "memory.swap equal to memory.limit means no swap" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((64 * MIB)),\"swap\":$((64 * MIB))}}"
	ctr_run 'cat /sys/fs/cgroup/memory.swap.max'
	[ "$status" -eq 0 ]
	[ "$output" = 0 ]
}

@test "fork fails beyond pids.limit" {
	need_cgroup_controller pids
	config_resources='{"pids":{"limit":4}}'
	ctr_run 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & echo "started $i"; done'
	# A shell that cannot fork gives up; the end of the first process ends the others.
	[ "$status" -ne 0 ]
	[[ $output = *"can't fork"* ]]
	[[ $output = *"started 3"* ]]
	[[ $output != *"started 4"* ]]
}

@test "cpu.quota throttles" {
	need_cgroup_controller cpu
	config_resources='{"cpu":{"quota":5000,"period":50000}}'
	ctr_run 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; cat /sys/fs/cgroup/cpu.stat'
	[ "$status" -eq 0 ]
	[ "$(flat_value nr_throttled)" -gt 0 ]
	[ "$(flat_value throttled_usec)" -gt 0 ]
}

# The formula of runtime-spec 1.3 maps the old default to the new one; the linear one that came
# before gives 39 for 1024.
@test "cpu.shares are written to cpu.weight, 1024 is 100" {
	need_cgroup_controller cpu
	local pair
	for pair in 2=1 1024=100 262144=10000; do
		config_resources="{\"cpu\":{\"shares\":${pair%=*}}}"
		ctr_run 'cat /sys/fs/cgroup/cpu.weight'
		[ "$status" -eq 0 ]
		if [ "$output" = 39 ]; then
			need_ctr 'cpu.shares 1024 is cpu.weight 100'
		fi
		[ "$output" = "${pair#*=}" ]
	done
}

@test "cpu.cpus is written to cpuset.cpus and binds the payload" {
	need_cgroup_controller cpuset
	two_cpus
	config_resources='{"cpu":{"cpus":"0"}}'
	ctr_run 'cat /sys/fs/cgroup/cpuset.cpus /sys/fs/cgroup/cpuset.cpus.effective; nproc'
	[ "$status" -eq 0 ]
	[ "$output" = $'0\n0\n1' ]
}

@test "unified writes the file of that name" {
	need_cgroup_controller memory
	config_resources='{"unified":{"memory.high":"50331648","pids.max":"17"}}'
	ctr_run 'cat /sys/fs/cgroup/memory.high /sys/fs/cgroup/pids.max'
	[ "$status" -eq 0 ]
	[ "$output" = $'50331648\n17' ]
}

@test "unified with a file that does not exist is an error that names it" {
	config_resources='{"unified":{"memory.no_such_file":"1"}}'
	ctr_run 'echo must not run'
	[ "$status" -eq 1 ]
	[[ $output = *memory.no_such_file* ]]
	[[ $output != *'must not run'* ]]
}

@test "limits work in a nested cgroupsPath" {
	need_cgroup_controller memory
	config_cgroup=/$id/outer/inner
	config_resources="{\"memory\":{\"limit\":$((64 * MIB))},\"pids\":{\"limit\":9}}"
	ctr_run 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; cat /proc/self/cgroup'
	[ "$status" -eq 0 ]
	[ "$output" = $'67108864\n9\n0::/' ]
	# What was made on the way belongs to no container and may stay.
	rmdir "/sys/fs/cgroup/$id/outer" "/sys/fs/cgroup/$id" 2>/dev/null || true
}

# --- a controller that is not there ---

# Runs the container below a cgroup that was given the pids controller only: with a cgroup namespace
# and a fresh mount such a place looks like a host without the other controllers.
ctr_run_with_pids_only() {
	local top=/sys/fs/cgroup/$id-host
	mkdir "$top" "$top/root"
	echo +pids >"$top/cgroup.subtree_control"
	bundle_config "$1"
	run bash -c 'echo $$ >"$1/cgroup.procs" && exec unshare -Cm bash -c "$2" - "$3" "$4" "$5"' - \
		"$top/root" 'umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
			mkdir /sys/fs/cgroup/leaf && echo $$ >/sys/fs/cgroup/leaf/cgroup.procs &&
			exec "$1" run -b "$2" "$3"' \
		"$CTR" "$bundle" "$id"
	printf 'exit code %s, output:\n%s\n' "$status" "$output"
	# Fails if the runtime has left its own cgroup there: the teardown tells.
	rmdir "$top/root/leaf" "$top/root" "$top" || true
}

@test "a limit whose controller was not delegated is an error that names the controller" {
	config_resources='{"memory":{"limit":67108864}}'
	ctr_run_with_pids_only 'echo must not run'
	[ "$status" -eq 1 ]
	[[ $output = *memory* ]]
	[[ $output != *'must not run'* ]]
}

@test "a limit whose controller was delegated works where others are missing" {
	config_resources='{"pids":{"limit":30}}'
	ctr_run_with_pids_only 'cat /sys/fs/cgroup/pids.max'
	[ "$status" -eq 0 ]
	[ "$output" = 30 ]
}

# What happens on a hybrid host: the controller is bound to a v1 hierarchy and thus missing from v2.
# Only possible where nobody else uses it, so only in the VM without systemd. Elsewhere this is no
# missing prerequisite but a case that cannot be, hence skip and not need_fail.
bind_v1() {
	v1_controller=$1
	v1_mount=$BATS_TEST_TMPDIR/v1
	if [ "${CTR_IN_VM:-}" != 1 ] || [ -d /run/systemd/system ]; then
		skip 'would take a controller away from this host'
	fi
	mkdir "$v1_mount"
	echo "-$1" >/sys/fs/cgroup/cgroup.subtree_control
	mount -t cgroup -o "$1" none "$v1_mount"
	! grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
}

# The kernel gives the controller back to v2 some time after the unmount.
unbind_v1() {
	local i
	[ -n "${v1_mount:-}" ] || return 0
	umount "$v1_mount" || return 1
	for i in 1 2 3 4 5 6 7 8 9 10; do
		if echo "+$v1_controller" 2>/dev/null >/sys/fs/cgroup/cgroup.subtree_control; then
			return 0
		fi
		sleep 0.2
	done
	echo "the $v1_controller controller did not come back" >&2
	return 1
}

@test "a limit whose controller is not available is an error that names the controller" {
	need_cgroup_controller hugetlb
	bind_v1 hugetlb
	config_resources='{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'
	ctr_run 'echo must not run'
	[ "$status" -eq 1 ]
	[[ $output = *hugetlb* ]]
	[[ $output != *'must not run'* ]]
}

@test "a unified key whose controller is not available is an error that names the controller" {
	need_cgroup_controller hugetlb
	bind_v1 hugetlb
	config_resources='{"unified":{"hugetlb.2MB.max":"4194304"}}'
	ctr_run 'echo must not run'
	[ "$status" -eq 1 ]
	[[ $output = *hugetlb* ]]
	[[ $output != *'must not run'* ]]
}
