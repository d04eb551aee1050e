#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr migrate --post-copy: it runs there before its memory has come. The memory of the program that is moved is fetched with
# a real userfaultfd; it knows what should be in it.

load lib
load life
load migrate

setup() {
	migrate_setup
	elsewhere=$T/elsewhere
	mkdir "$elsewhere"
	install -m 0755 "${CTR_HELPERS:?}/fake-criu" "$elsewhere/criu"
}

teardown() {
	touch "$proxy.pass"
	migrate_teardown
}

# --post-copy, whatever comes of it. Who is cut off sees it at once: no outcome is to depend on how long something takes on a
# loaded machine. What is about a time has its own.
late() {
	move --post-copy --timeout 30s --restore-timeout 60s --resolve-timeout 60s "$@" || true
	printf '%s\n%s\n%s\n' "$status" "$output" "$stderr"
}

# Once more from the beginning.
again() {
	local failed=0
	if absent "$root" "$tag"; then
		"$CTR" --root "$rootb" delete -f "$there" || failed=1
	else
		"$CTR" --root "$root" --data-root "$dataa" delete -f "$tag" || failed=1
	fi
	rm -f "$rootfs/tmp/beats" "$rootfs/tmp/corrupt"
	unset counts_back
	start_counter
	return "$failed"
}

# proxied OUTCOME LINE [OPTION...]: harm on the way. OUTCOME: here or there, or lost: it ran there, was ended, and goes on here.
proxied() {
	local outcome=$1
	echo "--- $2"
	echo "$2" >"$proxy"
	late "${@:3}"
	[ ! -e "$proxy" ] || return 1
	ends "$outcome" || return 1
	again
}

# ordered OUTCOME SIDE STEP ACTION [OPTION...]: harm by that side's criu.
ordered() {
	echo "--- criu of $2: $3 $4"
	echo "$3 $4" >"$T/$2/criu.control"
	late "${@:5}"
	[ ! -e "$T/$2/criu.control" ] || return 1
	ends "$1" || return 1
	again
}

# Of this test's, on either side.
nobody_fetches() {
	local pid
	for pid in $(pgrep -f '^criu lazy-pages'); do
		case $(readlink "/proc/$pid/exe") in
		"$T"/*) return 1 ;;
		esac
	done
}

ends() {
	wait_until nobody_fetches || return 1
	case $1 in
	lost)
		[ "$status" -eq 7 ] || return 1
		[[ $stderr == *'what it did since is lost'* ]] || return 1
		counts_back=1
		runs_on here
		;;
	*) runs_on "$1" ;;
	esac
}

@test "it goes on there, and its memory follows" {
	start_counter
	late --format json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.fetchedPages' <<<"$output")" -eq 96 ]
	[ "$(jq -r '.fetchedBytes' <<<"$output")" -eq 393216 ]
	[ "$(jq -r '.downMicroseconds > 0 and .downMicroseconds < .totalMicroseconds' <<<"$output")" = true ]
	runs_on there
	again
	late
	[ "$status" -eq 0 ]
	[[ $output == *'fetched 384K in 96 pages'* ]]
	runs_on there
}

fetches_there() {
	[ "$("$CTR" --root "$rootb" state "$there" 2>/dev/null | jq -c '[.status, ."ctr.fetchingMemory"]')" = "$1" ]
}

@test "one whose memory is still missing is shown as such, and neither saved nor moved on" {
	local mover
	start_counter
	echo 'PAGES before hold RUNNING' >"$proxy"
	late >"$T/late.out" &
	mover=$!
	wait_until fetches_there '["running",true]'
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$elsewhere/criu" checkpoint \
		--image-path "$T/images" --leave-running "$there"
	[ "$status" -eq 3 ]
	[[ $stderr == *"memory of container '$there' still comes from "*ctr.fetchingMemory* ]]
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$elsewhere/criu" migrate --as "${there}y" "$there" \
		"exec:$(receive_command)"
	[ "$status" -eq 1 ]
	[[ $stderr == *"memory of container '$there' still comes from "* ]]
	touch "$proxy.pass"
	wait "$mover"
	cat "$T/late.out"
	runs_on there
	fetches_there '["running",null]'
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$elsewhere/criu" checkpoint \
		--image-path "$T/images" --leave-running "$there"
	[[ $stderr != *'still comes from '* ]] # whatever else is in the way
}

@test "memory that is wanted while tasks are made comes before they run" {
	start_counter
	ordered there b lazy-early fail
	[ "$status" -eq 0 ]
	for when in before after; do
		echo 'lazy-early fail' >"$T/b/criu.control"
		proxied here "PAGES $when cut"
		echo 'lazy-early fail' >"$T/b/criu.control"
		proxied here "PAGES $when kill-source"
		echo 'lazy-early fail' >"$T/b/criu.control"
		proxied here "PAGES $when kill-dest"
	done
}

@test "until the word whatever fails leaves it running here" {
	start_counter
	for type in RESTORE PREPARED; do
		proxied here "$type before cut"
		proxied here "$type after cut"
		proxied here "$type before kill-source"
		proxied here "$type before kill-dest"
		proxied here "$type after kill-dest"
	done
	proxied here 'COMMIT before cut'
	proxied here 'COMMIT before kill-dest'
	proxied here 'PREPARED before stall' --restore-timeout 5s
}

@test "the link is cut while memory is missing: it is ended there, goes on here, and what is lost is told" {
	start_counter
	proxied lost 'COMMIT after cut'
	proxied lost 'RUNNING before cut'
	proxied lost 'RUNNING after cut'
	proxied lost 'PAGES before cut RUNNING'
	proxied lost 'PAGES after cut RUNNING'
}

@test "the link is cut when no memory is missing any more: it runs there" {
	start_counter
	for type in COMPLETE DONE; do
		proxied there "$type before cut"
		proxied there "$type after cut"
	done
}

@test "a request that is lost on the way is waited for, and then it goes on here" {
	receive_options='--idle-timeout 6s'
	start_counter
	# it says three times in that time that it lives
	proxied lost 'PAGES before stall RUNNING' --timeout 6s
}

@test "who sends is killed while memory is missing: it goes on here" {
	start_counter
	for when in before after; do
		proxied lost "PAGES $when kill-source RUNNING"
	done
	proxied lost 'COMMIT after kill-source'
	proxied lost 'RUNNING before kill-source'
	proxied there 'COMPLETE before kill-source'
	proxied there 'COMPLETE after kill-source'
}

@test "who receives is killed while memory is missing: it goes on here" {
	start_counter
	for type in kill-dest kill-dests; do
		proxied lost "PAGES before $type RUNNING"
		proxied lost "PAGES after $type RUNNING"
		proxied lost "RUNNING after $type"
		proxied there "COMPLETE before $type"
		proxied there "COMPLETE after $type"
	done
}

fenced() {
	[ "$("$CTR" --root "$root" state "$tag" | jq -r '."ctr.move".direction')" = away ] &&
		[ "$("$CTR" --root "$root" state "$tag" | jq -r .status)" = paused ]
}

@test "all that send are killed while memory is missing: it stands here until somebody asks" {
	start_counter
	echo 'PAGES before kill-sources RUNNING' >"$proxy"
	late
	[ ! -e "$proxy" ]
	wait_until fenced
	recover --resolve-timeout 60s "$tag"
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs here; what it did there is lost" ]
	counts_back=1
	runs_on here
}

@test "nobody can be asked: it is ended there, stands here, and goes on when the other host has said so" {
	start_counter
	echo 'PAGES before part RUNNING' >"$proxy"
	late --resolve-timeout 500ms
	[ "$status" -eq 8 ]
	fenced
	wait_until absent "$rootb" "$there"
	rm "$proxy.parted"
	recover --resolve-timeout 60s
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs here; what it did there is lost" ]
	counts_back=1
	runs_on here
}

noted_as_lost() {
	[ "$(jq -r .state "$datab"/.migrations/*/journal.json)" = lost ]
}

@test "what was lost there does not hinder the next move" {
	start_counter
	echo 'PAGES before part RUNNING' >"$proxy"
	late --resolve-timeout 300ms
	[ "$status" -eq 8 ]
	wait_until absent "$rootb" "$there"
	recover --here "$tag"
	[ "$status" -eq 0 ]
	rm "$proxy.parted"
	wait_until noted_as_lost # after the container has gone
	late
	[ "$status" -eq 0 ]
	rm -r "$datab"/.migrations/*
	counts_back=1
	runs_on there
}

@test "who fetches fails: it is ended before it would run on without its memory" {
	start_counter
	for step in lazy-half lazy-end; do
		ordered lost b "$step" fail
		ordered lost b "$step" kill-ctr
	done
	ordered here b restore kill-ctr
	ordered here b lazy-begin fail
	ordered here b lazy-begin crash
}

@test "who fetches is killed: it is ended, and goes on here" {
	start_counter
	echo 'lazy-half crash' >"$T/b/criu.control"
	late
	[ "$status" -eq 7 ]
	rm -f "$rootfs/tmp/corrupt" # for a moment it may have run on
	ends lost
}

@test "who fetches is slow: the other side knows that it lives" {
	start_counter
	ordered there b lazy-half slow --timeout 2s
}

@test "criu fails here when all has gone: it runs there, and nothing is left here" {
	start_counter
	for step in post-dump end-dump; do
		for action in fail crash kill-ctr; do
			ordered there a "$step" "$action"
		done
	done
}


@test "a criu or kernel that cannot do it is named, and nothing is tried" {
	start_counter
	echo 'features fail' >"$T/a/criu.control"
	late
	[ "$status" -eq 4 ]
	[[ $stderr == *'post-copy, on this host: this kernel, or this criu, has no userfaultfd'* ]]
	runs_on here
	echo 'features fail' >"$T/b/criu.control"
	late
	[ "$status" -eq 3 ]
	[[ $stderr == *'destination: this kernel, or this criu, has no userfaultfd'* ]]
	runs_on here
	echo 'features fail' >"$T/b/criu.control"
	late --dry-run
	[ "$status" -eq 3 ]
	[[ $output == *'has no userfaultfd, for lazy pages'* ]]
	runs_on here
}

@test "hooks that run when the container does are not run before its memory is there" {
	config '.hooks.poststart = [{"path": "/bin/true"}]'
	start_counter
	late
	[ "$status" -eq 3 ]
	[[ $stderr == *'destination: its poststart hooks would run before its memory is there'*'move it without --post-copy'* ]]
	runs_on here
	move
	[ "$status" -eq 0 ]
	runs_on there
}
