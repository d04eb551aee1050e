# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container is started and left alone. If that fails, nothing is left of it.
setup() { verb=(run -d -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		# its program may be killed as soon as it runs
		[[ $action == kill* && $fault == *'	execve('* ]] || expect_status running
		;;
	failed) expect_gone ;;
	esac
}
