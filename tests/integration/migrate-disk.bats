#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr migrate to a host, or from one, whose disk fills up, at each word: it ends with the container on one side, and nothing
# on the other, as long as both can speak.

load lib
load life
load migrate

setup() {
	migrate_setup
}

teardown() {
	migrate_teardown
}

# filled SIDE WHEN: at that word nothing is left on the small disk, until the move has ended.
filled() {
	local side=$1 what="$2 $3" filler
	echo "--- $what"
	rm -f "$proxy.done"
	echo "$what hold" >"$proxy"
	(
		until [ -e "$proxy.done" ]; do sleep 0.02; done
		fill 0
		: >"$proxy.pass"
	) 3>&- &
	filler=$!
	move || true
	printf '%s\n%s\n' "$status" "$stderr"
	wait "$filler"
	# as it is: what was left is removed without any room
	runs_on "$side"
	rm "$small/fill"
	if absent "$root" "$tag"; then
		"$CTR" --root "$rootb" --data-root "$datab" delete -f "$there"
		rm -f "$rootfs/tmp/beats"
		start_counter
	fi
}

@test "the disk of the destination is full from some word on" {
	small_disk "$datab"
	start_counter
	for type in PROPOSAL ROUND DATA KEPT RESTORE PREPARED COMMIT; do
		filled here "$type" before
	done
	filled there RUNNING before
	filled there DONE before
	move
	[ "$status" -eq 0 ]
	runs_on there
}

@test "the disk of the source is full from some word on" {
	small_disk "$dataa"
	start_counter
	for type in PROPOSAL ROUND DATA KEPT; do
		filled here "$type" before
	done
	for type in RESTORE PREPARED COMMIT RUNNING DONE; do
		filled one "$type" before
	done
	rm -f "$rootfs/tmp/beats"
}
