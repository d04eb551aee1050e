# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A running container is removed with its snapshots; its clone stays what it is.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
program=(sleep)
setup() {
	take_store
	ctr run -d --overlay -b "$bundle" "$id" </dev/null
	verb=(delete -f "$id")
}
holds() {
	[ "$how" != 'done' ] || expect_gone
	[ "$how" != 'done' ] || [ ! -e "$data/$id" ] || complain 'done, and it still has layers'
	judge_views "$data" "$base/old" "$base/new"
	ctr delete -f "$id" >"$dir/repeated" 2>&1 || complain "it cannot be repeated: $(cat "$dir/repeated")"
	judge_views "$data" "$base/new"
}
