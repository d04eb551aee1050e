# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scenarios with a network: the host is a network namespace of the injection's own, in which nothing may be left
# of links, addresses and firewall.

setup() {
	ip netns add "$id"
	ip -n "$id" link set lo up
	enter=(nsenter --net="/run/netns/$id")
	network_setup
}

links_left() { ip -n "$id" -o link | grep -v ': lo:'; }
no_links_left() { ! links_left >/dev/null; }

# The last link and the bridge go a moment after the command; what a fault kept it from removing, gc removes.
teardown() {
	local rules failed=0
	wait_until no_links_left && [ -z "$("${enter[@]}" nft list ruleset)" ] || ctr gc || failed=1
	wait_until no_links_left || { links_left; failed=1; }
	rules=$("${enter[@]}" nft list ruleset)
	[ -z "$rules" ] || { printf '%s\n' "$rules"; failed=1; }
	ip netns delete "$id"
	enter=()
	return "$failed"
}

# The definition of the network stays, no lease of it.
data_left() { find "$data" -path '*/leases/*'; }
