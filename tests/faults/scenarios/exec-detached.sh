# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A command in a running container that goes on without ctr.
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	verb=(exec -d --pid-file "$dir/pid" "$id" /bin/payload sleep)
}
processes() { [ "$(ctr ps "$id" | wc -l)" = $(($1 + 1)) ]; } # and a title
holds() {
	expect_status running
	case $how in
	done)
		# its program may be killed as soon as it runs
		[[ $action == kill* && $fault == *'	execve('* ]] || processes 2 || complain 'done, and it does not run'
		;;
	failed) wait_until processes 1 || complain 'failed, and it runs' ;;
	esac
}
