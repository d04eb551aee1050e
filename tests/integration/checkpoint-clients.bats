#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command lines with which podman 4.3 (through conmon 2.1) and containerd 1.6 (through its shim and go-runc)
# checkpoint and restore, word for word, as they were recorded. criu is tests/helpers/fake-criu, so that this holds on
# every kernel; what the clients make of it with the real one: tests/vm/systemd/{podman,containerd}-checkpoint.bats.

load lib
load migrate

setup() {
	migrate_setup
	userdata=$T/userdata
	mkdir "$userdata"
}

teardown() { migrate_teardown; }

# With what is the host's and not the client's: where criu is, and for podman the state.
podman_ctr() {
	ctr --criu "$T/a/criu" "$@"
}

containerd_ctr() {
	capture "$CTR" --criu "$T/a/criu" --root "$root" --log "$T/log.json" --log-format json "$@"
}

created() {
	write_config
	"$1" create --bundle "$bundle" --pid-file "$T/pid" "$tag"
	same 0 "$status"
	"$1" start "$tag"
	same 0 "$status"
	wait_until beats_since 0
}

# It runs, and its pid is the one in the file.
runs_with_pid_file() {
	same running "$(state_of)"
	same "$(<"$T/pid")" "$("$CTR" --root "$root" state "$tag" | jq .pid)"
	still_counts
	check_beats
}

# The words that podman looks for in what it gets, see also CRRuntimeSupportsPodCheckpointRestore of its library.
@test "podman: what it asks before: checkpoint --help, restore --lsm-mount-context" {
	podman_ctr checkpoint --help
	same 0 "$status"
	podman_ctr restore --lsm-mount-context
	[ "$status" -ne 0 ]
	[[ $stderr == *'flag needs an argument'* ]]
}

@test "podman: checkpoint, delete, restore" {
	created podman_ctr
	podman_ctr checkpoint --image-path "$userdata/checkpoint" --work-path "$userdata" "$tag"
	same 0 "$status"
	same '' "$output$stderr"
	test -s "$userdata/checkpoint/inventory.img"
	same 600 "$(stat -c %a "$userdata/checkpoint/descriptors.json")"
	podman_ctr delete --force "$tag"
	same 0 "$status"
	same '' "$output$stderr"

	rm "$T/pid"
	podman_ctr restore --bundle "$bundle" --pid-file "$T/pid" --detach --image-path "$userdata/checkpoint" \
		--work-path "$userdata" "$tag"
	same 0 "$status"
	runs_with_pid_file
}

@test "podman: checkpoint with all that its options add" {
	created podman_ctr
	podman_ctr checkpoint --image-path "$userdata/checkpoint" --work-path "$userdata" --leave-running \
		--tcp-established --file-locks --leave-running "$tag"
	same 0 "$status"
	runs_with_pid_file
	rm -r "$userdata/checkpoint"

	podman_ctr checkpoint --image-path "$userdata/pre-checkpoint" --work-path "$userdata" --pre-dump "$tag"
	same 0 "$status"
	runs_with_pid_file
	podman_ctr checkpoint --image-path "$userdata/checkpoint" --work-path "$userdata" --parent-path ../pre-checkpoint \
		"$tag"
	same 0 "$status"
	absent "$root" "$tag"
	podman_ctr restore --bundle "$bundle" --pid-file "$T/pid" --detach --image-path "$userdata/checkpoint" \
		--work-path "$userdata" --tcp-established --file-locks "$tag"
	same 0 "$status"
	runs_with_pid_file
}

@test "containerd: pause, checkpoint --leave-running, resume" {
	created containerd_ctr
	containerd_ctr pause "$tag"
	same 0 "$status"
	containerd_ctr checkpoint --image-path "$T/images" --work-path "$T/work" --leave-running "$tag"
	same 0 "$status"
	same paused "$(state_of)"
	test -s "$T/images/inventory.img"
	containerd_ctr resume "$tag"
	same 0 "$status"
	runs_with_pid_file
}

@test "containerd: pause, checkpoint, resume, delete, restore" {
	created containerd_ctr
	containerd_ctr pause "$tag"
	same 0 "$status"
	containerd_ctr checkpoint --image-path "$T/images" --work-path "$T/work" --file-locks "$tag"
	same 0 "$status"
	# what it does then is meant for a container that is there; it looks for these words
	for words in "resume $tag" "delete $tag"; do
		: >"$T/log.json"
		# shellcheck disable=SC2086 # a list
		containerd_ctr $words
		same 1 "$status"
		[[ $(tail -n 1 "$T/log.json" | jq -r 'select(.level == "error").msg') == *'does not exist'* ]]
	done
	containerd_ctr delete --force "$tag"
	same 0 "$status"

	containerd_ctr restore --image-path "$T/images" --work-path "$T/work" --detach --pid-file "$T/pid" -no-subreaper \
		--bundle "$bundle" "$tag"
	same 0 "$status"
	runs_with_pid_file
}

@test "containerd: a checkpoint that fails: the cause is in the log, as a line of JSON, and it goes on" {
	created containerd_ctr
	echo 'seized fail' >"$T/a/criu.control"
	containerd_ctr pause "$tag"
	containerd_ctr checkpoint --image-path "$T/images" --work-path "$T/work" --leave-running "$tag"
	[ "$status" -ne 0 ]
	[[ $(tail -n 1 "$T/log.json" | jq -r 'select(.level == "error").msg') == *'the test wants it to fail'* ]]
	same paused "$(state_of)"
	containerd_ctr resume "$tag"
	same 0 "$status"
	runs_with_pid_file
}
