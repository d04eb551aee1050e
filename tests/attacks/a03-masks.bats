# SPDX-License-Identifier: GPL-2.0-or-later
#
# A3: masked and read-only paths, whatever the image has at /dev/null and at the paths.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A3: /dev/null of the image is something else: masks do not come from it" {
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

@test "A3: a mask through links masks inside the root" {
	config '.root.readonly = false' '.linux.maskedPaths = ["/link/sub/file", "/abs"]' \
		'.linux.readonlyPaths = ["/link/null", "/up"]'
	ln -s "$outside" "$rootfs/link"
	ln -s "$outside/null" "$rootfs/abs"
	ln -s "../../../../../../..$outside" "$rootfs/up"
	args payload exit 0
	try
	same 0 "$status"
}

@test "A3: what is masked reads as nothing and cannot be written, what is read-only is EROFS, by root with all capabilities" {
	config '.linux.maskedPaths += ["/proc/kcore", "/proc/latency_stats", "/etc/secrets"]' \
		'.process.capabilities |= with_entries(.value = ["CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_SYS_RAWIO"])' \
		'del(.linux.seccomp) | .root.readonly = false'
	mkdir -p "$rootfs/etc/secrets"
	echo secret >"$rootfs/etc/secrets/key"
	args sh -c 'for f in /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug; do
			test -e $f || continue
			test -z "$(head -c 1 $f)" || echo "$f can be read"
			echo x 2>/dev/null >$f && echo "$f can be written"
		done
		for d in /proc/acpi /proc/scsi /sys/firmware /etc/secrets; do
			test -z "$(ls -A $d 2>/dev/null)" || echo "$d has entries"
			mkdir $d/x 2>/dev/null && echo "$d can be written"
		done
		for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/panic_on_oom; do
			test -e $f || continue
			said=$( (echo h >$f) 2>&1 ) && echo "$f can be written"
			case $said in *"Read-only file system"*) ;; *) echo "$f: $said" ;; esac
		done; echo end'
	run_bundle
	is end
}

@test "A3: what can be mounted cannot be unmounted by one without the capability, nor seen from a new user namespace" {
	config 'del(.linux.seccomp)'
	args sh -c 'umount /proc/keys 2>/dev/null && echo unmounted; umount -l /proc 2>/dev/null && echo unmounted
		unshare -Urm sh -c "umount /proc/keys || umount -l /proc/keys" 2>/dev/null && echo "unmounted in a user namespace"
		unshare -Urmpf sh -c "mount -t proc proc /proc" 2>/dev/null && echo "a proc without masks"
		unshare -Urm mount -o remount,bind,rw /proc/sys 2>/dev/null && echo "no longer read-only"
		test -z "$(cat /proc/keys)" && echo end'
	run_bundle
	is end
}
