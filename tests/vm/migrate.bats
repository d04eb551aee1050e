#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Moving a container between two state roots of one host, with the real criu.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load lib/bundle
load lib/criu

setup() {
	need_criu
	ctr_setup
	ip link set lo up
	dataa=$T/data-a datab=$T/data-b rootb=$T/state-b
}

teardown() {
	local failed=0
	remove "$rootb" "${tag}x" || failed=1
	remove "$root" "$tag" || failed=1
	ctr_teardown || failed=1
	return "$failed"
}

# Wherever it has come to an end.
remove() { # ROOT ID
	! "$CTR" --root "$1" state "$2" >/dev/null 2>&1 || "$CTR" --root "$1" --data-root "$dataa" delete -f "$2"
}

counter='exec </dev/null >/dev/null 2>&1; i=0; while :; do i=$((i+1)); echo $i >/tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.05; done'

move() {
	ctr --data-root "$dataa" migrate "$@" --to-root "$rootb" --to-data-root "$datab" --as "${tag}x" "$tag"
	printf '%s\n%s\n' "$output" "$stderr"
}

there() {
	"$CTR" --root "$rootb" --data-root "$datab" "$@"
}

counted_here() {
	"$CTR" --root "$root" exec "$tag" sh -c 'read n </tmp/n; echo $n' </dev/null
}

counted_there() {
	there exec "${tag}x" sh -c 'read n </tmp/n; echo $n' </dev/null
}

# counted_past N COMMAND: it is more than N.
counted_past() {
	local n
	n=$("$2" 2>/dev/null) && [ "$n" -gt "$1" ]
}

# bats test_tags=core
@test "a counter in an overlay goes to another state root, and on counting" {
	config '.root.readonly = false'
	args sh -c "$counter"
	write_config
	ctr --data-root "$dataa" run -d --overlay -b "$bundle" "$tag"
	wait_until counted_past 3 counted_here
	move --format json
	[ "$status" -eq 0 ]
	[ "$(jq -r .rounds <<<"$output")" -ge 1 ]
	refute "$CTR" --root "$root" state "$tag"
	[ "$(there state "${tag}x" | jq -r .status)" = running ]
	before=$(counted_there)
	[ "$before" -gt 3 ]
	wait_until counted_past "$before" counted_there
	find "$dataa" "$datab" -path '*migrations*'
	[ -z "$(find "$dataa/.migrations" "$datab/.migrations" -mindepth 1)" ]
}

# start_pattern: a program that knows what is in its memory, in two processes.
start_pattern() {
	cp "${CTR_HELPERS:?}/pattern" "$rootfs/bin/pattern"
	config '.root.readonly = false'
	args sh -c 'exec pattern 8 /tmp/n </dev/null >/dev/null 2>&1'
	write_config
	ctr --data-root "$dataa" run -d -b "$bundle" "$tag"
	wait_until passes 2
}

# passes N: both have come to the end of it so often, and found nothing wrong.
passes() {
	local n
	for n in "$rootfs/tmp/n" "$rootfs/tmp/n.child"; do
		[ -s "$n" ] || return 1
		[ "$(cat "$n")" -ge "$1" ] || return 1
	done
}

goes_on_after_the_move() {
	local n
	refute "$CTR" --root "$root" state "$tag"
	[ "$(there state "${tag}x" | jq -r .status)" = running ]
	n=$(cat "$rootfs/tmp/n")
	wait_until passes "$((n + 20))"
	[ -z "$(find "$dataa/.migrations" "$datab/.migrations" -mindepth 1)" ]
	refute pgrep -f 'criu lazy-pages'
}

report_move() {
	find "$dataa" "$datab" -name '*.log' -exec sh -c 'echo "--- $1"; tail -n 25 "$1"' - {} \;
	cat "$rootfs/tmp/n" "$rootfs/tmp/n.child"
}

@test "--post-copy: it runs there while its memory comes, all of it" {
	start_pattern
	move --post-copy --max-rounds 0 --format json
	[ "$status" -eq 0 ] || { report_move; return 1; }
	[ "$(jq -r '.fetchedBytes >= 16 * 1048576 and .fetchedPages * 4096 == .fetchedBytes' <<<"$output")" = true ]
	[ "$(jq -r '.memoryBytes < 4 * 1048576' <<<"$output")" = true ]
	goes_on_after_the_move
}

@test "--post-copy after a round of memory: what has changed since is fetched" {
	start_pattern
	move --post-copy --format json
	[ "$status" -eq 0 ] || { report_move; return 1; }
	[ "$(jq -r '.rounds == 2 and .memoryBytes >= 16 * 1048576' <<<"$output")" = true ]
	[ "$(jq -r '.fetchedPages > 0 and .fetchedBytes < 8 * 1048576' <<<"$output")" = true ]
	goes_on_after_the_move
}

@test "--post-copy: the link breaks while memory is missing: it goes on here, with all of it" {
	local n
	start_pattern
	echo 'PAGES after cut RUNNING' >"$T/proxy"
	ctr --data-root "$dataa" migrate --post-copy --max-rounds 0 --as "${tag}x" "$tag" \
		"exec:$CTR_HELPERS/wire-proxy $T/proxy $CTR --root $rootb --data-root $datab receive"
	printf '%s\n%s\n%s\n' "$status" "$output" "$stderr"
	[ ! -e "$T/proxy" ]
	[ "$status" -eq 7 ] || { report_move; return 1; }
	[[ $stderr == *'what it did since is lost'* ]]
	refute there state "${tag}x"
	[ "$("$CTR" --root "$root" state "$tag" | jq -r .status)" = running ]
	n=$(cat "$rootfs/tmp/n")
	wait_until passes "$((n + 20))" || { report_move; return 1; }
	wait_until nothing_of_a_move
}

nothing_of_a_move() {
	[ -z "$(find "$dataa/.migrations" "$datab/.migrations" -mindepth 1)" ]
}
