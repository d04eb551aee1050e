# shellcheck shell=bash disable=SC2034,SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests of system containers share, on top of lib.bash: a root filesystem, and the commands of
# doc/system-containers.md.

doc=$lib_dir/../../doc/system-containers.md

# Once per file: $debian_tar.
system_setup() {
	local said=''
	debian_tar=${CTR_DEBIAN:-${CTR_BUILDDIR:-$(dirname "$CTR")}/debian/debian.tar}
	[ -s "$debian_tar" ] && return
	# the VM has no network: tests/suites/vm.suite makes it before
	[ "${CTR_IN_VM:-}" != 1 ] || need "$debian_tar, made by tests/lib/debian-tar on the host"
	said=$("$lib_dir/../lib/debian-tar" "$debian_tar" 2>&1) && return
	printf '%s\n' "$said"
	need "$(tail -n 1 <<<"$said")"
}

# The commands below a heading of the page, in order.
doc_commands() {
	awk -v heading="## $1" '/^## / { here = $0 == heading } /^```$/ { code = 0 } here && code
		/^```sh$/ { code = 1 }' "$doc"
}

# A ctr for these commands: with our state directory, and the tag behind the container's id.
doc_ctr() {
	mkdir -p "$T/bin"
	cat >"$T/bin/ctr" <<-END
	#!/bin/bash
	verb=\$1 words=() found=''
	shift
	while [ \$# -gt 0 ]; do
		case \$verb:\$1 in
		spec:*) ;;
		run:*) [ \$# -gt 1 ] || set -- "\$1-$tag" ;;
		*:debian | *:mapped) [ "\$found" ] || { found=1; set -- "\$1-$tag" "\${@:2}"; } ;;
		esac
		words+=("\$1")
		shift
	done
	exec "$CTR" --root "$root" "\$verb" "\${words[@]}"
	END
	chmod +x "$T/bin/ctr"
}

# doc_run HEADING: run the commands below it in $T.
doc_run() {
	local commands
	commands=$(doc_commands "$1")
	[ -n "$commands" ] || { echo "no commands below '$1'"; return 1; }
	[ -e "$T/bin/ctr" ] || doc_ctr
	said=$commands status=0
	(cd "$T" && PATH=$T/bin:$PATH timeout "${doc_timeout:-60}" bash -eu -c "$commands") \
		>"$T/stdout" 2>"$T/stderr" </dev/null || status=$?
	output=$(<"$T/stdout")
	stderr=$(<"$T/stderr")
}
