# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A frozen container goes on. If that fails, it is frozen still, and can be resumed.
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	ctr pause "$id"
	verb=(resume "$id")
}
holds() {
	case $how in
	done) expect_status running ;;
	failed | killed) expect_status running paused ;;
	esac
	status_is running || ctr resume "$id" || complain 'resume fails'
	expect_status running
}
