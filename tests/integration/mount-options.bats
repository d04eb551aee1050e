# SPDX-License-Identifier: GPL-2.0-or-later
# Option strings of mounts: attributes, recursive attributes, what is data, what is refused.

load lib
setup() {
	ctr_setup
	mkdir -p "$T/data/sub"
}
teardown() {
	# tests of recursive options mount something below the source
	! mountpoint -q "$T/data/sub" || umount "$T/data/sub"
	ctr_teardown
}

# with_options FIELD-OF-mounts OPTION...: the attributes of a bind mount with these options.
attributes() {
	filter='.process.terminal = false'
	mount_entry /data bind "$T/data" rbind "$@"
	run_payload mounts /data /data/sub
	ok
	output=$(cut -d' ' -f3 <<<"$output" | tr '\n' ' ')
}

# attributes_are EXPECTED OPTION...: of the mount itself
attributes_are() {
	attributes "${@:2}"
	same "$1" "${output%% *}"
}

@test "mount options: each attribute of a bind mount" {
	attributes_are rw,relatime
	attributes_are ro,relatime ro
	attributes_are rw,nosuid,relatime nosuid
	attributes_are rw,nodev,relatime nodev
	attributes_are rw,noexec,relatime noexec
	attributes_are rw,relatime,nosymfollow nosymfollow
	attributes_are ro,nosuid,nodev,noexec,relatime ro nosuid nodev noexec
}

@test "mount options: access times" {
	attributes_are rw,noatime noatime
	attributes_are rw,relatime relatime
	attributes_are rw strictatime
	attributes_are rw,nodiratime,relatime nodiratime
	attributes_are rw,noatime,nodiratime noatime nodiratime
	attributes_are rw,relatime atime
}

@test "mount options: the later one wins" {
	attributes_are rw,relatime ro rw
	attributes_are ro,relatime rw ro
	attributes_are rw,relatime nosuid nodev noexec suid dev exec
	attributes_are rw,noatime strictatime noatime
	attributes_are rw noatime strictatime
	attributes_are rw,relatime nosymfollow symfollow
}

@test "mount options: what is said of a tree and of its top, and access times that are taken back" {
	attributes_are rw,relatime ro rrw
	attributes_are rw,relatime rrw ro
	attributes_are ro,relatime rro rw
	attributes_are rw strictatime atime
	attributes_are rw,relatime strictatime noatime atime
	attributes_are rw,relatime strictatime nostrictatime
	attributes_are rw,noatime noatime nostrictatime
	attributes_are rw,noatime noatime norelatime
}

@test "mount options: the same of a filesystem" {
	local want options
	while read -r want options; do
		filter='.process.terminal = false'
		# shellcheck disable=SC2086 # words
		mount_entry /fs tmpfs tmpfs $options
		run_payload mounts /fs
		ok
		same "$want" "$(cut -d' ' -f3 <<<"$output")"
	done <<-END
		rw,relatime ro rrw
		rw,relatime rrw ro
		ro,relatime rro rw
		ro,relatime rw rro
		rw,relatime strictatime nostrictatime
		rw nostrictatime strictatime
		rw noatime rstrictatime
		rw rstrictatime noatime
		rw rstrictatime ratime
		rw,relatime iversion noiversion
		rw,noatime noatime norelatime
	END
}

@test "mount options: words without effect on a bind mount are taken" {
	attributes_are rw,relatime defaults silent loud norelatime nostrictatime
}

@test "mount options: a plain option is for the top mount only, an r-option for all below" {
	mount -t tmpfs "$tag" "$T/data/sub"
	attributes ro
	same 'ro,relatime rw,relatime ' "$output"
	attributes rro
	same 'ro,relatime ro,relatime ' "$output"
	attributes rnosuid rnodev rnoexec
	same 'rw,nosuid,nodev,noexec,relatime rw,nosuid,nodev,noexec,relatime ' "$output"
	attributes rnoatime rnodiratime
	same 'rw,noatime,nodiratime rw,noatime,nodiratime ' "$output"
	attributes rstrictatime rnosymfollow
	same 'rw,nosymfollow rw,nosymfollow ' "$output"
	attributes rrelatime
	same 'rw,relatime rw,relatime ' "$output"
}

@test "mount options: r-options can clear what the source has" {
	mount -t tmpfs -o ro,nosuid,nodev,noexec "$tag" "$T/data/sub"
	attributes
	same 'rw,relatime ro,nosuid,nodev,noexec,relatime ' "$output"
	# that tmpfs is itself read-only: of "rw" only the mount's half can be had
	attributes rsuid rdev rexec
	same 'rw,relatime ro,relatime ' "$output"
}

@test "mount options: what is said of a tree holds for its top, whatever else is said of that" {
	mount -t tmpfs "$tag" "$T/data/sub"
	attributes rro rw
	same 'ro,relatime ro,relatime ' "$output"
	attributes rw rro
	same 'ro,relatime ro,relatime ' "$output"
}

@test "mount options: read-only means so, below as well" {
	mount -t tmpfs "$tag" "$T/data/sub"
	mount_entry /data bind "$T/data" rbind rro
	run_payload touch /data/x /data/sub/x
	same $'/data/x: EROFS\n/data/sub/x: EROFS' "$output"
}

@test "mount options: nodev, noexec and nosuid have their effect" {
	mkdir "$T/data/bin"
	cp "$payload" "$T/data/bin/program"
	mknod "$T/data/null" c 1 3
	mount_entry /data bind "$T/data" bind nodev noexec
	run_sh '/data/bin/program exit 3; echo $?; payload open /data/null'
	has 126 '/data/null: EACCES'
}

@test "mount options: attributes of new filesystems" {
	mount_entry /a tmpfs tmpfs ro noexec
	mount_entry /b tmpfs tmpfs nosuid nodev noatime
	mount_entry /c tmpfs tmpfs strictatime nosymfollow
	run_payload mounts /a /b /c
	ok
	has '/a tmpfs ro,noexec,relatime' '/b tmpfs rw,nosuid,nodev,noatime' '/c tmpfs rw,nosymfollow'
}

@test "mount options: flags of the superblock reach it" {
	mount_entry /data tmpfs tmpfs sync dirsync lazytime
	run_payload mounts /data
	ok
	has 'sync,dirsync,lazytime'
}

@test "mount options: remount changes what is there" {
	mkdir "$rootfs/data"
	mount_entry /data tmpfs tmpfs size=64k
	mount_entry /data tmpfs tmpfs remount ro noexec size=128k
	run_payload mounts /data , touch /data/x
	same '' "$stderr"
	has 'ro,noexec,relatime' 'size=128k' '/data/x: EROFS'
}

@test "mount options: remount of what is not there" {
	mount_entry /none tmpfs tmpfs remount ro
	run_bundle
	fails "remount '/none'" '/mounts/7' 'no such file or directory'
}

@test "mount options: values that the filesystem refuses" {
	mount_entry /data tmpfs tmpfs size=frob
	run_bundle
	fails "'/data'" 'size' '/mounts/7'
	filter='.process.terminal = false'
	mount_entry /data tmpfs tmpfs mode=9z
	run_bundle
	fails "'/data'" 'mode' '/mounts/7'
}

@test "mount options: an option of another filesystem on a bind mount" {
	mount_entry /data bind "$T/data" bind size=64k
	run_bundle
	fails "unknown option 'size=64k'" '/mounts/7/options/1'
}

@test "mount options: case matters" {
	mount_entry /data bind "$T/data" bind RO
	run_bundle
	fails "unknown option 'RO'" '/mounts/7/options/1'
}

@test "mount options: src-nofollow: the link itself is not followed" {
	ln -s data "$T/link"
	mount_entry /data bind "$T/link" bind src-nofollow
	run_bundle
	[ "$status" -ne 0 ] || [ "$(payload_sees_link)" = link ]
}

payload_sees_link() {
	run_payload stat /data
	[[ $output == *' l '* ]] && echo link
}

@test "mount options: copy-symlink makes the same link" {
	ln -s /etc/target "$T/link"
	config '.root.readonly = false'
	mount_entry /etc/link bind "$T/link" bind copy-symlink
	run_payload stat /etc/link
	is '/etc/link l 0777 0:0 -> /etc/target'
}

@test "mount options: tmpcopyup brings the image's files along" {
	mkdir "$rootfs/data"
	echo content >"$rootfs/data/file"
	ln -s file "$rootfs/data/link"
	chmod 640 "$rootfs/data/file"
	chown 7:0 "$rootfs/data/file"
	mount_entry /data tmpfs tmpfs tmpcopyup
	run_payload read /data/link , stat /data/file /data/link , touch /data/new
	is $'content\n/data/file - 0640 7:0\n/data/link l 0777 0:0 -> file\n/data/new: ok'
	[ ! -e "$rootfs/data/new" ]
}

@test "mount options: idmap is for bind mounts" {
	mount_entry /data tmpfs tmpfs idmap
	run_bundle
	fails "mount '/data'" 'for bind mounts' '/mounts/7/options'
}

@test "mount options: idmap with mappings of the mount, without a user namespace" {
	: >"$T/data/file"
	chown 7:8 "$T/data/file"
	config ".mounts += [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$T/data\",
		\"options\": [\"bind\", \"idmap\"],
		\"uidMappings\": [{\"containerID\": 7, \"hostID\": 1007, \"size\": 1}],
		\"gidMappings\": [{\"containerID\": 8, \"hostID\": 1008, \"size\": 1}]}]"
	run_payload stat /data/file
	is '/data/file - 0644 1007:1008'
}

@test "mount options: uidMappings without gidMappings" {
	config ".mounts += [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$T/data\",
		\"options\": [\"bind\"], \"uidMappings\": [{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]}]"
	run_bundle
	fails '/mounts/7' 'gidMappings'
}
