#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr replicate --lease: whatever becomes of the link, of ctr replicate, of its guard, or of the standby, the container
# never takes a step here after it has taken one there.

load lib
load life
load migrate
load standby

setup() {
	standby_setup
	lease=3s
	start_layered
}

teardown() {
	local pid
	rm -f "$proxy.parted"
	stop_replicating
	# a guard that outlived its ctr replicate ends with the container
	kill_here 2>/dev/null || true
	wait_until no_guard || for pid in $(guards); do kill -9 "$pid"; done
	standby_teardown
}

# Processes that guard this test's container.
guards() {
	local dir
	for dir in /proc/[0-9]*; do
		[ "$(cat "$dir/comm" 2>/dev/null)" = ctr-lease ] || continue
		[[ "$(tr '\0' ' ' <"$dir/cmdline" 2>/dev/null)" != *" --root $root "* ]] || echo "${dir#/proc/}"
	done
}

no_guard() {
	[ -z "$(guards)" ]
}

one_guard() {
	[ "$(guards | wc -w)" -eq 1 ]
}

events() {
	jq -r .event "$T/replicate.out" | grep -c -x -- "$1"
}

has_events() { # EVENT COUNT
	[ "$(events "$1")" -ge "$2" ]
}

# A lease, and a generation to take over.
with_lease() {
	start_replicating --lease "$lease" "$@"
	wait_until has_events lease-granted 1
	wait_until has_generations 2
	one_guard
}

# Nobody can reach the standby any more, and these connections are cut: those of generations, and of the lease.
cut() {
	local type
	[ $# -gt 0 ] || set -- STANDBY LEASE
	touch "$proxy.parted"
	for type; do
		printf '%s before cut\n' "$type" >"$proxy"
		wait_until gone_file "$proxy"
	done
}

gone_file() {
	[ ! -e "$1" ]
}

stands_here() {
	[ "$(status_of "$root" "$tag")" = paused ]
}

runs_here() {
	[ "$(status_of "$root" "$tag")" = running ]
}

# The last step here was before the first one there.
one_after_the_other() {
	local here
	here=$(beats_in "$dataa" "$tag" | tail -n 1)
	beats_in "$datab" "$there" | awk -v instance="${here%% *}" -v last="$(cut_field "$here")" '
		$1 != instance && $2 <= last { print "both ran: " $0 ", here until " last; exit 1 }
		$1 != instance { seen = 1 }
		END { if (!seen) { print "nothing ran there"; exit 1 } }'
}

cut_field() {
	local instance at count
	read -r instance at count <<<"$1"
	echo "$at"
}

# Take over, with what --fenced would have spared; then see who ran when.
take_over_later() {
	failover --format json "$@" "$there"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	still_counts_in "$datab" "$there"
	sleep 0.3 # long enough for steps here, should there be any
	one_after_the_other
}

waited() {
	jq .waitedMilliseconds <<<"$output"
}

@test "the lease is granted, renewed and given back" {
	with_lease
	still_counts_in "$dataa" "$tag"
	first=$(jq .at "$datab/.standby/$there/lease.json")
	renewed() { [ "$(jq .at "$datab/.standby/$there/lease.json")" -gt "$((first + 3000))" ]; }
	wait_until renewed
	runs_here
	[ "$(events lease-lost)" -eq 0 ]
	stop_replicating
	no_guard
	[ "$(events lease-released)" -eq 1 ]
	[ "$(jq -r .word "$datab/.standby/$there/lease.json")" = free ]
	runs_here
	still_counts_in "$dataa" "$tag"
	# nobody knows any more whether it runs here
	failover "$there"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"the other host runs container '$there' without a lease"*--fenced* ]]
	kill_here
	take_over_later --fenced
	[ "$(waited)" -eq 0 ]
}

@test "the link is cut: it stands in time, and who takes over waits for that" {
	with_lease
	cut
	take_over_later
	[ "$(waited)" -gt 0 ]
	stands_here
	[ "$(events lease-lost)" -eq 1 ]
	ctr --data-root "$dataa" resume "$tag"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"the lease of container '$tag' has run out"*'ctr resume --force'* ]]
	stands_here
	# whole again: it hears that it was taken over
	rm "$proxy.parted"
	wait_until gone "$replicator"
	code=0
	wait "$replicator" || code=$?
	replicator=
	[ "$code" -eq 9 ]
	wait_until no_guard
	ctr --data-root "$dataa" resume --force "$tag"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"container '$tag' is fenced"* ]]
	one_after_the_other
}

@test "the link is cut and is whole again: it goes on where it stood" {
	with_lease
	cut
	wait_until stands_here
	has_events lease-lost 1
	n=$(beats_in "$dataa" "$tag" | wc -l)
	[ "$(beats_in "$dataa" "$tag" | wc -l)" -eq "$n" ]
	rm "$proxy.parted"
	wait_until runs_here
	wait_until has_events lease-granted 2
	still_counts_in "$dataa" "$tag"
	contiguous "$dataa" "$tag"
	n=$(generations max)
	more_generations() { [ "$(generations max)" -gt "$((n + 1))" ]; }
	wait_until more_generations
}

@test "one that was paused when the lease ran out stays paused" {
	with_lease --interval 10s
	"$CTR" --root "$root" pause "$tag"
	cut LEASE
	wait_until has_events lease-lost 1
	rm "$proxy.parted"
	wait_until has_events lease-granted 2
	stands_here
	ctr resume "$tag"
	[ "$status" -eq 0 ]
	still_counts_in "$dataa" "$tag"
}

@test "ctr replicate is killed: the guard goes on, and the next one takes its place" {
	with_lease
	kill -9 "$replicator"
	wait "$replicator" || true
	old=$(guards)
	[ -n "$old" ]
	first=$(jq .at "$datab/.standby/$there/lease.json")
	renewed() { [ "$(jq .at "$datab/.standby/$there/lease.json")" -gt "$((first + 3000))" ]; }
	wait_until renewed
	runs_here
	with_lease
	[ "$(guards)" != "$old" ]
	runs_here
	stop_replicating
	no_guard
}

@test "ctr replicate is killed, and then the link is cut" {
	with_lease
	kill -9 "$replicator"
	wait "$replicator" || true
	replicator=
	cut LEASE
	take_over_later
	[ "$(waited)" -gt 0 ]
	stands_here
}

@test "the guard is killed: there is another one, which keeps what was promised" {
	with_lease
	for _ in 1 2; do
		old=$(guards)
		kill -9 "$old"
		another() { one_guard && [ "$(guards)" != "$old" ]; }
		wait_until another
	done
	still_counts_in "$dataa" "$tag"
	cut
	take_over_later
	stands_here
}

@test "the guard and ctr replicate are killed: the next one finds what was promised" {
	with_lease
	cut
	wait_until stands_here
	kill -9 "$replicator" $(guards)
	wait "$replicator" || true
	ctr resume "$tag"
	[ "$status" -eq 1 ]
	start_replicating --lease "$lease"
	wait_until one_guard
	rm "$proxy.parted"
	wait_until runs_here
	still_counts_in "$dataa" "$tag"
}

@test "nobody guards it any more, and who knows better lets it go on" {
	with_lease
	cut
	wait_until stands_here
	kill -9 "$replicator" "$(guards)"
	wait "$replicator" || true
	replicator=
	ctr resume "$tag"
	[ "$status" -eq 1 ]
	stands_here
	ctr --data-root "$dataa" resume --force "$tag"
	[ "$status" -eq 0 ]
	still_counts_in "$dataa" "$tag"
	ctr resume --force "$tag"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'container not paused'* ]]
}

@test "the receiver is killed, or stalls" {
	with_lease
	printf 'LEASE after kill-dest\n' >"$proxy"
	wait_until gone_file "$proxy"
	still_counts_in "$dataa" "$tag"
	touch "$proxy.parted"
	printf 'LEASE after stall\n' >"$proxy"
	wait_until stands_here
	rm "$proxy.parted"
	wait_until runs_here
}

@test "the container ends: nobody waits" {
	with_lease
	kill_here
	ended() { [ "$(jq -r .word "$datab/.standby/$there/lease.json")" = ended ]; }
	wait_until ended
	wait_until no_guard
	take_over_later
	[ "$(waited)" -eq 0 ]
}

@test "a goodbye, when it is gone, and not before" {
	with_lease
	goodbye() {
		ctr --data-root "$dataa" replicate --goodbye --as "$there" "$tag" "exec:$(receive_command)"
	}
	goodbye
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"container '$tag' is "*' here'* ]]
	stop_replicating
	kill_here
	goodbye
	[ "$status" -eq 0 ]
	take_over_later
	[ "$(waited)" -eq 0 ]
	goodbye
	[ "$status" -ne 0 ]
	[[ "$stderr" == *'was taken over'* ]]
}

@test "the standby was started anew since: it waits for as long as the lease may last" {
	with_lease
	cut
	kill_here
	wait_until gone "$replicator"
	replicator=
	edit() { jq "$1" "$datab/.standby/$there/lease.json" >"$T/x" && mv "$T/x" "$datab/.standby/$there/lease.json"; }
	# of another boot, with a lease that outlasts all this one's time: not before that
	edit '.word = "renew" | .boot = "0" | .milliseconds = 86400000'
	capture timeout 2 "$CTR" --root "$rootb" --data-root "$datab" --criu "$elsewhere/criu" failover "$there"
	[ "$status" -eq 124 ]
	[[ "$stderr" == *'the lease of the other host runs out in '* ]]
	edit '.milliseconds = 1000'
	take_over_later
	[ "$(waited)" -eq 0 ]
	[ "$(jq .epoch "$datab/.standby/$there/state.json")" -eq 2 ]
}

@test "a damaged note is no reason to go on" {
	with_lease
	stop_replicating
	kill_here
	echo '{' >"$datab/.standby/$there/lease.json"
	failover "$there"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"lease of '$there'"* ]]
	failover --fenced "$there"
	[ "$status" -eq 0 ]
}

@test "replication without a lease takes the place of one with" {
	with_lease
	stop_replicating
	replicate --count 1
	[ "$status" -eq 0 ]
	[ ! -e "$datab/.standby/$there/lease.json" ]
	kill_here
	take_over_later
	[ "$(waited)" -eq 0 ]
}

@test "what makes no sense is refused" {
	replicate --lease 10ms
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"--lease: '10ms' is not a duration from 1s to 24h"* ]]
	replicate --lease 2s --on-fenced ignore
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'--lease and --on-fenced=ignore exclude each other'* ]]
	replicate --status --goodbye
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'exclude each other'* ]]
}
