# SPDX-License-Identifier: GPL-2.0-or-later
#
# A11: sizes that overflow what was made for less: configs with thousands of everything. Parsers on their own: the
# targets of tests/fuzz.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

# What a config of this size does: it runs, or is refused by one sentence.
sized() {
	write_config
	soon run "$bundle"
	[ "$status" -eq 0 ] || [[ $status = 1 && $stderr == *'config.json'* && $stderr != *$'\n'* ]]
}

@test "A11: thousands of entries in each list of the config" {
	for entries in '.linux.uidMappings = [range(5000) | {containerID: (. * 2), hostID: (100000 + . * 3), size: 1}] |
			.linux.namespaces += [{"type": "user"}]' \
		'.mounts += [range(10000) | {destination: "/tmp", type: "tmpfs", source: "none"}]' \
		'.process.env += [range(20000) | "V\(.)=x"]' \
		'.process.args += [range(60000) | "x"]' \
		'.linux.maskedPaths += [range(20000) | "/none\(.)"]' \
		'.linux.devices = [range(3000) | {path: "/dev/x\(.)", type: "c", major: 1, minor: 3}]' \
		'.linux.sysctl = ([range(20000) | {key: "net.x\(.)", value: "1"}] | from_entries)' \
		'.annotations = ([range(60000) | {key: "a\(.)", value: "1"}] | from_entries)' \
		'.process.user.additionalGids = [range(70000)]' \
		'.process.user.additionalGids = [range(65536)]' \
		'.process.rlimits = [range(1000) | {type: "RLIMIT_CORE", soft: 0, hard: 0}]' \
		'.linux.namespaces += [range(1000) | {type: "time"}]' \
		'.linux.resources.devices = [range(5000) | {allow: true, type: "c", major: ., minor: ., access: "r"}]' \
		'.linux.seccomp.syscalls = [range(30000) | {names: ["getpid"], action: "SCMP_ACT_ALLOW", args: [{index: 1, value: ., op: "SCMP_CMP_EQ"}]}]' \
		'.hooks.createRuntime = [range(5000) | {path: "/none"}]'; do
		fresh_config
		args payload exit 0
		config "$entries"
		sized || { echo "$entries"; return 1; }
	done
}

# A part of many tries, in CI, which is another one for each number: chosen.
chosen() {
	tried=$((tried + 1))
	[ $((tried % $(times 4 1))) = 0 ]
}

@test "A11: strings of 64 KiB, of a mebibyte and of more, at each place that takes one" {
	tried=0
	for size in 4095 4096 65535 65536 1048576 2000000; do
		for place in .process.cwd '.process.args[2]' '.process.args[0]' '.process.env[0]' .root.path .hostname .domainname \
			.linux.cgroupsPath '.linux.maskedPaths[0]' '.mounts[0].destination' '.mounts[1].source' '.mounts[1].options[0]' \
			'.mounts[1].type' '.linux.namespaces[1].path' '.linux.rootfsPropagation' '.process.apparmorProfile' \
			'.annotations.x' '.linux.mountLabel'; do
			chosen || continue
			fresh_config
			args payload exit 0
			config "$place = \"/\" + (\"x\" * ($size - 1))"
			sized || { echo "$place $size"; return 1; }
		done
	done
}

@test "A11: numbers at the limits of what they are kept in" {
	tried=0
	for number in -1 0 2147483647 2147483648 4294967295 4294967296 9223372036854775807 9223372036854775808 18446744073709551615 \
		18446744073709551616 1e400 -0 0777 1.5 1E2 0x10; do
		for place in process.user.uid process.user.gid process.user.umask process.oomScoreAdj process.consoleSize.width \
			'process.rlimits[0].soft' 'linux.resources.pids.limit' 'linux.resources.cpu.shares' \
			'linux.resources.memory.limit' 'linux.seccomp.defaultErrnoRet' 'linux.timeOffsets.monotonic.secs'; do
			chosen || continue
			fresh_config
			args payload exit 0
			config ".$place = \"@\""
			write_config
			# as it is written, not as jq understands it
			sed -i "s/\"@\"/$number/" "$bundle/config.json"
			soon run "$bundle"
			[ "$status" -le 1 ]
			[ "$status" -eq 0 ] || [[ $stderr == 'ctr: '* ]] || { report; return 1; }
		done
	done
}
