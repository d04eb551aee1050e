# SPDX-License-Identifier: GPL-2.0-or-later
# --network cni:FILE: plugins of Debian's containernetworking-plugins, and some of the test's own, which write
# down how they were called.

load lib
load network
setup() {
	net_setup
	mkdir "$T/plugins"
	export CNI_PATH=$T/plugins:/usr/lib/cni:/opt/cni/bin
	list=$T/net.conflist
}
teardown() {
	net_teardown
}

# A plugin that notes its command, environment and input. What it answers to ADD: $2; its exit code: $3
plugin() {
	cat >"$T/plugins/$1" <<-END
		#!/bin/sh
		cat >"$T/\$CNI_COMMAND.$1"
		echo "\$CNI_COMMAND $1 \$CNI_IFNAME \${CNI_NETNS:+netns}" >>"$T/calls"
		echo "\$CNI_CONTAINERID" >>"$T/ids"
		[ "\$CNI_COMMAND" != ADD ] || cat <<-'ANSWER'
			$2
		ANSWER
		[ "\$CNI_COMMAND" != "${4:-ADD}" ] || exit ${3:-0}
	END
	chmod 755 "$T/plugins/$1"
}
conflist() {
	jq -n --argjson plugins "$1" '{cniVersion: "1.0.0", name: "testnet", plugins: $plugins}' >"$list"
}
answer='{"cniVersion": "1.0.0", "ips": [{"address": "198.51.100.7/24"}], "dns": {}}'

@test "cni: bridge and host-local of Debian give it an address, and take it back" {
	[ -x /usr/lib/cni/bridge ] || need 'the CNI plugins (Debian: containernetworking-plugins)'
	conflist "[{\"type\": \"bridge\", \"bridge\": \"cni9\", \"isGateway\": true, \"ipam\": {\"type\": \"host-local\",
		\"dataDir\": \"$T/ipam\", \"ranges\": [[{\"subnet\": \"198.51.100.0/24\"}], [{\"subnet\": \"2001:db8:5::/64\"}]]}},
		{\"type\": \"tuning\", \"mtu\": 1400}]"
	serve 'by plugins'
	net_start "$tag" --network "cni:$list"
	ok
	state_is "$tag" '.network[0].ip' 198.51.100.2/24
	[[ $(inside -o link show eth0) == *'mtu 1400'* ]]
	wait_until fetch 198.51.100.2
	same 'by plugins' "$(fetch 198.51.100.2)"
	net_ctr exec "$tag" busybox cat /etc/hosts
	has $'198.51.100.2\tctr '"$tag" $'2001:db8:5::2\tctr '"$tag"
	[ -e "$T/ipam/testnet/198.51.100.2" ]
	net_ctr delete -f "$tag"
	ok
	[ ! -e "$T/ipam/testnet/198.51.100.2" ]
	same '' "$(on_host_run ip -o link show type veth)"
}

@test "cni: plugins are called in order, each with the result before it, and deleted in reverse" {
	plugin one "$answer"
	plugin two '{"cniVersion": "1.0.0", "ips": [{"address": "198.51.100.8/24"}]}'
	conflist '[{"type": "one", "colour": "blue", "capabilities": {"portMappings": true}}, {"type": "two"}]'
	args payload sleep
	net_start "$tag" --network "cni:$list,name=net0" -p 127.0.0.1:8001-8002:80-81
	ok
	rm "$list" # what is deleted is what was added
	unset CNI_PATH
	net_ctr delete -f "$tag"
	ok
	same $'ADD one net0 netns\nADD two net0 netns\nDEL two net0 \nDEL one net0 ' "$(<"$T/calls")"
	same 1 "$(sort -u "$T/ids" | wc -l)"
	same '{"cniVersion":"1.0.0","name":"testnet","type":"one","colour":"blue","runtimeConfig":{"portMappings":[{"hostPort":8001,"containerPort":80,"protocol":"tcp","hostIP":"127.0.0.1"},{"hostPort":8002,"containerPort":81,"protocol":"tcp","hostIP":"127.0.0.1"}]}}' \
		"$(jq -c . "$T/ADD.one")"
	same '["198.51.100.7/24","two",null]' "$(jq -c '[.prevResult.ips[0].address, .type, .runtimeConfig]' "$T/ADD.two")"
	same '["198.51.100.8/24","198.51.100.8/24"]' \
		"$(jq -sc 'map(.prevResult.ips[0].address)' "$T/DEL.one" "$T/DEL.two")"
}

@test "cni: start asks the plugins whether all is well" {
	plugin one "$answer"
	conflist '[{"type": "one"}]'
	args payload sleep
	write_config
	containers+=("$tag")
	net_ctr create --network "cni:$list" -b "$bundle" "$tag"
	ok
	net_ctr start "$tag"
	ok
	same $'ADD one eth0 netns\nCHECK one eth0 netns' "$(<"$T/calls")"
	same 198.51.100.7/24 "$(jq -r '.prevResult.ips[0].address' "$T/CHECK.one")"
}

@test "cni: a check that fails keeps it from starting" {
	plugin one "$answer" 1 CHECK
	conflist '[{"type": "one"}]'
	args payload sleep
	write_config
	containers+=("$tag")
	net_ctr create --network "cni:$list" -b "$bundle" "$tag"
	ok
	net_ctr start "$tag"
	fails "CNI plugin 'one', CHECK: exit code 1"
	state_is "$tag" .status created
}

@test "cni: a plugin that fails is quoted, and all of them are told to delete" {
	plugin one "$answer"
	plugin two '{"code": 11, "msg": "try again", "details": "the moon is full"}' 1
	conflist '[{"type": "one"}, {"type": "two"}]'
	write_config
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "CNI plugin 'two', ADD: try again: the moon is full (code 11)"
	same $'ADD one eth0 netns\nADD two eth0 netns\nDEL two eth0 \nDEL one eth0 ' "$(<"$T/calls")"
}

@test "cni: a plugin that cannot delete keeps the container, until it can" {
	plugin one "$answer" 3 DEL
	conflist '[{"type": "one"}]'
	args payload sleep
	net_start "$tag" --network "cni:$list"
	ok
	net_ctr delete -f "$tag"
	fails "CNI plugin 'one', DEL: exit code 3"
	plugin one "$answer"
	net_ctr delete -f "$tag"
	ok
}

@test "cni: lists and plugins that are none" {
	write_config
	net_ctr run --network "cni:$T/none" -b "$bundle" "$tag"
	fails "read the CNI configuration '$T/none': no such file or directory"
	echo '{"cniVersion": "9.9.9", "name": "x", "plugins": []}' >"$list"
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "'cniVersion' is not one of" "$list"
	conflist '[]'
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "'plugins' is no list"
	conflist '[{"type": "../one"}]'
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "'../one' is no name of a CNI plugin"
	conflist '[{"type": "nosuch"}]'
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "CNI plugin 'nosuch' in $CNI_PATH: no such file or directory" 'containernetworking-plugins'
	plugin open "$answer"
	chmod 777 "$T/plugins/open"
	conflist '[{"type": "open"}]'
	net_ctr run --network "cni:$list" -b "$bundle" "$tag"
	fails "CNI plugin 'open'" 'others than root can change it'
}
