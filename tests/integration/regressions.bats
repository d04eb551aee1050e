# SPDX-License-Identifier: GPL-2.0-or-later
# Defects that were found once: each test failed before its fix.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Kill `ctr create` with SIGKILL after a number of microseconds; delete -f must then leave nothing.
killed_create() {
	local us=$1 job
	"$CTR" --root "$root" create -b "$bundle" "$tag" </dev/null >/dev/null 2>&1 &
	job=$!
	sleep "$(printf '0.%06d' "$us")"
	kill -KILL "$job" 2>/dev/null || true
	wait "$job" 2>/dev/null || true
	ctr delete -f "$tag"
	ok
}

@test "create killed at any moment: no child of it keeps the lock" {
	local i
	user_namespace
	for i in {1..20}; do
		mount_entry "/idmapped$i" bind "$T" bind idmap
	done
	args payload sleep
	write_config
	for i in {1..60}; do
		killed_create $((i * 250))
	done
}

@test "hooks: a long timeout is not cut down to the default" {
	config '.hooks.createContainer = [{"path": "/bin/true", "timeout": 700000},
		{"path": "/bin/true", "timeout": 4294967296}]'
	write_config
	ctr explain "$bundle"
	ok
	has 'deadline 700000 s' 'deadline 2000000 s'
	has_not 'deadline 600 s'
}

@test "start: its error names the operation that failed, whatever create was asked for" {
	without_namespace cgroup
	config '.hooks.startContainer = [{"path": "/nowhere"}]'
	args payload exit 0
	write_config
	ctr create --no-new-keyring -b "$bundle" "$tag"
	ok
	ctr start "$tag"
	fails '/nowhere' '/hooks/startContainer/0'
	delete_ctr
}

@test "terminal: what is closed everywhere in the container can be opened again" {
	config '.process.terminal = true'
	args sh -c 'exec <&- >&- 2>&-; /bin/busybox sleep 0.3; echo later >/dev/console'
	write_config
	capture "$lib_dir/pty" expect=later -- "$CTR" --root "$root" run "$bundle"
	has later '[exit 0]'
}

@test "delete without --force: a container that cannot be looked at is not taken for a dead one" {
	start_payload sleep
	ok
	capture unshare -m --propagation private sh -c 'umount -l /proc && exec "$@"' sh \
		"$CTR" --root "$root" delete "$tag"
	same 1 "$status" # the sanitizers, too, have something to say about the missing /proc
	[[ $stderr == *"ctr: look for the container's process"* ]]
	same running "$(state_of)"
	delete_ctr
}

@test "delete -f of a directory without a record: a namesake of another state root lives on" {
	start_payload sleep
	ok
	mkdir -m 700 "$T/other" "$T/other/$tag"
	capture "$CTR" --root "$T/other" delete -f "$tag"
	ok
	[ ! -e "$T/other/$tag" ]
	same running "$(state_of)"
	delete_ctr
}

@test "delete -f of a copy of a state directory: the original lives on" {
	start_payload sleep
	ok
	cp -a "$root/$tag" "$root/$tag.copy"
	delete_ctr "$tag.copy"
	[ ! -e "$root/$tag.copy" ]
	same running "$(state_of)"
	delete_ctr
}

@test "create: a reader of its messages that went away does not end it half way" {
	config '.process.capabilities.bounding += ["CAP_NONSENSE"]'
	args payload exit 0
	write_config
	mkfifo "$T/fifo"
	cat "$T/fifo" >/dev/null &
	exec 7>"$T/fifo"
	kill "$!"
	wait "$!" 2>/dev/null || true
	status=0
	"$CTR" --root "$root" --debug create -b "$bundle" "$tag" </dev/null >/dev/null 2>&7 7>&- || status=$?
	exec 7>&-
	same 0 "$status"
	same created "$(state_of)"
	delete_ctr
}

@test "run: the payload does not ignore SIGPIPE" {
	args busybox grep SigIgn /proc/self/status
	run_bundle
	is $'SigIgn:\t0000000000000000'
}

@test "run --keep: a high exit code is not taken for a signal" {
	args payload exit 200
	write_config
	ctr run --keep -b "$bundle" "$tag"
	same 200 "$status"
	ctr wait --format json "$tag"
	same '200 0' "$(jq -r '"\(.exitCode) \(.signal)"' <<<"$output")"
	delete_ctr
}

@test "seccomp: a profile need not allow what ctr-init does before the program" {
	local nnp
	args payload exit 0
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls:
		[{names: ["close_range", "rt_sigprocmask"], action: "SCMP_ACT_ERRNO"}]}'
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		run_bundle
		ok
	done
}

@test "hooks: at a deadline only what the hook has left is killed, not our caller's children" {
	config '.hooks.createRuntime = [{"path": "/bin/sleep", "args": ["sleep", "20"], "timeout": 1}]'
	args payload exit 0
	write_config
	capture bash -c 'sleep 20 & echo "$!" >"$0"; exec "$@"' "$T/kid" "$CTR" --root "$root" run "$bundle"
	fails 'did not end within 1 s'
	kill "$(cat "$T/kid")"
}

# Between making the directory of an id and opening it, create can be overtaken: by a delete --force of that directory, and by
# another create of the same id. It then took the other one's container for its own, and removed it when it failed.
@test "create: overtaken by a delete and another create, it leaves the container of the other one alone" {
	command -v strace >/dev/null || need strace
	local number
	args payload sleep
	write_config
	# which of its calls makes the directory, when the cache has been made
	ctr create -b "$bundle" "$tag"
	ok
	delete_ctr
	strace -qq -e trace=mkdirat -o "$T/trace" "$CTR" --root "$root" create -b "$bundle" "$tag" </dev/null >"$T/out" 2>&1
	number=$(grep -n "\"$tag\"" "$T/trace" | head -n 1 | cut -d: -f1)
	[ "$number" -ge 1 ]
	delete_ctr
	strace -qq -e trace=mkdirat -e inject=mkdirat:delay_exit=2000000:when="$number" -o "$T/trace" \
		"$CTR" --root "$root" create -b "$bundle" "$tag" </dev/null >"$T/late" 2>&1 3>&- &
	late=$!
	wait_until test -d "$root/$tag"
	delete_ctr
	"$CTR" --root "$root" run -d --pid-file "$T/pid" -b "$bundle" "$tag" </dev/null >"$T/out" 2>&1
	refute wait "$late"
	grep -q 'already exists' "$T/late"
	same running "$(state_of)"
	kill -0 "$(cat "$T/pid")"
	delete_ctr
}
