#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the kernel tells of memory, tasks and time: events, statistics, kills for lack of memory.

load lib/bundle

setup() {
	bundle_setup
	need_ctr 'ctr events'
	cg=/sys/fs/cgroup/$id
}

teardown() {
	[ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || true
	"$CTR" delete -f "$id" >/dev/null 2>&1 || true
	bundle_teardown
}

readonly MIB=1048576

start() {
	bundle_config "${1:-exec sleep 1000}"
	"$CTR" run -d -b "$bundle" "$id" </dev/null
}

follow() {
	"$CTR" events --interval 1h "$@" "$id" >"$BATS_TEST_TMPDIR/events" </dev/null &
	follower=$!
	sleep 1
}

# Wait for an event of this type.
seen() {
	local i
	for ((i = 0; i < 50; i++)); do
		if [ -n "$(jq -c "select(.type == \"$1\")" "$BATS_TEST_TMPDIR/events")" ]; then
			return 0
		fi
		sleep 0.2
	done
	cat "$BATS_TEST_TMPDIR/events"
	return 1
}

wait_stopped() {
	local i
	for ((i = 0; i < 50; i++)); do
		[ "$("$CTR" state "$id" | jq -r .status)" != stopped ] || return 0
		sleep 0.2
	done
	return 1
}

@test "events: oom, in the words that containerd knows, and state tells of it" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((32 * MIB))}}"
	start
	[ "$("$CTR" state "$id" | jq '."ctr.oomKills"')" = null ]
	follow
	run "$CTR" exec "$id" dd if=/dev/zero of=/dev/null bs=128M count=1
	[ "$status" -eq 137 ]
	seen oom
	[ "$(jq -c 'select(.type == "oom")' "$BATS_TEST_TMPDIR/events")" = "{\"type\":\"oom\",\"id\":\"$id\"}" ]
	[ "$("$CTR" state "$id" | jq '."ctr.oomKills"')" -eq 1 ]
	[ "$("$CTR" state "$id" | jq -r .status)" = running ]
	"$CTR" delete -f "$id"
	wait "$follower"
}

# Notifications may come 10 ms late; a run that removes its container needs less.
@test "events: the last kill of a container that run removes, each time" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((16 * MIB))}}"
	bundle_config 'read x <>/tmp/go; exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	mkfifo "$bundle/rootfs/tmp/go"
	for _ in 1 2 3; do
		"$CTR" run -b "$bundle" "$id" </dev/null 2>/dev/null 3>&- &
		runs=$!
		until [ "$("$CTR" state "$id" 2>/dev/null | jq -r .status)" = running ]; do sleep 0.1; done
		"$CTR" events --interval 1h "$id" >"$BATS_TEST_TMPDIR/events" </dev/null 3>&- &
		follower=$!
		until [ -e "/run/ctr/$id/watchers" ]; do sleep 0.1; done
		echo go >"$bundle/rootfs/tmp/go"
		status=0
		wait "$runs" || status=$?
		[ "$status" -eq 137 ]
		wait "$follower"
		follower=''
		[ "$(jq -r 'select(.type == "oom") | .type' "$BATS_TEST_TMPDIR/events")" = oom ]
	done
}

@test "events: memory.high and pids.max" {
	need_cgroup_controller memory
	need_cgroup_controller pids
	config_resources="{\"pids\":{\"limit\":6},\"unified\":{\"memory.high\":\"$((16 * MIB))\"}}"
	start
	follow
	"$CTR" exec -d "$id" dd if=/dev/zero of=/dev/null bs=32M count=1
	seen memory.high
	run "$CTR" exec "$id" sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	seen pids.max
	[ "$(jq 'select(.type == "memory.high") | .data.count > 0' "$BATS_TEST_TMPDIR/events" | head -n 1)" = true ]
}

@test "events: pressure of memory" {
	need_cgroup_controller memory
	[ -e /proc/pressure/memory ] || need_fail 'no pressure information'
	config_resources="{\"unified\":{\"memory.high\":\"$((8 * MIB))\"}}"
	start
	follow --pressure memory:some:50000/1000000
	"$CTR" exec -d "$id" dd if=/dev/zero of=/dev/null bs=32M count=100
	seen pressure
	[ "$(jq -r 'select(.type == "pressure") | .data.resource' "$BATS_TEST_TMPDIR/events" | head -n 1)" = memory ]
}

@test "events --stats: numbers of memory, pids and limits" {
	need_cgroup_controller memory
	need_cgroup_controller pids
	config_resources="{\"memory\":{\"limit\":$((64 * MIB)),\"swap\":$((96 * MIB))},\"pids\":{\"limit\":20}}"
	start
	run "$CTR" events --stats "$id"
	[ "$status" -eq 0 ]
	[ "$(jq .data.memory.usage.limit <<<"$output")" -eq $((64 * MIB)) ]
	[ "$(jq .data.memory.swap.limit <<<"$output")" -eq $((96 * MIB)) ]
	[ "$(jq .data.memory.usage.usage <<<"$output")" -gt 0 ]
	[ "$(jq .data.memory.raw.anon <<<"$output")" -gt 0 ]
	[ "$(jq -c .data.pids <<<"$output")" = '{"current":1,"limit":20}' ]
	[ "$(jq -r .data.cpuset.cpus_effective <<<"$output")" != '' ]
	run "$CTR" stats --no-stream "$id"
	[ "$status" -eq 0 ]
	[[ ${lines[1]} = "$id"*'/ 64.0M'*' 1/20 '* ]]
}

@test "events --stats: no limit is 2^64-1 of memory and 0 pids" {
	need_cgroup_controller memory
	need_cgroup_controller pids
	config_resources='{"unified":{"memory.low":"0","pids.max":"max"}}'
	start
	run "$CTR" events --stats "$id"
	[[ $output = *'"usage":{"limit":18446744073709551615,'* ]]
	[[ $output = *'"pids":{"current":1,"limit":0}'* ]]
}

@test "a container that lived for a moment: who killed it is still known" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((16 * MIB))}}"
	start 'exec dd if=/dev/zero of=/dev/null bs=128M count=1'
	wait_stopped
	[ "$("$CTR" state "$id" | jq '."ctr.oomKills"')" -ge 1 ]
	[ "$("$CTR" list -f json | jq ".[] | select(.id == \"$id\") | .\"ctr.oomKills\"")" -ge 1 ]
}

@test "run says when the payload was killed for lack of memory, and wait remembers" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((16 * MIB))}}"
	bundle_config 'exec dd if=/dev/zero of=/dev/null bs=128M count=1'
	run "$CTR" run --keep -b "$bundle" "$id" </dev/null
	[ "$status" -eq 137 ]
	[[ $output = *"container '$id' was killed for lack of memory (limit $((16 * MIB)) bytes"* ]]
	run "$CTR" wait --format json "$id"
	[ "$(jq -c '[.exitCode, .oomKilled, .oomKills > 0]' <<<"$output")" = '[137,true,true]' ]
}

@test "512 KiB of memory are enough for a small program" {
	need_cgroup_controller memory
	[ -x "${CTR_PAYLOAD:-}" ] || need_fail 'no CTR_PAYLOAD'
	cp "$CTR_PAYLOAD" "$bundle/rootfs/bin/payload"
	config_resources='{"memory":{"limit":524288}}'
	bundle_config ''
	jq '.process.args = ["/bin/payload", "exit", "7"]' "$bundle/config.json" >"$BATS_TEST_TMPDIR/c"
	cp "$BATS_TEST_TMPDIR/c" "$bundle/config.json"
	for _ in 1 2 3; do
		run "$CTR" run -b "$bundle" "$id" </dev/null
		printf '%s: %s\n' "$status" "$output"
		[ "$status" -eq 7 ]
		[ -z "$output" ]
	done
}

@test "memory that is not even enough to begin with: limit and peak are named" {
	need_cgroup_controller memory
	config_resources='{"memory":{"limit":4096}}'
	bundle_config 'echo must not run'
	run "$CTR" run -b "$bundle" "$id" </dev/null
	printf '%s: %s\n' "$status" "$output"
	[ "$status" -eq 1 ]
	[[ $output = *'was killed by its memory limit before it started (limit 4096 bytes'*'/linux/resources/memory/limit'* ]]
	[[ $output != *'must not run'* ]]
}

@test "a fork bomb is gone within five seconds" {
	need_cgroup_controller pids
	# a backstop for the machine, far above what the bomb reaches in this time
	config_resources='{"pids":{"limit":3000}}'
	start 'b() { b | b & b; }; b'
	sleep 2
	SECONDS=0
	"$CTR" delete -f "$id"
	[ "$SECONDS" -lt 5 ]
	[ ! -e "$cg" ]
}
