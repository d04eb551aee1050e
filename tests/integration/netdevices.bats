# SPDX-License-Identifier: GPL-2.0-or-later
# linux.netDevices. "The host" of these tests is a network namespace of their own, and so are its devices.

load lib
setup() {
	ctr_setup
	host=h$tag
	ip netns add "$host" 2>/dev/null || need 'ip netns'
	ip -n "$host" link set lo up
	ip -n "$host" link add out0 type veth peer name peer0 2>/dev/null || {
		ip netns delete "$host"
		need 'veth devices'
	}
}
teardown() {
	ip netns delete "$host" 2>/dev/null || true
	ip netns delete "c$tag" 2>/dev/null || true
	ctr_teardown
}

# ctr, on that host ("ip netns exec" would hide the cgroup mount)
on_host() {
	write_config
	capture nsenter --net="/run/netns/$host" "$CTR" --root "$root" "$@"
}

run_on_host() {
	on_host run "$bundle"
}

run_payload_on_host() {
	args payload "$@"
	run_on_host
}

start_on_host() {
	on_host run -d --pid-file "$T/pid" -b "$bundle" "$tag"
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

# ip, in the container's network namespace
inside() {
	nsenter -t "$pid" -n ip "$@"
}

host_links() {
	ip -n "$host" -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | tr '\n' ' '
}

addresses() {
	"$@" -o addr show scope global | sed 's/  */ /g; s/^[0-9]*: //; s/ valid_lft.*//; s/\\$//; s/ $//'
}

@test "netDevices: moved, called as before, up" {
	config '.linux.netDevices = {"out0": {}}'
	args payload sleep
	start_on_host
	ok
	same 'lo peer0 ' "$(host_links)"
	[[ $(inside -o link show out0) == *[,\<]UP[,\>]* ]]
	[[ $(inside -o link show lo) == *[,\<]UP[,\>]* ]]
	delete_ctr
}

@test "netDevices: another name, its address, MTU, alias and MAC" {
	ip -n "$host" link set out0 mtu 1400 address 02:00:00:00:00:17 alias 'the uplink'
	config '.linux.netDevices = {"out0": {"name": "eth0"}}'
	args payload sleep
	start_on_host
	ok
	links=$(inside -d -o link show eth0)
	[[ $links == *'mtu 1400'* && $links == *02:00:00:00:00:17* && $links == *'alias the uplink'* ]]
	delete_ctr
}

@test "netDevices: permanent global addresses come along, others do not" {
	ip -n "$host" link set out0 up
	ip -n "$host" link set peer0 up
	ip -n "$host" addr add 192.0.2.5/24 brd + dev out0
	ip -n "$host" addr add 192.0.2.6/24 dev out0
	ip -n "$host" addr add 198.51.100.1 peer 198.51.100.2/32 dev out0
	ip -n "$host" addr add 203.0.113.9/24 dev out0 valid_lft 3600 preferred_lft 3600
	ip -n "$host" addr add 169.254.7.7/16 scope link dev out0
	ip -n "$host" -6 addr add 2001:db8::5/64 nodad dev out0
	config '.linux.netDevices = {"out0": {"name": "lan"}}'
	args payload sleep
	start_on_host
	ok
	same 'lan inet 192.0.2.5/24 brd 192.0.2.255 scope global lan
lan inet 198.51.100.1 peer 198.51.100.2/32 scope global lan
lan inet 192.0.2.6/24 scope global secondary lan
lan inet6 2001:db8::5/64 scope global nodad' "$(addresses inside)"
	refute grep -q 169.254.7.7 <(inside addr show)
	delete_ctr
}

@test "netDevices: several, one in place of another" {
	ip -n "$host" link add two0 type veth peer name two1
	config '.linux.netDevices = {"out0": {"name": "two0"}, "two0": {"name": "out0"}, "peer0": {}}'
	args payload sleep
	start_on_host
	ok
	same 'lo two1 ' "$(host_links)"
	same 'lo out0 peer0 two0 ' "$(inside -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | tr '\n' ' ')"
	delete_ctr
}

@test "netDevices: a template gets the first free number" {
	ip -n "$host" link add two0 type veth peer name two1
	config '.linux.netDevices = {"out0": {"name": "eth%d"}, "two0": {"name": "eth%d"}, "two1": {"name": "eth0"}}'
	args payload sleep
	start_on_host
	[ "$status" -ne 0 ] || delete_ctr
	# eth0 is taken when its turn comes
	fails "network device 'two1': the container's network has one of this name: file exists" \
		'/linux/netDevices/two1' 'ends in %d'
	config 'del(.linux.netDevices.two1)'
	start_on_host
	ok
	same 'eth0 eth1 lo ' "$(inside -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | tr '\n' ' ')"
	delete_ctr
}

@test "netDevices: into a namespace that is joined; a name that it has" {
	ip netns add "c$tag"
	ip -n "c$tag" link add eth0 type veth peer name x0
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/c$tag\" else . end)" \
		'.linux.netDevices = {"out0": {"name": "eth0"}}'
	run_on_host
	fails "network device 'out0': the container's network has one of this name" '/linux/netDevices/out0'
	same 'lo out0 peer0 ' "$(host_links)"
	config '.linux.netDevices.out0.name = "eth%d"'
	args payload ifflags eth1
	run_on_host
	ok
	has 'eth1 up'
	# never taken back
	same 'lo peer0 ' "$(host_links)"
	[[ $(ip -n "c$tag" -o link show eth1) == *eth1* ]]
}

@test "netDevices: with a user namespace" {
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	ip -n "$host" addr add 192.0.2.5/24 dev out0
	config '.linux.netDevices = {"out0": {"name": "eth0"}}'
	args payload sleep
	start_on_host
	ok
	same 'eth0 inet 192.0.2.5/24 scope global eth0' "$(addresses inside)"
	delete_ctr
}

@test "netDevices: a create that fails gives them back as they were" {
	ip -n "$host" link add two0 type veth peer name two1
	ip -n "$host" link set out0 up
	ip -n "$host" addr add 192.0.2.5/24 dev out0
	before=$(addresses ip -n "$host"; ip -n "$host" -o link show | sed 's/^[0-9]*: //; s/@[^:]*//; s/ state.*//' | sort)
	config '.linux.netDevices = {"out0": {"name": "eth0"}, "two0": {}}'
	args no-such-program
	run_on_host
	fails 'executable file not found'
	same "$before" "$(addresses ip -n "$host"; ip -n "$host" -o link show | sed 's/^[0-9]*: //; s/@[^:]*//; s/ state.*//' | sort)"
	config '.linux.netDevices.none = {}'
	run_on_host
	fails "network device 'none': find it on the host: no such device" '/linux/netDevices/none'
	same "$before" "$(addresses ip -n "$host"; ip -n "$host" -o link show | sed 's/^[0-9]*: //; s/@[^:]*//; s/ state.*//' | sort)"
}

@test "netDevices: the loopback cannot be moved" {
	config '.linux.netDevices = {"lo": {"name": "lo1"}}'
	run_on_host
	fails "network device 'lo': move it: " '/linux/netDevices/lo' 'cannot leave their namespace'
}

@test "netDevices: without the privilege" {
	config '.linux.netDevices = {"out0": {}}'
	write_config
	capture nsenter --net="/run/netns/$host" setpriv --bounding-set -net_admin "$CTR" --root "$root" run "$bundle"
	fails 'operation not permitted'
	same 'lo out0 peer0 ' "$(host_links)"
}

@test "netDevices: the host's own network namespace, none, and names that are none" {
	config '.linux.netDevices = {"out0": {}}' \
		'.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
	run_on_host
	fails "'/proc/self/ns/net' is the host's own namespace: 'netDevices' would change the host"
	filter='.process.terminal = false | .linux.netDevices = {"out0": {}}'
	without_namespace network
	run_on_host
	fails "needs an entry 'network' in linux.namespaces" '/linux/netDevices'
	while IFS='|' read -r devices pointer text; do
		filter=".process.terminal = false | .linux.netDevices = $devices"
		run_on_host
		fails "(config.json /linux/netDevices$pointer)" "$text"
	done <<-'END'
		{"out0": {"name": "0123456789abcdef"}}|/out0|'0123456789abcdef' cannot be the name of a network device
		{"out0": {"name": "a/b"}}|/out0|'a/b' cannot be the name
		{"out0": {"name": ".."}}|/out0|'..' cannot be the name
		{"out0": {"name": "a b"}}|/out0|'a b' cannot be the name
		{"out%d": {}}|/out%d|'out%d' cannot be the name
		{"out0": {"name": "x"}, "peer0": {"name": "x"}}||two devices get the name 'x'
	END
	same 'lo out0 peer0 ' "$(host_links)"
}

@test "netDevices: the longest template" {
	config '.linux.netDevices = {"out0": {"name": "0123456789abc%d"}}'
	run_payload_on_host ifflags 0123456789abc0
	ok
	has '0123456789abc0 up'
	config '.linux.netDevices = {"peer0": {"name": "0123456789abcd%d"}}'
	run_on_host
	fails "'0123456789abcd%d' cannot be the name of a network device" '/linux/netDevices/peer0'
}
