# shellcheck shell=bash disable=SC2034,SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests that replicate a container from one state root of this host to another: as migrate.bash.

standby_setup() {
	migrate_setup
	replicator=
	# while tasks are made, criu sees another /tmp, and orders for it must be somewhere else
	elsewhere=$(mktemp -d /var/tmp/ctr-test-XXXXXX)
	install -m 0755 "${CTR_HELPERS:?}/fake-criu" "$elsewhere/criu"
}

standby_teardown() {
	local failed=0
	stop_replicating
	migrate_teardown || failed=1
	rm -rf "$elsewhere"
	return "$failed"
}

# replicate [OPTION...]: COUNT generations through the proxy.
replicate() {
	ctr --data-root "$dataa" --criu "$T/a/criu" replicate --no-preflight --as "$there" --timeout 2s \
		--interval 100ms --format json "$@" "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command)"
}

# The same in the background, without end.
start_replicating() {
	"$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" replicate --no-preflight --as "$there" \
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
	capture "$CTR" --root "$rootb" --data-root "$datab" --criu "$elsewhere/criu" failover "$@"
}

# generations FILTER: "length" or "max" of the usable ones.
generations() {
	"$CTR" --root "$rootb" --data-root "$datab" failover --list "$there" --format json |
		jq -r "[.[0].generations[] | select(.usable) | .generation] | $1"
}

status_of() { # ROOT ID
	"$CTR" --root "$1" state "$2" 2>/dev/null | jq -r .status
}

ctr_there() {
	"$CTR" --root "$rootb" --data-root "$datab" "$@"
}

kill_here() {
	"$CTR" --root "$root" --data-root "$dataa" kill "$tag" KILL
}

has_generations() {
	[ "$(generations length 2>/dev/null)" -ge "$1" ]
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# The beats of a container with layers: what it wrote itself.
beats_in() { # DATA ID
	cat "$1/$2"/layers/*/fs/tmp/beats
}

more_beats_in() {
	[ "$(beats_in "$1" "$2" | wc -l)" -gt "$3" ]
}

still_counts_in() {
	wait_until more_beats_in "$1" "$2" "$(($(beats_in "$1" "$2" | wc -l) + 3))"
}

# No number is missing, none is there twice: files and memory were of one moment.
contiguous() {
	beats_in "$1" "$2" | awk '$3 != NR { print "line " NR " is " $0; exit 1 }'
}

# take_over GENERATION
take_over() {
	failover "$there"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[[ "$output" == *" from generation $1 of "* ]]
	[ "$(status_of "$rootb" "$there")" = running ]
	still_counts_in "$datab" "$there"
	contiguous "$datab" "$there"
}

start_layered() {
	write_config
	ctr --data-root "$dataa" run -d --overlay -b "$bundle" "$tag"
	[ "$status" -eq 0 ]
	still_counts_in "$dataa" "$tag"
}
