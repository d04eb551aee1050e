# SPDX-License-Identifier: GPL-2.0-or-later
#
# A15: a container that may change its network namespace (CAP_NET_ADMIN) does its worst: `ctr delete` removes its own
# link on the host, and nothing else.

load lib
load ../integration/network
setup() { net_setup; }
teardown() { net_teardown; }

# A container with a network; $link is the host's side of it.
start_hostile() {
	args payload sleep
	net_start "$tag" --network bridge
	ok
	net_ctr state "$tag"
	link=$(jq -r '.network[0].hostInterface' <<<"$output")
	[ -n "$link" ]
}

host_has() {
	ip -n "$host" link show "$1" >/dev/null 2>&1
}

@test "A15: the interface is renamed, and another one is called eth0" {
	start_hostile
	inside link set eth0 name mine0
	inside link add eth0 type bridge
	net_ctr delete -f "$tag"
	ok
	same '' "$(links_left)"
}

@test "A15: the interface is moved to a namespace that somebody keeps" {
	ip netns add "o$tag"
	start_hostile
	inside link set eth0 netns "o$tag"
	net_ctr delete -f "$tag"
	ok
	wait_until refute host_has "$link"
	same lo "$(ip -n "o$tag" -o link show | cut -d: -f2 | tr -d ' ')"
}

@test "A15: the namespace is kept by somebody: the link goes all the same" {
	start_hostile
	keep_namespace "$pid"
	net_ctr delete -f "$tag"
	ok
	wait_until refute host_has "$link"
	wait_until refute host_has ctr0
	kill "$keeper"
}

@test "A15: the interface is deleted; a link of the host that now has its name stays" {
	start_hostile
	inside link delete eth0
	wait_until refute host_has "$link"
	ip -n "$host" link add "$link" type veth peer name peer0
	net_ctr delete -f "$tag"
	ok
	host_has "$link"
	ip -n "$host" link delete "$link"
}

@test "A15: names with the same beginning, and somebody else's alias, are not touched" {
	start_hostile
	other=${link:0:14}9
	[ "$other" != "$link" ] || other=${link:0:14}8
	ip -n "$host" link add "$other" type veth peer name peer0
	ip -n "$host" link set "$other" alias "ctr:00112233445566778899aabbccddeeff"
	net_ctr delete -f "$tag"
	ok
	host_has "$other"
	ip -n "$host" link delete "$other"
}

@test "A15: hundreds of links, and aliases that look like ctr's" {
	start_hostile
	alias=$(ip -n "$host" -o link show "$link" | sed 's/.*alias //')
	[[ $alias == ctr:* ]]
	for ((n = 0; n < 150; n++)); do
		printf 'link add v%d type veth peer name w%d\nlink set v%d alias %s\n' "$n" "$n" "$n" "$alias"
	done | inside -batch -
	inside link set eth0 alias 'ctr:00112233445566778899aabbccddeeff'
	net_ctr stats --no-stream -f json "$tag"
	ok
	net_ctr delete -f "$tag"
	ok
	same '' "$(links_left)"
}

@test "A15: a link of the host that was given ctr's name and alias, but is of another kind" {
	start_hostile
	alias=$(ip -n "$host" -o link show "$link" | sed 's/.*alias //')
	inside link delete eth0
	wait_until refute host_has "$link"
	ip -n "$host" link add "$link" type bridge
	ip -n "$host" link set "$link" alias "$alias"
	net_ctr delete -f "$tag"
	ok
	host_has "$link"
	ip -n "$host" link delete "$link"
}
