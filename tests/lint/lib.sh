# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the checks: where things are and what to do about missing tools. Sourced, not run. Each
# check is called in the top directory and ends with 0 (fine), 1 (findings) or 77 (could not run).

# need TOOL DEBIAN-PACKAGE: end the check when TOOL is missing.
need() {
	command -v "$1" >/dev/null 2>&1 && return
	echo "$1 is missing (Debian: $2)"
	[ "${CTR_TESTS_MUST_RUN:-0}" != 1 ] || exit 1
	exit 77
}

# Files of the project below or named by the arguments, whether git knows them already or not.
files() {
	if [ -e .git ] && command -v git >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
	else
		for place in "$@"; do
			[ ! -e "$place" ] || find "$place" -type f | sed 's,^\./,,'
		done
	fi | LC_ALL=C sort -u
}

c_files() {
	files "$@" | grep '\.[ch]$' || true
}

# Where the tests of `FILE: NAME` are: a suite's directory, or the path that FILE is.
path_of() {
	for dir in tests/integration tests/clients tests/vm tests; do
		[ ! -f "$dir/$1.bats" ] || { echo "$dir/$1.bats"; return; }
	done
}

# Is there a test whose name begins with $2, or with $3?
has_test() {
	sed -n "s/^@test [\"']//p" "$1" | awk -v a="$2" -v b="$3" '
		index($0, a) == 1 || index($0, b) == 1 { found = 1 }
		END { exit !found }'
}
