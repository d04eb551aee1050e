# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: help, version, option spellings, spec, completion.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

commands() {
	"$CTR" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "cli: --version" {
	for option in --version -v -version; do
		ctr "$option"
		ok
		[[ $(head -n 1 <<<"$output") =~ ^ctr\ version\ [0-9]+\.[0-9]+ ]]
		has 'commit: ' 'spec: 1.3.0'
		# docker takes the last line with the word
		same 1 "$(grep -c version <<<"$output")"
	done
}

@test "cli: --help and no arguments" {
	for option in --help -h help ''; do
		# shellcheck disable=SC2086 # none is none
		capture "$CTR" $option
		ok
		has 'Usage: ' 'Commands:' '  run ' '  state ' '  list ' '  kill ' '  delete ' '--root DIR'
	done
}

@test "cli: CMD --help, wherever it stands, does nothing else" {
	for command in $(commands); do
		for option in --help -h; do
			ctr "$command" "$option"
			ok
			has "Usage: ctr $command" '-h, --help'
		done
	done
	ctr run -d --help -b "$T/none" id
	ok
	has 'Usage: ctr run'
}

@test "cli: every command that --help names has a summary" {
	[ "$(commands | wc -l)" -ge 8 ]
	ctr --help
	refute grep -E '^  [a-z]+ *$' <<<"$output"
}

@test "cli: an unknown command" {
	ctr frobnicate
	fails "unknown command 'frobnicate'" 'see ctr --help'
}

@test "cli: unknown options start nothing" {
	write_config
	ctr --frob run "$bundle"
	fails "unknown option '--frob'"
	ctr run --frob "$bundle"
	fails "run: unknown option '--frob'"
	ctr run -x "$bundle"
	fails "unknown option '-x'"
	ctr run -dx "$bundle"
	fails "unknown option '-dx'"
	[ ! -e "$root" ]
}

@test "cli: an option without its argument, a flag with one, a number that is none" {
	ctr run --bundle
	fails 'flag needs an argument: --bundle'
	capture "$CTR" --root
	fails 'flag needs an argument: --root'
	ctr run --detach=maybe "$bundle"
	fails '--detach takes no value'
	ctr run --preserve-fds many "$bundle"
	fails "--preserve-fds: 'many' is not a number"
	ctr run --preserve-fds=-1 "$bundle"
	fails "'-1' is not a number"
}

@test "cli: too many arguments, too few" {
	ctr run
	fails 'run: an argument is missing' 'usage: ctr run'
	ctr run a b
	fails 'run: too many arguments' 'usage: ctr run'
	ctr delete a b
	fails 'too many arguments'
	ctr kill
	fails 'an argument is missing'
}

@test "cli: options before and behind the argument, clusters, --" {
	args payload sleep
	write_config
	ctr run "$bundle" -d
	ok
	ctr delete "$tag" --force
	is ''
	ctr run -db "$bundle" "$tag"
	ok
	ctr delete -f -- "$tag"
	is ''
	ctr run --detach=true -b="$bundle" "$tag"
	ok
	ctr --root="$root" delete -force "$tag"
	is ''
}

@test "cli: kill stops reading options at the id" {
	start_payload sleep
	ctr kill "$tag" -9
	[ "$status" -eq 0 ] || fails "unknown signal '-9'"
	delete_ctr
}

@test "cli: an unknown value of --log-format" {
	ctr --log-format xml list
	fails "--log-format: unknown value 'xml'" 'text, json'
}

@test "cli: a full standard output is an error" {
	[ -e /dev/full ] || need /dev/full
	refute "$CTR" --help >/dev/full 2>"$T/stderr"
	grep -q 'no space left on device' "$T/stderr"
	start_payload sleep
	refute "$CTR" --root "$root" state "$tag" >/dev/full 2>"$T/stderr"
	grep -q 'no space left on device' "$T/stderr"
	delete_ctr
}

@test "cli: a relative --root" {
	args payload sleep
	write_config
	cd "$T"
	capture "$CTR" --root state run -d "$bundle"
	ok
	same running "$(state_of)"
	delete_ctr
}

@test "cli: the state directory is made, for us alone" {
	args payload exit 0
	write_config
	capture "$CTR" --root "$T/a/b/c" run "$bundle"
	ok
	same 700 "$(stat -c %a "$T/a/b/c")"
}

@test "cli: an empty environment" {
	args payload sleep
	write_config
	capture env -i "$CTR" --root "$root" run -d "$bundle"
	ok
	capture env -i "$CTR" --root "$root" delete -f "$tag"
	is ''
}

# --- spec ---

@test "spec: the config runs as it is" {
	rm -f "$bundle/config.json"
	ctr spec -b "$bundle"
	is ''
	capture "$lib_dir/pty" 'expect=# ' 'send=exit 3\n' -- "$CTR" --root "$root" run "$bundle"
	has '[exit 3]'
}

@test "spec: in the working directory" {
	cd "$bundle"
	ctr spec
	is ''
	same 1.3.0 "$(jq -r .ociVersion config.json)"
	same 644 "$(stat -c %a config.json)"
}

@test "spec: what it says" {
	ctr spec -b "$bundle"
	jq -e '.process.terminal and .root.readonly and .process.noNewPrivileges
		and .process.args == ["sh"] and .process.cwd == "/"
		and ([.linux.namespaces[].type] | sort) == ["cgroup", "ipc", "mount", "network", "pid", "uts"]
		and (.linux.maskedPaths | index("/proc/kcore")) and (.linux.readonlyPaths | index("/proc/sys"))
		and .linux.resources.devices[0] == {"allow": false, "access": "rwm"}' "$bundle/config.json"
}

@test "spec: --system" {
	ctr spec --system -b "$bundle"
	is ''
	jq -e '(.process.terminal | not) and (.root.readonly | not) and .process.args == ["/sbin/init"]
		and (.process.env | index("container=oci"))
		and any(.process.env[]; test("^container_uuid=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))
		and ([.linux.namespaces[].type] | index("user") | not)
		and (.process.capabilities.bounding | index("CAP_SYS_ADMIN") | not)' "$bundle/config.json"
	mv "$bundle/config.json" "$T/first"
	ctr spec --system -b "$bundle"
	refute cmp -s "$T/first" "$bundle/config.json"
}

@test "spec: --userns" {
	ctr spec --userns 100000 -b "$bundle"
	is ''
	jq -e '.linux.uidMappings == [{"containerID": 0, "hostID": 100000, "size": 65536}]
		and .linux.gidMappings == .linux.uidMappings' "$bundle/config.json"
	rm "$bundle/config.json"
	ctr spec --system --userns 5:7 -b "$bundle"
	jq -e '.linux.uidMappings == [{"containerID": 0, "hostID": 5, "size": 7}]
		and .process.args == ["/sbin/init"]' "$bundle/config.json"
	rm "$bundle/config.json"
	for bad in '' x 5: 5:0 :5 -1 5:x 4294967290:10 4294967295 '5 '; do
		ctr spec --userns "$bad" -b "$bundle"
		fails "--userns '$bad': not a range of ids" '100000:65536'
		[ ! -e "$bundle/config.json" ]
	done
}

@test "spec: --rootless excludes --system and --userns" {
	ctr spec --rootless --system -b "$bundle"
	fails '--rootless cannot be combined with --system'
	ctr spec --rootless --userns 5 -b "$bundle"
	fails '--rootless cannot be combined with --userns'
}

@test "spec: an existing config is not overwritten" {
	echo mine >"$bundle/config.json"
	ctr spec -b "$bundle"
	fails "$bundle/config.json" 'file exists' 'move it away first'
	same mine "$(cat "$bundle/config.json")"
	ln -sf "$T/target" "$bundle/config.json"
	ctr spec -b "$bundle"
	fails "$bundle/config.json"
	[ ! -e "$T/target" ]
}

@test "spec: no such directory" {
	ctr spec -b "$T/none"
	fails "$T/none" 'no such file or directory'
}

@test "spec: --rootless" {
	ctr spec --rootless -b "$bundle"
	is ''
	jq -e '([.linux.namespaces[].type] | index("user")) and ([.linux.namespaces[].type] | index("network") | not)
		and (.linux.uidMappings | length) == 1 and .linux.uidMappings[0].size == 1
		and ([.mounts[] | select(.destination == "/sys")][0].options | index("rbind"))' "$bundle/config.json"
	rm "$bundle/config.json"
	chmod 755 "$BATS_RUN_TMPDIR" "$T"
	chmod 777 "$bundle"
	copy_ctr "$T/ctr"
	capture setpriv --reuid 1234 --regid 1235 --clear-groups "$T/ctr" spec --rootless -b "$bundle"
	ok
	same '1234 1235' "$(jq -r '"\(.linux.uidMappings[0].hostID) \(.linux.gidMappings[0].hostID)"' "$bundle/config.json")"
}

# --- completion ---

@test "completion: every command is in it, and bash can read it" {
	ctr completion bash
	ok
	for command in $(commands); do
		has "$command"
	done
	bash -n "$T/stdout"
}

@test "completion: it completes" {
	"$CTR" completion bash >"$T/completion"
	# shellcheck disable=SC2016 # for the other shell
	capture bash -c '. "$1"; complete -p ctr' - "$T/completion"
	ok
	# shellcheck disable=SC2016
	capture bash -c '. "$1"; f=$(complete -p ctr | sed "s/.*-F \([^ ]*\).*/\1/")
		COMP_WORDS=(ctr de) COMP_CWORD=1 COMP_LINE="ctr de" COMP_POINT=6
		$f ctr de ctr; printf "%s\n" "${COMPREPLY[@]}"' - "$T/completion"
	has delete
}

@test "completion: an unknown shell" {
	ctr completion frob
	fails 'frob'
}

# --- what callers give: one line for each row of the tables of runc's and crun's options ---

# each GLOBAL-OPTION...: parsed, and everything behind it as well
accepted_globally() {
	capture "$CTR" "$@" --version
	ok
	[[ $output == 'ctr version '* ]]
}

@test "cli: every global option that callers give" {
	local row
	while read -r row; do
		# shellcheck disable=SC2086 # words
		accepted_globally $row
	done <<-END
		--root $T/r
		--root=$T/r
		-root $T/r
		--log $T/log
		--log=$T/log
		--log-format text
		--log-format=json
		--log-level debug
		--log-level warning
		--debug
		--debug=false
		--systemd-cgroup
		--systemd-cgroup=true
		--cgroup-manager cgroupfs
		--cgroup-manager systemd
		--cgroup-manager=disabled
		--rootless auto
		--rootless=false
		--criu /usr/sbin/criu
		--criu=/usr/sbin/criu
		-v
	END
	[ ! -e "$T/r" ] && [ ! -e "$T/log" ]
	capture "$CTR" --criu
	fails 'flag needs an argument: --criu'
	capture "$CTR" --log-format xml --version
	fails 'log-format' "'xml'"
}

# Nothing runs, because of --help; but all the rest has to be options of the verb.
@test "cli: every option of every verb that callers give" {
	local verb row
	while read -r verb row; do
		# shellcheck disable=SC2086 # words
		ctr "$verb" --help $row
		ok
		has "Usage: ctr $verb"
	done <<-END
		create --bundle B --pid-file P --console-socket S --no-pivot --no-new-keyring --preserve-fds 1 ID
		create -b B --pidfd-socket S -f config.json --config config.json --no-subreaper ID
		run --bundle B --no-pivot --keep ID
		run -b B -d --detach --no-subreaper --pid-file P --console-socket S --pidfd-socket S ID
		run --no-new-keyring --preserve-fds=2 -f config.json ID
		restore --image-path I --work-path W --bundle B -d --pid-file P --console-socket S -no-subreaper --no-pivot ID
		restore --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode soft --empty-ns network ID
		restore --tcp-close --lazy-pages --auto-dedup --lsm-profile apparmor:A --lsm-mount-context C ID
		restore --network-lock skip --no-new-keyring --preserve-fds 1 --pidfd-socket S --detach ID
		start ID
		state ID
		kill --all ID 9
		kill -a -r ID KILL
		kill --regex ID
		delete --force ID
		delete -f -r ID
		delete --regex ID
		list -f table -q
		list --format=json --quiet
		ps -f json ID
		ps --format table ID
		pause ID
		resume ID
		spec -b B --rootless
		spec --bundle=B -f FILE
		features
		exec -p FILE -d --pid-file F --console-socket S ID
		exec --process FILE --detach --pidfd-socket S --preserve-fds 1 ID
		exec -t --cwd / -e A=B --env C=D -u 1:2 --user 1 -g 3 --additional-gids 4 ID
		exec --tty=false -t=no -t=true --no-new-privs -c CAP_KILL --cap CAP_KILL ID
		exec --process-label L --apparmor P --cgroup / --ignore-paused ID
	END
}

@test "cli: what a flag can be" {
	write_config
	for value in maybe '' 2 tRUE; do
		ctr run "--keep=$value" "$bundle"
		fails "option --keep takes no value, or true or false"
		ctr run "-d=$value" "$bundle"
		fails "option --detach takes no value, or true or false"
	done
	args sh -c 'test -t 0 || echo none'
	write_config
	ctr run --detach=F -d=no "$bundle"
	is none
}

@test "spec: --config: another file" {
	ctr spec -b "$bundle" -f other.json
	ok
	[ ! -e "$bundle/config.json" ]
	jq -e .ociVersion "$bundle/other.json"
	ctr spec --config="$bundle/other.json"
	fails "write '$bundle/other.json'" 'file exists'
	ctr run -b "$bundle" -f "$bundle/none.json" "$tag"
	fails "$bundle/none.json"
}

@test "exec: --cgroup with controllers, as in cgroup v1" {
	start_payload sleep
	capture "$CTR" --root "$root" exec --cgroup cpu:/x "$tag" payload exit 0
	same 255 "$status"
	[[ $stderr == *"--cgroup 'cpu:/x': in cgroup v2 all controllers have one path"* ]]
	capture "$CTR" --root "$root" exec --cgroup / "$tag" payload exit 0
	ok
	delete_ctr
}
