# SPDX-License-Identifier: GPL-2.0-or-later
#
# A18: files of the image that are read before or for a program; of a running container: a10-joining.bats.

load lib
setup() {
	attack_setup
	config '.root.readonly = false | .process.env = ["PATH=/bin"]'
	args payload env
}
teardown() { attack_teardown; }

@test "A18: passwd is a fifo, endless, enormous, one line of a gigabyte, a loop, a socket, a directory, a device" {
	for kind in fifo zero kmsg huge line loop directory device tty link missing; do
		rm -rf "${rootfs:?}/etc/passwd"
		case $kind in
		fifo) mkfifo "$rootfs/etc/passwd" ;;
		zero) ln -s /dev/zero "$rootfs/etc/passwd" ;;
		kmsg) ln -s /proc/kmsg "$rootfs/etc/passwd" ;;
		huge) yes 'x:x:7:7::/:' | head -c 20000000 >"$rootfs/etc/passwd" ;;
		line) truncate -s 1G "$rootfs/etc/passwd" ;;
		loop) ln -s passwd "$rootfs/etc/passwd" ;;
		directory) mkdir "$rootfs/etc/passwd" ;;
		device) mknod "$rootfs/etc/passwd" c 1 5 ;;
		tty) mknod "$rootfs/etc/passwd" c 5 0 ;;
		link) ln -s "$out/passwd" "$rootfs/etc/passwd" ;;
		missing) ;;
		esac
		write_config
		soon run "$bundle"
		is $'PATH=/bin\nHOME=/'
	done
}

@test "A18: a home directory of the image's choice is text, and goes no further than the environment" {
	for home in '/root' "$out" '/proc/self/fd/3' '$(touch x)' '/a b' 'relative' $'/tab\there' ''; do
		printf 'root:x:0:0::%s:/bin/sh\n' "$home" >"$rootfs/etc/passwd"
		run_bundle
		ok
		[[ $output == $'PATH=/bin\nHOME='* ]]
	done
	host_is_untouched
}
