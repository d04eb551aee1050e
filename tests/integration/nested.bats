# SPDX-License-Identifier: GPL-2.0-or-later
# ctr in a container of ctr, two levels deep: as root of the host, and in a user namespace.

load lib
load life
load system
setup() {
	ctr_setup
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
}
teardown() { ctr_teardown; }

# What runs at each level: a container is made, looked into, stopped and removed; in it, the same.
nest_script() {
	cat <<-'END'
	#!/bin/sh
	# nest.sh LEVEL
	set -eu
	here=$(grep ^0:: /proc/self/cgroup)
	[ "$1" -gt 0 ] || { echo "bottom, cgroup $here"; exit 0; }
	ctr run -d --pid-file /run/pid -b /inner c </dev/null >/run/out 2>&1 || { cat /run/out; exit 1; }
	ctr state c | grep -q '"status": "running"'
	ctr exec c sh /nest.sh $(($1 - 1)) </dev/null
	ctr ps -f json c | grep -q "$(cat /run/pid)"
	ctr pause c
	ctr list | grep -q paused
	ctr resume c
	ctr wait c >/run/status &
	sleep 0.2
	ctr kill c KILL
	wait $!
	ctr delete c
	echo "level $1: status $(cat /run/status), left: $(ls /run/ctr | wc -l) states," \
		"$(find /sys/fs/cgroup -mindepth 1 -type d | wc -l) cgroups"
	END
}

# The default rootfs with ctr, its libraries, and what the script needs.
nest_rootfs() {
	local dir=$1 file
	mkdir -p "$dir/run" "$dir/inner"
	for file in $(ldd "$CTR" | grep -o '/[^ ]*'); do
		mkdir -p "$dir${file%/*}"
		cp -L "$file" "$dir$file"
	done
	cp "$CTR" "$dir/bin/ctr"
	for file in cat find grep ls sleep wc; do
		ln -sf busybox "$dir/bin/$file"
	done
	nest_script >"$dir/nest.sh"
}

# nest FILTER...: bundles in bundles, all with these filters of jq applied to what SPEC writes.
nest() {
	local filter='.process.terminal = false | .process.env = ["PATH=/bin"]' f dir=$bundle level
	for f in "$@"; do
		filter+=" | $f"
	done
	nest_rootfs "$rootfs"
	mkdir "$T/level"
	cp -a "$rootfs" "$T/level/rootfs"
	for level in 0 1 2; do
		[ "$level" = 0 ] || cp -a "$T/level/rootfs" "$dir/rootfs"
		spec_options="$spec_all"
		[ "$level" = 0 ] || spec_options+=" ${spec_inner:-}"
		[ "$level" != 0 ] || spec_options+=" ${spec_outer:-}"
		rm -f "$dir/config.json"
		# shellcheck disable=SC2086 # options
		"$CTR" spec $spec_options -b "$dir"
		jq "$filter | .process.args = [\"payload\", \"sleep\"]" "$dir/config.json" >"$dir/new"
		mv "$dir/new" "$dir/config.json"
		dir=$dir/rootfs/inner
	done
	jq '.process.args = ["sh", "/nest.sh", "2"]' "$bundle/config.json" >"$T/new"
	mv "$T/new" "$bundle/config.json"
}

is_nested() {
	ctr run -b "$bundle" "$tag"
	is $'bottom, cgroup 0::/
level 1: status 137, left: 0 states, 0 cgroups
level 2: status 137, left: 0 states, 0 cgroups'
	nothing_left
}

doc_filter() {
	sed -n '/^```jq$/,/^```$/ { /^```/d; p }' "$doc" | tr '\n' ' '
}

@test "nested: as root" {
	spec_all=''
	nest "$(doc_filter)"
	is_nested
}
