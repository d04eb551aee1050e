# shellcheck shell=bash disable=SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of --network: "the host" is a network namespace of the test's own, and the data root its own
# directory. After load lib:
#
#	load network
#	setup() { net_setup; }
#	teardown() { net_teardown; }

net_setup() {
	ctr_setup
	host=h$tag
	data=$T/data
	containers=()
	ip netns add "$host" 2>/dev/null || need 'ip netns'
	ip -n "$host" link set lo up
	on_host_run sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward' # a new namespace has what the first one has
	on_host_run ip link add probe0 type bridge 2>/dev/null || {
		ip netns delete "$host"
		need 'bridges'
	}
	ip -n "$host" link delete probe0
}

# Nothing may be left of any container: links, bridges, addresses. A namespace dies a moment after the
# last of its processes.
net_teardown() {
	local failed=0 id left
	for id in "${containers[@]}"; do
		net_ctr delete -f "$id"
	done
	left=$(links_left) || true
	if [ -n "$left" ]; then
		printf 'left on the host: %s\n' "$left"
		failed=1
	fi
	left=$(on_host_run nft list ruleset 2>/dev/null || true)
	if [ -n "$left" ]; then
		printf 'firewall left: %s\n' "$left"
		failed=1
	fi
	left=$(find "$data/.networks" -path '*/leases/*' 2>/dev/null || true)
	if [ -n "$left" ]; then
		printf 'leases left: %s\n' "$left"
		failed=1
	fi
	ip netns delete "$host" 2>/dev/null || true
	ip netns delete "o$tag" 2>/dev/null || true
	ctr_teardown || failed=1
	return "$failed"
}

links_left() {
	local i left
	for ((i = 0; i < 1000; i++)); do # bridges are removed after the command has ended
		left=$(ip -n "$host" -o link show 2>/dev/null | grep -F 'ctr' | cut -d: -f2)
		[ -n "$left" ] || return 0
		sleep 0.02
	done
	printf '%s\n' "$left"
}

# A command on that host ("ip netns exec" would hide the cgroup mount).
on_host_run() {
	nsenter --net="/run/netns/$host" "$@"
}

# ctr on that host, as lib's ctr
net_ctr() {
	capture nsenter --net="/run/netns/$host" "$CTR" --root "$root" --data-root "$data" "$@"
}

# net_start ID OPTION...: the bundle as it is configured, detached, as container ID; its pid is $pid.
net_start() {
	local id=$1
	shift
	write_config
	containers+=("$id")
	net_ctr run -d --pid-file "$T/pid" "$@" -b "$bundle" "$id"
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

# What ip shows in the namespace of the process $pid
inside() {
	nsenter -t "$pid" -n ip "$@"
}

# The value of a jq expression on `ctr state ID`
state_is() {
	net_ctr state "$1"
	same "$3" "$(jq -rc "$2" <<<"$output")"
}

# The page of the web server at ADDRESS, asked for by the host, or in the namespace of the process PID:
# fetch ADDRESS, fetch_from PID ADDRESS [SECONDS]
fetch() {
	on_host_run timeout 3 bash -c "$get" get "$1"
}
fetch_from() {
	nsenter -t "$1" -n timeout "${3:-3}" bash -c "$get" get "$2"
}
# shellcheck disable=SC2016 # of that bash
get='exec 3<>"/dev/tcp/$1/80" && printf "GET / HTTP/1.0\r\n\r\n" >&3 && sed "1,/^\r*\$/d" <&3'

# The program becomes a web server with one page: what it says.
serve() {
	mkdir -p "$rootfs/www"
	printf '%s\n' "$1" >"$rootfs/www/index.html"
	args busybox httpd -f -p "${2:-80}" -h /www
}

# Somebody keeps the network namespace of the process PID: end them with: kill "$keeper"
keep_namespace() {
	local of
	of=$(readlink "/proc/$1/ns/net")
	nsenter -t "$1" -n sleep 60 </dev/null >/dev/null 2>&1 3>&- &
	keeper=$!
	wait_until in_namespace "$of"
}
in_namespace() {
	[ "$(readlink "/proc/$keeper/ns/net")" = "$1" ]
}
