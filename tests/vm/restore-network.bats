#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Restored containers on networks of ctr's own: same addresses, same connections.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load ../integration/network
load lib/criu

need_fail() {
	need "$1"
}

setup() {
	need_criu
	net_setup
	img=$T/images
}

teardown() {
	net_teardown
}

@test "restore: network: address, MAC, published port and a connection are kept" {
	args sh -c 'while :; do nc -l -p 7777 -e sh -c "i=0; while read x; do i=\$((i+1)); echo \$i; done"; done'
	net_start "$tag" --network bridge --publish 8080:7777 --overlay
	ok
	net_ctr state "$tag"
	was=$(jq -c '.network[0] | [.ip, .ip6, .mac, .network, .name]' <<<"$output")
	address=$(jq -r '.network[0].ip' <<<"$output")
	# a client on the host, which stays connected
	coproc client { on_host_run busybox nc "${address%/*}" 7777 2>&1; }
	to=${client[1]} from=${client[0]}
	echo one >&"$to"
	read -r -t 10 line <&"$from"
	same 1 "$line"
	net_ctr checkpoint --image-path "$img" --tcp-established "$tag"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
	[ -z "$(on_host_run ip -o link show master ctr0 2>/dev/null)" ]
	echo two >&"$to" # while it is nowhere
	net_ctr restore -d --image-path "$img" --tcp-established --pid-file "$T/pid" -b "$bundle" "$tag"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
	pid=$(<"$T/pid")
	net_ctr state "$tag"
	same "$was" "$(jq -c '.network[0] | [.ip, .ip6, .mac, .network, .name]' <<<"$output")"
	read -r -t 20 line <&"$from"
	same 2 "$line"
	echo three >&"$to"
	read -r -t 20 line <&"$from"
	same 3 "$line"
	net_ctr delete -f "$tag"
	kill "$client_PID" || true
}
