# SPDX-License-Identifier: GPL-2.0-or-later
#
# A5: descriptors and the working directory of the host.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A5: cwd by way of a descriptor or a magic link" {
	mkdir "$T/held"
	for cwd in /proc/self/fd/{3..12} /proc/self/fd/100 /proc/self/cwd /proc/1/cwd /proc/1/root/../.. /proc/self/root \
		/proc/thread-self/fd/7 /proc/self/task/1/fd/8; do
		config ".process.cwd = \"$cwd\""
		args payload cwd
		write_config
		capture "$payload" with-fds 120 "$T/held" "$CTR" --root "$root" run "$bundle"
		[ "$status" -ne 0 ] || has_not '(unreachable)' "$T"
		[ "$status" -eq 0 ] || fails '/process/cwd'
	done
}

@test "A5: cwd with .. and links stays inside" {
	ln -s "$outside" "$rootfs/link"
	ln -s /proc/self/fd/7 "$rootfs/fdlink"
	config '.root.readonly = false' '.process.cwd = "/../../../.."'
	run_payload cwd
	is /
	config '.process.cwd = "/link"'
	run_payload cwd
	is "$outside"
	[ -d "$rootfs$outside" ]
	config '.process.cwd = "/fdlink"'
	args payload cwd
	write_config
	capture "$payload" with-fds 20 "$outside" "$CTR" --root "$root" run "$bundle"
	fails '/process/cwd'
	host_is_untouched
}

@test "A5: ctr's own working directory and descriptors are not the container's" {
	args sh -c 'ls -l /proc/self/fd /proc/1/fd; ls -d /proc/1/cwd/*; readlink /proc/1/cwd'
	write_config
	cd "$outside"
	capture "$payload" with-fds 200 "$outside" "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	has_not outside ctr-init memfd socket anon_inode
}

@test "A5: exec: cwd by way of descriptors, links and .., from a caller with descriptors of the host" {
	config '.root.readonly = false'
	ln -s /proc/self/fd/7 "$rootfs/fdlink"
	ln -s "$out" "$rootfs/up"
	start_payload sleep
	mkdir "$T/held"
	for cwd in /proc/self/fd/{3..20} /proc/self/cwd /proc/1/cwd/../../.. /proc/1/root/../.. /proc/self/root/../../.. \
		/fdlink /up/../../..; do
		capture "$payload" with-fds 100 "$T/held" "$CTR" --root "$root" exec --cwd "$cwd" "$tag" payload cwd
		if [ "$status" -eq 0 ]; then
			has_not '(unreachable)' held
			[[ $output == / || $output == "$outside"* || $output == "${outside%/*}"* ]] || { echo "$cwd: $output"; return 1; }
		else
			same 255 "$status"
			[[ $stderr == 'ctr: '* ]]
		fi
	done
	delete_ctr
}

@test "A5: 200 descriptors of all kinds, in the caller of run, create, exec and of their hooks" {
	config '.root.readonly = false'
	mkdir "$T/hook"
	cat >"$T/list" <<-PY
		#!/usr/bin/python3 -IS
		import os
		with open("$T/hook/fds", "a") as out:
		    # without the one it lists with, and the script itself: in the container's namespaces it is executed by descriptor
		    links = {f: os.readlink("/proc/self/fd/" + f) for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f)}
		    print(*(f for f in links if links[f] != "$T/list"), file=out)
	PY
	chmod 755 "$T/list"
	for kind in prestart createRuntime createContainer poststart poststop; do
		config ".hooks.$kind = [{\"path\": \"$T/list\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	done
	args payload fds
	write_config
	cat >"$T/careless" <<-'PY'
		import os, socket, sys
		keep = []
		for i in range(50):
		    keep += [os.open(sys.argv[1], os.O_RDONLY), os.memfd_create("host"), socket.socket(socket.AF_UNIX).detach(), os.pipe()[0]]
		for fd in keep:
		    os.set_inheritable(fd, True)
		os.execv(sys.argv[2], sys.argv[2:])
	PY
	capture python3 "$T/careless" "$outside" "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	same "$(printf '%s\n' 0 1 2)" "$(grep -o '^[0-9]*' <<<"$output")"
	# 3 is what it writes to
	same '0 1 2 3' "$(sort -u "$T/hook/fds")"
	start_payload sleep
	capture python3 "$T/careless" "$outside" "$CTR" --root "$root" exec "$tag" payload fds
	same "$(printf '%s\n' 0 1 2)" "$(grep -o '^[0-9]*' <<<"$output")"
	delete_ctr
}

# Execute many times beside a program that looks at every process that appears.
beside_a_spy() {
	local n i
	n=$(times 60 5000)
	args payload spy 1000
	start_bundle
	ok
	wait_until grep -q spying "$T/stdout"
	cp "$T/stdout" "$T/spied"
	for ((i = 0; i < n; i++)); do
		"$CTR" --root "$root" exec "$tag" /bin/busybox true >/dev/null </dev/null
	done
	"$CTR" --root "$root" kill "$tag" USR1
	wait_until grep -q '^foreign' "$T/stdout"
	tail -n 2 "$T/stdout" | sed 's/^/# /' >&3
	grep -qx 'foreign 0' "$T/stdout"
	[ "$(sed -n 's/^looked //p' "$T/stdout")" -gt 20 ]
	delete_ctr
}

@test "A5: the container's root looks at each process that is executed, and opens nothing of ctr's" {
	beside_a_spy
}

@test "A5: so it does with every capability" {
	config '.process.capabilities |= with_entries(.value = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"])' \
		'del(.linux.seccomp)'
	user_namespace
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	beside_a_spy
}
