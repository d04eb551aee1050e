#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr replicate and ctr failover. Whatever is done to either: what is started is the newest generation that
# came complete, with files and memory of one moment, and never two at a time once both have spoken.

load lib
load life
load migrate
load standby

setup() {
	standby_setup
}

teardown() {
	standby_teardown
}

@test "generations come, and the newest is started, with files and memory of one moment" {
	start_layered
	replicate --count 4
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -s -c '[.[] | select(.event == "generation") | [.generation, .parent]]' <<<"$output")" = '[[1,0],[2,1],[3,2],[4,3]]' ]
	[ "$(jq -s '[.[] | select(.event == "generation") | .holdMicroseconds > 0] | all' <<<"$output")" = true ]
	[ "$(generations length)" -ge 3 ]
	kill_here
	take_over 4
}

@test "a container without layers of its own" {
	start_counter
	replicate --count 3
	[ "$status" -eq 0 ]
	kill_here
	failover "$there"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	still_counts
}

@test "many generations are folded into few" {
	start_layered
	inside=/proc/$("$CTR" --root "$root" state "$tag" | jq .pid)/root
	mkdir "$inside/tmp/d"
	echo x >"$inside/tmp/d/f"
	ln "$inside/tmp/d/f" "$inside/tmp/d/g"
	replicate --count 24 --keep 2 --interval 20ms
	[ "$status" -eq 0 ]
	[ "$(generations max)" -eq 24 ]
	[ "$(generations length)" -le 10 ]
	[ -e "$datab/.standby/$there/base.json" ]
	kill_here
	take_over 24
	inside=/proc/$("$CTR" --root "$rootb" state "$there" | jq .pid)/root
	[ "$(cat "$inside/tmp/d/g")" = x ]
	[ "$inside/tmp/d/f" -ef "$inside/tmp/d/g" ]
}

@test "one who is ended and called again sends what has changed since" {
	start_layered
	head -c 1048576 /dev/urandom >"/proc/$("$CTR" --root "$root" state "$tag" | jq .pid)/root/big"
	replicate --count 2
	[ "$status" -eq 0 ]
	replicate --count 1
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[ "$(jq -s -c '[.[] | select(.event == "generation") | [.generation, .parent, .fileBytes < 300000]]' <<<"$output")" = '[[3,2,true]]' ]
	kill_here
	take_over 3
	cmp "$dataa/$tag"/layers/*/fs/big "$datab/$there"/layers/*/fs/big
}

@test "another one of the same name begins anew" {
	start_layered
	replicate --count 2
	[ "$status" -eq 0 ]
	ctr --data-root "$dataa" delete -f --keep-layers "$tag"
	rm "$dataa/$tag"/layers/*/fs/tmp/beats
	start_layered
	replicate --count 1
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	kill_here
	take_over 3
}

# --- one of them only ---

@test "the old host hears that it is fenced, and stands still" {
	start_layered
	replicate --count 2
	[ "$status" -eq 0 ]
	take_over 2
	replicate
	[ "$status" -eq 9 ]
	[[ "$stderr" == *"container '$tag' was taken over by "* ]]
	[ "$(status_of "$root" "$tag")" = paused ]
	ctr --data-root "$dataa" resume "$tag"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"container '$tag' is fenced: "*" has taken over"* ]]
	[ "$(status_of "$root" "$tag")" = paused ]
	ctr --data-root "$dataa" replicate --status --format json "$tag"
	[ "$(jq -c '[.fenced, .epoch, .generation, .running]' <<<"$output")" = '[true,1,2,false]' ]
	# again: it stays so
	replicate
	[ "$status" -ne 0 ]
	[ "$(status_of "$root" "$tag")" = paused ]
	ctr --data-root "$dataa" delete --force "$tag"
	[ "$status" -eq 0 ]
}

@test "one that is paused when it is to be fenced, and cannot be, stays paused" {
	start_layered
	replicate --count 2
	[ "$status" -eq 0 ]
	failover "$there"
	[ "$status" -eq 0 ]
	"$CTR" --root "$root" --data-root "$dataa" pause "$tag"
	mount --bind "$root" "$root"
	mount -o remount,bind,ro "$root"
	replicate
	umount "$root"
	printf '%s\n' "$stderr"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"read-only file system"* ]]
	[ "$(status_of "$root" "$tag")" = paused ]
}

@test "who is not let in does not fence who is: an epoch counts only once it is known that the container may come" {
	local intruder=$T/data-x
	start_layered
	replicate --count 2
	[ "$status" -eq 0 ]
	# one that has been replaced often, and whose bundle is not here
	mkdir -p "$intruder/.standby/$tag"
	chmod -R go= "$intruder"
	echo '{"version": 1, "epoch": 99, "active": true, "started": true, "generation": 1}' \
		>"$intruder/.standby/$tag/state.json"
	chmod g+w "$bundle" # not to be relied on: as if it were not there
	run "$CTR" --root "$root" --data-root "$intruder" --criu "$T/a/criu" replicate --no-preflight \
		--as "$there" --timeout 2s --count 1 "$tag" "exec:$CTR --root $rootb --data-root $datab \
		--criu $T/b/criu receive --accept present"
	printf '%s\n' "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *'only what is there already is accepted'* ]]
	[ "$(jq .epoch "$datab/.standby/$there/state.json")" -lt 99 ]
	# and of a name that nobody has nothing stays
	run "$CTR" --root "$root" --data-root "$intruder" --criu "$T/a/criu" replicate --no-preflight \
		--as "${there}y" --timeout 2s --count 1 "$tag" "exec:$CTR --root $rootb --data-root $datab \
		--criu $T/b/criu receive --accept present"
	[ "$status" -ne 0 ]
	[ ! -e "$datab/.standby/${there}y" ]
	chmod g-w "$bundle"
	replicate --count 1
	printf '%s\n' "$stderr"
	[ "$status" -eq 0 ]
}

@test "what is to happen when it is fenced can be said" {
	start_layered
	replicate --count 1
	[ "$status" -eq 0 ]
	take_over 1
	replicate --on-fenced ignore
	[ "$status" -eq 9 ]
	[ "$(status_of "$root" "$tag")" = running ]
	replicate --on-fenced stop
	[ "$status" -eq 9 ]
	wait_until stopped_here
}

stopped_here() {
	[ "$(status_of "$root" "$tag")" = stopped ]
}

@test "one who is connected hears it with the next generation" {
	start_layered
	start_replicating
	wait_until has_generations 2
	failover "$there"
	[ "$status" -eq 0 ]
	wait_until gone "$replicator"
	code=0
	wait "$replicator" || code=$?
	replicator=
	[ "$code" -eq 9 ]
	[ "$(status_of "$root" "$tag")" = paused ]
	[ "$(status_of "$rootb" "$there")" = running ]
}

@test "there, and back, and there again: each time the epoch follows" {
	start_layered
	replicate --count 2
	take_over 2
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$T/b/criu" replicate --no-preflight --as "$tag" --count 2 "$there" \
		"exec:$CTR --root $root --data-root $dataa --criu $T/a/criu receive --accept any"
	[ "$status" -eq 7 ]
	[[ "$stderr" == *"container '$tag'"*"ctr delete --force $tag"* ]]
	# as it was there before: with its layers
	ctr --data-root "$dataa" delete --force --keep-layers "$tag"
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$T/b/criu" replicate --no-preflight --as "$tag" --count 2 "$there" \
		"exec:$CTR --root $root --data-root $dataa --criu $T/a/criu receive --accept any"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	ctr_there delete -f "$there"
	capture "$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" failover "$tag"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[[ "$output" == *'epoch 3'* ]]
	still_counts_in "$dataa" "$tag"
	contiguous "$dataa" "$tag"
	replicate --count 2
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	ctr --data-root "$dataa" replicate --status --format json "$tag"
	[ "$(jq -c '[.fenced, .epoch]' <<<"$output")" = '[false,3]' ]
	kill_here
	failover "$there"
	[ "$status" -eq 0 ]
	[[ "$output" == *'epoch 4'* ]]
}

@test "nobody takes over twice" {
	start_layered
	replicate --count 2
	take_over 2
	failover "$there"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"container '$there': file exists"* ]]
	ctr_there delete -f --keep-layers "$there"
	failover "$there"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'was taken over before, from generation 2, and ran'* ]]
	failover --again "$there"
	[ "$status" -eq 0 ]
	[[ "$output" == *'epoch 3'* ]]
}

# --- what is damaged ---

@test "a damaged generation is passed over, and said to be so" {
	start_layered
	replicate --count 3
	[ "$status" -eq 0 ]
	kill_here
	printf X | dd of="$datab/.standby/$there/3/memory/images/core-1.img" bs=1 seek=5 conv=notrunc status=none
	failover --generation 3 "$there"
	[ "$status" -eq 6 ]
	[[ "$stderr" == *"generation 3 is damaged: 'core-1.img' is not what it was"* ]]
	take_over 2
	[[ "$stderr" == *'generation 3 is damaged'* ]]
}

@test "a generation that is not there, and a container that is not" {
	start_layered
	replicate --count 1
	failover --generation 7 "$there"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"generation 7 of '$there': no such file or directory"* ]]
	failover "${there}y"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"there is no standby of container '${there}y' here"* ]]
	failover --forget "$there"
	[ "$status" -eq 0 ]
	[ ! -e "$datab/.standby/$there" ]
	[ ! -e "$datab/$there" ]
}

# --- a bundle that was made there ---

# Its bundle is not there, and comes with it.
replicate_without_bundle() {
	printf '#!/bin/sh\nexec unshare -m sh -c '\''mount -t tmpfs none %s; exec "$@"'\'' sh "$@"\n' "$bundle" >"$T/elsewhere"
	chmod +x "$T/elsewhere"
	ctr --data-root "$dataa" --criu "$T/a/criu" replicate --no-preflight --as "$there" --timeout 2s \
		--interval 100ms --count 2 "$tag" "exec:$T/elsewhere $(receive_command)"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
}

@test "a bundle that was made for the standby goes with the container, or when it is forgotten" {
	local made=$datab/.bundles/$there
	start_layered
	replicate_without_bundle
	[ -e "$made/config.json" ]
	# what fails takes nothing away
	echo 'restored fail' >"$elsewhere/criu.control"
	failover "$there"
	[ "$status" -ne 0 ]
	[ -e "$made/config.json" ]
	failover "$there"
	printf '%s\n' "$stderr"
	[ "$status" -eq 0 ]
	still_counts_in "$datab" "$there"
	# with its layers it may be started again
	ctr_there delete -f --keep-layers "$there"
	[ -e "$made/config.json" ]
	failover --again "$there"
	[ "$status" -eq 0 ]
	ctr_there delete -f "$there"
	[ ! -e "$made" ]
	failover --forget "$there"
	ctr --data-root "$dataa" replicate --forget "$tag"
	replicate_without_bundle
	[ -e "$made/config.json" ]
	failover --forget "$there"
	[ "$status" -eq 0 ]
	[ ! -e "$made" ]
}
