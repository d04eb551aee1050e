#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that people run, saved and brought back in the middle of their work: the table of programs in
# doc/checkpoint-workloads.md has a row for each test. What --dry-run says beforehand is what happens.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load ../integration/network
load lib/criu
load lib/programs

need_fail() {
	need "$1"
}

setup() {
	need_criu
	net_setup
	own_rootfs
	img=$T/images
	client_PID=''
}

teardown() {
	local failed=0
	[ -z "${client_PID:-}" ] || kill "$client_PID" || true
	net_teardown || failed=1
	! mountpoint -q "$T/disk" || umount "$T/disk" || failed=1
	return "$failed"
}

# save FLAG...: as it was foretold, and the container is gone.
save() {
	rm -rf "$img"
	net_ctr checkpoint --dry-run --format json "$@" "$tag"
	same '0 []' "$status $(jq -c '[.findings[] | select(.certain)]' <<<"$output")"
	net_ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
}

bring_back() {
	net_ctr restore -d --image-path "$img" -b "$bundle" --pid-file "$T/pid" "$@" "$tag"
	[ "$status" -eq 0 ] || { report; criu_said "$img"; return 1; }
	pid=$(<"$T/pid")
}

# refused WORD FLAG...: --dry-run says so, a checkpoint refuses, and both name the word.
refused() {
	local word=$1
	shift
	net_ctr checkpoint --dry-run "$@" "$tag"
	same 3 "$status"
	has "$word"
	net_ctr checkpoint --image-path "$img" "$@" "$tag"
	same 3 "$status"
	[[ $stderr == *"$word"* ]]
}

# The page of the container's web server, asked for by somebody else in its network.
page_is() {
	[ "$(fetch_from "$pid" 127.0.0.1 2>/dev/null)" = "$1" ]
}

nginx_config() {
	take_programs "$(type -P nginx)"
	take_users
	echo 'first page' >"$rootfs/www/index.html"
	cat >"$rootfs/etc/nginx.conf" <<-'END'
	user nobody nogroup;
	worker_processes 1;
	pid /tmp/nginx.pid;
	error_log /var/log/nginx/error.log;
	events {}
	http {
		access_log /var/log/nginx/access.log;
		server {
			listen 80;
			root /www;
		}
	}
	END
	for name in CHOWN DAC_OVERRIDE SETGID SETUID; do
		capability "CAP_$name"
	done
	args "$(type -P nginx)" -c /etc/nginx.conf -g 'daemon off;'
}

worker() {
	local pids
	read -r -a pids <"/proc/$pid/task/$pid/children"
	same 1 "${#pids[@]}" >/dev/null && echo "${pids[0]}"
}

other_worker() {
	local now
	now=$(worker) && [ "$now" != "$1" ]
}

# bats test_tags=core
@test "programs: nginx" {
	local was requests
	nginx_config
	net_start "$tag"
	wait_until page_is 'first page'
	same 65534 "$(awk '/^Uid:/ { print $2 }' "/proc/$(worker)/status")"
	requests=$(wc -l <"$rootfs/var/log/nginx/access.log")
	save
	bring_back
	page_is 'first page'
	same 65534 "$(awk '/^Uid:/ { print $2 }' "/proc/$(worker)/status")"
	same "$((requests + 1))" "$(wc -l <"$rootfs/var/log/nginx/access.log")"
	# the master still is one: it makes a new worker, which has the new configuration
	echo 'second page' >"$rootfs/www/index.html"
	was=$(worker)
	net_ctr kill "$tag" HUP
	ok
	wait_until other_worker "$was"
	page_is 'second page'
	same '' "$(grep -e emerg -e alert -e crit "$rootfs/var/log/nginx/error.log" || true)"
}

@test "programs: nginx in a user namespace" {
	modprobe -a loop ext4 || true # built in, where it is no module
	truncate -s 64M "$T/image"
	mkfs.ext4 -q "$T/image"
	mkdir "$T/disk"
	mount -o loop "$T/image" "$T/disk"
	img=$T/disk/images # where mounts can be idmapped
	nginx_config
	user_namespace
	chown -R 100000:100000 "$rootfs"
	# it would otherwise open the host's, which are not in its reach
	config '.process.args = ["sh", "-c", "exec \"$0\" \"$@\" </dev/null >/dev/null 2>&1"] + .process.args'
	net_start "$tag"
	wait_until page_is 'first page'
	save
	bring_back
	page_is 'first page'
	same 165534 "$(awk '/^Uid:/ { print $2 }' "/proc/$(worker)/status")"
	net_ctr delete -f "$tag"
	ok
	umount "$T/disk" # what is left behind is looked for
}

# redis COMMAND: by the connection that is open; the answer is $answer.
redis() {
	printf '%s\r\n' "$1" >&"$to"
	answer=''
	read -r -t 20 answer <&"$from" || return
	answer=${answer%$'\r'}
	[ "${answer:0:1}" != '$' ] || { read -r -t 20 answer <&"$from" && answer=${answer%$'\r'}; }
}

redis_says() {
	redis "$1"
	same "$2" "$answer"
}

redis_answers() {
	[ "$(on_host_run timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/6379" && printf "PING\r\nQUIT\r\n" >&3 && head -n 1 <&3' - "$1" \
		2>/dev/null)" = $'+PONG\r' ]
}

@test "programs: redis" {
	local address to from i
	take_programs "$(type -P redis-server)"
	args "$(type -P redis-server)" --save '' --bind 0.0.0.0 --protected-mode no --dir /tmp
	net_start "$tag" --network bridge
	ok
	net_ctr state "$tag"
	address=$(jq -r '.network[0].ip' <<<"$output")
	address=${address%/*}
	wait_until redis_answers "$address"
	coproc client { exec nsenter --net="/run/netns/$host" busybox nc "$address" 6379 2>&1 3>&-; }
	to=${client[1]} from=${client[0]}
	redis_says 'SET kept before' +OK
	redis_says 'INCR generation' :1
	refused tcp-established
	# a second generation is made of what was restored, and so on
	for i in 2 3 4 5 6 7 8 9 10 11; do
		save --tcp-established
		bring_back --tcp-established
		redis_says 'INCR generation' ":$i"
	done
	redis_says 'GET kept' before
	redis_answers "$address" # and takes new ones
	redis_says SAVE +OK
	[ -s "$rootfs/tmp/dump.rdb" ]
}

python_server='
import http.server, threading, time
count = 0
def counter():
    global count
    while True:
        count += 1
        time.sleep(0.01)
for i in range(4):
    threading.Thread(target=counter, daemon=True).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%d\n" % count)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()'

counts_from() {
	count=$(fetch_from "$pid" 127.0.0.1 2>/dev/null) && [ "$count" -ge "$1" ]
}

@test "programs: python3, threads that count and a web server" {
	local count python
	take_python http.server threading time encodings.idna
	args "$python" -IS -c "$python_server"
	net_start "$tag"
	wait_until counts_from 10
	save
	bring_back
	counts_from "$count"
	[ "$count" -lt 100000 ] # it was not begun anew, nor is it anything
	same 5 "$(awk '/^Threads:/ { print ($2 >= 5) ? 5 : $2 }' "/proc/$pid/status")"
	wait_until counts_from "$((count + 10))"
}

@test "programs: busybox httpd" {
	serve 'busybox page'
	net_start "$tag"
	wait_until page_is 'busybox page'
	save
	bring_back
	page_is 'busybox page'
}

# The pid file of a `ctr run` in the foreground, of somebody else.
has_started() {
	pid=$(cat "$T/pid" 2>/dev/null) && [ -n "$pid" ]
}

@test "programs: a shell on a terminal in the foreground" {
	local session
	config '.process.terminal = true'
	args sh -i
	write_config
	"$lib_dir/pty" 'send=kept=before; echo >/tmp/begun\n' 'expect=gone' -- sh -c \
		"'$CTR' --root '$root' run --pid-file '$T/pid' -b '$bundle' '$tag'; echo gone" >"$T/said" 3>&- &
	session=$!
	wait_until test -s "$rootfs/tmp/begun"
	save
	wait "$session" || { cat "$T/said"; return 1; }
	"$lib_dir/pty" size=77x33 'send=echo $kept-$((6 * 7))\n' expect=before-42 \
		'send=busybox stty size\n' 'expect=33 77' 'send=sh -c "echo run""ning; exec sleep 100"\n' expect=running \
		'send=\x03' 'send=echo int""errupted\n' expect=interrupted 'send=exit 7\n' -- \
		"$CTR" --root "$root" restore --image-path "$img" -b "$bundle" "$tag" >"$T/said" 3>&- || {
		cat "$T/said"
		return 1
	}
	grep -F '[exit 7]' "$T/said"
}

@test "programs: an overlay that was written to" {
	mkdir "$rootfs/data"
	echo lower >"$rootfs/data/changed"
	echo lower >"$rootfs/data/removed"
	# shellcheck disable=SC2016 # of the container
	args sh -c 'echo upper >/data/changed; rm /data/removed; echo new >/data/new; exec 5>>/data/open; echo one >&5
		echo >/data/ready; until [ -e /data/go ]; do busybox usleep 20000; done; echo two >&5
		busybox cat /data/changed /data/new /data/open >/data/seen; echo >/data/done; sleep 1000'
	net_start "$tag" --overlay
	ok
	wait_until test -e "$(upper ready)"
	save
	bring_back
	net_ctr exec "$tag" busybox touch /data/go
	ok
	wait_until test -e "$(upper 'done')"
	same $'upper\nnew\none\ntwo' "$(<"$(upper seen)")"
	net_ctr exec "$tag" busybox ls /data
	same $'changed\ndone\ngo\nnew\nopen\nready\nseen' "$output"
	same $'lower\nlower' "$(cat "$rootfs/data/changed" "$rootfs/data/removed")"
	[ ! -e "$rootfs/data/new" ]
}

# Where the host has what the container wrote
upper() {
	printf '%s\n' "$data/$tag"/layers/*/fs/data | sed "s|\$|/$1|"
}

@test "programs: each has a row in the table, and each row a test" {
	diff <(sed -n 's/^@test "programs: \(.*\)" {$/\1/p' "$BATS_TEST_FILENAME" | grep -v 'row in the table' | sort) \
		<(sed -n '/^## Programs/,/^## /s/^| \([^|]*[^ |]\) *|.*/\1/p' "$BATS_TEST_DIRNAME/../../doc/checkpoint-workloads.md" |
			grep -v -e '^program$' -e '^---' | sort)
}
