# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From what a VM left behind to an exit code. Only the line "exit N" on the result port counts, which
# guest-init writes when bats has ended: whatever goes wrong before leaves the file without it.

# result_code WORK END TIMEOUT: returns bats' exit code, or 99 after showing why there is none.
result_code() {
	local work=$1 end=$2 timeout=$3 line=''
	IFS= read -r line <"$work/result" || true
	if [[ $end = exited && $line =~ ^exit\ ([0-9]{1,3})$ ]]; then
		return "${BASH_REMATCH[1]}"
	fi
	result_explain "$work" "$end" "$timeout" >&2
	return 99
}

result_explain() {
	local work=$1 end=$2 timeout=$3
	case $end in
	timeout) printf 'tests/vm/run: the VM did not end within %s s and was killed\n' "$timeout" ;;
	peer) printf 'tests/vm/run: the second VM ended before the tests\n' ;;
	*) printf 'tests/vm/run: the VM ended without a result\n' ;;
	esac
	if [ -s "$work/qemu.log" ]; then
		printf -- '--- QEMU said:\n'
		tail -n 20 "$work/qemu.log"
	fi
	printf -- '--- end of the console log:\n'
	tail -n 40 "$work/console.log" 2>/dev/null || true
	if [ -e "$work/console-b.log" ]; then
		printf -- '--- of the second VM:\n'
		tail -n 40 "$work/qemu-b.log" "$work/console-b.log" 2>/dev/null || true
	fi
	printf -- '---\n'
}

result_keep_log() {
	local log
	log=$(mktemp "$(initramfs_cache)/console.XXXXXX.log")
	cat "$1"/qemu*.log "$1"/console*.log >"$log"
	printf 'tests/vm/run: console log: %s\n' "$log" >&2
}
