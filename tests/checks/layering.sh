#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkcs11 -> src/core -> transport -> src/base, and nothing upwards. The compiler sees to most of it by
# include folders; this sees to what it cannot.
set -eu
cd "$(dirname "$0")/../.."
# each rule runs in a pipeline, so what it finds is collected in a file
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
complain() { # TEXT; lines on stdin
	local lines
	lines=$(cat)
	[ -z "$lines" ] || printf '%s:\n%s\n' "$1" "$lines" >>"$findings"
}
files() { git ls-files -co --exclude-standard -- "$@" | grep -E '\.[ch]$' || true; }
# Files of the folders that include a header of the given include folder.
includes() { # HEADER-FOLDER FOLDER…
	local header file folder=$1
	shift
	for header in "$folder"/*.h; do
		header=$(basename "$header")
		files "$@" | while read -r file; do
			# a file finds a header of that name beside itself first
			[ -e "$(dirname "$file")/$header" ] || echo "$file"
		done | xargs -r grep -nE "^#include [\"<](.*/)?$header[\">]" || true
	done
}

files include pkcs11 src transport tests | xargs grep -nE '^#include "\.\./' |
	complain 'an include that climbs' || true
includes include/core transport include/transport include/base src/base src/sim |
	complain 'a layer below the core, or the simulator, includes the core'
includes include/transport include/base src/base src/sim |
	complain 'a layer below the transports, or the simulator, includes them'
files include src transport | xargs grep -nE '\bCK[A-Z]?_[A-Z]' | grep -v '^src/cli/' |
	grep -vE ':[[:space:]]*(\*|/\*|//)|/\*.*\bCK[A-Z]?_[A-Z].*\*/|X\(' |
	complain 'a Cryptoki name below pkcs11/' || true
files include src/base src/core src/sim src/cli pkcs11 | xargs grep -nE '<(termios|winscard|PCSC/.*)\.h>' |
	grep -v '^src/sim/' | complain 'a device header outside transport/' || true
cat "$findings"
[ ! -s "$findings" ]
