# SPDX-License-Identifier: GPL-2.0-or-later
# ctr exec: every option, what a process gets from the container, exit codes, hostile containers.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Run in the container.
inside() {
	ctr exec "$@"
}

process() {
	jq -n "{args: [\"payload\", \"ids\"], cwd: \"/\", env: [\"PATH=/bin\"]} | $1" >"$T/process.json"
}

full_seconds() {
	local start=$EPOCHREALTIME end
	"$@"
	end=$EPOCHREALTIME
	took=$(((${end/./} - ${start/./}) / 1000000))
}

# --- what it gets ---

@test "exec: environment, working directory, ids and rlimits are the container's" {
	config '.process.env = ["PATH=/bin", "A=1"]' '.process.cwd = "/tmp"' \
		'.process.user = {uid: 5, gid: 6, umask: 63, additionalGids: [7, 8]}' \
		'.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 33, "hard": 44}]'
	start_payload sleep
	inside "$tag" payload env , cwd , ids , limits NOFILE
	same $'PATH=/bin\nA=1\nHOME=/\n/tmp\nuid=5,5,5 gid=6,6,6 groups=7,8 umask=0077\nNOFILE 33 44' "$(sort_home)"
	delete_ctr
}

# HOME is added where it fits; its value is the business of process.bats.
sort_home() {
	sed 's/^HOME=.*/HOME=\//' <<<"$output"
}

@test "exec: namespaces and cgroup are init's; a session of its own" {
	start_payload sleep
	inside -d --pid-file "$T/other" "$tag" payload sleep
	ok
	local other
	other=$(cat "$T/other")
	for ns in cgroup ipc mnt net pid time user uts; do
		same "$(readlink "/proc/$pid/ns/$ns")" "$(readlink "/proc/$other/ns/$ns")"
	done
	same "$(cat "/proc/$pid/cgroup")" "$(cat "/proc/$other/cgroup")"
	same "$(readlink "/proc/$pid/root")" "$(readlink "/proc/$other/root")"
	inside "$tag" payload pids
	[[ $output =~ ^pid=([0-9]+)\ ppid=0\ sid=([0-9]+)\ pgid=([0-9]+)$ ]]
	same "${BASH_REMATCH[1]} ${BASH_REMATCH[1]}" "${BASH_REMATCH[2]} ${BASH_REMATCH[3]}"
	delete_ctr
	wait_until is_dead "$other"
}

@test "exec: three descriptors, whatever the caller holds; clean signals" {
	start_payload sleep
	capture "$payload" with-fds 50 "$T" "$CTR" --root "$root" exec "$tag" payload fds
	ok
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
	capture "$payload" ignoring-run "$CTR" --root "$root" exec "$tag" payload signals
	is $'SigBlk 0000000000000000\nSigIgn 0000000000000000\nSigCgt 0000000000000000'
	delete_ctr
}

@test "exec: standard streams are passed through" {
	start_payload sleep
	printf 'in' | "$CTR" --root "$root" exec "$tag" sh -c 'cat; echo err >&2' >"$T/out" 2>"$T/err"
	same in "$(cat "$T/out")"
	same err "$(cat "$T/err")"
	delete_ctr
}

@test "exec: capabilities, no_new_privs and seccomp are the container's" {
	capability CAP_CHOWN
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 39}]}'
	args payload caps , sleep
	start_bundle
	wait_until grep -q asleep "$T/stdout"
	grep -v asleep "$T/stdout" >"$T/expected"
	inside "$tag" payload caps
	is "$(cat "$T/expected")"
	grep -q 'Seccomp 2' "$T/expected"
	inside "$tag" payload syscall 162
	has 'errno 39'
	delete_ctr
}

@test "exec: in a user namespace root is the container's root" {
	user_namespace
	start_payload sleep
	inside -d --pid-file "$T/other" "$tag" payload sleep
	ok
	same "$(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$(cat "$T/other")/ns/user")"
	same 100000 "$(stat -c %u "/proc/$(cat "$T/other")")"
	inside -u 3:4 "$tag" payload ids
	has 'uid=3,3,3 gid=4,4,4'
	inside -u 70000 "$tag" payload ids
	fails_with 255 'invalid argument'
	delete_ctr
}

@test "exec: without a pid namespace, network namespace or cgroup namespace of its own" {
	without_namespace pid
	without_namespace network
	without_namespace cgroup
	bare_mounts
	start_payload sleep
	inside "$tag" payload ns pid net
	is "$(readlink /proc/self/ns/net)"$'\n'"$(readlink /proc/self/ns/pid)"
	delete_ctr
}

@test "exec: execCPUAffinity" {
	[ "$(nproc)" -ge 2 ] || need 'two CPUs'
	config '.process.execCPUAffinity = {"initial": "0", "final": "1"}'
	start_payload sleep
	inside "$tag" sh -c 'while read -r k v; do case $k in Cpus_allowed_list:) echo "$v";; esac; done </proc/self/status'
	is 1
	delete_ctr
}

# --- options ---

@test "exec -p: the whole process; arguments are ignored" {
	start_payload sleep
	process '.user = {uid: 11, gid: 12, additionalGids: [13]} | .cwd = "/tmp" | .env += ["X=y"] |
		.args = ["payload", "ids", ",", "cwd", ",", "env", ",", "limits", "NOFILE"] |
		.rlimits = [{type: "RLIMIT_NOFILE", soft: 55, hard: 66}]'
	inside -p "$T/process.json" "$tag"
	ok
	has 'uid=11,11,11 gid=12,12,12 groups=13' /tmp 'X=y' 'NOFILE 55 66'
	has_not TERM
	inside --process="$T/process.json" "$tag" payload exit 9
	same 0 "$status"
	delete_ctr
}

@test "exec -p: capabilities that are missing are the container's, empty ones are none" {
	capability CAP_CHOWN
	start_payload sleep
	inside "$tag" payload caps
	local own=$output
	process '.args[1] = "caps" | .noNewPrivileges = true'
	inside -p "$T/process.json" "$tag"
	is "$own"
	process '.args[1] = "caps" | .capabilities = {}'
	inside -p "$T/process.json" "$tag"
	has 'CapPrm 0000000000000000' 'CapBnd 0000000000000000'
	process '.args[1] = "caps" | .capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: []} | .user.uid = 1'
	inside -p "$T/process.json" "$tag"
	has 'CapBnd 0000000000000020' 'CapEff 0000000000000000'
	delete_ctr
}

@test "exec -p: oomScoreAdj is the container's when missing" {
	config '.process.oomScoreAdj = 321'
	start_payload sleep
	process '.args = ["payload", "read", "/proc/self/oom_score_adj"]'
	inside -p "$T/process.json" "$tag"
	is 321
	process '.args = ["payload", "read", "/proc/self/oom_score_adj"] | .oomScoreAdj = 400'
	inside -p "$T/process.json" "$tag"
	is 400
	delete_ctr
}

@test "exec -p: files that are no process" {
	start_payload sleep
	inside -p "$T/none" "$tag"
	fails_with 255 "exec in $tag" "$T/none" 'no such file or directory'
	process '.args = []'
	mv "$T/process.json" "$T/what.json"
	inside -p "$T/what.json" "$tag"
	fails_with 255 "($T/what.json /args)"
	process '.args = 5'
	mv "$T/process.json" "$T/what.json"
	inside -p "$T/what.json" "$tag"
	fails_with 255 "($T/what.json /args)"
	process '.cwd = "tmp"'
	inside -p "$T/process.json" "$tag"
	fails_with 255 cwd
	process 'del(.cwd)'
	inside -p "$T/process.json" "$tag"
	fails_with 255 cwd
	process '.terminal = true'
	inside -d -p "$T/process.json" "$tag"
	fails_with 255 'console socket'
	printf '{"args": ["x"],,' >"$T/process.json"
	inside -p "$T/process.json" "$tag"
	fails_with 255 'line 1' "($T/process.json"
	mkfifo "$T/fifo"
	inside -p "$T/fifo" "$tag"
	fails_with 255
	delete_ctr
}

@test "exec -p: a limit or a score that cannot be set names the file" {
	start_payload sleep
	process '.rlimits = [{type: "RLIMIT_NOFILE", soft: 5, hard: 6}, {type: "RLIMIT_CORE", soft: 1, hard: 500000}]'
	capture setpriv --bounding-set -sys_resource bash -c 'ulimit -c 400; exec "$@"' - \
		"$CTR" --root "$root" exec -p "$T/process.json" "$tag"
	fails_with 255 'set resource limit RLIMIT_CORE to 1:500000: operation not permitted' "($T/process.json /rlimits/1)" 'CAP_SYS_RESOURCE'
	process '.rlimits = [] | .oomScoreAdj = -999'
	capture setpriv --bounding-set -sys_resource "$CTR" --root "$root" exec -p "$T/process.json" "$tag"
	fails_with 255 'set oom_score_adj to -999' "($T/process.json /oomScoreAdj)"
	delete_ctr
}

@test "exec -t: a terminal of its own, through ctr" {
	start_payload sleep
	capture "$lib_dir/pty" size=91x37 -- "$CTR" --root "$root" exec -t "$tag" payload tty
	ok
	has 'tty /dev/pts/' '91x37' 'foreground=1 session=1' '[exit 0]' '[terminal as before]'
	has_not onlcr
	inside "$tag" payload tty
	has ENOTTY
	delete_ctr
}

@test "exec -t -d needs a console socket; a console socket needs -t -d" {
	start_payload sleep
	inside -t -d "$tag" payload sleep
	fails_with 255 'cannot allocate tty if ctr will detach without setting console socket'
	inside --console-socket "$T/none" "$tag" payload sleep
	fails_with 255 'cannot use console socket if ctr will not detach or allocate tty'
	inside -d --console-socket "$T/none" "$tag" payload sleep
	fails_with 255 'cannot use console socket'
	inside -t --console-socket "$T/none" "$tag" payload sleep
	fails_with 255 'cannot use console socket'
	# none of them has left a process
	same 1 "$("$CTR" --root "$root" ps -f json "$tag" | jq length)"
	delete_ctr
}

@test "exec -t -d --console-socket: the terminal goes to the socket" {
	start_payload sleep
	"$lib_dir/peer" console "$T/console" expect=foreground >"$T/said" 3>&- &
	wait_until test -S "$T/console"
	inside -t -d --pid-file "$T/other" --console-socket "$T/console" "$tag" payload tty
	ok
	wait
	grep -q '^name=/dev/ptmx fds=1 more=0 tty=True .* onlcr=False$' "$T/said"
	grep -q 'tty /dev/pts/.* foreground=1 session=1' "$T/said"
	[ -s "$T/other" ]
	delete_ctr
}

@test "exec -p with a terminal and consoleSize, to a socket" {
	start_payload sleep
	process '.terminal = true | .consoleSize = {width: 61, height: 17} | .args = ["payload", "tty"]'
	"$lib_dir/peer" console "$T/console" expect=foreground >"$T/said" 3>&- &
	wait_until test -S "$T/console"
	inside -d -p "$T/process.json" --console-socket "$T/console" "$tag"
	ok
	wait
	grep -q 'size=61x17' "$T/said"
	grep -q 'tty .* 61x17' "$T/said"
	delete_ctr
}

@test "exec -d: returns when the program runs; the pid file is there" {
	start_payload sleep
	inside -d --pid-file "$T/other" "$tag" payload sleep
	ok
	[[ $(cat "$T/other") =~ ^[0-9]+$ ]]
	same "$(stat -c %s "$T/other")" "$(tr -dc 0-9 <"$T/other" | wc -c)"
	same payload "$(cat "/proc/$(cat "$T/other")/comm")"
	same '' "$(env -u CTR_TEST_TAG grep -lsF "$tag" /proc/[0-9]*/environ || true)"
	delete_ctr
}

@test "exec -d: what fails before the program runs is reported, and leaves no pid file" {
	start_payload sleep
	inside -d --pid-file "$T/other" "$tag" nosuchprogram
	fails_with 255 'executable file not found in $PATH'
	[ ! -e "$T/other" ]
	inside -d --pid-file "$T/none/other" "$tag" payload sleep
	fails_with 255 'pid file' 'no such file or directory'
	same 1 "$("$CTR" --root "$root" ps -f json "$tag" | jq length)"
	delete_ctr
}

@test "exec -u, -g: numbers" {
	start_payload sleep
	inside -u 1 "$tag" payload ids
	has 'uid=1,1,1 gid=0,0,0'
	inside --user 1:2 -g 30 -g 31 "$tag" payload ids
	has 'uid=1,1,1 gid=2,2,2 groups=30,31'
	inside -u 4294967294:4294967294 "$tag" payload ids
	has 'uid=4294967294,4294967294,4294967294 gid=4294967294'
	inside -u 0 "$tag" payload ids
	has 'uid=0,0,0'
	delete_ctr
}

@test "exec -u, -g: what is not a number is refused (A7)" {
	start_payload sleep
	for user in '' ' 1' '1 ' +1 -1 1: :1 1:2:3 4294967295 4294967296 18446744073709551616 0x10 1e3 01x root 0:root; do
		ctr exec -u "$user" "$tag" payload ids
		fails_with 255 "invalid user '$user'"
	done
	for group in '' -1 4294967295 wheel 1,2; do
		ctr exec -g "$group" "$tag" payload ids
		fails_with 255 "invalid group '$group'"
	done
	delete_ctr
}

@test "exec -e, --cwd" {
	config '.process.env = ["PATH=/bin", "A=1"]'
	start_payload sleep
	inside -e B=2 --env=C=3=4 -e D= "$tag" payload env
	ok
	has 'A=1' $'\nB=2\n' $'\nC=3=4\n' $'\nD='
	inside -e A=other "$tag" sh -c 'echo $A'
	is other
	inside -e NOVALUE "$tag" payload env
	fails_with 255 "--env 'NOVALUE' is not KEY=VALUE"
	inside --cwd /tmp "$tag" payload cwd
	is /tmp
	inside --cwd tmp "$tag" payload cwd
	fails_with 255 "--cwd 'tmp' is not an absolute path"
	inside --cwd /none "$tag" payload cwd
	fails_with 255 /none 'no such file or directory'
	delete_ctr
}

@test "exec --cwd: nothing outside the container can be the working directory" {
	start_payload sleep
	for fd in $(seq 3 20); do
		ctr exec --cwd "/proc/self/fd/$fd" "$tag" payload cwd
		fails_with 255
	done
	for dir in /proc/1/cwd /proc/self/root ../../..; do
		ctr exec --cwd "$dir" "$tag" sh -c 'ls -d /bin/payload'
		[ "$status" -eq 255 ] || is /bin/payload
	done
	delete_ctr
}

@test "exec -c: more capabilities, in bounding, effective and permitted" {
	config '.process.capabilities = {}'
	start_payload sleep
	inside -c CAP_NET_ADMIN --cap CAP_CHOWN "$tag" payload caps
	ok
	has 'CapPrm 0000000000001001' 'CapEff 0000000000001001' 'CapBnd 0000000000001001' \
		'CapInh 0000000000000000' 'CapAmb 0000000000000000'
	inside "$tag" payload caps
	has 'CapBnd 0000000000000000'
	inside -c CAP_NONE "$tag" payload caps
	fails_with 255 "unknown capability 'CAP_NONE'"
	delete_ctr
}

@test "exec -c: a user who is not root gets none of them as effective" {
	config '.process.capabilities = {}' '.process.noNewPrivileges = false'
	start_payload sleep
	inside -u 5 -c CAP_NET_ADMIN "$tag" payload caps
	ok
	has 'CapEff 0000000000000000' 'CapAmb 0000000000000000' 'CapBnd 0000000000001000'
	delete_ctr
}

@test "exec --no-new-privs" {
	config '.process.noNewPrivileges = false'
	start_payload sleep
	inside "$tag" payload caps
	has 'NoNewPrivs 0'
	inside --no-new-privs "$tag" payload caps
	has 'NoNewPrivs 1'
	inside --no-new-privs=false "$tag" payload caps
	has 'NoNewPrivs 0'
	delete_ctr
}

# As an init system does: itself into a cgroup below, then the controllers for all that are there.
divided() {
	config ".linux.resources.hugepageLimits = [{\"pageSize\": \"2MB\", \"limit\": 4194304}]" \
		'(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	args sh -c 'cd /sys/fs/cgroup && busybox mkdir init && echo 1 >init/cgroup.procs &&
		echo +hugetlb >cgroup.subtree_control && exec payload sleep'
	start_bundle
	wait_until grep -q asleep "$T/stdout"
}

@test "exec: beside init, which may have left the container's cgroup" {
	grep -qw hugetlb "$(cgroup_mount)/cgroup.controllers" || need 'the hugetlb controller on v2'
	divided
	inside "$tag" payload read /proc/self/cgroup
	ok
	has '0::/init'
	ctr exec --cgroup / "$tag" payload exit 0
	fails_with 255 'device or resource busy' 'name one of these with --cgroup'
	inside --cgroup init "$tag" payload exit 7
	same 7 "$status"
	delete_ctr
	nothing_left
}

@test "exec --cgroup: below the container's, never beside it" {
	start_payload sleep
	local cg
	cg=$(cgroup_of "$pid")
	mkdir -p "$cg/a/b"
	inside -d --pid-file "$T/other" --cgroup a/b "$tag" payload sleep
	ok
	same "$cg/a/b" "$(cgroup_of "$(cat "$T/other")")"
	inside -d --pid-file "$T/other" --cgroup /a "$tag" payload sleep
	ok
	same "$cg/a" "$(cgroup_of "$(cat "$T/other")")"
	inside -d --pid-file "$T/other" --cgroup / "$tag" payload sleep
	ok
	same "$cg" "$(cgroup_of "$(cat "$T/other")")"
	for path in .. a/../.. ../other ../$tag /.. a/../../$tag; do
		ctr exec --cgroup "$path" "$tag" payload exit 0
		fails_with 255 "--cgroup '$path'"
	done
	inside --cgroup none "$tag" payload exit 0
	fails_with 255 "--cgroup 'none'" 'no such file or directory'
	same 4 "$("$CTR" --root "$root" ps -f json "$tag" | jq length)"
	delete_ctr
}

@test "exec: paused is refused at once; --ignore-paused waits for resume" {
	start_payload sleep
	ctr pause "$tag"
	ok
	inside "$tag" payload exit 0
	fails_with 255 'paused' '--ignore-paused'
	"$CTR" --root "$root" exec --ignore-paused "$tag" payload exit 7 3>&- &
	local exec=$!
	sleep 0.3
	kill -0 "$exec"
	same paused "$(state_of)"
	ctr resume "$tag"
	ok
	status=0
	wait "$exec" || status=$?
	same 7 "$status"
	delete_ctr
}

@test "exec: an exec that waits in a paused container can be interrupted, or deleted" {
	start_payload sleep
	ctr pause "$tag"
	"$CTR" --root "$root" exec --ignore-paused "$tag" payload exit 7 2>/dev/null 3>&- &
	sleep 0.3
	kill -INT $!
	status=0
	wait $! || status=$?
	same 255 "$status"
	"$CTR" --root "$root" exec --ignore-paused "$tag" payload exit 7 2>/dev/null 3>&- &
	sleep 0.3
	delete_ctr
	status=0
	wait $! || status=$?
	same 255 "$status"
}

@test "exec --preserve-fds, --pidfd-socket" {
	start_payload sleep
	capture bash -c 'exec 3</etc/passwd 4</etc/group 5</etc/hosts; exec "$@"' - \
		"$CTR" --root "$root" exec --preserve-fds 2 "$tag" payload fds
	ok
	has '3 ' '4 '
	has_not '5 '
	inside --preserve-fds 30 "$tag" payload fds
	fails_with 255 '--preserve-fds 30' 'is not open'
	"$lib_dir/peer" pidfd "$T/socket" >"$T/said" 3>&- &
	wait_until test -S "$T/socket"
	inside -d --pidfd-socket "$T/socket" --pid-file "$T/other" "$tag" payload sleep
	ok
	wait
	same "payload=setns fds=1 pid=$(cat "$T/other")" "$(cat "$T/said")"
	inside --pidfd-socket "$T/none" "$tag" payload exit 0
	fails_with 255 "$T/none" 'no such file or directory'
	delete_ctr
}

@test "exec: options end at the container's name" {
	start_payload sleep
	inside "$tag" payload args -t --help -- -x
	is $'[-t]\n[--help]\n[--]\n[-x]'
	inside "$tag"
	fails_with 255 'no program was given'
	inside --help
	ok
	has 'Usage: ctr exec'
	delete_ctr
}

# --- exit codes and states ---

@test "exec: the exit code is the program's, 128 + signal, or 255 when ctr fails" {
	start_payload sleep
	for code in 0 1 126 254; do
		inside "$tag" payload exit "$code"
		same "$code" "$status"
		same '' "$stderr"
	done
	inside "$tag" payload die 9
	same 137 "$status"
	inside "$tag" payload die 15
	same 143 "$status"
	inside "$tag" none
	fails_with 255 "exec in $tag" 'executable file not found in $PATH'
	inside "$tag" /bin/none
	fails_with 255 /bin/none 'no such file or directory'
	inside "$tag" /bin
	fails_with 255 'is a directory'
	inside "$tag" /etc/passwd
	fails_with 255 'no such file or directory'
	inside none payload exit 0
	fails_with 255 'does not exist'
	delete_ctr
}

@test "exec: works in a created container, not in a stopped one" {
	create_payload sleep
	inside "$tag" payload exit 8
	same 8 "$status"
	inside "$tag" payload pids
	has 'ppid=0'
	same created "$(state_of)"
	ctr start "$tag"
	ok
	ctr kill "$tag" KILL
	wait_until is_stopped
	inside "$tag" payload exit 0
	fails_with 255 'cannot exec in a stopped container'
	delete_ctr
}

@test "exec: the end of init ends it" {
	start_payload sleep
	"$CTR" --root "$root" exec "$tag" payload sleep >"$T/out" 2>&1 3>&- &
	wait_until grep -q asleep "$T/out"
	ctr kill "$tag" KILL
	ok
	status=0
	wait $! || status=$?
	same 137 "$status"
	delete_ctr
}

@test "exec: signals are passed on to the program" {
	start_payload sleep
	"$CTR" --root "$root" exec "$tag" payload signal 2 >"$T/out" 2>&1 3>&- &
	wait_until grep -q ready "$T/out"
	kill -TERM $!
	kill -USR1 $!
	wait $!
	same $'ready\nsignal 10\nsignal 15' "$(sort "$T/out")"
	delete_ctr
}

@test "exec: no hook runs" {
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "echo $kind >>$T/order"
	done
	start_payload sleep
	rm "$T/order"
	inside "$tag" payload exit 0
	ok
	[ ! -e "$T/order" ]
	delete_ctr
}

@test "exec: a memory file of ctr's is not what the program runs from" {
	start_payload sleep
	inside "$tag" sh -c 'ls -l /proc/self/exe; ls -l /proc/1/exe'
	ok
	has /bin/busybox /bin/payload
	has_not memfd ctr-init
	delete_ctr
}

# --- hostile containers (A10, A5) ---

# It works, or it fails; in either case soon.
soon() {
	full_seconds ctr exec "$@"
	[ "$took" -le 2 ]
	[ "$status" -eq 0 ] || { [ "$status" -eq 255 ] && [ -n "$stderr" ]; }
}

@test "exec: a container that has put something else over its /proc" {
	capability CAP_SYS_ADMIN
	start_bundle_sh 'mount -t tmpfs none /proc && mkdir -p /proc/self/fd /proc/1/ns /proc/sys &&
		echo x >/proc/self/status && exec payload sleep'
	soon "$tag" payload exit 0
	soon -u 1:1 -c CAP_KILL --cwd /tmp "$tag" payload ids
	delete_ctr
}

# "asleep" appears only when every step of the script was allowed: the default filter has no mount.
start_bundle_sh() {
	args sh -c "$1"
	config '.root.readonly = false | del(.linux.seccomp)'
	start_bundle
	ok
	wait_until grep -q asleep "$T/stdout"
}

@test "exec: a container that has put something over /proc/self and moved mounts about" {
	capability CAP_SYS_ADMIN
	start_bundle_sh 'mount -t tmpfs none /tmp && mkdir /tmp/p /tmp/q && mount -o bind /proc/1 /proc/self &&
		mount -o move /dev /tmp/q && mount -o bind / /tmp/p && exec payload sleep'
	soon "$tag" payload exit 0
	soon "$tag" sh -c 'exit 0'
	delete_ctr
}

@test "exec: /etc/passwd and /etc/group that are fifos, endless, enormous, loops" {
	mkfifo "$rootfs/etc/passwd" "$rootfs/etc/group"
	start_payload sleep
	soon "$tag" payload exit 0
	same 0 "$status"
	soon -u 7 "$tag" payload exit 0
	same 0 "$status"
	rm "$rootfs/etc/passwd" "$rootfs/etc/group"
	ln -s /dev/zero "$rootfs/etc/passwd"
	truncate -s 500M "$rootfs/etc/group"
	soon -u 7 "$tag" payload exit 0
	same 0 "$status"
	ln -sf passwd "$rootfs/etc/passwd"
	soon -u 7 "$tag" payload exit 0
	same 0 "$status"
	rm "$rootfs/etc/group"
	delete_ctr
}

@test "exec: a script whose interpreter is /proc/self/exe reaches no file of the host's" {
	config '.root.readonly = false'
	local sum
	sum=$(sha256sum <"$CTR")
	printf '#!/proc/self/exe\n' >"$rootfs/bin/evil"
	chmod 755 "$rootfs/bin/evil"
	start_payload sleep
	for program in /bin/evil /proc/self/exe; do
		full_seconds ctr exec "$tag" "$program"
		[ "$took" -le 2 ]
		same 255 "$status"
		same '' "$output"
	done
	same "$sum" "$(sha256sum <"$CTR")"
	delete_ctr
}

# Execute 200 times beside a spy.
beside_a_spy() {
	args payload spy 1000
	start_bundle
	ok
	wait_until grep -q spying "$T/stdout"
	cp "$T/stdout" "$T/before"
	for i in $(seq 100); do
		"$CTR" --root "$root" exec "$tag" /bin/busybox true 3>&- &
		"$CTR" --root "$root" exec "$tag" /bin/busybox true || : >"$T/failed"
		wait $! || : >"$T/failed"
	done
	[ ! -e "$T/failed" ]
	"$CTR" --root "$root" kill "$tag" USR1
	wait_until is_stopped
	grep -av '^opened' "$T/stdout" || true
	same 'foreign 0' "$(grep -a '^foreign' "$T/stdout")"
	[ "$(sed -n 's/^looked //p' "$T/stdout")" -gt 100 ]
	delete_ctr
}

@test "A5: while the host executes, the container's root opens nothing of ctr's processes" {
	beside_a_spy
}

@test "A5: nor with CAP_SYS_PTRACE in a user namespace" {
	user_namespace
	capability CAP_SYS_PTRACE
	capability CAP_DAC_OVERRIDE
	beside_a_spy
}
