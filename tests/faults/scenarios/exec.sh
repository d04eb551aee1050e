# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A command in a running container. Whatever happens to it, the container runs on, and the next works.
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	code=7
	verb=(exec "$id" /bin/payload exit 7)
}
holds() {
	local next=0
	expect_status running
	ctr exec "$id" /bin/payload exit 9 </dev/null >"$dir/next" 2>&1 || next=$?
	[ "$next" = 9 ] || complain "the next exec ends with $next: $(cat "$dir/next")"
}
