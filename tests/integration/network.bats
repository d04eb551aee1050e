# SPDX-License-Identifier: GPL-2.0-or-later
# --network bridge: what a container gets, who can reach whom, and that nothing stays.

load lib
load network
setup() { net_setup; }
teardown() { net_teardown; }

@test "network: the default one, with addresses, gateways and an announced MAC" {
	args payload sleep
	net_start "$tag" --network bridge
	ok
	state_is "$tag" '.network | length' 1
	state_is "$tag" '.network[0] | [.kind, .network, .name, .bridge] | join(" ")' 'bridge default eth0 ctr0'
	ip4=$(jq -r '.network[0].ip' <<<"$output")
	ip6=$(jq -r '.network[0].ip6' <<<"$output")
	mac=$(jq -r '.network[0].mac' <<<"$output")
	links=$(inside -d -o addr show eth0)
	[[ $links == *" $ip4 "* && $links == *" $ip6 "* ]]
	[[ $(inside -o link show eth0) == *"$mac"*  && $(inside -o link show eth0) == *[,\<]UP[,\>]* ]]
	[[ $(inside -o link show lo) == *[,\<]UP[,\>]* ]]
	[[ $(inside route show) == *'default via 10.88.0.1 dev eth0'* ]]
	[[ $(inside -6 route show) == *'default via fd'*'::1 dev eth0'* ]]
	same 0 "$(nsenter -t "$pid" -n cat /proc/sys/net/ipv6/conf/eth0/accept_ra)"
	same 0 "$(on_host_run cat /proc/sys/net/ipv6/conf/ctr0/accept_ra)"
	same 1 "$(on_host_run cat /proc/sys/net/ipv4/ip_forward)"
	bridge=$(ip -n "$host" -d -o link show ctr0)
	[[ $bridge == *'forward_delay 0 '* && $bridge == *'stp_state 0 '* && $bridge == *'alias ctr:'* ]]
	net_ctr exec "$tag" busybox ip -o addr show eth0
	has "inet $ip4 "
	net_ctr state "$tag"
	port=$(ip -n "$host" -d -o link show master ctr0)
	[[ $port == *"$(jq -r '.network[0].hostInterface' <<<"$output")@"* && $port == *'alias ctr:'* ]]
}

@test "network: containers reach each other and the host reaches them, over IPv4 and IPv6" {
	serve one
	net_start "$tag-1" --network bridge
	ok
	first=$pid
	state_is "$tag-1" '.network[0].ip' 10.88.0.2/16
	six=$(jq -r '.network[0].ip6' <<<"$output")
	rm "$rootfs/www/index.html" # the first one has it open as /www/index.html: its root is the same
	serve both
	net_start "$tag-2" --network bridge
	ok
	second=$pid
	state_is "$tag-2" '.network[0].ip' 10.88.0.3/16
	wait_until fetch 10.88.0.2
	wait_until fetch 10.88.0.3
	same both "$(fetch_from "$second" 10.88.0.2)"
	same both "$(fetch_from "$first" 10.88.0.3)"
	same both "$(fetch_from "$second" "${six%/*}")"
	same both "$(fetch "${six%/*}")"
}

@test "network: isolated containers do not reach each other, the host reaches both" {
	serve page
	net_ctr network create "$tag" --subnet 10.77.0.0/24 --bridge br7 --isolate
	is "$tag"
	net_start "$tag-1" --network "bridge:$tag"
	first=$pid
	net_start "$tag-2" --network "bridge:$tag,ip=10.77.0.9"
	ok
	state_is "$tag-2" '.network[0] | [.ip, .isolate, .bridge] | map(tostring) | join(" ")' '10.77.0.9/24 true br7'
	wait_until fetch 10.77.0.9
	same page "$(fetch 10.77.0.2)"
	refute fetch_from "$first" 10.77.0.9 1
	[[ $(ip -n "$host" -d -o link show master br7) == *'isolated on'*'isolated on'* ]]
}

@test "network: two networks and a chosen name, MAC, MTU, gateway and routes" {
	net_ctr network create a --subnet 10.77.0.0/24 --subnet6 fd77::/64 --mtu 1400
	is a
	net_ctr network create b --subnet 10.78.0.0/24 --internal
	args payload sleep
	net_start "$tag" --network bridge:a,name=lan,mac=02:00:00:00:00:17,ip6=fd77::17,mtu=1300 \
		--network 'bridge:b,gw=10.78.0.77,route=192.0.2.0/24 via 10.78.0.5,route=198.51.100.0/24'
	ok
	link=$(inside -d -o link show lan)
	[[ $link == *'mtu 1300 '* && $link == *02:00:00:00:00:17* ]]
	[[ $(inside -o addr show lan) == *' fd77::17/64 '* ]]
	routes=$(inside route show)
	[[ $routes == *'192.0.2.0/24 via 10.78.0.5 dev eth0'* && $routes == *'198.51.100.0/24 dev eth0'* ]]
	[[ $routes == *'default via 10.78.0.77 dev eth0'* ]]
	refute grep -q 'default via 10.77' <<<"$routes"
	[[ $(inside -6 route show) == *'default via fd77::1 dev lan'* ]]
}

@test "network: many networks of one container are taken down beside each other" {
	local n options=()
	for n in 1 2 3 4 5 6 7 8; do
		net_ctr network create "$tag-$n" --subnet "10.77.$n.0/24" --bridge "ctr-$n" --internal
		ok
		options+=(--network "bridge:$tag-$n")
	done
	args payload sleep
	for n in 1 2 3; do
		net_start "$tag" "${options[@]}"
		ok
		net_ctr delete -f "$tag"
		ok
		same '' "$(links_left)"
	done
}

@test "network: an internal one has no default route, and turns no forwarding on" {
	net_ctr network create "$tag" --internal
	args payload sleep
	net_start "$tag" --network "bridge:$tag"
	ok
	refute grep -q default <(inside route show)
	same 0 "$(on_host_run cat /proc/sys/net/ipv4/ip_forward)"
}

@test "network: the host keeps its own routes from advertisements when it becomes a router" {
	ip -n "$host" link add up0 type bridge
	on_host_run sh -c 'echo 1 >/proc/sys/net/ipv6/conf/up0/accept_ra'
	args payload sleep
	net_start "$tag" --network bridge
	ok
	same '1 2' "$(on_host_run cat /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/up0/accept_ra | tr '\n' ' ' | sed 's/ $//')"
}

@test "network: addresses go up, are never given twice, and a chosen one must be free" {
	net_ctr network create "$tag" --subnet 10.77.0.0/29 --subnet6 fd77::/64
	args payload sleep
	for n in 1 2 3 4 5; do
		net_start "$tag-$n" --network "bridge:$tag"
		ok
		state_is "$tag-$n" '.network[0] | [.ip, .ip6] | join(" ")' "10.77.0.$((n + 1))/29 fd77::$((n + 1))/64"
	done
	net_ctr run --network "bridge:$tag" -b "$bundle" "$tag-6"
	fails "network '$tag': all addresses are taken" 'larger subnet'
	net_ctr delete -f "$tag-2"
	net_ctr run --network "bridge:$tag,ip=10.77.0.4" -b "$bundle" "$tag-6"
	fails "address 10.77.0.4 of network '$tag': container '$tag-3' has it"
	net_start "$tag-7" --network "bridge:$tag"
	state_is "$tag-7" '.network[0].ip' 10.77.0.3/29
}

@test "network: addresses that cannot be chosen" {
	net_ctr network create "$tag" --subnet 10.77.0.0/24
	args payload sleep
	write_config
	while read -r words text; do
		net_ctr run --network "bridge:$tag,$words" -b "$bundle" "$tag"
		fails "network '$tag': $text"
	done <<-'EOF'
		ip=10.77.1.5 it is outside of the subnet
		ip=10.77.0.1 it is the gateway
		ip=10.77.0.0 it is not the address of a host
		ip=10.77.0.255 it is not the address of a host
		ip=10.77.0.5/16 its prefix is not that of the subnet
		ip6=fd00::5 it has no subnet of IPv6
	EOF
}

@test "network: a link of the host that has the bridge's name is left alone" {
	ip -n "$host" link add ctr0 type veth peer name ctr1
	args payload sleep
	write_config
	net_ctr run --network bridge -b "$bundle" "$tag"
	fails "bridge 'ctr0': the host has an interface of this name"
	ip -n "$host" link delete ctr0
	net_ctr network create "$tag" --bridge mine0 --subnet 10.77.0.0/24
	is "$tag"
	ip -n "$host" link add mine0 type bridge
	net_ctr run --network "bridge:$tag" -b "$bundle" "$tag"
	fails "network '$tag': the host has an interface 'mine0' that is not ctr's"
	ip -n "$host" link show mine0
}

@test "network: the record of what failed is undone" {
	args payload sleep
	write_config
	net_ctr run --network bridge,mtu=70000 -b "$bundle" "$tag"
	fails "'70000' is no MTU"
	net_ctr run --network 'bridge,route=203.0.113.0/24 via 192.0.2.99' -b "$bundle" "$tag"
	fails "network bridge default, interface 'eth0': add a route"
	args nosuchprogram
	write_config
	net_ctr run --network bridge -b "$bundle" "$tag"
	same 1 "$((status > 0))"
}

@test "network: created, then started, then killed, with a user namespace" {
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	serve page
	write_config
	containers+=("$tag")
	net_ctr create --network bridge -b "$bundle" "$tag"
	ok
	state_is "$tag" '[.status, .network[0].ip] | join(" ")' 'created 10.88.0.2/16'
	net_ctr start "$tag"
	ok
	wait_until fetch 10.88.0.2
	net_ctr kill "$tag" KILL
	wait_until is_stopped
	net_ctr delete "$tag"
	ok
}

@test "network: beside netDevices" {
	ip -n "$host" link add out0 type veth peer name peer0
	config '.linux.netDevices = {"out0": {"name": "given0"}}'
	args payload sleep
	net_start "$tag" --network bridge
	ok
	[[ $(inside -o link show) == *eth0* && $(inside -o link show) == *given0* ]]
}

@test "network: a rootfs that sets its own sysctls has the last word" {
	config '.linux.sysctl["net.ipv6.conf.eth0.accept_ra"] = "2"'
	args payload sleep
	net_start "$tag" --network bridge
	ok
	same 2 "$(nsenter -t "$pid" -n cat /proc/sys/net/ipv6/conf/eth0/accept_ra)"
}

@test "network: what it receives and sends is counted from its point of view" {
	serve "$(head -c 4000 /dev/zero | tr '\0' x)"
	net_start "$tag" --network bridge
	ok
	wait_until fetch 10.88.0.2 >/dev/null
	net_ctr stats --no-stream -f json --interval 10ms "$tag"
	ok
	same true "$(jq '.[0] | .netSent > 4000 and .netReceived > 100 and .netReceived < .netSent' <<<"$output")"
	net_ctr events --stats "$tag"
	same 'eth0 true' "$(jq -r '.data.network_interfaces[0] | "\(.Name) \(.TxBytes > 4000 and .RxPackets > 2)"' <<<"$output")"
	net_ctr stats --no-stream --interval 10ms "$tag"
	has 'RECEIVED / SENT'
}

@test "network: published ports are in the state" {
	args payload sleep
	net_start "$tag" --network bridge -p 127.0.0.1:8080-8081:80-81
	[[ $stderr != *nftables* ]] || need 'libnftables'
	ok
	state_is "$tag" '.network[0].ports' \
		'[{"address":"127.0.0.1","hostPort":8080,"port":80,"count":2,"protocol":"tcp"}]'
}

@test "network: an MTU that is too small for IPv6 is refused before the bridge, and its neighbours, feel it" {
	args payload sleep
	net_start "$tag" --network bridge
	ok
	before=$(ip -n "$host" -6 -o addr show ctr0 scope global)
	[ -n "$before" ]
	args busybox true
	write_config
	net_ctr run --network bridge,mtu=600 -b "$bundle" "$tag-2"
	fails "network 'default' has IPv6, which needs an MTU of 1280 at least"
	same "$before" "$(ip -n "$host" -6 -o addr show ctr0 scope global)"
}

@test "network: a route that cannot be added beside another is an error" {
	args busybox true
	write_config
	net_ctr network create "$tag" --subnet 10.77.0.0/24
	for route in '10.77.0.0/24 via 10.77.0.9' '0.0.0.0/0 via 10.77.0.9,gw=10.77.0.8'; do
		net_ctr run --network "bridge:$tag,route=$route" -b "$bundle" "$tag"
		fails 'add a route: file exists'
	done
}
