# shellcheck shell=bash disable=SC2154 # lan_data, CTR: see lan.bash, pair.bash; ctr, web: web_paths
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests on two VMs with the network of lan.bash: a container "web" with a server and a counter, and somebody who asks
# the one all the time and has a connection to the other (tests/helpers/knock.c).
#
#	load ../lib/criu, ../lib/pair, ../lib/lan, ../lib/web
#	web_start, visitor_start, visitor_end
#
# setup and teardown, of the file and of each test, are here: $ctr is ctr with its roots, $web the bundle.

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
}

teardown() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	on_b "$ctr delete -f web"
	on_a "$ctr delete -f web"
}

# A web server and a counter that has so many MiB, 10.98.0.50, in a: web_start [MIB]
web_start() {
	mkdir -p "$web"/rootfs/{bin,www,proc,dev,sys,tmp}
	cp /bin/busybox "$CTR_HELPERS/knock" "$web/rootfs/bin/"
	ln -s busybox "$web/rootfs/bin/sh"
	echo 'the page' >"$web/rootfs/www/index.html"
	"$CTR" spec -b "$web"
	jq --arg mib "${1:-0}" '.process.terminal = false | .process.args = ["/bin/sh", "-c", "exec </dev/null >/dev/null 2>&1;
		/bin/knock serve 81 \($mib) & exec /bin/busybox httpd -f -p 80 -h /www"]' "$web/config.json" >"$web/config.new"
	mv "$web/config.new" "$web/config.json"
	on_a "$ctr run -d --network bridge:lan,ip=10.98.0.50 -b $web web >/dev/null 2>&1"
	ip netns exec visitor "$CTR_REMOTE" wait 10.98.0.50 80 10
	ip netns exec visitor "$CTR_REMOTE" wait 10.98.0.50 81 10
}

# A request every $1 ms; as often as the server can do with, if nothing is said.
visitor_start() {
	ip netns exec visitor "$CTR_HELPERS/knock" watch 10.98.0.50 80 81 "$BATS_TEST_TMPDIR/stop" "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/visit" 2>"$BATS_TEST_TMPDIR/visit.err" 3>&- &
	watcher=$!
	for _ in {1..300}; do
		[[ $(seen .last 2>/dev/null) != [1-9]* ]] || return 0
		sleep 0.2
	done
	return 1
}

visitor_end() {
	: >"$BATS_TEST_TMPDIR/stop"
	wait "$watcher"
	watcher=
	tail -n 1 "$BATS_TEST_TMPDIR/visit"
}

# What the visitor has said last.
seen() {
	tail -n 1 "$BATS_TEST_TMPDIR/visit" | jq "$@"
}

# Those who were kept waiting have been answered: nobody else sends again what was not heard.
settled() {
	local oldest
	for _ in {1..300}; do
		oldest=$(seen .oldest 2>/dev/null) || oldest=
		[ "${oldest:-9999}" -gt 999 ] || return 0
		sleep 0.2
	done
	return 1
}

# Nothing of the container, or of a move, is on this side: $1 is on_a or on_b. Another link than the keeper's is one.
nothing_on() {
	[ "$("$1" "$ctr state web >/dev/null 2>&1; echo \$?")" = 1 ] &&
		[ -z "$("$1" 'ls /sys/fs/cgroup | grep -F web')" ] &&
		[ "$("$1" 'ls /sys/class/net | grep -c ^ctr-')" -le 1 ] &&
		[ -z "$("$1" "ls $lan_data/data/.migrations 2>/dev/null")" ]
}

# At once.
gone_from() {
	nothing_on "$1" || { left_on "$1"; return 1; }
}

# When it has noticed that the other side is gone.
gone_soon_from() {
	for _ in {1..200}; do
		! nothing_on "$1" || return 0
		sleep 0.3
	done
	left_on "$1"
	return 1
}

left_on() {
	"$1" "$ctr list; ls /sys/fs/cgroup /sys/class/net; find $lan_data/data/.migrations"
}
