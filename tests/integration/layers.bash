# shellcheck shell=bash disable=SC2034,SC2154 # variables of lib.bash and of the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of layers and snapshots: a container that writes and ends, again and again under one id.
# $data is the data root.

ctr() {
	capture "$CTR" --root "$root" --data-root "$data" "$@"
}

layers_teardown() {
	ctr_teardown
}

# write_once SCRIPT: run it in the container $tag, which is gone afterwards, but for its layers
write_once() {
	args sh -c "$1"
	write_config
	ctr run --overlay -b "$bundle" "$tag"
}

# clone_once ID SCRIPT
clone_once() {
	args sh -c "$2"
	write_config
	ctr run --overlay -b "$bundle" "$1"
}

# start_overlay SCRIPT: the container $tag runs on
start_overlay() {
	args sh -c "$1"
	write_config
	ctr run -d --overlay -b "$bundle" "$tag"
	ok
}

# It is gone, but for its layers.
stop() {
	ctr delete -f --keep-layers "$tag"
	ok
}

# The directory that the container writes to.
upper() {
	printf '%s/%s/layers/%s/fs' "$data" "${1:-$tag}" "$(jq -r .upper "$data/${1:-$tag}/layers.json")"
}

nothing_to_collect() {
	ctr gc
	is ''
}

# All that can be seen of the store but the access times.
all_of_data() {
	(cd "$data" && find . -printf '%p %y %m %U:%G %s %T@ %l\n' | sort)
}

layer_count() {
	find "$data/.layers" -mindepth 1 -maxdepth 1 | wc -l
}
