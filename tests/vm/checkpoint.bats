#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr checkpoint with criu itself: what is saved, what goes on, and what a failure leaves. Restoring is
# restore.bats' topic.

load ../integration/lib
load ../integration/life
load ../integration/network

need_fail() {
	need "$1"
}
load lib/criu

setup() {
	need_criu
	net_setup
	img=$T/images
	mounts_before=$(grep cgroup /proc/self/mountinfo)
}

teardown() {
	local failed=0
	net_teardown || failed=1
	same "$mounts_before" "$(grep cgroup /proc/self/mountinfo)" || failed=1
	return "$failed"
}

# ctr checkpoint of $tag, to $img
checkpoint() {
	net_ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -eq 0 ] || [ ! -e "$img/dump.log" ] || criu_said "$img"
}

# A program that counts to a file, a hundred times a second.
counting='i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; busybox usleep 10000; done'

count() {
	cat "/proc/$pid/root/dev/shm/count"
}

# The container runs, and its program does something.
goes_on() {
	local before
	same running "$(state_of)"
	before=$(count)
	wait_until counted_on "$before"
}

counted_on() {
	[ -n "$(count)" ] && [ "$(count)" -gt "$1" ]
}

start_counter() {
	args sh -c "${1:-}$counting"
	net_start "$tag" "${@:2}"
	[ "$status" -eq 0 ]
	wait_until counted_on 0
}

# Images that are complete, and nobody else's business.
complete() {
	[ -s "${1:-$img}/inventory.img" ]
	same '' "$(find "${1:-$img}" -type f -perm /077)"
}

@test "checkpoint: stdio from outside, twice, and then for good" {
	start_counter 'exec 5<>/tmp/file; echo kept >&5; '
	checkpoint --leave-running --leave-running
	same 0 "$status"
	same '' "$output"
	complete
	same 700 "$(stat -c %a "$img")"
	same 3 "$(jq length "$img/descriptors.json")"
	jq -e '.[0] | test("^file\\[[0-9a-f]+:[0-9a-f]+\\]$")' "$img/descriptors.json"
	goes_on
	checkpoint --format json --work-path "$T/work"
	same 0 "$status"
	complete
	[ -s "$T/work/dump.log" ]
	[ -s "$T/work/stats-dump" ]
	jq -e '.running == false and .bytes > 0 and .rounds[0].kind == "dump" and .rounds[0].frozenMicroseconds > 0' <<<"$output"
	net_ctr state "$tag"
	fails "container '$tag' does not exist"
	containers=()
	nothing_left
}

@test "checkpoint: pipes" {
	args sh -c "$counting"
	write_config
	mkfifo "$T/in"
	sleep 60 <>"$T/in" 3>&- &
	keeper=$!
	"$CTR" --root "$root" run -d --pid-file "$T/pid" -b "$bundle" "$tag" <>"$T/in" 2>&1 3>&- | cat >"$T/out" &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	wait_until counted_on 0
	checkpoint
	kill "$keeper"
	same 0 "$status"
	cat "$img/descriptors.json"
	jq -e '.[1] | startswith("pipe:[")' "$img/descriptors.json"
	false
}

@test "checkpoint: a terminal behind a console socket" {
	config '.process.terminal = true'
	args sh -c "$counting"
	write_config
	"$BATS_TEST_DIRNAME/../integration/peer" console "$T/socket" 60 >"$T/said" 3>&- &
	peer=$!
	wait_until test -S "$T/socket"
	net_ctr run -d --pid-file "$T/pid" --console-socket "$T/socket" -b "$bundle" "$tag"
	pid=$(cat "$T/pid")
	wait_until counted_on 0
	checkpoint --leave-running
	same 0 "$status"
	cat "$img/descriptors.json"
	goes_on
	kill "$peer"
	false
}

@test "checkpoint: a foreground terminal" {
	config '.process.terminal = true'
	args sh -c "echo begun; $counting"
	write_config
	"$BATS_TEST_DIRNAME/../integration/pty" expect=begun expect='exit 137' -- "$CTR" --root "$root" run --pid-file "$T/pid" -b "$bundle" "$tag" >"$T/said" 3>&- &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	wait_until counted_on 0
	checkpoint
	same 0 "$status"
	wait || true
	cat "$T/said"
	false
}

@test "checkpoint: stdio is the caller's terminal" {
	args sh -c "echo begun; $counting"
	write_config
	"$BATS_TEST_DIRNAME/../integration/pty" expect=begun -- sh -c "'$CTR' --root '$root' run -d --pid-file '$T/pid' -b '$bundle' '$tag'; sleep 5" >"$T/said" 3>&- &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	wait_until counted_on 0
	checkpoint --leave-running
	cat "$img/descriptors.json"
	same 0 "$status"
	wait || true
	cat "$T/said"
	false
}

@test "checkpoint: an overlay keeps its layers; one in memory is refused" {
	start_counter 'echo new >/file; ' --overlay
	checkpoint
	same 0 "$status"
	ls -R "$data"
	same new "$(cat "$data/$tag"/layers/*/fs/file)"
	net_ctr run --overlay -b "$bundle" "$tag"
}
