# SPDX-License-Identifier: GPL-2.0-or-later
#
# A9: hooks and other helpers of the host: nothing of the image, of the program's environment or of the caller decides
# what they do. Deadlines, output and failures: tests/integration/hooks.bats.

load lib
setup() {
	attack_setup
	config '.root.readonly = false'
}
teardown() { attack_teardown; }

# The variables by which a program is made to load or run something.
poison() {
	printf '%s\n' LD_PRELOAD=./x.so LD_LIBRARY_PATH=. LD_AUDIT=./x.so LD_DEBUG=all LD_DEBUG_OUTPUT="$outside/debug" PATH=. \
		GCONV_PATH=. LOCPATH=. NLSPATH=. MALLOC_TRACE="$outside/trace" BASH_ENV=./rc ENV=./rc IFS=x PYTHONPATH=. \
		TZDIR=. HOSTALIASES=./h \
		RES_OPTIONS=x TMPDIR=. HOME=/poison
}

# Environment, directory, descriptors, umask, mask of signals and maps of memory of each hook: a program of our own,
# because a shell has ideas about its environment.
spying_hooks() {
	local kind
	cp "$payload" "$T/payload"
	for kind in prestart createRuntime createContainer poststart poststop; do
		cat >"$T/hook.$kind" <<-PY
			#!/usr/bin/python3 -IS
			import os
			with open("$T/saw.$kind", "w") as out:
			    print(sorted(open("/proc/self/environ").read().split("\\0")), file=out)
			    print("cwd", os.getcwd(), file=out)
			    fds = [f for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f)]
			    print("fds", sorted(int(f) for f in fds if "/hook." not in os.readlink("/proc/self/fd/" + f)), file=out)
			    old = os.umask(0)
			    print("umask %o" % old, file=out)
			    print(*(l for l in open("/proc/self/status") if l.startswith(("SigBlk", "SigIgn"))), file=out)
			    print("maps", "$rootfs" in open("/proc/self/maps").read() or "x.so" in open("/proc/self/maps").read(), file=out)
			    print("tty", os.isatty(0) or os.isatty(1) or os.isatty(2), file=out)
		PY
		chmod 755 "$T/hook.$kind"
		config ".hooks.$kind = [{\"path\": \"$T/hook.$kind\"}]"
	done
}

@test "A9: hooks have nothing of the program's environment, of the caller's, of the image" {
	local words
	words=$(poison | jq -Rn '[inputs]')
	config ".process.env = ($words | map(if startswith(\"PATH=\") then \"PATH=/bin\" else . end))"
	for place in "$rootfs" "$bundle"; do
		printf 'not a library' >"$place/x.so"
		echo "touch $outside/pwned" >"$place/rc"
		chmod 755 "$place/x.so" "$place/rc"
	done
	spying_hooks
	args payload exit 0
	write_config
	mapfile -t words < <(poison | grep -v -e ^PATH= -e ^LD_ -e ^MALLOC)
	cd "$outside"
	umask 0
	capture env "${words[@]}" "$CTR" --root "$root" run "$bundle"
	umask 022
	same 0 "$status"
	for kind in prestart createRuntime createContainer poststart poststop; do
		refute grep -e poison -e 'LD_' -e '[.]so' -e BASH_ENV -e 'PATH=[.]' -e CTR_TEST "$T/saw.$kind"
		grep -qx 'maps False' "$T/saw.$kind"
		grep -qx 'tty False' "$T/saw.$kind"
		grep -qx 'umask 22' "$T/saw.$kind"
		refute grep "cwd $outside" "$T/saw.$kind"
		# 3 is what it writes to; in the container's namespaces it is executed by a descriptor, which a script keeps
		grep -qxF 'fds [0, 1, 2, 3]' "$T/saw.$kind" || { cat "$T/saw.$kind"; return 1; }
		same 0 "$(sed -n 's/.*SigBlk:\t0*\([0-9a-f]\)$/\1/p' "$T/saw.$kind")"
	done
}

@test "A9: a hook's path leads through the host's directories, not the image's, also in the container's namespaces" {
	mkdir -p "$rootfs$T" "$T/real"
	printf '#!/bin/sh\necho image >>%s/ran\n' "$outside" >"$rootfs$T/hook"
	printf '#!/bin/sh\necho host >>%s/ran\n' "$T" >"$T/hook"
	chmod 755 "$rootfs$T/hook" "$T/hook"
	for kind in createRuntime createContainer; do
		config ".hooks.$kind = [{\"path\": \"$T/hook\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	done
	run_payload exit 0
	ok
	same $'host\nhost' "$(cat "$T/ran")"
}

@test "A9: a hook that writes without end, and one that a signal ends" {
	printf '#!/bin/sh\nexec head -c 200000000 /dev/zero\n' >"$T/flood"
	printf '#!/bin/sh\nkill -SEGV $$\n' >"$T/crash"
	chmod 755 "$T/flood" "$T/crash"
	args payload exit 0
	config ".hooks.createRuntime = [{\"path\": \"$T/flood\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	write_config
	soon run "$bundle"
	same 0 "$status"
	config ".hooks.createRuntime = [{\"path\": \"$T/crash\"}]"
	write_config
	soon run "$bundle"
	fails "$T/crash" 'failed with exit status 139'
}

@test "A9: a hook that never ends is ended, with what it started in sessions of its own" {
	printf '#!/bin/sh\nsetsid sleep 1000 & trap "" TERM INT HUP; setsid setsid sleep 1000 & while :; do sleep 1; done\n' >"$T/daemon"
	chmod 755 "$T/daemon"
	args payload exit 0
	config ".hooks.createRuntime = [{\"path\": \"$T/daemon\", \"env\": [\"PATH=/usr/bin:/bin\", \"CTR_TEST_TAG=$tag\"], \"timeout\": 1}]"
	write_config
	soon run "$bundle"
	fails "$T/daemon" 'did not end within 1 s'
}
