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

# ctr with a deadline, for all but the command that faults are injected into. In setup it must succeed.
ctr() {
	local result=0
	timeout -k 5 20 "${enter[@]}" "$CTR" --root "$root" --data-root "$data" "$@" || result=$?
	[ "$phase $result" = 'setup 0' ] || [ "$phase" != setup ] || complain "ctr $*: exit code $result"
	return "$result"
}

find_cgroup2() {
	local mount type
	while read -r _ mount type _; do
		[ "$type" = cgroup2 ] && printf '%s\n' "$mount" && return
	done </proc/self/mounts
}
cgroup2=$(find_cgroup2)

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

# member NAME JSON: of what state prints. (Not jq: it would take half of the time of all.)
member() {
	[[ $2 =~ \"$1\":\ \"?([a-z0-9]+) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

status_of() {
	member status "$(ctr state "$id" 2>/dev/null)"
}

pid_of() {
	member pid "$(ctr state "$id")"
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
	[ "$(status_of)" = "$1" ]
}

# --- what holds afterwards ---

# The status is one of these.
expect_status() {
	local is
	is=$(status_of)
	[[ " $* " == *" ${is:-gone} "* ]] || complain "$how, and the container is ${is:-gone}, not: $*"
}

# There is nothing of the container, before anybody has cleaned up.
expect_gone() {
	local left
	[ -z "$(status_of)" ] || complain "$how, and the container exists: $(status_of)"
	left=$(find "$root" -mindepth 1 -maxdepth 1 -not -name .cache -printf '%f ' 2>/dev/null)
	[ -z "$left" ] || complain "$how, and the state directory has: $left"
	[ ! -e "$(cgroup_of)" ] || complain "$how, and the cgroup exists"
}

expect_output() {
	[ "$(cat "$dir/stdout")" = "$1" ] || complain "$how, and the output is: $(cat "$dir/stdout")"
}
