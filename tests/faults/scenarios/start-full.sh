# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A created container is started, with hooks of the start in it and on the host, and a user namespace. If that fails it
# still waits, or it is stopped and stays for delete.
prepare() {
	printf '#!/bin/sh\n:\n' >"$base/hook"
	chmod 755 "$base/hook"
	bundle "$user_namespace" '.hooks.startContainer = [{"path": "/bin/payload", "args": ["payload", "exit", "0"]}]' \
		".hooks.poststart = [{\"path\": \"$base/hook\"}]"
}
setup() {
	ctr create -b "$bundle" "$id" </dev/null
	also=$(pid_of)
	verb=(start "$id")
}
holds() {
	case $how in
	done)
		# its program may be killed as soon as it runs
		[[ $action == kill* && $fault == *'	execve('* ]] || expect_status running
		;;
	failed) expect_status created stopped ;;
	killed) expect_status created running stopped ;;
	esac
}
