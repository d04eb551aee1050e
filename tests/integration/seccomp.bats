# SPDX-License-Identifier: GPL-2.0-or-later
# linux.seccomp: actions, arguments, operators, flags, the cache of compiled filters.

load lib
setup() {
	ctr_setup
	allow='{"defaultAction": "SCMP_ACT_ALLOW"}'
}
teardown() { ctr_teardown; }

# profile JQ: a profile that allows everything, changed by a jq filter
profile() {
	config ".linux.seccomp = ($allow | $1)"
}

# rule ACTION ARGS [MORE]: one rule about personality(2), and what the call then says
rule() {
	profile ".syscalls = [{\"names\": [\"personality\"], \"action\": \"$1\", \"args\": $2} + ${3:-{\}}]"
}

@test "seccomp: none" {
	config 'del(.linux.seccomp)'
	run_payload caps
	ok
	has 'Seccomp 0'
}

@test "seccomp: the default profile of ctr spec" {
	run_payload caps , syscall getppid , syscall mount , syscall keyctl , syscall unshare 0x10000000
	has 'Seccomp 2' $'syscall: ok\nsyscall: EPERM\nsyscall: EPERM\nsyscall: EPERM'
}

@test "seccomp: the default profile keeps AF_ALG and AF_VSOCK away" {
	run_payload syscall socket 38 5 0 , syscall socket 40 1 0 , syscall socket 1 1 0
	[[ $output == $'syscall: E'*$'\nsyscall: E'*$'\nsyscall: ok' ]]
}

@test "seccomp: ERRNO, with and without a number" {
	rule SCMP_ACT_ERRNO '[]'
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
	rule SCMP_ACT_ERRNO '[]' '{"errnoRet": 28}'
	run_payload syscall personality 0xffffffff
	same 'syscall: ENOSPC' "$output"
}

@test "seccomp: a default action with a number" {
	profile '.defaultAction = "SCMP_ACT_ERRNO" | .defaultErrnoRet = 38
		| .syscalls = [{"names": $n, "action": "SCMP_ACT_ALLOW"}]'
	filter="\"$(printf '%s ' read write execve exit exit_group brk mmap munmap mprotect arch_prctl \
		set_tid_address ioctl writev close getppid rt_sigaction rt_sigprocmask fstat open openat \
		prctl close_range)\" as \$list | (\$list | rtrimstr(\" \") | split(\" \")) as \$n | $filter"
	run_payload syscall personality 0xffffffff , syscall getppid
	is $'syscall: ENOSYS\nsyscall: ok'
}

@test "seccomp: KILL, KILL_THREAD, KILL_PROCESS and TRAP end the program with SIGSYS" {
	for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
		rule "SCMP_ACT_$action" '[]'
		run_payload syscall personality 0xffffffff
		same 159 "$status"
		same '' "$stderr"
	done
}

@test "seccomp: LOG allows; TRACE without a tracer is ENOSYS" {
	rule SCMP_ACT_LOG '[]'
	run_payload syscall personality 0xffffffff
	is 'syscall: ok'
	rule SCMP_ACT_TRACE '[]'
	run_payload syscall personality 0xffffffff
	same 'syscall: ENOSYS' "$output"
}

# With getpgid(2): the argument is compared as it is, and the result (ESRCH) tells that it was allowed.
compare() {
	profile ".syscalls = [{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 28,
		\"args\": [{\"index\": 0, \"value\": $2, \"valueTwo\": ${3:-0}, \"op\": \"SCMP_CMP_$1\"}]}]"
	args payload syscall getpgid 999 , syscall getpgid 1000 , syscall getpgid 1001
	run_bundle
	output=${output//syscall: /}
	output=${output//$'\n'/ }
}

@test "seccomp: every operator" {
	compare EQ 1000
	same 'ESRCH ENOSPC ESRCH' "$output"
	compare NE 1000
	same 'ENOSPC ESRCH ENOSPC' "$output"
	compare LT 1000
	same 'ENOSPC ESRCH ESRCH' "$output"
	compare LE 1000
	same 'ENOSPC ENOSPC ESRCH' "$output"
	compare GE 1000
	same 'ESRCH ENOSPC ENOSPC' "$output"
	compare GT 1000
	same 'ESRCH ESRCH ENOSPC' "$output"
	compare MASKED_EQ 1 1
	same 'ENOSPC ESRCH ENOSPC' "$output"
}

@test "seccomp: several arguments must all match" {
	profile '.syscalls = [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "args": [
		{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}]}]'
	run_payload syscall socket 1 1 0 , syscall socket 1 2 0 , syscall socket 2 2 0
	is $'syscall: ok\nsyscall: ENOSPC\nsyscall: ok'
}

@test "seccomp: the same argument twice means either" {
	profile '.syscalls = [{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "args": [
		{"index": 0, "value": 1000, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 1001, "op": "SCMP_CMP_EQ"}]}]'
	run_payload syscall getpgid 1000 , syscall getpgid 1001 , syscall getpgid 1002
	same $'syscall: ENOSPC\nsyscall: ENOSPC\nsyscall: ESRCH' "$output"
}

@test "seccomp: values of 64 bits" {
	config ".linux.seccomp = ($allow | .syscalls = [{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ERRNO\",
		\"errnoRet\": 28, \"args\": [{\"index\": 1, \"value\": 4294967296, \"op\": \"SCMP_CMP_EQ\"}]}])"
	run_payload syscall personality 0xffffffff 0x100000000 , syscall personality 0xffffffff 0
	is $'syscall: ENOSPC\nsyscall: ok'
}

@test "seccomp: names that nobody knows are skipped" {
	profile '.syscalls = [{"names": ["frobnicate", "personality"], "action": "SCMP_ACT_ERRNO"}]'
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
}

@test "seccomp: with a plain user, with and without noNewPrivileges" {
	rule SCMP_ACT_ERRNO '[]'
	config '.process.user = {"uid": 1000, "gid": 1000}'
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		run_payload syscall personality 0xffffffff , ids
		has 'syscall: EPERM' 'uid=1000,1000,1000'
	done
}

@test "seccomp: a profile that forbids what ctr-init itself needs, loaded last" {
	profile '.syscalls = [{"names": ["capset", "setresuid", "setgroups", "mount", "pivot_root", "fchdir",
		"prctl", "openat2", "move_mount"], "action": "SCMP_ACT_KILL_PROCESS"}]'
	config '.process.user = {"uid": 1000, "gid": 1000}'
	run_payload ids
	is 'uid=1000,1000,1000 gid=1000,1000,1000 groups= umask=0022'
}

@test "seccomp: KILL_THREAD ends the thread, KILL_PROCESS all of them" {
	for action in KILL KILL_THREAD; do
		rule "SCMP_ACT_$action" '[]'
		run_payload thread personality
		is 'thread: ok'
	done
	rule SCMP_ACT_KILL_PROCESS '[]'
	run_payload thread personality
	same 159 "$status"
	same '' "$output"
}

@test "seccomp: what is newer than a profile that denies is ENOSYS, for glibc to try the older call" {
	# the default profile denies what it does not list, and names nothing above 600
	run_payload syscall keyctl , syscall 999
	same $'syscall: EPERM\nsyscall: ENOSYS' "$output"
	# one that kills by default
	allowed=$(jq -c '[.linux.seccomp.syscalls[].names[]]' "$base/config.json")
	config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\",
		\"syscalls\": [{\"names\": $allowed, \"action\": \"SCMP_ACT_ALLOW\"}]}"
	run_payload syscall 999
	same 'syscall: ENOSYS' "$output"
	run_payload syscall keyctl
	same 159 "$status"
	# and one that says something else about what it does not know
	config '.linux.seccomp.defaultAction = "SCMP_ACT_ERRNO" | .linux.seccomp.defaultErrnoRet = 28'
	run_payload syscall keyctl , syscall 999
	same $'syscall: ENOSPC\nsyscall: ENOSYS' "$output"
}

@test "seccomp: flags" {
	for flag in SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW SECCOMP_FILTER_FLAG_TSYNC; do
		profile ".flags = [\"$flag\"] | .syscalls = [{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ERRNO\"}]"
		run_payload syscall personality 0xffffffff
		same 'syscall: EPERM' "$output"
		same '' "$stderr"
	done
}

@test "seccomp: architectures: the native one is always there" {
	profile '.architectures = ["SCMP_ARCH_ARM"] | .syscalls = [{"names": ["personality"], "action": "SCMP_ACT_ERRNO"}]'
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
}

# --- what is refused ---

@test "seccomp: architectures: all that features names, in one profile" {
	profile ".architectures = $("$CTR" features | jq -c .linux.seccomp.archs) |
		.syscalls = [{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ERRNO\"}]"
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
	same '' "$stderr"
}

@test "seccomp: unknown action, operator, architecture, flag" {
	profile '.defaultAction = "SCMP_ACT_FROB"'
	run_bundle
	fails "'SCMP_ACT_FROB'" '/linux/seccomp/defaultAction'
	rule SCMP_ACT_FROB '[]'
	run_bundle
	fails "'SCMP_ACT_FROB'" '/linux/seccomp/syscalls/0/action'
	rule SCMP_ACT_ERRNO '[{"index": 0, "value": 1, "op": "SCMP_CMP_FROB"}]'
	run_bundle
	fails "'SCMP_CMP_FROB'" '/linux/seccomp/syscalls/0/args/0/op'
	profile '.architectures = ["SCMP_ARCH_FROB"]'
	run_bundle
	fails "'SCMP_ARCH_FROB'" '/linux/seccomp/architectures/0'
	profile '.flags = ["SECCOMP_FILTER_FLAG_FROB"]'
	run_bundle
	fails "'SECCOMP_FILTER_FLAG_FROB'" '/linux/seccomp/flags/0'
}

@test "seccomp: no default action, no names, an index above 5, errnoRet with ALLOW" {
	config '.linux.seccomp = {"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}'
	run_bundle
	fails 'defaultAction' '/linux/seccomp'
	profile '.syscalls = [{"names": [], "action": "SCMP_ACT_ERRNO"}]'
	run_bundle
	fails '/linux/seccomp/syscalls/0/names'
	rule SCMP_ACT_ERRNO '[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]'
	run_bundle
	fails '/linux/seccomp/syscalls/0/args/0/index'
	rule SCMP_ACT_ALLOW '[]' '{"errnoRet": 1}'
	run_bundle
	fails '/linux/seccomp/syscalls/0/errnoRet'
}

@test "seccomp: NOTIFY as the default, NOTIFY without a listener, a listener that is not there" {
	profile '.defaultAction = "SCMP_ACT_NOTIFY"'
	run_bundle
	fails '/linux/seccomp/defaultAction'
	rule SCMP_ACT_NOTIFY '[]'
	run_bundle
	fails '/linux/seccomp'
	config ".linux.seccomp.listenerPath = \"$T/none\""
	run_bundle
	fails "$T/none"
}

# --- the cache ---

@test "seccomp: the second run takes the filter from the cache" {
	rule SCMP_ACT_ERRNO '[]'
	run_payload syscall personality 0xffffffff
	same 1 "$(find "$root/.cache/seccomp" -type f | wc -l)"
	same 700 "$(stat -c %a "$root/.cache/seccomp")"
	file=$(find "$root/.cache/seccomp" -type f)
	before=$(stat -c '%i %Y' "$file")
	# what libseccomp would need to compile is not even opened a second time: the file is the same one
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
	same "$before" "$(stat -c '%i %Y' "$file")"
	# without write permission for a new entry nothing changes
	rule SCMP_ACT_ERRNO '[]' '{"errnoRet": 28}'
	run_payload syscall personality 0xffffffff
	same 'syscall: ENOSPC' "$output"
	same 2 "$(find "$root/.cache/seccomp" -type f | wc -l)"
}

@test "seccomp: a damaged entry of the cache is ignored" {
	rule SCMP_ACT_ERRNO '[]'
	args payload syscall personality 0xffffffff
	write_config
	ctr run "$bundle"
	same 'syscall: EPERM' "$output"
	file=$(find "$root/.cache/seccomp" -type f)
	size=$(stat -c %s "$file")
	for damage in empty short zeros long last; do
		case $damage in
		empty) : >"$file" ;;
		short) truncate -s $((size / 2)) "$file" ;;
		zeros) head -c "$size" /dev/zero >"$file" ;;
		long) echo more >>"$file" ;;
		# a filter that lets everything through, where only the sum can tell
		last) printf '\0\0\377\177' | dd of="$file" bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null ;;
		esac
		ctr run "$bundle"
		same 'syscall: EPERM' "$output"
		same '' "$stderr"
	done
}

@test "seccomp: an entry of the cache that others can write is ignored" {
	rule SCMP_ACT_ERRNO '[]'
	args payload syscall personality 0xffffffff
	write_config
	ctr run "$bundle"
	file=$(find "$root/.cache/seccomp" -type f)
	chmod 666 "$file"
	ctr run "$bundle"
	same 'syscall: EPERM' "$output"
	rm "$file"
	mkfifo "$file"
	ctr run "$bundle"
	same 'syscall: EPERM' "$output"
}

@test "seccomp: without a cache to write to it works as well" {
	mkdir -m 700 "$root"
	: >"$root/.cache"
	rule SCMP_ACT_ERRNO '[]'
	run_payload syscall personality 0xffffffff
	same 'syscall: EPERM' "$output"
	rm "$root/.cache"
}

@test "seccomp: an agent answers what the profile notifies" {
	config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"$T/agent\",
		\"listenerMetadata\": \"hello\",
		\"syscalls\": [{\"names\": [\"mkdir\", \"mkdirat\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	args sh -c 'mkdir /dev/shm/x; echo still here'
	"$BATS_TEST_DIRNAME/notify-agent" "$T/agent" 122 >"$T/said" 3>&- &
	wait_until test -S "$T/agent"
	write_config
	capture "$CTR" --root "$root" run -b "$bundle" "$tag"
	wait
	[ "$status" -eq 0 ]
	same 'still here' "$output"
	[[ $stderr == *'Disk quota exceeded'* ]] # errno 122
	jq -e --arg id "$tag" '.fds == ["seccompFd"] and .metadata == "hello" and .pid > 0 and
		.state.id == $id and (.ociVersion | length > 0)' "$T/said"
}

# start_agent ERRNO: one that takes one descriptor, at the path that the profile names
start_agent() {
	rm -f "$T/agent"
	"$BATS_TEST_DIRNAME/notify-agent" "$T/agent" "$1" >"$T/said$1" 3>&- &
	wait_until test -S "$T/agent"
}

notified() {
	config ".linux.seccomp = ({\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"$T/agent\",
		\"syscalls\": [{\"names\": [\"mkdir\", \"mkdirat\"], \"action\": \"SCMP_ACT_NOTIFY\"}]} | $1)"
}

@test "seccomp: exec has a notify descriptor of its own, and says that the container runs" {
	notified .
	start_agent 122
	start_payload sleep
	[ "$status" -eq 0 ]
	start_agent 28
	ctr exec "$tag" sh -c 'mkdir /dev/shm/x'
	[ "$status" -ne 0 ]
	[[ $stderr == *'No space left'* ]]
	delete_ctr
	wait
	jq -e --argjson pid "$pid" '.state.status == "creating" and .pid == $pid and .state.pid == $pid and
		(has("metadata") | not)' "$T/said122"
	jq -e --argjson pid "$pid" '.state.status == "running" and .pid != $pid and .state.pid == $pid' "$T/said28"
}

@test "seccomp: WAIT_KILLABLE_RECV with an agent, and without one" {
	"$CTR" features | jq -e '.linux.seccomp.supportedFlags | index("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")' ||
		need 'Linux 5.19'
	notified '.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	start_agent 122
	args sh -c 'mkdir /dev/shm/x'
	run_bundle
	wait
	[[ $stderr == *'Disk quota exceeded'* ]]
	# without NOTIFY the kernel would refuse it
	notified '.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] | .syscalls = []'
	run_payload exit 0
	ok
}

@test "seccomp: a listener without NOTIFY is not bothered; metadata need one; sendmsg cannot be notified" {
	notified '.syscalls = []'
	run_payload exit 0
	ok
	notified 'del(.listenerPath) | .syscalls = [] | .listenerMetadata = "x"'
	run_payload exit 0
	fails "needs the member 'listenerPath'" '/linux/seccomp/listenerMetadata'
	notified '.syscalls[0].names = ["sendmsg"]'
	run_payload exit 0
	fails 'sendmsg cannot be notified' '/linux/seccomp/syscalls/0'
}

@test "seccomp: an agent that does not listen" {
	config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"$T/nobody\",
		\"syscalls\": [{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	args payload exit 0
	run_bundle
	fails "send the seccomp notify descriptor to '$T/nobody'" '/linux/seccomp/listenerPath'
}
