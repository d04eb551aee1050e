# SPDX-License-Identifier: GPL-2.0-or-later
# doc/web-servers.md, as it is written: blocks of "sh" are run in their order, and what they print is the block of
# "text" behind them.

load lib
load network
setup() {
	net_setup
	mkdir "$T/bin" "$T/here"
	cat >"$T/bin/ctr" <<-END
		#!/bin/sh
		exec "$CTR" --root "$root" --data-root "$data" "\$@"
	END
	chmod 755 "$T/bin/ctr"
}
teardown() {
	net_teardown
}

# The document as a script: a line of "=== N" before what block N prints.
script_of() {
	awk '/^```sh$/ { n++; print "echo \"=== " n "\""; inside = 1; next }
		/^```/ { inside = 0 } inside' "$1"
}
expected_of() {
	awk '/^```sh$/ { n++; print "=== " n; next } /^```text$/ { inside = 1; next }
		/^```/ { inside = 0 } inside' "$1"
}

@test "doc/web-servers.md: the commands do what it says" {
	command -v curl >/dev/null || need curl
	doc=${CTR_SRCDIR:-$BATS_TEST_DIRNAME/../..}/doc/web-servers.md
	script_of "$doc" >"$T/script"
	same 7 "$(grep -c '^echo "=== ' "$T/script")"
	# a server that has just been started takes its time
	sed -i 's|^curl |for p in 8080 8087; do until curl -so /dev/null 127.0.0.1:$p; do :; done; done; curl |' \
		"$T/script"
	containers=(proxy site0 site1 site2 site3 site4 site5 site6 site7 site8 site9)
	cd "$T/here"
	capture nsenter --net="/run/netns/$host" env PATH="$T/bin:$PATH" bash -eu "$T/script"
	is "$(expected_of "$doc")"
	containers=()
}
