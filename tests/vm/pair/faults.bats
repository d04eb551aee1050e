#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A move between two hosts that is disturbed: whatever is killed or cut off, the container runs on exactly one of them
# afterwards, and those who talk to it notice no more than a pause. The real criu, at a handful of points;
# tests/integration/migrate.bats has the others.

# bats file_tags=criu
load ../lib/criu
load ../lib/pair
load ../lib/lan
load ../lib/web

# when SIDE CONDITION ACTION: shell commands, there, and nobody waits for them. $T/did is there afterwards.
when() {
	"$1" "mkdir -p $lan_data/fault; cat >$lan_data/fault/sh <<-'END'
	for i in {1..6000}; do
		{ $2; } >/dev/null 2>&1 || { sleep 0.01; continue; }
		$3
		echo done >$lan_data/fault/did
		break
	done
	END
	rm -f $lan_data/fault/did
	setsid bash $lan_data/fault/sh </dev/null >/dev/null 2>&1 &"
}

# It came to that.
happened() {
	for _ in {1..100}; do
		[ "$("$1" "cat $lan_data/fault/did")" != 'done' ] || return 0
		sleep 0.2
	done
	return 1
}

journal() {
	echo "grep -Eqs '\"state\": ?\"$1\"' $lan_data/data/.migrations/*/journal.json"
}

status_on() {
	"$1" "$ctr state web 2>/dev/null" | jq -r .status
}

# On one side, and it goes on: the other end of its connection hears from it. What was killed behind the fence is for the
# operator to finish.
# Sets $here and $there.
one_runs() {
	local before
	for _ in {1..60}; do
		here=$(status_on on_a) there=$(status_on on_b)
		case $here,$there in
		running, | ,running) break ;;
		paused,* | stopped,*) on_a "$ctr migrate --recover --resolve-timeout 10s web" || true ;;
		esac
		sleep 0.5
	done
	echo "here: ${here:-absent}, there: ${there:-absent}"
	case $here,$there in
	running,)
		gone_soon_from on_b
		;;
	,running)
		gone_soon_from on_a
		;;
	*) return 1 ;;
	esac
	before=$(seen .last)
	for _ in {1..300}; do
		[ "$(seen .last)" -le $((before + 10)) ] || return 0
		sleep 0.2
	done
	return 1
}

# disturbed SIDE CONDITION ACTION: a move from a to b, then it is in a again.
disturbed() {
	echo "--- $*"
	when "$@"
	run on_a "$ctr migrate --timeout 10s --resolve-timeout 20s web '$lan_b'"
	echo "$status: $output"
	happened "$1"
	one_runs
	if [ -n "$there" ]; then
		on_b "$ctr migrate web '$lan_a'"
	fi
}

undisturbed_visit() {
	settled
	visitor_end
	[ "$(seen .failed)" -eq 0 ]
	[ "$(seen .breaks)" -eq 0 ]
}

# Nothing else is called so there.
killed='kill -9 $(busybox pidof ctr)'

@test "receive is killed: while it takes memory, while it restores" {
	web_start
	visitor_start 500
	disturbed on_b "$(journal receiving)" "$killed"
	[ "$here" = running ]
	disturbed on_b "$(journal restoring)" "$killed"
	[ "$here" = running ]
	undisturbed_visit
}
