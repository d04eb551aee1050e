# shellcheck shell=bash disable=SC2034,SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of ctr in a container of ctr, on top of lib.bash, life.bash and system.bash: bundles in bundles.

whole_proc='.linux.maskedPaths = [] | .linux.readonlyPaths = []'

nested_setup() {
	ctr_setup
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
}

# What runs at each level: a container is made, looked into, stopped and removed; in it, the same.
nest_script() {
	cat <<-'END'
	#!/bin/sh
	# nest.sh LEVEL
	set -eu
	here=$(grep ^0:: /proc/self/cgroup)
	[ "$1" -gt 0 ] || { echo "bottom, cgroup $here"; exit 0; }
	{ ctr run --keep --pid-file /run/pid -b /inner c </dev/null >/run/out 2>&1 || echo $? >/run/code; } &
	until ctr state c 2>/dev/null | grep -q '"status": "running"'; do
		[ ! -e /run/code ] || { cat /run/out; exit 1; }
		sleep 0.1
	done
	ctr exec c sh /nest.sh $(($1 - 1)) </dev/null
	ctr ps -f json c | grep -q "$(cat /run/pid)"
	ctr pause c
	ctr list | grep -q paused
	ctr resume c
	ctr kill c KILL
	status=$(ctr wait c)
	wait
	ctr delete c
	echo "level $1: status $status, left: $(ctr list -q | wc -l) containers," \
		"$(find /sys/fs/cgroup -mindepth 1 -type d | wc -l) cgroups"
	END
}

# The default rootfs with ctr, its libraries, and what the script needs.
nest_rootfs() {
	local dir=$1 file
	mkdir -p "$dir/run" "$dir/inner"
	for file in $(ldd "$(whole_ctr)" | grep -o '/[^ ]*'); do
		mkdir -p "$dir${file%/*}"
		cp -L "$file" "$dir$file"
	done
	copy_ctr "$dir/bin/ctr"
	for file in cat find grep ls mkdir sleep wc; do
		ln -sf busybox "$dir/bin/$file"
	done
	nest_script >"$dir/nest.sh"
}

# bundle_config DIR SPEC-OPTIONS FILTER PROGRAM...
bundle_config() {
	local dir=$1 options=$2 filter=$3
	shift 3
	rm -f "$dir/config.json"
	# shellcheck disable=SC2086 # options
	"$CTR" spec $options -b "$dir"
	jq ".process.terminal = false | .process.env = [\"PATH=/bin\"] | $filter
		| .process.args = \$ARGS.positional" --args -- "$@" <"$dir/config.json" >"$dir/new"
	mv "$dir/new" "$dir/config.json"
}

# nest OPTIONS FILTER [INNER-OPTIONS INNER-FILTER]: bundles in bundles, from what `ctr spec OPTIONS` writes,
# changed by FILTER.
nest() {
	local one=$bundle/rootfs/inner two=$bundle/rootfs/inner/rootfs/inner
	nest_rootfs "$rootfs"
	cp -a "$rootfs" "$T/copy"
	cp -a "$T/copy" "$one/rootfs"
	cp -a "$T/copy" "$two/rootfs"
	bundle_config "$bundle" "$1" "$2" sh /nest.sh 2
	bundle_config "$one" "${3-$1}" "${4-$2}" payload sleep
	bundle_config "$two" "${3-$1}" "${4-$2}" payload sleep
}

is_nested() {
	ctr run -b "$bundle" "$tag"
	is $'bottom, cgroup 0::/
level 1: status 137, left: 0 containers, 0 cgroups
level 2: status 137, left: 0 containers, 0 cgroups'
	nothing_left
}

doc_filter() {
	# shellcheck disable=SC2016 # Markdown
	sed -n '/^```jq$/,/^```$/ { /^```/d; p }' "$doc" | tr '\n' ' '
}
