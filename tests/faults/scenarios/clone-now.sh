# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A clone of the present state, which becomes a snapshot.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	take_store
	verb=(clone -q "$id" "$id-3")
}
