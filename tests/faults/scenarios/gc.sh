# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# Rests of all kinds are removed: a layer that nobody names, one that was being removed, an unfinished one, and
# a record that was being written; and a snapshot's layer that had not been moved yet is moved.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	local layer
	take_store
	layer=$(jq -r '.snapshots[2].layer' "$data/$id/layers.json")
	cp -a "$data/.layers/$layer" "$data/.layers/dead-$layer"
	cp -a "$data/.layers/$layer" "$data/.layers/0123456789abcdef0123456789abcdef"
	cp -a "$data/.layers/$layer" "$data/$id/layers/0123456789abcdef0123456789abcdee"
	mv "$data/.layers/$layer" "$data/$id/layers/$layer"
	echo '{' >"$data/$id/.layers.json.new"
	verb=(gc)
}
