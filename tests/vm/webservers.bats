#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fifty web servers on one kernel, each with limits of its own: tests/integration/webservers.bats without limits.

load ../integration/lib
load ../integration/network

setup() {
	[ "${CTR_IN_VM:-}" = 1 ] || need 'a machine of our own'
	net_setup
}

teardown() {
	net_teardown
}

# Each has its page, half a CPU and 16 MiB; what they have in common is one rootfs.
web() {
	local dir=$T/$tag-$1
	mkdir -p "$dir"
	cp -al "$base/rootfs" "$dir/rootfs"
	mkdir "$dir/rootfs/www"
	echo "page $1" >"$dir/rootfs/www/index.html"
	cp "$T/web.json" "$dir/config.json"
	containers+=("$tag-$1")
	net_ctr run -d --network bridge --publish "$((8000 + $1)):80" -b "$dir" "$tag-$1"
	ok
}

pages() {
	# shellcheck disable=SC2016 # of that bash
	on_host_run timeout 60 bash -c 'for ((i = 1; i <= 50; i++)); do
		exec 3<>"/dev/tcp/$1/$(($2 + i * $3))" && printf "GET / HTTP/1.0\r\n\r\n" >&3
		while IFS= read -r line <&3 && [ "$line" != $'"'\r'"' ]; do :; done
		read -r line <&3
		echo "$line"
	done' pages "$@"
}

all_pages() {
	for ((i = 1; i <= 50; i++)); do
		echo "page $i"
	done
}

first_answers() {
	[ "$(pages 127.0.0.1 8001 0 2>/dev/null | head -n 1)" = 'page 1' ]
}

@test "webservers: fifty, each in its limits; one that runs into them takes nothing from the others" {
	jq '.process.terminal = false | .process.args = ["busybox", "httpd", "-f", "-p", "[::]:80", "-h", "/www"] |
		.linux.resources = {memory: {limit: 16777216, swap: 16777216}, cpu: {quota: 50000, period: 100000},
			pids: {limit: 20}}' "$base/config.json" >"$T/web.json"
	for ((i = 1; i <= 50; i++)); do
		web "$i"
	done
	wait_until first_answers
	same "$(all_pages)" "$(pages 127.0.0.1 8000 1)"

	# one wants more memory than it may have, another more processes, a third all of the CPU
	net_ctr exec "$tag-1" busybox dd if=/dev/zero of=/dev/null bs=64M count=1
	same 137 "$status"
	net_ctr exec "$tag-2" busybox sh -c 'for i in $(busybox seq 40); do busybox sleep 100 & done'
	[[ $stderr == *"can't fork"* ]]
	net_ctr exec -d "$tag-3" busybox sh -c 'while :; do :; done'
	ok
	same "$(all_pages)" "$(pages 127.0.0.1 8000 1)"
	net_ctr events --stats "$tag-3"
	[ "$(jq .data.cpu.throttling.throttledPeriods <<<"$output")" -gt 0 ]
}
