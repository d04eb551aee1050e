# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container runs in the foreground and ends. If that fails, nothing is left of it; but if only removing it
# fails, after its program has ended, it is stopped and stays for delete.
prepare() { bundle "$(runs args hello)"; }
setup() { verb=(run -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		expect_gone
		grep -q hello "$dir/stdout" || complain 'the program did not run'
		;;
	failed)
		if grep -q hello "$dir/stdout"; then
			expect_status gone stopped
		else
			expect_gone
		fi
		;;
	esac
}
