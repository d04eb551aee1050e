#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ctr as two programs: the small static one does what is asked often by itself, and becomes the whole one, ctr-full, for
# everything else. Nobody can tell from the result which one it was.

load lib

setup() {
	ctr_setup
	whole=$(whole_ctr)
	[ "$whole" != "$CTR" ] || skip 'ctr is one program here'
}

teardown() { ctr_teardown; }

# programs N COMMAND...: ctr, which executes N programs in its own process, the first of them itself
programs() {
	local expected=$1 found
	shift
	command -v strace >/dev/null || need strace
	capture strace -qq -e trace=execve,execveat -o "$T/trace" "$CTR" --root "$root" "$@"
	found=$(grep -c '^execve(.* = 0$' "$T/trace")
	[ "$found" = "$expected" ] || { echo "$*: $found programs, not $expected"; cat "$T/trace"; false; }
}

# both COMMAND...: the two programs say the same, and with the same exit code
both() {
	capture bash -c 'exec -a ctr "$0" "$@"' "$CTR" "$@"
	cp "$T/stdout" "$T/stdout-small"
	cp "$T/stderr" "$T/stderr-small"
	local code=$status
	capture bash -c 'exec -a ctr "$0" "$@"' "$whole" "$@"
	same "$status" "$code"
	cmp "$T/stdout-small" "$T/stdout"
	cmp "$T/stderr-small" "$T/stderr"
}

@test "front: it has no dynamic linker, no libraries, and few relocations" {
	command -v readelf >/dev/null || need readelf
	LC_ALL=C readelf -lW "$CTR" >"$T/segments"
	refute grep -q INTERP "$T/segments"
	grep -q GNU_RELRO "$T/segments"
	LC_ALL=C readelf -dW "$CTR" >"$T/dynamic"
	refute grep NEEDED "$T/dynamic"
	relocations=$(LC_ALL=C readelf -rW "$CTR" | grep -c R_ || true)
	[ "$relocations" -le 2200 ] || { echo "$relocations relocations"; false; }
	# nor may it be replaced by what it starts in containers
	LC_ALL=C readelf -lW "$CTR" | grep -q 'GNU_STACK.* RW '
}

@test "front: the life of a container needs no other program" {
	args payload sleep 60
	write_config
	ctr create -b "$bundle" "$tag-warm" # the filter is in the cache now
	ok
	ctr delete -f "$tag-warm"
	programs 1 create -b "$bundle" "$tag"
	ok
	programs 1 start "$tag"
	ok
	programs 1 exec "$tag" /bin/payload exit 3
	[ "$status" -eq 3 ]
	programs 1 state "$tag"
	ok
	programs 1 list
	ok
	has "$tag"
	programs 1 list --format json
	ok
	programs 1 kill "$tag" KILL
	ok
	wait_until is_stopped
	programs 1 delete "$tag"
	ok
	args payload exit 4
	write_config
	programs 1 run -b "$bundle" "$tag"
	[ "$status" -eq 4 ]
}

@test "front: a filter that is not in the cache is compiled by the whole program, once" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}'
	args payload syscall personality 0xffffffff
	write_config
	for n in 2 1; do
		programs "$n" run -b "$bundle" "$tag"
		same 'syscall: ENOSPC' "$output"
	done
	# the one that compiles sees exactly the arguments and the environment
	rm -rf "$root/.cache"
	capture env CTR_TEST_EMPTY= "$CTR" --root "$root" run --pid-file "$T/a file" -b "$bundle" "$tag"
	same 'syscall: ENOSPC' "$output"
	[ -s "$T/a file" ]
}

@test "front: arguments arrive as they are, also empty ones" {
	args payload sleep 60
	start_bundle
	for command in "$CTR" "$whole"; do
		capture "$command" --root "$root" exec --preserve-fds=0 "$tag" /bin/sh -c 'echo "$#:$1:$2:$3"' '' '' 'b  c' ''
		is '3::b  c:'
	done
	delete_ctr
}

@test "front: descriptors that are handed on reach the program, and so do those that arguments name" {
	args payload sleep 60
	start_bundle
	echo given >"$T/given"
	status=0
	output=$("$CTR" --root "$root" exec --preserve-fds 1 "$tag" /bin/sh -c 'cat <&3' 3<"$T/given") || status=$?
	is given
	jq '.process | .args = ["/bin/sh", "-c", "echo named"]' "$bundle/config.json" >"$T/process"
	output=$("$CTR" --root "$root" exec --process /dev/fd/3 "$tag" 3<"$T/process") || status=$?
	is named
	delete_ctr
	args sh -c 'cat <&3'
	write_config
	output=$(LISTEN_FDS=1 "$CTR" --root "$root" run -b "$bundle" "$tag" 3<"$T/given") || status=$?
	is given
	# one that nobody asked for does not, whether or not the filter must be compiled
	args sh -c 'ls /proc/self/fd | wc -l'
	write_config
	for fresh in yes no; do
		[ "$fresh" = no ] || rm -rf "$root/.cache"
		output=$("$CTR" --root "$root" run -b "$bundle" "$tag" 7<"$T/given") || status=$?
		is 4 # 0, 1, 2 and that of ls
	done
}

@test "front: both programs say the same" {
	args payload exit 5
	write_config
	both --version
	both
	both --help
	both help
	both run --help
	both exec --help
	both nonsense
	both --nonsense
	both list --nonsense
	both --root "$root" list
	both --root "$root" list -q
	both --root "$root" state none
	both --root "$root" kill none TERM
	both --root "$root" kill none NONSENSE
	both --root "$root" delete none
	both --root "$root" delete --force none
	both --root "$root" delete --regex '['
	both --root "$root" exec none true
	both --root "$root" run -b "$bundle" "$tag"
	both --root "$root" run -b /proc/1/none "$tag"
	both --root "$T/given/root" run -b "$bundle" "$tag"
	both --root "$root" run -b "$bundle" --pid-file "$T/no/where" "$tag"
	both --root "$root" run --network nonsense -b "$bundle" "$tag"
	config '.root.path = "nowhere"'
	write_config
	both --root "$root" run -b "$bundle" "$tag"
	config '.process.cwd = "relative"'
	write_config
	both --root "$root" run -b "$bundle" "$tag"
	echo '{' >"$bundle/config.json"
	both --root "$root" run -b "$bundle" "$tag"
}

@test "front: the name of an owner who is not in /etc/passwd" {
	args payload sleep 60
	start_bundle
	for command in "$CTR" "$whole"; do
		for verb in "state $tag" list; do
			# shellcheck disable=SC2086 # a verb and its argument
			capture unshare -m --propagation private sh -c 'mount --bind /dev/null /etc/passwd && exec "$@"' - \
				"$command" --root "$root" $verb
			ok
			cp "$T/stdout" "$T/${command##*/}-${verb%% *}"
		done
	done
	cmp "$T/ctr-state" "$T/ctr-full-state"
	cmp "$T/ctr-list" "$T/ctr-full-list"
	delete_ctr
}

@test "front: without the other program: an error that names it" {
	cp "$CTR" "$T/ctr"
	capture "$T/ctr" --root "$root" list
	ok
	capture "$T/ctr" --version
	[ "$status" -eq 0 ] || fails "execute '/" 'ctr-full' 'no such file or directory' 'install it again'
	# what is found by PATH is not it
	mkdir "$T/bin"
	printf '#!/bin/sh\necho evil\n' >"$T/bin/ctr-full"
	chmod 755 "$T/bin/ctr-full"
	PATH=$T/bin:$PATH capture "$T/ctr" --version
	[[ $output != *evil* ]]
}

@test "front: a name with a suffix, and a link, find the other program" {
	ln -s "$CTR" "$T/runc"
	capture "$T/runc" --version
	ok
	has 'ctr version'
	capture "$T/runc" --help
	has 'Usage: runc'
}
