# SPDX-License-Identifier: GPL-2.0-or-later
# Many web servers on one kernel: published ports, isolation, names, rates. "The host" is a network namespace of
# the test's own, "outside" is another one behind a veth.

load lib
load network
setup() {
	net_setup
	ip netns add "o$tag"
	ip -n "o$tag" link set lo up
	ip -n "$host" link add up0 type veth peer name eth0 netns "o$tag"
	ip -n "$host" addr add 192.0.2.1/24 dev up0
	ip -n "$host" addr add 2001:db8::1/64 dev up0 nodad
	ip -n "$host" link set up0 up
	ip -n "o$tag" addr add 192.0.2.2/24 dev eth0
	ip -n "o$tag" addr add 2001:db8::2/64 dev eth0 nodad
	ip -n "o$tag" link set eth0 up
	# it would also find the containers' own addresses, if it was let
	ip -n "o$tag" route add 10.88.0.0/16 via 192.0.2.1
}
teardown() {
	net_teardown
}

# ADDRESS PORT [SECONDS]: what the host, the outside, or the container of process PID gets from there
# shellcheck disable=SC2016 # of that bash
get_page='exec 3<>"/dev/tcp/$1/$2" && printf "GET / HTTP/1.0\r\n\r\n" >&3 && sed "1,/^\r*\$/d" <&3'
from_host() {
	on_host_run timeout "${3:-5}" bash -c "$get_page" page "$1" "$2" 2>&1
}
from_outside() {
	nsenter --net="/run/netns/o$tag" timeout "${3:-5}" bash -c "$get_page" page "$1" "$2" 2>&1
}
from_container() {
	nsenter -t "$1" -n timeout "${4:-5}" bash -c "$get_page" page "$2" "$3" 2>&1
}
refused() {
	local said
	! said=$("$@") && [[ $said == *refused* ]]
}
silent() {
	local status=0
	"$@" >/dev/null || status=$?
	same 124 "$status"
}

# A bundle of its own for each: web ID PAGE OPTION...
web() {
	local id=$1 dir=$T/$tag-$1
	mkdir -p "$dir"
	cp -al "$base/rootfs" "$dir/rootfs"
	mkdir "$dir/rootfs/www"
	printf '%s\n' "$2" >"$dir/rootfs/www/index.html"
	shift 2
	[ -e "$T/web.json" ] || jq '.process.terminal = false | .process.args =
		["busybox", "httpd", "-f", "-p", "[::]:80", "-h", "/www"]' "$base/config.json" >"$T/web.json"
	cp "$T/web.json" "$dir/config.json"
	containers+=("$tag-$id")
	net_ctr run -d --pid-file "$T/pid-$id" "$@" -b "$dir" "$tag-$id"
	ok
}
pid_of() {
	cat "$T/pid-$1"
}
address_of() {
	"$CTR" --root "$root" state "$tag-$1" | jq -r ".network[0].$2" | cut -d/ -f1
}
inode_in() {
	stat -c %d:%i "/proc/$(pid_of "$1")/root/etc/hosts"
}
answers() {
	local page
	page=$(from_host "$1" "$2" 1) && [ "$page" = "$3" ]
}

# As from_*, but many in one go: lines ADDRESS PORT of stdin become their pages.
# shellcheck disable=SC2016
get_pages='while read -r address port; do
	exec 3<>"/dev/tcp/$address/$port" && printf "GET / HTTP/1.0\r\n\r\n" >&3
	while IFS= read -r line <&3 && [ "$line" != $'"'\r'"' ]; do :; done
	read -r line <&3
	echo "$line"
done'
pages_for_host() {
	on_host_run timeout 20 bash -c "$get_pages"
}
pages_for_outside() {
	nsenter --net="/run/netns/o$tag" timeout 20 bash -c "$get_pages"
}
# each of them over IPv4 and IPv6, by its published port
fifty_ports() {
	for ((i = 1; i <= 50; i++)); do
		printf '%s %d\n' 192.0.2.1 $((8000 + i)) 2001:db8::1 $((8000 + i))
	done
}
# and by its own addresses: the first has .2 and $1
fifty_addresses() {
	for ((i = 1; i <= 50; i++)); do
		printf '%s%d 80\n%s%x 80\n' 10.88.0. $((i + 1)) "${1%2}" $((i + 1))
	done
}
fifty_pages() {
	for ((i = 1; i <= 50; i++)); do
		printf 'page %d\npage %d\n' $i $i
	done
}

# wrk has its connections
flooded() {
	[ "$(nsenter --net="/run/netns/o$tag" ss -Htn state established dport = :8001 | wc -l)" -ge 10 ]
}

@test "webservers: fifty on one bridge, each with its page, by address, port and name, with IPv4 and IPv6" {
	for ((i = 1; i <= 50; i++)); do
		web "$i" "page $i" --network bridge --isolate --publish "$((8000 + i)):80"
	done
	wait_until answers 2001:db8::1 8050 'page 50'
	# neighbour discovery on a new link takes its time
	wait_until from_outside 2001:db8::1 8050
	same "$(fifty_pages)" "$(fifty_ports | pages_for_host)"
	same "$(fifty_pages)" "$(fifty_ports | pages_for_outside)"
	same "$(fifty_pages)" "$(fifty_addresses "$(address_of 1 ip6)" | pages_for_host)"
	same 'page 7' "$(from_host 127.0.0.1 8007)"

	# one that is not isolated reaches all of them by their names; they do not reach each other
	web client 'the client' --network bridge
	net_ctr exec "$tag-client" busybox sh -c "for i in \$(busybox seq 50); do
		busybox wget -qO- http://$tag-\$i/; done"
	is "$(for ((i = 1; i <= 50; i++)); do echo "page $i"; done)"
	same 'the client' "$(from_container "$(pid_of 1)" "$(address_of client ip)" 80)"
	silent from_container "$(pid_of 1)" 10.88.0.3 80 1
	silent from_container "$(pid_of 1)" "$(address_of 2 ip6)" 80 1

	# while one is flooded, the others answer
	nsenter --net="/run/netns/o$tag" wrk -t 1 -c 20 -d 30s http://192.0.2.1:8001/ </dev/null >"$T/flood" 2>&1 3>&- &
	flood=$!
	wait_until flooded
	same "$(fifty_pages)" "$(fifty_ports | pages_for_host)"
	same "$(fifty_pages)" "$(fifty_ports | pages_for_outside)"
	kill -INT "$flood" # then it says what it has done
	wait "$flood" || true
	[ "$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$T/flood")" -gt 100 ]

	# what is not published is not there for others
	silent from_outside 10.88.0.2 80 1
	refused from_outside 192.0.2.1 8051

	for id in "${containers[@]}"; do
		net_ctr delete -f "$id"
		ok
	done
	containers=()
	same '' "$(on_host_run nft list ruleset)"
	same '' "$(links_left)"
}

# nginx of the host with what it needs to run, in the root filesystem of $1
nginx_closure() {
	local file
	mkdir -p "$1/etc/nginx" "$1/usr/sbin"
	for file in /usr/sbin/nginx $(ldd /usr/sbin/nginx | grep -o '/[^ ]*'); do
		mkdir -p "$1${file%/*}"
		cp -L "$file" "$1$file"
	done
	echo 'root:x:0:0::/:' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
	cat >"$1/etc/nginx/nginx.conf" <<-'END'
		daemon off;
		master_process off;
		user root;
		pid /tmp/nginx.pid;
		error_log stderr error;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path /tmp/body;
			proxy_temp_path /tmp/proxy;
			fastcgi_temp_path /tmp/fastcgi;
			uwsgi_temp_path /tmp/uwsgi;
			scgi_temp_path /tmp/scgi;
			server { listen 80; listen [::]:80; root /www; }
		}
	END
}

@test "webservers: nginx, with its page, over IPv4 and IPv6" {
	[ -x /usr/sbin/nginx ] || need 'nginx (Debian: nginx-light)'
	nginx_closure "$rootfs"
	mkdir "$rootfs/www"
	for i in 1 2 3; do
		echo "nginx $i" >"$T/page$i"
		filter='.process.terminal = false | .root.readonly = false'
		args /usr/sbin/nginx -e stderr
		mount_entry /www/index.html bind "$T/page$i" bind ro
		net_start "$tag-$i" --network bridge --publish "$((8000 + i)):80"
		ok
	done
	wait_until answers 127.0.0.1 8003 'nginx 3'
	wait_until answers 2001:db8::1 8003 'nginx 3'
	for i in 1 2 3; do
		wait_until answers 127.0.0.1 $((8000 + i)) "nginx $i"
		same "nginx $i" "$(from_host "$(address_of "$i" ip6)" 80)"
		same "nginx $i" "$(from_outside 192.0.2.1 $((8000 + i)))"
	done
	for id in "${containers[@]}"; do
		net_ctr delete -f "$id"
		ok
	done
	containers=()
	same '' "$(on_host_run nft list ruleset)"
}

@test "publish: to itself and to neighbours by the host's address, and from loopback" {
	web 1 one --network bridge -p 8001:80
	web 2 two --network bridge -p 127.0.0.1:8002:80 -p 192.0.2.1:8003:80
	wait_until answers 127.0.0.1 8001 one
	wait_until answers 127.0.0.1 8002 two
	same one "$(from_container "$(pid_of 1)" 192.0.2.1 8001)"
	same one "$(from_container "$(pid_of 2)" 192.0.2.1 8001)"
	same two "$(from_container "$(pid_of 1)" 192.0.2.1 8003)"
	same two "$(from_outside 192.0.2.1 8003)"
	refused from_outside 192.0.2.1 8002
	# ::1 cannot be led anywhere: it says so at once
	refused from_host ::1 8001
	# the host's loopback is no way in
	nsenter -t "$(pid_of 1)" -n ip route add 127.0.0.2/32 via 10.88.0.1 2>/dev/null || true
	net_ctr delete -f "$tag-2"
	ok
	refused from_host 127.0.0.1 8002
	same one "$(from_host 127.0.0.1 8001)"
}

@test "publish: ranges and UDP" {
	web 1 one --network bridge -p 8001-8003:79-81 -p 5300-5301:53-54/udp
	nsenter -t "$(pid_of 1)" -n timeout 20 "$BATS_TEST_DIRNAME/udp-echo" 54 3>&- &
	echo_server=$!
	wait_until answers 127.0.0.1 8002 one
	refused from_host 127.0.0.1 8001
	wait_until udp_answers 5301
	kill "$echo_server"
}
udp_answers() {
	[ "$(nsenter --net="/run/netns/o$tag" timeout 1 bash -c '
		exec 3<>"/dev/udp/192.0.2.1/$1"; echo ping >&3; head -n 1 <&3' udp "$1")" = ping ]
}

@test "publish: a port that is taken is refused before anything starts" {
	web 1 one --network bridge -p 8001:80
	args touch /started
	write_config
	net_ctr run --network bridge -p 8001:80 -b "$bundle" "$tag"
	fails "publish port 8001/tcp: container '$tag-1' has it: address already in use" \
		'publish another port of the host'
	net_ctr run --network bridge -p 127.0.0.1:8001:80 -b "$bundle" "$tag"
	fails "publish port 8001/tcp: container '$tag-1' has it"
	nsenter --net="/run/netns/$host" busybox nc -l -p 8005 3>&- &
	listener=$!
	wait_until grep -q ':1F45' "/proc/$listener/net/tcp" "/proc/$listener/net/tcp6"
	net_ctr run --network bridge -p 8005:80 -b "$bundle" "$tag"
	fails 'publish port 8005/tcp of the host: address already in use' 'a program of the host has it'
	kill "$listener"
	net_ctr run --network bridge -p 192.0.2.77:8005:80 -b "$bundle" "$tag"
	fails 'publish port 8005/tcp of 192.0.2.77' 'this is no address of the host'
	[ ! -e "$rootfs/started" ]
}

@test "publish: what makes no sense is refused" {
	write_config
	net_ctr run -p 80:80 -b "$bundle" "$tag"
	fails '--publish: only a network of kind bridge, cni or pasta can do that'
	net_ctr run --network bridge -p 80 -b "$bundle" "$tag"
	fails "--publish '80': which port of the host?"
	net_ctr run --network bridge -p 80:80 -p 80:81 -b "$bundle" "$tag"
	fails '--publish: port 80/tcp twice'
	net_ctr run --network bridge --dns nowhere -b "$bundle" "$tag"
	fails "--dns 'nowhere' is no address"
	net_ctr run --network bridge --dns-search 'a b' -b "$bundle" "$tag"
	fails "--dns-search 'a b' is no domain"
	net_ctr run --network bridge --net-rate fast -b "$bundle" "$tag"
	fails "--net-rate 'fast'"
	capability CAP_NET_ADMIN
	write_config
	net_ctr run --network bridge --net-rate 1mbit -b "$bundle" "$tag"
	fails 'with CAP_NET_ADMIN the container could take the limit' '/process/capabilities/bounding'
	net_ctr network create --internal inside
	ok
	net_ctr run --network bridge:inside -p 80:80 -b "$bundle" "$tag"
	fails "--publish: the network 'inside' is internal"
}

@test "networks: another network, the outside and an internal one do not get in" {
	net_ctr network create other
	net_ctr network create --internal inside
	web 1 one --network bridge -p 8001:80
	web 2 two --network bridge:other
	web 3 three --network bridge:inside
	wait_until answers 127.0.0.1 8001 one
	silent from_container "$(pid_of 2)" "$(address_of 1 ip)" 80 1
	same one "$(from_container "$(pid_of 2)" 192.0.2.1 8001)"
	same three "$(from_host "$(address_of 3 ip)" 80)"
	# what leaves the host has the host's address
	nsenter --net="/run/netns/o$tag" busybox httpd -f -p 192.0.2.2:80 -h "$T" 3>&- &
	echo outside >"$T/index.html"
	outside=$!
	wait_until from_outside 192.0.2.2 80
	ip -n "o$tag" route delete 10.88.0.0/16
	same outside "$(from_container "$(pid_of 1)" 192.0.2.2 80)"
	kill "$outside"
}

@test "names: hosts, hostname and resolv.conf, kept current, read-only" {
	web 1 one --network bridge --dns 192.0.2.53 --dns-search example.org
	web 2 two --network bridge
	net_ctr exec "$tag-1" busybox cat /etc/resolv.conf /etc/hostname
	has $'search example.org\nnameserver 192.0.2.53' ctr
	net_ctr exec "$tag-1" busybox cat /etc/hosts
	has $'127.0.0.1\tlocalhost' $'10.88.0.2\t'"$tag-1" $'10.88.0.3\t'"$tag-2" $'127.0.1.1\tctr '
	same 1 "$(grep -c '^127.0.1.1' <<<"$output")"
	# one file for both, which stays the same one
	same "$(inode_in 1)" "$(inode_in 2)"
	file=$(inode_in 1)
	net_ctr exec "$tag-1" busybox sh -c 'echo x >/etc/hosts'
	[[ $stderr == *'Read-only file system'* ]]
	net_ctr delete -f "$tag-2"
	net_ctr exec "$tag-1" busybox grep -v '^#' /etc/hosts
	has "$tag-1"
	has_not "$tag-2"
	web 3 three --network bridge
	same "$file" "$(inode_in 3)"
	net_ctr exec "$tag-1" busybox grep -v '^#' /etc/hosts
	has $'\t'"$tag-1" $'\t'"$tag-3"
}

@test "names: what config.json mounts at /etc/hosts stays" {
	echo '192.0.2.9 mine' >"$T/hosts"
	mount_entry /etc/hosts bind "$T/hosts" bind ro
	args busybox cat /etc/hosts
	write_config
	net_ctr run --network bridge -b "$bundle" "$tag"
	is '192.0.2.9 mine'
}

@test "net-rate: limits at both ends of the link" {
	web 1 one --network bridge --net-rate in=8mbit,out=4mbit,out-burst=32k
	[[ $(on_host_run tc qdisc show) == *'tbf '*'rate 8Mbit burst 64Kb'* ]]
	[[ $(nsenter -t "$(pid_of 1)" -n tc qdisc show dev eth0) == *'tbf '*'rate 4Mbit burst 32Kb'* ]]
	wait_until answers "$(address_of 1 ip)" 80 one
	net_ctr stats -f json --no-stream "$tag-1"
	same '[8000000,4000000]' "$(jq -c '.[0] | [.netReceiveLimit, .netSendLimit]' <<<"$output")"
}

@test "publish: after kill -9 delete -f takes back all of it" {
	web 1 one --network bridge -p 8001:80 --isolate
	# as if ctr had been killed before it could say more than this
	jq '.phase = "creating"' "$root/$tag-1/state.json" >"$T/state.json"
	cp "$T/state.json" "$root/$tag-1/state.json"
	net_ctr delete -f "$tag-1"
	ok
	same '' "$(on_host_run nft list ruleset)"
}

@test "webservers: what is published on the host's loopback alone is not there for the host's neighbours" {
	web 1 'for the host' --network bridge --publish 127.0.0.1:8001:80 --publish 8002:80
	wait_until answers 127.0.0.1 8001 'for the host'
	# a neighbour that sends packets for 127.0.0.1 by its wire
	ip -n "o$tag" addr del 127.0.0.1/8 dev lo
	ip -n "o$tag" route add 127.0.0.1 via 192.0.2.1
	nsenter --net="/run/netns/o$tag" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet'
	same 'for the host' "$(from_outside 192.0.2.1 8002)"
	silent from_outside 127.0.0.1 8001 1
	silent from_outside 127.0.0.1 8002 1
}

@test "webservers: a container of an internal network reaches no published port of another one" {
	net_ctr network create inner --internal --subnet 10.79.0.0/24
	ok
	web 1 'outer' --network bridge --publish 8001:80
	web 2 'inner' --network bridge:inner
	wait_until answers 192.0.2.1 8001 'outer'
	refused from_container "$(pid_of 2)" 10.79.0.1 8001
}

@test "webservers: isolated containers of an internal network do not reach each other by way of the host" {
	net_ctr network create inner --internal --isolate --subnet 10.79.0.0/24
	ok
	web 1 'first' --network bridge:inner
	web 2 'second' --network bridge:inner
	wait_until answers 10.79.0.3 80 'second'
	on_host_run sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' # as another network needs it
	nsenter -t "$(pid_of 1)" -n ip route add 10.79.0.3 via 10.79.0.1
	nsenter -t "$(pid_of 2)" -n ip route add 10.79.0.2 via 10.79.0.1
	silent from_container "$(pid_of 1)" 10.79.0.3 80 1
}
