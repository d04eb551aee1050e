# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container runs in the foreground and ends. Whatever happens, if ctr lives it leaves nothing.
prepare() { bundle "$(runs args hello)"; }
setup() { verb=(run -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		expect_gone
		grep -q hello "$dir/stdout" || complain 'the program did not run'
		;;
	failed) expect_gone ;;
	esac
}
