# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# The same with hooks, a terminal, a user namespace and a pid file.
prepare() {
	local kind hooks=()
	printf '#!/bin/sh\n:\n' >"$base/hook"
	chmod 755 "$base/hook"
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		[ "$kind" = startContainer ] || hooks+=(".hooks.$kind = [{\"path\": \"$base/hook\"}]")
	done
	bundle "$user_namespace" "${hooks[@]}"
}
setup() { verb=(create --pid-file "$dir/pid" -b "$bundle" "$id"); }
holds() {
	case $how in
	done)
		# init may be killed as soon as it has let go of us
		[[ $action == kill* && $fault == *'	ctr.1:'* ]] || expect_status created
		;;
	failed)
		expect_gone
		[ ! -e "$dir/pid" ] || complain 'failed, and the pid file exists'
		;;
	esac
}
