#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container moves between two hosts with kernels of their own, and those who talk to it notice no more than a pause.

# bats file_tags=criu
load ../lib/criu
load ../lib/pair
load ../lib/lan
load ../lib/web

# One way: moved FROM DEST
moved() {
	run "$1" "$ctr migrate --format json web '$2'"
	echo "$output"
	[ "$status" -eq 0 ]
	echo "$output" >>"$BATS_TEST_TMPDIR/moves"
	gone_from "$1"
}

# of all moves, in ms: each .downMicroseconds
each() {
	jq "$1 / 1000 | floor" "$BATS_TEST_TMPDIR/moves"
}

now_ms() {
	local now=$EPOCHREALTIME
	echo $((${now/./} / 1000))
}

# From a to b with what there was before: a dump, a copy of it, a restore. Prints how long that took.
by_hand() {
	local began
	began=$(now_ms)
	on_a "$ctr checkpoint --tcp-established --image-path $lan_data/images web" >&2 || return
	# the bundles that the moves made went with the container
	tar -C / -c "${lan_data#/}/images" "${web#/}" | b_pipe tar -C / -x || return
	on_b "$ctr restore -d --tcp-established --image-path $lan_data/images -b $web web >/dev/null 2>$lan_data/by-hand ||
		{ cat $lan_data/by-hand; false; }" >&2 || return
	echo $(($(now_ms) - began))
}

# bats test_tags=core
@test "a web server under requests and a connection move there and back, five times" {
	local slow longest median
	web_start 32
	visitor_start
	for _ in 1 2 3 4 5; do
		moved on_a "$lan_b"
		settled
		moved on_b "$lan_a"
		settled
	done
	visitor_end
	slow=$(by_hand)
	on_b "$ctr exec web /bin/busybox true"
	longest=$(each '.downMicroseconds + .heldMicroseconds' | sort -n | tail -n 1)
	median=$(each .downMicroseconds | sort -n | sed -n 5p)
	{
		echo "# one request every $(seen .every) ms: $(seen -c '{requests, failed, slowest, gap, silence}')"
		echo "# down (ms): $(each .downMicroseconds | tr '\n' ' ') held before (ms): $(each .heldMicroseconds | tr '\n' ' ')"
		echo "# dump, copy, restore by hand: $slow ms, $((slow * 100 / median)) % of the median"
	} >&3
	[ "$(seen .failed)" -eq 0 ]
	[ "$(seen .breaks)" -eq 0 ]
	[ "$(seen .last)" -gt "$(seen .first)" ]
	[ "$(seen .requests)" -gt 100 ]
	[ "$(jq -s 'map(.lostConnections) | add' "$BATS_TEST_TMPDIR/moves")" -eq 0 ]
	# who asked while it stood asks again after 1, 2, 4, ... s
	[ "$(seen .gap)" -lt $((2 * longest + 4000)) ]
	[ "$median" -lt "$slow" ]
}
