#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr replicate and ctr failover, disturbed at each of their steps: by the link, by the death of either side, by criu, by
# full disks. After each point the container runs on here, the newest complete generation there can be started, with files and
# memory of one moment, and after the next generation nothing of an incomplete one is left on either side.

load lib
load life
load migrate
load standby

setup() {
	standby_setup
	drills=0
}

teardown() {
	local failed=0
	"$CTR" --root "$T/state-drill" delete -f "$there" || true
	standby_teardown || failed=1
	return "$failed"
}

# --- the oracle ---

running_here() {
	[ "$(status_of "$root" "$tag")" = running ]
}

# Started from a copy, so that the standby itself goes on. Only what does not count yet changes while the lock is held.
drill() {
	local copy=$T/data-drill started
	rm -rf "$copy"
	mkdir "$copy"
	flock "$datab/.standby/$there" cp -a "$datab/." "$copy/" 2>"$T/cp.err" || grep -v incoming- "$T/cp.err" | not grep .
	capture "$CTR" --root "$T/state-drill" --data-root "$copy" --criu "$elsewhere/criu" failover "$there"
	[ "$status" -eq 0 ] || { printf '%s\n' "$stderr"; return 1; }
	[[ "$stderr" != *damaged* ]]
	started=$(sed -n 's/.* from generation \([0-9]*\) of .*/\1/p' <<<"$output")
	[ "$started" -ge "$before" ]
	still_counts_in "$copy" "$there"
	contiguous "$copy" "$there"
	"$CTR" --root "$T/state-drill" --data-root "$copy" delete -f "$there"
	drills=$((drills + 1))
}

# What there was stays, and can be started; here it runs on.
unharmed() {
	local newest
	wait_until running_here
	still_counts_in "$dataa" "$tag"
	newest=$(generations max)
	[ "$newest" -ge "$before" ]
	drill
	before=$newest
}

# What lies on either side and belongs to no generation that is listed, or to the next one.
# "work" is where a restore writes while it takes over, and is taken by the next one.
left_over() {
	local base='' listed
	[ ! -e "$datab/.standby/$there/base.json" ] || base=$(jq -r .dir "$datab/.standby/$there/base.json")
	listed=$("$CTR" --root "$rootb" --data-root "$datab" failover --list "$there" --format json |
		jq -r '.[0].generations[] | "there: \(.generation)"')
	find "$datab/.standby/$there" -mindepth 1 -maxdepth 1 -printf 'there: %f\n' |
		grep -vxF -e 'there: state.json' -e 'there: base.json' -e 'there: work' -e "there: ${base:-state.json}" |
		grep -vxF -e "$listed"
	find "$datab/.standby/$there" -name memory.flat
	find "$dataa/.replicate/$tag" -mindepth 1 -maxdepth 1 -printf 'here: %f\n' |
		grep -vxF -e 'here: state.json' -e 'here: index' -e 'here: work' -e "here: $before" -e "here: $before.delta"
	find "$dataa/.replicate/$tag" "$datab/.standby/$there" -mindepth 2 -name '.*.new'
}

# The next generation, in peace.
next_one() {
	replicate --count 1
	printf '%s\n%s\n' "$status" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(generations max)" -gt "$before" ]
	before=$(generations max)
	left=$(left_over) || true
	[ -z "$left" ] || { printf 'left: %s\n' "$left"; return 1; }
}

begin() {
	start_layered
	replicate --count 2
	[ "$status" -eq 0 ]
	before=2
}

# --- the link, and the processes ---

# One line of harm to the link or to one of the processes, while generations go over.
harmed() {
	echo "--- $*"
	printf '%s\n' "$*" >"$proxy"
	capture timeout -k 1 6 "$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" \
		replicate --no-preflight --as "$there" --timeout 500ms --interval 50ms --count 2 "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command)"
	[ ! -e "$proxy" ]
	unharmed
}

@test "the link is cut before any word" {
	begin
	for type in HELLO STANDBY PROPOSAL CONFIG ANSWER ROOT ROUND FILE DATA ROUND_END; do
		harmed "$type before cut"
	done
	for type in ROOT STANDBY; do
		harmed "$type before cut ROUND_END"
	done
	next_one
}

@test "the link is cut after any word" {
	begin
	for type in STANDBY PROPOSAL CONFIG ANSWER ROOT ROUND DATA; do
		harmed "$type after cut"
	done
	for type in ROOT STANDBY; do
		harmed "$type after cut ROUND_END"
	done
	next_one
}

@test "the process that sends is killed at any word" {
	begin
	for what in 'STANDBY after' 'PROPOSAL after' 'ANSWER after' 'ROOT after' 'ROUND after' 'DATA after' 'ROUND_END after'; do
		harmed "$what kill-source"
		next_one
	done
	for type in ROOT STANDBY; do
		harmed "$type after kill-source ROUND_END"
		next_one
	done
}

@test "the process that receives is killed at any word, or all of that side" {
	begin
	for type in STANDBY PROPOSAL ANSWER ROOT ROUND DATA; do
		harmed "$type after kill-dest"
	done
	for type in ROOT STANDBY; do
		harmed "$type after kill-dest ROUND_END"
	done
	next_one
	harmed 'DATA after kill-dests'
	harmed 'STANDBY after kill-dests ROUND_END'
	next_one
}

@test "what somebody left who was killed while he folded generations goes with the next fold" {
	begin
	mkdir -p "$datab/.standby/$there"/{base-999/tmp,incoming-dead-7/memory,1/memory.flat/images}
	replicate --count 20 --keep 2 --interval 20ms
	[ "$status" -eq 0 ]
	before=$(generations max)
	[ -e "$datab/.standby/$there/base.json" ]
	[ -z "$(left_over)" ]
	unharmed
}

# --- criu ---

# criu_does STEP ACTION: in one dump, here.
criu_does() {
	echo "--- $*"
	echo "$*" >"$T/a/criu.control"
	replicate --count 1
	[ ! -e "$T/a/criu.control" ]
	unharmed
}

@test "criu fails, or is killed, or we are, at any moment of a dump" {
	local step
	begin
	for step in seized dumped post-dump end-dump; do
		criu_does "$step" fail
		criu_does "$step" crash
		criu_does "$step" kill-ctr
		next_one
	done
}

@test "criu fails, or is killed, or we are, at any moment of taking over" {
	local step action epoch=1
	begin
	for action in fail crash kill-ctr; do
		for step in restore born restored resume; do
			echo "--- $step $action"
			echo "$step $action" >"$elsewhere/criu.control"
			failover "$there"
			printf '%s\n' "$stderr"
			[ ! -e "$elsewhere/criu.control" ]
			[ "$status" -ne 0 ]
			[ "$action" != kill-ctr ] || { ctr_there delete -f --keep-layers "$there" || true; }
			absent "$rootb" "$there"
			# nothing ran there: nobody is fenced, if there was somebody to say so
			[ "$action" = kill-ctr ] || [ "$(epoch_there)" -eq "$epoch" ]
			epoch=$(epoch_there)
		done
	done
	kill_here
	failover --again "$there"
	[ "$status" -eq 0 ]
	still_counts_in "$datab" "$there"
	contiguous "$datab" "$there"
}

epoch_there() {
	ctr_there failover --list --format json "$there" | jq -r '.[0].epoch'
}

# --- disks ---

# A generation comes, or it is said why not.
decided() {
	[ "$(grep -c -e '"generation"' -e '"retry"' "$T/replicate.out")" -ge "$1" ] || gone "$replicator"
}

# tight KIB: what does not find room is told, and comes when there is some.
tight_there() {
	echo "--- $1 KiB are left"
	fill "$1"
	start_replicating
	wait_until decided 2
	cat "$T/replicate.out" "$T/replicate.err"
	not gone "$replicator"
	! grep '"retry"' "$T/replicate.out" | grep -vF 'no space left on device' | grep .
	unharmed
	rm "$small/fill"
	wait_until newer "$before"
	stop_replicating
	before=$(generations max)
	next_one
}

newer() {
	[ "$(generations max)" -gt "$1" ]
}

@test "the disk there is full, at any moment of a generation" {
	small_disk "$datab"
	begin
	for left in 0 72 96 112 128 144 152 160 168 176 184 192; do
		tight_there "$left"
	done
	[ "$drills" -eq 12 ]
}

# Replication ends, the container does not: it writes to another one.
tight_here() {
	echo "--- $1 KiB are left"
	fill "$1"
	replicate --count 6
	printf '%s\n%s\n%s\n' "$status" "$output" "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *'no space left on device'* ]]
	rm "$small/fill"
	unharmed
	next_one
}

@test "the disk here is full, at any moment of a generation" {
	small_disk "$dataa/.replicate"
	begin
	for left in 0 4 8 12 16 32 64 80; do
		tight_here "$left"
	done
	[ "$drills" -eq 8 ]
}

@test "the disk there is full when it is to take over: nobody is fenced, and it does when there is room" {
	local epoch left
	small_disk "$datab"
	begin
	for left in 0 4 8 16; do
		echo "--- $left KiB are left"
		epoch=$(epoch_there)
		fill "$left"
		failover "$there"
		printf '%s\n%s\n' "$status" "$stderr"
		rm "$small/fill"
		[ "$status" -ne 0 ]
		[[ $stderr == *'no space left on device'* ]]
		absent "$rootb" "$there"
		[ "$(epoch_there)" -eq "$epoch" ]
		unharmed
		next_one
	done
	kill_here
	take_over "$before"
}
