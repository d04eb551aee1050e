# SPDX-License-Identifier: GPL-2.0-or-later
# An ordinary user: no privileges, no set-up. Its own namespaces are all that there is.

load lib
load life
load rootless
setup() { user_setup; }
teardown() { user_teardown; }

# --- run, and what it is ---

@test "rootless: spec --rootless and run, with nothing else said" {
	cd "$T/home"
	rm config.json
	mv "$rootfs" rootfs
	as_user "$CTR" spec --rootless
	jq '.process.terminal = false | .process.args = ["payload", "ids"]' config.json >new
	mv new config.json
	ctr run ./
	ok
	has 'uid=0,0,0 gid=0,0,0'
	same 700 "$(stat -c %a "$T/run" | sed s/^1//)"
	same "1700 $user" "$(stat -c '%a %u' "$root")"
}

@test "rootless: the caller is root of its user namespace, and keeps no right to change groups" {
	run_sh 'cat /proc/self/setgroups; read -r a b c </proc/self/uid_map; echo $a $b $c; read -r a b c </proc/self/gid_map; echo $a $b $c'
	is "deny
0 $user 1
0 $user 1"
}

@test "rootless: the exit code is the program's" {
	run_sh 'exit 3'
	same 3 "$status"
	run_sh 'kill -9 $$; exit 1'
	same 1 "$status"
}

@test "rootless: a program that is not root there, and maps that have no root" {
	config ".process.user = {uid: 1000, gid: 1000}" \
		'.linux.uidMappings[0].containerID = 1000' '.linux.gidMappings[0].containerID = 1000'
	run_payload ids , caps
	ok
	has 'uid=1000,1000,1000 gid=1000,1000,1000'
}

@test "rootless: an id that is not mapped is an error" {
	config '.process.user.uid = 7'
	run_payload ids
	fails '7 is not mapped in linux.uidMappings' '/process/user/uid'
}

@test "rootless: mounts, devices, masks" {
	run_sh 'echo x >/dev/null; read -r x </dev/zero & [ -c /dev/tty ] && ls /sys >/dev/null
		echo 1 >/proc/sys/kernel/domainname; echo x >/sys/kernel/profiling; ls /proc/acpi /sys/firmware
		touch /x; touch /dev/shm/x && echo shm'
	same 0 "$status"
	same shm "$(grep shm <<<"$output")"
	[[ $stderr == *'/proc/sys/kernel/domainname: Read-only'* && $stderr == *'/sys/kernel/profiling: '* ]]
	[[ $stderr == *'/x: Read-only file system'* ]]
}

@test "rootless: nothing below /sys can be written, host's cgroups neither" {
	run_sh "grep ' /sys' /proc/self/mountinfo | cut -d' ' -f5,6 | grep -v ' ro'; :"
	is ''
}

@test "rootless: a terminal" {
	local out
	config '.process.terminal = true'
	args payload tty
	write_config
	out=$("$lib_dir/pty" expect=/dev/pts/0 -- env place=plain setpriv --reuid "$user" --regid "$user" --clear-groups \
		env XDG_RUNTIME_DIR="$T/run" "$CTR" run "$bundle")
	[[ $out == *'/dev/pts/0'* ]]
}

@test "rootless: hooks run as the user" {
	hook createRuntime "id -u >$T/home/runtime"
	hook createContainer "id -u >$T/home/container"
	hook poststop "id -u >$T/home/poststop"
	run_sh 'echo ran'
	is ran
	same "$user" "$(cat "$T/home/runtime")"
	same 0 "$(cat "$T/home/container")"
	same "$user" "$(cat "$T/home/poststop")"
}

@test "rootless: create, start, logs in json, delete" {
	args sh -c 'echo started >/dev/shm/x; exec payload sleep'
	write_config
	ctr create -b "$bundle" "$tag"
	ok
	same created "$(state_of)"
	ctr start "$tag"
	ok
	same running "$(state_of)"
	ctr --log "$T/home/log" --log-format json start "$tag"
	fails 'already running'
	jq -e 'select(.msg | contains("already running")) | .level == "error"' "$T/home/log"
	ctr delete "$tag"
	fails 'not stopped'
	delete_ctr
}

# --- the other verbs ---

@test "rootless: list, state, ps, exec, kill and wait of a detached container" {
	start_payload sleep
	ok
	ctr list
	has "$tag" running
	ctr state "$tag"
	same "$user" "$(jq -r .owner <<<"$output")"
	ctr ps -f json "$tag"
	is "[$pid]"
	ctr ps "$tag"
	has 'payload sleep' "$pid"
	ctr exec "$tag" payload ids , ns user pid mnt net
	ok
	has 'uid=0,0,0 gid=0,0,0' "$(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$pid/ns/pid")"
	ctr exec "$tag" sh -c 'exit 9'
	same 9 "$status"
	ctr exec --user 5 "$tag" payload ids
	same 255 "$status"
	[[ $stderr == *'not mapped'* ]]
	ctr exec -g 0 "$tag" payload ids
	same 255 "$status"
	[[ $stderr == *'additional groups cannot be set: the user namespace denies setgroups'* ]]
	ctr kill "$tag" KILL
	ok
	wait_until is_stopped
	ctr exec "$tag" payload ids
	same 255 "$status"
	ctr delete "$tag"
	is ''
	ctr list -q
	is ''
}

@test "rootless: ps and kill --all find all processes without a cgroup, those of nested pid namespaces too" {
	config '.process.noNewPrivileges = true' 'del(.linux.seccomp)' \
		'.process.capabilities |= with_entries(.value = ["CAP_SYS_ADMIN", "CAP_KILL"])'
	args sh -c 'trap : USR1; busybox sleep 500 & busybox unshare -p -f busybox sleep 600 & while :; do busybox sleep 0.1; done'
	start_bundle
	wait_until has_sleeps
	ctr ps "$tag"
	has 'sleep 500' 'sleep 600'
	ctr kill --all "$tag" USR1
	same 0 "$status" # the shell says on its stderr that its child was killed
	wait_until has_no_sleeps
	same running "$(state_of)"
	ctr kill --all "$tag" KILL
	ok
	wait_until is_stopped
	delete_ctr
}

has_sleeps() {
	ctr ps "$tag"
	grep -q 'busybox sleep 500$' <<<"$output" && grep -q ' busybox sleep 600$' <<<"$output"
}

has_no_sleeps() {
	ctr ps "$tag"
	refute grep -q 'busybox sleep 500$' <<<"$output"
}

@test "rootless: wait reports the exit code to a stranger" {
	start_payload sleep
	as_user "$CTR" wait "$tag" >"$T/waited" 2>&1 3>&- &
	local waiter=$!
	sleep 0.3
	ctr kill "$tag" KILL
	wait "$waiter" || true
	grep -q -e '^137$' -e 'not recorded' "$T/waited"
	case $(uname -r) in
	[7-9].* | 6.1[5-9].* | 6.[2-9][0-9].*) same 137 "$(cat "$T/waited")" ;;
	esac
	delete_ctr
}

@test "rootless: delete --force ends all processes before it returns" {
	args sh -c 'trap "" TERM; busybox sleep 500 & busybox sleep 501 & wait'
	start_bundle
	wait_until is_running_twice
	delete_ctr
	refute pgrep -u "$user" -f 'busybox sleep 50[01]'
}

is_running_twice() {
	ctr ps "$tag"
	[[ $output == *'sleep 500'* && $output == *'sleep 501'* ]]
}

@test "rootless: pause without a cgroup says what would be needed" {
	start_payload sleep
	ctr pause "$tag"
	fails 'freeze a container without a cgroup' 'systemd-run --user --scope -p Delegate=yes'
	ctr resume "$tag"
	fails 'not paused'
	delete_ctr
}

@test "rootless: features are those of root" {
	ctr features
	ok
	jq -e '.linux.namespaces | index("user")' <<<"$output"
}

@test "rootless: readiness of a service" {
	args sh -c 'payload notify READY=1; exec payload sleep'
	write_config
	(cd "$T/home" && exec "$lib_dir/peer" manager "$T/home/notify") >"$T/heard" 2>&1 3>&- &
	local manager=$!
	wait_until test -S "$T/home/notify"
	chmod 777 "$T/home/notify"
	mkdir -m 777 "$rootfs/run"
	more_env="NOTIFY_SOCKET=$T/home/notify" ctr run -d --pid-file "$T/home/pid" -b "$bundle" "$tag"
	ok
	wait "$manager"
	grep -q "MAINPID=$(cat "$T/home/pid")" "$T/heard"
	delete_ctr
}

# --- where state is kept ---

@test "rootless: without XDG_RUNTIME_DIR state is in /tmp, in a directory that is the user's" {
	user=20$((RANDOM % 900 + 100))
	local dir=/tmp/ctr-$user
	[ ! -e "$dir" ] || skip "$dir is there"
	chown -R "$user" "$bundle"
	config ".linux.uidMappings[0].hostID = $user"
	config ".linux.gidMappings[0].hostID = $user"
	args payload ids
	write_config
	capture env -u XDG_RUNTIME_DIR setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" run "$bundle"
	ok
	same "1700 $user" "$(stat -c '%a %u' "$dir")"
	rm -rf "$dir"
	mkdir "$dir"
	capture env -u XDG_RUNTIME_DIR setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" run "$bundle"
	rmdir "$dir"
	fails "$dir" 'belongs to, or can be written by, others'
	ln -s "$T/home" "$dir"
	chown "$user" "$T/home"
	capture env -u XDG_RUNTIME_DIR setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" run "$bundle"
	rm "$dir"
	fails "$dir" 'not a directory'
}

@test "rootless: an XDG_RUNTIME_DIR that is not absolute is refused" {
	capture env XDG_RUNTIME_DIR=here setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" list
	fails "XDG_RUNTIME_DIR 'here' is not an absolute path" '--root'
}

# --- maps with subordinate ids ---

@test "rootless: newuidmap and newgidmap write maps of more than one id, and groups can be set" {
	need_uidmap
	subordinate_ids
	config '.process.user = {uid: 33, gid: 44, additionalGids: [55]}'
	run_payload ids
	ok
	has 'uid=33,33,33 gid=44,44,44' 'groups=55'
	run_sh 'cat /proc/self/setgroups; read -r a b c </proc/self/uid_map; echo $a $b $c'
	is "allow
0 $user 1"
}

@test "rootless: only subordinate ids: root inside is none of the user's own" {
	need_uidmap
	place=subids
	config '.linux.uidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}' \
		'.linux.gidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}' '.process.oomScoreAdj = 300'
	run_sh 'read -r a b c </proc/self/uid_map; echo $a $b $c; cat /proc/self/oom_score_adj'
	is '0 300000 65536
300'
}

@test "rootless: exec where groups can be set" {
	need_uidmap
	subordinate_ids
	start_payload sleep
	ctr exec -u 7:8 -g 9 "$tag" payload ids
	ok
	has 'uid=7,7,7 gid=8,8,8' 'groups=9'
	delete_ctr
}

@test "rootless: ids that are not the user's: what newuidmap said, and what to do" {
	need_uidmap
	subordinate_ids 900000
	run_payload ids
	fails 'newuidmap refused the id map' '900000' 'not allowed' '(config.json /linux/uidMappings)' \
		"'$user:100000:65536' in /etc/subuid"
}

@test "rootless: without newuidmap: which package has it" {
	need_uidmap
	subordinate_ids
	write_config
	export HIDE
	HIDE=$(type -P newuidmap)
	capture env -i PATH="$PATH" HIDE="$HIDE" "$lib_dir/with-ids" "$user" "$T/ids" \
		setpriv --reuid "$user" --regid "$user" --clear-groups env XDG_RUNTIME_DIR="$T/run" "$CTR" run "$bundle"
	unset HIDE
	fails 'this id map needs newuidmap, which is not installed' 'package uidmap' 'spec --rootless'
}

@test "rootless: a map of another user's id is refused" {
	config '.linux.uidMappings[0].hostID = 0'
	run_payload ids
	fails '(config.json /linux/uidMappings)'
	[[ $stderr == *newuidmap* ]]
}

# --- what the host forbids ---

@test "rootless: no user namespaces on this host: the error names the switch" {
	args payload ids
	write_config
	# the limit of a user namespace counts for those below it
	place='nested -Ur'
	# shellcheck disable=SC2016 # for the other shell
	capture as_user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' - "$CTR" run "$bundle"
	fails "create the container's process and namespaces" 'sysctl -w user.max_user_namespaces='
}

@test "rootless: without a user namespace nothing goes" {
	without_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	run_payload ids
	fails "a container without a user namespace needs root's privileges" '/linux/namespaces' 'spec --rootless'
}

@test "rootless: idmapped mounts are refused" {
	mount_entry /mnt bind "$T/home" bind idmap
	run_payload ids
	fails "mount '/mnt': an idmapped mount needs root's privileges" '/mounts/7/options' 'run as root'
}

@test "rootless: groups that cannot be set are refused" {
	config '.process.user.additionalGids = [0]'
	run_payload ids
	fails 'additional groups cannot be set' '/process/user/additionalGids' '/etc/subgid'
}

@test "rootless: oom_score_adj can be raised; lowering it is left out" {
	config '.process.oomScoreAdj = 200'
	run_sh 'cat /proc/self/oom_score_adj'
	is 200
	config '.process.oomScoreAdj = -900'
	run_sh 'cat /proc/self/oom_score_adj'
	is "$(cat /proc/self/oom_score_adj)"
}

@test "rootless: a source that only others may reach" {
	mkdir -m 700 "$T/secret" "$T/secret/dir" # root's
	mount_entry /mnt bind "$T/secret/dir" bind
	run_payload ids
	fails "$T/secret/dir" 'permission denied' '/mounts/7/source'
}

# --- mounts that are locked ---

# A mount of the host with flags that a user namespace cannot take away: locked FLAGS COMMAND...
locked() {
	local flags=$1
	shift
	mkdir -p "$T/locked"
	capture unshare -m --propagation private sh -c 'mount -t tmpfs -o "$1,mode=777" tmpfs "$2" && shift 2 && exec "$@"' - \
		"$flags" "$T/locked" env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/run" \
		setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

@test "rootless: flags of the host's mounts are kept" {
	mount_entry /mnt bind "$T/locked" bind
	mkdir "$rootfs/mnt"
	args payload mounts /mnt
	write_config
	locked ro,nosuid,nodev,noexec,noatime "$CTR" run "$bundle"
	ok
	has 'ro,nosuid,nodev,noexec,noatime'
}

@test "rootless: more flags can be added, by mount and by remount" {
	mount_entry /mnt bind "$T/locked" bind ro nosuid
	mount_entry /mnt bind '' remount bind nodev
	mkdir "$rootfs/mnt"
	args payload mounts /mnt
	write_config
	locked noexec "$CTR" run "$bundle"
	ok
	has 'ro,nosuid,nodev,noexec'
}

@test "rootless: taking flags away is an error that names them" {
	mount_entry /mnt bind "$T/locked" bind rw
	mkdir "$rootfs/mnt"
	args payload mounts /mnt
	write_config
	locked ro,nosuid "$CTR" run "$bundle"
	fails "the host locks flags of this mount 'ro,nosuid" '/mounts/7/source' 'leave out the options'
	config '.mounts[7].options = ["bind"]'
	mount_entry /mnt bind '' remount bind suid
	write_config
	locked nosuid "$CTR" run "$bundle"
	fails "remount '/mnt'" "locks flags of this mount 'nosuid" '/mounts/8'
}

@test "rootless: a tree with mounts below is bound with them, or not at all" {
	mkdir "$rootfs/mnt"
	mount_entry /mnt bind /dev bind
	run_payload mounts /mnt
	fails "copy the mount of '/dev'" '/mounts/7/source' 'use rbind'
	config '.mounts[7].options = ["rbind"]'
	run_payload mounts /mnt
	ok
}

@test "rootless: a sysfs without a network namespace of its own is the host's, bound" {
	config '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "sysfs", source: "sysfs",
		options: ["nosuid", "ro"]} else . end)'
	run_payload mounts /sys
	ok
	has '/sys sysfs ro,nosuid'
	config '.linux.namespaces += [{"type": "network"}]'
	run_payload mounts /sys , ifflags lo
	ok
	has '/sys sysfs ro,nosuid' 'lo up'
}

# --- cgroups ---

@test "rootless: no cgroup may be made, and none is needed" {
	start_payload sleep
	ok
	same none "$(jq -r .cgroup.driver "$root/$tag/state.json")"
	same "$(cat /proc/self/cgroup)" "$(cat "/proc/$pid/cgroup")"
	delete_ctr
	config 'del(.linux.namespaces[] | select(.type == "cgroup"))'
	run_payload mounts /sys/fs/cgroup
	ok
	has '/sys/fs/cgroup cgroup2 ro'
}

@test "rootless: a limit or a named path is an error without a cgroup" {
	local path
	config '.linux.cgroupsPath = "/ctr-test-'"$tag"'"'
	run_payload ids
	fails 'create cgroup' 'permission denied' 'systemd-run --user --scope -p Delegate=yes' 'remove linux.resources'
	config 'del(.linux.cgroupsPath)' '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	run_payload ids
	fails 'create cgroup' 'permission denied' 'Delegate=yes'
}

@test "rootless: --rootless false wants a cgroup, true and auto do without" {
	args payload exit 0
	write_config
	ctr --rootless false run "$bundle"
	fails 'create cgroup' 'permission denied'
	ctr --rootless true run "$bundle"
	ok
	ctr --rootless auto run "$bundle"
	ok
	ctr --rootless maybe run "$bundle"
	fails 'maybe'
}

@test "rootless: without a cgroup and a pid namespace its processes could not be found" {
	without_namespace pid
	run_payload ids
	fails 'needs a pid namespace of its own' '/linux/namespaces' 'Delegate=yes'
}

@test "rootless: in a delegated subtree the container gets a cgroup beside the caller's" {
	args sh -c 'busybox sleep 100 & exec busybox sleep 101'
	config '.linux.resources.unified = {"cgroup.max.descendants": "5"}'
	write_config
	delegated "$CTR" run -d --pid-file "$T/run/pid" -b "$bundle" "$tag"
	ok
	pid=$(cat "$T/run/pid")
	same "0::/$tag/ctr-$tag" "$(grep ^0:: "/proc/$pid/cgroup")"
	same 5 "$(cat "$(cgroup2)/$tag/ctr-$tag/cgroup.max.descendants")"
	delegated "$CTR" pause "$tag"
	ok
	same paused "$(state_of)"
	delegated "$CTR" resume "$tag"
	ok
	delegated "$CTR" exec "$tag" busybox grep ^0:: /proc/self/cgroup
	ok
	delegated "$CTR" ps -f json "$tag"
	same 2 "$(jq length <<<"$output")"
	delegated "$CTR" delete -f "$tag"
	ok
	[ ! -e "$(cgroup2)/$tag/ctr-$tag" ]
	undelegate
}

@test "rootless: with a cgroup no pid namespace is needed" {
	without_namespace pid
	config '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc",
		options: ["rbind"]} else . end)'
	args sh -c 'busybox sleep 100 & exec busybox sleep 101'
	write_config
	delegated "$CTR" run -d -b "$bundle" "$tag"
	ok
	delegated "$CTR" delete -f "$tag"
	ok
	undelegate
}

@test "rootless: where only the caller's own cgroup is the user's, it is below that" {
	local parent
	args busybox sleep 100
	write_config
	parent=$(cgroup2)/$tag
	mkdir "$parent"
	chown "$user" "$parent" "$parent/cgroup.procs" "$parent/cgroup.subtree_control"
	capture sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' - "$parent" \
		env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/run" CTR_TEST_TAG="$tag" \
		setpriv --reuid "$user" --regid "$user" --clear-groups "$CTR" run -d --pid-file "$T/run/pid" -b "$bundle" "$tag"
	ok
	same "0::/$tag/ctr-$tag" "$(grep ^0:: "/proc/$(cat "$T/run/pid")/cgroup")"
	delete_ctr
	rmdir "$parent"
}

@test "rootless: start names the operation that failed" {
	hook startContainer 'exit 9'
	args sh -c ':'
	write_config
	ctr create -b "$bundle" "$tag"
	ok
	ctr start "$tag"
	fails "start $tag" 'run hook' 'exit status 9' '/hooks/startContainer/0'
	delete_ctr
}

# --- clocks ---

later() {
	config '.linux.namespaces += [{"type": "time"}]' \
		'.linux.timeOffsets = {"boottime": {"secs": 864000}, "monotonic": {"secs": 7, "nanosecs": 999999999}}'
}

offsets() {
	run_sh 'tr -s " " </proc/self/timens_offsets'
	is $'monotonic 7 999999999\nboottime 864000 0'
}

@test "rootless: time offsets, whoever of the user namespace is root" {
	[ -e /proc/self/ns/time ] || need 'time namespaces'
	later
	offsets
	config '.process.user = {uid: 1000, gid: 1000}' \
		'.linux.uidMappings[0].containerID = 1000' '.linux.gidMappings[0].containerID = 1000'
	offsets
	config '.linux.timeOffsets.boottime.secs = -4000000000'
	run_payload ids
	fails "set the offset of the clock 'boottime' to -4000000000 s: numerical result out of range" \
		'(config.json /linux/timeOffsets/boottime)' 'before its beginning'
}

@test "rootless: time offsets, where root is none of the user's own ids" {
	[ -e /proc/self/ns/time ] || need 'time namespaces'
	need_uidmap
	place=subids
	config '.linux.uidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}' \
		'.linux.gidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}'
	later
	offsets
}

# --- scheduling ---

@test "rootless: scheduler and ioPriority of a program with other ids than the user's, for exec as well" {
	need_uidmap
	place=subids
	config '.linux.uidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}' \
		'.linux.gidMappings[0] = {containerID: 0, hostID: 300000, size: 65536}' \
		'.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5}' '.process.user = {uid: 33, gid: 44}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
	run_payload sched , ioprio
	is $'policy=3 nice=5 priority=0 flags=0\nclass=2 priority=6'
	start_payload sleep
	ctr exec "$tag" payload sched , ioprio
	is $'policy=3 nice=5 priority=0 flags=0\nclass=2 priority=6'
	delete_ctr
	config '.process.scheduler.nice = -5'
	run_payload sched
	fails 'set the scheduler SCHED_BATCH, nice -5: operation not permitted' '(config.json /process/scheduler)' CAP_SYS_NICE
}

@test "rootless: validate knows what an ordinary user can do" {
	args payload ids
	config '.process.oomScoreAdj = -10'
	write_config
	ctr validate "$bundle"
	ok
	need_uidmap
	subordinate_ids
	write_config
	ctr validate "$bundle"
	ok
	has '/linux/uidMappings' 'need a range for it in /etc/subuid'
	without_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	write_config
	ctr validate "$bundle"
	same 1 "$status"
	has '/linux/namespaces' 'spec --rootless'
}
