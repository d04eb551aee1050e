# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A running container with hooks is removed.
prepare() {
	printf '#!/bin/sh\n:\n' >"$base/hook"
	chmod 755 "$base/hook"
	bundle ".hooks.poststop = [{\"path\": \"$base/hook\"}]"
}
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	verb=(delete -f "$id")
}
holds() {
	case $how in
	done) expect_gone ;;
	failed) expect_status running stopped gone ;;
	esac
}
