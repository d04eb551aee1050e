# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A stopped container is removed.
prepare() { bundle "$(runs exit 0)"; }
setup() {
	ctr run --keep -b "$bundle" "$id" </dev/null
	verb=(delete "$id")
}
holds() {
	case $how in
	done) expect_gone ;;
	failed) expect_status stopped gone ;;
	esac
}
