# shellcheck shell=bash disable=SC2034,SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests that replicate a container from one state root of this host to another: as migrate.bash.

standby_setup() {
	migrate_setup
	replicator=
}

standby_teardown() {
	stop_replicating
	migrate_teardown
}

# replicate [OPTION...]: COUNT generations through the proxy.
replicate() {
	ctr --data-root "$dataa" --criu "$T/a/criu" replicate --as "$there" --timeout 2s \
		--interval 100ms --format json "$@" "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command)"
}

# The same in the background, without end.
start_replicating() {
	"$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" replicate --as "$there" \
		--timeout 2s --interval 100ms --format json "$@" "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command)" >"$T/replicate.out" 2>"$T/replicate.err" &
	replicator=$!
}

stop_replicating() {
	[ -n "$replicator" ] || return 0
	kill "$replicator" 2>/dev/null
	wait "$replicator" || true
	replicator=
}

failover() {
	run --separate-stderr "$CTR" --root "$rootb" --data-root "$datab" --criu "$T/b/criu" failover "$@"
}

generations() {
	"$CTR" --root "$rootb" --data-root "$datab" failover --list "$there" --format json |
		jq -r "[.[0].generations[] | select(.usable) | .generation] | ${1:-length}"
}

status_of() { # ROOT ID
	"$CTR" --root "$1" state "$2" 2>/dev/null | jq -r .status
}
