# shellcheck shell=bash disable=SC2154 # rootfs, status, img: see integration/lib.bash and the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For bats files: programs of the host in a container's root filesystem, with what they need. After integration/lib.bash.

# Each at the path that it has on the host, as a file of its own.
take_files() {
	(cd / && cp -L --parents -t "$rootfs" "$@")
}

# take_programs PATH...: with their libraries.
take_programs() {
	local files
	mapfile -t files < <(ldd "$@" | sed -n 's/^\t.*=> \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | sort -u)
	take_files "$@" "${files[@]}"
}

# take_python MODULE...: with what these modules import; they must be all that the program imports. Its path is $python.
take_python() {
	local files
	mapfile -t files < <(python3 -IS - "$@" <<-'END'
	import importlib, os, sys
	for name in sys.argv[1:]:
	    importlib.import_module(name)
	files = {os.path.realpath(sys.executable)}
	for module in list(sys.modules.values()):
	    for path in (getattr(module, "__file__", None), getattr(module, "__cached__", None)):
	        if path and os.path.exists(path):
	            files.add(path)
	print("\n".join(sorted(files)))
	END
	)
	take_files "${files[@]}"
	mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -e '\.so$' -e '/bin/')
	take_programs "${files[@]}"
	# shellcheck disable=SC2034 # of the test
	python=$(realpath "$(python3 -IS -c 'import sys; print(sys.executable)')")
}

# Users that programs look for.
take_users() {
	echo 'root:x:0:0::/:/bin/sh
nobody:x:65534:65534::/:/bin/sh' >"$rootfs/etc/passwd"
	echo 'root:x:0:
nogroup:x:65534:' >"$rootfs/etc/group"
}

# The rootfs has files of the first test as links: a program may write into its own only.
own_rootfs() {
	mv "$rootfs" "$rootfs.links"
	cp -a "$rootfs.links" "$rootfs"
	rm -r "$rootfs.links"
	mkdir -p "$rootfs"/var/{lib,log}/nginx "$rootfs/www"
	config '.root.readonly = false'
}
