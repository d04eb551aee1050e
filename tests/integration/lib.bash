# shellcheck shell=bash disable=SC2034,SC2119,SC2120 # results and options are for the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the bats files beside it:
#
#	load lib
#	setup() { ctr_setup; }
#	teardown() { ctr_teardown; }
#
#	@test "..." {
#		config '.hostname = "web1"'      # jq filters, applied to what `ctr spec` writes
#		run_payload uname                # run the payload in the foreground
#		is 'web1 (none)'
#	}
#
# After each run_* and capture: $status, $output (stdout), $stderr. Every test's teardown looks for what
# was left behind. Set by ctr_setup: $tag (unique, in every name that a test makes), $bundle, $rootfs,
# $root (the state directory), $T (a directory of the test's own).
#
# From the environment: CTR (default build/ctr), CTR_PAYLOAD (default: compiled), CTR_TESTS_MUST_RUN.

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CTR=${CTR:-$PWD/build/ctr}
export CTR

# --- setup and teardown ---

compile() { "${CC:-musl-gcc}" -std=gnu11 -D_GNU_SOURCE -static -O1 -o "$2" "$lib_dir/../helpers/$1.c"; }

# What is the same for all tests of a file is made once: payload, root filesystem, default config.
once_per_file() {
	base=$BATS_FILE_TMPDIR/base
	[ ! -e "$base/config.json" ] || return 0
	[ -x "$CTR" ] || { echo "CTR must be the runtime under test, not '$CTR'" >&2; return 1; }
	[ "$(id -u)" = 0 ] || need "root's privileges"
	mkdir -p "$base/rootfs"/{bin,dev,etc,proc,sys,tmp}
	if [ -n "${CTR_PAYLOAD:-}" ]; then
		cp "$CTR_PAYLOAD" "$base/rootfs/bin/payload"
		cp "${CTR_PAYLOAD%/*}/leaks" "$base/leaks"
	else
		compile payload "$base/rootfs/bin/payload"
		compile leaks "$base/leaks"
	fi
	cp "$(command -v busybox)" "$base/rootfs/bin/busybox"
	ln -s busybox "$base/rootfs/bin/sh"
	chmod 1777 "$base/rootfs/tmp"
	"$CTR" spec -b "$base"
}

# ctr can be two programs (src/front/front.h). The one with everything in it, which the dynamic linker loads:
whole_ctr() {
	if [ -e "${CTR%/*}/ctr-full" ]; then
		echo "${CTR%/*}/ctr-full"
	else
		echo "$CTR"
	fi
}

# copy_ctr FILE: a copy that works there, also for others
copy_ctr() {
	cp "$CTR" "$1"
	[ ! -e "${CTR%/*}/ctr-full" ] || cp "${CTR%/*}/ctr-full" "${1%/*}/ctr-full"
}

ctr_setup() {
	once_per_file
	tag=t$$n${BATS_TEST_NUMBER}z
	T=$BATS_TEST_TMPDIR
	root=$T/state
	bundle=$T/$tag
	rootfs=$bundle/rootfs
	mkdir "$bundle"
	cp -al "$base/rootfs" "$rootfs"
	payload=$rootfs/bin/payload
	filter='.process.terminal = false'
	status='' output='' stderr='' said=''
	export CTR_TEST_TAG=$tag
}

# First the truth, then the broom: a failed test must not disturb the next one.
ctr_teardown() {
	local failed=0 dir
	[ -n "${tag:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	env -u CTR_TEST_TAG "$BATS_FILE_TMPDIR/base/leaks" "$tag" "$root" || failed=1
	for dir in "$root"/*; do
		[ ! -d "$dir" ] || "$CTR" --root "$root" delete -f "${dir##*/}" || true
	done
	return "$failed"
}

# What bats shows of a failed test.
report() {
	printf 'last: %s\nstatus: %s\nstdout: %s\nstderr: %s\n' "$said" "$status" "$output" "$stderr"
}

# Missing things are skips, unless the caller has said that every test must run.
need() {
	if [ "${CTR_TESTS_MUST_RUN:-}" = 1 ]; then
		printf 'must run, but this is missing: %s\n' "$1" >&2
		return 1
	fi
	skip "needs $1"
}

# Is ctr one of `configure --enable-sanitizers`?
is_sanitized() {
	grep -qs __asan_init "$CTR"
}

# What cannot be so in a build with sanitizers, and why; with any other build the test runs.
needs_plain_build() {
	! is_sanitized || skip "needs a build without sanitizers: $1"
}

# --- config.json ---

# Add jq filters; they are applied in this order by write_config.
config() {
	local f
	for f in "$@"; do
		filter+=" | $f"
	done
}

# The program and its arguments.
args() {
	local words
	printf -v words ' %q' "$@"
	words=$(jq -cn '$ARGS.positional' --args -- "$@")
	config ".process.args = $words"
}

# Add one entry of mounts[]: mount DESTINATION TYPE SOURCE [OPTION...]
mount_entry() {
	local words
	words=$(jq -cn '{destination: $ARGS.positional[0], type: $ARGS.positional[1],
		source: $ARGS.positional[2], options: $ARGS.positional[3:]}' --args -- "$@")
	config ".mounts += [$words]"
}

# A capability in all five sets, a namespace added or taken away.
capability() {
	config ".process.capabilities |= (reduce (\"bounding\",\"effective\",\"permitted\") as \$s
		(.; .[\$s] += [\"$1\"]))"
}

without_namespace() {
	config ".linux.namespaces |= map(select(.type != \"$1\"))"
}

# A user namespace in which root is an ordinary user of the host.
user_namespace() {
	config '.linux.namespaces += [{"type": "user"}]' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]' \
		'.linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
}

# Without them no mount but those that a test adds.
bare_mounts() {
	config '.mounts = [.mounts[] | select(.destination == "/proc" or .destination == "/dev")]'
}

write_config() {
	jq "$filter" "$base/config.json" >"$bundle/config.json"
}

# --- running ---

capture() {
	said=$*
	status=0
	"$@" >"$T/stdout" 2>"$T/stderr" </dev/null || status=$?
	output=$(<"$T/stdout")
	stderr=$(<"$T/stderr")
}

ctr() {
	capture "$CTR" --root "$root" "$@"
}

# Run the bundle in the foreground; more options of `run` may be given.
run_bundle() {
	write_config
	ctr run "$@" "$bundle"
}

# Run payload commands, separated by ",".
run_payload() {
	args payload "$@"
	run_bundle
}

run_sh() {
	args sh -c "$1"
	run_bundle
}

# Start a container that stays: start_payload COMMAND... ; its id is $tag, its init's pid $pid.
start_payload() {
	args payload "$@"
	start_bundle
}

start_bundle() {
	write_config
	ctr run -d --pid-file "$T/pid" "$@" -b "$bundle" "$tag"
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

delete_ctr() {
	ctr delete -f "${1:-$tag}"
	[ "$status" -eq 0 ]
}

# Wait until a command succeeds, five seconds at most.
wait_until() {
	local i
	for ((i = 0; i < 1500; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	printf 'never: %s\n' "$*" >&2
	return 1
}

state_of() {
	"$CTR" --root "$root" state "${1:-$tag}" | jq -r .status
}

is_stopped() {
	[ "$(state_of "$@")" = stopped ]
}

# --- assertions ---

ok() {
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

# The command must fail. ("!" does not count in bats: errexit passes over it.)
refute() {
	if "$@"; then
		printf 'should have failed: %s\n' "$*"
		return 1
	fi
}

# The program ran and printed exactly this.
is() {
	ok
	same "$1" "$output"
}

same() {
	[ "$1" = "$2" ] && return 0
	diff -u --label expected --label found <(printf '%s\n' "$1") <(printf '%s\n' "$2") || true
	return 1
}

# Each of these is part of the output.
has() {
	local text
	for text in "$@"; do
		[[ $output == *"$text"* ]] && continue
		printf "not in the output: '%s'\n" "$text"
		return 1
	done
}

has_not() {
	local text
	for text in "$@"; do
		[[ $output != *"$text"* ]] && continue
		printf "in the output: '%s'\n" "$text"
		return 1
	done
}

# ctr refused: exit code 1, nothing on stdout, one line "ctr: ..." with each of these in it.
fails() {
	local text
	same 1 "$status"
	same '' "$output"
	[[ $stderr == 'ctr: '* && $stderr != *$'\n'* ]] || { echo 'not one line of ctr'; return 1; }
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] && continue
		printf "not in the message: '%s'\n" "$text"
		return 1
	done
}
