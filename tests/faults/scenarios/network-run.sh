# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container with a network and a published port is started and left alone.
# shellcheck source=tests/faults/network.bash
. "$here/network.bash"
network_setup() { verb=(run -d --network bridge --publish 8080:80 -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		# its program may be killed as soon as it runs
		[[ $action == kill* && $fault == *'	execve('* ]] || expect_status running
		;;
	failed) expect_gone ;;
	esac
}
