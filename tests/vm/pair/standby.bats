#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A server that is replicated to another host, which takes it over when it does not hear from the first any more.

load ../lib/criu
load ../lib/pair
load ../lib/lan
load ../lib/web

setup_file() {
	pair_begin
	lan_begin
}

teardown_file() {
	lan_end
}

setup() {
	web_paths
	replication=''
}

teardown() {
	[ -z "$replication" ] || kill "$replication" 2>/dev/null || true
	web_end
	on_b "$ctr failover --forget web"
	on_a "$ctr replicate --forget web"
}

generations() {
	grep -c '"event": *"generation"' "$BATS_TEST_TMPDIR/replication"
}

# more GENERATIONS than there are now
more() {
	local wanted=$(($(generations) + $1))
	for _ in {1..600}; do
		[ "$(generations)" -lt "$wanted" ] || return 0
		sleep 0.2
	done
	return 1
}

status_is() { # SIDE STATUS
	for _ in {1..300}; do
		[ "$("$1" "$ctr state web 2>/dev/null" | jq -r .status)" != "$2" ] || return 0
		sleep 0.2
	done
	return 1
}

@test "nobody who asks is lost while generations are taken; the other host takes over, and the first stands" {
	local before now
	web_start
	$ctr replicate --interval 500ms --timeout 5s --format json web "$lan_b" \
		</dev/null >"$BATS_TEST_TMPDIR/replication" 2>"$BATS_TEST_TMPDIR/replication.err" 3>&- &
	replication=$!
	more 1
	visitor_start 100
	more 4
	before=$(seen .last)
	more 2
	settled
	visitor_end
	cat "$BATS_TEST_TMPDIR/replication.err"
	[ "$(seen .failed)" -eq 0 ]
	[ "$(seen .breaks)" -eq 0 ]
	# b hears nothing any more, takes over, and then the two can talk again
	on_b "setsid bash -c 'ip link set link0 down; ip link set link1 down
		$ctr failover web; ip link set link0 up' </dev/null >$lan_data/failover 2>&1 &"
	status_is on_b running || { on_b "cat $lan_data/failover"; return 1; }
	status_is on_a paused
	run on_a "$ctr resume web"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'has taken over'* ]]
	on_a "$ctr delete --force web"
	on_b 'ip link set link1 up'
	ip netns exec visitor "$CTR_REMOTE" wait 10.98.0.50 80 30
	[ "$(ip netns exec visitor busybox wget -q -O - http://10.98.0.50/index.html)" = 'the page' ]
	now=$(ip netns exec visitor busybox nc 10.98.0.50 81 | head -n 1)
	echo "# the count when a generation was asked for: $before, after the fail-over: $now" >&3
	[ "$now" -ge "$before" ]
}
