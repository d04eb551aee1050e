# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# The snapshots of a back-up come to a container that has what they lie on.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
change_store() {
	ctr snapshot export -f backup -o "$base/backup.tar" --since a store@c >/dev/null &&
		ctr snapshot rollback --prune store a
}
setup() {
	take_store
	verb=(snapshot import "$id" "$base/backup.tar")
}
