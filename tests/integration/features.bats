# SPDX-License-Identifier: GPL-2.0-or-later
# features, state and list against the official schemas, and what engines look for in them (C7).

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# validate SCHEMA FILE...: by the official schemas, which refer to one another by file name.
validate() {
	local schemas=${CTR_SHARED:-${CTR_SRCDIR:-$lib_dir/../..}/../shared}/oci-schema
	[ -e "$schemas/$1" ] || need "the official schemas in $schemas (CTR_SHARED)"
	cat >"$T/validate.py" <<-'PY'
		import json, pathlib, sys
		try:
		    import jsonschema
		except ImportError:
		    sys.exit(77)
		folder, name, *documents = sys.argv[1:]
		folder = pathlib.Path(folder)
		store = {}
		for path in folder.glob("*.json"):
		    schema = json.loads(path.read_text())
		    store[path.resolve().as_uri()] = schema
		    store["https://opencontainers.org/schema/bundle/" + path.name] = schema
		schema = json.loads((folder / name).read_text())
		schema.pop("id", None)
		base = (folder / name).resolve().as_uri()
		import warnings
		warnings.simplefilter("ignore")
		resolver = jsonschema.RefResolver(base, schema, store=store)
		kind = jsonschema.validators.validator_for(schema)
		bad = []
		for document in documents:
		    for e in kind(schema, resolver=resolver).iter_errors(json.load(open(document))):
		        bad.append("%s /%s: %s" % (document, "/".join(map(str, e.absolute_path)), e.message))
		print("\n".join(bad))
		sys.exit(bool(bad))
	PY
	local r=0
	python3 -W ignore "$T/validate.py" "$schemas" "$@" || r=$?
	[ "$r" -ne 77 ] || need python3-jsonschema
	return "$r"
}

features() {
	ctr features
	ok
	printf '%s' "$output" >"$T/features.json"
}

f() {
	jq -e "$1" "$T/features.json" >/dev/null || { printf 'not so: %s\n' "$1"; return 1; }
}

@test "features: valid by the schema; the check finds what is wrong" {
	features
	validate features-schema.json "$T/features.json"
	jq '.hooks = "prestart"' "$T/features.json" >"$T/bad.json"
	not validate features-schema.json "$T/bad.json"
}

@test "features: nothing on stderr, no state directory, no environment (0.10)" {
	capture env -i "$CTR" --root "$T/none/deeper" features
	ok
	jq -e . <<<"$output" >/dev/null
	[ ! -e "$T/none" ]
	ctr features extra
	fails 'too many arguments'
}

@test "features: as a user without privileges" {
	chmod 711 "$T" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* 2>/dev/null || true
	copy_ctr "$T/ctr"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$T/ctr" --version >/dev/null 2>&1 ||
		need 'a temporary directory that others may enter'
	capture env -i setpriv --reuid 65534 --regid 65534 --clear-groups "$T/ctr" features
	ok
	same "$("$CTR" features | jq -S .linux)" "$(jq -S .linux <<<"$output")"
}

@test "features: what cri-o, containerd, docker and podman look for (C7)" {
	features
	f '.ociVersionMin == "1.0.0" and (.ociVersionMax | test("^1\\.[3-9]"))'
	f '.hooks == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]'
	f '[.mountOptions[] | select(. == "rro" or . == "rbind" or . == "ro" or . == "private")] | length == 4'
	f '.mountOptions == (.mountOptions | sort | unique)'
	f '.linux.mountExtensions.idmap.enabled'
	f '.linux.namespaces | index("user") and index("mount") and index("cgroup")'
	f '(.linux.namespaces | sort) == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]'
	f '.linux.netDevices.enabled and (.linux.memoryPolicy.modes | length == 7) and (.linux.memoryPolicy.flags | length == 3)'
	f '.linux.cgroup | .v1 == false and .v2 == true'
	f '.linux.capabilities | index("CAP_SYS_ADMIN") and index("CAP_CHECKPOINT_RESTORE") and length > 40'
	f '.linux.seccomp.enabled and (.linux.seccomp.actions | index("SCMP_ACT_NOTIFY")) and
		(.linux.seccomp.operators | index("SCMP_CMP_MASKED_EQ")) and (.linux.seccomp.archs | index("SCMP_ARCH_X86_64"))'
	f '.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags == []'
	f '.annotations | has("io.github.seccomp.libseccomp.version") and has("org.opencontainers.runc.checkpoint.enabled")'
	f '[.annotations[] | type] | unique == ["string"]'
	f '.potentiallyUnsafeConfigAnnotations | index("run.oci.") and index("run.oci.hooks.stdout") and
		index("run.oci.keep_original_groups") and all(type == "string")'
}

@test "features: every mount option that is named is accepted in a config" {
	features
	local plain bind
	mapfile -t plain < <(jq -r '.mountOptions[] | select(test("^(r?idmap|r?bind|.*tmpcopyup|copy-symlink|src-nofollow)$") | not)' "$T/features.json")
	mapfile -t bind < <(jq -r '.mountOptions[] | select(. == "copy-symlink" or . == "src-nofollow")' "$T/features.json")
	mount_entry /tmp tmpfs tmpfs "${plain[@]}"
	mount_entry /tmp none /tmp rbind "${bind[@]}"
	args payload exit 0
	write_config
	ctr explain "$bundle"
	ok
	[ "${#plain[@]}" -gt 40 ]
}

@test "state: valid by the schema, in every state" {
	config '.annotations = {"a": "b"}'
	hook createRuntime "$CTR --root $root state $tag >$T/creating"
	create_payload sleep
	ok
	c state "$tag" >"$T/created"
	ctr start "$tag"
	c state "$tag" >"$T/running"
	ctr pause "$tag"
	ctr resume "$tag"
	ctr kill "$tag" KILL
	wait_until is_stopped
	c state "$tag" >"$T/stopped"
	validate state-schema.json "$T/creating" "$T/created" "$T/running" "$T/stopped"
	same 'creating created running stopped' "$(jq -r .status "$T"/{creating,created,running,stopped} | xargs)"
	delete_ctr
}

c() {
	"$CTR" --root "$root" "$@"
}

@test "state: what hooks read is valid by the schema" {
	config '.root.readonly = false' '.annotations = {"a": "b/c"}'
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "cat >$T/$kind.json"
	done
	hook startContainer 'cat >/tmp/start.json'
	create_payload sleep
	ctr start "$tag"
	ok
	cp "$rootfs/tmp/start.json" "$T/startContainer.json"
	delete_ctr
	validate state-schema.json "$T"/{prestart,createRuntime,createContainer,startContainer,poststart,poststop}.json
	same '{"a":"b/c"}' "$(jq -c .annotations "$T"/{prestart,createRuntime,createContainer,startContainer,poststart,poststop}.json | sort -u)"
}

@test "spec: what it writes is valid by the schema" {
	ctr spec -b "$T"
	validate config-schema.json "$T/config.json"
	rm "$T/config.json"
	ctr spec --system --userns 100000 -b "$T"
	validate config-schema.json "$T/config.json"
}
