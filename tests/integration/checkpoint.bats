#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr checkpoint up to criu: what is refused, which program it executes and how, what it asks, and what becomes
# of the container when that fails. criu itself: tests/vm/checkpoint.bats.

load lib
load life

setup() {
	ctr_setup
	img=$T/images
	mkdir "$T/criu"
	install -o 0 -g 0 -m 755 "$lib_dir/fake-criu" "$T/criu/criu"
}

# Whatever became of the checkpoint, the container can be deleted.
teardown() {
	[ ! -d "$root/$tag" ] || "$CTR" --root "$root" delete -f "$tag"
	ctr_teardown
}

start() {
	args sh -c 'sleep 60'
	start_bundle
	[ "$status" -eq 0 ]
}

# with_plan LINE... -- OPTION...: a checkpoint with the fake that does these.
with_plan() {
	local lines=()
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	printf '%s\n' "${lines[@]}" >"$T/criu/plan"
	ctr --criu "$T/criu/criu" checkpoint --no-preflight --image-path "$img" "${@:2}" "$tag"
}

# It runs, as before, and nobody holds it still.
runs_on() {
	same running "$(state_of)"
	has_line 0 "$(cgroup_of "$pid")/cgroup.freeze"
}

requests() {
	grep -c '^request' "$T/criu/heard"
}

# The value of a jq expression on the options of the last request, an object of numbers of fields.
option() {
	sed -n 's/^request [0-9]* //p' "$T/criu/heard" | tail -n 1 | jq -c "$1"
}

@test "checkpoint: options that contradict each other" {
	start
	for words in '--iterate 2 --pre-dump' '--iterate 2 --parent-path x' '--dry-run --pre-dump' '--lazy-pages --pre-dump'; do
		# shellcheck disable=SC2086
		ctr checkpoint $words "$tag"
		fails 'exclude each other'
	done
	for words in 0 17 x 1.5 ''; do
		ctr checkpoint --iterate "$words" "$tag"
		fails "option --iterate: '$words' is neither a number nor auto" 'from 1 to 16'
	done
	ctr checkpoint --parent-path /tmp "$tag"
	fails "option --parent-path: '/tmp' is absolute"
	ctr checkpoint --lazy-pages "$tag"
	fails 'option --lazy-pages needs --page-server'
	ctr checkpoint --status-fd 3 "$tag"
	fails 'option --status-fd needs --lazy-pages'
	ctr checkpoint --network-lock ipchains "$tag"
	fails ipchains
	runs_on
	[ ! -e checkpoint ]
}

@test "checkpoint: a directory of images that cannot be, a parent that is not there" {
	start
	: >"$T/file"
	ctr checkpoint --no-preflight --image-path "$T/file" "$tag"
	fails "open the directory '$T/file' for images" 'not a directory'
	ctr checkpoint --no-preflight --image-path "$T/a/b" "$tag"
	fails "make the directory '$T/a/b' for images" 'no such file or directory'
	ctr checkpoint --no-preflight --image-path "$img" --parent-path ../before "$tag"
	fails "there is no directory '../before'" 'relative to the directory of images'
	runs_on
}

@test "checkpoint: created, stopped and missing containers" {
	create_payload true
	ctr checkpoint "$tag"
	fails 'container cannot be checkpointed in created state'
	ctr start "$tag"
	wait_until is_dead "$pid"
	ctr checkpoint "$tag"
	fails 'container cannot be checkpointed in stopped state'
	delete_ctr
	ctr checkpoint "$tag"
	fails "container '$tag' does not exist"
}

@test "checkpoint: a root filesystem in memory is not given up" {
	args sh -c 'sleep 60'
	write_config
	ctr run -d --ephemeral --pid-file "$T/pid" -b "$bundle" "$tag"
	pid=$(cat "$T/pid")
	ctr checkpoint --image-path "$img" "$tag"
	fails "what container '$tag' has written is in memory, and would be gone" --leave-running
	runs_on
	with_plan 'version 3 17' 'notify post-dump' ok -- --leave-running
	same 0 "$status"
	runs_on
}

@test "checkpoint: criu is missing, or somebody else's" {
	start
	ctr --criu "$T/none" checkpoint --no-preflight --image-path "$img" "$tag"
	fails_with 4 "criu at '$T/none'" 'no such file or directory'
	ctr --criu criu-none checkpoint --no-preflight --image-path "$img" "$tag"
	fails_with 4 "'criu-none' is in none of the system's directories"
	capture unshare -m --propagation private sh -c 'for i in /usr/local/sbin /usr/local/bin /usr/sbin; do
		mount -t tmpfs none $i; done; exec "$@"' sh \
		"$CTR" --root "$root" checkpoint --no-preflight --image-path "$img" "$tag"
	fails_with 4 'criu is not installed: checkpoint and restore need it' 'install criu 3.15 or newer'
	chmod g+w "$T/criu/criu"
	with_plan --
	fails 'is not executed: others than root can change it'
	chmod g-w "$T/criu/criu"
	chown 1:1 "$T/criu/criu"
	with_plan --
	fails 'is not executed: others than root can change it'
	chown 0:0 "$T/criu/criu"
	chmod 644 "$T/criu/criu"
	with_plan --
	fails 'is no program'
	runs_on
}

@test "checkpoint: how criu is started" {
	start
	export CRIU_CONFIG_FILE=/tmp/evil CRIU_DEPRECATED=1 LD_PRELOAD='' HOME=/root
	exec 9</dev/null
	with_plan 'version 3 17' 'notify network-lock' 'notify post-dump' 'notify unknown' ok -- --leave-running
	exec 9<&-
	same 0 "$status"
	heard() {
		head -n 1 "$T/criu/heard" | jq -c "$1"
	}
	same '["swrk","3","--no-default-config"]' "$(heard .args)"
	same '["LC_ALL","PATH"]' "$(heard .environment)"
	same true "$(heard .group)"
	same 63 "$(heard .umask)"
	[ "\"$(readlink /proc/self/ns/mnt)\"" != "$(heard .mounts)" ]
	# the interpreter has the script open, and the fake its two files
	same '[0,1,2,3]' "$(heard '.descriptors[:4]')"
	same 1 "$(heard '[.descriptors[] | select(. == 9)] | length == 0 | if . then 1 else 0 end')"
	same 'notify 1 3' "$(grep '^notify' "$T/criu/heard" | sort | uniq -c | awk '{ print $2, $3, $1 }')"
	runs_on
}

@test "checkpoint: what criu is asked" {
	config '.annotations["org.criu.config"] = "/tmp/evil"'
	mount_entry /data bind /tmp rbind
	start
	with_plan 'version 3 17' ok -- --leave-running --tcp-established --file-locks --network-lock iptables
	same 0 "$status"
	same "[$pid]" "$(option '."2"')"
	same '[1]' "$(option '."3"')"    # leave_running
	same '[1]' "$(option '."5"')"    # tcp_established
	same '[1]' "$(option '."8"')"    # file_locks
	same '[0]' "$(option '."34"')"   # manage_cgroups_mode: ignore
	same '[1073741824]' "$(option '."38"')" # an empty network namespace
	same null "$(option '."51"')"    # config_file
	same '[1]' "$(option '."64"')"
	has_line '/data' <(option '."23"[]' | jq -r . | tr '\n\022' '  ' | grep -o '/data' | head -n 1)
	runs_on
}

@test "checkpoint: a criu that is too old, or lacks something" {
	start
	with_plan 'version 3 14' --
	fails_with 4 'criu 3.14 cannot checkpoint and restore containers' 'it takes criu 3.15 or newer'
	with_plan 'version 3 16' -- --network-lock nftables
	fails_with 4 'criu 3.16 cannot lock the network with nftables'
	with_plan 'version 3 17' -- --network-lock skip
	fails_with 4 'criu 3.17 cannot leave the network unlocked'
	with_plan 'version 4 0' 'features 0 1' -- --pre-dump
	fails_with 4 'no soft-dirty tracking of memory'
	with_plan 'version 4 0' 'features 1 0' -- --lazy-pages --page-server 127.0.0.1:1
	fails_with 4 'no userfaultfd'
	with_plan 'version 4 0' 'fail no' -- --pre-dump
	fails_with 4 'criu 4.0 does not work on this kernel' 'criu check'
	runs_on
}

@test "checkpoint: criu fails, dies, talks nonsense: the container runs on" {
	start
	with_plan 'version 3 17' 'write dump.log' 'fail Cannot save the moon' --
	fails_with 5 'criu: dump failed: Cannot save the moon' "$img/dump.log"
	with_plan 'version 3 17' 'fail' --
	fails_with 5 'criu: dump failed: no reason given'
	with_plan 'version 3 17' freeze kill --
	fails_with 5 'criu was killed by signal 9'
	runs_on
	with_plan 'version 3 17' freeze 'exit 7' --
	fails_with 5 'criu ended with exit code 7 and no answer: fake: it was too much'
	runs_on
	with_plan 'version 3 17' garbage --
	fails_with 5 'cannot be read'
	with_plan 'exit 3' --
	fails_with 5 'criu ended with exit code 3 and no answer' 'is the program criu?'
	runs_on
	ctr delete -f "$tag"
	same 0 "$status"
}

@test "checkpoint: a paused container stays paused, whatever happens" {
	start
	ctr pause "$tag"
	with_plan 'version 3 17' 'fail no' --
	fails_with 5 no
	same paused "$(state_of)"
	with_plan 'version 3 17' ok -- --leave-running
	same 0 "$status"
	same paused "$(state_of)"
	ctr resume "$tag"
	runs_on
}

@test "checkpoint: ctr is killed in the middle: criu hears it, the container is nobody's" {
	start
	printf '%s\n' 'version 3 17' silence >"$T/criu/plan"
	"$CTR" --root "$root" --criu "$T/criu/criu" checkpoint --no-preflight --image-path "$img" "$tag" 3>&- &
	victim=$!
	wait_until grep -sq '^request 1' "$T/criu/heard"
	kill -9 "$victim"
	wait "$victim" || true
	runs_on
	kill "$(head -n 1 "$T/criu/heard" | jq .pid)"
	runs_on
}

# in the container's network namespace
inside() {
	nsenter -t "$pid" -n "$@"
}

@test "checkpoint: new connections wait while the tasks stand, and are let in when ctr is killed" {
	command -v nft >/dev/null || need nft
	args busybox httpd -f -p 80 -h /
	start_bundle
	[ "$status" -eq 0 ]
	inside ip link set lo up
	wait_until inside busybox wget -q -O "$T/page" http://127.0.0.1/bin/sh
	printf '%s\n' 'version 3 17' 'notify pre-dump' 'notify network-lock' silence >"$T/criu/plan"
	"$CTR" --root "$root" --criu "$T/criu/criu" checkpoint --no-preflight --image-path "$img" "$tag" 3>&- &
	victim=$!
	wait_until inside nft list table inet ctr-hold
	inside busybox wget -q -O "$T/later" http://127.0.0.1/bin/sh 3>&- &
	visitor=$!
	wait_until grep -q ':0050 02' "/proc/$pid/net/tcp" # SYN_SENT
	kill -9 "$victim"
	wait "$victim" || true
	wait "$visitor"
	cmp "$T/page" "$T/later"
	run inside nft list table inet ctr-hold
	[ "$status" -eq 1 ]
	kill "$(head -n 1 "$T/criu/heard" | jq .pid)"
	runs_on
}

@test "checkpoint: rounds, in directories that refer to each other" {
	start
	with_plan 'version 3 17' 'features 1 1' ok -- --pre-dump
	same 0 "$status"
	same 'request 4' "$(grep -o '^request 4' "$T/criu/heard")"
	[ ! -e "$img/descriptors.json" ]
	ln -s nowhere "$img/parent"
	with_plan 'version 3 17' ok -- --leave-running --format text
	same 0 "$status"
	has 'of memory in 1 round'
	[ ! -L "$img/parent" ]
	same 600 "$(stat -c %a "$img/descriptors.json")"
	mkdir "$img/1"
	ctr --criu "$T/criu/criu" checkpoint --no-preflight --image-path "$img" --iterate 1 "$tag"
	fails "make the directory '1' for a round" 'images of another checkpoint'
	runs_on
}

@test "checkpoint: images build on the last ones only, for nobody knows what has changed since others" {
	local first=$img
	start
	with_plan 'version 3 17' 'features 1 1' ok -- --pre-dump
	same 0 "$status"
	img=$T/second
	with_plan 'version 3 17' 'features 1 1' ok -- --pre-dump
	same 0 "$status"
	img=$T/third
	with_plan 'version 3 17' 'features 1 1' ok -- --pre-dump --parent-path "../${first##*/}"
	fails 'the images before these are not the last ones' 'without --parent-path'
	with_plan 'version 3 17' 'features 1 1' ok -- --pre-dump --parent-path ../second
	same 0 "$status"
	runs_on
}
