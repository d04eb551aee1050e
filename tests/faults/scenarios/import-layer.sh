# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A layer of an image becomes a new snapshot.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
change_store() {
	ctr snapshot export -o "$base/layer.tar" store@c >/dev/null
}
setup() {
	take_store
	verb=(snapshot import --devices -n new -m new "$id" "$base/layer.tar")
}
