# SPDX-License-Identifier: GPL-2.0-or-later
# Masked and read-only paths.

load lib
setup() {
	ctr_setup
	config '.root.readonly = false'
}
teardown() { ctr_teardown; }

@test "masks: files read as empty, directories list nothing" {
	run_sh 'for f in /proc/keys /proc/timer_list /proc/interrupts; do [ ! -e $f ] || wc -c <$f; done | sort -u
		ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v : | sort -u'
	is 0
}

@test "masks: what is masked cannot be written, by root with all capabilities" {
	capability CAP_DAC_OVERRIDE
	run_payload write /proc/keys x , touch /sys/firmware/x
	has '/proc/keys: EROFS' '/sys/firmware/x: EROFS'
}

@test "masks: paths of the image" {
	mkdir "$rootfs/secret"
	echo secret >"$rootfs/secret/file"
	echo secret >"$rootfs/etc/secret"
	config '.linux.maskedPaths += ["/secret", "/etc/secret"]'
	run_sh 'ls -A /secret; payload read /etc/secret; payload stat /secret /etc/secret'
	is $'/etc/secret: empty\n/secret d 0555 0:0\n/etc/secret - 0444 0:0'
}

@test "masks: a mask over nothing is no mask" {
	config '.linux.maskedPaths += ["/not/there", "/bin/payload/below"]'
	run_payload stat /not
	same '/not: ENOENT' "$output"
}

@test "masks: a path through a symlink masks where it leads, inside the root" {
	mkdir "$rootfs/real"
	echo secret >"$rootfs/real/file"
	ln -s /real "$rootfs/link"
	config '.linux.maskedPaths += ["/link/file"]'
	run_payload read /real/file
	is '/real/file: empty'
}

@test "masks: the mounts of the container are masked, not what is below them" {
	mkdir "$T/data"
	echo secret >"$T/data/file"
	mount_entry /data bind "$T/data" bind
	config '.linux.maskedPaths += ["/data/file"]'
	run_payload read /data/file
	is '/data/file: empty'
	same secret "$(cat "$T/data/file")"
}

@test "masks: read-only, nosuid, nodev and noexec" {
	config '.linux.maskedPaths += ["/etc"]'
	run_payload mounts /etc
	ok
	has '/etc tmpfs ro,nosuid,nodev,noexec,relatime'
}

@test "masks: one small filesystem for all of them" {
	config '.linux.maskedPaths = [range(50) | "/m/\(.)"]'
	for i in {0..49}; do
		mkdir -p "$rootfs/m/$i"
	done
	run_sh 'grep " /m/" /proc/self/mountinfo | cut -d" " -f3 | sort -u | wc -l'
	is 1
}

@test "masks: a relative path is refused" {
	config '.linux.maskedPaths += ["proc/keys"]'
	run_bundle
	fails '/linux/maskedPaths/'
}

@test "masks: / cannot be masked" {
	config '.linux.maskedPaths = ["/"]'
	run_bundle
	fails 'the root itself' '/linux/maskedPaths/0'
	filter='.process.terminal = false | .linux.readonlyPaths = ["//"]'
	run_bundle
	fails 'the root itself' '/linux/readonlyPaths/0'
}

@test "read-only paths: nothing can be written there" {
	mkdir "$rootfs/data"
	: >"$rootfs/data/file"
	config '.linux.readonlyPaths += ["/data", "/etc"]'
	run_payload touch /data/new /data/file /etc/new /tmp/new , write /proc/sys/kernel/domainname x
	same $'/data/new: EROFS\n/data/file: EROFS\n/etc/new: EROFS\n/tmp/new: ok\n/proc/sys/kernel/domainname: EROFS' "$output"
}

@test "read-only paths: with the mounts below them" {
	mkdir "$T/data"
	mount_entry /vol tmpfs tmpfs
	mount_entry /vol/data bind "$T/data" bind
	config '.linux.readonlyPaths += ["/vol"]'
	run_payload touch /vol/x /vol/data/x
	same $'/vol/x: EROFS\n/vol/data/x: EROFS' "$output"
	run_payload mounts /vol /vol/data
	has '/vol tmpfs ro,relatime' '/vol/data'
}

@test "read-only paths: the other attributes stay" {
	mount_entry /vol tmpfs tmpfs nosuid nodev noexec
	config '.linux.readonlyPaths += ["/vol"]'
	run_payload mounts /vol
	has ro,nosuid,nodev,noexec,relatime
}

@test "read-only paths: one that is not there is no error" {
	config '.linux.readonlyPaths += ["/not/there"]'
	run_payload exit 0
	ok
}

@test "read-only paths: a relative one is refused" {
	config '.linux.readonlyPaths += ["data"]'
	run_bundle
	fails '/linux/readonlyPaths/'
}

@test "read-only paths and masks: none at all" {
	config 'del(.linux.readonlyPaths, .linux.maskedPaths)'
	run_payload mounts
	ok
	has_not '/proc/sys ' '/proc/keys '
}
