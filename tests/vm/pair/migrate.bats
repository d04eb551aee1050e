#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container moves between two hosts with kernels of their own, and those who talk to it notice no more than a pause.

load ../lib/criu
load ../lib/pair
load ../lib/lan

setup_file() {
	pair_begin
	lan_begin
}

teardown_file() {
	lan_end
}

setup() {
	ctr="$CTR --root $lan_data/state --data-root $lan_data/data"
	web=$BATS_TEST_TMPDIR/web
	every=${KNOCK_EVERY:-20}
}

teardown() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	on_b "$ctr delete -f web"
	on_a "$ctr delete -f web"
}

# A web server and a counter, 10.98.0.50.
web_start() {
	mkdir -p "$web"/rootfs/{bin,www,proc,dev,sys,tmp}
	cp /bin/busybox "$CTR_HELPERS/knock" "$web/rootfs/bin/"
	ln -s busybox "$web/rootfs/bin/sh"
	echo 'the page' >"$web/rootfs/www/index.html"
	"$CTR" spec -b "$web"
	jq '.process.terminal = false | .process.args = ["/bin/sh", "-c", "exec </dev/null >/dev/null 2>&1;
		/bin/knock serve 81 32 & exec /bin/busybox httpd -f -p 80 -h /www"]' "$web/config.json" >"$web/config.new"
	mv "$web/config.new" "$web/config.json"
	on_a "$ctr run -d --network bridge:lan,ip=10.98.0.50 -b $web web >/dev/null 2>&1"
	ip netns exec visitor "$CTR_REMOTE" wait 10.98.0.50 80 10
	ip netns exec visitor "$CTR_REMOTE" wait 10.98.0.50 81 10
}

visitor_start() {
	ip netns exec visitor "$CTR_HELPERS/knock" watch 10.98.0.50 80 81 "$BATS_TEST_TMPDIR/stop" "$every" \
		</dev/null >"$BATS_TEST_TMPDIR/visit" 2>"$BATS_TEST_TMPDIR/visit.err" 3>&- &
	watcher=$!
	sleep 1
}

visitor_end() {
	sleep 1
	: >"$BATS_TEST_TMPDIR/stop"
	wait "$watcher"
	watcher=
	cat "$BATS_TEST_TMPDIR/visit"
}

# of the visit
seen() {
	jq "$1" "$BATS_TEST_TMPDIR/visit"
}

# Nothing of the container is on this side: $1 is on_a or on_b.
gone_from() {
	run "$1" "$ctr state web"
	[ "$status" -eq 1 ]
	[ -z "$("$1" 'ls /sys/fs/cgroup | grep -F web')" ]
	[ "$("$1" 'ls /sys/class/net | grep -c ^ctr-')" -le 1 ] # the keeper's
}

# One way, with its report in the file $3: moved FROM DEST FILE
moved() {
	run "$1" "$ctr migrate --format json web '$2' >$3"
	cat "$3"; echo "$output"
	[ "$status" -eq 0 ]
	gone_from "$1"
}

@test "a web server under requests and a connection move there and back, five times" {
	web_start
	visitor_start
	for round in 1; do
		moved on_a "$lan_b" "$BATS_TEST_TMPDIR/there.$round"
		sleep 3
		run on_b "$ctr migrate --format json web '$lan_a'"
		echo "$output"
		[ "$status" -eq 0 ]
		gone_from on_b
		sleep 3
	done
	visitor_end
	[ "$(seen .failed)" -eq 0 ]
	[ "$(seen .breaks)" -eq 0 ]
	[ "$(seen .last)" -gt "$(seen .first)" ]
	[ "$(seen .requests)" -gt 100 ]
}
