# shellcheck shell=bash disable=SC2154 # W, T, driver: see drivers.bash and the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the test files of podman, after drivers.bash: podman_begin in setup_file, podman_setup in setup, and then
#
#	driver=systemd        the cgroup manager
#	pod COMMAND...        podman, which must succeed
#	try_pod COMMAND...    $status says whether it has

podman_begin() {
	drivers_begin podman conmon "$@"
	printf '[engine]\nevents_logger = "file"\n[network]\nnetwork_backend = "netavark"\n' >"$W/containers.conf"
	printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$W/policy.json"
}

podman_setup() {
	export CONTAINERS_CONF=$W/containers.conf TMPDIR=$W HOME=$W
	global=(--root "$W/storage" --runroot "$W/run" --tmpdir "$W/tmp" --storage-driver vfs --runtime "$CTR")
}

pod() {
	must podman "${global[@]}" --cgroup-manager "$driver" "$@"
}

try_pod() {
	try podman "${global[@]}" --cgroup-manager "$driver" "$@"
}

# The cgroup of a container, by its long id.
cgroup_of() {
	if [ "$driver" = cgroupfs ]; then
		echo "/sys/fs/cgroup/libpod_parent/libpod-$1"
	else
		echo "/sys/fs/cgroup/machine.slice/libpod-$1.scope"
	fi
}
