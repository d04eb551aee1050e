# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A signal that ends the container. If sending it fails, the container runs on.
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	verb=(kill "$id" KILL)
}
holds() {
	case $how in
	done) wait_until status_is stopped || complain "done, and the container is $(status_of)" ;;
	failed) expect_status running ;;
	esac
}
