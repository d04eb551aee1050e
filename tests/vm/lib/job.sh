# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The job: a small bash script that sets the environment and becomes bats. The same script runs
# in the VM and, where no VM is needed, on the host.

job_export() {
	printf 'export %s=%q\n' "$1" "$2"
}

job_environment() {
	local ctr=$1
	printf '#!/bin/bash\n'
	job_export CTR "$ctr"
	job_export CTR_TESTS_MUST_RUN "${CTR_TESTS_MUST_RUN:-}"
	# shellcheck disable=SC2154 # opt_helpers is set by run
	job_export CTR_HELPERS "$opt_helpers"
	[ -z "${CTR_PAYLOAD:-}" ] || job_export CTR_PAYLOAD "$CTR_PAYLOAD"
	printf 'cd %q\n' "$PWD"
}

# job_write FILE CTR FILTER TEST...
job_write() {
	local file=$1 ctr=$2 filter=$3
	shift 3
	{
		job_environment "$ctr"
		printf 'exec bats --formatter tap'
		# shellcheck disable=SC2154 # opt_timing is set by run
		[ -z "$opt_timing" ] || printf ' --timing'
		[ -z "$filter" ] || printf ' --filter %q' "$filter"
		# shellcheck disable=SC2154 # opt_tags is set by run
		[ ${#opt_tags[@]} -eq 0 ] || printf ' --filter-tags %q' "${opt_tags[@]}"
		printf ' %q' "$@"
		printf '\n'
	} >"$file"
}

job_write_shell() {
	{
		job_environment "$2"
		printf 'exec bash -i\n'
	} >"$1"
}

# What must stay visible in the VM although /tmp and /run are fresh there: this source tree and the
# directories of the programs under test and of the test files, or just the file where that
# directory is /tmp or /run itself. One path per line.
job_keep() {
	local path
	{
		# shellcheck disable=SC2154 # vm_dir is set by run
		git -C "$vm_dir" rev-parse --show-toplevel 2>/dev/null || realpath "$vm_dir/../.."
		pwd -P
		for path in "$@" ${CTR_PAYLOAD:+"$CTR_PAYLOAD"}; do
			dirname "$path"
			printf '%s\n' "$path"
		done
	} | sort -u | grep -E '^/(tmp|run|dev/shm)/.' || true
}
