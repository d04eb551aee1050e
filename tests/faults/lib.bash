# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one` and the scenarios
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For `one` and the scenarios; README.md says what a scenario defines.
#
# Set for scenarios: $id (the container, unique), $dir (a directory of this injection), $root, $data (the
# state and the data directory), $base (what prepare made, shared by all injections, to be read only),
# $bundle ($base/bundle). A scenario may set enter: a command in front of ctr's, and of the tracer's. For holds: $how (done, failed or killed), $status, $dir/stdout, $dir/stderr.

complain() {
	printf '%s\n' "$*"
	wrong=$((wrong + 1))
}

# For all but the command that faults are injected into. In setup it must succeed.
ctr() {
	local result=0
	[ "$phase" != setup ] || warm
	"${enter[@]}" "$CTR" --root "$root" --data-root "$data" "$@" || result=$?
	[ "$phase $result" = 'setup 0' ] || [ "$phase" != setup ] || complain "ctr $*: exit code $result"
	return "$result"
}

# Filters for seccomp from the run without a fault, where nothing was made yet: compiling them takes most of ctr's time,
# and is no part of setup and of what comes after the command.
warm() {
	[ ! -e "$root/.cache" ] && [ -d "$base/cache" ] || return 0
	[ -d "$root" ] || mkdir -m 700 "$root" || return
	cp -r "$base/cache" "$root/.cache"
}

# hear COMMAND...: what it says, in $said, and its exit code.
hear() {
	local result=0
	"$@" >"$dir/heard" 2>&1 || result=$?
	read -r -d '' said <"$dir/heard"
	return "$result"
}

while read -r _ cgroup2 type _; do
	[ "$type" != cgroup2 ] || break
done </proc/self/mounts

# --- bundles ---

# bundle JQ-FILTER...: what `ctr spec` writes, with the payload as program, and changed by these.
bundle() {
	local f filter='.process.terminal = false | .process.args = ["/bin/payload", "sleep"]'
	for f in "$@"; do
		filter+=" | $f"
	done
	mkdir -p "$bundle/rootfs"/{bin,dev,etc,proc,sys,tmp}
	cp "$CTR_PAYLOAD" "$bundle/rootfs/bin/payload"
	"$CTR" spec -b "$bundle"
	jq "$filter" "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
	chmod 755 "$base" "$bundle"
}

# JQ filters for it.
runs() {
	printf '.process.args = %s' "$(jq -cn '$ARGS.positional' --args -- /bin/payload "$@")"
}
user_namespace='.linux.namespaces += [{"type": "user"}]
	| .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
	| .linux.gidMappings = .linux.uidMappings'

# --- questions ---

# In what state prints. (Not jq: it would take half of the time of all.)
has_status='"status": "([a-z]+)'
has_pid='"pid": ([0-9]+)'

# Sets $status_is: empty when there is no container.
see_status() {
	local said
	hear ctr state "$id"
	[[ $said =~ $has_status ]]
	status_is=${BASH_REMATCH[1]-}
}

status_of() {
	local status_is
	see_status
	printf '%s\n' "$status_is"
}

pid_of() {
	local said
	hear ctr state "$id"
	[[ $said =~ $has_pid ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

cgroup_of() {
	printf '%s/ctr/%s\n' "$cgroup2" "$id"
}

# wait_until COMMAND...: five seconds at most.
wait_until() {
	local i
	for ((i = 0; i < 250; i++)); do
		"$@" && return
		sleep 0.02
	done
	return 1
}

status_is() {
	local status_is
	see_status
	[ "$status_is" = "$1" ]
}

# --- what holds afterwards ---

# The status is one of these.
expect_status() {
	local status_is
	see_status
	[[ " $* " == *" ${status_is:-gone} "* ]] || complain "$how, and the container is ${status_is:-gone}, not: $*"
}

# There is nothing of the container, before anybody has cleaned up.
expect_gone() {
	local status_is left
	see_status
	[ -z "$status_is" ] || complain "$how, and the container exists: $status_is"
	for left in "$root"/* "$root"/.[!.]* "$root"/..?*; do
		[[ $left == */.cache || ! -e $left && ! -L $left ]] ||
			complain "$how, and the state directory has: ${left##*/}"
	done
	[ ! -e "$cgroup2/ctr/$id" ] || complain "$how, and the cgroup exists"
}

expect_output() {
	local is
	read -r -d '' is <"$dir/stdout"
	[ "$is" = "$1" ] || complain "$how, and the output is: $is"
}
