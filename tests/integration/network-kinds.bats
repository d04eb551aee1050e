# SPDX-License-Identifier: GPL-2.0-or-later
# --network none, host, ns, container and macvlan; what config.json has to say in it; ctr network.

load lib
load network
setup() { net_setup; }
teardown() { net_teardown; }

netns_of() {
	stat -Lc %i "/proc/$1/ns/net"
}

@test "network: none is a namespace of its own with the loopback up" {
	without_namespace network
	args payload sleep
	net_start "$tag" --network none
	ok
	same 'lo' "$(inside -o link show | cut -d: -f2 | tr -d ' ')"
	[[ $(inside -o link show lo) == *[,\<]UP[,\>]* ]]
	state_is "$tag" '.network' '[{"kind":"none"}]'
}

@test "network: host takes the namespace of config.json away" {
	bare_mounts
	args payload sleep
	net_start "$tag" --network host
	ok
	same "$(on_host_run stat -Lc %i /proc/self/ns/net)" "$(netns_of "$pid")"
}

@test "network: ns joins a namespace by its path, which stays as it was" {
	ip netns add "o$tag"
	bare_mounts
	args payload sleep
	net_start "$tag" --network "ns:/run/netns/o$tag"
	ok
	same "$(stat -Lc %i "/run/netns/o$tag")" "$(netns_of "$pid")"
	net_ctr delete -f "$tag"
	ok
	[ -e "/run/netns/o$tag" ]
	net_ctr run --network "ns:/run/netns/nosuch" -b "$bundle" "$tag"
	fails '/run/netns/nosuch' 'no such file or directory'
	[[ $stderr != *config.json* ]]
}

@test "network: container joins that of a running one, and of no other" {
	bare_mounts
	args payload sleep
	net_start "$tag-1" --network bridge
	ok
	first=$pid
	net_start "$tag-2" --network "container:$tag-1"
	ok
	same "$(netns_of "$first")" "$(netns_of "$pid")"
	state_is "$tag-2" '.network[0] | [.kind, .target] | join(" ")' "container $tag-1"
	net_ctr run --network "container:$tag-x" -b "$bundle" "$tag-3"
	fails "--network container:$tag-x" 'does not exist'
	# the namespace outlives its first container: the link does not
	net_ctr delete -f "$tag-1"
	ok
	gone() { [ -z "$(inside -o link show type veth)" ]; }
	wait_until gone
}

@test "network: a stopped container has no network to join" {
	args payload sleep
	net_start "$tag" --network none
	kill -KILL "$pid"
	wait_until is_stopped
	net_ctr run --network "container:$tag" -b "$bundle" "$tag-2"
	fails "--network container:$tag: the container is not running"
}

@test "network: macvlan on a device of the host" {
	ip -n "$host" link add par0 type bridge
	ip -n "$host" link set par0 up
	args payload sleep
	net_start "$tag" --network macvlan:par0,ip=192.0.2.7/24,gw=192.0.2.1,mode=private
	[[ $stderr != *'not supported'* ]] || need 'macvlan'
	ok
	link=$(inside -d -o link show eth0)
	[[ $link == *'macvlan mode private'* && $link == *[,\<]UP[,\>]* ]]
	[[ $(inside route show) == *'default via 192.0.2.1 dev eth0'* ]]
	net_ctr run --network macvlan:nosuch0 -b "$bundle" "$tag-2"
	fails "--network macvlan: the device 'nosuch0': no such device"
}

@test "network: a namespace that config.json joins by path is never changed" {
	ip netns add "o$tag"
	before=$(ip -n "o$tag" -o link show; ip -n "o$tag" addr show; ls -i "/run/netns/o$tag")
	bare_mounts
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/o$tag\" else . end)"
	args payload sleep
	write_config
	for word in bridge none host ns:/run/netns/other container:x macvlan:lo; do
		net_ctr run --network "$word" -b "$bundle" "$tag"
		[[ $word == container:* ]] || fails "--network ${word%%:*}: config.json joins a network namespace" '/linux/namespaces/'
	done
	net_start "$tag" --network "ns:/run/netns/o$tag"
	ok
	same "$before" "$(ip -n "o$tag" -o link show; ip -n "o$tag" addr show; ls -i "/run/netns/o$tag")"
}

@test "network: words that are none" {
	args payload sleep
	write_config
	while IFS='|' read -r words text; do
		net_ctr run --network "$words" -b "$bundle" "$tag"
		fails "--network $words: $text"
	done <<-'EOF'
		wifi|unknown kind of network: use one of: none, host, bridge[:...], ns:..., container:..., macvlan:...
		|unknown kind
		none:x|nothing can stand behind 'none'
		host,ip=10.0.0.1|host has no use for 'ip'
		ns|a path behind the colon is missing
		ns:relative|'relative' is not an absolute path
		container:|a container behind the colon is missing
		bridge:../x|'../x' is no name of a network
		bridge,speed=9|unknown option 'speed=9'
		bridge,ip|'ip' needs a value
		bridge,ip=10.0.0.300|'10.0.0.300' is no IPv4 address
		bridge,ip=fd00::1|'fd00::1' is no IPv4 address
		bridge,ip6=10.0.0.1|'10.0.0.1' is no IPv6 address
		bridge,ip=10.0.0.1,ip=10.0.0.2|'ip' is said twice
		bridge,gw=10.0.0.1/8|'10.0.0.1/8' is an address with a prefix
		bridge,mac=01:00:5e:00:00:01|'01:00:5e:00:00:01' is no MAC address
		bridge,name=averyverylongname|'averyverylongname' is no name for an interface
		bridge,name=lo|'lo' is no name for an interface
		bridge,mode=vepa|bridge has no use for 'mode'
		bridge,route=10.0.0.1/8|'10.0.0.1/8' is no network
		bridge,route=x via y|'x via y' is no route
		macvlan:par0,mode=fast|'fast' is no mode of a macvlan
	EOF
}

@test "network: what excludes each other" {
	args payload sleep
	write_config
	net_ctr run --network none --network bridge -b "$bundle" "$tag"
	fails '--network none: there is no room for another network beside it'
	net_ctr run --network bridge,name=x0 --network bridge,name=x0 -b "$bundle" "$tag"
	fails "two interfaces are called 'x0'"
	net_ctr run --network bridge,gw=10.88.0.9 --network bridge,gw=10.88.0.8 -b "$bundle" "$tag"
	fails 'more than one default gateway'
	net_ctr run --isolate -b "$bundle" "$tag"
	fails '--isolate: only a network of kind bridge can do that'
	net_ctr run --isolate --network none -b "$bundle" "$tag"
	fails '--isolate: only a network of kind bridge'
}

@test "network: create, list, inspect, delete" {
	net_ctr network list
	has NAME BRIDGE SUBNET
	net_ctr network create web --subnet 10.77.0.0/24 --subnet6 fd77::/64 --gateway 10.77.0.254 --mtu 1400
	is web
	net_ctr network create auto
	is auto
	net_ctr network list -q
	is $'auto\nweb'
	net_ctr network list -f json
	same 'auto web' "$(jq -r 'map(.name) | join(" ")' <<<"$output")"
	net_ctr network inspect web
	same '10.77.0.0/24 10.77.0.254/24 fd77::/64 fd77::1/64 1400 ctr-web false []' \
		"$(jq -r '[.subnet, .gateway, .subnet6, .gateway6, .mtu, .bridge, .internal, .leases | tostring] | join(" ")' <<<"$output")"
	args payload sleep
	net_start "$tag" --network bridge:web
	ok
	net_ctr network inspect web
	same "$tag $tag" "$(jq -r '[.leases[].container] | join(" ")' <<<"$output")"
	net_ctr network delete web
	fails "delete network 'web': container '$tag' is attached to it: device or resource busy"
	net_ctr delete -f "$tag"
	net_ctr network delete web auto
	ok
	net_ctr network list -q
	is ''
	net_ctr network inspect web
	fails "network 'web' does not exist"
}

@test "network: definitions that are refused" {
	net_ctr network create web --subnet 10.77.0.0/24
	while IFS='|' read -r words text; do
		# shellcheck disable=SC2086 # several words
		net_ctr network create $words
		fails "$text"
	done <<-'EOF'
		web|network 'web' already exists
		../x --subnet 10.1.0.0/24|'../x' is no name for a network
		x --subnet 10.77.0.128/25|subnet 10.77.0.128/25 overlaps with that of network 'web'
		x --subnet 10.1.2.3/24|subnet 10.1.2.3/24: bits are set behind its prefix
		x --subnet 10.1.2.0/31|subnet: the prefix /31 is not between /8 and /30
		x --subnet 127.0.0.0/24|subnet 127.0.0.0/24: it is not for hosts
		x --subnet fd00::/64|option --subnet: 'fd00::/64' is not an address of IPv4
		x --subnet 10.1.2.0/24 --gateway 10.1.3.1|gateway 10.1.3.1/24: it is outside of the subnet
		x --subnet 10.1.2.0/24 --gateway 10.1.2.255|gateway 10.1.2.255/24: it is not the address of a host
		x --subnet 10.1.2.0/24 --gateway6 fd00::1|gateway fd00::1/128: there is no subnet for it
		x --bridge ctr-web|bridge 'ctr-web' is that of network 'web'
		x --bridge lo|bridge 'lo': this is no name for an interface
		x --subnet6 fd00::/64 --mtu 1000|mtu 1000: IPv6 needs 1280 at least
	EOF
	ip -n "$host" link add d0 type bridge
	ip -n "$host" addr add 10.56.0.1/24 dev d0
	ip -n "$host" link set d0 up
	net_ctr network create x --subnet 10.56.0.0/16
	fails 'subnet 10.56.0.0/16 overlaps with a network of the host'
}
