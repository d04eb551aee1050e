# SPDX-License-Identifier: GPL-2.0-or-later
#
# Images, volumes and configs that try to reach the host: the classes A1 to A6 and A13 of the threat
# model. What counts is what the host looks like afterwards.

load lib
setup() {
	ctr_setup
	# the attacker's prize: what the runtime would write, replace, chown or mount over
	outside=$T/outside
	mkdir -p "$outside"/{pts,shm,mqueue,sub}
	for file in null zero full random urandom tty ptmx console fd stdin stdout stderr core sub/file pts/ptmx; do
		echo "host $file" >"$outside/$file"
	done
	digest_before=$(digest)
	mounts_before=$(host_mounts)
}
teardown() { ctr_teardown; }

digest() {
	find "$outside" -printf '%p %i %m %u %g %s %T@ %l\n' | sort
	find "$outside" -type f -exec cat {} + | md5sum
}

# Without ids, which change: mount points, options and sources that have to do with this test.
host_mounts() {
	grep -F -e "$T" -e "$tag" /proc/self/mountinfo | cut -d' ' -f3-
}

host_is_untouched() {
	same "$digest_before" "$(digest)"
	same "$mounts_before" "$(host_mounts)"
}

# Whatever ctr did, success or a clean error: not the host.
try() {
	run_bundle
	[ "$status" -le 1 ]
	[ "$status" -eq 0 ] || [[ $stderr == 'ctr: '* ]]
	host_is_untouched
}

# --- A1: symlinks in the image ---

@test "escape: /dev is a link to the host: with and without a /dev mount, a terminal, a read-only root" {
	rmdir "$rootfs/dev"
	ln -s "$outside" "$rootfs/dev"
	args payload exit 0
	for terminal in false true; do
		for readonly in false true; do
			for mounts in '.' 'map(select(.destination | startswith("/dev") | not))' \
				'map(select(.destination != "/dev"))'; do
				filter=".process.terminal = $terminal | .root.readonly = $readonly | .mounts |= ($mounts)
					| .process.args = [\"payload\", \"exit\", \"0\"]"
				try
			done
		done
	done
}

@test "escape: the target of every default mount is a link, absolute and relative" {
	args payload exit 0
	for target in proc sys dev dev/pts dev/shm dev/mqueue; do
		for link in "$outside" "../../../../../../../../../../..$outside" /proc/self/root"$outside" \
			/proc/1/root"$outside" /proc/self/cwd; do
			rm -rf "${rootfs:?}/$target"
			mkdir -p "$rootfs/$(dirname "$target")"
			ln -s "$link" "$rootfs/$target"
			# that of /dev/pts counts only where /dev is the image's
			filter='.process.terminal = false | .process.args = ["payload", "exit", "0"]'
			[[ $target != dev/* ]] || config '.mounts |= map(select(.destination != "/dev"))'
			try
			rm -f "$rootfs/$target"
			mkdir -p "$rootfs/$target"
		done
	done
}

@test "escape: proc and sysfs go to real directories only" {
	rmdir "$rootfs/proc"
	mkdir "$rootfs/elsewhere"
	ln -s elsewhere "$rootfs/proc"
	args payload exit 0
	run_bundle
	fails "mount proc at '/proc'" 'symlink' '/mounts/0'
}

@test "escape: links in every component of a mount's destination" {
	args payload exit 0
	mkdir -p "$T/data"
	mount_entry /a/b/c bind "$T/data" bind
	for component in a a/b a/b/c; do
		for link in "$outside" "../../../../../../../../..$outside" /proc/self/root /proc/self/cwd /proc/self/fd/3; do
			rm -rf "$rootfs/a"
			mkdir -p "$rootfs/$(dirname "$component")"
			ln -s "$link" "$rootfs/$component"
			try
			[ -z "$(ls "$T/data")" ]
		done
	done
}

@test "escape: a chain of links that is too long, and one that turns in a circle" {
	args payload exit 0
	for ((i = 0; i < 41; i++)); do
		ln -s "l$((i + 1))" "$rootfs/l$i"
	done
	ln -s "$outside" "$rootfs/l41"
	mount_entry /l0/x tmpfs tmpfs
	try
	fails '/mounts/7' 'too many levels of symbolic links'
	ln -s circle "$rootfs/circle"
	filter='.process.terminal = false'
	mount_entry /circle/x tmpfs tmpfs
	try
	fails '/mounts/7' 'too many levels of symbolic links'
}

@test "escape: a mount inside a link that leads out is made inside the root instead" {
	config '.root.readonly = false'
	ln -s "$outside" "$rootfs/link"
	mount_entry /link/new tmpfs tmpfs
	run_payload mounts "$outside/new"
	ok
	has "$outside/new tmpfs"
	[ -d "$rootfs$outside/new" ]
	host_is_untouched
}

@test "escape: .. in a destination" {
	args payload exit 0
	mount_entry "/../../../../..$outside/sub" tmpfs tmpfs
	try
	filter='.process.terminal = false | .process.args = ["payload", "exit", "0"]'
	mount_entry '/tmp/../../../../etc' tmpfs tmpfs
	try
}

@test "escape: a volume whose content is full of links" {
	mkdir -p "$T/volume"
	ln -s "$outside" "$T/volume/out"
	ln -s "$outside/file" "$T/volume/file"
	args payload exit 0
	mount_entry /volume bind "$T/volume" bind
	mount_entry /volume/out/sub tmpfs tmpfs
	mount_entry /volume/file bind /etc/passwd bind
	try
}

@test "escape: a device node at a link, a device below a link" {
	config '.root.readonly = false'
	args payload exit 0
	ln -s "$outside" "$rootfs/nodes"
	ln -s "$outside/null" "$rootfs/etc/null"
	config '.linux.devices = [{"path": "/nodes/sub/x", "type": "c", "major": 1, "minor": 3}]'
	try
	config '.linux.devices = [{"path": "/etc/null", "type": "c", "major": 1, "minor": 3, "fileMode": 511, "uid": 7}]'
	try
	fails '/linux/devices/0'
}

@test "escape: a race: directories are exchanged for links while containers start" {
	mkdir -p "$rootfs/a/b" "$T/data"
	ln -s "$outside" "$rootfs/swap"
	mount_entry /a/b/c bind "$T/data" bind
	mount_entry /a/b/d tmpfs tmpfs
	args payload exit 0
	write_config
	python3 - "$rootfs/a" "$rootfs/swap" "$T/stop" <<-'PY' &
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		a, b = sys.argv[1].encode(), sys.argv[2].encode()
		while not os.path.exists(sys.argv[3]):
		    for _ in range(200):
		        libc.renameat2(-100, a, -100, b, 2)
	PY
	swapper=$!
	for ((i = 0; i < 60; i++)); do
		"$CTR" --root "$root" run "$bundle" >/dev/null 2>&1 || true
	done
	: >"$T/stop"
	wait "$swapper"
	host_is_untouched
}

# --- A2, A3: proc, sysctls, masks ---

@test "escape: /dev/null of the image is something else: masks do not come from it" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))' \
		'.linux.maskedPaths = ["/proc/keys", "/etc/secret"]'
	echo secret >"$rootfs/etc/secret"
	args payload read /proc/keys /etc/secret
	core_pattern=$(cat /proc/sys/kernel/core_pattern)
	for kind in missing file fifo zero link sysrq; do
		rm -f "$rootfs/dev/null"
		case $kind in
		missing) ;;
		file) echo text >"$rootfs/dev/null" ;;
		fifo) mkfifo "$rootfs/dev/null" ;;
		zero) mknod "$rootfs/dev/null" c 1 5 ;;
		link) ln -s /proc/sys/kernel/core_pattern "$rootfs/dev/null" ;;
		sysrq) ln -s /proc/sysrq-trigger "$rootfs/dev/null" ;;
		esac
		run_bundle
		is $'/proc/keys: empty\n/etc/secret: empty'
	done
	same "$core_pattern" "$(cat /proc/sys/kernel/core_pattern)"
}

@test "escape: a mask through links masks inside the root" {
	config '.root.readonly = false' '.linux.maskedPaths = ["/link/sub/file", "/abs"]' \
		'.linux.readonlyPaths = ["/link/null", "/up"]'
	ln -s "$outside" "$rootfs/link"
	ln -s "$outside/null" "$rootfs/abs"
	ln -s "../../../../../../..$outside" "$rootfs/up"
	args payload exit 0
	try
	same 0 "$status"
}

@test "escape: a fake proc in the image does not catch what ctr writes" {
	mkdir -p "$rootfs/proc/self/attr" "$rootfs/proc/sys/net/ipv4"
	echo untouched >"$rootfs/proc/sys/net/ipv4/ip_forward"
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' '.process.oomScoreAdj = 300'
	run_payload read /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj
	is $'1\n300'
	same untouched "$(cat "$rootfs/proc/sys/net/ipv4/ip_forward")"
}

@test "escape: a volume cannot be mounted into proc by way of a link" {
	mkdir "$T/volume"
	ln -s /proc/self "$rootfs/link"
	mount_entry /link bind "$T/volume" bind
	run_bundle
	fails '/mounts/7' 'proc'
	filter='.process.terminal = false'
	mount_entry /link/attr bind "$T/volume" bind
	run_bundle
	[ "$status" -ne 0 ]
}

@test "escape: the terminal is not bound over a file of proc by way of /dev/console" {
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

@test "escape: the host's settings are what they were" {
	before=$(grep -s . /proc/sys/kernel/{core_pattern,modprobe,hostname,sysrq} || true)
	for name in 'kernel.shm_rmid_forced=1+kernel.core_pattern=|/x' kernel.core_pattern 'net.ipv4.x/../../../kernel/core_pattern' \
		'net/ipv4/../../kernel/modprobe' $'net.x\nkernel.core_pattern' 'kernel.core_pattern '; do
		jq --arg n "$name" '.process.terminal = false | .linux.sysctl = {($n): "1"}' "$base/config.json" >"$bundle/config.json"
		ctr run "$bundle"
		fails '/linux/sysctl'
	done
	same "$before" "$(grep -s . /proc/sys/kernel/{core_pattern,modprobe,hostname,sysrq} || true)"
}

# --- A5: descriptors and the working directory ---

@test "escape: cwd by way of a descriptor or a magic link" {
	mkdir "$T/held"
	for cwd in /proc/self/fd/{3..12} /proc/self/fd/100 /proc/self/cwd /proc/1/cwd /proc/1/root/../.. /proc/self/root \
		/proc/thread-self/fd/7 /proc/self/task/1/fd/8; do
		config ".process.cwd = \"$cwd\""
		args payload cwd
		write_config
		capture "$payload" with-fds 120 "$T/held" "$CTR" --root "$root" run "$bundle"
		[ "$status" -ne 0 ] || has_not '(unreachable)' "$T"
		[ "$status" -eq 0 ] || fails '/process/cwd'
	done
}

@test "escape: cwd with .. and links stays inside" {
	ln -s "$outside" "$rootfs/link"
	ln -s /proc/self/fd/7 "$rootfs/fdlink"
	config '.root.readonly = false' '.process.cwd = "/../../../.."'
	run_payload cwd
	is /
	config '.process.cwd = "/link"'
	run_payload cwd
	is "$outside"
	[ -d "$rootfs$outside" ]
	config '.process.cwd = "/fdlink"'
	args payload cwd
	write_config
	capture "$payload" with-fds 20 "$outside" "$CTR" --root "$root" run "$bundle"
	fails '/process/cwd'
	host_is_untouched
}

@test "escape: ctr's own working directory and descriptors are not the container's" {
	args sh -c 'ls -l /proc/self/fd /proc/1/fd; ls -d /proc/1/cwd/*; readlink /proc/1/cwd'
	write_config
	cd "$outside"
	capture "$payload" with-fds 200 "$outside" "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	has_not outside ctr-init memfd socket anon_inode
}

@test "escape: the program is a link to /proc/self/exe, or a script that names it" {
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

@test "escape: until the program runs, /proc/PID/exe is sealed memory, not a file of the host" {
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

# --- A13: devices; and the state directory ---

@test "escape: stdio of the caller is not given away" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args payload exit 0
	write_config
	before=$(stat -c '%u %g %a' /dev/null /dev/zero "$outside/null")
	"$CTR" --root "$root" run "$bundle" </dev/zero >"$outside/null" 2>/dev/null
	same "$before" "$(stat -c '%u %g %a' /dev/null /dev/zero "$outside/null")"
}

@test "escape: a state directory that is a link, a container's directory that is one" {
	mkdir -m 700 "$root" "$T/target"
	ln -s "$T/target" "$root/$tag"
	: >"$T/target/precious"
	args payload exit 0
	write_config
	ctr run -b "$bundle" "$tag"
	fails 'already exists'
	ctr delete -f "$tag"
	[ -e "$T/target/precious" ]
	rm "$root/$tag"
}

@test "escape: a rootfs that is the host's root, read by nobody's mistake" {
	config '.root.path = "/"' '.root.readonly = true'
	args /bin/true
	run_bundle
	[ "$status" -le 1 ]
	host_is_untouched
}
