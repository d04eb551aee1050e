# shellcheck shell=bash disable=SC2154 # output: see bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests on two VMs, of tests/vm/run --pair. The file runs in a; b is the other one, with the same
# programs and trees at the same paths:
#
#	setup_file() { pair_begin; }
#	on_a 'shell command'        its output with stderr, its exit code; its stdin is empty
#	on_b 'shell command'        the same on the other one
#	b_pipe PROGRAM ARGUMENT...  stdin and stdout are those of the program on b
#	ssh b COMMAND               the same by ssh, with the run's own key
#	within SECONDS COMMAND...   as often as it takes until it succeeds
#	served ADDRESS              b can be asked at that address, too, for a DEST over link1
#
# a has 10.99.0.1 and b 10.99.0.2 on link0. link1 is up and has no address.

pair_b=10.99.0.2

pair_begin() {
	[ -x "${CTR_REMOTE:-}" ] || { echo 'these tests want tests/vm/run --pair' >&2; return 1; }
	"$CTR_REMOTE" wait "$pair_b" 7 120
}

b_pipe() {
	"$CTR_REMOTE" run "$pair_b" 7 "$@"
}

on_b() {
	b_pipe bash -c "exec 2>&1; $1" </dev/null
}

on_a() {
	bash -c "exec 2>&1; $1" </dev/null
}

within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "not in time: $*" >&2; return 1; }
		sleep 0.2
	done
}

# Until the end of the VM: nobody else is there.
served() {
	on_b "setsid $CTR_REMOTE serve $1 7 </dev/null >/dev/null 2>&1 &"
	"$CTR_REMOTE" wait "$1" 7 60
}
