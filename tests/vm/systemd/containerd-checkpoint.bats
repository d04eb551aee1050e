#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what is in single quotes is for a shell inside
#
# containerd's checkpoints with the real criu, by its own client and io.containerd.runc.v2: images in a directory, and
# images in the content store, of which a container is made again. The program counts.

# bats file_tags=criu
load drivers
load containerd
load ../lib/criu
load ../../clients/image

setup_file() {
	containerd_begin criu
	[ -z "$MISSING" ] || return 0
	T=$BATS_FILE_TMPDIR
	image_make "$W/image"
	client images import --snapshotter native "$W/image.tar"
}

teardown_file() { containerd_end; }

setup() {
	drivers_setup_any
	need_criu
}

teardown() {
	local one
	[ -n "${BATS_TEST_COMPLETED:-}" ] ||
		criu_said_in "$T/work" /run/ctr-containerd/io.containerd.runtime.v2.task/test/*/{work,work/criu-work}
	client container ls -q
	for one in $output; do
		containerd_remove "$one"
		is_gone "$one"
	done
}

# start_box DRIVER [OPTION...] -- PROGRAM...: the container $container, whose id has the test's number in it.
start_box() {
	local driver=$1 options=(--snapshotter native --runc-binary "$CTR")
	shift
	container=$driver-box$BATS_TEST_NUMBER
	dir=/sys/fs/cgroup/test/$container
	if [ "$driver" = systemd ]; then
		dir=/sys/fs/cgroup/system.slice/box-$container.scope
		options+=(--runc-systemd-cgroup --cgroup "system.slice:box:$container")
	fi
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	client run -d "${options[@]}" localhost/box:latest "$container" "$@"
	pid=$(pid_of "$container")
}

# A line for each number, in the container's own layer.
start_counter() {
	start_box "$@" -- sh -c 'i=0; while :; do i=$((i + 1)); echo "$i" >>/tmp/count; sleep 0.1; done'
	wait_until test -s "/proc/$pid/root/tmp/count"
}

task() {
	client task ls
	awk -v id="$1" -v column="$2" '$1 == id { print $column }' <<<"$output"
}

pid_of() { task "$1" 2; }
status_of() { task "$1" 3; }

# goes_on NUMBER: the box with $pid has counted further, and left nothing out.
goes_on() {
	wait_until is_beyond $(($1 + 3))
	awk '$1 != NR { print "line " NR " is " $1; exit 1 }' "/proc/$pid/root/tmp/count"
}

is_beyond() {
	[ "$(counted)" -gt "$1" ]
}

counted() {
	tail -n 1 "/proc/$pid/root/tmp/count"
}

@test "containerd checkpoint: --image-path, --work-path: images and logs are there, and the task goes on" {
	start_counter cgroupfs
	client task checkpoint --image-path "$T/images" --work-path "$T/work" "$container"
	test -s "$T/images/inventory.img"
	test -s "$T/images/descriptors.json"
	test -s "$T/work/dump.log"
	test -s "$T/work/stats-dump"
	same RUNNING "$(status_of "$container")"
	goes_on "$(counted)"
}

@test "containerd checkpoint: --exit: the task has ended, and can be removed" {
	start_counter cgroupfs
	client task checkpoint --exit --image-path "$T/images" --work-path "$T/work" "$container"
	happened /tasks/exit "$container.*137"
	same STOPPED "$(status_of "$container")"
	[ ! -e "$dir" ]
	client task rm "$container"
	has 'exit code 137'
}

# Into the content store, with image and layer; removed; a container of another name of it.
comes_back() {
	local n again=again-$1-box$BATS_TEST_NUMBER
	start_counter "$1" --memory-limit $((64 * MIB))
	holds "$dir" memory.max $((64 * MIB))
	client container checkpoint --rw --image --task "$container" "localhost/$again:latest"
	n=$(counted)
	goes_on "$n"
	containerd_remove "$container"
	is_gone "$container"

	client container restore --rw --live "$again" "localhost/$again:latest"
	same RUNNING "$(status_of "$again")"
	pid=$(pid_of "$again")
	holds "$dir" memory.max $((64 * MIB))
	[ "$1" = cgroupfs ] || shows "box-$container.scope" Slice system.slice MemoryMax $((64 * MIB))
	has_begun_once
	goes_on "$n"

	# the shim is its parent, and hears how it ends
	client task kill -s KILL "$again"
	happened /tasks/exit "$again.*137"
	client task rm "$again"
	has 'exit code 137'
	is_gone "$container"
}

# The layer is the one at the checkpoint: what came later is not in it.
has_begun_once() {
	same 1 "$(grep -cx 1 "/proc/$pid/root/tmp/count")"
}

# bats test_tags=core
@test "containerd checkpoint, cgroupfs: a container of a checkpoint in the content store goes on" {
	comes_back cgroupfs
}

@test "containerd checkpoint, systemd: a container of a checkpoint in the content store goes on" {
	comes_back systemd
}

@test "containerd checkpoint: what cannot be saved: the cause, and the task goes on" {
	start_box cgroupfs --mount "type=bind,src=$CTR_HELPERS/holder,dst=/bin/holder,options=rbind:ro" \
		-- holder io_uring
	try_client task checkpoint --image-path "$T/images" --work-path "$T/work" "$container"
	[ "$status" -ne 0 ]
	has 'io_uring'
	same RUNNING "$(status_of "$container")"
	holds "$dir" cgroup.freeze 0
	client task exec --exec-id e1 "$container" echo alive
	has alive
}
