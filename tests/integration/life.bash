# shellcheck shell=bash disable=SC2034,SC2154,SC2119,SC2120 # variables and arguments are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of the life cycle share, on top of lib.bash: created containers, hooks, other exit codes.

# Create without starting; what the program prints is in $T/out.
create_bundle() {
	write_config
	create_again "$@"
}

# The same without writing config.json.
create_again() {
	said="create $*" status=0
	"$CTR" --root "$root" create --pid-file "$T/pid" "$@" -b "$bundle" "$tag" \
		>"$T/out" 2>"$T/stderr" </dev/null || status=$?
	output=$(<"$T/out")
	stderr=$(<"$T/stderr")
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

create_payload() {
	args payload "$@"
	create_bundle
}

# hook KIND SCRIPT: a shell script on the host (for startContainer: in the container) as a hook.
hook() {
	local entry
	entry=$(jq -cn --arg script "$2" '{path: "/bin/sh", args: ["sh", "-c", $script],
		env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], timeout: 20}')
	config ".hooks.$1 += [$entry]"
}

# Like fails, for the verb whose failures have a code of their own (exec: 255).
fails_with() {
	local code=$1
	shift
	same "$code" "$status"
	status=1
	fails "$@"
}

# Now, not only at the end: nothing of this test is on the system.
nothing_left() {
	env -u CTR_TEST_TAG "$BATS_FILE_TMPDIR/base/leaks" "$tag" "$root"
}

# The container's cgroup as the host sees it.
cgroup_of() {
	local path
	path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	printf '%s%s\n' "$(cgroup_mount)" "$path"
}

cgroup_mount() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts
}

is_dead() {
	[ ! -e "/proc/$1/exe" ]
}

is_frozen() {
	grep -qx 'frozen 1' "$(cgroup_of "$1")/cgroup.events"
}

has_line() {
	grep -qxF -e "$1" "$2"
}

# bats does not see a failure behind "!".
not() {
	! "$@"
}
