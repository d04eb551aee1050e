# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container is made and waits. If that fails, nothing is left of it.
setup() { verb=(create -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		# init may be killed as soon as it has let go of us
		[[ $action == kill* && $fault == *'	ctr.1:'* ]] || expect_status created
		;;
	failed) expect_gone ;;
	esac
}
