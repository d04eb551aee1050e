# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A running container's present state is copied. It runs on; only who was killed while it stood still leaves
# it so, and then resume lets it go on.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
program=(sleep)
setup() {
	take_store
	ctr run -d --overlay -b "$bundle" "$id" </dev/null
	verb=(snapshot create -m new "$id" new)
}
holds() {
	[ "$how $(status_of)" != 'killed paused' ] || ctr resume "$id" || complain 'resume fails'
	expect_status running
	judge_views "$data" "$base/old" "$base/new"
	cmp -s "$dir/is" "$base/new" || ctr "${verb[@]}" >"$dir/repeated" 2>&1 ||
		complain "it cannot be repeated: $(cat "$dir/repeated")"
	judge_views "$data" "$base/new"
}
