# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of the host under valgrind: no error of memory, no leak, no descriptor that ctr opened and left open, in
# success and in failure. Run by `make valgrind`; any other bats file can be run so as well (doc/CONTRIBUTING.md).

load ../integration/lib
load ../integration/layers
load valgrind
setup() {
	ctr_setup
	data=$T/data
	valgrind_setup
}
teardown() {
	local failed=0
	valgrind_findings || failed=1
	valgrind_end
	ctr_teardown && [ "$failed" = 0 ]
}

@test "valgrind: what only reads: version, help, features, spec, completion, mistakes" {
	for words in --version --help features 'run --help' 'completion bash' "spec -b $T --config $T/new.json"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		ok
	done
	for words in nothing 'run --nothing' "state $tag" "run -b $T $tag" 'kill' "kill $tag NONE" "exec $tag true" "start $tag"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		[ "$status" -ne 0 ]
	done
}

@test "valgrind: validate, explain, of good and of broken configs" {
	args payload exit 0
	config '.linux.resources = {unified: {"cgroup.max.depth": "5"}}' '.hostname = "x"' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	capability CAP_CHOWN
	mount_entry /x bind /etc rbind ro
	write_config
	for words in "validate -b $bundle" "validate --format json -b $bundle" "explain $bundle" "explain --format json $bundle"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		ok
	done
	for change in '.process.args = []' '.linux.namespaces += [{type: "what"}]' '.mounts += [{destination: 7}]' \
		'.process.rlimits = [{type: "RLIMIT_NO", soft: 1, hard: 0}]' '.linux.seccomp = {defaultAction: "X"}'; do
		jq "$filter | $change" "$base/config.json" >"$bundle/config.json"
		for words in "validate -b $bundle" "explain $bundle" "run -b $bundle $tag"; do
			# shellcheck disable=SC2086 # words
			ctr $words
			[ "$status" -ne 0 ]
		done
	done
	printf '{"ociVersion":' >"$bundle/config.json"
	ctr validate -b "$bundle"
	[ "$status" -ne 0 ]
}

@test "valgrind: run in the foreground, its exit code, a program that is not there" {
	run_payload exit 7
	same 7 "$status"
	local fresh='.process.terminal = false'
	filter=$fresh
	args /bin/nothing
	run_bundle
	[ "$status" -ne 0 ]
	filter=$fresh
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	run_payload exit 3
	same 3 "$status"
	filter=$fresh
	config '.mounts += [{destination: "/x", type: "bind", source: "/nothing", options: ["bind"]}]'
	run_payload exit 0
	[ "$status" -ne 0 ]
}

@test "valgrind: create, start, state, list, ps, exec, kill, pause, resume, update, events, delete" {
	printf '#!/bin/sh\ncat >/dev/null\necho said\n' >"$T/hook"
	chmod 755 "$T/hook"
	config ".hooks = {createRuntime: [{path: \"$T/hook\"}], poststart: [{path: \"$T/hook\"}], poststop: [{path: \"$T/hook\"}]}"
	args payload sleep
	write_config
	ctr create --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	for words in "state $tag" "start $tag" "state $tag" list 'list -f json' 'list -q' "ps $tag" "ps -f json $tag" \
		"exec $tag payload exit 0" "exec -d $tag payload sleep" "events --stats $tag" "stats --no-stream $tag" "top $tag" \
		"update --unified cgroup.max.depth=9 $tag" "pause $tag" "state $tag" "resume $tag" "kill $tag CONT" "kill -a $tag CONT"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		ok || { echo "$words"; return 1; }
	done
	for words in "start $tag" "delete $tag" "resume $tag" "exec $tag /nothing" "update --unified no/file=1 $tag" \
		"create -b $bundle $tag" "exec --cwd /nothing/file $tag payload exit 0"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		[ "$status" -ne 0 ] || { echo "$words"; return 1; }
	done
	ctr exec "$tag" payload exit 9
	same 9 "$status"
	ctr kill "$tag" KILL
	ok
	wait_until is_stopped
	ctr delete "$tag"
	ok
}

@test "valgrind: run -d, delete --force; terminals" {
	start_payload sleep
	ok
	ctr delete -f "$tag"
	ok
	config '.process.terminal = true'
	args payload exit 4
	write_config
	capture script -qec "$CTR --root $root run -b $bundle $tag" /dev/null
	same 4 "$status"
}

@test "valgrind: seccomp with and without its cache, limits, devices, masks" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]'
	for _ in 1 2; do
		run_payload exit 0
		same 0 "$status"
	done
	rm -rf "$root/.cache"
	run_payload exit 0
	same 0 "$status"
}

@test "valgrind: layers: run --overlay, snapshot, rollback, clone, diff, export, import, verify, gc" {
	config '.root.readonly = false'
	write_once 'echo one >/f'
	ok
	ctr snapshot create "$tag" a -m text
	ok
	write_once 'echo two >/f; rm -r /tmp; mkdir /tmp'
	for words in "snapshot create $tag b" "snapshot list $tag" "snapshot list -f json $tag" "snapshot diff $tag a b" \
		"snapshot verify $tag" "snapshot export -f backup -o $T/backup.tar $tag" "snapshot export -c gzip -o $T/layer.tar $tag@b" \
		"snapshot import -n copy $tag $T/layer.tar" "snapshot rollback $tag a" "clone $tag@b $tag-2" 'gc --dry-run' gc \
		"snapshot delete $tag copy"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		[ "$status" -eq 0 ] || { echo "$words"; return 1; }
	done
	clone_once "$tag-2" 'cat /f'
	is two
	for words in "snapshot diff $tag a nothing" "snapshot rollback $tag nothing" "snapshot import $tag $T/backup.tar.no" "clone $tag@nothing $tag-9"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		[ "$status" -ne 0 ] || { echo "$words"; return 1; }
	done
}

# The process that understands images may make too few system calls for valgrind to live in it: that one ends, and says so with
# an error. It is seen with ASan (tests/integration/checkpoint-archive.bats) and in tests/unit/test_images_child.c.
@test "valgrind: images of a checkpoint, images that are none" {
	mkdir -m 700 "$T/images"
	cp "$lib_dir"/../images/plain/*.img "$T/images"
	args payload exit 0
	write_config
	for words in "checkpoint inspect $T/images" "checkpoint inspect $T" "restore --image-path $T -b $bundle $tag"; do
		# shellcheck disable=SC2086 # words
		ctr $words
		[ "$status" -ne 0 ]
		[[ $stderr == 'ctr: '* ]]
	done
}
