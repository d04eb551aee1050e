# SPDX-License-Identifier: GPL-2.0-or-later
#
# A19: annotations, which whoever writes a pod may set: those of others are text, those that change what ctr does are named
# by `ctr features` (tests/integration/annotations.bats, features.bats).

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A19: annotations of other runtimes, of engines and of CRIU change nothing of the plan" {
	args payload exit 0
	write_config
	ctr explain "$bundle"
	same 0 "$status"
	before=$output
	config ".annotations = {\"org.criu.config\": \"$outside/null\", \"io.containerd.runc.v2.log\": \"binary:///bin/sh\",
		\"io.kubernetes.cri-o.TrySkipVolumeSELinuxLabel\": \"true\", \"io.kubernetes.cri-o.userns-mode\": \"auto\",
		\"cdi.k8s.io/x\": \"vendor.com/device=all\", \"nvidia.com/gpu\": \"all\", \"run.oci.unknown\": \"1\",
		\"io.podman.annotations.privileged\": \"TRUE\",
		\"org.systemd.property.ExecStart\": \"['/bin/sh']\", \"a\": \"\$(touch $outside/pwned)\"}"
	write_config
	ctr explain "$bundle"
	same 0 "$status"
	same "$before" "$output"
	run_bundle
	same 0 "$status"
	host_is_untouched
}

@test "A19: names and values that are odd" {
	args payload exit 0
	config '.annotations = {"a\u001b[2J": "b\u001b[2J", "../../x": "../../y", "x=y": "\n", "é": "☃", "run.oci": "", "run.oci.": "x"}'
	run_bundle
	same 0 "$status"
	[[ $stderr != *$'\e'* ]]
	config '.annotations[""] = "empty"'
	run_bundle
	fails '/annotations'
}

@test "A19: each annotation that does something is listed as potentially unsafe" {
	local name
	for name in $(grep -rhoE '"(run\.oci|org\.systemd)\.[a-z._-]+"' "$lib_dir/../../src/oci/annotations.c" | tr -d '"' | sort -u); do
		"$CTR" features | jq -e --arg n "$name" '.potentiallyUnsafeConfigAnnotations | any(. as $p | $n | startswith($p))' >/dev/null ||
			{ echo "$name"; return 1; }
	done
}
