# SPDX-License-Identifier: GPL-2.0-or-later
# process.scheduler, process.ioPriority, linux.personality, linux.memoryPolicy.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# A process document for exec: a filter on the container's own process, and the program.
process_file() {
	jq ".process | $1 | .args = \$ARGS.positional" "$bundle/config.json" --args "${@:2}" >"$T/process.json"
}

@test "scheduler: none: that of the caller" {
	run_payload sched
	is 'policy=0 nice=0 priority=0 flags=0'
}

@test "scheduler: policies with a nice value" {
	config '.process.scheduler = {"policy": "SCHED_OTHER", "nice": 7}'
	run_payload sched
	is 'policy=0 nice=7 priority=0 flags=0'
	config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": -3}'
	run_payload sched
	is 'policy=3 nice=-3 priority=0 flags=0'
	config '.process.scheduler = {"policy": "SCHED_IDLE"}'
	run_payload sched
	is 'policy=5 nice=0 priority=0 flags=0'
}

@test "scheduler: SCHED_OTHER without a nice value takes back the caller's" {
	config '.process.scheduler = {"policy": "SCHED_OTHER"}'
	args payload sched
	write_config
	capture nice -n 5 "$CTR" --root "$root" run "$bundle"
	is 'policy=0 nice=0 priority=0 flags=0'
}

@test "scheduler: realtime policies with a priority" {
	chrt -f 1 true 2>/dev/null || need 'realtime scheduling'
	config '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 5}'
	run_payload sched
	is 'policy=1 nice=0 priority=5 flags=0'
	config '.process.scheduler = {"policy": "SCHED_RR", "priority": 1, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}'
	run_payload sched
	is 'policy=2 nice=0 priority=1 flags=1'
}

@test "scheduler: SCHED_DEADLINE" {
	chrt -d -T 1000000 -D 2000000 -P 5000000 0 true 2>/dev/null || need 'deadline scheduling'
	config '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000,
		"period": 5000000}'
	run_payload sched
	is 'policy=6 nice=0 priority=0 flags=0 1000000/2000000/5000000'
}

@test "scheduler: SCHED_DEADLINE of a caller that is pinned" {
	chrt -d -T 1000000 -D 2000000 -P 5000000 0 true 2>/dev/null || need 'deadline scheduling'
	config '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000,
		"flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"]}'
	args payload sched
	write_config
	capture taskset -c 0 "$CTR" --root "$root" run "$bundle"
	is 'policy=6 nice=0 priority=0 flags=3 1000000/2000000/2000000'
}

@test "scheduler: in a user namespace, whose root could not do it" {
	chrt -f 1 true 2>/dev/null || need 'realtime scheduling'
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	config '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 5}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_RT", "priority": 3}' \
		'.process.user = {"uid": 1000, "gid": 1000}'
	run_payload sched , ioprio
	is $'policy=1 nice=0 priority=5 flags=0\nclass=1 priority=3'
}

@test "scheduler: create and start" {
	config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 4}'
	args payload sched
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >"$T/out" 2>&1
	ctr start "$tag"
	ok
	wait_until is_stopped
	same 'policy=3 nice=4 priority=0 flags=0' "$(<"$T/out")"
	delete_ctr
}

@test "scheduler: without the privilege: an error that says so" {
	config '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 5}'
	args payload sched
	write_config
	capture setpriv --bounding-set -sys_nice "$CTR" --root "$root" run "$bundle"
	fails 'set the scheduler SCHED_FIFO, priority 5: operation not permitted' '/process/scheduler' CAP_SYS_NICE
}

@test "scheduler: values that do not go together" {
	while IFS='|' read -r value pointer text; do
		filter=".process.terminal = false | .process.scheduler = $value"
		run_bundle
		fails "(config.json /process/scheduler$pointer)" "$text"
	done <<-'END'
		{"policy": "SCHED_ODD"}|/policy|'SCHED_ODD'
		{"policy": "SCHED_ISO"}|/policy|'SCHED_ISO' is not implemented by the kernel
		{"policy": "SCHED_OTHER", "nice": 20}|/nice|20 is outside -20 to 19
		{"policy": "SCHED_FIFO", "priority": 5, "nice": 1}|/nice|has no meaning with 'SCHED_FIFO'
		{"policy": "SCHED_FIFO"}|/priority|must be 1 to 99 with 'SCHED_FIFO'
		{"policy": "SCHED_BATCH", "priority": 1}|/priority|has no meaning with 'SCHED_BATCH'
		{"policy": "SCHED_OTHER", "runtime": 1000000}|/runtime|has a meaning only with 'SCHED_DEADLINE'
		{"policy": "SCHED_DEADLINE", "runtime": 5000, "deadline": 4000}|/deadline|must not be below runtime
		{"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_ODD"]}|/flags/0|'SCHED_FLAG_ODD'
	END
	filter='.process.terminal = false | .process.scheduler = {"nice": 1}'
	run_bundle
	fails '/process/scheduler' "'policy'"
}

@test "scheduler: SCHED_DEADLINE and startContainer hooks need SCHED_FLAG_RESET_ON_FORK" {
	config '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000}' \
		'.hooks.startContainer = [{"path": "/bin/payload", "args": ["payload", "exit", "0"]}]'
	run_bundle
	fails "startContainer hooks need 'SCHED_FLAG_RESET_ON_FORK'" '/process/scheduler/flags'
	chrt -d -T 1000000 -D 2000000 -P 5000000 0 true 2>/dev/null || need 'deadline scheduling'
	config '.process.scheduler.flags = ["SCHED_FLAG_RESET_ON_FORK"]'
	run_payload sched
	is 'policy=6 nice=0 priority=0 flags=1 1000000/2000000/2000000'
}

@test "scheduler: exec -p has its own, exec that of the container" {
	config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 4}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
	start_payload sleep
	ctr exec "$tag" payload sched , ioprio
	is $'policy=3 nice=4 priority=0 flags=0\nclass=2 priority=6'
	process_file '.scheduler = {"policy": "SCHED_IDLE"} | .ioPriority = {"class": "IOPRIO_CLASS_IDLE"}' \
		payload sched , ioprio
	ctr exec -p "$T/process.json" "$tag"
	is $'policy=5 nice=0 priority=0 flags=0\nclass=3 priority=0'
	process_file '.scheduler = {"policy": "SCHED_RR"}' payload sched
	ctr exec -p "$T/process.json" "$tag"
	same 255 "$status"
	[[ $stderr == *'/scheduler/priority'*"must be 1 to 99 with 'SCHED_RR'"* || $stderr == *"must be 1 to 99 with 'SCHED_RR'"*'/scheduler/priority'* ]]
	delete_ctr
}

@test "scheduler: exec -p with SCHED_DEADLINE and a CPU of its own: the reason" {
	chrt -d -T 1000000 -D 2000000 -P 5000000 0 true 2>/dev/null || need 'deadline scheduling'
	[ "$(nproc)" -gt 1 ] || need 'two CPUs'
	start_payload sleep
	process_file '.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000}
		| .execCPUAffinity = {"initial": "0", "final": "0"}' payload sched
	ctr exec -p "$T/process.json" "$tag"
	same 255 "$status"
	[[ $stderr == *'set the scheduler SCHED_DEADLINE'*"($T/process.json /scheduler)"*execCPUAffinity* ]]
	process_file '.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000}' payload sched
	ctr exec -p "$T/process.json" "$tag"
	is 'policy=6 nice=0 priority=0 flags=0 1000000/2000000/2000000'
	delete_ctr
}

@test "ioPriority: the three classes" {
	for case in 'RT 3 1' 'BE 0 2' 'IDLE 7 3'; do
		# shellcheck disable=SC2086 # three words
		set -- $case
		filter=".process.terminal = false
			| .process.ioPriority = {\"class\": \"IOPRIO_CLASS_$1\", \"priority\": $2}"
		run_payload ioprio
		is "class=$3 priority=$2"
	done
}

@test "ioPriority: another class, another priority" {
	config '.process.ioPriority = {"class": "IOPRIO_CLASS_NONE", "priority": 0}'
	run_bundle
	fails "'IOPRIO_CLASS_NONE'" '/process/ioPriority/class'
	config '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 8}'
	run_bundle
	fails '8 is outside 0 to 7' '/process/ioPriority/priority'
	config '.process.ioPriority = {"priority": 1}'
	run_bundle
	fails "'class'" '/process/ioPriority'
}

@test "personality: LINUX32 and LINUX, for exec as well" {
	config '.linux.personality = {"domain": "LINUX32"}'
	start_payload sleep
	ctr exec "$tag" payload personality
	is personality=0x8
	delete_ctr
	run_payload personality
	is personality=0x8
	config '.linux.personality = {"domain": "LINUX"}'
	args payload personality
	write_config
	capture setarch linux32 "$CTR" --root "$root" run "$bundle"
	is personality=0x0
}

@test "personality: with a filter that forbids to change it" {
	config '.linux.personality = {"domain": "LINUX32", "flags": []}' \
		'.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls":
			[{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}]}'
	run_payload personality , syscall personality 8
	same $'personality=0x8\nsyscall: EPERM' "$output"
}

@test "personality: another domain, any flag" {
	config '.linux.personality = {"domain": "SOLARIS"}'
	run_bundle
	fails "'SOLARIS'" '/linux/personality/domain'
	config '.linux.personality = {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}'
	run_bundle
	fails "unknown personality flag 'ADDR_NO_RANDOMIZE' (none are known)" '/linux/personality/flags/0'
	config '.linux.personality = {}'
	run_bundle
	fails "'domain'" '/linux/personality'
}

@test "memoryPolicy: modes and flags" {
	[ -d /sys/devices/system/node/node0 ] || need 'a kernel with NUMA'
	while read -r mode flags expected; do
		[ "$mode" != MPOL_PREFERRED_MANY ] || [ "$(uname -r | cut -d. -f1)" -gt 5 ] || continue
		filter=".process.terminal = false | del(.linux.seccomp)
			| .linux.memoryPolicy = {\"mode\": \"$mode\", \"nodes\": \"0\", \"flags\": $flags}"
		run_payload mempolicy
		is "$expected"
	done <<-'END'
		MPOL_BIND [] mode=0x2 nodes=0x1
		MPOL_BIND ["MPOL_F_STATIC_NODES"] mode=0x8002 nodes=0x1
		MPOL_INTERLEAVE ["MPOL_F_RELATIVE_NODES"] mode=0x4003 nodes=0x1
		MPOL_PREFERRED [] mode=0x1 nodes=0x1
		MPOL_PREFERRED_MANY [] mode=0x5 nodes=0x1
		MPOL_BIND ["MPOL_F_NUMA_BALANCING"] mode=0x2002 nodes=0x1
	END
	filter='.process.terminal = false | del(.linux.seccomp) | .linux.memoryPolicy = {"mode": "MPOL_LOCAL"}'
	run_payload mempolicy
	is 'mode=0x4 nodes=0x0'
	filter='.process.terminal = false | del(.linux.seccomp) | .linux.memoryPolicy = {"mode": "MPOL_DEFAULT"}'
	run_payload mempolicy
	is 'mode=0x0 nodes=0x0'
}

@test "memoryPolicy: for exec as well" {
	[ -d /sys/devices/system/node/node0 ] || need 'a kernel with NUMA'
	config 'del(.linux.seccomp)' '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0"}'
	start_payload sleep
	ctr exec "$tag" payload mempolicy
	is 'mode=0x2 nodes=0x1'
	delete_ctr
}

@test "memoryPolicy: a node that is not there" {
	[ -d /sys/devices/system/node/node0 ] || need 'a kernel with NUMA'
	config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "900"}'
	run_bundle
	fails 'set the memory policy MPOL_BIND on the nodes 900: invalid argument' '/linux/memoryPolicy'
	config '.linux.memoryPolicy.nodes = "5000"'
	run_bundle
	fails "memory policy on the nodes '5000'" '/linux/memoryPolicy/nodes'
}

@test "memoryPolicy: values that do not go together" {
	while IFS='|' read -r value pointer text; do
		filter=".process.terminal = false | .linux.memoryPolicy = $value"
		run_bundle
		fails "(config.json /linux/memoryPolicy$pointer)" "$text"
	done <<-'END'
		{"mode": "MPOL_ODD"}|/mode|'MPOL_ODD'
		{"mode": "MPOL_DEFAULT", "nodes": "0"}|/nodes|has no meaning with 'MPOL_DEFAULT'
		{"mode": "MPOL_LOCAL", "flags": ["MPOL_F_STATIC_NODES"]}|/flags|have no meaning with 'MPOL_LOCAL'
		{"mode": "MPOL_BIND"}||'MPOL_BIND' needs nodes
		{"mode": "MPOL_BIND", "nodes": "0-"}|/nodes|is not a list of nodes
		{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_ODD"]}|/flags/0|'MPOL_F_ODD'
		{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}|/flags|exclude each other
	END
}
