#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# House rules that a search can check. A finding that can come again becomes a line here.
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
tracked() { git ls-files -co --exclude-standard | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
code() { tracked | grep -E '\.[ch]$'; }
product() { code | grep -E '^(include|pkcs11|src|transport)/'; }

product | xargs grep -nE '\<(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|alloca|gets|tmpnam|mktemp|select|longjmp|setjmp)[[:space:]]*\(' |
	complain 'a banned function' || true
product | xargs grep -nE '^[[:space:]]*goto\b' | complain 'goto' || true
product | grep -vxE 'pkcs11/ck(32)?.h' | xargs grep -nE '^[[:space:]]*typedef struct' | complain 'a struct typedef' || true
product | grep -v -e '^src/cli/' -e '^src/sim/' | xargs grep -nE '\<(printf|puts|putchar|setenv|atexit|signal|sigaction|pthread_create)[[:space:]]*\(' |
	grep -v 'format(printf' | complain 'a thing that a library in a foreign process must not do' || true
tracked | grep -vE '^(LICENSE|\.git|tests/checks/mistakes\.sh)' |
	grep -vE '\.(pem|der|hex|bin|apdu|seed)$' | grep -v '/seeds/' |
	xargs grep -nwE 'TODO|FIXME|XXX|HACK|not implemented yet' |
	complain 'unfinished work' || true
product | xargs grep -nwi stub | complain 'a stub' || true
tracked | grep -E '(\.[ch]|\.def|\.sh|\.map|meson\.build|meson\.options|/run|\.[1578]|\.[1578]\.in|\.conf|\.cnf|\.rules|\.module)(\.in)?$' |
	while read -r f; do head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"; done |
	complain 'no SPDX line at the top'
# tables aligned by hand are wrapped in clang-format off
code | xargs grep -L 'clang-format off' | xargs grep -nE '^.{121,}$' |
	complain 'a line far over 100 columns' || true
code | xargs -n 40 wc -l | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }' |
	complain 'a file over 700 lines'
code | xargs grep -nE '[[:space:]]+$' | complain 'blanks at the end of a line' || true
if command -v clang-format >/dev/null; then
	for f in $(code); do
		clang-format --dry-run --Werror "$f" >/dev/null 2>&1 || echo "$f"
	done | complain 'clang-format would change it'
else
	echo 'clang-format is missing' >>"$findings"
fi
cat "$findings"
[ ! -s "$findings" ]
