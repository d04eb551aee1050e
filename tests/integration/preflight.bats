# SPDX-License-Identifier: GPL-2.0-or-later
# ctr checkpoint --dry-run: what stands in the way of a checkpoint is listed, and nothing else. No criu is needed.

load lib
load preflight
setup() {
	ctr_setup
	preflight_setup
	server=''
}
teardown() {
	[ -z "$server" ] || kill "$server"
	"$CTR" --root "$root" delete -f "$tag" >/dev/null 2>&1 || true
	ctr_teardown
}

# One line of the table.
listed() {
	local words
	IFS=+ read -ra words <<<"$1"
	hold "${words[@]}"
	dry_run
	found_is "$2"
	if [ -n "$3" ]; then
		dry_run "$3"
		found_is -
	fi
	delete_ctr
}

@test "preflight: sockets" {
	each_line listed sockets
}

@test "preflight: files, pipes, terminals" {
	each_line listed files
}

@test "preflight: objects of the kernel" {
	each_line listed objects
}

@test "preflight: an eventfd that counts down by one, where the kernel tells it" {
	hold eventfd-semaphore
	dry_run
	if grep -qs eventfd-semaphore "/proc/$pid/fdinfo/"*; then
		found_is 'eventfd-semaphore?'
	else # before Linux 6.6
		found_is -
	fi
}

@test "preflight: memory, processes, namespaces" {
	each_line listed tasks
}

@test "preflight: mounts that processes have made" {
	each_line listed mounts
}

@test "preflight: a unix stream with somebody outside cannot be saved at all" {
	serve unix-serve
	hold unix-stream /out/s
	wait_until has_accepted
	dry_run --ext-unix-sk
	found_is unix-stream-outside
	same "unix socket to $T/out/s" "$(jq -r '.findings[0].object' "$T/found.json")"
}

@test "preflight: unix datagrams to somebody outside" {
	serve unix-serve-datagram
	hold unix-datagram /out/s
	dry_run --ext-unix-sk
	found_is unix-unseen-outside
	delete_ctr
	# in one network namespace CRIU finds it
	without_namespace network
	base_filter=$filter
	hold unix-datagram /out/s
	dry_run
	found_is unix-outside
	same "unix socket to $T/out/s" "$(jq -r '.findings[0].object' "$T/found.json")"
	dry_run --ext-unix-sk
	found_is -
}

@test "preflight: descriptors from outside, but for the first three" {
	keep=1 hold file /tmp/x 3</etc/hostname
	dry_run
	found_is file-outside
	same "[$pid,3,\"/etc/hostname\"]" "$(jq -c '.findings[0] | [.pid, .fd, .object]' "$T/found.json")"
	delete_ctr

	keep=1 hold file /tmp/x 3</dev/ptmx
	dry_run
	found_is tty-outside
	delete_ctr

	keep=1 hold file /tmp/x 3> >(cat >/dev/null)
	dry_run
	found_is 'pipe-outside?'
	delete_ctr

	keep=1 hold file /tmp/x 3<>/dev/udp/127.0.0.1/9
	dry_run
	found_is 'socket-moved?'
	delete_ctr

	hold_activated
	dry_run
	found_is socket-elsewhere
	delete_ctr

	# both ends
	keep=2 hold file /tmp/x 3<"$T/held" 4<"$T/held"
	dry_run
	found_is -
}

@test "preflight: devices" {
	[ -c /dev/fuse ] || need /dev/fuse
	config '.linux.devices = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}]' \
		'.linux.resources.devices += [{"allow": true, "type": "c", "major": 10, "minor": 229,
			"access": "rwm"}]'
	base_filter=$filter
	hold open /dev/fuse
	dry_run
	found_is device
	same '/dev/fuse (character device 10:229)' "$(jq -r '.findings[0].object' "$T/found.json")"
}

@test "preflight: what ctr exec has started is no descendant of init" {
	hold file /tmp/x
	"$CTR" --root "$root" exec -d "$tag" holder file /tmp/y </dev/null >"$T/second" 2>&1
	wait_until grep -q ready "$T/second"
	dry_run
	found_is 'task-outside-tree?'
}

@test "preflight: shared memory of the host's ipc namespace" {
	without_namespace ipc
	config '.mounts |= map(select(.destination != "/dev/mqueue"))' 'del(.linux.sysctl)'
	base_filter=$filter
	hold sysv
	dry_run
	found_is sysv-shared
}

@test "preflight: in a user namespace, and paused" {
	user_namespace
	base_filter=$filter
	chmod 777 "$rootfs/tmp"
	hold tcp
	ctr pause "$tag"
	dry_run
	found_is tcp-connected
	same paused "$(state_of)"
	ctr resume "$tag"
	ok
}

@test "preflight: all that is in the way is named in the refusal, and nothing happens" {
	hold tcp , flock /tmp/x , pidfd
	ctr checkpoint --image-path "$T/images" "$tag"
	same 3 "$status"
	same '' "$output"
	[[ $stderr == "ctr: checkpoint $tag: "* && $stderr != *$'\n'* ]]
	output=$stderr
	has "holder[$pid] fd 4: tcp 127.0.0.1:" 'it is a TCP connection, which has another end' \
		"holder[$pid] fd 6: /tmp/x (FLOCK ADVISORY WRITE): the file is locked" \
		"holder[$pid] fd 7: anon_inode:[pidfd]: this CRIU cannot save a pidfd" '; --tcp-established, here and at restore'
	[ ! -e "$T/images" ]
	same running "$(state_of)"
}

@test "preflight: the table, for people" {
	hold file /tmp/x
	ctr checkpoint --dry-run "$tag"
	is 'nothing is in the way of a checkpoint'
	delete_ctr
	hold io_uring , overlay
	ctr checkpoint --dry-run "$tag"
	same 3 "$status"
	same '' "$stderr"
	same "certain   io-uring               holder[$pid] fd 3: anon_inode:[io_uring]
            no CRIU can save an io_uring
            help: have the program use epoll; many have a switch for that
possible  mount-overlay          /tmp/c (overlay)
            an overlay that was mounted in the container may not find its layers again
            help: end containers that run in the container" "$output"
}

@test "preflight: without criu it is listed all the same, and said" {
	hold io_uring
	capture "$CTR" --root "$root" --criu /nowhere/criu checkpoint --dry-run --format json "$tag"
	same 3 "$status"
	same io-uring "$(jq -r '.findings[].what' <<<"$output")"
	[[ $stderr == *warning*criu* ]]
}

@test "preflight: what cannot be asked for" {
	ctr checkpoint --dry-run "$tag"
	fails "'$tag' does not exist"
	ctr checkpoint --dry-run --pre-dump "$tag"
	fails 'options --dry-run and --pre-dump exclude each other'
	ctr checkpoint --dry-run --no-preflight "$tag"
	fails 'options --dry-run and --no-preflight exclude each other'
	args sh -c :
	start_bundle
	wait_until is_stopped
	ctr checkpoint --dry-run "$tag"
	fails 'cannot be checkpointed in stopped state'
}
