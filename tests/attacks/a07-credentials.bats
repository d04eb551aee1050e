# SPDX-License-Identifier: GPL-2.0-or-later
#
# A7: who the program is: every way to start one, as root and as another user, with and without a user namespace,
# with no, some, all and unknown capabilities, compared with what capabilities(7) makes of it.
# `exec -u` takes numbers only: tests/integration/exec.bats. What ctr verifies: user-caps.bats.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

everything=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
all_names() {
	python3 - "$everything" <<-'PY'
		import json, re, sys
		names = re.findall(r"^#define\s+(CAP_\w+)\s+(\d+)$", open("/usr/include/linux/capability.h").read(), re.M)
		print(json.dumps([n for n, bit in names if n != "CAP_LAST_CAP" and int(sys.argv[1], 16) >> int(bit) & 1]))
	PY
}

# The members of process for a case, as a jq filter.
privileges() {
	local sets='["bounding", "effective", "permitted"]'
	case $1 in
	missing) echo 'del(.capabilities)' ;;
	none) echo '.capabilities = {}' ;;
	some) echo ".capabilities = (reduce (${sets})[] as \$s ({}; .[\$s] = [\"CAP_CHOWN\", \"CAP_KILL\"]))" ;;
	inherited) echo ".capabilities = (reduce (${sets} + [\"inheritable\", \"ambient\"])[] as \$s ({}; .[\$s] = [\"CAP_KILL\"]))" ;;
	all) echo ".capabilities = (reduce (${sets} + [\"inheritable\", \"ambient\"])[] as \$s ({}; .[\$s] = $names))" ;;
	unknown) echo ".capabilities = (reduce (${sets})[] as \$s ({}; .[\$s] = [\"CAP_CHOWN\", \"CAP_OF_TOMORROW\", \"CAP_KILL\"]))" ;;
	esac
}

# What the program must find: model CASE UID; the order of /proc/self/status.
model() {
	local none=0000000000000000 some=0000000000000021 kill=0000000000000020
	local inherited=$none permitted bounding ambient=$none
	case $1 in
	missing | none) bounding=$none permitted=$none ;;
	some | unknown) bounding=$some permitted=$some ;;
	inherited) bounding=$kill permitted=$kill inherited=$kill ambient=$kill ;;
	all) bounding=$everything permitted=$everything inherited=$everything ambient=$everything ;;
	esac
	# what was permitted does not survive the execve of one who is not root
	[ "$2" = 0 ] || permitted=$ambient
	printf 'CapInh %s\nCapPrm %s\nCapEff %s\nCapBnd %s\nCapAmb %s\nNoNewPrivs 1\nSeccomp 2\n' \
		"$inherited" "$permitted" "$permitted" "$bounding" "$ambient"
	printf 'uid=%d,%d,%d gid=%d,%d,%d groups=%s umask=0022' "$2" "$2" "$2" "$2" "$2" "$2" "$([ "$2" = 0 ] || echo 7,8)"
}

user_of() {
	if [ "$1" = 0 ]; then
		echo '.user = {"uid": 0, "gid": 0}'
	else
		echo '.user = {"uid": 1000, "gid": 1000, "additionalGids": [7, 8]}'
	fi
}

# A caller with groups, an inheritable capability and an ambient one: nothing of it may come along.
greedy() {
	local how=$1
	shift
	capture setpriv --groups 4,5,6 --inh-caps +kill,+chown --ambient-caps +kill,+chown "$@"
	[ "$status" -eq 0 ] || { echo "$how"; report; return 1; }
}

as_model() {
	same "$(model "$2" "$3")" "$output" || { echo "$*"; return 1; }
}

# matrix NAMESPACE: all of it in one kind of container
matrix() {
	local case uid
	names=$(all_names)
	for uid in 0 1000; do
		for case in missing none some inherited all unknown; do
			fresh_config "$2" ".process |= ($(privileges "$case"))" ".process |= ($(user_of "$uid"))" \
				'.process.noNewPrivileges = true'
			[ "$1" = host ] || user_namespace
			args payload caps , ids
			write_config
			greedy "$1 run" "$CTR" --root "$root" run "$bundle"
			as_model "$1 run" "$case" "$uid"
			config '.process.args = ["payload", "sleep"]'
			write_config
			"$CTR" --root "$root" run -d -b "$bundle" "$tag" >/dev/null 2>&1 </dev/null
			greedy "$1 exec" "$CTR" --root "$root" exec "$tag" payload caps , ids
			as_model "$1 exec" "$case" "$uid"
			executed_with_a_process "$@"
			delete_ctr
		done
	done
}

# exec -p in the container that stands there, with the privileges and the user of another case each
executed_with_a_process() {
	local case uid
	for uid in 0 1000; do
		for case in some all; do
			jq -n "{cwd: \"/\", env: [\"PATH=/bin\"], args: [\"payload\", \"caps\", \",\", \"ids\"], noNewPrivileges: true} |
				$(privileges "$case") | $(user_of "$uid")" >"$T/process.json"
			greedy "$1 exec -p" "$CTR" --root "$root" exec -p "$T/process.json" "$tag"
			as_model "$1 exec -p" "$case" "$uid"
		done
	done
}

@test "A7: the credentials of every way to start a program: the host's user namespace" {
	matrix host .
}

@test "A7: the credentials of every way to start a program: a user namespace of its own" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	matrix own .
}

@test "A7: exec --cap adds to the sets of that program alone, and to nobody who is not root" {
	config '.process.noNewPrivileges = true' ".process |= ($(privileges none))"
	start_payload sleep
	ctr exec -c CAP_KILL "$tag" payload caps
	has 'CapInh 0000000000000000' 'CapPrm 0000000000000020' 'CapAmb 0000000000000000' 'CapBnd 0000000000000020'
	ctr exec -c CAP_KILL -u 1000 "$tag" payload caps
	has 'CapInh 0000000000000000' 'CapPrm 0000000000000000' 'CapEff 0000000000000000' 'CapAmb 0000000000000000'
	ctr exec "$tag" payload caps
	has 'CapPrm 0000000000000000' 'CapBnd 0000000000000000'
	delete_ctr
}

@test "A7: names in the image's passwd and group are nobody: numbers are users" {
	printf '1000:x:0:0::/:/bin/sh\nroot:x:5:5::/:/bin/sh\n+1000:x:0:0::/:/bin/sh\n' >"$rootfs/etc/passwd"
	printf '1000:x:0:1000\nroot:x:5:1000\n' >"$rootfs/etc/group"
	config '.process.user = {"uid": 1000, "gid": 1000}'
	start_payload sleep
	ctr exec -u 1000 "$tag" payload ids
	has 'uid=1000,1000,1000 gid=' 'groups= '
	ctr exec -u 1000:1000 "$tag" payload ids
	is 'uid=1000,1000,1000 gid=1000,1000,1000 groups= umask=0022'
	ctr exec -u root "$tag" payload ids
	same 255 "$status"
	delete_ctr
}
