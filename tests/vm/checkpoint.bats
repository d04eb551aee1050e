#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr checkpoint with criu itself: what is saved, what goes on, and what a failure leaves. Restoring is
# restore.bats' topic.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load ../integration/network

need_fail() {
	need "$1"
}
load lib/criu

setup() {
	need_criu
	net_setup
	config '.root.readonly = false'
	img=$T/images
	mounts_before=$(grep cgroup /proc/self/mountinfo)
}

teardown() {
	local failed=0
	net_teardown || failed=1
	same "$mounts_before" "$(grep cgroup /proc/self/mountinfo)" || failed=1
	return "$failed"
}

# ctr checkpoint of $tag, to $img
checkpoint() {
	net_ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -ne 0 ] || return 0
	printf '%s\n' "$stderr"
	[ ! -e "$img/dump.log" ] || criu_said "$img"
}

# A program that counts to a file, a hundred times a second.
counting='i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; busybox usleep 10000; done'

# Between two numbers the file is empty for a moment.
count() {
	local n=
	while [ -z "$n" ]; do
		n=$(cat "/proc/$pid/root/dev/shm/count") || return
	done
	echo "$n"
}

# The container runs, and its program does something.
goes_on() {
	local before
	same running "$(state_of)"
	before=$(count)
	comes_to "$before"
}

# The count is larger than that within half a minute, or so.
comes_to() {
	local i
	for ((i = 0; i < 300; i++)); do
		! counted_on "$1" || return 0
		sleep 0.1
	done
	echo "it does not count beyond $1"
	return 1
}

counted_on() {
	[ -n "$(count)" ] && [ "$(count)" -gt "$1" ]
}

start_counter() {
	args sh -c "${1:-}$counting"
	net_start "$tag" "${@:2}"
	[ "$status" -eq 0 ]
	comes_to 0
}

# Images that are complete, and nobody else's business.
complete() {
	[ -s "${1:-$img}/inventory.img" ]
	same '' "$(find "${1:-$img}" -type f -perm /077)"
}

# What the images say of standard input, output and error.
stdio_is() {
	jq -e "all(test(\"$1\"))" "$img/descriptors.json" || {
		cat "$img/descriptors.json"
		return 1
	}
}

# Without a network of ctr's: the plain lib's ctr.
start_alone() {
	args sh -c "${1:-}$counting"
	start_bundle "${@:2}"
	[ "$status" -eq 0 ]
	comes_to 0
}

# bats test_tags=core
@test "checkpoint: stdio from outside, twice, and then for good" {
	start_counter
	checkpoint --leave-running --leave-running
	same 0 "$status"
	same '' "$output"
	complete
	same 700 "$(stat -c %a "$img")"
	stdio_is '^file\\[[0-9a-f]+:[0-9a-f]+\\]$'
	goes_on
	checkpoint --format json --work-path "$T/work"
	same 0 "$status"
	complete
	[ -s "$T/work/dump.log" ]
	[ -s "$T/work/stats-dump" ]
	jq -e '.running == false and .bytes > 0 and .rounds[0].kind == "dump" and .rounds[0].frozenMicroseconds > 0' <<<"$output"
	net_ctr state "$tag"
	fails "container '$tag' does not exist"
	[ ! -d "/sys/fs/cgroup/ctr/$tag" ]
	containers=()
}

@test "checkpoint: stdio is pipes" {
	args sh -c "$counting"
	write_config
	true | "$CTR" --root "$root" run -d --pid-file "$T/pid" -b "$bundle" "$tag" 2>&1 3>&- | cat >"$T/out" &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	comes_to 0
	checkpoint
	same 0 "$status"
	stdio_is '^pipe:\\['
	complete
	wait "$!"
	same '' "$(cat "$T/out")"
}

@test "checkpoint: terminals: behind a console socket, in the foreground, the caller's" {
	config '.process.terminal = true'
	args sh -c "echo begun; $counting"
	write_config
	"$lib_dir/pty" expect=begun 'expect=gone' -- sh -c \
		"'$CTR' --root '$root' run --pid-file '$T/pid' -b '$bundle' '$tag'; echo \$? gone" >"$T/said" 3>&- &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	comes_to 0
	checkpoint
	same 0 "$status"
	stdio_is '^/dev/pts/0$'
	wait "$!"
	grep -q '^137 gone' "$T/said"
	nothing_of "$tag"

	"$lib_dir/peer" console "$T/socket" >"$T/said" 3>&- &
	wait_until test -S "$T/socket"
	ctr run -d --pid-file "$T/pid" --console-socket "$T/socket" -b "$bundle" "$tag"
	pid=$(cat "$T/pid")
	comes_to 0
	checkpoint --leave-running
	same 0 "$status"
	goes_on
	delete_ctr

	config '.process.terminal = false'
	write_config
	rm "$T/pid"
	"$lib_dir/pty" expect=begun -- sh -c \
		"'$CTR' --root '$root' run -d --pid-file '$T/pid' -b '$bundle' '$tag'; sleep 8" >"$T/said" 3>&- &
	wait_until test -s "$T/pid"
	pid=$(cat "$T/pid")
	comes_to 0
	checkpoint
	same 0 "$status"
	stdio_is '^tty\\[[0-9a-f]+:[0-9a-f]+\\]$'
	wait "$!"
}

nothing_of() {
	[ ! -e "$root/$1" ] && [ ! -e "/sys/fs/cgroup/ctr/$1" ]
}

@test "checkpoint: an overlay keeps its layers; bind mounts, masks, limits; a user namespace" {
	mkdir "$T/data"
	mount_entry /data bind "$T/data" rbind
	mount_entry /data/tmp tmpfs tmpfs
	config '.linux.resources.pids.limit = 7' '.linux.resources.memory.limit = 50331648'
	start_counter 'echo new >/file; exec 5<>/data/tmp/file; ' --overlay --network none
	checkpoint
	same 0 "$status"
	complete
	same new "$(cat "$data/$tag"/layers/*/fs/file)"
	containers=()

	filter='.process.terminal = false'
	user_namespace
	start_counter '' --network none
	img=$T/second
	checkpoint --leave-running
	same 0 "$status"
	complete
	goes_on
}

# 73 is flock(2) on x86_64, which the VM is.
# bats test_tags=core
@test "checkpoint: a bridge, a TCP connection that goes on, a lock on a file" {
	local address line
	args sh -c "busybox nc -l -p 7 -e busybox cat & exec 9>/dev/shm/lock; payload syscall 73 9 2; $counting"
	net_start "$tag" --network bridge
	comes_to 0
	address=$(inside -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local')
	coproc CLIENT { on_host_run python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], 7))
for line in sys.stdin:
	s.sendall(line.encode())
	print(s.recv(99).decode(), end="", flush=True)' "$address" 3>&-; }
	echo before >&"${CLIENT[1]}"
	read -r -t 5 line <&"${CLIENT[0]}"
	same before "$line"

	checkpoint
	same 3 "$status"
	has_text TCP "$stderr"
	goes_on
	checkpoint --no-preflight --tcp-established
	same 5 "$status"
	has_text lock "$stderr"
	[ -s "$img/dump.log" ]
	goes_on
	checkpoint --leave-running --tcp-established --file-locks
	same 0 "$status"
	complete
	goes_on
	same '' "$(nsenter -t "$pid" -n nft list ruleset)"
	echo after >&"${CLIENT[1]}"
	read -r -t 5 line <&"${CLIENT[0]}"
	same after "$line"
	kill "$CLIENT_PID"
	wait "$CLIENT_PID" || true
}

@test "checkpoint: a socket that leads outside, in the network namespace of the host" {
	local holder
	nsenter --net="/run/netns/$host" python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); time.sleep(100)' "$T/log" 3>&- &
	holder=$!
	wait_until test -S "$T/log"
	without_namespace network
	args sh -c "$counting"
	write_config
	containers+=("$tag")
	capture on_host_run python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(sys.argv[1]); os.dup2(s.fileno(), 3)
os.execv(sys.argv[2], sys.argv[2:])' "$T/log" "$CTR" --root "$root" --data-root "$data" \
		run -d --preserve-fds 1 --pid-file "$T/pid" -b "$bundle" "$tag"
	same 0 "$status"
	pid=$(cat "$T/pid")
	comes_to 0
	checkpoint
	same 3 "$status"
	has_text ext-unix-sk "$stderr"
	checkpoint --leave-running --ext-unix-sk
	kill "$holder"
	wait "$holder" || true
	same 0 "$status"
	complete
	goes_on
}

has_text() {
	[[ $2 == *"$1"* ]] || {
		printf '%s\n' "$2"
		return 1
	}
}

@test "checkpoint: rounds; a paused container; criu's own configuration has no influence" {
	local file rounds conf='leave-stopped
log-file elsewhere
tcp-close'
	mkdir -p /etc/criu
	for file in default runc crun; do
		echo "$conf" >"/etc/criu/$file.conf"
	done
	echo "$conf" >"$T/conf"
	config ".annotations[\"org.criu.config\"] = \"$T/conf\""
	start_counter
	net_ctr pause "$tag"
	checkpoint --leave-running
	same 0 "$status"
	same paused "$(state_of)"
	net_ctr resume "$tag"
	goes_on
	[ -s "$img/dump.log" ]
	img=$T/rounds
	checkpoint --iterate auto --format json --progress json
	same 0 "$status"
	complete
	rounds=$(jq '.rounds | length' <<<"$output")
	same "$((rounds - 1))" "$(readlink "$img/parent")"
	same "$rounds" "$(grep -c '"event":"round"' <<<"$stderr")"
	same true "$(jq '.rounds[-1].pagesInParent > 0' <<<"$output")"
	[ ! -e "$img/descriptors.json.tmp" ]
	containers=()
	rm -r /etc/criu
}

# bats test_tags=core
@test "checkpoint: a snapshot with memory, and back to it, twice; an earlier state is kept" {
	local before i
	counting='i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; echo $i >/count; busybox usleep 10000; done'
	start_counter '' --overlay --network none
	net_ctr snapshot create --with-memory --format json "$tag" one
	same 0 "$status"
	jq -e '.snapshot == "one" and .memory.bytes > 0 and .files > 0' <<<"$output"
	before=$(count)
	complete "$data/$tag/memory/one"
	goes_on
	net_ctr restore --snapshot one -d -b "$bundle" "$tag"
	fails "container with id '$tag' already exists"
	for i in 1 2; do
		comes_to "$((before + 100))"
		net_ctr delete -f --keep-layers "$tag"
		net_ctr restore --snapshot one -d --pid-file "$T/pid" -b "$bundle" "$tag"
		same 0 "$status"
		pid=$(cat "$T/pid")
		has_text "is kept as $tag@$i" "$output"
		comes_to 0
		[ "$(count)" -lt "$((before + 100))" ]
		[ "$(cat "/proc/$pid/root/count")" -lt "$((before + 100))" ]
	done
	net_ctr snapshot create "$tag" files
	net_ctr delete -f --keep-layers "$tag"
	net_ctr restore --snapshot files -d -b "$bundle" "$tag"
	fails "snapshot 'files' has files only"
	net_ctr snapshot delete "$tag" one
	[ ! -e "$data/$tag/memory" ]
	net_ctr restore --snapshot one -d -b "$bundle" "$tag"
	fails "there is no snapshot 'one'"
	containers=()
	net_ctr delete "$tag"
}

# No criu is at work any more.
criu_is_gone() {
	! pgrep -x criu >/dev/null
}

@test "checkpoint: ctr is killed at any moment: the container goes on, and its network" {
	local delay
	start_counter '' --network bridge
	for delay in 0.1 0.25 0.4 0.6; do
		net_ctr_in_background checkpoint --image-path "$T/images-$delay" --no-preflight "$tag"
		sleep "$delay"
		kill -9 "$background" 2>/dev/null || break
		wait "$background" || true
		wait_until criu_is_gone
		goes_on
		same '' "$(nsenter -t "$pid" -n nft list ruleset)"
	done
	[ "$delay" != 0.1 ]
}

net_ctr_in_background() {
	nsenter --net="/run/netns/$host" "$CTR" --root "$root" --data-root "$data" "$@" 3>&- &
	background=$!
}

# Who listens at port 9000, in the network namespace of ctr
listeners() {
	nsenter --net="/run/netns/$host" ss -Hltn 'sport = 9000' | awk '{ print $4 }'
}

# The whole memory is served, then, and nobody wants any: that is the end of it.
ask_for_nothing() {
	nsenter --net="/run/netns/$host" bash -c ': <>/dev/tcp/127.0.0.1/9000'
}

@test "checkpoint --lazy-pages: memory is served at the address of --page-server, and nowhere else" {
	local ready
	start_counter
	mkfifo "$T/ready"
	exec {ready}<>"$T/ready"
	nsenter --net="/run/netns/$host" ip link set lo up
	net_ctr_in_background checkpoint --image-path "$img" --lazy-pages --page-server 127.0.0.1:9000 \
		--status-fd "$ready" "$tag"
	read -r -t 30 -d '' -u "$ready"
	wait_until eval '[ -n "$(listeners)" ]'
	same 127.0.0.1:9000 "$(listeners)"
	ask_for_nothing
	wait "$background" || true
	wait_until criu_is_gone
	exec {ready}>&-
}
