# SPDX-License-Identifier: GPL-2.0-or-later
# The statements of the runtime specification about a container's life: one test each, named by the
# number that doc/CONFORMANCE.md gives it.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "L1: state without an id, or of an unknown one" {
	ctr state
	fails 'state' 'argument is missing'
	ctr state none
	fails "container 'none' does not exist"
}

@test "L2: create without config.json, without an id, with a bad id" {
	create_again
	fails 'config.json' 'no such file or directory'
	ctr create -b "$bundle"
	fails 'argument is missing'
	for id in '' . .. a/b ../x 'a b' $'a\nb' .hidden é; do
		write_config
		ctr create -b "$bundle" -- "$id"
		fails 'container id'
	done
	nothing_left
}

@test "L2: create of an id that is taken, in every state, changes nothing" {
	create_payload sleep
	ok
	taken created
	ctr start "$tag"
	taken running
	ctr pause "$tag"
	taken paused
	ctr resume "$tag"
	ctr kill "$tag" KILL
	wait_until is_stopped
	taken stopped
	delete_ctr
}

taken() {
	local before
	before=$("$CTR" --root "$root" state "$tag")
	same "$1" "$(jq -r .status <<<"$before")"
	ctr create -b "$bundle" "$tag"
	fails "$tag" 'already exists'
	same "$before" "$("$CTR" --root "$root" state "$tag")"
}

@test "L3: after create everything is in effect, and the program does not run" {
	config '.hostname = "made"' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
		'.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 78}]' \
		'.process.oomScoreAdj = 123' '.root.readonly = false'
	create_payload touch /tmp/ran
	ok
	same '' "$(ls "$rootfs/tmp")"
	same created "$(state_of)"
	same "$pid" "$("$CTR" --root "$root" state "$tag" | jq .pid)"
	for ns in pid net ipc uts mnt cgroup; do
		[ "$(readlink "/proc/self/ns/$ns")" != "$(readlink "/proc/$pid/ns/$ns")" ]
	done
	[[ $(cgroup_of "$pid") == *"/$tag" ]]
	grep -q '^Max open files  *77  *78 ' "/proc/$pid/limits"
	same 123 "$(cat "/proc/$pid/oom_score_adj")"
	same 'made (none)' "$(nsenter -t "$pid" -m -u /bin/payload uname)"
	same 1 "$(nsenter -t "$pid" -m -n /bin/payload read /proc/sys/net/ipv4/ip_forward)"
	[ -c "/proc/$pid/root/dev/null" ]
	grep -q ' /dev/mqueue ' "/proc/$pid/mountinfo"
	ctr start "$tag"
	ok
	wait_until test -e "$rootfs/tmp/ran"
	wait_until is_stopped
	delete_ctr
}

@test "L4: config.json edited or removed after create has no effect" {
	config '.annotations = {"which": "first"}'
	hook poststop "echo first >>$T/poststop"
	create_payload args first
	ok
	jq '.process.args = ["none"] | .hooks = {} | .annotations = {}' "$bundle/config.json" >"$T/new"
	mv "$T/new" "$bundle/config.json"
	ctr start "$tag"
	ok
	wait_until is_stopped
	same '[first]' "$(cat "$T/out")"
	ctr state "$tag"
	same first "$(jq -r .annotations.which <<<"$output")"
	ctr delete "$tag"
	ok
	same first "$(cat "$T/poststop")"
}

@test "L4: start and delete work when the bundle is gone" {
	hook poststop "cat >$T/poststop"
	create_payload sleep
	rm "$bundle/config.json"
	ctr start "$tag"
	ok
	rm -rf "$bundle"
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr delete "$tag"
	ok
	same stopped "$(jq -r .status "$T/poststop")"
}

@test "L5: an error in the config makes no container, and leaves nothing" {
	local n=0 base_filter=$filter change
	while read -r change; do
		filter="$base_filter | $change"
		create_bundle
		same 1 "$status"
		fails "create $tag"
		[ -z "$(ls "$root" 2>/dev/null)" ]
		[ ! -e "$T/pid" ]
		n=$((n + 1))
	done <<-'CHANGES'
		.ociVersion = "9.0.0"
		.root.path = "none"
		.process.args = []
		.process.args = ["/none"]
		.process.cwd = "relative"
		.process.user.uid = -1
		.process.rlimits = [{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]
		.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 9000000000, "hard": 9000000000}]
		.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "x"}]
		.mounts += [{"destination": "/x", "type": "bind", "source": "/nosuch", "options": ["bind"]}]
		.linux.namespaces += [{"type": "nosuch"}]
		.linux.namespaces |= map(if .type == "network" then .path = "/nosuch" else . end)
		.linux.sysctl = {"net.nosuch": "1"}
		.linux.devices = [{"path": "/dev/x", "type": "q", "major": 1, "minor": 1}]
		.linux.seccomp = {"defaultAction": "SCMP_ACT_NOSUCH"}
		.linux.resources.pids.limit = "many"
		.linux.cgroupsPath = "/a/../../b"
		.hooks.createRuntime = [{"path": "/nosuch"}]
		.hooks.createContainer = [{"path": "/nosuch"}]
	CHANGES
	same 19 "$n"
	nothing_left
}

@test "L5: what the kernel refuses half way leaves nothing, and the id is free" {
	config '.root.readonly = false' '.mounts += [{"destination": "/proc/sys/none/x", "type": "tmpfs", "source": "x"}]'
	create_payload exit 0
	fails "create $tag"
	nothing_left
	filter='.process.terminal = false'
	create_payload exit 0
	ok
	delete_ctr
}

# A failing hook of a kind that runs while the container is created.
failing_hook() {
	hook poststop "echo poststop >>$T/order"
	hook "$1" "echo $1 >>$T/order; echo because >&2; exit 7"
	create_payload sleep
	fails "create $tag" 'hook' 'exit status 7' 'because' "/hooks/$1/0"
	nothing_left
	same "$1"$'\npoststop' "$(cat "$T/order")"
	[ ! -e "$T/pid" ]
	filter='.process.terminal = false'
	create_payload exit 0
	ok
	delete_ctr
}

@test "L6: a prestart hook that fails" {
	failing_hook prestart
}

@test "L7: a createRuntime hook that fails" {
	failing_hook createRuntime
}

@test "L8: a createContainer hook that fails" {
	failing_hook createContainer
}

@test "L7, L8: the order of hooks; createContainer runs in the container's namespaces before pivot_root" {
	config '.root.readonly = false'
	hook createContainer "echo createContainer >>$T/order; cat /proc/self/mountinfo >$T/mountinfo;
		readlink /proc/self/ns/uts >$T/uts"
	hook createRuntime "echo createRuntime >>$T/order; readlink /proc/self/ns/mnt >$T/mnt"
	hook prestart "echo prestart >>$T/order"
	hook startContainer "echo startContainer >>/tmp/order"
	hook poststart "cat $rootfs/tmp/order >>$T/order; echo poststart >>$T/order"
	hook poststop "echo poststop >>$T/order"
	create_payload sleep
	ok
	same $'prestart\ncreateRuntime\ncreateContainer' "$(cat "$T/order")"
	same "$(readlink /proc/self/ns/mnt)" "$(cat "$T/mnt")"
	same "$(readlink "/proc/$pid/ns/uts")" "$(cat "$T/uts")"
	grep -qF "$rootfs" "$T/mountinfo"
	ctr start "$tag"
	ok
	delete_ctr
	same $'prestart\ncreateRuntime\ncreateContainer\nstartContainer\npoststart\npoststop' "$(cat "$T/order")"
}

@test "L9: startContainer runs at start, in the container, before the program" {
	config '.root.readonly = false'
	hook startContainer 'echo hook >>/tmp/order'
	args sh -c 'echo program >>/tmp/order'
	create_bundle
	ok
	[ ! -e "$rootfs/tmp/order" ]
	ctr start "$tag"
	ok
	wait_until is_stopped
	same $'hook\nprogram' "$(cat "$rootfs/tmp/order")"
	delete_ctr
}

@test "L9: startContainer that fails: start fails, the container is stopped, poststop runs once" {
	config '.root.readonly = false'
	hook startContainer 'exit 9'
	hook poststop "echo poststop >>$T/order"
	create_payload touch /tmp/ran
	ok
	ctr start "$tag"
	fails "start $tag" 'hook' '/hooks/startContainer/0'
	wait_until is_stopped
	[ ! -e "$rootfs/tmp/ran" ]
	same poststop "$(cat "$T/order")"
	ctr delete "$tag"
	ok
	same poststop "$(cat "$T/order")"
}

@test "L10: the program runs only after start, which returns after the poststart hooks" {
	config '.root.readonly = false'
	hook poststart "sleep 0.2; touch $T/done"
	create_payload touch /tmp/ran , sleep
	sleep 0.2
	[ ! -e "$rootfs/tmp/ran" ]
	ctr start "$tag"
	ok
	[ -e "$T/done" ]
	wait_until test -e "$rootfs/tmp/ran"
	delete_ctr
}

@test "L11: poststart runs when the program has been executed" {
	hook poststart "pid=\$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); readlink /proc/\$pid/exe >$T/exe"
	create_payload sleep
	ctr start "$tag"
	ok
	same /bin/payload "$(cat "$T/exe")"
	delete_ctr
}

@test "L11: poststart that fails: start fails, the container is killed, poststop runs" {
	hook poststart 'exit 3'
	hook poststop "echo poststop >>$T/order"
	create_payload sleep
	ctr start "$tag"
	fails "start $tag" 'exit status 3' '/hooks/poststart/0'
	wait_until is_stopped
	same poststop "$(cat "$T/order")"
	ctr delete "$tag"
	ok
}

@test "L12: poststop runs after the resources are gone; a failure is a warning" {
	hook poststop "exit 5"
	hook poststop "test ! -e \$(cat $T/where) && test ! -e /proc/\$(cat $T/pid)/exe && echo gone >$T/second"
	create_payload sleep
	cgroup_of "$pid" >"$T/where"
	ctr start "$tag"
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr delete "$tag"
	same 0 "$status"
	[[ $stderr == *'exit status 5'* ]]
	same gone "$(cat "$T/second")"
}

@test "L12: delete of a container that was never started runs poststop" {
	hook poststop "echo poststop >>$T/order"
	create_payload sleep
	ctr delete "$tag"
	ok
	same poststop "$(cat "$T/order")"
}

@test "L13: start on running, paused, stopped, unknown is refused without effect" {
	create_payload sleep
	ctr start "$tag"
	ok
	ctr start "$tag"
	fails 'cannot start an already running container'
	same running "$(state_of)"
	ctr pause "$tag"
	ctr start "$tag"
	fails 'cannot start' 'paused'
	same paused "$(state_of)"
	ctr resume "$tag"
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr start "$tag"
	fails 'cannot start' 'stopped'
	delete_ctr
	ctr start "$tag"
	fails 'does not exist'
}

@test "L14: without a process there is no container to start" {
	config 'del(.process)'
	create_bundle
	fails '/process'
	nothing_left
}

@test "L15: kill of a stopped container is an error" {
	create_payload exit 0
	ctr start "$tag"
	wait_until is_stopped
	ctr kill "$tag" KILL
	fails 'container not running'
	ctr kill none KILL
	fails 'does not exist'
	delete_ctr
}

@test "L15: a recycled pid is never touched" {
	args payload exit 0
	write_config
	# in a pid namespace of its own, where pids can be chosen
	cat >"$T/script" <<-'SCRIPT'
		"$CTR" --root "$1" run -d --pid-file "$2/pid" -b "$3" "$4" || exit 10
		pid=$(cat "$2/pid")
		for i in $(seq 50); do test -e "/proc/$pid" || break; sleep 0.02; done
		echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 100 &
		test "$!" = "$pid" || exit 77
		"$CTR" --root "$1" state "$4" | grep -q '"stopped"' || exit 11
		"$CTR" --root "$1" kill "$4" KILL 2>"$2/said" && exit 12
		"$CTR" --root "$1" kill --all "$4" KILL || exit 13
		"$CTR" --root "$1" delete -f "$4" || exit 14
		kill -0 "$pid" || exit 15
		exit 42
	SCRIPT
	capture unshare -p -f --mount-proc bash "$T/script" "$root" "$T" "$bundle" "$tag"
	[ "$status" -ne 77 ] || need 'a kernel where the next pid can be chosen'
	same 42 "$status"
	grep -q 'container not running' "$T/said"
}

@test "L15: a record whose pid is somebody else's" {
	create_payload exit 0
	ctr start "$tag"
	wait_until is_stopped
	env -u CTR_TEST_TAG sleep 100 3>&- &
	jq ".init.pid = $!" "$root/$tag/state.json" >"$T/new"
	cp "$T/new" "$root/$tag/state.json"
	same stopped "$(state_of)"
	ctr kill "$tag" KILL
	fails 'container not running'
	delete_ctr
	kill $!
}

@test "L16: kill sends exactly this signal, by number and by name" {
	start_payload signal 6
	wait_until grep -q ready "$T/stdout"
	for sig in 10 USR2 SIGHUP int 37 SIGRTMIN+4; do
		"$CTR" --root "$root" kill "$tag" "$sig"
	done
	wait_until is_stopped
	same $'ready\nsignal 10\nsignal 12\nsignal 1\nsignal 2\nsignal 37\nsignal 38' "$(tr -d '\0' <"$T/stdout")"
	delete_ctr
}

@test "L16: the default is TERM; a created container can be killed" {
	create_payload sleep
	ctr kill "$tag" WINCH # what ends no program does not end a created container either
	ok
	same created "$(state_of)"
	ctr kill "$tag" # although it is pid 1 of its namespace, and has no program to handle TERM
	ok
	wait_until is_stopped
	ctr delete "$tag"
	ok
}

@test "L17: delete of a created container kills and removes it, as runc and crun do" {
	create_payload sleep
	ctr delete "$tag"
	ok
	wait_until is_dead "$pid"
	ctr state "$tag"
	fails 'does not exist'
}

@test "L18: delete of a running or paused container is refused without effect" {
	start_payload sleep
	ctr delete "$tag"
	fails "cannot delete container '$tag' that is not stopped: running"
	same running "$(state_of)"
	ctr pause "$tag"
	ctr delete "$tag"
	fails "cannot delete container '$tag' that is not stopped: paused"
	same paused "$(state_of)"
	delete_ctr
}

@test "L19: delete leaves a cgroup that was there before, and what it holds" {
	local cg
	cg=$(cgroup_mount)/$tag
	mkdir "$cg" "$cg/kept"
	config ".linux.cgroupsPath = \"/$tag/kept\""
	start_payload sleep
	same "$cg/kept" "$(cgroup_of "$pid")"
	delete_ctr
	rmdir "$cg/kept"
	config ".linux.cgroupsPath = \"/$tag/made/deep\""
	start_payload sleep
	same "$cg/made/deep" "$(cgroup_of "$pid")"
	delete_ctr
	rmdir "$cg"
}

@test "L19: delete leaves a namespace that was joined" {
	env -u CTR_TEST_TAG unshare -n -u sleep 100 3>&- &
	local other=$!
	wait_until eval "[ \"\$(readlink /proc/$other/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$other/ns/net\" else . end)"
	start_payload sleep
	same "$(readlink "/proc/$other/ns/net")" "$(readlink "/proc/$pid/ns/net")"
	delete_ctr
	nsenter -t "$other" -n true
	kill "$other"
}

@test "L20: the values of status" {
	hook createRuntime "$CTR --root $root state $tag >$T/creating"
	create_payload sleep
	ok
	same creating "$(jq -r .status "$T/creating")"
	same created "$(state_of)"
	ctr start "$tag"
	same running "$(state_of)"
	ctr pause "$tag"
	ok
	same paused "$(state_of)"
	ctr resume "$tag"
	ok
	same running "$(state_of)"
	ctr kill "$tag" KILL
	wait_until is_stopped
	delete_ctr
}

@test "L21: pid is that of init, and 0 when stopped" {
	create_payload sleep
	ctr state "$tag"
	same "$pid" "$(jq .pid <<<"$output")"
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr state "$tag"
	same 0 "$(jq .pid <<<"$output")"
	delete_ctr
}

@test "L22: only fds 0, 1 and 2 reach the program, whatever the caller holds" {
	args payload fds
	write_config
	capture "$payload" with-fds 60 "$T" "$CTR" --root "$root" run "$bundle"
	ok
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
	capture "$payload" with-fds 60 "$T" "$CTR" --root "$root" create -b "$bundle" "$tag"
	ok
	same 0 "$(find "/proc/$("$CTR" --root "$root" state "$tag" | jq .pid)/fd" -lname "$T" | wc -l)"
	delete_ctr
}

@test "L23: a warning changes neither the flow nor the exit code" {
	config '.process.capabilities.bounding += ["CAP_NOSUCH"]'
	run_payload exit 6
	same 6 "$status"
	same '' "$stderr"
	ctr --debug run "$bundle"
	same 6 "$status"
	[[ $stderr == 'ctr: warning: '*CAP_NOSUCH* ]]
}

@test "L24: hooks of the runtime see the host's pid, those in the container its own" {
	config '.root.readonly = false'
	for kind in prestart createRuntime createContainer poststart; do
		hook "$kind" "cat >$T/$kind"
	done
	hook startContainer 'cat >/tmp/startContainer'
	create_payload sleep
	ctr start "$tag"
	ok
	for kind in prestart createRuntime poststart; do
		same "$pid" "$(jq .pid "$T/$kind")"
	done
	same 1 "$(jq .pid "$T/createContainer")"
	same 1 "$(jq .pid "$rootfs/tmp/startContainer")"
	same running "$(jq -r .status "$T/poststart")"
	same "$bundle" "$(jq -r .bundle "$rootfs/tmp/startContainer")"
	delete_ctr
}

@test "L25: an init that is a zombie counts as stopped" {
	args payload sleep
	write_config
	"$CTR" --root "$root" run "$bundle" >"$T/out" 3>&- &
	local ctr=$!
	wait_until grep -q asleep "$T/out"
	pid=$("$CTR" --root "$root" state "$tag" | jq .pid)
	kill -STOP "$ctr"
	wait_until grep -q '^State:.*stopped' "/proc/$ctr/status"
	kill -KILL "$pid"
	wait_until is_dead "$pid"
	grep -q '^State:.*zombie' "/proc/$pid/status"
	same stopped "$(state_of)"
	ctr kill "$tag" TERM
	fails 'container not running'
	ctr exec "$tag" payload exit 0
	fails_with 255 'stopped container'
	kill -CONT "$ctr"
	status=0
	wait "$ctr" || status=$?
	same 137 "$status"
}

@test "L26: a frozen cgroup means paused; delete -f removes it all the same" {
	start_payload sleep
	echo 1 >"$(cgroup_of "$pid")/cgroup.freeze"
	wait_until is_frozen "$pid"
	same paused "$(state_of)"
	ctr pause "$tag"
	fails 'container not running: paused'
	delete_ctr
	wait_until is_dead "$pid"
}

@test "L27: after a reboot a container is stopped, and can be deleted" {
	hook poststop "echo poststop >$T/order"
	start_payload sleep
	kill -KILL "$pid"
	wait_until is_dead "$pid"
	local cg
	cg=$(cgroup_mount)/ctr/$tag
	rmdir "$cg"
	jq ".init.bootId = \"0f0f0f0f-0000-0000-0000-000000000000\" | .init.pid = $$" \
		"$root/$tag/state.json" >"$T/new"
	cp "$T/new" "$root/$tag/state.json"
	same stopped "$(state_of)"
	ctr delete "$tag"
	ok
	same poststop "$(cat "$T/order")"
}

# Send a signal to a create that waits for a hook.
interrupted_create() {
	hook createRuntime "echo \$PPID >$T/parent; exec sleep 30"
	args payload sleep
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >/dev/null 2>"$T/said" 3>&- &
	local ctr=$!
	wait_until test -s "$T/parent"
	pid=$(jq .init.pid "$root/$tag/state.json")
	kill "-$1" "$ctr"
	status=0
	wait "$ctr" || status=$?
	wait_until is_dead "$pid"
}

@test "L29: create interrupted by INT or TERM leaves nothing" {
	for sig in INT TERM; do
		filter='.process.terminal = false'
		rm -f "$T/parent"
		interrupted_create "$sig"
		same 1 "$status"
		grep -q interrupted "$T/said"
		nothing_left
	done
}

@test "L29: create killed by KILL leaves no process, and delete -f removes the rest" {
	interrupted_create KILL
	same 137 "$status"
	wait_until is_stopped
	delete_ctr
	nothing_left
}

@test "L30: start killed while it waits for a hook: defined state, delete -f works" {
	config '.root.readonly = false'
	hook startContainer 'echo here >/tmp/hook; sleep 1'
	create_payload sleep
	ok
	"$CTR" --root "$root" start "$tag" 2>/dev/null 3>&- &
	local ctr=$!
	wait_until test -s "$rootfs/tmp/hook"
	kill -KILL "$ctr"
	wait "$ctr" || true
	[[ $(state_of) =~ ^(running|stopped)$ ]]
	delete_ctr
	wait_until is_dead "$pid"
}

@test "L30: start killed in a poststart hook: the program goes on" {
	hook poststart "echo here >$T/hook; sleep 30"
	create_payload sleep
	"$CTR" --root "$root" start "$tag" 2>/dev/null 3>&- &
	local ctr=$!
	wait_until test -s "$T/hook"
	kill -KILL "$ctr"
	wait "$ctr" || true
	same running "$(state_of)"
	delete_ctr
}

# --- rules that callers rely on ---

@test "0.3: exec and hooks take the config that create saw" {
	hook poststop "echo old >>$T/order"
	config '.process.env += ["WHICH=old"]'
	create_payload sleep
	jq '.process.env = ["WHICH=new"] | .hooks.poststop[0].args = ["sh", "-c", "exit 1"]' \
		"$bundle/config.json" >"$T/new"
	cp "$T/new" "$bundle/config.json"
	ctr start "$tag"
	ctr exec "$tag" payload env
	ok
	has 'WHICH=old'
	delete_ctr
	same old "$(cat "$T/order")"
}

@test "0.5: later commands need no environment" {
	start_payload sleep
	for verb in state pause resume 'kill KILL' ps; do
		# shellcheck disable=SC2086 # verb and option
		set -- $verb
		capture env -i XDG_RUNTIME_DIR=/run/user/0 "$CTR" --root "$root" "$1" "$tag" ${2:+"$2"}
		ok
		[ "$verb" != 'kill KILL' ] || wait_until is_stopped
	done
	capture env -i "$CTR" --root "$root" delete "$tag"
	ok
}

@test "0.5: nor do create, start and exec" {
	args /bin/payload sleep
	write_config
	capture env -i "$CTR" --root "$root" create -b "$bundle" "$tag"
	ok
	capture env -i "$CTR" --root "$root" start "$tag"
	ok
	capture env -i "$CTR" --root "$root" exec "$tag" /bin/payload exit 4
	same 4 "$status"
	capture env -i "$CTR" --root "$root" delete --force "$tag"
	ok
}

@test "0.6: the log holds exactly one JSON object for a failure, appended" {
	local log=$T/log.json
	args nosuchprogram
	write_config
	ctr --log "$log" --log-format json create -b "$bundle" "$tag"
	fails 'executable file not found in $PATH'
	same 1 "$(wc -l <"$log")"
	same error "$(jq -r .level "$log")"
	same "${stderr#ctr: }" "$(jq -r .msg "$log")"
	[[ $(jq -r .time "$log") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]
	ctr --log "$log" --log-format json --debug state none
	same 2 "$(wc -l <"$log")"
	same 2 "$(jq -s length "$log")"
}

@test "0.6: what succeeds, and warnings, write no log" {
	config '.process.capabilities.bounding += ["CAP_NOSUCH"]'
	args payload exit 0
	write_config
	ctr --log "$T/log.json" --log-format json --debug run "$bundle"
	same 0 "$status"
	[ ! -s "$T/log.json" ]
}

@test "0.6: a log that cannot be written changes nothing" {
	ctr --log /dev/full --log-format json state none
	fails 'does not exist'
	ctr --log "$T/none/log" state none
	fails 'does not exist'
	ln -s "$T/target" "$T/link"
	ctr --log "$T/link" state none
	fails 'does not exist'
	[ ! -e "$T/target" ]
}

@test "0.9: the lines of --version" {
	ctr --version
	ok
	[[ ${output%%$'\n'*} =~ ^ctr\ version\ [0-9]+\.[0-9]+ ]]
	same 1 "$(grep -ci version <<<"$output")"
	grep -qE '^commit: [0-9a-z]+' <<<"$output"
	grep -qE '^spec: 1\.[0-9]+\.[0-9]+$' <<<"$output"
	same "$output" "$("$CTR" -v)"
}

@test "0.11: the pid file of create: digits only, replaced whole, relative to the caller" {
	args payload sleep
	write_config
	cd "$T"
	echo old >pidfile
	ln pidfile other
	capture "$CTR" --root "$root" create --pid-file pidfile -b "$bundle" "$tag"
	ok
	same old "$(cat other)"
	same "$("$CTR" --root "$root" state "$tag" | jq -j .pid | od -c)" "$(od -c pidfile)"
	same '' "$(find "$T" -maxdepth 1 -name '*pidfile*' ! -name pidfile)"
	delete_ctr
}

@test "0.12: kill --all, also of a stopped container" {
	args sh -c 'payload sleep & payload sleep & payload sleep'
	start_bundle
	wait_until eval '[ "$("$CTR" --root "$root" ps -f json "$tag" | jq length)" = 3 ]'
	ctr kill --all "$tag" 9
	ok
	wait_until is_stopped
	ctr kill --all "$tag" 9
	ok
	ctr kill -a "$tag" TERM
	ok
	ctr kill "$tag" 9
	fails 'container not running'
	ctr delete "$tag"
	ok
	ctr kill --all "$tag" 9
	fails 'does not exist'
}

@test "0.12: delete twice, and delete --force of an unknown one" {
	create_payload exit 0
	ctr delete "$tag"
	ok
	ctr delete "$tag"
	fails 'does not exist'
	ctr delete --force "$tag"
	ok
}

@test "0.13: fifty states in parallel with a create: whole JSON, or that it does not exist" {
	hook createRuntime 'sleep 0.3'
	args payload sleep
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >/dev/null 3>&- &
	for i in $(seq 50); do
		"$CTR" --root "$root" state "$tag" >"$T/s$i" 2>"$T/e$i" 3>&- || : >"$T/failed$i" &
		[ $((i % 10)) -ne 0 ] || sleep 0.05
	done
	wait
	local seen=0
	for i in $(seq 50); do
		if [ -e "$T/failed$i" ]; then
			[ ! -s "$T/s$i" ]
			grep -q 'does not exist' "$T/e$i"
			rm "$T/s$i"
		else
			seen=$((seen + 1))
		fi
	done
	same "$seen" "$(cat "$T"/s[0-9]* | jq -s "map(select(.id == \"$tag\" and (.status | test(\"^creat(ing|ed)\$\")))) | length")"
	[ "$seen" -gt 0 ]
	delete_ctr
}

@test "0.14: the members of state, and none with a name that engines give another type" {
	config '.annotations = {"a": "1", "b/c": "x/y"}'
	start_payload sleep
	ctr state "$tag"
	ok
	same 'annotations bundle created id ociVersion owner pid rootfs status' "$(jq -r 'keys | join(" ")' <<<"$output")"
	same "$tag running $bundle $rootfs root" "$(jq -r '[.id, .status, .bundle, .rootfs, .owner] | join(" ")' <<<"$output")"
	same '{"a":"1","b/c":"x/y"}' "$(jq -c .annotations <<<"$output")"
	[[ $(jq -r .created <<<"$output") =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z$ ]]
	has_not '\/'
	delete_ctr
}

@test "0.17: ids" {
	args payload sleep
	write_config
	for id in a A-Z_0+9.b "-$tag" "+$tag" "_$tag" "$tag.x" "$(printf '%0128d' 0)"; do
		ctr create -b "$bundle" -- "$id"
		ok
		same created "$("$CTR" --root "$root" state -- "$id" | jq -r .status)"
		ctr delete -- "$id"
		ok
	done
	ctr create -b "$bundle" "$(printf '%0129d' 0)"
	fails 'container id'
	ctr state ../../etc
	fails 'container id'
}

# --- list and ps ---

@test "list: table, json, ids; without a state directory; with a broken record" {
	ctr list
	ok
	[[ $output =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	ctr --root "$T/nosuch" list -f json
	ok
	same '[]' "$(jq -c . <<<"$output")"
	[ ! -e "$T/nosuch" ]
	create_payload sleep
	ctr list --format=json
	ok
	same "[[\"$tag\",$pid,\"created\"]]" "$(jq -c 'map([.id, .pid, .status])' <<<"$output")"
	ctr list
	[[ ${output##*$'\n'} =~ ^$tag\ +$pid\ +created\ +$bundle\ +20[^\ ]+\ +root$ ]]
	mkdir "$root/broken"
	echo '{' >"$root/broken/state.json"
	ctr list -f json
	same 0 "$status"
	jq -e "any(.id == \"$tag\")" <<<"$output"
	ctr list -q
	is $'broken\n'"$tag"
	ctr delete -f broken
	ok
	delete_ctr
}

@test "ps: json and table, with ps options" {
	args sh -c 'payload sleep & payload sleep'
	start_bundle
	wait_until eval '[ "$("$CTR" --root "$root" ps -f json "$tag" | jq length)" = 2 ]'
	ctr ps --format json "$tag"
	ok
	jq -e "index($pid) != null" <<<"$output"
	ctr ps "$tag" -o pid,comm
	ok
	same 3 "$(wc -l <<<"$output")"
	has PID payload
	ctr ps "$tag" -o comm
	same 1 "$status"
	ctr ps none
	fails 'does not exist'
	delete_ctr
}
