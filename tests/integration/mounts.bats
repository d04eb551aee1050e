# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts: those of the default config, bind mounts, what is created for them, order, propagation.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "mounts: exactly those of the default config and its masks" {
	run_payload mounts
	ok
	# / is the rootfs' own filesystem: its type and options are the host's
	same "$(printf '%s\n' / /dev /dev/mqueue /dev/pts /dev/shm /proc /proc/{bus,fs,irq,sys,sysrq-trigger} \
		/proc/{acpi,asound,interrupts,kcore,keys,latency_stats,sched_debug,scsi,timer_list,timer_stats} \
		/sys /sys/devices/virtual/powercap /sys/firmware /sys/fs/cgroup | while read -r point; do
			case $point in
			/ | /dev*) echo "$point" ;;
			# a mask over nothing is no mask
			*) [ ! -e "$point" ] || echo "$point" ;;
			esac
		done | LC_ALL=C sort)" "$(cut -d' ' -f1 <<<"$output")"
}

@test "mounts: types and attributes of the default config" {
	run_payload mounts /proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup
	ok
	has '/proc proc rw,relatime private rw' \
		'/dev tmpfs rw,nosuid private rw,size=65536k,mode=755' \
		'/dev/pts devpts rw,nosuid,noexec,relatime private rw,gid=5,mode=620,ptmxmode=666' \
		'/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime private rw,size=65536k' \
		'/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime private rw' \
		'/sys sysfs ro,nosuid,nodev,noexec,relatime private rw' \
		'/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime private rw'
}

@test "mounts: the root is that of the bundle, read-only" {
	run_sh 'payload touch /x /tmp/x; payload mounts / | cut -d" " -f3,4; ls -d /bin/payload'
	same $'/x: EROFS\n/tmp/x: EROFS\nro,relatime private\n/bin/payload' "${output/relatime slave/relatime private}"
}

@test "mounts: a root that can be written" {
	config '.root.readonly = false'
	run_payload touch /x , mounts /
	ok
	has '/x: ok' ' rw,relatime'
	[ -e "$rootfs/x" ]
}

@test "mounts: mounts below a read-only root keep their own rights" {
	run_payload touch /dev/x /dev/shm/x
	is $'/dev/x: ok\n/dev/shm/x: ok'
}

@test "mounts: an absolute root.path, and one with a symlink on the way" {
	config ".root.path = \"$rootfs\""
	run_payload exit 0
	ok
	mkdir "$T/real"
	mv "$rootfs" "$T/real/rootfs"
	ln -s "$T/real" "$T/way"
	config ".root.path = \"$T/way/rootfs\""
	run_payload exit 0
	ok
}

@test "mounts: bind a directory" {
	mkdir "$T/data"
	echo content >"$T/data/file"
	mount_entry /data bind "$T/data" bind
	run_payload read /data/file , touch /data/new , mounts /data
	ok
	has content '/data/new: ok' ' rw,relatime'
	[ -e "$T/data/new" ]
}

@test "mounts: bind a file: the mount point is a file" {
	echo content >"$T/file"
	mount_entry /etc/file bind "$T/file" bind ro
	run_payload read /etc/file , write /etc/file x , stat /etc/file
	same $'content\n/etc/file: EROFS\n/etc/file - 0644 0:0' "$output"
	[ -f "$rootfs/etc/file" ]
	same 0 "$(stat -c %s "$rootfs/etc/file")"
}

@test "mounts: bind a device, a fifo, a socket" {
	mkfifo "$T/fifo"
	python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/socket"
	mount_entry /run/fifo bind "$T/fifo" bind
	mount_entry /run/socket bind "$T/socket" bind
	mount_entry /run/zero bind /dev/zero bind
	run_payload stat /run/fifo /run/socket /run/zero
	ok
	has '/run/fifo p ' '/run/socket ? ' '/run/zero c 0666 0:0 1:5'
}

@test "mounts: a relative source is relative to the bundle" {
	mkdir "$bundle/data"
	echo content >"$bundle/data/file"
	mount_entry /data bind data bind
	run_payload read /data/file
	is content
}

@test "mounts: symlinks in the source are the host's" {
	mkdir "$T/data"
	echo content >"$T/data/file"
	ln -s data "$T/link"
	mount_entry /data bind "$T/link" bind
	run_payload read /data/file
	is content
}

@test "mounts: bind leaves out what is mounted below, rbind takes it along" {
	mkdir -p "$T/data/sub"
	mount -t tmpfs "$tag" "$T/data/sub"
	: >"$T/data/sub/inner"
	mount_entry /plain bind "$T/data" bind
	mount_entry /all bind "$T/data" rbind
	run_payload stat /plain/sub/inner /all/sub/inner , mounts /all/sub
	umount "$T/data/sub"
	ok_but_one '/plain/sub/inner: ENOENT' '/all/sub/inner - 0644 0:0' '/all/sub tmpfs'
}

ok_but_one() {
	same '' "$stderr"
	has "$@"
}

@test "mounts: type bind without the option is a bind" {
	mkdir "$T/data"
	: >"$T/data/file"
	mount_entry /data bind "$T/data"
	run_payload stat /data/file
	is '/data/file - 0644 0:0'
	ctr --debug run "$bundle"
	[[ $stderr == *"warning: config.json /mounts/7: type 'bind' without the option"* ]]
}

@test "mounts: the option bind makes any type a bind" {
	mkdir "$T/data"
	: >"$T/data/file"
	mount_entry /data none "$T/data" bind
	run_payload stat /data/file
	is '/data/file - 0644 0:0'
}

@test "mounts: a relative destination is taken from the root" {
	mount_entry data tmpfs tmpfs
	run_payload mounts /data
	ok
	has '/data tmpfs'
}

@test "mounts: tmpfs with size and mode; without a mode that of the directory" {
	mkdir -m 1750 "$rootfs/there"
	mount_entry /sized tmpfs tmpfs size=64k mode=700
	mount_entry /there tmpfs tmpfs
	run_payload stat /sized /there , mounts /sized
	ok
	has '/sized d 0700 0:0' '/there d 1750 0:0' 'size=64k,mode=700'
}

@test "mounts: a read-only tmpfs still gets what is mounted inside" {
	mkdir "$T/data"
	: >"$T/data/file"
	mount_entry /ram tmpfs tmpfs ro
	mount_entry /ram/data bind "$T/data" bind
	run_payload stat /ram/data/file , touch /ram/x
	same $'/ram/data/file - 0644 0:0\n/ram/x: EROFS' "$output"
}

@test "mounts: mount points are made, with all parents" {
	mount_entry /a/b/c tmpfs tmpfs
	run_payload stat /a /a/b , mounts /a/b/c
	ok
	has '/a d 0755 0:0' '/a/b d 0755 0:0' '/a/b/c tmpfs'
}

@test "mounts: in the order of the config: the later one is on top" {
	mkdir "$T/one" "$T/two"
	: >"$T/one/1"
	: >"$T/two/2"
	mount_entry /data bind "$T/one" bind
	mount_entry /data bind "$T/two" bind
	run_sh 'ls /data'
	is 2
}

@test "mounts: proc is of the container's pid namespace" {
	run_sh 'ls -d /proc/[0-9]* | grep -vx "/proc/[1-9]" || echo small'
	is small
}

@test "mounts: proc twice, and proc bound from the host" {
	mount_entry /proc2 proc proc nosuid
	config '.mounts[0] = {"destination": "/proc", "type": "bind", "source": "/proc", "options": ["rbind"]}'
	run_payload mounts /proc2 , read /proc2/1/comm
	ok
	has '/proc2 proc rw,nosuid' payload
}

@test "mounts: single files of proc may be covered" {
	echo 'uptime of ours' >"$T/uptime"
	mount_entry /proc/uptime bind "$T/uptime" bind
	run_payload read /proc/uptime
	is 'uptime of ours'
}

@test "mounts: mqueue and shm are the container's own" {
	run_sh 'ls -A /dev/mqueue /dev/shm'
	is $'/dev/mqueue:\n\n/dev/shm:'
}

@test "mounts: cgroup2 shows the container's subtree only" {
	run_payload read /sys/fs/cgroup/cgroup.procs , stat /sys/fs/cgroup/cgroup.type
	ok
	same 1 "$(head -n 1 <<<"$output")"
	has '/sys/fs/cgroup/cgroup.type -'
}

# The bundle and a directory data on a shared mount of their own.
shared_bundle() {
	mkdir "$T/shared"
	mount -t tmpfs "$tag" "$T/shared"
	mount --make-shared "$T/shared"
	cp -a "$bundle" "$T/shared/$tag"
	bundle=$T/shared/$tag
	mkdir "$T/shared/data"
	mount_entry /data bind "$T/shared/data" rbind rshared
	mount_entry /data/inner tmpfs tmpfs
	args payload sleep
	write_config
}

count_mounts() {
	grep -c -F "$T/" /proc/self/mountinfo
}

@test "mounts: a bundle on a shared mount: nothing propagates to the host" {
	shared_bundle
	ctr run -d "$bundle"
	during=$(count_mounts)
	delete_ctr
	after=$(count_mounts)
	umount -R "$T/shared"
	same '1 1' "$during $after"
}

@test "mounts: with a shared root a shared volume carries mounts to the host, and nothing else does" {
	shared_bundle
	config '.linux.rootfsPropagation = "rshared"'
	write_config
	ctr run -d "$bundle"
	mounts=$(grep -F "$T/" /proc/self/mountinfo | cut -d' ' -f5)
	delete_ctr
	umount -R "$T/shared"
	same "$T/shared"$'\n'"$T/shared/data/inner" "$mounts"
}

@test "mounts: root propagation" {
	for pair in slave:slave rslave:slave private:private rprivate:private shared:shared unbindable:unbindable; do
		config ".linux.rootfsPropagation = \"${pair%%:*}\""
		run_payload mounts /
		ok
		found=$(cut -d' ' -f4 <<<"$output")
		case ${pair##*:}-$found in
		slave-slave | slave-private | shared-shared | shared-shared,slave | private-private | unbindable-unbindable) ;;
		*) same "${pair##*:}" "$found" ;;
		esac
	done
}

@test "mounts: an unknown root propagation" {
	config '.linux.rootfsPropagation = "frob"'
	run_bundle
	fails "'frob'" '/linux/rootfsPropagation'
}

@test "mounts: propagation of a bind mount" {
	mkdir "$T/data"
	mount -t tmpfs "$tag" "$T/data"
	mount --make-shared "$T/data"
	for pair in private:private slave:slave shared:shared unbindable:unbindable rprivate:private rslave:slave \
		rshared:shared runbindable:unbindable; do
		filter='.process.terminal = false'
		mount_entry /data bind "$T/data" rbind "${pair%%:*}"
		run_payload mounts /data
		[[ $output == *" ${pair##*:}"* ]] || { echo "$pair"; umount "$T/data"; return 1; }
	done
	umount "$T/data"
}

@test "mounts: rslave: what the host mounts later is seen inside" {
	mkdir "$T/data"
	mount -t tmpfs "$tag" "$T/data"
	mount --make-shared "$T/data"
	mkdir "$T/data/late"
	mount_entry /data bind "$T/data" rbind rslave
	args sh -c 'until [ -e /data/go ]; do sleep 0.02; done; ls /data/late'
	write_config
	"$CTR" --root "$root" run "$bundle" >"$T/out" &
	wait_until eval '[ "$(state_of 2>/dev/null)" = running ]'
	mount -t tmpfs "$tag" "$T/data/late"
	: >"$T/data/late/seen"
	: >"$T/data/go"
	wait $!
	umount -R "$T/data"
	same seen "$(cat "$T/out")"
}

@test "mounts: a hundred" {
	config '.mounts += [range(100) | {"destination": "/m/\(.)", "type": "tmpfs", "source": "tmpfs"}]'
	run_sh 'payload mounts | grep -c "^/m/"'
	is 100
}

@test "mounts: two thousand bind mounts, more than the limit on open files" {
	config '.mounts += [range(2000) | {"destination": "/dev/n\(.)", "type": "bind", "source": "rootfs/etc",
		"options": ["bind"]}]' '.process.rlimits = []'
	args sh -c 'grep -c " /dev/n" /proc/self/mountinfo; ulimit -n'
	write_config
	capture bash -c 'ulimit -Sn 256; exec "$@"' - "$CTR" --root "$root" run "$bundle"
	is $'2000\n256'
}

@test "mounts: files of /proc that may be covered" {
	local f
	echo covered >"$T/file"
	for f in cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo version pressure/cpu pressure/io \
		pressure/memory sys/kernel/ns_last_pid sys/crypto/fips_enabled; do
		[ -e "/proc/$f" ] || continue
		filter='.process.terminal = false'
		mount_entry "/proc/$f" bind "$T/file" bind ro
		run_payload read "/proc/$f"
		is covered
	done
}
