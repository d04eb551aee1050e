# SPDX-License-Identifier: GPL-2.0-or-later
# ctr run: bundle or id, foreground and detached, stdio, exit codes, what stays and what goes.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "run: a bundle by its path" {
	run_payload args one 'two words' ''
	is $'[one]\n[two words]\n[]'
}

@test "run: the id is made from the directory's name" {
	args payload sleep
	write_config
	ctr run -d "$bundle"
	ok
	ctr list -q
	is "$tag"
	delete_ctr
}

@test "run: a relative path with a slash is a bundle" {
	args payload pids
	write_config
	cd "$T"
	ctr run "./$tag"
	is 'pid=1 ppid=0 sid=1 pgid=1'
}

@test "run: the name of a directory with config.json is a bundle" {
	args payload exit 0
	write_config
	cd "$T"
	ctr run "$tag"
	is ''
}

@test "run: a taken name gets a number" {
	args payload sleep
	write_config
	ctr run -d "$bundle"
	ctr run -d "$bundle"
	ctr run -d "$bundle/"
	ok
	ctr list -q
	is "$tag"$'\n'"$tag-2"$'\n'"$tag-3"
	delete_ctr "$tag"
	delete_ctr "$tag-2"
	delete_ctr "$tag-3"
}

@test "run: what an id cannot hold becomes a dash" {
	mv "$bundle" "$T/a b=$tag"
	bundle="$T/a b=$tag"
	args payload sleep
	write_config
	ctr run -d "$bundle"
	ok
	ctr list -q
	is "a-b-$tag"
	delete_ctr "a-b-$tag"
}

@test "run: -b BUNDLE ID, in all spellings" {
	args payload exit 3
	write_config
	ctr run -b "$bundle" "$tag"
	same 3 "$status"
	ctr run "-b$bundle" "$tag"
	same 3 "$status"
	ctr run --bundle="$bundle" "$tag"
	same 3 "$status"
	ctr run "$tag" -bundle "$bundle"
	same 3 "$status"
}

@test "run: an id alone takes the bundle from the working directory" {
	args payload exit 4
	write_config
	cd "$bundle"
	ctr run "$tag"
	same 4 "$status"
}

@test "run: . is the bundle in the working directory" {
	args payload exit 5
	write_config
	cd "$bundle"
	ctr run .
	same 5 "$status"
}

@test "run: the exit code is the program's" {
	for code in 0 1 7 127 255; do
		run_payload exit "$code"
		same "$code" "$status"
		same '' "$stderr"
	done
}

@test "run: 128 + signal when a signal ends it" {
	# pid 1 is safe from its own namespace: the host has to do it
	args payload sleep
	write_config
	"$CTR" --root "$root" run "$bundle" >"$T/out" &
	wait_until grep -q asleep "$T/out"
	ctr kill "$tag" KILL
	ok
	status=0
	wait $! || status=$?
	same 137 "$status"
}

@test "run: standard streams are passed through" {
	args sh -c 'cat; echo to-stderr >&2'
	write_config
	printf 'from stdin\n' | "$CTR" --root "$root" run "$bundle" >"$T/out" 2>"$T/err"
	same 'from stdin' "$(cat "$T/out")"
	same 'to-stderr' "$(cat "$T/err")"
}

@test "run: a pipe that nobody reads ends the program, not ctr's order" {
	args sh -c 'while echo line; do :; done; exit 6'
	write_config
	# closed early: the shell inside dies of SIGPIPE or of the failed write
	"$CTR" --root "$root" run "$bundle" 2>/dev/null | head -n 1 >"$T/out"
	same line "$(cat "$T/out")"
}

@test "run: closed standard streams become /dev/null" {
	args sh -c 'payload fds >/tmp/fds'
	config '.root.readonly = false'
	write_config
	capture "$payload" closed-run "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	same $'0 /dev/null\n1 /tmp/fds\n2 /dev/null' "$(cat "$rootfs/tmp/fds")"
}

@test "run: nothing stays behind, whatever the exit code" {
	run_payload exit 9
	same 9 "$status"
	[ -z "$(ls "$root")" ]
}

@test "run: --keep leaves a stopped container" {
	args payload exit 2
	run_bundle --keep
	same 2 "$status"
	same stopped "$(state_of)"
	ctr delete "$tag"
	is ''
}

@test "run: -d returns and leaves no process of ctr" {
	start_payload sleep
	ok
	same running "$(state_of)"
	same payload "$(cat "/proc/$pid/comm")"
	# one process bears the tag in its mount table: the program itself
	same "/proc/$pid/mountinfo" "$(env -u CTR_TEST_TAG grep -lsF "$tag" /proc/[0-9]*/mountinfo)"
	# none in its environment: that would be ctr
	same '' "$(env -u CTR_TEST_TAG grep -lsF "$tag" /proc/[0-9]*/environ || true)"
	delete_ctr
}

@test "run: -d with the output closed by the caller" {
	args payload sleep
	write_config
	output=$("$CTR" --root "$root" run -d "$bundle" | cat) &
	wait_until test -d "$root/$tag"
	wait_until eval '[ "$(state_of)" = running ]'
	delete_ctr
	wait
}

@test "run: --pid-file holds the pid and no newline" {
	start_payload sleep
	same "$pid" "$("$CTR" --root "$root" state "$tag" | jq .pid)"
	[[ $pid =~ ^[0-9]+$ ]]
	same "${#pid}" "$(stat -c %s "$T/pid")"
	delete_ctr
}

@test "run: a relative --pid-file is relative to the caller" {
	args payload sleep
	write_config
	cd "$T"
	ctr run -d --pid-file here "$bundle"
	[ -s "$T/here" ]
	delete_ctr
}

@test "run: a pid file that cannot be written" {
	args payload sleep
	run_bundle -d --pid-file "$T/none/pid"
	fails 'pid' "$T/none" 'no such file or directory'
}

@test "run: the program's signals are as if from init" {
	args payload signals
	write_config
	capture "$payload" ignoring-run "$CTR" --root "$root" run "$bundle"
	is $'SigBlk 0000000000000000\nSigIgn 0000000000000000\nSigCgt 0000000000000000'
}

@test "run: --preserve-fds passes fds on, and no others" {
	args payload fds
	write_config
	# in a shell of its own: bats has plans for fd 3
	capture bash -c 'exec 3</etc/passwd 4</etc/group 5</etc/hosts; exec "$@"' - \
		"$CTR" --root "$root" run --preserve-fds 2 "$bundle"
	ok
	has '3 ' '4 '
	has_not '5 '
}

@test "run: --preserve-fds with an fd that is not open" {
	args payload fds
	run_bundle --preserve-fds 40
	fails '--preserve-fds 40' 'is not open'
}

@test "run: config.json is read once: later changes do not matter" {
	start_payload sleep
	echo broken >"$bundle/config.json"
	same running "$(state_of)"
	delete_ctr
}

@test "run: ten at once" {
	args payload exit 0
	write_config
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$CTR" --root "$root" run "$bundle" 2>"$T/err$i" &
	done
	wait
	cat "$T"/err*
	[ -z "$(cat "$T"/err*)" ]
}
