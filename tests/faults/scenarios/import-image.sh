# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# An image becomes a new container.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
change_store() {
	ctr snapshot export -f oci-archive -b "$bundle" -o "$base/image.tar" store@c >/dev/null
}
setup() {
	take_store
	verb=(snapshot import --devices -b "$bundle" -n new "$id-3" "$base/image.tar")
}
