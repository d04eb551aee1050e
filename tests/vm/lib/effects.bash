# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is each limit effective? One set of them, one program that runs into each, and what it has to find: the same for
# every driver and for root and others, set by config.json and by update. Usage:
#
#	effects_setup              a disk to be throttled, huge pages; once per file
#	effects_teardown
#	effects_resources root     linux.resources as JSON; or user: what a user's cgroup can have
#	effects_config root JSON   a config.json with these resources, from the one on stdin, to stdout
#	effects_program            for `exec ID sh -c "$(effects_program)"`
#	effects_expected root      its output
#	effects_end                for a last exec: its exit code is 137, and with it goes all of the container
#
# Nothing here goes by the clock, but that a disk of 4 MiB/s does not deliver 4 MiB in half a second.

effects_disk=/dev/zram0
effects_cpu=/sys/devices/system/cpu/cpu1/online # off in an emulated VM, see qemu.sh

effects_setup() {
	modprobe zram num_devices=2 # one is for who wants to swap
	echo 16M >/sys/block/zram0/disksize
	chmod 666 "$effects_disk"
	echo 4 >/proc/sys/vm/nr_hugepages
	# "cpus 1" says something only where there are two
	[ ! -e "$effects_cpu" ] || echo 1 >"$effects_cpu"
	[ "$(nproc)" -ge 2 ]
}

effects_teardown() {
	[ ! -e "$effects_cpu" ] || echo 0 >"$effects_cpu"
	echo 0 >/proc/sys/vm/nr_hugepages
	echo 1 >/sys/block/zram0/reset
	rmmod zram
}

effects_resources() {
	local disk
	disk=$(cat /sys/block/zram0/dev)
	jq -nc --arg who "$1" --argjson major "${disk%:*}" --argjson minor "${disk#*:}" '{
		memory: {limit: 33554432, reservation: 4194304, swap: 41943040},
		pids: {limit: 12},
		cpu: {quota: 15000, period: 20000, burst: 5000, shares: 512, cpus: "0", mems: "0"},
		unified: {"memory.high": "25165824", "memory.min": "2097152", "memory.oom.group": "1"}
	} + if $who == "root" then {
		blockIO: {weight: 500, throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 4194304}]},
		hugepageLimits: [{pageSize: "2MB", limit: 2097152}],
		devices: [{allow: false, access: "rwm"},
			{allow: true, type: "b", major: $major, minor: $minor, access: "rw"}]
	} else {
		blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 4194304}]}
	} end'
}

# The disk, and for root a device that the rules do not name, and huge pages.
effects_config() {
	local disk
	disk=$(cat /sys/block/zram0/dev)
	jq --arg who "$1" --argjson resources "$2" --argjson major "${disk%:*}" --argjson minor "${disk#*:}" '
		.process.args = ["/bin/sleep", "1000"] | .process.terminal = false | .linux.resources = $resources |
		if $who == "root" then
			.mounts += [{destination: "/tmp", type: "hugetlbfs", source: "hugetlbfs",
				options: ["pagesize=2M"]}] |
			.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 438},
				{path: "/dev/disk", type: "b", major: $major, minor: $minor, fileMode: 438}]
		else
			.mounts += [{destination: "/dev/disk", source: "/dev/zram0", options: ["bind"]}]
		end'
}

effects_program() {
	cat <<-'END'
		cd /sys/fs/cgroup
		for f in memory.max memory.low memory.min memory.swap.max cpu.weight cpu.max cpu.max.burst cpuset.cpus; do
			echo "$f $(cat $f)"
		done
		sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 2 & done' 2>&1 | grep -q "can't fork" && echo "fork refused"
		echo "cpus $(nproc)"
		number() { sed -n "s/^$2 //p" $1; }
		i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done
		[ $(number cpu.stat nr_throttled) -gt 0 ] && echo "cpu throttled"
		[ $(number cpu.stat nr_bursts) -gt 0 ] && echo "cpu burst"
		dd if=/dev/zero of=/dev/null bs=26M count=1 2>/dev/null
		[ $(number memory.events high) -gt 0 ] && echo "memory high"
		uptime() { read up _ </proc/uptime; echo ${up%.*}${up#*.}; }
		start=$(uptime)
		dd if=/dev/disk of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null && [ $(uptime) -ge $((start + 50)) ] &&
			echo "disk throttled"
		[ -e /dev/kmsg ] || exit 0
		cat io.weight
		{ echo x >/dev/kmsg; } 2>&1 | grep -q 'ot permitted' && echo "device refused"
		fallocate -l 2M /tmp/one && echo "huge page"
		fallocate -l 2M /tmp/two 2>/dev/null || echo "huge page refused"
		rm /tmp/one
	END
}

effects_expected() {
	cat <<-'END'
		memory.max 33554432
		memory.low 4194304
		memory.min 2097152
		memory.swap.max 8388608
		cpu.weight 59
		cpu.max 15000 20000
		cpu.max.burst 5000
		cpuset.cpus 0
		fork refused
		cpus 1
		cpu throttled
		cpu burst
		memory high
		disk throttled
	END
	# of 500, in the range of cgroup v1
	[ "$1" != root ] || printf '%s\n' 'default 4950' 'device refused' 'huge page' 'huge page refused'
}

effects_end() {
	echo 'dd if=/dev/zero of=/dev/null bs=64M count=1'
}
