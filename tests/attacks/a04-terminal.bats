# SPDX-License-Identifier: GPL-2.0-or-later
#
# A4: the terminal: what the image has at its places, and what the program does with it.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A4: the terminal is not bound over a file of proc by way of /dev/console" {
	bare_mounts
	config '.process.terminal = true' '.root.readonly = false' 'del(.mounts[] | select(.destination == "/dev"))' \
		'.linux.maskedPaths = []' '.linux.readonlyPaths = []'
	mkdir -p "$rootfs/dev/pts"
	mount_entry /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620
	ln -sf /proc/sys/kernel/hostname "$rootfs/dev/console"
	args payload exit 0
	write_config
	ctr create --console-socket "$T/nobody" -b "$bundle" "$tag"
	fails '/dev/console' 'a proc filesystem'
}

# What a program types into the terminals it has; what the caller's terminal then would read.
typed_at_host() {
	"$lib_dir/pty" -- bash -c '"$@" >/dev/null; read -r -t 1 -n 100 text; echo "[read:$text]"' - "$@"
}

@test "A4: keystrokes that a container injects do not reach the caller's terminal" {
	local said
	config '.root.readonly = false | .process.terminal = true | del(.linux.seccomp)'
	capability CAP_SYS_ADMIN
	args payload tiocsti "touch $outside/pwned
"
	write_config
	said=$(typed_at_host "$CTR" --root "$root" run "$bundle")
	[[ $said == *'[read:]'* ]] || { echo "$said"; return 1; }
	fresh_config 'del(.linux.seccomp)'
	capability CAP_SYS_ADMIN
	start_payload sleep
	said=$(typed_at_host "$CTR" --root "$root" exec -t "$tag" payload tiocsti "touch $outside/pwned
")
	[[ $said == *'[read:]'* ]] || { echo "$said"; return 1; }
	delete_ctr
}

@test "A4: an exec without a terminal of its own has the caller's not as its controlling one" {
	start_payload sleep
	"$lib_dir/pty" -- "$CTR" --root "$root" exec "$tag" sh -c 'echo in >/dev/tty; test ! -c /dev/tty || : </dev/tty' >"$T/said" || true
	grep -q 'No such device or address' "$T/said"
	delete_ctr
}

@test "A4: the image has every type of file at /dev/console, /dev/ptmx and /dev/pts/0, with and without a /dev mount" {
	for kind in file fifo link null directory socket; do
		for mounts in '.' 'map(select(.destination != "/dev"))'; do
			rm -rf "${rootfs:?}/dev"
			mkdir -p "$rootfs/dev/pts"
			for name in console ptmx pts/0; do
				case $kind in
				file) echo text >"$rootfs/dev/$name" ;;
				fifo) mkfifo "$rootfs/dev/$name" ;;
				link) ln -s "$out/${name##*/}" "$rootfs/dev/$name" ;;
				null) mknod "$rootfs/dev/$name" c 1 3 ;;
				directory) mkdir "$rootfs/dev/$name" ;;
				socket) python3 -c 'import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(sys.argv[2])' \
					"$rootfs/dev" "$name" ;;
				esac
			done
			fresh_config '.process.terminal = true | .root.readonly = false' ".mounts |= ($mounts)"
			args sh -c 'tty; stat -Lc %t /dev/console'
			write_config
			soon_on_terminal "$kind" "$mounts"
		done
	done
}

# It ran, on a terminal of its devpts that is /dev/console as well (major 136 is 0x88), or was refused.
soon_on_terminal() {
	timeout 20 "$lib_dir/pty" -- "$CTR" --root "$root" run "$bundle" >"$T/said" || { cat "$T/said"; return 1; }
	if grep -q 'exit 0' "$T/said"; then
		grep -q '/dev/pts/' "$T/said" && grep -q '^88' "$T/said" && host_is_untouched && return
	else
		grep -q 'ctr: ' "$T/said" && host_is_untouched && return
	fi
	echo "$*"
	cat "$T/said"
	return 1
}
