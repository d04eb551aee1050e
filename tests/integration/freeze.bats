# SPDX-License-Identifier: GPL-2.0-or-later
# Stopping everything at once: pause and resume, and ending containers that make it hard.

load lib
setup() {
	ctr_setup
	v2=$(while read -r _ mount type _; do [ "$type" = cgroup2 ] && echo "$mount" && break; done </proc/self/mounts)
}
teardown() {
	hungfs_end
	ctr_teardown
}

# A filesystem in which lookups hang, at /hung of the container. Its server ends with the end of its input.
hungfs_start() {
	[ -c /dev/fuse ] || need '/dev/fuse'
	mkdir "$T/hung"
	mkfifo "$T/hold"
	env -u CTR_TEST_TAG "${CTR_HELPERS:?}/hungfs" "$T/hung" <"$T/hold" >"$T/hungfs.out" &
	hungfs=$!
	exec 9>"$T/hold"
	wait_until grep -q ready "$T/hungfs.out"
	mount_entry /hung bind "$T/hung" bind
}

hungfs_end() {
	[ -n "${hungfs:-}" ] || return 0
	exec 9>&-
	wait "$hungfs" || true
	hungfs=''
}

hangs() {
	local task
	while read -r task; do
		! grep -q request_wait_answer "/proc/$task/wchan" || return 0
	done <"$v2/ctr/$tag/cgroup.procs"
	return 1
}

@test "pause: all stand still, resume: all go on" {
	args sh -c 'while :; do echo x >>/tmp/log; sleep 0.01; done'
	config '.root.readonly = false'
	start_bundle
	wait_until test -s "$rootfs/tmp/log"
	ctr pause "$tag"
	is ''
	same paused "$(state_of)"
	# who did it: this shell
	same "[$$,0,\"$(cat /proc/$$/comm)\"]" "$("$CTR" --root "$root" state "$tag" |
		jq -c '."ctr.pausedBy" | [.pid, .uid, .command]')"
	before=$(wc -c <"$rootfs/tmp/log")
	sleep 0.2
	same "$before" "$(wc -c <"$rootfs/tmp/log")"
	ctr pause "$tag"
	fails 'container not running: paused'
	ctr resume "$tag"
	is ''
	same running "$(state_of)"
	same null "$("$CTR" --root "$root" state "$tag" | jq '."ctr.pausedBy"')"
	grows() { [ "$(wc -c <"$rootfs/tmp/log")" -gt "$before" ]; }
	wait_until grows
	ctr resume "$tag"
	fails 'container not paused: running'
	delete_ctr
}

@test "pause: a task that does not freeze is named, and all go on" {
	hungfs_start
	start_payload stat /hung/x
	wait_until hangs
	ctr pause --timeout 300ms "$tag"
	fails "pause $tag: freeze cgroup '/ctr/$tag': in time, this would not: $pid (payload, D, request_wait_answer)"
	[[ $stderr != *'timed out'* ]]
	same 0 "$(cat "$v2/ctr/$tag/cgroup.freeze")"
	same running "$(state_of)"
	hungfs_end
	delete_ctr
}

@test "pause: one that is fenced meanwhile is not let go when it does not freeze in time" {
	local paused code=0
	hungfs_start
	start_payload stat /hung/x
	wait_until hangs
	"$CTR" --root "$root" pause --timeout 3s "$tag" 2>"$T/pause.err" &
	paused=$!
	wait_until grep -q 1 "$v2/ctr/$tag/cgroup.freeze"
	# as a host does that finds out that it has been replaced
	jq '.move = {token: "0", direction: "taken", peer: "there", since: "now", words: []}' \
		"$root/$tag/state.json" >"$T/state.json"
	cp "$T/state.json" "$root/$tag/state.json"
	wait "$paused" || code=$?
	[ "$code" -ne 0 ]
	grep -q 'in time, this would not' "$T/pause.err"
	same 1 "$(cat "$v2/ctr/$tag/cgroup.freeze")"
	hungfs_end
	ctr delete --force "$tag"
	is ''
}

@test "pause: only what did not freeze is named" {
	hungfs_start
	args sh -c 'payload sleep & payload stat /hung/x'
	start_bundle
	wait_until hangs
	ctr pause --timeout 300ms "$tag"
	fails '(payload, D, request_wait_answer) and 1 more'
	[[ $stderr != *'(payload, S'* ]]
	hungfs_end
	delete_ctr
}

@test "pause: a freeze that was given up half way can be resumed" {
	hungfs_start
	start_payload stat /hung/x
	wait_until hangs
	echo 1 >"$v2/ctr/$tag/cgroup.freeze"
	same running "$(state_of)"
	ctr resume "$tag"
	is ''
	same 0 "$(cat "$v2/ctr/$tag/cgroup.freeze")"
	hungfs_end
	delete_ctr
}

@test "pause: --timeout" {
	ctr pause --timeout soon nobody
	fails "pause nobody: option --timeout: 'soon' is not a duration" 'write it like 10s or 500ms'
}

@test "delete -f: a task that cannot be killed is named after ten seconds, and delete works when it is gone" {
	hungfs_start
	start_payload stat /hung/x
	wait_until hangs
	start=$SECONDS
	ctr delete -f "$tag"
	[ $((SECONDS - start)) -lt 14 ]
	fails "remove cgroup '/ctr/$tag', which still has $pid (payload, D, request_wait_answer)"
	hungfs_end
	delete_ctr
}

@test "delete -f, kill: of a paused container" {
	start_payload sleep
	ctr pause "$tag"
	ok
	ctr kill "$tag" KILL
	ok
	wait_until is_stopped
	delete_ctr
	start_payload sleep
	ctr pause "$tag"
	ok
	delete_ctr
}

@test "delete -f: while pause waits, which then ends as well" {
	local pause delete
	hungfs_start
	start_payload stat /hung/x
	wait_until hangs
	start=$SECONDS
	# without the descriptor that keeps the filesystem's server
	"$CTR" --root "$root" pause --timeout 20s "$tag" 2>"$T/pause.err" 9>&- 3>&- &
	pause=$!
	frozen() { [ "$(cat "$v2/ctr/$tag/cgroup.freeze")" = 1 ]; }
	wait_until frozen
	"$CTR" --root "$root" delete -f "$tag" 9>&- 3>&- &
	delete=$!
	killed() { grep -q '^SigPnd:.*1..$\|^ShdPnd:.*1..$' "/proc/$pid/status"; }
	wait_until killed
	kill -0 "$pause"
	hungfs_end
	wait "$delete"
	wait "$pause" || true
	[ $((SECONDS - start)) -lt 8 ]
	[ ! -e "$v2/ctr/$tag" ]
}

@test "delete -f: processes that fork as fast as they can" {
	# at most a few hundred at a time: this host has no pids controller to stop it
	args sh -c 'n=0; while :; do (sleep 0.05 & sleep 0.05 & :) & n=$((n + 1)); [ $((n % 50)) -ne 0 ] || wait; done'
	start_bundle
	sleep 0.5
	start=$SECONDS
	delete_ctr
	[ $((SECONDS - start)) -lt 5 ]
}

@test "delete -f: cgroups that the container made, 200 deep and 10000 wide" {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	args sh -c 'cd /sys/fs/cgroup; i=0; while [ $i -lt 10000 ]; do echo w$i; i=$((i + 1)); done | xargs busybox mkdir
		i=0; while [ $i -lt 200 ]; do mkdir n && cd n || exit; i=$((i + 1)); done
		echo 0 >cgroup.procs; echo made >/tmp/made; exec sleep 1000'
	ln -sf busybox "$rootfs/bin/xargs"
	ln -sf busybox "$rootfs/bin/mkdir"
	config '.root.readonly = false'
	start_bundle
	made() { [ -s "$rootfs/tmp/made" ]; }
	for _ in 1 2 3 4 5 6; do
		! wait_until made 2>/dev/null || break
	done
	made
	[ "$(find "$v2/ctr/$tag" -type d | wc -l)" -eq 10201 ]
	same "[$pid]" "$("$CTR" --root "$root" ps -f json "$tag")"
	delete_ctr
	[ ! -e "$v2/ctr/$tag" ]
}

@test "delete -f: strangers in a cgroup that was there before hold nobody up, and stay" {
	mkdir -p "$v2/ctr/$tag-mine"
	config ".linux.cgroupsPath = \"/ctr/$tag-mine\"" \
		'.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	args sh -c 'mkdir /sys/fs/cgroup/below; sleep 1000'
	start_bundle
	env -u CTR_TEST_TAG sleep 100 &
	stranger=$!
	echo "$stranger" >"$v2/ctr/$tag-mine/cgroup.procs"
	start=$SECONDS
	ctr delete -f "$tag"
	taken=$((SECONDS - start))
	left=$(cat "$v2/ctr/$tag-mine/cgroup.procs")
	kill "$stranger"
	wait "$stranger" 2>/dev/null || true
	wait_until rmdir "$v2/ctr/$tag-mine"
	is ''
	same "$stranger" "$left"
	[ "$taken" -lt 3 ]
}

@test "delete -f: in such a cgroup, with the host's pid namespace, what is left is named" {
	mkdir -p "$v2/ctr/$tag-mine"
	config ".linux.cgroupsPath = \"/ctr/$tag-mine\""
	without_namespace pid
	start_payload sleep
	env -u CTR_TEST_TAG sleep 100 &
	stranger=$!
	echo "$stranger" >"$v2/ctr/$tag-mine/cgroup.procs"
	ctr delete -f "$tag"
	kill "$stranger"
	wait "$stranger" 2>/dev/null || true
	fails "which still has $stranger (sleep," 'shares its pid namespace'
	delete_ctr
	wait_until rmdir "$v2/ctr/$tag-mine"
}
