# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A stopped container's present state is kept: its layer goes to the others.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	take_store
	verb=(snapshot create -m new "$id" new)
}
