#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what is in single quotes is for a shell inside
#
# ctr below containerd: its daemon, its shim (io.containerd.runc.v2), its client; see doc/containerd.md.

load containerd-lib

setup_file() {
	containerd_up
}

teardown_file() { world_end; }

setup() { client_setup; }

teardown() {
	remove_boxes
	client_teardown
}

# --- run in the foreground ---

@test "run: the output, and exit code 0" {
	run_box -- sh -c 'echo out; echo err >&2'
	code 0
	same out "$output"
	same err "$stderr"
}

@test "run: the program's exit code" {
	run_box -- sh -c 'exit 7'
	code 7
}

@test "run: a program that dies of a signal" {
	run_box -- sh -c 'sh -c "kill -SEGV \$\$"; exit $?'
	code 139
}

@test "run: standard input" {
	# the client passes data on, but never the end of it
	echo one >"$T/in"
	run_options
	output=$(world_run "$CLIENT" -n test run "${options[@]}" --rm "$image" "$tag" head -n 1 <"$T/in")
	same one "$output"
}

@test "run: many at a time" {
	local i
	run_options
	for i in 1 2 3 4 5 6 7 8; do
		one_of_many "$i" 3>&- &
	done
	wait
	for i in 1 2 3 4 5 6 7 8; do
		same "$i: exit 0, $i" "$(cat "$T/$i")"
	done
}

# What it printed, and how it ended, in one line: "2: exit 0, 2".
one_of_many() {
	local said status=0
	said=$(world_run "$CLIENT" -n test run "${options[@]}" --rm "$image" "$tag-$1" echo "$1" 2>&1) || status=$?
	echo "$1: exit $status, $said" >"$T/$1"
}

# --- a task ---

@test "run -d: the task runs, with its pid; kill; its exit code; delete" {
	start_box -- sleep 1000
	task_is RUNNING
	[ "$(world_run cat "/proc/$pid/comm")" = sleep ]
	same "$pid" "$(world_run "$CLIENT" -n test task ls | awk -v id="$tag" '$1 == id { print $2 }')"
	client task kill -s SIGKILL "$tag"
	code 0
	wait_until task_is STOPPED
	client task rm "$tag"
	ended_with 137
	client container rm "$tag"
	code 0
}

@test "container create, task start" {
	# this command has no option for the runtime's binary: it is what the shim finds as runc
	client container create --snapshotter native "$image" "$tag" awk 'BEGIN { print "started"; exit 3 }'
	code 0
	client task start "$tag"
	code 3
	same started "$output"
}

@test "kill: by name, by number, one that the program handles, real time signals" {
	start_box -- sh -c 'trap "exit 41" TERM; trap "exit 42" 37; while :; do sleep 0.05; done'
	sleep 0.3
	client task kill -s SIGTERM "$tag"
	code 0
	wait_until task_is STOPPED
	client task rm "$tag"
	ended_with 41
	client container rm "$tag"
	tag=${tag}b
	start_box -- sh -c 'trap "exit 41" TERM; trap "exit 42" 37; while :; do sleep 0.05; done'
	sleep 0.3
	client task kill -s 37 "$tag"
	code 0
	wait_until task_is STOPPED
	client task rm "$tag"
	ended_with 42
}

@test "kill --all: every process of the container" {
	start_box -- sh -c 'sleep 1000 & sleep 1000 & wait'
	client task kill --all -s SIGKILL "$tag"
	code 0
	wait_until task_is STOPPED
}

@test "kill: a task that has ended is not found" {
	start_box -- true
	wait_until task_is STOPPED
	client task kill -s SIGKILL "$tag"
	code 1
	says 'not found'
}

@test "task rm -f: a running task" {
	start_box -- sleep 1000
	client task rm -f "$tag"
	ended_with 137
	client task ls
	has_not "$tag"
}

@test "task ps: pids of all processes" {
	start_box -- sh -c 'sleep 1000 & wait'
	client task exec -d --exec-id more "$tag" sleep 1001
	code 0
	wait_until test "$(world_run "$CLIENT" -n test task ps "$tag" | wc -l)" -ge 4
	client task ps "$tag"
	code 0
	has "$pid"
	client task kill -s SIGKILL --all "$tag"
	wait_until task_is STOPPED
}

@test "metrics: the shim reads the container's cgroup" {
	start_box -- sleep 1000
	client task metrics "$tag"
	code 0
	has "$tag"
	client task metrics --format json "$tag"
	code 0
	jq -e . <<<"$output" >/dev/null
}

@test "pause and resume" {
	start_box -- sh -c 'while :; do date +%N >/tmp/now; sleep 0.02; done'
	wait_until world_run "$CLIENT" -n test task exec --exec-id probe "$tag" test -s /tmp/now
	client task pause "$tag"
	code 0
	task_is PAUSED
	same 1 "$(grep -h frozen "$WORLD_CGROUP/test/$tag/cgroup.events" | cut -d' ' -f2)"
	client task resume "$tag"
	code 0
	task_is RUNNING
	same 0 "$(grep -h frozen "$WORLD_CGROUP/test/$tag/cgroup.events" | cut -d' ' -f2)"
	client task exec --exec-id after "$tag" true
	code 0
}

@test "a paused task can be killed and removed" {
	start_box -- sleep 1000
	client task pause "$tag"
	code 0
	client task kill -s SIGKILL "$tag"
	client task rm -f "$tag"
	client task ls
	has_not "$tag"
}

@test "checkpoint: an error that says what is the matter" {
	start_box -- sleep 1000
	client task checkpoint --image-path "$T/image" "$tag"
	code 1
	says checkpoint
	task_is RUNNING
}

# --- exec ---

@test "exec: output, exit code, in the same namespaces" {
	start_box -- sleep 1000
	client task exec --exec-id e1 "$tag" sh -c 'echo out; echo err >&2; exit 5'
	code 5
	same out "$output"
	same err "$stderr"
	client task exec --exec-id e2 "$tag" readlink /proc/1/ns/mnt /proc/self/ns/mnt
	same 1 "$(sort -u <<<"$output" | wc -l)"
}

@test "exec: --cwd; the environment and user of the container" {
	image=localhost/alice:latest start_box --env ONE=1 -- sleep 1000
	client task exec --exec-id e1 --cwd /etc "$tag" sh -c 'pwd; echo "$ONE"; id -u'
	code 0
	same $'/etc\n1\n1000' "$output"
}

@test "exec: in the background, and killed by its id" {
	start_box -- sleep 1000
	client task exec -d --exec-id e1 "$tag" sleep 1002
	code 0
	wait_until world_run pgrep -xf 'sleep 1002'
	client task kill -s SIGKILL --exec-id e1 "$tag"
	code 0
	wait_until nobody_is 'sleep 1002'
	task_is RUNNING
}

nobody_is() {
	! world_run pgrep -xf "$1"
}

@test "exec: on a terminal" {
	start_box -- sleep 1000
	capture timeout "$limit" "$pty" size=101x33 -- nsenter -t "$WORLD_PID" -m -n -p -C \
		"$CLIENT" -n test task exec -t --exec-id e1 "$tag" sh -c 'until stty size 2>/dev/null | grep "33 101"; do sleep 0.1; done; exit 4'
	has '33 101' '[exit 4]' '[terminal as before]'
}

@test "exec: no such program" {
	start_box -- sleep 1000
	client task exec --exec-id e1 "$tag" nosuch
	code 1
	# the place is one in the process file that the shim wrote
	says "'nosuch': executable file not found in \$PATH (" ' /args/0)'
	[[ $stderr != */process/args* ]]
	task_is RUNNING
}

@test "exec: in a task that has ended" {
	start_box -- true
	wait_until task_is STOPPED
	client task exec --exec-id e1 "$tag" true
	[ "$status" -ne 0 ]
	says 'stopped'
}

# --- terminals ---

@test "run -t: a terminal, its size, a resize" {
	run_options
	capture timeout "$limit" "$pty" size=90x30 expect='30 90' size=70x20 'send=\n' expect='20 70' 'send=\n' -- \
		nsenter -t "$WORLD_PID" -m -n -p -C \
		"$CLIENT" -n test run "${options[@]}" --rm -t "$image" "$tag" \
		sh -c 'until stty size 2>/dev/null | grep "30 90"; do sleep 0.1; done; read x; until stty size 2>/dev/null | grep "20 70"; do sleep 0.1; done; read x; exit 6'
	has '[exit 6]' '[terminal as before]'
}

@test "run -t: the interrupt character" {
	run_options
	capture timeout "$limit" "$pty" expect=ready 'send=\x03' -- nsenter -t "$WORLD_PID" -m -n -p -C \
		"$CLIENT" -n test run "${options[@]}" --rm -t "$image" "$tag" \
		sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done'
	has '[exit 9]'
}

# --- configuration ---

@test "--env, --cwd, the user of the image" {
	image=localhost/alice:latest run_box --env ONE=1 --cwd /home/alice -- \
		sh -c 'echo "$ONE $FROM_IMAGE $PWD $(id -u):$(id -g)"'
	code 0
	same '1 yes /home/alice 1000:1000' "$output"
}

@test "--read-only" {
	run_box --read-only -- sh -c 'touch /file && echo written; touch /dev/shm/file && echo shm'
	has_not written
	has shm
}

@test "--mount: ro, rw, rbind" {
	mkdir -p "$T/host/below"
	echo data >"$T/host/file"
	run_box --mount "type=bind,src=$T/host,dst=/a,options=rbind:ro" \
		--mount "type=bind,src=$T/host,dst=/b,options=rbind:rw" \
		--mount "type=tmpfs,src=tmpfs,dst=/c,options=size=64k:nosuid" -- \
		sh -c 'cat /a/file; touch /a/new || echo read-only; touch /b/new && echo writable;
			grep " /c " /proc/mounts'
	has data read-only writable 'size=64k' nosuid
	[ -e "$T/host/new" ]
}

@test "--with-ns: another container's network namespace" {
	local other
	start_box -- sleep 1000
	other=$(world_run readlink "/proc/$pid/ns/net")
	tag=${tag}b run_box --with-ns "network:/proc/$pid/ns/net" -- readlink /proc/self/ns/net
	code 0
	same "$other" "$output"
}

@test "--net-host" {
	run_box --net-host -- readlink /proc/self/ns/net
	same "$(world_run readlink /proc/self/ns/net)" "$output"
}

@test "--seccomp: the default profile" {
	run_box -- grep Seccomp: /proc/self/status
	has 0
	run_box --seccomp -- sh -c 'grep Seccomp: /proc/self/status; unshare -U true || echo refused'
	has 2 refused
}

@test "--seccomp-profile: one of the user's" {
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}' >"$T/profile.json"
	run_box --seccomp --seccomp-profile "$T/profile.json" -- sh -c 'mkdir /tmp/a || echo refused'
	has refused
}

@test "--cap-add, --cap-drop; no new privileges unless allowed" {
	run_box -- grep -e CapEff -e NoNewPrivs /proc/self/status
	has 'CapEff:	00000000a80425fb' 'NoNewPrivs:	1'
	run_box --cap-drop CAP_NET_RAW --cap-add CAP_SYS_ADMIN --allow-new-privs -- \
		grep -e CapEff -e NoNewPrivs /proc/self/status
	has 'CapEff:	00000000a82405fb' 'NoNewPrivs:	0'
}

@test "--privileged" {
	run_box --privileged -- sh -c 'mount -t tmpfs none /tmp && echo mounted; touch /sys/x 2>&1; cat /proc/self/status'
	has mounted
	has_not 'Read-only file system'
}

@test "--device" {
	run_box --device /dev/full -- sh -c 'ls -l /dev/full; echo x >/dev/full || echo full'
	code 0
	has '1,   7' full
}

@test "--uidmap, --gidmap: a user namespace" {
	run_box --uidmap 0:200000:65536 --gidmap 0:300000:65536 -- \
		sh -c 'cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /file && stat -c %u /file'
	code 0
	[[ $output =~ 0[[:space:]]+200000[[:space:]]+65536 ]]
	[[ $output =~ 0[[:space:]]+300000[[:space:]]+65536 ]]
}

@test "--rootfs: a directory instead of an image" {
	run_options
	cp -a "$W/image/rootfs" "$T/rootfs"
	echo 'from a directory' >"$T/rootfs/note"
	client run "${options[@]}" --rm --rootfs "$T/rootfs" "$tag" /bin/cat /note
	code 0
	same 'from a directory' "$output"
}

@test "--cgroup: a path of the user's" {
	run_box --cgroup "/mine/$tag" -- sleep 0
	code 0
	start_box --cgroup "/mine/$tag" -- sleep 1000
	grep -q . "$WORLD_CGROUP/mine/$tag/cgroup.procs"
	client task rm -f "$tag"
	[ ! -e "$WORLD_CGROUP/mine" ]
}

@test "a limit whose controller is bound to cgroup v1: the error names it" {
	client run --snapshotter native --runc-binary "$CTR" --rm "$image" "$tag" true
	if have_controller cpu; then
		code 0
	else
		code 1
		says "'cpu'" '/linux/resources/cpu/shares'
	fi
}

# --- errors: ctr's message comes through the shim, out of log.json ---

@test "error: no such program" {
	run_box -- nosuch
	code 1
	says 'OCI runtime create failed: ' "'nosuch': executable file not found in \$PATH" '/process/args/0'
}

@test "error: a file that is no program" {
	run_box -- /etc/plain
	code 1
	says 'OCI runtime create failed: ' "'/etc/plain': permission denied"
}

@test "error: a mount whose source is missing" {
	run_box --mount 'type=bind,src=/no/such,dst=/a,options=rbind:ro' -- true
	code 1
	says 'OCI runtime create failed: ' /no/such 'no such file or directory'
}

@test "error: a working directory that is a file" {
	run_box --cwd /etc/plain -- true
	code 1
	says 'OCI runtime create failed: ' /etc/plain 'not a directory'
}

@test "error: a namespace to join that does not exist" {
	run_box --with-ns network:/no/such -- true
	code 1
	says 'OCI runtime create failed: ' /no/such
}

@test "error: the name can be used again afterwards" {
	run_box -- nosuch
	code 1
	run_box -- echo again
	code 0
	same again "$output"
}

@test "error: the runtime is not there" {
	client run --snapshotter native --runc-binary /no/ctr --cpu-shares 0 --rm "$image" "$tag" true
	code 1
	says /no/ctr
}

# --- what containerd does behind ctr's back ---

@test "the daemon ends and comes back: the task is still there" {
	start_box -- sh -c 'trap "exit 12" TERM; while :; do sleep 0.05; done'
	world_signal TERM containerd
	world_run test -e "/proc/$pid/exe"
	containerd_start
	task_is RUNNING
	client task exec --exec-id e1 "$tag" sh -c 'exit 7'
	code 7
	client task kill -s SIGTERM "$tag"
	wait_until task_is STOPPED
	client task rm "$tag"
	ended_with 12
}

@test "the shim is killed: containerd has ctr delete the container" {
	start_box -- sleep 1000
	world_run pkill -KILL -P 1 -f "containerd-shim-runc-v2 .*-id $tag"
	wait_until world_lacks "$pid"
}

@test "events: the whole life" {
	world_run sh -c 'echo $$ >"$0"; exec "$@"' "$T/pid" "$CLIENT" -n test events >"$T/events" 3>&- &
	local events=$!
	sleep 0.5
	run_box -- true
	code 0
	wait_until grep -q /tasks/delete "$T/events"
	world_run kill "$(cat "$T/pid")"
	wait "$events" || true
	grep -q '/tasks/create' "$T/events"
	grep -q '/tasks/start' "$T/events"
	grep -q '/tasks/exit' "$T/events"
}
