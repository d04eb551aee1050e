# shellcheck shell=bash disable=SC2154 # opt_*, vm_dir: see run; qemu_*: see qemu.sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two VMs with a kernel each and two links between them: link0, by which the one that runs the tests (a)
# commands the other (b), and link1 for what the tests like. A link is a pair of unix sockets in the run's own
# directory, so that runs beside each other do not meet.

# An own key for each run, on both sides the same files. Nothing of this host's ssh is read or changed.
pair_prepare() {
	local work=$1 ctr=$2
	mkdir "$work/share/ssh"
	ssh-keygen -q -t ed25519 -N '' -C 'ctr tests' -f "$work/share/ssh/host" </dev/null
	ssh-keygen -q -t ed25519 -N '' -C 'ctr tests' -f "$work/share/ssh/id" </dev/null
	job_environment "$ctr" >"$work/share/environment"
	pair_ssh_server "$ctr" >"$work/share/ssh/server.conf"
	pair_ssh_client >"$work/share/ssh/client.conf"
	printf 'b,10.99.0.2 %s\n' "$(cat "$work/share/ssh/host.pub")" >"$work/share/ssh/known"
	cp "$pair_remote" "$work/share/remote"
}

pair_ssh_server() {
	cat <<-END
	ListenAddress 10.99.0.2
	HostKey /run/ctr-vm/ssh/host
	AuthorizedKeysFile /run/ctr-vm/ssh/id.pub
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	UseDNS no
	PidFile none
	SetEnv PATH=$(dirname "$1"):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	END
}

# BatchMode: a question would wait for an answer for ever.
pair_ssh_client() {
	cat <<-END
	Host b
		HostName 10.99.0.2
		User root
		IdentityFile /run/ctr-vm/ssh/id
		UserKnownHostsFile /run/ctr-vm/ssh/known
		GlobalKnownHostsFile /dev/null
		BatchMode yes
	END
}

# pair_links WORK NUMBER: the two network devices of VM 1 or 2; guest-init knows them by their MACs.
pair_links() {
	local work=${1//,/,,} me=$2 other=$((3 - $2)) link
	for link in 0 1; do
		qemu_command+=(
			-netdev "dgram,id=link$link,local.type=unix,local.path=$work/link$link.$me,remote.type=unix,remote.path=$work/link$link.$other"
			-device "virtio-net-pci,netdev=link$link,mac=52:54:00:0c:0$link:0$me,romfile="
		)
	done
}

# Prints what is missing and fails, or succeeds silently.
pair_lacks() {
	local program
	for program in ssh ssh-keygen /usr/sbin/sshd; do
		if ! command -v "$program" >/dev/null; then
			printf 'tests on two VMs need %s\n' "$program"
			return 1
		fi
	done
	if ! qemu-system-x86_64 -netdev help 2>/dev/null | grep -qx dgram; then
		printf 'tests on two VMs need QEMU 7.2 or newer\n'
		return 1
	fi
	if [ ! -x "$pair_remote" ]; then
		printf 'tests on two VMs need tests/helpers/remote, see make check-programs\n'
		return 1
	fi
}
