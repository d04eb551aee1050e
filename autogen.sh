#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes ./configure from configure.ac. Needs autoconf, automake and pkg-config.
set -eu

cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		package=$tool
		[ "$tool" != autoreconf ] || package=autoconf
		echo "autogen.sh: $tool is missing: install the package $package" >&2
		exit 1
	fi
done
mkdir -p build-aux
exec autoreconf --install --force --warnings=all,no-portability,no-override
