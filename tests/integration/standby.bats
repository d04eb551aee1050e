#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr replicate and ctr failover.

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

@test "generations come, and the newest is started" {
	start_counter
	replicate --count 3
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(generations)" -eq 3 ]
	[ "$(generations max)" -eq 3 ]
	"$CTR" --root "$root" --data-root "$dataa" kill "$tag" KILL
	failover "$there"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(status_of "$rootb" "$there")" = running ]
	still_counts
}
