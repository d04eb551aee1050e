# SPDX-License-Identifier: GPL-2.0-or-later
#
# A6: the runtime's own binary, from within the container.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A6: the program is a link to /proc/self/exe, or a script that names it" {
	before=$(md5sum <"$CTR")
	ln -s /proc/self/exe "$rootfs/bin/self"
	args /bin/self
	run_bundle
	[ "$status" -ne 0 ]
	printf '#!/proc/self/exe\n' >"$rootfs/bin/script"
	chmod 755 "$rootfs/bin/script"
	args /bin/script
	run_bundle
	[ "$status" -ne 0 ]
	same "$before" "$(md5sum <"$CTR")"
}

@test "A6: until the program runs, /proc/PID/exe is sealed memory, not a file of the host" {
	cat >"$T/look" <<-'SH'
		#!/bin/bash
		pid=$(jq .pid)
		readlink "/proc/$pid/exe" >"${0%/*}/exe"
		stat -Lc %d:%i "/proc/$pid/exe" >"${0%/*}/inode"
		echo x 2>/dev/null >"/proc/$pid/exe" && echo written >>"${0%/*}/exe"
		grep -h Dumpable "/proc/$pid/status" >>"${0%/*}/exe"
		exit 0
	SH
	chmod 755 "$T/look"
	config ".hooks.createRuntime = [{\"path\": \"$T/look\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	run_payload exit 0
	ok
	grep -q '^/memfd:' "$T/exe"
	refute grep written "$T/exe"
	[ "$(stat -Lc %d:%i "$CTR")" != "$(cat "$T/inode")" ]
}

@test "A6: the memory that init runs from is sealed against all, and the binary cannot be reached through it" {
	cat >"$T/look" <<-'PY'
		#!/usr/bin/python3
		import fcntl, json, os, sys
		pid = json.load(sys.stdin)["pid"]
		fd = os.open("/proc/%d/exe" % pid, os.O_RDONLY)
		out = open(sys.argv[0] + ".out", "w")
		print("seals %#x" % (fcntl.fcntl(fd, 1034) & 15), file=out)
		for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
		    try:
		        os.open("/proc/self/fd/%d" % fd, flags)
		        # the kernel lets root open it; the seals keep what is in it
		        w = os.open("/proc/self/fd/%d" % fd, os.O_WRONLY)
		        os.write(w, b"x")
		        print("written", file=out)
		    except OSError as e:
		        print("refused", file=out)
	PY
	chmod 755 "$T/look"
	config ".hooks.createRuntime = [{\"path\": \"$T/look\"}]"
	run_payload exit 0
	ok
	# F_SEAL_SEAL, SHRINK, GROW, WRITE
	same $'seals 0xf\nrefused\nrefused\nrefused' "$(cat "$T/look.out")"
}

# The shape of 2019: the program that ctr is told to execute is the way back to ctr; what waits in the container opens
# it, and writes to it when nobody runs it any more.
@test "A6: a container waits for ctr's processes, to write to what they run from" {
	config '.root.readonly = false' \
		'.process.capabilities |= with_entries(.value = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"])' \
		'del(.linux.seccomp)'
	printf '#!/proc/self/exe\n' >"$rootfs/bin/evil"
	ln -s /proc/self/exe "$rootfs/bin/self"
	chmod 755 "$rootfs/bin/evil"
	args sh -c 'echo ready; while :; do
		for p in /proc/[0-9]*; do
			test "$p" = "/proc/$$" && continue
			case $(readlink $p/exe) in
			/bin/* | "") ;;
			*) exec 9<$p/exe && echo "opened $(readlink /proc/self/fd/9)" && while ! echo overwritten >/proc/self/fd/9; do :; done ;;
			esac
		done; done 2>/dev/null'
	start_bundle
	ok
	wait_until grep -q ready "$T/stdout"
	cp "$T/stdout" "$T/said"
	for ((i = $(times 15 500); i > 0; i--)); do
		for program in /bin/evil /bin/self /proc/self/exe /bin/busybox; do
			soon exec "$tag" "$program" true
			[ "$status" -eq 0 ] || [ "$status" -eq 255 ]
		done
	done
	delete_ctr
	host_is_untouched
}

@test "A6: libraries, loader and configuration of the image are not those of ctr's processes" {
	config '.process.env += ["LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/", "LD_AUDIT=/evil.so", "GCONV_PATH=/", "LOCPATH=/"]' \
		'.root.readonly = false'
	for name in evil.so libc.so.6 libseccomp.so.2 libyajl.so.2 etc/ld.so.preload etc/ld.so.conf etc/nsswitch.conf; do
		printf 'not a library\n' >"$rootfs/$name"
	done
	echo /evil.so >"$rootfs/etc/ld.so.preload"
	run_payload exit 7
	same 7 "$status"
	same '' "$stderr"
	start_payload sleep
	ctr exec "$tag" payload exit 8
	same 8 "$status"
	same '' "$stderr"
	delete_ctr
}
