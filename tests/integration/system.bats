# SPDX-License-Identifier: GPL-2.0-or-later
# System containers: Debian with systemd, by the commands of doc/system-containers.md.

load lib
load life
load system
setup_file() {
	system_setup
	export debian_tar
}
setup() { ctr_setup; }
teardown() { ctr_teardown; }

system_id() {
	"$CTR" --root "$root" state "$1-$tag" | jq -r "$2"
}

# exec in the system.
inside() {
	ctr exec "debian-$tag" "$@"
}

# The files of a system for the tests that write their own config, and its config; nothing runs yet.
system_bundle() {
	rm -rf "$rootfs" "$bundle/config.json"
	mkdir -p "$rootfs"
	tar -C "$rootfs" -xf "$debian_tar"
	"$CTR" spec --system -b "$bundle"
}

# A minute at most: an emulated or busy machine takes its time.
booted() {
	local i state=''
	for ((i = 0; i < 300; i++)); do
		state=$("$CTR" --root "$root" exec "$tag" systemctl is-system-running --wait 2>&1) && return
		sleep 0.2
	done
	printf 'not booted: %s\n' "$state"
	return 1
}

# Boot the bundle; who knows how it ends stays in the background.
boot() {
	"$CTR" --root "$root" run --keep -b "$bundle" "$tag" >"$T/log" 2>&1 </dev/null 3>&- &
	booted
}

@test "system: Debian boots, is looked into, and stops by its signal" {
	cp -l "$debian_tar" "$T/" 2>/dev/null || cp "$debian_tar" "$T/"
	doc_run Start
	ok
	same running "$output"
	same 'SIGRTMIN+3' "$(system_id debian '.annotations["org.opencontainers.image.stopSignal"]')"
	pid=$(system_id debian .pid)
	same systemd "$(cat "/proc/$pid/comm")"

	doc_run 'Look into it'
	ok
	has '0 loaded units listed' 'Startup finished' 'Reached target'
	inside systemctl is-active multi-user.target dbus.service systemd-journald.service
	is $'active\nactive\nactive'
	inside systemd-detect-virt --container
	is container-other
	inside cat /etc/machine-id
	same "$(jq -r '.process.env[] | select(startswith("container_uuid")) | sub(".*="; "") | gsub("-"; "")' \
		"$T/debian/config.json")" "$output"
	capture "$lib_dir/pty" 'expect=# ' 'send=tty; exit 4\n' -- "$CTR" --root "$root" exec -t "debian-$tag" bash
	has /dev/pts/ '[exit 4]'
	same "$pid" "$(system_id debian .pid)"

	doc_run Stop
	is 0
	[ ! -e "/proc/$pid/exe" ]
	nothing_left
}

@test "system: kill by name, status by wait, powering off from inside" {
	system_bundle
	boot
	ctr kill "$tag" RTMIN+3
	is ''
	ctr wait "$tag"
	is 0
	delete_ctr
	boot
	ctr exec "$tag" systemctl poweroff
	ok
	ctr wait "$tag"
	is 0
	delete_ctr
}

@test "system: a getty on the console, where there is a terminal; TERM stops it" {
	system_bundle
	jq '.process.terminal = true | .linux.cgroupsPath = "/ctr/'"$tag"'"' "$bundle/config.json" >"$T/new"
	mv "$T/new" "$bundle/config.json"
	capture "$lib_dir/pty" 'expect=login:' signal=TERM -- "$CTR" --root "$root" run "$bundle"
	has 'Welcome to' 'login:' '[exit 0]'
}

@test "system: a service manager hears when it has booted" {
	system_bundle
	"$lib_dir/peer" manager "$T/notify" >"$T/heard" 2>&1 3>&- &
	manager=$!
	wait_until test -S "$T/notify"
	capture env NOTIFY_SOCKET="$T/notify" "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	ok
	ctr exec "$tag" systemctl is-active multi-user.target
	is active
	wait "$manager"
	grep -q READY=1 "$T/heard"
	ctr kill "$tag"
	ok
	wait_until is_stopped
	delete_ctr
}

@test "system: in a user namespace" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	cp -l "$debian_tar" "$T/" 2>/dev/null || cp "$debian_tar" "$T/"
	doc_run 'In a user namespace'
	printf '%s\n' "$output" "$stderr"
	ok
	same 'running 0 100000 65536 0' "$(xargs <<<"$output")"
	same '100000 100000' "$(stat -c '%u %g' "$T/mapped/rootfs/etc")"
	nothing_left
}
