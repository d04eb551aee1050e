#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# conmon, without podman or CRI-O above it: it creates, executes, holds terminals and logs, and tells
# how things ended. The attach socket is conmon's own matter.

load ../integration/lib
load ../integration/migrate

setup() {
	ctr_setup
	command -v conmon >/dev/null || need conmon
	# conmon's sockets: their paths have at most 107 bytes
	short=$(mktemp -d /tmp/ctrm.XXXXXX)
	mkdir "$T/exits"
}

teardown() {
	wait_until no_conmon || true
	rm -rf "$short"
	ctr_teardown
}

no_conmon() {
	! grep -lsF -e "--cid=$tag" /proc/[0-9]*/cmdline >/dev/null
}

# As libpod calls it. What it says to its parent goes to $T/sync; $@: more options.
conmon_run() {
	rm -f "$T/sync"
	capture timeout -k 5 20 env TMPDIR="$short" _OCI_SYNCPIPE=4 conmon --api-version 1 \
		"--cid=$tag" -u "$tag" -r "$CTR" --runtime-arg --root --runtime-arg "$root" \
		-b "$bundle" -n "name-$tag" --exit-dir "$T/exits" --full-attach \
		-l "k8s-file:$T/log" --log-level error "$@" 4>"$T/sync"
	# it goes on in the background
	wait_until test -s "$T/sync"
}

conmon_create() {
	write_config
	conmon_run -p "$T/pid" --runtime-arg --log-format=json --runtime-arg --log --runtime-arg "$T/oci-log" "$@"
}

# What conmon told is a line of JSON each: told FILTER VALUE
told() {
	same "$2" "$(jq -r "$1" "$T/sync" | head -n 1)"
}

# Wait for the end of the container: exit_file CODE
exit_file() {
	wait_until test -s "$T/exits/$tag"
	same "$1" "$(<"$T/exits/$tag")"
}

# What the program wrote, from the log: "TIME stdout F TEXT".
logged() {
	same "$1" "$(sed 's/^[^ ]* [a-z]* [FP] //' "$T/log" | tr -d '\r')"
}

in_log() {
	grep -q -e "$1" "$T/log"
}

process_json() {
	jq ".process | .args = $1 | ${2:-.}" "$bundle/config.json" >"$T/process.json"
}

@test "conmon: create, start; pid, log and exit code" {
	args sh -c 'echo out; echo err >&2; exit 42'
	conmon_create
	ok
	told .data "$(<"$T/pid")"
	[[ $(<"$T/pid") =~ ^[0-9]+$ ]]
	same created "$(state_of)"
	ctr start "$tag"
	ok
	exit_file 42
	logged $'out\nerr'
	wait_until is_stopped
	delete_ctr
}

@test "conmon: killed by a signal is 128 + its number" {
	args payload sleep
	conmon_create
	ctr start "$tag"
	ctr kill "$tag" 9
	exit_file 137
	delete_ctr
}

@test "conmon: create fails: the message comes through the log, nothing is left" {
	args nosuchprogram
	conmon_create
	told .data -1
	# libpod reads the whole file as one object
	same 1 "$(jq -s length "$T/oci-log")"
	[[ $(jq -r .msg "$T/oci-log") == *'executable file not found in $PATH'* ]]
	[ ! -e "$T/pid" ]
	ctr state "$tag"
	fails 'does not exist'
}

@test "conmon: create fails without a log: the message is what stderr says" {
	args nosuchprogram
	write_config
	conmon_run -p "$T/pid"
	told .data -1
	[[ $(jq -r .message "$T/sync") == 'ctr: create '*'executable file not found in $PATH'* ]]
}

@test "conmon -t: the terminal comes over the console socket" {
	config '.process.terminal = true'
	args sh -c 'tty; exit 5'
	conmon_create -t
	ok
	ctr start "$tag"
	ok
	exit_file 5
	logged /dev/pts/0
	wait_until is_stopped
	delete_ctr
}

@test "conmon -i: stdin stays open until someone attaches" {
	args sh -c 'read -r x; echo "got [$x]"'
	conmon_create -i --leave-stdin-open
	ctr start "$tag"
	sleep 0.2
	same running "$(state_of)"
	delete_ctr
	exit_file 137
}

@test "conmon -e: exec with a process file" {
	start_payload sleep
	process_json '["sh", "-c", "echo hello from $A; exit 9"]' '.env += ["A=exec"]'
	conmon_run -e --exec-process-spec "$T/process.json" -p "$T/exec-pid"
	ok
	[[ $(<"$T/exec-pid") =~ ^[0-9]+$ ]]
	told .data "$(<"$T/exec-pid")"
	exit_file 9
	logged 'hello from exec'
	delete_ctr
}

@test "conmon -e -t: exec with a terminal" {
	start_payload sleep
	process_json '["sh", "-c", "tty; exit 6"]' '.terminal = true'
	conmon_run -e -t --exec-process-spec "$T/process.json" -p "$T/exec-pid"
	ok
	exit_file 6
	logged /dev/pts/0
	delete_ctr
}

@test "conmon -e: a program that is not there" {
	start_payload sleep
	process_json '["nosuchprogram"]'
	conmon_run -e --exec-process-spec "$T/process.json" -p "$T/exec-pid"
	[ "$(jq -r .data "$T/sync" | head -n 1)" -lt 0 ]
	[[ $(jq -r .message "$T/sync") == *'executable file not found in $PATH'* ]]
	delete_ctr
}

@test "conmon -T: killed after its time" {
	args payload sleep
	conmon_create -T 1
	ctr start "$tag"
	exit_file -1 # conmon's own number for it
	wait_until is_stopped
	delete_ctr
}

@test "conmon: fds are preserved and renumbered for nobody" {
	echo three >"$T/three"
	args sh -c 'cat <&3'
	write_config
	conmon_run -p "$T/pid" --runtime-opt --preserve-fds --runtime-opt 1 3<"$T/three"
	ok
	ctr start "$tag"
	exit_file 0
	logged three
	delete_ctr
}

# --- the command lines of conmon, CRI-O and podman, word by word ---

console_server() {
	socket=$short/console
	python3 "$BATS_TEST_DIRNAME/console" "$socket" >"$T/console" 3>&- &
	wait_until test -S "$socket"
}

@test "line: create --bundle --pid-file --no-new-keyring --console-socket ID" {
	config '.process.terminal = true'
	args sh -c 'tty; exit 0'
	write_config
	console_server
	capture "$CTR" "--root=$root" --log-format=json --log "$T/l" create --bundle "$bundle" --pid-file "$T/pid" \
		--no-new-keyring --preserve-fds 0 --console-socket "$socket" "$tag"
	ok
	ctr start "$tag"
	wait
	grep -q /dev/pts/0 "$T/console"
	wait_until is_stopped
	delete_ctr
}

@test "line: create --no-pivot" {
	args payload exit 0
	write_config
	capture "$CTR" "--root=$root" create --bundle "$bundle" --pid-file "$T/pid" --no-pivot "$tag"
	ok
	ctr start "$tag"
	wait_until is_stopped
	delete_ctr
}

@test "line: exec --pid-file --process --detach [--preserve-fds] [--console-socket] ID" {
	config '.root.readonly = false'
	start_payload sleep
	process_json '["sh", "-c", "cat <&3 >/tmp/out"]'
	echo three >"$T/three"
	capture "$CTR" "--root=$root" exec --pid-file "$T/exec-pid" --process "$T/process.json" --detach \
		--preserve-fds 1 "$tag" 3<"$T/three"
	ok
	[[ $(<"$T/exec-pid") =~ ^[0-9]+$ ]]
	wait_until test -s "$rootfs/tmp/out"
	same three "$(<"$rootfs/tmp/out")"
	process_json '["sh", "-c", "tty"]' '.terminal = true'
	console_server
	capture "$CTR" "--root=$root" exec --pid-file "$T/exec-pid" --process "$T/process.json" --detach \
		--console-socket "$socket" "$tag"
	ok
	wait
	grep -q /dev/pts/0 "$T/console"
	delete_ctr
}

@test "line: start, state, kill, kill --all, delete --force, as podman and CRI-O call them" {
	args payload sleep
	write_config
	ctr create --bundle "$bundle" --pid-file "$T/pid" "$tag"
	ok
	capture env -i "$CTR" --root="$root" start "$tag"
	ok
	capture env -i "$CTR" --root="$root" state "$tag"
	has '"status": "running"'
	capture env -i XDG_RUNTIME_DIR=/run/user/0 "$CTR" --root="$root" kill "$tag" 10
	ok
	capture env -i "$CTR" --root="$root" kill "$tag" KILL
	ok
	wait_until is_stopped
	capture env -i "$CTR" --root="$root" kill --all "$tag" 9
	ok
	capture env -i "$CTR" --root="$root" delete --force "$tag"
	ok
}

# With a criu that is none, see migrate.bash; with the real one: tests/vm/systemd/podman-checkpoint.bats.
@test "conmon: restore: pid, and the exit code of what came back" {
	mkdir "$T/criu"
	install -m 0755 "${CTR_HELPERS:?}/fake-criu" "$T/criu/criu"
	counter_config
	conmon_create
	ok
	ctr start "$tag"
	ok
	wait_until beats_since 0
	ctr --criu "$T/criu/criu" checkpoint --image-path "$T/checkpoint" --work-path "$bundle" "$tag"
	ok
	exit_file 137
	ctr delete --force "$tag"
	ok

	rm "$T/pid" "$T/exits/$tag"
	conmon_run -p "$T/pid" --runtime-arg --criu --runtime-arg "$T/criu/criu" --restore "$T/checkpoint" \
		--runtime-opt --tcp-established --runtime-opt --file-locks
	ok
	told .data "$(<"$T/pid")"
	same "$(<"$T/pid")" "$("$CTR" --root "$root" state "$tag" | jq .pid)"
	still_counts
	check_beats
	ctr kill "$tag" KILL
	ok
	exit_file 137
	wait_until is_stopped
	delete_ctr
}

@test "conmon: restore: why it failed is told to who called it" {
	mkdir "$T/checkpoint"
	write_config
	conmon_run -p "$T/pid" --runtime-arg --log-format=json --runtime-arg --log --runtime-arg "$T/oci-log" \
		--restore "$T/checkpoint"
	told .data -1
	told .message "ctr: restore $tag: these are no images: there is no 'inventory.img'"
	same "restore $tag: these are no images: there is no 'inventory.img'" "$(jq -r .msg "$T/oci-log")"
}
