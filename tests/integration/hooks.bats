# SPDX-License-Identifier: GPL-2.0-or-later
# The six kinds of hooks: order, namespaces, state, environment, failure, deadline.

load lib
setup() {
	ctr_setup
	log=$T/hooks.log
	hook=$T/hook
	config '.root.readonly = false'
	# KIND TEXT: writes a line to the log; the host's path works in every hook but startContainer
	printf '#!/bin/sh\ncat >"%s/$1.json"\necho "$1" >>"%s"\n' "$T" "$log" >"$hook"
	chmod 755 "$hook"
}
teardown() { ctr_teardown; }

# add_hook KIND PATH [ARGUMENT...]
add_hook() {
	local words
	words=$(jq -cn '$ARGS.positional' --args -- "${@:2}")
	config ".hooks[\"$1\"] += [{\"path\": \"$2\", \"args\": $words}]"
}

# script NAME TEXT: a shell script on the host; its path is in $T
script() {
	printf '#!/bin/sh\n%s\n' "$2" >"$T/$1"
	chmod 755 "$T/$1"
}

@test "hooks: all six, in order" {
	for kind in prestart createRuntime createContainer poststart poststop; do
		add_hook "$kind" "$hook" "$kind"
	done
	# in the container's view
	printf '#!/bin/sh\necho startContainer >>/tmp/log\n' >"$rootfs/bin/inside"
	chmod 755 "$rootfs/bin/inside"
	mount_entry /tmp/log bind "$log" bind
	: >"$log"
	add_hook startContainer /bin/inside
	run_sh 'echo program >>/tmp/log; until grep -q poststart /tmp/log; do sleep 0.01; done'
	ok
	# the program and poststart run at the same time
	same $'prestart\ncreateRuntime\ncreateContainer\nstartContainer\npoststop' "$(grep -v -e program -e poststart "$log")"
	same $'poststart\nprogram' "$(grep -e program -e poststart "$log" | sort)"
	same $'startContainer\npro' "$(grep -A1 startContainer "$log" | cut -c1-14 | sed s/program/pro/\;s/poststart/pro/)"
}

@test "hooks: several of a kind, in the order of the config" {
	script add 'echo "$1" >>'"$log"
	for i in 1 2 3; do
		add_hook createRuntime "$T/add" "$i"
	done
	run_payload exit 0
	ok
	same $'1\n2\n3' "$(cat "$log")"
}

@test "hooks: the state on stdin" {
	for kind in prestart createRuntime createContainer poststart poststop; do
		add_hook "$kind" "$hook" "$kind"
	done
	config '.annotations = {"org.example.a": "b/c"}'
	start_payload sleep
	ok
	delete_ctr
	for kind in prestart createRuntime createContainer poststart poststop; do
		same "$tag" "$(jq -r .id "$T/$kind.json")"
		same "$bundle" "$(jq -r .bundle "$T/$kind.json")"
		same 1.3.0 "$(jq -r .ociVersion "$T/$kind.json")"
		same b/c "$(jq -r '.annotations["org.example.a"]' "$T/$kind.json")"
	done
	same "$pid $pid $pid" "$(jq -r .pid "$T/prestart.json" "$T/createRuntime.json" "$T/poststart.json" | paste -sd' ')"
	same 1 "$(jq -r .pid "$T/createContainer.json")"
	same running "$(jq -r .status "$T/poststart.json")"
	same stopped "$(jq -r .status "$T/poststop.json")"
	for kind in prestart createRuntime createContainer; do
		[[ $(jq -r .status "$T/$kind.json") =~ ^(creating|created)$ ]]
	done
	# shell hooks grep it
	grep -q '"org.example.a":"b/c"' "$T/poststop.json"
}

@test "hooks: the state of startContainer" {
	printf '#!/bin/sh\ncat >/tmp/state\n' >"$rootfs/bin/inside"
	chmod 755 "$rootfs/bin/inside"
	add_hook startContainer /bin/inside
	run_payload exit 0
	ok
	same "$tag 1 created" "$(jq -r '"\(.id) \(.pid) \(.status)"' "$rootfs/tmp/state")"
}

@test "hooks: the host's namespaces for prestart, createRuntime, poststart and poststop" {
	script ns 'for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done >'"$T/ns."'$1'
	for kind in prestart createRuntime poststart poststop; do
		add_hook "$kind" "$T/ns" "$kind"
	done
	run_payload exit 0
	ok
	host=$(for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done)
	for kind in prestart createRuntime poststart poststop; do
		same "$host" "$(cat "$T/ns.$kind")"
	done
}

@test "hooks: the container's namespaces for createContainer, with the host's tree still there" {
	script ns "for n in ipc net pid uts; do readlink /proc/self/ns/\$n; done >$T/ns
		readlink /proc/self/ns/mnt >$T/mnt
		uname -n >>$T/ns
		grep -c ' $rootfs\| / .*$tag' /proc/self/mountinfo >$T/mounts || true"
	add_hook createContainer "$T/ns"
	run_payload ns net pid uts ipc , uname , ns mnt
	same "${output%% (none)*}" "$(cat "$T/ns")"
	same "$(tail -n 1 <<<"$output")" "$(cat "$T/mnt")"
}

@test "hooks: createRuntime runs when the environment stands, before pivot_root" {
	script look "pid=\$(jq .pid); ls /proc/\$pid/ns >/dev/null; cat /proc/\$pid/cgroup >$T/cgroup
		readlink /proc/\$pid/exe >$T/exe; ls -l /proc/\$pid/exe >/dev/null
		ls /proc/\$pid/root/ >$T/root; grep -c /dev/shm /proc/\$pid/mountinfo >$T/shm"
	add_hook createRuntime "$T/look"
	run_payload exit 0
	ok
	grep -q "/ctr/$tag" "$T/cgroup"
	# ctr-init is no file of the host's, but sealed memory
	grep -q '^/memfd:' "$T/exe"
	grep -q '[1-9]' "$T/shm"
}

@test "hooks: poststart runs when the program does" {
	script look "pid=\$(jq .pid); readlink /proc/\$pid/exe >$T/exe"
	add_hook poststart "$T/look"
	start_payload sleep
	ok
	delete_ctr
	same /bin/payload "$(cat "$T/exe")"
}

@test "hooks: poststop runs when everything is gone" {
	script look "find /sys/fs/cgroup -type d -name $tag >$T/cgroup; [ ! -e /proc/\$(cat $T/pid)/exe ] || echo alive >>$T/cgroup"
	add_hook poststop "$T/look"
	config '.hooks.poststop[0].env = ["PATH=/usr/bin:/bin"]'
	start_payload sleep
	delete_ctr
	same '' "$(cat "$T/cgroup")"
}

@test "hooks: poststop from ctr's own copy of the config: the bundle may be gone" {
	add_hook poststop "$hook" poststop
	start_payload sleep
	mv "$bundle" "$T/elsewhere-$tag"
	delete_ctr
	same poststop "$(cat "$log")"
}

@test "hooks: their environment is what the config says, else nothing" {
	script env "tr '\\0' '\\n' </proc/\$\$/environ | grep -v -e ^PWD= -e ^_= -e ^SHLVL= >$T/env.\$1; :"
	for kind in prestart createRuntime createContainer poststart poststop; do
		add_hook "$kind" "$T/env" "$kind"
	done
	config '.hooks.createRuntime[0].env = ["A=1", "B=2"]' \
		'.process.env += ["LD_PRELOAD=/none.so", "FROM_CONTAINER=1"]'
	args payload exit 0
	write_config
	FROM_CALLER=1 ctr run "$bundle"
	same 0 "$status"
	same $'A=1\nB=2' "$(cat "$T/env.createRuntime")"
	for kind in prestart createContainer poststart poststop; do
		refute grep -e CALLER -e CONTAINER -e PRELOAD "$T/env.$kind"
	done
}

@test "hooks: startContainer has the container's environment" {
	printf '#!/bin/sh\necho "$FROM_CONTAINER" >/tmp/env\n' >"$rootfs/bin/inside"
	chmod 755 "$rootfs/bin/inside"
	config '.process.env += ["FROM_CONTAINER=1"]'
	add_hook startContainer /bin/inside
	run_payload exit 0
	ok
	same 1 "$(cat "$rootfs/tmp/env")"
}

@test "hooks: working directory, descriptors, arguments" {
	script look "pwd >$T/cwd; echo \"\$0 \$*\" >$T/args; exec $payload fds >$T/fds"
	add_hook createRuntime "$T/look" one 'two three'
	args payload exit 0
	write_config
	capture "$payload" with-fds 50 "$T" "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	same "$bundle" "$(cat "$T/cwd")"
	same '0 1 2' "$(cut -d' ' -f1 "$T/fds" | paste -sd' ')"
	same "$T/look one two three" "$(cat "$T/args")"
}

@test "hooks: one that does not read its stdin" {
	add_hook createRuntime /bin/true
	config '.annotations = {"large": ("x" * 300000)}'
	run_payload exit 0
	ok
}

@test "hooks: one that leaves a process with its output open does not hold ctr up" {
	script daemon 'sleep 3 & exit 0'
	add_hook createRuntime "$T/daemon"
	args payload exit 0
	write_config
	start=$SECONDS
	env -u CTR_TEST_TAG "$CTR" --root "$root" run "$bundle"
	[ $((SECONDS - start)) -le 2 ]
}

# --- failure ---

failing_hook() {
	script bad 'echo "the reason" >&2; exit 3'
	add_hook "$1" "$T/bad"
	add_hook "$1" "$hook" never
	add_hook poststop "$hook" poststop
	run_payload touch /tmp/ran
	fails "hook '$T/bad'" 'exit status 3' 'the reason' "/hooks/$1/0"
	[ ! -e "$rootfs/tmp/ran" ] || [ "$1" = poststart ]
}

@test "hooks: a prestart that fails: no container, poststop runs" {
	failing_hook prestart
	same poststop "$(cat "$log")"
}

@test "hooks: a createRuntime that fails: no container, poststop runs" {
	failing_hook createRuntime
	same poststop "$(cat "$log")"
}

@test "hooks: a createContainer that fails: no container, poststop runs" {
	failing_hook createContainer
	same poststop "$(cat "$log")"
}

@test "hooks: a startContainer that fails: the program does not run" {
	printf '#!/bin/sh\necho "the reason" >&2; exit 3\n' >"$rootfs/bin/bad"
	chmod 755 "$rootfs/bin/bad"
	add_hook startContainer /bin/bad
	add_hook poststop "$hook" poststop
	run_payload touch /tmp/ran
	fails "hook '/bin/bad'" 'the reason' '/hooks/startContainer/0'
	[ ! -e "$rootfs/tmp/ran" ]
	same poststop "$(cat "$log")"
}

@test "hooks: a poststart that fails: the program is killed" {
	script bad 'echo "the reason" >&2; exit 3'
	add_hook poststart "$T/bad"
	add_hook poststop "$hook" poststop
	run_payload sleep
	same 1 "$status"
	[[ $stderr == *"hook '$T/bad' failed with exit status 3"*'the reason'*'/hooks/poststart/0'* ]]
	same poststop "$(cat "$log")"
}

@test "hooks: a poststop that fails is a warning, and the others still run" {
	script bad 'exit 3'
	add_hook poststop "$T/bad"
	add_hook poststop "$hook" second
	run_payload exit 0
	same 0 "$status"
	[[ $stderr == *"hook '$T/bad'"*'/hooks/poststop/0'* ]]
	same second "$(cat "$log")"
}

@test "hooks: one that is killed by a signal" {
	script bad 'kill -9 $$'
	add_hook createRuntime "$T/bad"
	run_payload exit 0
	fails "hook '$T/bad'" '/hooks/createRuntime/0'
}

@test "hooks: one that does not exist" {
	add_hook createRuntime /none
	run_payload exit 0
	fails "hook '/none'" 'no such file or directory' '/hooks/createRuntime/0'
	filter='.process.terminal = false'
	add_hook createContainer /none
	run_payload exit 0
	fails "hook '/none'" 'no such file or directory' '/hooks/createContainer/0'
	filter='.process.terminal = false'
	add_hook startContainer /none
	run_payload exit 0
	fails "hook '/none'" 'no such file or directory' '/hooks/startContainer/0'
}

@test "hooks: a deadline: the hook is killed with all that it started" {
	script slow "sleep 1000 & echo \$! >$T/child; wait"
	add_hook createRuntime "$T/slow"
	config '.hooks.createRuntime[0].timeout = 1'
	run_payload exit 0
	fails "hook '$T/slow'" 'did not end within 1 s' '/hooks/createRuntime/0'
	! kill -0 "$(cat "$T/child")" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$(cat "$T/child")/stat")" = Z ]
}

@test "hooks: a deadline inside the container" {
	script slow 'sleep 1000'
	add_hook createContainer "$T/slow"
	config '.hooks.createContainer[0].timeout = 1'
	run_payload exit 0
	fails "'$T/slow'" 'deadline' '/hooks/createContainer/0'
}

@test "hooks: a relative path, a deadline of nothing" {
	add_hook createRuntime hook
	run_bundle
	fails '/hooks/createRuntime/0/path'
	config ".hooks.createRuntime = [{\"path\": \"$hook\", \"timeout\": 0}]"
	run_bundle
	fails '/hooks/createRuntime/0/timeout'
}

@test "hooks: in a user namespace: createContainer runs as the container's root" {
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	mkdir -m 777 "$T/out"
	chmod 777 "$T/out"
	script who "cat /proc/self/uid_map | tr -s ' ' >$T/out/map; id -u >$T/out/uid"
	add_hook createContainer "$T/who"
	config '.hooks.createContainer[0].env = ["PATH=/usr/bin:/bin"]'
	run_payload exit 0
	ok
	same ' 0 100000 65536' "$(cat "$T/out/map")"
	same 0 "$(cat "$T/out/uid")"
}
