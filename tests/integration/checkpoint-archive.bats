# SPDX-License-Identifier: GPL-2.0-or-later
# Images and archives of checkpoints as data of strangers: what is refused, before CRIU is asked for anything. The images are
# those of tests/images; CRIU is a script that notes that it was called.

load lib

setup() {
	ctr_setup
	images=$T/images
	data=$T/data
	cp_images plain "$images"
	cp "$lib_dir/../images/plain/config.json" "$bundle"
	mkdir "$rootfs/data"
	notes=$(mktemp -d /var/tmp/ctr-test.XXXXXX) # criu has a /tmp of its own
	called=$notes/called
	cat >"$T/criu" <<-END
		#!/bin/sh
		echo "\$@" >>$called
		exit 1
	END
	chmod 755 "$T/criu"
	(umask 077 && head -c 40 /dev/urandom >"$T/secret")
}

teardown() {
	rm -rf "$notes"
	ctr_teardown
}

# cp_images WHICH TO
cp_images() {
	mkdir -m 700 "$2"
	cp "$lib_dir/../images/$1"/*.img "$2"
}

ctr() {
	capture "$CTR" --root "$root" --data-root "$data" --criu "$T/criu" "$@"
}

inspect() {
	ctr checkpoint inspect -b "$bundle" "$@"
}

restore() {
	ctr restore -d -b "$bundle" "$@" "$tag"
}

config_is() {
	jq "$1" "$lib_dir/../images/${2:-plain}/config.json" >"$bundle/config.json"
}

# The gate let it through, and CRIU was started: the fake, which cannot do anything.
came_to_criu() {
	same 5 "$status"
	[ -e "$called" ]
	rm "$called"
}

# refused TEXT...: with the code of bad images, before CRIU, and nothing stays.
refused() {
	local text
	same 6 "$status"
	same '' "$output"
	for text in "$@"; do
		[[ $stderr == 'ctr: '*"$text"* && $stderr != *$'\n'* ]] && continue
		printf "not in the message: '%s'\n" "$text"
		return 1
	done
	[ ! -e "$called" ]
	[ -z "$(ls -A -I .cache "$root" 2>/dev/null)" ]
	[ -z "$(find "$data" -mindepth 1 -not -path '*/.checkpoints' -not -path '*/.checkpoints/written*' 2>/dev/null)" ]
}

# What is outside of the test's own places.
host() {
	cat /etc/passwd /etc/shadow /proc/self/mountinfo /proc/net/dev_snmp6/lo 2>/dev/null | sha256sum
	stat -c '%n %i %s %Y %a %u' /etc /etc/passwd /etc/shadow /etc/cron.d 2>/dev/null
}

# --- images ---

@test "checkpoint inspect: what is in images, as text and as JSON" {
	ctr checkpoint inspect "$images"
	ok
	has 'namespaces    mount cgroup uts ipc pid network' '  1 sleep  (user 0, 1 thread, 60.0K)
    2 sleep' '  /data  (tmpfs, read-only, from outside)' 'open files    9;'
	ctr checkpoint inspect --format json "$images"
	ok
	same '2 20 9 x86_64 [1,2] CAP_AUDIT_WRITE,CAP_KILL,CAP_NET_BIND_SERVICE 2' "$(jq -r '"\(.processCount) \(.mountCount) \(.openFiles) \(.architecture) \([.processes[].pid] | tojson) \(.processes[0].capabilities | sort | join(",")) \(.processes[1].seccomp)"' <<<"$output")"
	rm "$images/pstree.img"
	ctr checkpoint inspect "$images"
	ok
	has 'pre-dump: memory only'
	ctr checkpoint inspect --config "$images"
	fails 'options --config and --verify-key are for archives'
	ctr checkpoint inspect "$T"
	same 6 "$status"
}

@test "images of the bundle's container are let through to criu" {
	inspect "$images"
	ok
	restore --image-path "$images"
	came_to_criu
	cp_images userns "$T/other"
	config_is . userns
	inspect "$T/other"
	ok
}

@test "hostile images: each is refused by name and reason, before criu is called" {
	local name says bad=0 before count=0
	before=$(host)
	"$lib_dir/hostile-images" "$images" "$T/corpus" >"$T/list"
	while IFS=$'\t' read -r name says; do
		count=$((count + 1))
		if [ "$name" = inotify ]; then
			inspect "$T/corpus/$name" # root's own directory vouches for it at a restore
		else
			restore --image-path "$T/corpus/$name"
		fi
		refused "$says" || { echo "$name: $status $stderr"; bad=1; rm -f "$called"; }
	done <"$T/list"
	same 0 "$bad"
	[ "$count" -gt 250 ]
	same "$before" "$(host)"
}

@test "the config decides: images that one config allows are refused with another" {
	local filter says bad=0
	while IFS=$'\t' read -r filter says; do
		config_is "$filter"
		restore --image-path "$images"
		refused "$says" || { echo "$filter: $status $stderr"; bad=1; rm -f "$called"; }
	done <<-'END'
		.process.user.uid = 1000	uid 0, which the config does not let it have
		.process.user.gid = 7	gid 0, which the config does not let it have
		.process.capabilities.bounding = ["CAP_KILL"]	bounding capabilities: CAP_NET_BIND_SERVICE and others
		.process.capabilities.permitted = ["CAP_KILL"] | .process.capabilities.effective = []	permitted capabilities
		.process.rlimits[0].hard = 1000 | .process.rlimits[0].soft = 1000	hard limit RLIMIT_NOFILE of 1024, but 1000
		.process.oomScoreAdj = 500	oom_score_adj 0, but 500 in the config
		.linux.seccomp.syscalls[0].names = ["mount"]	seccomp filter 0 is not the config's
		.linux.namespaces |= map(select(.type != "network"))	a namespace of its own (network), but the config has none
		.linux.namespaces |= map(select(.type != "ipc"))	a namespace of its own (ipc)
		.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 9}] | .linux.gidMappings = .linux.uidMappings	the host's user namespace
		.mounts |= map(select(.destination != "/data"))	mount at '/data': from outside ('/data'), but the config binds nothing
		.mounts += [{"destination": "/more", "type": "tmpfs", "source": "x"}]	there is no mount at '/more'
		(.mounts[] | select(.destination == "/proc")).options = ["nosuid"]	mount at '/proc': without 'nosuid'
		(.mounts[] | select(.destination == "/dev/shm")).options += ["size=1m"]	larger than the config's 1048576 bytes
		.linux.readonlyPaths += ["/proc/version"]	there is no mount at '/proc/version'
		.linux.maskedPaths += ["/proc/version"]	there is no mount at '/proc/version'
	END
	same 0 "$bad"
}

@test "a thread has the filter that its process loads for all threads" {
	"$lib_dir/hostile-images" "$images" "$T/corpus" good-thread
	restore --image-path "$T/corpus/good-thread"
	came_to_criu
}

has_left() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "a network namespace from outside: where the config joins one, and by the name that it has then" {
	local keeper
	"$lib_dir/hostile-images" "$images" "$T/corpus" network-outside
	unshare --net sleep 60 3>&- &
	keeper=$!
	wait_until has_left "$keeper"
	config_is "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$keeper/ns/net\""
	restore --image-path "$T/corpus/network-outside"
	came_to_criu
	sed -i s/extRootNetNS/extRootNetXX/ "$T/corpus/network-outside/netns-10.img"
	restore --image-path "$T/corpus/network-outside"
	refused 'not the one to be joined'
	kill "$keeper"
	wait "$keeper" || true
}

@test "id maps of the images are those of the config" {
	local filter bad=0
	cp_images userns "$T/other"
	for filter in '.linux.uidMappings[0].hostID = 0' '.linux.uidMappings[0].size = 1000' \
		'.linux.gidMappings[0].hostID = 100001'; do
		config_is "$filter" userns
		inspect "$T/other"
		refused 'map 0 100000 65536, which the config does not have' || { echo "$filter: $stderr"; bad=1; }
	done
	same 0 "$bad"
}

# --- archives ---

archives() {
	mkdir "$T/archives"
	"$lib_dir/hostile-archives" "$images" "$bundle/config.json" "$T/secret" "$T/archives" >"$T/list"
}

@test "an archive: allowed by signature, by having been made here, or by --allow-unsigned" {
	archives
	restore --import "$T/archives/good"
	refused 'the archive is not signed, and was not written here' '--allow-unsigned'
	restore --import "$T/archives/signed"
	refused 'there is no key to check that: give the key with --verify-key'
	restore --import "$T/archives/good" --verify-key "$T/secret"
	refused 'the archive is not signed'
	restore --import "$T/archives/other-key" --verify-key "$T/secret"
	refused 'the signature is not one of this key'
	restore --import "$T/archives/resigned" --verify-key "$T/secret"
	refused "'images/core-1.img' in the archive: its digest is not that of the manifest"
	restore --import "$T/archives/good" --allow-unsigned
	came_to_criu
	restore --import "$T/archives/good.gz" --allow-unsigned
	came_to_criu
	restore --import "$T/archives/signed" --verify-key "$T/secret"
	came_to_criu
	restore --import - --allow-unsigned <"$T/archives/good"
	refused 'archive' # capture reads from /dev/null
	[ -z "$(find "$data" -mindepth 2)" ]
}

@test "an archive signed with Ed25519: the public key verifies, another one does not" {
	local key
	command -v openssl >/dev/null || need openssl
	archives
	for key in a b; do
		(umask 077 && openssl genpkey -algorithm ed25519 -out "$T/$key.key")
		openssl pkey -in "$T/$key.key" -pubout -out "$T/$key.pub"
	done
	tar -C "$T" --one-top-level=x -xf "$T/archives/good"
	python3 - "$T" <<-'END'
		import json, subprocess, sys, tarfile
		T = sys.argv[1]
		data = b'ctr checkpoint archive 1\n' + open(T + '/x/ctr-checkpoint.json', 'rb').read()
		open(T + '/data-to-sign', 'wb').write(data)
		value = subprocess.run(['openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', T + '/a.key', '-in', T + '/data-to-sign'],
		                       stdout=subprocess.PIPE, check=True).stdout.hex()
		open(T + '/x/signature.json', 'w').write(json.dumps({'algorithm': 'ed25519', 'key': 'a', 'value': value}))
		names = [m.name for m in tarfile.open(T + '/archives/good')]
		with tarfile.open(T + '/signed-a', 'w') as tar:
		    for name in names[:1] + ['signature.json'] + names[1:]:
		        tar.add(T + '/x/' + name, name)
	END
	restore --import "$T/signed-a" --verify-key "$T/a.pub"
	came_to_criu
	restore --import "$T/signed-a" --verify-key "$T/a.key"
	came_to_criu
	restore --import "$T/signed-a" --verify-key "$T/b.pub"
	refused 'the signature is not one of this key'
	restore --import "$T/signed-a" --verify-key "$T/secret"
	refused 'the archive is signed by ed25519, the key is for hmac-sha256'
	ctr checkpoint inspect --verify-key "$T/a.pub" "$T/signed-a"
	ok
	has 'signature     ed25519 of a, verified' 'container     web'
	chmod 644 "$T/a.key"
	restore --import "$T/signed-a" --verify-key "$T/a.key"
	fails 'others can read or change the secret'
	head -c 20 "$T/secret" >"$T/short"
	chmod 600 "$T/short"
	restore --import "$T/signed-a" --verify-key "$T/short"
	fails 'has 20 bytes, it needs 32'
}

@test "an old archive with a good signature is refused when a token is asked for" {
	archives
	restore --import "$T/archives/token" --verify-key "$T/secret" --token seven
	came_to_criu
	restore --import "$T/archives/token" --verify-key "$T/secret" --token eight
	refused "the archive has the token 'seven', not 'eight': it is another one, or an older one"
	restore --import "$T/archives/signed" --verify-key "$T/secret" --token eight
	refused "the archive has no token, not 'eight'"
}

@test "hostile archives: each is refused by name and reason, before anything is made" {
	local name says bad=0 before count=0
	before=$(host)
	archives
	while IFS=$'\t' read -r name says; do
		count=$((count + 1))
		restore --allow-unsigned --import "$T/archives/$name"
		refused "$says" || { echo "$name: $status $stderr"; bad=1; rm -f "$called"; }
	done <"$T/list"
	same 0 "$bad"
	[ "$count" -gt 200 ]
	same "$before" "$(host)"
}

@test "hostile images in an archive are refused as well, inotify on files without a name too" {
	local name
	for name in caps-permitted bind-etc file-of-host seccomp-off inotify; do
		rm -rf "$T/corpus" "$T/archives"
		"$lib_dir/hostile-images" "$images" "$T/corpus" "$name" >"$T/list-$name"
		mkdir "$T/archives"
		"$lib_dir/hostile-archives" "$T/corpus/$name" "$bundle/config.json" "$T/secret" "$T/archives" >/dev/null
		restore --allow-unsigned --import "$T/archives/good"
		refused "$(cut -f 2 "$T/list-$name")"
	done
	# with a signature somebody vouches for what cannot be compared
	restore --import "$T/archives/signed" --verify-key "$T/secret"
	came_to_criu
}

@test "an archive carries no authority: the bundle's config.json counts, and must not differ where it is noticed" {
	archives
	config_is '.process.user.additionalGids = [7] | .hostname = "other"'
	restore --allow-unsigned --import "$T/archives/good"
	refused '/hostname: the archive has "ctr"; /hostname: only the bundle has "other"' \
		'/process/user/additionalGids: only the bundle has 7' '--allow-changed-config goes on'
	restore --allow-unsigned --allow-changed-config --import "$T/archives/good"
	came_to_criu
	config_is '.process.args = ["x"] | .linux.cgroupsPath = "/y" | .annotations.a = "b" | .mounts[-1].source = "/tmp" |
		.linux.resources.x = 5 | .process.capabilities.bounding |= reverse'
	restore --allow-unsigned --import "$T/archives/good"
	came_to_criu
	config_is '.process.user.uid = 1000'
	restore --allow-unsigned --allow-changed-config --import "$T/archives/good"
	refused 'uid 0, which the config does not let it have'
	rm "$bundle/config.json"
	restore --allow-unsigned --import "$T/archives/good"
	fails 'config.json'
	ctr checkpoint inspect --config "$T/archives/good"
	ok
	same "$(cat "$lib_dir/../images/plain/config.json")" "$output"
}

@test "restore --import: what options exclude each other" {
	restore --import x --image-path y
	fails 'options --import and --image-path exclude each other'
	restore --import x --lazy-pages
	fails 'options --import and --lazy-pages exclude each other'
	restore --verify-key x
	fails 'need --import'
	restore --import "$T/none" --allow-unsigned
	fails "open '$T/none': no such file or directory"
	ctr checkpoint --sign-key x "$tag"
	fails 'need --export'
	ctr checkpoint --export x --pre-dump "$tag"
	fails 'options --export and --pre-dump exclude each other'
}
