# SPDX-License-Identifier: GPL-2.0-or-later
# Networks of ordinary users: pasta and slirp4netns. "The host" is a network namespace of the test's own, and the world
# another one, with a web server at 192.0.2.2.

load lib
load life
load rootless
setup() {
	user_setup
	host=h$tag world=o$tag servers=()
	type -P pasta slirp4netns >/dev/null || need 'passt and slirp4netns'
	[ -c /dev/net/tun ] || need /dev/net/tun
	ip netns add "$host" 2>/dev/null || need 'ip netns'
	ip netns add "$world"
	ip -n "$host" link add up0 type veth peer name up0 netns "$world" 2>/dev/null || need veth
	for ns in "$host" "$world"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set up0 up
	done
	ip -n "$host" address add 192.0.2.1/24 dev up0
	ip -n "$world" address add 192.0.2.2/24 dev up0
	ip -n "$host" route add default via 192.0.2.2
	serve_in "$world" 192.0.2.2:80 world
}
teardown() {
	local failed=0 left server dir
	for server in "${servers[@]}"; do
		kill "$server"
		wait "$server" 2>/dev/null || true
	done
	for dir in "$root"/*; do
		[ ! -d "$dir" ] || as_user "$CTR" delete -f "${dir##*/}" || failed=1
	done
	left=$(ip netns pids "$host" 2>/dev/null || true)
	if [ -n "$left" ]; then
		printf 'processes left: %s\n' "$left"
		failed=1
	fi
	ip netns delete "$host" 2>/dev/null || true
	ip netns delete "$world" 2>/dev/null || true
	user_teardown || failed=1
	return "$failed"
}

# A web server with one page: NAMESPACE ADDRESS:PORT PAGE
serve_in() {
	mkdir -p "$T/www-$3"
	printf '%s\n' "$3" >"$T/www-$3/index.html"
	nsenter --net="/run/netns/$1" busybox httpd -f -p "$2" -h "$T/www-$3" 3>&- 2>/dev/null &
	servers+=("$!")
	wait_until serves "$1" "${2/:/ }"
}

serves() {
	fetch_in "$@" >/dev/null
}

# The page of the server at "ADDRESS PORT", as a process of the namespace gets it
fetch_in() {
	# shellcheck disable=SC2016,SC2086 # of that bash
	nsenter --net="/run/netns/$1" timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2" &&
		printf "GET / HTTP/1.0\r\n\r\n" >&3 && sed "1,/^\r*\$/d" <&3' get $2 2>/dev/null
}

# ctr of the user on that host, as lib's ctr
there() {
	capture nsenter --net="/run/netns/$host" env -i PATH="$PATH" HOME="$T/home" XDG_RUNTIME_DIR="$T/run" \
		CTR_TEST_TAG="$tag" setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" "$@"
}
run_there() {
	args sh -c "$1"
	write_config
	there run "${@:2}" -b "$bundle" "$tag"
}
start_there() {
	write_config
	there run -d --pid-file "$T/run/pid" "$@" -b "$bundle" "$tag"
	pid=$(cat "$T/run/pid" 2>/dev/null) || pid=''
	helper=$(helper_pid)
}
helper_pid() {
	as_user "$CTR" state "$tag" 2>/dev/null | jq -r '.network[0].helperPid // empty'
}
is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

@test "rootless-network: pasta: the world can be reached, the loopback of the host cannot" {
	serve_in "$host" 127.0.0.1:81 loopback
	run_there 'busybox wget -qO- http://192.0.2.2/; busybox wget -T 1 -qO- http://192.0.2.2:81/ || echo no' --network pasta
	has world no
	refute grep -q loopback <<<"$output"
}

@test "rootless-network: slirp4netns: the world can be reached, the loopback of the host cannot" {
	serve_in "$host" 127.0.0.1:81 loopback
	run_there 'busybox wget -qO- http://192.0.2.2/; busybox wget -T 1 -qO- http://10.0.2.2:81/ || echo no' \
		--network slirp4netns
	has world no
	refute grep -q loopback <<<"$output"
}

@test "rootless-network: name and mtu of the interface, and its resolv.conf" {
	for kind in pasta slirp4netns; do
		run_there 'busybox ifconfig up1 | busybox grep -o MTU:1400; busybox cat /etc/resolv.conf' \
			--network "$kind,name=up1,mtu=1400" --dns 192.0.2.53 --dns-search example.org
		ok
		has "$(printf 'MTU:1400\nsearch example.org\nnameserver 192.0.2.53\n')"
	done
}

@test "rootless-network: pasta publishes ports of the host, and no others" {
	mkdir -p "$rootfs/www"
	echo inside >"$rootfs/www/index.html"
	args sh -c 'busybox httpd -p 81 -h /www; exec busybox httpd -f -p 80 -h /www'
	start_there --network pasta --publish 192.0.2.1:8080:80 --publish 127.0.0.1:8090-8091:80-81
	ok
	wait_until serves "$world" '192.0.2.1 8080'
	same inside "$(fetch_in "$world" '192.0.2.1 8080')"
	same inside "$(fetch_in "$host" '127.0.0.1 8091')"
	refute fetch_in "$host" '127.0.0.1 80'
	refute fetch_in "$host" '127.0.0.1 81'
	there run --network pasta --publish 8080:80 -b "$bundle" "$tag-2"
	fails 'publish port 8080/tcp of the host: address already in use'
}

@test "rootless-network: the helper ends with its container, which can do without it" {
	for kind in pasta slirp4netns; do
		args payload sleep
		start_there --network "$kind"
		ok
		same "$kind" "$(tr '\0' ' ' <"/proc/$helper/cmdline" | cut -d' ' -f1)"
		same '' "$(tr '\0' ' ' <"/proc/$helper/environ")"
		there delete -f "$tag"
		ok
		is_gone "$helper"
		start_there --network "$kind"
		ok
		kill -KILL "$helper"
		wait_until is_gone "$helper"
		same running "$(state_of)"
		there delete -f "$tag"
		ok
	done
}

@test "rootless-network: a process with the pid of the helper is left alone" {
	args payload sleep
	start_there --network pasta
	ok
	setpriv --reuid "$user" --clear-groups busybox sleep 60 3>&- &
	stranger=$!
	jq --argjson pid "$stranger" '.network.items[0].helperPid = $pid' "$root/$tag/state.json" >"$T/new"
	cat "$T/new" >"$root/$tag/state.json"
	there delete -f "$tag"
	ok
	kill "$stranger"
	kill "$helper"
	wait_until is_gone "$helper"
}

@test "rootless-network: a container that was created, and started" {
	args sh -c 'busybox wget -qO- http://192.0.2.2/ >/dev/shm/page; exec payload sleep'
	write_config
	there create --network slirp4netns -b "$bundle" "$tag"
	ok
	there start "$tag"
	ok
	fetched() { [ "$(as_user "$CTR" exec "$tag" busybox cat /dev/shm/page)" = world ]; }
	wait_until fetched
	there state "$tag"
	same 'slirp4netns eth0' "$(jq -r '.network[0] | [.kind, .name] | join(" ")' <<<"$output")"
	there delete -f "$tag"
	ok
}

@test "rootless-network: what a helper says when it fails; nothing of the container is left" {
	ip -n "$host" route delete default
	ip -n "$host" address delete 192.0.2.1/24 dev up0
	run_there 'echo ran' --network pasta
	fails 'pasta made no network' 'routable'
	there list -q
	is ''
}

@test "rootless-network: root of a user namespace has them, too" {
	for kind in pasta slirp4netns; do
		args busybox wget -qO- http://192.0.2.2/
		config '.linux.namespaces |= map(select(.type != "user"))' 'del(.linux.uidMappings, .linux.gidMappings)'
		write_config
		capture nsenter --net="/run/netns/$host" env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/run" CTR_TEST_TAG="$tag" \
			setpriv --reuid "$user" --regid "$user" --clear-groups unshare -Ur \
			"$CTR" run --network "$kind" -b "$bundle" "$tag"
		is world
	done
}

@test "rootless-network: user is what is installed" {
	args payload sleep
	start_there --network user,name=up1
	ok
	same 'pasta up1' "$(as_user "$CTR" state "$tag" | jq -r '.network[0] | [.kind, .name] | join(" ")')"
	there delete -f "$tag"
	ok
}

# There, where /usr/bin has nothing but what $T/bin has
with_programs() {
	local tool
	for tool in env setpriv nsenter; do
		cp "$(type -P "$tool")" "$T/bin/"
	done
	# shellcheck disable=SC2016 # for that shell
	capture unshare -m sh -c 'mount --bind "$1" /usr/bin && shift && exec "$@"' - "$T/bin" \
		nsenter --net="/run/netns/$host" env -i PATH=/usr/bin XDG_RUNTIME_DIR="$T/run" \
		setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" "$@"
}

@test "rootless-network: a program that is missing, and one that others can change" {
	mkdir "$T/bin"
	args payload exit 7
	write_config
	with_programs run --network pasta -b "$bundle" "$tag"
	fails '--network pasta: the program pasta is not installed' 'install the package passt'
	with_programs run --network slirp4netns -b "$bundle" "$tag"
	fails 'the program slirp4netns is not installed' 'install the package slirp4netns'
	cp "$(type -P slirp4netns)" "$T/bin/"
	with_programs run --network user -b "$bundle" "$tag"
	same 7 "$status"
	chmod 777 "$T/bin/slirp4netns"
	with_programs run --network slirp4netns -b "$bundle" "$tag"
	fails '--network slirp4netns: open the program: operation not permitted' 'others than root can change it'
}

@test "rootless-network: a create that fails, and one that is killed, leave no helper" {
	args payload sleep
	hook createRuntime 'exit 3'
	start_there --network pasta
	fails 'createRuntime'
	same '' "$(ip netns pids "$host")"
	config 'del(.hooks)'
	hook createRuntime 'kill -KILL $PPID'
	start_there --network pasta
	same 137 "$status"
	[ -n "$(ip netns pids "$host")" ]
	as_user "$CTR" delete -f "$tag"
	same '' "$(ip netns pids "$host")"
}

@test "rootless-network: what ordinary users cannot have, and root does not need" {
	args true
	write_config
	there run --network bridge -b "$bundle" "$tag"
	fails '--network bridge: interfaces of the host are made with CAP_NET_ADMIN' '--network pasta'
	there run --network slirp4netns --publish 8080:80 -b "$bundle" "$tag"
	fails '--publish: only a network of kind bridge, cni or pasta can do that' '--network pasta'
	there run --network pasta,ip=192.0.2.9 -b "$bundle" "$tag"
	fails "pasta has no use for 'ip'"
	there run --network pasta --network none -b "$bundle" "$tag"
	fails 'no room for another network'
	capture "$CTR" --root "$T/rootful" run --network pasta -b "$bundle" "$tag"
	fails '--network pasta is for callers other than root' '--network bridge'
}
