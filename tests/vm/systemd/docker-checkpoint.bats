#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `docker checkpoint` with the real criu, which Docker has as an experiment: no more than a checkpoint, and a start of it.
# The program counts; that it goes on is told by its output.

# bats file_tags=criu
load drivers
load docker
load ../lib/criu

setup_file() { docker_begin '{"experimental": true}' criu; }

teardown_file() { docker_end; }

setup() {
	drivers_setup_any
	need_criu
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] ||
		criu_said_in "/run/ctr-docker-$driver"/containerd/daemon/io.containerd.runtime.v2.task/moby/*/{work,work/criu-work}
	docker_remove
	drivers_teardown
}

start_counter() {
	# shellcheck disable=SC2016 # for the shell inside
	start_box --memory 64m --security-opt seccomp=unconfined box \
		sh -c 'i=0; while :; do i=$((i + 1)); echo "$i"; sleep 0.1; done'
	log=$W/$driver/containers/$container/$container-json.log
	wait_until test -s "$log"
}

counted() {
	tail -n 1 "$log" | jq -r .log
}

is_beyond() {
	[ "$(counted)" -gt "$1" ]
}

# From where it was, with no number twice and none missing.
goes_on() {
	wait_until is_beyond $(($1 + 3))
	jq -r .log "$log" | grep . | awk '$1 != NR { print "line " NR " is " $1; exit 1 }'
}

is_in_state() {
	[ "$(docker inspect --format '{{.State.Status}}' "$container")" = "$1" ]
}

comes_back() {
	local n
	use "$1"
	start_counter
	must docker checkpoint create --leave-running "$container" one
	is_in_state running
	goes_on "$(counted)"

	must docker checkpoint create "$container" two
	wait_until is_in_state exited
	n=$(counted)
	[ ! -e "$dir" ]
	must docker checkpoint ls "$container"
	has one two
	must docker start --checkpoint two "$container"
	is_in_state running
	holds "$dir" memory.max $((64 * MIB))
	goes_on "$n"
	must docker kill "$container"
	must docker inspect --format '{{.State.ExitCode}}' "$container"
	same 137 "$output"
}

@test "docker checkpoint, cgroupfs: the same container goes on: output, limits, exit code" {
	comes_back cgroupfs
}

# bats test_tags=core
@test "docker checkpoint, systemd: the same container goes on: output, limits, exit code" {
	comes_back systemd
}

@test "docker checkpoint: what cannot be saved: docker shows the cause, and the container goes on" {
	use cgroupfs
	start_box --security-opt seccomp=unconfined -v "$CTR_HELPERS/holder:/bin/holder:ro" box holder io_uring
	wait_until grep -qs ready "$W/$driver/containers/$container/$container-json.log"
	try docker checkpoint create "$container" one
	[ "$status" -ne 0 ]
	has 'io_uring'
	is_in_state running
	holds "$dir" cgroup.freeze 0
	must docker exec "$container" sleep 0
}
