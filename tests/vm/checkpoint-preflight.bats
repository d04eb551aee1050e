#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What ctr says before a checkpoint, and what criu says when it is asked all the same: whatever is certain is
# refused, with a cause that is understood, and the container goes on; whatever is not listed is dumped.

# bats file_tags=criu
load ../integration/lib
load ../integration/preflight
load lib/bundle
load lib/criu

setup() {
	need_criu
	modprobe -a sctp vsock af_alg 2>/dev/null || true
	ip link set lo up
	ctr_setup
	preflight_setup
	server=''
}

teardown() {
	[ -z "$server" ] || kill "$server"
	"$CTR" --root "$root" delete -f "$tag" >/dev/null 2>&1 || true
	ctr_teardown
}

# Ask criu: dump OPTION...; the container runs on.
dump() {
	rm -rf "$T/images"
	ctr checkpoint --no-preflight --leave-running --image-path "$T/images" "$@" "$tag"
}

dumped() {
	dump "$@"
	[ "$status" -eq 0 ] || { criu_said "$T/images"; return 1; }
	same running "$(state_of)"
}

# Refused, for a reason that is known; each of the words is part of it: refused "OPTIONS" WORD...
refused() {
	local text
	# shellcheck disable=SC2086 # a list
	dump $1
	shift
	same 5 "$status"
	[[ $stderr != *'criu says'* ]] || { printf '%s\n' "$stderr"; return 1; }
	[[ $stderr == *"$T/images/dump.log"* ]]
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] || { printf "no '%s' in: %s\n" "$text" "$stderr"; return 1; }
	done
	same running "$(state_of)"
}

# One line of the table; with $gather those of which nothing is said wait in $plain.
both() {
	local words
	IFS=+ read -ra words <<<"$1"
	if [ "$2" = - ] && [ -n "${gather:-}" ]; then
		# each with a file of its own
		plain+=("," "${words[@]/#\/tmp\//\/tmp\/${#plain[@]}}")
		return
	fi
	hold "${words[@]}"
	dry_run
	found_is "$2"
	case $2 in
	-) dumped ;;
	*'?') ;;
	*'!')
		dumped
		delete_ctr
		ctr restore -d --image-path "$T/images" -b "$bundle" "$tag"
		same 6 "$status"
		printf '   %s\n' "$stderr"
		return
		;;
	*)
		refused ''
		printf '   %s\n' "$stderr"
		;;
	esac
	if [ -n "$3" ]; then
		dry_run "$3"
		found_is -
		dumped "$3"
	fi
	delete_ctr
}

# The lines of a group, and then all that is not listed in one container.
group() {
	local gather=yes plain=()
	each_line both "$1" vm
	[ "${#plain[@]}" -gt 4 ]
	printf 'together: %s\n' "${plain[*]:1}"
	hold "${plain[@]:1}"
	dry_run
	found_is -
	dumped
}

@test "preflight and criu: sockets" {
	group sockets
}

@test "preflight and criu: files, pipes, terminals" {
	group files
}

@test "preflight and criu: objects of the kernel" {
	group objects
}

@test "preflight and criu: memory, processes, namespaces" {
	echo 4 >/proc/sys/vm/nr_hugepages
	each_line both tasks vm
	echo 0 >/proc/sys/vm/nr_hugepages
}

@test "preflight and criu: mounts" {
	each_line both mounts vm
}

@test "preflight and criu: unix streams to the outside" {
	serve unix-serve
	hold unix-stream /out/s
	wait_until has_accepted
	dry_run
	found_is unix-stream-outside
	refused ''
	dry_run --ext-unix-sk
	found_is unix-stream-outside
	refused --ext-unix-sk 'unix stream connection with a process outside'
}

@test "preflight and criu: unix datagrams to the outside" {
	serve unix-serve-datagram
	hold unix-datagram /out/s
	dry_run --ext-unix-sk
	found_is unix-unseen-outside
	refused --ext-unix-sk 'a unix socket whose other end criu does not find'
	delete_ctr
	# in one network namespace it finds it
	without_namespace network
	base_filter=$filter
	hold unix-datagram /out/s
	dry_run
	found_is unix-outside
	refused '' 'a unix socket whose other end is outside' '--ext-unix-sk'
	dry_run --ext-unix-sk
	found_is -
	dumped --ext-unix-sk
}

@test "preflight and criu: descriptors from outside" {
	keep=1 hold file /tmp/x 3</etc/hostname
	dry_run
	found_is file-outside
	refused '' "'/etc/hostname' was opened outside"
	delete_ctr

	mountpoint -q /dev/pts || { mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; }
	keep=1 hold file /tmp/x 3</dev/ptmx
	dry_run
	found_is tty-outside
	refused --shell-job "'/dev/ptmx' was opened outside"
	delete_ctr

	keep=1 hold file /tmp/x 3> >(cat >/dev/null)
	dry_run
	found_is 'pipe-outside?'
	dumped
	delete_ctr

	keep=1 hold file /tmp/x 3<>/dev/udp/127.0.0.1/9
	dry_run
	found_is 'socket-moved?'
	dumped
	delete_ctr

	hold_activated
	dry_run
	found_is socket-elsewhere
	refused ''
}

@test "preflight and criu: a process of ctr exec" {
	hold file /tmp/x
	"$CTR" --root "$root" exec -d "$tag" holder file /tmp/y </dev/null >"$T/second" 2>&1
	wait_until grep -q ready "$T/second"
	dry_run
	found_is 'task-outside-tree?'
	dumped
}

@test "preflight and criu: a process in another cgroup" {
	hold child
	mkdir /sys/fs/cgroup/elsewhere
	read -r child <"/proc/$pid/task/$pid/children" || [ -n "$child" ]
	echo "$child" >/sys/fs/cgroup/elsewhere/cgroup.procs
	dry_run
	found_is task-outside-cgroup
	refused '' "process $child cannot be stopped" "outside of the container's cgroup"
	delete_ctr
	wait_until rmdir /sys/fs/cgroup/elsewhere
}

@test "preflight and criu: shared memory of the host's ipc namespace" {
	without_namespace ipc
	config '.mounts |= map(select(.destination != "/dev/mqueue"))' 'del(.linux.sysctl)'
	base_filter=$filter
	hold sysv
	dry_run
	found_is sysv-shared
	refused '' 'System V shared memory'
}

@test "preflight and criu: a hidden file, with --link-remap" {
	hold hidden /tmp/h
	dry_run --link-remap
	found_is file-hidden
	refused --link-remap "the file '/tmp/h/file', whose name is hidden"
}
