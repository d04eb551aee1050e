# shellcheck shell=bash disable=SC2154 # variables of lib.bash and of bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests under valgrind: valgrind_setup after ctr_setup; then $CTR is tests/valgrind/ctr. valgrind_findings says
# what was found since then, valgrind_end goes back to the program itself.

valgrind_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

valgrind_setup() {
	command -v valgrind >/dev/null || need valgrind
	[ "$(uname -m)" = x86_64 ] || need 'x86-64, which tests/valgrind/outside.c is written for'
	export CTR_VALGRIND_OUTSIDE=$BATS_FILE_TMPDIR/outside.so CTR_VALGRIND_LOGS=$T/valgrind CTR_VALGRIND_PROGRAM=$CTR
	# nothing can be loaded into the small static program, which is made of the same sources
	[ ! -x "${CTR%/*}/ctr-full" ] || CTR_VALGRIND_PROGRAM=${CTR%/*}/ctr-full
	valgrind_before=$CTR
	[ -e "$CTR_VALGRIND_OUTSIDE" ] || cc -std=gnu11 -D_GNU_SOURCE -O1 -g -fPIC -shared -fno-stack-protector \
		-fno-omit-frame-pointer -Wl,-z,now -Wall -Wextra -Werror -o "$CTR_VALGRIND_OUTSIDE" "$valgrind_dir/outside.c"
	mkdir -p "$CTR_VALGRIND_LOGS"
	CTR=$valgrind_dir/ctr
}

valgrind_findings() {
	[ -z "${CTR_VALGRIND_LOGS:-}" ] || "$valgrind_dir/findings" "$CTR_VALGRIND_LOGS"
}

valgrind_end() {
	CTR=${valgrind_before:-$CTR}
	unset CTR_VALGRIND_OUTSIDE CTR_VALGRIND_LOGS CTR_VALGRIND_PROGRAM
}
