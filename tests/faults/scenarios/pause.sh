# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container is frozen. If that fails, it runs; if ctr was killed, resume and delete work.
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	verb=(pause "$id")
}
holds() {
	case $how in
	done) expect_status paused ;;
	failed) expect_status running ;;
	killed) expect_status running paused ;;
	esac
	status_is running || ctr resume "$id" || complain 'resume fails'
	expect_status running
}
