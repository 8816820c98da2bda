#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The client matrix of the last run of suite interop, from meson's own log: tests/matrix.sh [BUILD [SANITIZED-BUILD]].
# A row: program, version, seconds, cells that passed with sanitizers, the command for one cell, the cells with their
# seconds. Fails if a cell failed, or has no result.
set -eu
cd "$(dirname "$0")/.."
plain=${1:-build}
sanitized=${2:-build-asan}

# "SCRIPT LINK RESULT SECONDS" a line
results() { # BUILD
	local log
	for log in "$1"/meson-logs/interop.json "$1"/meson-logs/trixie.json; do
		[ -e "$log" ] || continue
		jq -r '(.name | split(" / ")[1] | capture("^(?<script>[^-]+)-(?<link>.*)$")) as $n
			| [$n.script, $n.link, .result, .duration] | @tsv' "$log"
	done
}

version() { # PACKAGE: without epoch and Debian's part; of one that a test has for itself, apt's
	[ -n "$1" ] || return 0
	{
		dpkg-query -W -f '${Version}\n' "$1" 2>/dev/null | grep . ||
			apt-cache policy "$1" | awk '/Candidate:/ { print $2 }'
	} | sed 's/^[0-9]*://; s/[-+~].*//'
}

cells=$(mktemp)
trap 'rm -f "$cells"' EXIT
code=0
{
	results "$plain" | sed 's/^/plain\t/'
	results "$sanitized" | sed 's/^/sanitized\t/'
} >"$cells"

printf '%-34s %-8s %6s %9s  %-38s %s\n' program version time sanitized 'a cell alone' cells
while IFS='|' read -r program package script; do
	script=${script// /}
	awk -F '\t' -v program="${program% }" -v version="$(version "${package// /}")" -v script="$script" '
		$2 == script && $1 == "sanitized" { all++; good += $4 == "OK" }
		$2 == script && $1 == "plain" {
			time += $5
			cells = cells " " $3 " " ($4 == "OK" ? sprintf("%.1f", $5) : $4)
			if ($4 != "OK") bad = 1
		}
		END {
			if (cells == "") { cells = " no result"; bad = 1 }
			printf "%-34s %-8.8s %5.1fs %9s  %-38s%s\n", program, version, time,
				all ? good "/" all : "", "tests/interop/" script ".sh LINK", cells
			exit bad || good != all
		}' "$cells" || code=1
done < <(grep -v '^#' tests/interop/programs)
awk -F '\t' '$1 == "plain" { n++; time += $5; good += $4 == "OK" }
	END { printf "%d of %d cells passed; %.0f s of tests\n", good, n, time }' "$cells"
exit $code
