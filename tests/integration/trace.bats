#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --trace FILE: how long which step of a command took.

load lib

setup() { ctr_setup; }

teardown() { ctr_teardown; }

# Events of the trace that last: NAME, one per line, in the order in which they ended.
phases() {
	jq -r '.traceEvents[] | select(.ph == "X") | .name' "$T/trace"
}

# Phases lie within the command's own, which is the last that ends.
nested() {
	jq -e '[.traceEvents[] | select(.ph == "X")] | .[-1] as $all | all(.dur >= 0 and .ts >= $all.ts
		and .ts + .dur <= $all.ts + $all.dur + 0.001)' "$T/trace"
}

@test "trace: run tells the steps of ctr and of ctr-init" {
	args payload exit 0
	write_config
	ctr --trace "$T/trace" run -b "$bundle" "$tag"
	ok
	nested
	[ "$(phases | tail -n 1)" = run ]
	for name in 'read and check the configuration' 'make the plan' 'record the container' 'make the cgroup' \
		'start ctr-init' 'load the device program' 'the program runs' 'remove the cgroup' delete; do
		phases | grep -qxF "$name"
	done
	[ "$(jq -r '[.traceEvents[] | select(.ph == "X" and .tid == 1) | .name] | join(", ")' "$T/trace")" = \
		'prepare the container, execute the program' ]
	[ "$(jq -r '[.traceEvents[] | select(.ph == "M") | .args.name] | join(", ")' "$T/trace")" = 'run, ctr, ctr-init' ]
	[ "$(stat -c %a "$T/trace")" = 600 ]
}

@test "trace: other commands, and one that fails; the exit code stays that of the command" {
	args payload sleep 60
	write_config
	for words in "create -b $bundle $tag" "start $tag" "exec $tag /bin/payload exit 0" "state $tag" "delete -f $tag"; do
		# shellcheck disable=SC2086 # words are meant
		ctr --trace "$T/trace" $words
		ok
		nested
		[ "$(phases | tail -n 1)" = "${words%% *}" ]
	done
	ctr --trace "$T/trace" state "$tag"
	[ "$status" -eq 1 ]
	[ "$(phases | tail -n 1)" = state ]
}

@test "trace: a file that cannot be written is an error before anything is made; no symlink is followed" {
	args payload exit 0
	write_config
	ctr --trace "$T/none/trace" run -b "$bundle" "$tag"
	[ "$status" -eq 1 ]
	[[ $stderr == *"open the file '$T/none/trace' for the trace: no such file or directory"* ]]
	echo keep >"$T/other"
	ln -s other "$T/link"
	ctr --trace "$T/link" run -b "$bundle" "$tag"
	[ "$status" -eq 1 ]
	[ "$(<"$T/other")" = keep ]
	[ ! -e "$root" ]
}
