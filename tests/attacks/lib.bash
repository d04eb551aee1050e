# shellcheck shell=bash disable=SC2034,SC2154 # results are for the test files, others come from the library below
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the attacks: tests/integration/lib.bash, and what an attacker wants. Whatever ctr does, success or a
# clean error: the host must be what it was.
#
#	setup() { attack_setup; }
#	teardown() { attack_teardown; }      # asks host_is_untouched once more
#
# $outside is a directory of the host, full of names that a runtime writes to; $out is the same
# directory, seen from within a root filesystem by way of many "..".

load ../integration/lib

attack_setup() {
	ctr_setup
	outside=$T/outside
	out=../../../../../../../../../../../..$outside
	mkdir -p "$outside"/{pts,shm,mqueue,sub,proc,sys}
	for file in null zero full random urandom tty ptmx console fd stdin stdout stderr core sub/file pts/ptmx pts/0 \
		passwd group hostname; do
		echo "host $file" >"$outside/$file"
	done
	CTR_HELPERS=${CTR_HELPERS:-${CTR%/*}/tests/helpers}
	digest_before=$(host_digest)
}

attack_teardown() {
	local changed=0
	[ -z "${digest_before:-}" ] || host_is_untouched || changed=1
	ctr_teardown && [ "$changed" = 0 ]
}

# Everything of the host that an attack in this directory is after. Only what no other test may change at the
# same time: what others own is left out, and mounts are those of this test.
host_digest() {
	digest_of_files "$outside"
	digest_of_nodes
	digest_of_settings
	stat -c 'ctr %i %a %u %g %s' "$CTR"
	sha256sum <"$CTR"
	# without ids, which change: mount points, options and sources
	grep -F -e "$T" -e "$tag" /proc/self/mountinfo | cut -d' ' -f3- || true
}

# Inode, mode, owner, size, time and contents.
digest_of_files() {
	find "$1" -printf '%p %i %m %U %G %s %T@ %l\n' | sort
	find "$1" -type f -exec sha256sum {} + | sort
}

# Who owns the device files that each container has as well, and whether they still are what they were.
digest_of_nodes() {
	stat -c '%n %i %t:%T %a %u %g' /dev/{null,zero,full,random,urandom,tty,ptmx} /dev
}

# What a write that goes astray would change; and the files by which a host is taken over.
digest_of_settings() {
	grep -s . /proc/sys/kernel/{core_pattern,core_uses_pid,modprobe,hostname,domainname,sysrq,poweroff_cmd,randomize_va_space} \
		/proc/sys/kernel/{shm_rmid_forced,usermodehelper/bset,yama/ptrace_scope,kptr_restrict,dmesg_restrict} \
		/proc/sys/vm/{overcommit_memory,panic_on_oom} /sys/kernel/uevent_helper /sys/fs/cgroup/*/release_agent \
		/proc/1/attr/current /proc/1/oom_score_adj || true
	cat /proc/sys/fs/binfmt_misc/status 2>/dev/null || true
	stat -Lc '%n %i %a %u %g %s %Y' /etc/{passwd,shadow,group,hosts,hostname,ld.so.preload,fstab,crontab} \
		/root/.ssh/authorized_keys 2>/dev/null || true
}

host_is_untouched() {
	same "$digest_before" "$(host_digest)"
}

# Whatever ctr did with this bundle: not the host.
try() {
	run_bundle "$@"
	attempt_is_clean
	host_is_untouched
}

# Success, the program's own exit code, or one clean error; no crash, no hang.
attempt_is_clean() {
	[ "$status" -eq 0 ] || [[ $status = 1 && $stderr == 'ctr: '* && $stderr != *$'\n'* ]]
}

# The default config once more, before other changes.
fresh_config() {
	filter='.process.terminal = false'
	[ $# -eq 0 ] || config "$@"
}

# In CI a sample; `make attacks` says CTR_ATTACKS=full: times SAMPLE FULL.
times() {
	if [ "${CTR_ATTACKS:-}" = full ]; then echo "$2"; else echo "$1"; fi
}

# Exchange pairs of names until `end_flips`: start_flips A B [A B ...]
start_flips() {
	env -u CTR_TEST_TAG "$CTR_HELPERS/flip" "$@" >"$T/flips" 3>&- &
	flipper=$!
}

end_flips() {
	kill -TERM "$flipper"
	wait "$flipper"
	[ "$(cat "$T/flips")" -gt 100 ]
}

# A command that must end soon whatever it meets; sanitizers make ctr several times slower, where lists are long.
# (Who calls it with || or in a condition has no errexit in here.)
soon() {
	local limit=20
	! is_sanitized || limit=200
	capture timeout -k 1 "$limit" "$CTR" --root "$root" "$@"
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
}
