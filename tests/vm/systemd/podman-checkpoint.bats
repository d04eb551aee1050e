#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman's checkpoints with the real criu: podman and conmon on one side, ctr's options, images, logs and the
# processes that come back on the other. The program counts; that it goes on is told by its output.

# bats file_tags=criu
load drivers
load podman
load ../lib/criu

setup_file() {
	podman_begin criu
	[ -z "$MISSING" ] || return 0
	cp "$CTR_HELPERS/holder" "$W/rootfs/bin/"
	ln -s busybox "$W/rootfs/bin/stty"
	ln -s busybox "$W/rootfs/bin/touch"
	tar -C "$W/rootfs" -cf "$W/busy.tar" .
	T=$BATS_FILE_TMPDIR driver=cgroupfs
	podman_setup
	pod import -q -c 'ENV PATH=/bin' "$W/busy.tar" localhost/busy
}

setup() {
	drivers_setup_any
	need_criu
	podman_setup
	driver=cgroupfs
	network=(--network none)
}

teardown() {
	local one
	# the logs of criu are podman's, which removes them
	[ -n "${BATS_TEST_COMPLETED:-}" ] || criu_said_in "$W"/storage/vfs-containers/*/userdata
	try_pod pod rm -f -t 0 -a
	try_pod rm -f -t 0 -a
	[ -z "${netns:-}" ] || ip netns del "$netns"
	drivers_teardown
	for one in ${others[@]+"${others[@]}"}; do
		is_gone "$one"
	done
}

# start [OPTION...] [-- PROGRAM...]: the container w.
start() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -gt 0 ] || set -- -- sh -c 'trap "exit 7" TERM; i=0; while :; do i=$((i + 1)); echo "$i"; sleep 0.1; done'
	shift
	pod run -d --name w ${network[@]+"${network[@]}"} --log-driver k8s-file ${options[@]+"${options[@]}"} localhost/busy "$@"
	is_container "${output##*$'\n'}"
	wait_until test -s "$log"
}

is_container() {
	container=$1
	dir=$(cgroup_of "$container")
	userdata=$W/storage/vfs-containers/$container/userdata
	log=$userdata/ctr.log
}

# The same container, or one of another name, out of a file.
from_file() {
	pod container restore --import "$@"
	is_container "${output##*$'\n'}"
}

running_pid() {
	pod inspect --format '{{.State.Pid}}' w
	echo "$output"
}

# The last number, of lines like "TIME stdout F NUMBER"; terminals end lines with \r.
counted() {
	tail -n 1 "$log" | tr -d '\r' | awk '{ print $4 + 0 }'
}

is_beyond() {
	[ "$(counted)" -gt "$1" ]
}

# From where it was, with no number twice and none missing: goes_on NUMBER [LINES-TO-LEAVE-OUT]
goes_on() {
	wait_until is_beyond $(($1 + 3))
	awk -v skip="${2:-0}" 'NR > skip { n = $4 + 0; if (last && n != last + 1) { print last " then " n; exit 1 } last = n }' "$log"
}

state_is() {
	pod inspect --format "$1" w
	same "$2" "$output"
}

# Saved and back again, with its limits.
comes_back() {
	local n
	driver=$1
	start --memory 64m
	holds "$dir" memory.max $((64 * MIB))
	pod container checkpoint w
	n=$(counted)
	[ ! -e "$dir" ]
	state_is '{{.State.Status}} {{.State.Checkpointed}}' 'exited true'
	same '"pipe:["pipe:[' "$(jq -r 'map(tojson[:7])[1:] | join("")' "$userdata/checkpoint/descriptors.json")"
	pod container restore w
	holds "$dir" memory.max $((64 * MIB))
	[ "$driver" = cgroupfs ] || shows "libpod-$container.scope" Slice machine.slice MemoryMax $((64 * MIB))
	state_is '{{.State.Status}} {{.State.Restored}}' 'running true'
	[ ! -e "$userdata/checkpoint" ]
	goes_on "$n"
	pod exec w cat /proc/1/cmdline
	has 'while :'

	# conmon has it as its child, and hears how it ends
	pod stop -t 10 w
	state_is '{{.State.Status}} {{.State.ExitCode}}' 'exited 7'
}

@test "podman checkpoint, cgroupfs: the same container goes on: output, limits, exit code" {
	comes_back cgroupfs
}

# bats test_tags=core
@test "podman checkpoint, systemd: the same container goes on: output, limits, exit code" {
	comes_back systemd
}

@test "podman checkpoint: --leave-running, --keep, --print-stats, and it can be saved again" {
	local n
	start
	pod container checkpoint --leave-running --keep --print-stats w
	[ "$(jq '.container_statistics[0].criu_statistics | .frozen_time > 0 and .pages_written > 0' <<<"$output")" = true ]
	state_is '{{.State.Status}}' running
	test -s "$userdata/dump.log"
	test -s "$userdata/stats-dump"
	goes_on "$(counted)"

	pod container checkpoint --keep w
	n=$(counted)
	pod container restore --keep --print-stats w
	[ "$(jq '.container_statistics[0].criu_statistics | .restore_time > 0 and .pages_restored > 0' <<<"$output")" = true ]
	test -s "$userdata/restore.log"
	test -s "$userdata/checkpoint/inventory.img"
	goes_on "$n"
}

@test "podman checkpoint: --pre-checkpoint, --with-previous: images that build on others" {
	local n
	start
	pod container checkpoint --pre-checkpoint w
	state_is '{{.State.Status}}' running
	test -s "$userdata/pre-checkpoint/pages-1.img"
	goes_on "$(counted)"
	pod container checkpoint --with-previous --keep w
	n=$(counted)
	same ../pre-checkpoint "$(readlink "$userdata/checkpoint/parent")"
	pod container restore w
	goes_on "$n"
}

@test "podman checkpoint: --export, --import: the same container, and another of the same file beside it" {
	local n first
	driver=systemd
	start
	pod exec w touch /mark
	pod container checkpoint --export "$T/file.tar" --compress none w
	n=$(counted)
	pod rm w
	is_gone "$container"
	from_file "$T/file.tar"
	first=$container
	goes_on "$n"
	test -e "/proc/$(running_pid)/root/mark"

	from_file "$T/file.tar" --name v
	others=("$first")
	[ "$container" != "$first" ]
	goes_on "$n"
	[ -d "$(cgroup_of "$first")" ]
	[ -d "$(cgroup_of "$container")" ]
}

@test "podman checkpoint: --export --leave-running --ignore-rootfs: without what was written" {
	local n
	start
	pod exec w touch /mark
	pod container checkpoint --export "$T/file.tar.gz" --compress gzip --leave-running --ignore-rootfs w
	n=$(counted)
	goes_on "$n"
	state_is '{{.State.Status}}' running
	pod rm -f -t 0 w
	from_file "$T/file.tar.gz"
	# podman packs the log when the container runs again, so it may have numbers from after the dump
	goes_on "$n" "$(tar -xOzf "$T/file.tar.gz" ctr.log | wc -l)"
	[ ! -e "/proc/$(running_pid)/root/mark" ]
}

# CONNECTIONS: how many of /proc/PID/net/tcp are established
connections_are() {
	same "$1" "$(awk '$4 == "01"' "/proc/$(running_pid)/net/tcp" | wc -l)"
}

@test "podman checkpoint: --tcp-established, in a network namespace with a name" {
	netns=ctr-test-$BATS_TEST_NUMBER
	ip netns add "$netns"
	ip -n "$netns" link set lo up
	network=(--network "ns:/run/netns/$netns")
	start -- holder tcp
	connections_are 2
	try_pod container checkpoint w
	[ "$status" -ne 0 ]
	has 'TCP connection' --tcp-established
	state_is '{{.State.Status}}' running
	pod container checkpoint --tcp-established w
	pod container restore --tcp-established w
	connections_are 2
	same "$(stat -L -c %i "/run/netns/$netns")" "$(stat -L -c %i "/proc/$(running_pid)/ns/net")"
}

is_locked() {
	grep -q ":$(stat -c %i "/proc/$(running_pid)/root/tmp/lock") " /proc/locks
}

@test "podman checkpoint: --file-locks" {
	start -- holder flock /tmp/lock
	is_locked
	try_pod container checkpoint w
	[ "$status" -ne 0 ]
	has 'lock' --file-locks
	state_is '{{.State.Status}}' running
	pod container checkpoint --file-locks w
	pod container restore --file-locks w
	is_locked
}

@test "podman checkpoint: a terminal: what is typed gets there, what it prints is logged" {
	start -t -i -- sh -c 'echo begun; exec sh'
	pod container checkpoint w
	pod container restore w
	try "$BATS_TEST_DIRNAME/../../integration/pty" size=91x17 'send=stty size; echo one-$((1 + 1))\n' expect=one-2 \
		'send=exit 5\n' -- podman "${global[@]}" --cgroup-manager "$driver" attach w
	has '17 91' one-2 '[terminal as before]'
	pod wait w
	same 5 "$output"
	grep -q 'one-2' "$log"
}

@test "podman checkpoint: what cannot be saved: podman shows the cause, and the container goes on" {
	start --security-opt seccomp=unconfined -- holder io_uring
	try_pod container checkpoint w
	[ "$status" -ne 0 ]
	has 'io_uring'
	state_is '{{.State.Status}}' running
	holds "$dir" cgroup.freeze 0
	pod exec w sh -c 'echo alive'
	has alive
}

@test "podman restore: images that are damaged: podman shows the cause, and the container can be removed" {
	start
	pod container checkpoint w
	rm "$userdata"/checkpoint/core-*.img
	try_pod container restore w
	[ "$status" -ne 0 ]
	has core-1.img
	[ ! -e "$dir" ]
	pod rm -f -t 0 w
}

@test "podman restore: --pod: into the namespaces of another pod" {
	local n
	for name in p q; do
		pod pod create --name "$name" --share ipc,net,uts --share-parent=false --network none \
			--infra-image localhost/busy --infra-command 'sleep 1000'
		id=$output
	done
	network=()
	start --pod p
	pod container checkpoint --export "$T/file.tar" --compress none w
	n=$(counted)
	pod pod rm -f -t 0 p
	from_file "$T/file.tar" --pod "$id" # podman 4.3 takes no name here
	goes_on "$n"
}
