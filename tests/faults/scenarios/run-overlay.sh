# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container gets layers of its own, writes, ends and is gone; its layers stay. If it fails before the program
# has run, there are no layers.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
program=(write /t/new text)
normal() { without_times_of_now; }
prepare() {
	make_base && mkdir "$data" && finish_base && make_empty
}

# Killed between its layers and its program.
make_empty() {
	id=store-3
	ctr create --overlay -b "$bundle" "$id" </dev/null && ctr delete -f --keep-layers "$id" &&
		ctr delete store-1 && views "$data" "$id" >"$base/empty"
}
setup() {
	take_store
	verb=(run --overlay -b "$bundle" "$id")
}
holds() { judge_run; }
