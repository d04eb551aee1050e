# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starting, watching and ending QEMU. The pids of what is started stand in qemu_pids, so that
# cleanup() in run can end exactly these.

qemu_pids=()
qemu_peer=''
# shellcheck disable=SC2034 # read by run
qemu_end=''

# Never "-accel kvm:tcg": on nested hosts /dev/kvm can be opened and the guest then makes no step.
qemu_accel() {
	local kernel=$1 initramfs=$2 boot_id memo
	case ${CTR_VM_ACCEL:-} in
	kvm | tcg) printf '%s\n' "$CTR_VM_ACCEL"; return ;;
	esac
	if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		printf 'tcg\n'
		return
	fi
	# The answer holds until the host is booted again.
	boot_id=$(cat /proc/sys/kernel/random/boot_id)
	memo=$(initramfs_cache)/accel-$boot_id
	if [ ! -s "$memo" ]; then
		if qemu_probe_kvm "$kernel" "$initramfs"; then
			printf 'kvm\n' >"$memo.$$"
		else
			printf 'tcg\n' >"$memo.$$"
		fi
		mv "$memo.$$" "$memo"
	fi
	cat "$memo"
}

# Boots to the first line of guest-init. With a KVM that works this takes about a second.
qemu_probe_kvm() {
	timeout -k 1 5 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-accel kvm -cpu host -m 256 -kernel "$(host_kernel_image "$1")" -initrd "$2" \
		-append 'console=ttyS0 quiet panic=-1 ctr.mode=probe' -serial stdio \
		</dev/null 2>/dev/null | grep -q '^ctr-vm: probe ok'
}

# What is slow when it is emulated, and can be done without: strings moved byte by byte (erms), five levels
# of page tables (la57); mwait is emulated by spinning, hlt is not (monitor).
readonly qemu_tcg_cpu=max,-erms,-la57,-monitor
# Where programs are not always at the same addresses all their code is translated anew at each start. Of the CPUs
# one runs: emulated ones that keep each other informed are slower together than one alone. Tests that need
# another switch it on (bundle.bash, two_cpus).
# The kernel tries its timer for a moment and panics when no tick comes in time, as on a busy host: no_timer_check.
readonly qemu_tcg_cmdline='norandmaps maxcpus=1 no_timer_check'

# Sets qemu_command to what all kinds of VM have in common. Arguments: WORK KERNEL INITRAMFS ACCEL
# MODE. Inside option values QEMU wants commas doubled.
qemu_command_base() {
	local work=$1 kernel=$2 initramfs=$3 accel=$4 mode=$5 cpu=host line
	line=$(qemu_cmdline "$mode")
	if [ "$accel" != kvm ]; then
		accel=tcg,thread=multi cpu=$qemu_tcg_cpu line+=" $qemu_tcg_cmdline"
	fi
	# shellcheck disable=SC2054 # the commas belong to QEMU's option syntax
	qemu_command=(
		qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -name ctr-vm
		-accel "$accel" -cpu "$cpu"
		-m "${CTR_VM_MEMORY:-1536}" -smp "${CTR_VM_CPUS:-2}"
		-kernel "$(host_kernel_image "$kernel")" -initrd "$initramfs"
		-append "$line"
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=ctr-root
		-fsdev "local,id=job,path=${work//,/,,}/share,security_model=none,readonly=on"
		-device virtio-9p-pci,fsdev=job,mount_tag=ctr-job
	)
}

# Becomes the command. If this script is killed with SIGKILL no trap runs; the kernel then ends the
# command for us.
qemu_exec() {
	if setpriv --pdeathsig KILL true 2>/dev/null; then
		exec setpriv --pdeathsig KILL "$@"
	fi
	exec "$@"
}

# A panic must end the VM at once (panic=-1 with -no-reboot), and an oops is a failure of the test.
qemu_cmdline() {
	local line="console=ttyS0 loglevel=4 panic=-1 oops=panic mitigations=off ctr.mode=$1"
	# shellcheck disable=SC2154 # opt_lsm is set by run
	[ -z "$opt_lsm" ] || line+=" security=$opt_lsm $opt_lsm=1"
	if [ "$1" = systemd ]; then
		line+=' systemd.unit=ctr-vm.target systemd.unified_cgroup_hierarchy=1'
		line+=' systemd.show_status=no systemd.log_target=console systemd.log_level=warning'
	fi
	printf '%s\n' "$line"
}

# A port is a byte stream from the guest into a file: its stdout, its stderr, its result.
qemu_add_port() {
	local name=$1 path=$2
	: >"$path"
	qemu_command+=(
		-chardev "file,id=$name,path=${path//,/,,}"
		-device "virtserialport,chardev=$name,name=ctr.$name"
	)
}

# qemu_start WORK KERNEL INITRAMFS ACCEL MODE
qemu_start() {
	local work=$1
	qemu_command_base "$@"
	[ -z "$opt_pair" ] || pair_links "$work" 1
	qemu_command+=(-serial "file:$work/console.log" -device virtio-serial-pci)
	qemu_add_port out "$work/out"
	qemu_add_port err "$work/err"
	qemu_add_port result "$work/result"
	qemu_exec "${qemu_command[@]}" </dev/null >"$work/qemu.log" 2>&1 &
	qemu_pid=$!
	qemu_pids=("$qemu_pid")
	qemu_follow "$work/out"
	qemu_follow "$work/err" >&2
}

# The second VM of a pair, same arguments. It has no ports: what it has to say it says to the first one.
qemu_start_peer() {
	local work=$1
	qemu_command_base "$1" "$2" "$3" "$4" peer
	pair_links "$work" 2
	qemu_command+=(-serial "file:$work/console-b.log")
	qemu_exec "${qemu_command[@]}" </dev/null >"$work/qemu-b.log" 2>&1 &
	qemu_peer=$!
	qemu_pids+=("$qemu_peer")
}

# Copies a growing file to stdout until QEMU is gone, and what was written last after that.
qemu_follow() {
	qemu_exec tail -n +1 -s 0.1 -f --pid="$qemu_pid" "$1" &
	qemu_pids+=("$!")
}

# Waits for the end of QEMU, at most $1 seconds; qemu_end is then "exited", "timeout", or "peer" if the other one
# of a pair ended first.
qemu_wait() {
	local ended='' watchdog
	qemu_exec sleep "$1" &
	watchdog=$!
	qemu_pids+=("$watchdog")
	wait -n -p ended "$qemu_pid" "$watchdog" ${qemu_peer:+"$qemu_peer"} || true
	# shellcheck disable=SC2034 # read by run
	case $ended in
	"$qemu_pid") qemu_end=exited ;;
	"$watchdog") qemu_end=timeout ;;
	*) qemu_end=peer ;;
	esac
	kill "$watchdog" 2>/dev/null || true
	kill -KILL "$qemu_pid" ${qemu_peer:+"$qemu_peer"} 2>/dev/null || true
	# Now the followers end by themselves; wait until they have copied everything.
	# Silent: the shell would tell that QEMU was killed.
	wait 2>/dev/null || true
	qemu_pids=()
}

qemu_stop() {
	[ ${#qemu_pids[@]} -gt 0 ] || return 0
	kill -KILL "${qemu_pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
}

# An interactive VM on this terminal: console and QEMU monitor multiplexed (ctrl-a x, ctrl-a c).
qemu_console() {
	qemu_command_base "$@" shell
	"${qemu_command[@]}" -serial mon:stdio
}
