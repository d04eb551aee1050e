# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A running container with a network and a published port is removed.
# shellcheck source=tests/faults/network.bash
. "$here/network.bash"
network_setup() {
	ctr run -d --network bridge --publish 8080:80 -b "$bundle" "$id" </dev/null
	verb=(delete -f "$id")
}
holds() {
	case $how in
	done) expect_gone ;;
	failed) expect_status running stopped gone ;;
	esac
}
