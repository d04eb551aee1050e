#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Moving a container between two state roots of one host, with the real criu.

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
	"$CTR" --root "$rootb" delete -f "${tag}x" || failed=1
	ctr_teardown || failed=1
	return "$failed"
}

counter='exec </dev/null >/dev/null 2>&1; i=0; while :; do i=$((i+1)); echo $i >/tmp/n; busybox sleep 0.05; done'

move() {
	ctr --data-root "$dataa" migrate "$@" --to-root "$rootb" --to-data-root "$datab" --as "${tag}x" "$tag"
	printf '%s\n%s\n' "$output" "$stderr"
}

there() {
	"$CTR" --root "$rootb" --data-root "$datab" "$@"
}

@test "a counter in an overlay goes to another state root, and on counting" {
	config '.root.readonly = false'
	args sh -c "$counter"
	write_config
	ctr --data-root "$dataa" run -d --overlay -b "$bundle" "$tag"
	sleep 1
	move --format json
	[ "$status" -eq 0 ]
	[ "$(jq -r .rounds <<<"$output")" -ge 1 ]
	refute "$CTR" --root "$root" state "$tag"
	[ "$(there state "${tag}x" | jq -r .status)" = running ]
	before=$(there exec "${tag}x" sh -c 'read n </tmp/n; echo $n')
	sleep 1
	after=$(there exec "${tag}x" sh -c 'read n </tmp/n; echo $n')
	echo "$before $after"
	[ "$after" -gt "$before" ]
	[ "$before" -gt 3 ]
	find "$dataa" "$datab" -path '*migrations*'
	[ -z "$(find "$dataa/.migrations" "$datab/.migrations" -mindepth 1)" ]
}
