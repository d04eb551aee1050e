#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checkpoints that need somebody else: servers of memory, namespaces and cgroups of others, a network that is published.

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
	helpers=()
	config '.root.readonly = false'
}

teardown() {
	local failed=0 helper
	[ -z "${client_PID:-}" ] || kill "$client_PID" || true
	for helper in "${helpers[@]}"; do
		kill -9 "$helper" 2>/dev/null || true # unshare(1) ignores TERM
		wait "$helper" 2>/dev/null || true
	done
	# before the look at what is left, and after all that is in it
	for helper in "${containers[@]}"; do
		net_ctr delete -f "$helper"
	done
	[ ! -d "/sys/fs/cgroup/o$tag" ] || wait_until rmdir "/sys/fs/cgroup/o$tag" || failed=1
	net_teardown || failed=1
	return "$failed"
}

# A program that counts, in memory and in a file.
counter='i=0; while :; do i=$((i+1)); echo $i >/tmp/n.new; mv /tmp/n.new /tmp/n; busybox usleep 20000; done'

start_counter() {
	args sh -c "${1:-}$counter"
	net_start "$tag" "${@:2}"
	ok
	wait_until test -s "$rootfs/tmp/n"
}

counts_beyond() {
	[ "$(<"$rootfs/tmp/n")" -gt "$1" ]
}

# It does not only run: it knows how far it was.
goes_on_from() {
	wait_until counts_beyond "$1"
	[ "$(<"$rootfs/tmp/n")" -lt "$(($1 + 1000))" ]
}

save() {
	net_ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
}

# As container $1
bring_back() {
	containers+=("$1")
	net_ctr restore -d --image-path "$img" -b "$bundle" --pid-file "$T/pid" "${@:2}" "$1"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
	pid=$(<"$T/pid")
}

# A program of the host in the background, which ends with the test.
helper() {
	on_host_run "$@" >"$T/helper.log" 2>&1 3>&- &
	helpers+=("$!")
}

listens() {
	[ -n "$(on_host_run ss -Hltn "sport = :$1")" ]
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}

@test "checkpoint: memory that is fetched while the restored container runs" {
	local n source
	start_counter
	mkdir -m 700 "$T/work"
	on_host_run "$CTR" --root "$root" --data-root "$data" checkpoint --image-path "$img" --work-path "$T/work" \
		--lazy-pages --page-server 127.0.0.1:9000 --status-fd 9 "$tag" 9>"$T/ready" 2>"$T/source.err" 3>&- &
	source=$!
	helpers+=("$source")
	wait_until test -s "$T/ready" || { cat "$T/source.err"; criu_said "$T/work"; return 1; }
	same 1 "$(stat -c %s "$T/ready")"
	n=$(<"$rootfs/tmp/n")
	# its socket is in the directory of images, which is that of work for both
	helper criu lazy-pages --page-server --address 127.0.0.1 --port 9000 -D "$img" -W "$img" -o lazy-pages.log
	wait_until test -S "$img/lazy-pages.socket"
	bring_back "$tag-2" --lazy-pages || { cat "$T/source.err"; criu_said "$T/work"; return 1; }
	goes_on_from "$n"
	wait "$source"
	net_ctr state "$tag"
	fails "container '$tag' does not exist"
	same running "$(state_of "$tag-2")"
	goes_on_from "$(<"$rootfs/tmp/n")"
}

@test "checkpoint: memory goes to a page server; room in what it is based on is freed" {
	local n before
	start_counter
	mkdir -m 700 "$T/pages"
	helper criu page-server --address 127.0.0.1 --port 9001 -D "$T/pages" -o page-server.log
	wait_until listens 9001
	save --page-server 127.0.0.1:9001
	n=$(<"$rootfs/tmp/n")
	same '' "$(find "$img" -name 'pages-*')"
	[ -n "$(find "$T/pages" -name 'pages-*' -size +0)" ]
	net_ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	not [ "$status" -eq 0 ]
	cp "$T/pages"/*.img "$img"
	bring_back "$tag"
	goes_on_from "$n"

	mkdir -m 700 "$T/rounds"
	img=$T/rounds/1
	save --pre-dump
	before=$(stat -c %b "$img"/pages-1.img)
	img=$T/rounds/2
	save --parent-path ../1 --auto-dedup
	n=$(<"$rootfs/tmp/n")
	[ "$(stat -c %b "$T/rounds/1/pages-1.img")" -lt "$before" ]
	before=$(stat -c %b "$img"/pages-1.img)
	bring_back "$tag" --auto-dedup
	goes_on_from "$n"
	[ "$(stat -c %b "$img/pages-1.img")" -lt "$before" ]
}

@test "checkpoint: an open file whose name was deleted, and which has another" {
	local n
	mkdir "$rootfs/tmp/dir"
	# shellcheck disable=SC2016 # of the container
	start_counter 'echo content >/tmp/dir/a; ln /tmp/dir/a /tmp/dir/b; exec 5</tmp/dir/a; rm /tmp/dir/a;
		(until [ -e /tmp/go ]; do busybox usleep 20000; done; cat <&5 >/tmp/got; ls /tmp/dir >>/tmp/got) & '
	net_ctr checkpoint --image-path "$img" "$tag"
	fails_with 3 link-remap
	save --link-remap
	n=$(<"$rootfs/tmp/n")
	bring_back "$tag"
	goes_on_from "$n"
	touch "$rootfs/tmp/go"
	wait_until grep -qx b "$rootfs/tmp/got"
	same $'content\nb' "$(<"$rootfs/tmp/got")"
	same '1 1' "$(stat -c %h "$rootfs/tmp/dir/b") $(find "$rootfs/tmp/dir" -type f | wc -l)"
}

@test "checkpoint: joined namespaces: network, processes" {
	local n keeper outer net pids
	config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$host\""
	start_counter 'busybox httpd -p 81 -h /tmp; '
	save
	same '' "$(on_host_run nft list ruleset)"
	n=$(<"$rootfs/tmp/n")
	bring_back "$tag"
	goes_on_from "$n"
	same "$(stat -Lc %i "/run/netns/$host")" "$(stat -Lc %i "/proc/$pid/ns/net")"
	on_host_run busybox wget -qO - http://127.0.0.1:81/n
	net_ctr delete -f "$tag"
	ok
	rm -r "$img" "$rootfs/tmp/n"

	# one in which ctr is not, as that of a pod
	ip netns add "o$tag"
	ip -n "o$tag" link set lo up
	config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/o$tag\""
	start_counter 'busybox httpd -p 82 -h /tmp; '
	save
	same '' "$(on_host_run nft list ruleset; nsenter --net="/run/netns/o$tag" nft list ruleset)"
	bring_back "$tag"
	goes_on_from "$(<"$rootfs/tmp/n")"
	same '' "$(on_host_run nft list ruleset; nsenter --net="/run/netns/o$tag" nft list ruleset)"
	nsenter --net="/run/netns/o$tag" busybox wget -qO - http://127.0.0.1:82/n
	net_ctr delete -f "$tag"
	ok
	rm -r "$img" "$rootfs/tmp/n"

	# it takes orphans away as soon as they end, as an init does
	unshare --pid --fork --kill-child bash -c 'trap "" CHLD; exec sleep 1000' 3>&- &
	keeper=$!
	helpers+=("$keeper")
	wait_until grep -q . "/proc/$keeper/task/$keeper/children"
	outer=$(tr -d ' ' <"/proc/$keeper/task/$keeper/children")
	pids=$(stat -Lc %i "/proc/$outer/ns/pid")
	config "(.linux.namespaces[] | select(.type == \"pid\")).path = \"/proc/$outer/ns/pid\""
	start_counter
	same "$pids" "$(stat -Lc %i "/proc/$pid/ns/pid")"
	save
	n=$(<"$rootfs/tmp/n")
	not has_ended "$outer"
	bring_back "$tag"
	goes_on_from "$n"
	same "$pids" "$(stat -Lc %i "/proc/$pid/ns/pid")"
}

@test "checkpoint: a connection in a joined network namespace: nobody answers for it meanwhile, and it goes on" {
	local line to from
	config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$host\""
	start_counter 'busybox nc -l -p 7 -e busybox cat & '
	wait_until listens 7
	coproc client { exec nsenter --net="/run/netns/$host" busybox nc 127.0.0.1 7 2>&1 3>&-; }
	to=${client[1]} from=${client[0]}
	echo one >&"$to"
	read -r -t 10 line <&"$from"
	same one "$line"
	save --tcp-established
	echo two >&"$to"
	[ -n "$(on_host_run nft list ruleset)" ]
	bring_back "$tag" --tcp-established
	read -r -t 20 line <&"$from"
	same two "$line"
	same '' "$(on_host_run nft list ruleset)"
}

@test "checkpoint: a published port leads to the restored container" {
	ip netns add "o$tag"
	ip -n "$host" link add w0 type veth peer name w0 netns "o$tag"
	ip -n "$host" addr add 192.0.2.1/24 dev w0
	ip -n "$host" link set w0 up
	ip -n "o$tag" link set lo up
	ip -n "o$tag" addr add 192.0.2.2/24 dev w0
	ip -n "o$tag" link set w0 up
	serve 'this page'
	net_start "$tag" --network bridge --publish 8080:80
	ok
	wait_until published
	save --leave-running
	published
	net_ctr delete -f "$tag"
	not published # nothing else answers there
	bring_back "$tag"
	published
	ip -n "$host" link delete w0
}

@test "checkpoint: a shell whose output is redirected at any moment" {
	local i
	args sh -c 'while :; do echo 1 >/tmp/n; done & while :; do echo 1 >/tmp/n; busybox usleep 500; done'
	net_start "$tag" --network none
	ok
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		net_ctr checkpoint --dry-run --format json "$tag"
		same 0 "$status"
	done
	for i in 1 2 3; do
		img=$T/images-$i
		save --leave-running
		jq -e 'all(test("^file\\["))' "$img/descriptors.json"
	done
}

# shellcheck disable=SC2016 # of that bash
get_page='exec 3<>/dev/tcp/192.0.2.1/8080 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && sed "1,/^\r*\$/d" <&3'
published() {
	[ "$(nsenter --net="/run/netns/o$tag" timeout 2 bash -c "$get_page" get 2>&1)" = 'this page' ]
}

@test "checkpoint: in a cgroup that was there before, where others are" {
	local n other
	mkdir "/sys/fs/cgroup/o$tag"
	config ".linux.cgroupsPath = \"/o$tag\""
	start_counter
	sleep 1000 3>&- &
	other=$!
	helpers+=("$other")
	echo "$other" >"/sys/fs/cgroup/o$tag/cgroup.procs"
	save --leave-running
	goes_on_from "$(<"$rootfs/tmp/n")"
	rm -r "$img"
	save
	n=$(<"$rootfs/tmp/n")
	not has_ended "$other"
	same "$other" "$(<"/sys/fs/cgroup/o$tag/cgroup.procs")"
	# as for run: nobody may be there whom delete would kill
	net_ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	fails "cgroup '/o$tag'" 'has processes'
	echo "$other" >/sys/fs/cgroup/cgroup.procs
	bring_back "$tag"
	goes_on_from "$n"
	same "0::/o$tag" "$(grep ^0: "/proc/$pid/cgroup")"
	echo "$other" >"/sys/fs/cgroup/o$tag/cgroup.procs"
	net_ctr delete -f "$tag"
	ok
	same "$other" "$(<"/sys/fs/cgroup/o$tag/cgroup.procs")"
	kill "$other"
	wait "$other" || true
}
