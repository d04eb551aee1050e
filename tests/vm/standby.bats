#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Generations from one state root of a host to another, with the real criu.

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
	"$CTR" --root "$rootb" --data-root "$datab" delete -f "${tag}x" || failed=1
	"$CTR" --root "$root" --data-root "$dataa" delete -f "$tag" || failed=1
	ctr_teardown || failed=1
	return "$failed"
}

# What it counts is in its memory, with three megabytes that do not change; each step is in a file: both must be of one moment.
counter='exec </dev/null >/dev/null 2>&1; x=$(busybox head -c 3000000 /dev/zero | busybox tr "\\0" y); i=0; while :; do i=$((i+1)); echo $i >>/n; busybox sleep 0.05; done'

there() {
	"$CTR" --root "$rootb" --data-root "$datab" "$@"
}

# Its memory is whole when it counts.
counts() {
	"$CTR" --root "$root" exec "$tag" sh -c "[ -s /n ]" </dev/null
}

numbers() {
	cat "$datab/${tag}x"/layers/*/fs/n
}

more_than() {
	[ "$(numbers | wc -l)" -gt "$1" ]
}

# bats test_tags=core
@test "memory and files of one moment, from generations that are folded" {
	config '.root.readonly = false'
	args sh -c "$counter"
	write_config
	ctr --data-root "$dataa" run -d --overlay -b "$bundle" "$tag"
	wait_until counts
	ctr --data-root "$dataa" replicate --count 12 --keep 2 --interval 100ms --format json \
		--to-root "$rootb" --to-data-root "$datab" --as "${tag}x" "$tag"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	# what comes after the first is what has changed
	[ "$(jq -s '[.[] | select(.event == "generation")] | (.[1:] | map(.memoryBytes) | max) < 1000000 and .[0].memoryBytes > 3000000 and .[3].fileBytes > 0' <<<"$output")" = true ]
	[ "$(jq -s '[.[] | select(.event == "generation") | .holdMicroseconds > 0] | all' <<<"$output")" = true ]
	ctr --data-root "$dataa" kill "$tag" KILL
	there failover --list
	[ -e "$datab/.standby/${tag}x/base.json" ]
	there failover "${tag}x"
	[ "$(there state "${tag}x" | jq -r .status)" = running ]
	before=$(numbers | wc -l)
	wait_until more_than "$before"
	numbers | awk '$1 != NR { print "line " NR " is " $1; exit 1 }'
}
