# SPDX-License-Identifier: GPL-2.0-or-later
# Annotations that mean something to a runtime: honoured, refused, passed over.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

annotate() {
	config ".annotations += {\"$1\": \"$2\"}"
}

refused() {
	write_config
	ctr run -b "$bundle" "$tag"
	fails "$@"
	nothing_left
}

@test "annotations: keep_original_groups: the caller's groups are left alone" {
	annotate run.oci.keep_original_groups 1
	args sh -c 'id -G'
	write_config
	capture setpriv --groups 4711,4712 "$CTR" --root "$root" run "$bundle"
	is '0 4711 4712'
	# what else is asked for cannot be had then
	config '.process.user.additionalGids = [99]'
	write_config
	capture setpriv --groups 4711 "$CTR" --root "$root" --debug run "$bundle"
	same '0 4711' "$output"
	[[ $stderr == *'additionalGids: ignored'* ]]
	ctr explain "$bundle"
	has "become uid 0, gid 0, and keep the caller's groups"
}

@test "annotations: keep_original_groups in a user namespace, and in exec" {
	annotate run.oci.keep_original_groups true
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	args payload sleep
	write_config
	capture setpriv --groups 100005,4711 "$CTR" --root "$root" run -d --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	same '4711 100005' "$(awk '/^Groups/ { print $2, $3 }' "/proc/$(cat "$T/pid")/status")"
	capture setpriv --groups 100006 "$CTR" --root "$root" exec "$tag" sh -c 'id -G'
	is '0 6'
	delete_ctr
}

@test "annotations: keep_original_groups 0 is as if it were not there" {
	annotate run.oci.keep_original_groups 0
	args sh -c 'id -G'
	write_config
	capture setpriv --groups 4711 "$CTR" --root "$root" run "$bundle"
	is 0
}

@test "annotations: pidfd_receiver gets a pidfd of init" {
	annotate run.oci.pidfd_receiver "$T/receiver"
	args payload sleep
	"$BATS_TEST_DIRNAME/peer" pidfd "$T/receiver" >"$T/said" 3>&- &
	wait_until test -S "$T/receiver"
	start_bundle
	ok
	wait
	grep -q "$pid" "$T/said"
	grep -q standard "$T/said"
	delete_ctr
}

@test "annotations: pidfd_receiver that nobody listens at: an error, and nothing stays" {
	annotate run.oci.pidfd_receiver "$T/nobody"
	args payload exit 0
	refused "send the pidfd to '$T/nobody'" 'config.json /annotations/run.oci.pidfd_receiver'
}

@test "annotations: seccomp.receiver gets the notify descriptor when there is no listenerPath" {
	annotate run.oci.seccomp.receiver "$T/agent"
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	args sh -c 'mkdir /dev/shm/x; echo still here'
	"$BATS_TEST_DIRNAME/notify-agent" "$T/agent" 122 >"$T/said" 3>&- &
	wait_until test -S "$T/agent"
	write_config
	capture "$CTR" --root "$root" run -b "$bundle" "$tag"
	wait
	same 'still here' "$output"
	[[ $stderr == *'Disk quota exceeded'* ]]
	jq -e --arg id "$tag" '.fds == ["seccompFd"] and .state.id == $id' "$T/said"
	# the environment of ctr names nobody
	config '.annotations = {}'
	write_config
	capture env RUN_OCI_SECCOMP_RECEIVER="$T/agent" "$CTR" --root "$root" run -b "$bundle" "$tag"
	fails 'config.json /linux/seccomp/syscalls/0/action'
}

@test "annotations: seccomp.receiver that nobody listens at" {
	annotate run.oci.seccomp.receiver "$T/nobody"
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	args payload exit 0
	refused "'$T/nobody'" 'config.json /annotations/run.oci.seccomp.receiver'
}

@test "annotations: seccomp_fail_unknown_syscall" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir", "frobnicate"], "action": "SCMP_ACT_ERRNO"}]}'
	args payload exit 0
	run_bundle
	ok # and now it is in the cache
	annotate run.oci.seccomp_fail_unknown_syscall 1
	refused "unknown system call 'frobnicate'" 'config.json /linux/seccomp/syscalls/0/names/1'
	config '.linux.seccomp.syscalls[0].names = ["mkdir"]'
	run_bundle
	ok
}

@test "annotations: hooks.stdout and hooks.stderr: appended to, by hooks of all kinds" {
	local kind
	annotate run.oci.hooks.stdout "$T/hooks.out"
	annotate run.oci.hooks.stderr "$T/hooks.err"
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		hook "$kind" "echo $kind out; echo $kind err >&2"
	done
	printf 'before\n' >"$T/hooks.out"
	create_payload exit 0
	ok
	same 600 "$(stat -c %a "$T/hooks.err")"
	ctr start "$tag"
	ok
	wait_until is_stopped
	ctr delete "$tag"
	ok
	same 'before prestart createRuntime createContainer startContainer poststart poststop' \
		"$(sed 's/ out$//' "$T/hooks.out" | xargs)"
	same 'prestart createRuntime createContainer startContainer poststart poststop' \
		"$(sed 's/ err$//' "$T/hooks.err" | xargs)"
	same '' "$(<"$T/out")"
}

@test "annotations: hooks.stdout alone: errors are still in the message" {
	annotate run.oci.hooks.stdout "$T/hooks.out"
	hook prestart 'echo good; echo bad >&2; exit 3'
	args payload exit 0
	refused 'failed with exit status 3: bad'
	same good "$(<"$T/hooks.out")"
}

@test "annotations: the program does not have the files of its hooks" {
	annotate run.oci.hooks.stdout "$T/hooks.out"
	hook startContainer 'echo started'
	args sh -c 'ls /proc/self/fd | wc -l'
	create_bundle
	ok
	ctr start "$tag"
	wait_until is_stopped
	same 4 "$(<"$T/out")" # and the directory itself
	delete_ctr
}

@test "annotations: hooks.stdout opens neither a link, nor a directory, nor a fifo that nobody reads" {
	local at=/annotations/run.oci.hooks.stdout
	hook prestart 'echo hello'
	args payload exit 0
	ln -s "$T/victim" "$T/link"
	annotate run.oci.hooks.stdout "$T/link"
	refused "open '$T/link' for what hooks write" 'too many' "$at"
	[ ! -e "$T/victim" ]
	annotate run.oci.hooks.stdout "$T"
	refused 'is a directory' "$at"
	mkfifo "$T/fifo"
	annotate run.oci.hooks.stdout "$T/fifo"
	refused "open '$T/fifo'" 'no such device' "$at"
	annotate run.oci.hooks.stdout "$T/none/file"
	refused 'no such file or directory' "$at"
	config 'del(.hooks)'
	hook startContainer 'echo hello'
	refused 'no such file or directory' "$at"
}

@test "annotations: poststop hooks run, whatever became of their file" {
	mkdir "$T/logs"
	annotate run.oci.hooks.stdout "$T/logs/out"
	hook poststop ": >$T/stopped"
	start_payload sleep
	rm -r "$T/logs"
	ctr delete -f "$tag"
	[ "$status" -eq 0 ]
	[[ $stderr == *"open '$T/logs/out'"* ]]
	[ -e "$T/stopped" ]
}

@test "annotations: values that make no sense" {
	local name
	args payload exit 0
	for name in pidfd_receiver seccomp.receiver hooks.stdout hooks.stderr; do
		filter_before=$filter
		for value in relative/path ''; do
			annotate "run.oci.$name" "$value"
			refused "path '$value' is not absolute" "config.json /annotations/run.oci.$name"
		done
		filter=$filter_before
	done
	for name in keep_original_groups seccomp_fail_unknown_syscall; do
		filter_before=$filter
		annotate "run.oci.$name" yes
		refused "'yes' is none of 1, true, 0, false" "config.json /annotations/run.oci.$name"
		filter=$filter_before
	done
}

@test "annotations: refused, because the container would be another one" {
	local name
	args payload exit 0
	for name in seccomp_bpf_data systemd.force_cgroup_v1 handler; do
		filter_before=$filter
		annotate "run.oci.$name" x
		refused "'run.oci.$name' is not supported" "config.json /annotations/run.oci.$name"
		filter=$filter_before
	done
}

@test "annotations: passed over, with a warning; of others not a word" {
	annotate run.oci.seccomp.plugins x
	annotate module.wasm.image/variant compat
	annotate krun.cpus 2
	annotate org.example.run.oci.handler x
	args payload exit 0
	run_bundle
	ok
	ctr --debug run "$bundle"
	[ "$status" -eq 0 ]
	same 3 "$(grep -c 'is ignored' <<<"$stderr")"
	for name in run.oci.seccomp.plugins module.wasm.image/variant krun.cpus; do
		[[ $stderr == *"config.json /annotations: '$name' is ignored"* ]]
	done
}
