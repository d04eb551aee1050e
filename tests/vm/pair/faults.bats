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

# --- at one word of a move ---

# through DEST: the same, and tests/helpers/wire-proxy does harm on the way.
through() {
	proxy=$BATS_TEST_TMPDIR/proxy
	echo "exec:$CTR_HELPERS/wire-proxy $BATS_TEST_TMPDIR/proxy ${1#exec:}"
}

# ordered 'TYPE WHEN ACTION [LATER]': a move in which that is done.
ordered() {
	echo "--- $*"
	proxy=$BATS_TEST_TMPDIR/proxy
	echo "$*" >"$proxy"
	run on_a "$ctr migrate --timeout 10s --resolve-timeout 20s web '$(through "$lan_b")'"
	echo "$status: $output"
	[ ! -e "$proxy" ]
}

# Killed with the fence up: nobody lets it go on but who asks.
stands_here() {
	[ "$(status_on on_a)" = paused ]
	run on_a "$ctr resume web"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'was handed over to'*'ctr migrate --recover web'* ]]
	[ "$(status_on on_a)" = paused ]
}

recovered() {
	run on_a "$ctr migrate --recover --resolve-timeout 20s web"
	echo "$status: $output"
	[ "$status" -eq 0 ]
	[[ $output == *"web runs $1"* ]]
}

and_back() {
	[ -z "$there" ] || on_b "$ctr migrate web '$lan_a'"
}

@test "all that send are killed: in a round of memory, and with the fence up, before and after the word" {
	web_start 8
	visitor_start 500
	ordered 'DATA after kill-sources'
	one_runs
	[ "$here" = running ]
	ordered 'COMMIT before lose-sources'
	stands_here
	recovered here
	one_runs
	[ "$here" = running ]
	ordered 'COMMIT after kill-sources'
	stands_here
	recovered there
	one_runs
	[ "$there" = running ]
	and_back
	undisturbed_visit
}

# held 'TYPE WHEN' DEST [OPTION...]: a move has come to that word, and goes no further.
held() {
	local what=$1 dest=$2
	shift 2
	echo "--- $what"
	proxy=$BATS_TEST_TMPDIR/proxy
	echo "$what hold" >"$proxy"
	on_a "$ctr migrate $* web '$(through "$dest")'" >"$BATS_TEST_TMPDIR/move" 3>&- &
	mover=$!
	within 120 test ! -e "$proxy"
}

# let_go CODE: now it may go on, and ends with that.
let_go() {
	local code=0
	: >"$proxy.pass"
	wait "$mover" || code=$?
	cat "$BATS_TEST_TMPDIR/move"
	[ "$code" -eq "$1" ] || { echo "exit code $code"; return 1; }
}

# Not the device itself: QEMU waits with what comes for one that is down, and then the other side's stands, too.
link1() {
	case $1 in
	down) on_b 'ip link set link1 nomaster' ;;
	up) on_b 'ip link set link1 master lan0' ;;
	esac
}

@test "the link goes down: in a round of memory, before the word has come, and before its answer" {
	web_start 8
	visitor_start 500
	held 'DATA before' "$lan_b_link1" --timeout 10s
	link1 down
	let_go 7
	[ "$(status_on on_a)" = running ]
	link1 up
	one_runs
	[ "$here" = running ]
	# in doubt it stands, until they reach each other
	held 'COMMIT before' "$lan_b_link1" --timeout 10s --resolve-timeout 2s
	link1 down
	let_go 8
	stands_here
	[ "$(status_on on_b)" != running ]
	link1 up
	one_runs
	and_back
	held 'COMMIT after' "$lan_b_link1" --timeout 10s --resolve-timeout 2s
	link1 down
	let_go 8
	stands_here
	within 60 eval '[ "$(status_on on_b)" = running ]'
	link1 up
	recovered there
	one_runs
	[ "$there" = running ]
	and_back
	visitor_end
	[ "$(seen .breaks)" -eq 0 ]
}

fill_b() {
	on_b "dd if=/dev/zero of=$lan_data/data/fill bs=64k 2>/dev/null || true; df $lan_data/data | tail -n 1"
}

@test "the disk of the destination is full: in a round of memory, and when the word comes" {
	web_start 8
	visitor_start 500
	held 'DATA before' "$lan_b"
	fill_b
	let_go 7
	[[ $(cat "$BATS_TEST_TMPDIR/move") == *'no space left on device'* ]]
	[ "$(status_on on_a)" = running ]
	one_runs
	[ "$here" = running ]
	on_b "rm $lan_data/data/fill"
	held 'COMMIT before' "$lan_b" --resolve-timeout 5s
	fill_b
	let_go 7
	one_runs
	[ "$here" = running ]
	on_b "rm $lan_data/data/fill"
	on_a "$ctr migrate web '$lan_b'"
	gone_from on_a
	undisturbed_visit
}
