# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container goes on with the layers that it has, ends and is gone. Its layers are what they were, or have what
# it wrote.
# shellcheck source=tests/faults/layers.bash
. "$here/layers.bash"
program=(write /t/new text)
normal() { without_times_of_now; }
setup() {
	take_store
	verb=(run --overlay -b "$bundle" "$id")
}
holds() { judge_run; }
