# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# Back to a snapshot; the present state is kept as one.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	take_store
	verb=(snapshot rollback --keep-as kept "$id" a)
}
