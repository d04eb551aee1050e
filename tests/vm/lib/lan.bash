# shellcheck shell=bash disable=SC2154 # CTR_REMOTE and so on: see pair.bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests on two VMs: one network of containers over both. On each side the network "lan" has the bridge lan0,
# link1 is a port of it, and a container "keeper" keeps it there. Somebody who is on neither side's containers is in the network
# namespace "visitor" of a, 10.98.0.100, on the same bridge. The data root is a filesystem of its own, of 128 MiB, that can be filled.
#
#	lan_begin       in setup_file, after pair_begin
#	lan_end         in teardown_file

lan_data=/tmp/lan
# What a and b ask of each other; the third one over link1.
# shellcheck disable=SC2034 # for the test files
lan_a="exec:$CTR_REMOTE pipe 10.99.0.1 7 $CTR --root $lan_data/state --data-root $lan_data/data receive"
# shellcheck disable=SC2034
lan_b="exec:$CTR_REMOTE pipe 10.99.0.2 7 $CTR --root $lan_data/state --data-root $lan_data/data receive"
# shellcheck disable=SC2034
lan_b_link1="exec:$CTR_REMOTE pipe 10.98.0.2 7 $CTR --root $lan_data/state --data-root $lan_data/data receive"

# The same on both sides, but for the last byte of addresses: $1.
lan_side() {
	cat <<-END
	set -e
	modprobe -a ${criu_modules//[$'\n\t']/ }
	mkdir -p $lan_data/keeper/rootfs/bin $lan_data/state $lan_data/data
	mount -t tmpfs -o size=128m,mode=700 tmpfs $lan_data/data
	cp /bin/busybox $lan_data/keeper/rootfs/bin/
	cd $lan_data/keeper
	$CTR spec
	jq '.process.args = ["/bin/busybox", "sleep", "100000"] | .process.terminal = false' config.json >config.new
	mv config.new config.json
	ctr="$CTR --root $lan_data/state --data-root $lan_data/data"
	\$ctr network create --subnet 10.98.0.0/24 --gateway 10.98.0.$1 --bridge lan0 lan
	\$ctr run -d --network bridge:lan,ip=10.98.0.1$1 -b . keeper </dev/null >/dev/null 2>&1
	ip link set link1 up master lan0
	END
}

lan_side_end() {
	cat <<-END
	ctr="$CTR --root $lan_data/state --data-root $lan_data/data"
	ip link set link1 nomaster
	\$ctr list -q | while read -r id; do \$ctr delete -f \$id </dev/null; done
	\$ctr network delete lan
	umount $lan_data/data
	rm -rf $lan_data
	END
}

lan_begin() {
	"$CTR_REMOTE" serve 10.99.0.1 7 </dev/null >"$BATS_FILE_TMPDIR/remote.out" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/remote.pid"
	on_a "$(lan_side 1)"
	on_b "$(lan_side 2)"
	served 10.98.0.2
	ip netns add visitor
	ip link add visit0 type veth peer name eth0 netns visitor
	ip link set visit0 master lan0 up
	ip -n visitor address add 10.98.0.100/24 dev eth0
	ip -n visitor link set eth0 up
}

lan_end() {
	ip netns delete visitor
	on_b "$(lan_side_end)"
	on_a "$(lan_side_end)"
	kill "$(cat "$BATS_FILE_TMPDIR/remote.pid")"
}
