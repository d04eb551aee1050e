# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A clone of the present state, which becomes a snapshot. That stays when the clone fails behind it: the next one
# takes it.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
setup() {
	take_store
	verb=(clone -q "$id" "$id-3")
}
holds() {
	judge_repeated
	case $how in
	done) judge_views "$data" "$base/new" ;;
	*) judge_views "$data" "$base/old" "$base/new" <(sed '/^== it-3/,/^== it[^-]/{/^== it[^-]/!d}' "$base/new") ;;
	esac
}
