# shellcheck shell=bash disable=SC2154 # id, bundle: see bundle.bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For bats files that dump and restore processes, together with bundle.bash:
#
#	load lib/bundle
#	load lib/criu
#	setup() { need_criu; bundle_setup; }
#
#	box_start 'shell command'   a container that runs on, its stdio is its own /dev/null
#	criu_said DIR               the errors in the logs of DIR, for the output of a test that failed

# What criu looks at sockets and network namespaces with. On a host of its own udev or the kernel
# load them when they are first asked for; tun is not, and in a VM without udev has no device.
readonly criu_modules='unix_diag inet_diag tcp_diag udp_diag raw_diag netlink_diag af_packet_diag tun
	nf_tables nft_compat ip_tables iptable_filter ip6table_filter'

# Asked once per run: criu is there, and the kernel does what it needs.
need_criu() {
	local said=$BATS_RUN_TMPDIR/criu.check
	if ! command -v criu >/dev/null; then
		need_fail 'no criu'
		return
	fi
	if [ ! -e "$said" ]; then
		# shellcheck disable=SC2086 # a list
		[ "${CTR_IN_VM:-}" != 1 ] || modprobe -a $criu_modules
		criu check >"$said" 2>&1 || true
	fi
	grep -qx 'Looks good.' "$said" || need_fail "criu does not work on this kernel: $(tail -n 3 "$said")"
}

# Nothing of it leads out of the container, so criu need not be told what is outside.
box_start() {
	bundle_config "exec </dev/null >/dev/null 2>&1; $1"
	"$CTR" run -d -b "$bundle" "$id" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/box.err" || {
		cat "$BATS_TEST_TMPDIR/box.err"
		return 1
	}
}

criu_said() {
	grep -h -e Error -e Warn "$1"/*.log | tail -n 20
}

# The same of those of several directories that are there and have logs.
criu_said_in() {
	local dir
	for dir in "$@"; do
		[ ! -d "$dir" ] || criu_said "$dir" || true
	done
}
