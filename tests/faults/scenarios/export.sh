# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A back-up is written. It is there and complete, or it is not there; only who was killed leaves a temporary
# file. In the store, nothing but digests changes.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	take_store
	mkdir "$dir/out"
	verb=(snapshot export -f backup -o "$dir/out/it" "$id@c")
}
holds() {
	local left
	[ "$how" != 'done' ] || [ -e "$dir/out/it" ] || complain 'done, and the output is not there'
	judge_backup
	rm -f "$dir/out/it"
	left=$(ls -A "$dir/out")
	[ "$how" = killed ] || [ -z "$left" ] || complain "$how, and there is: $left"
	judge_repeated
	judge_backup
	judge_views "$data" "$base/old"
}

# What was exported without a fault, but for the container's name.
judge_backup() {
	[ ! -e "$dir/out/it" ] || cmp <(contents "$base/once/out/it" store-1) <(contents "$dir/out/it" "$id") ||
		complain "$how, and the output is not complete"
}
contents() {
	tar -xOf "$1" | sed "s/$2/it/g"
}
