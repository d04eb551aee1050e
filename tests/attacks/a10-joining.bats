# SPDX-License-Identifier: GPL-2.0-or-later
#
# A10: ctr works on a container whose root expects it: whatever that one has done to its files, mounts and processes,
# each verb works or is refused, soon, and the host stays what it is. More of exec: tests/integration/exec.bats.

load lib
setup() {
	attack_setup
	config '.root.readonly = false | del(.linux.seccomp)' \
		'.process.capabilities |= with_entries(.value = ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_KILL",
			"CAP_DAC_OVERRIDE", "CAP_MKNOD", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_RESOURCE"])'
}
teardown() { attack_teardown; }

# A container that stays after this script, which must succeed as a whole.
hostile() {
	args sh -c "set -e; $1; exec /bin/payload sleep"
	start_bundle
	ok
	wait_until grep -q asleep "$T/stdout" || { cat "$T/stdout" "$T/stderr"; return 1; }
}

# Each verb, once: it works or says why not.
all_verbs() {
	local file
	jq -n '{args: ["/bin/payload", "ids"], cwd: "/", env: ["PATH=/bin"]}' >"$T/process.json"
	for verb in "exec $tag /bin/payload exit 0" "exec -u 7:8 -c CAP_KILL --cwd /tmp $tag /bin/payload ids" \
		"exec -p $T/process.json $tag" "ps $tag" "top $tag" "stats --no-stream $tag" "events --stats $tag" "state $tag" \
		"pause $tag" "resume $tag" "kill $tag CONT" 'list' "update --pids-limit -1 $tag"; do
		# shellcheck disable=SC2086 # words
		soon $verb
		[ "$status" -eq 0 ] || [ "$status" -eq 1 ] || [ "$status" -eq 255 ]
		[ "$status" -eq 0 ] || [[ $stderr == *'ctr: '* ]] || { report; return 1; }
		[ "$status" -eq 0 ] || [[ $verb == exec* || $verb == update* ]] || { report; return 1; }
	done
	host_is_untouched
	soon delete -f "$tag"
	ok
}

@test "A10: the container has a /proc of its own making" {
	hostile 'mount -t tmpfs none /proc; mkdir -p /proc/self/fd /proc/self/attr /proc/1/ns /proc/sys/kernel /proc/thread-self/attr
		for f in status stat exe mountinfo attr/current uid_map cgroup; do echo root >/proc/self/$f; done
		mkfifo /proc/meminfo /proc/1/cgroup; ln -s /dev/zero /proc/loadavg; ln -s / /proc/1/root'
	all_verbs
}

@test "A10: the container has moved its root, and covered what was there" {
	hostile 'mkdir /new; mount -t tmpfs none /new; cp -a /bin /new; mkdir /new/dev /new/proc /new/tmp /new/old
		mount --bind /proc /new/proc; cd /new; pivot_root . old; mount -t tmpfs none /old; mount -t tmpfs none /tmp'
	all_verbs
}

@test "A10: the container has put itself below another root, in other namespaces, with other ids" {
	hostile 'mkdir -p /jail/bin; cp /bin/payload /bin/busybox /jail/bin; echo ready
		exec busybox unshare -mui busybox chroot /jail /bin/payload sleep'
	all_verbs
}

@test "A10: the files of the image that are read for a program: fifos, endless, enormous, loops, sockets" {
	printf 'x:x:0:0::/:\n' >"$rootfs/etc/passwd"
	hostile 'rm -f /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group'
	soon exec -u 7 "$tag" /bin/payload ids
	same 0 "$status"
	for file in passwd group; do
		for how in 'ln -s /dev/zero' 'ln -s /proc/kmsg' 'ln -s /etc/$file' 'ln -s /proc/self/fd/0' 'ln -s /dev/tty' 'mkdir' 'mkfifo' \
			'truncate -s 500M'; do
			rm -rf "${rootfs:?}/etc/$file"
			eval "$how '$rootfs/etc/$file'"
			soon exec -u 7 "$tag" /bin/payload ids
			same 0 "$status"
			has 'uid=7,7,7' 'groups= '
		done
	done
	rm -rf "${rootfs:?}/etc/passwd" "${rootfs:?}/etc/group"
	all_verbs
}

@test "A10: every process of the container is stopped, traced, or forks without end" {
	hostile '(while :; do (while :; do :; done) & sleep 0.02; done) >/dev/null 2>&1 & echo ready'
	for ((i = 0; i < 5; i++)); do
		soon ps "$tag"
		same 0 "$status"
	done
	all_verbs
}

@test "A10: the container's root has no room, no descriptors and no processes left for who comes in" {
	hostile 'dd if=/dev/zero of=/dev/shm/full bs=1M 2>/dev/null || :; dd if=/dev/zero of=/dev/full.here bs=1M count=100 2>/dev/null || :'
	all_verbs
}

@test "A10: the program of exec is a directory, a fifo, a device, another container's, ctr itself" {
	mkfifo "$rootfs/fifo"
	mknod "$rootfs/null" c 1 3
	ln -s "$CTR" "$rootfs/ctr"
	ln -s /proc/self/exe "$rootfs/self"
	ln -s loop "$rootfs/loop"
	truncate -s 1G "$rootfs/huge"
	printf '#!%s\n' "$(printf '%0500d' 0)" >"$rootfs/script"
	printf '#!/script2\n' >"$rootfs/script1"
	printf '#!/script1\n' >"$rootfs/script2"
	chmod 755 "$rootfs"/{huge,script,script1,script2}
	hostile ':'
	for program in / /fifo /null /ctr /self /loop /huge /script /script1 /proc/self/exe /proc/1/cwd /dev/null '' ' ' . ..; do
		soon exec "$tag" "$program"
		same 255 "$status"
		# what is ctr-init itself runs, and has nothing to do
		[[ $stderr == 'ctr: '* || $program == */self* && -z $stderr ]]
	done
	delete_ctr
}
