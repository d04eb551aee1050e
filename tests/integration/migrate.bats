#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr migrate and ctr receive.

load lib
load life
load migrate

setup() {
	migrate_setup
}

teardown() {
	migrate_teardown
}

@test "a container moves, and goes on counting where it was" {
	start_counter
	move --format json
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -r '.rounds' <<<"$output")" -eq 3 ]
	[ "$(jq -r '.memoryBytes > 65536' <<<"$output")" = true ]
	[ "$(jq -r '.downMicroseconds > 0 and .downMicroseconds < .totalMicroseconds' <<<"$output")" = true ]
	runs_on there
}

# --- harm: whatever is done, it ends with the container on one side, and nothing on the other ---

# point EXPECTED...: harm was ordered; move, whatever comes of it.
harmed() {
	local side=$1
	move || true
	printf '%s\n%s\n' "$status" "$stderr"
	[ ! -e "$proxy" ]
	runs_on "$side"
}

# A line for the proxy, one after the other; between them a container that is here.
proxied() {
	local side=$1 what=$2
	echo "--- $what"
	echo "$what" >"$proxy"
	harmed "$side"
	if absent "$root" "$tag"; then
		"$CTR" --root "$rootb" delete -f "$there"
		rm -f "$rootfs/tmp/beats"
		start_counter
	fi
}

@test "the link is cut before the words that matter: it runs on here" {
	start_counter
	for type in HELLO PROPOSAL CONFIG ANSWER ROOT ROUND FILE DATA ROUND_END KEPT RESTORE PREPARED COMMIT; do
		proxied here "$type before cut"
	done
}

@test "the link is cut after a word: it runs here until COMMIT, and there afterwards" {
	start_counter
	for type in HELLO PROPOSAL CONFIG ANSWER ROOT ROUND FILE DATA ROUND_END KEPT RESTORE PREPARED; do
		proxied here "$type after cut"
	done
	for type in RUNNING DONE; do
		proxied there "$type after cut"
	done
	proxied there 'RUNNING before cut'
	proxied there 'DONE before cut'
	proxied one 'COMMIT after cut'
}

@test "the process that sends is killed at any word" {
	start_counter
	for type in PROPOSAL ANSWER ROOT ROUND DATA KEPT RESTORE PREPARED; do
		proxied here "$type before kill-source"
		proxied here "$type after kill-source"
	done
	for type in COMMIT RUNNING; do
		proxied one "$type before kill-source"
		proxied one "$type after kill-source"
	done
}

@test "the process that receives is killed at any word" {
	start_counter
	for type in PROPOSAL ANSWER ROOT ROUND DATA KEPT RESTORE PREPARED; do
		proxied here "$type before kill-dest"
		proxied here "$type after kill-dest"
	done
	for type in COMMIT RUNNING; do
		proxied one "$type before kill-dest"
		proxied one "$type after kill-dest"
	done
}

@test "words that do not come are waited for, and then it runs on here" {
	start_counter
	for type in ANSWER KEPT PREPARED; do
		proxied here "$type before stall"
	done
}
