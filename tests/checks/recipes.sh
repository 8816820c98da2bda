#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every fenced block of README.md and the recipes is what a test runs, writes or looks for: its tag says how, and a script
# of tests/interop that meson runs goes through all of them (tests/lib/recipe.sh).
set -eu
cd "$(dirname "$0")/../.."
bad=0
complain() {
	echo "$*"
	bad=1
}

for page in README.md conf/recipes/*.md; do
	name=$(basename "$page" .md)
	more='^$'
	[ "$name" != README ] || more='^[0-9]+: ```[a-z]+ (conf=[a-z-]+|by=tests/run.sh|by=tests/interop/trixie.sh)$'
	awk '/^```/ { open = !open; if (open) print FNR ": " $0 } END { if (open) print "the last block has no end" }' "$page" |
		grep -Ev '^[0-9]+: ```[a-z]+ (install|run=[a-z0-9-]+|shows=[a-z0-9-]+|file=/[^ ]+)$' |
		grep -Ev "$more" |
		sed "s|^|$page: no tag: |" | grep . && bad=1
	scripts=$(grep -lx "recipe $name" tests/interop/*.sh tests/packages.sh || true)
	[ -n "$scripts" ] || complain "$page: no script in tests/interop says \"recipe $name\""
	for script in $scripts; do
		grep -qx 'recipe_done' "$script" || complain "$script: does not end with recipe_done"
		# tests/run.sh runs that of the packages by itself
		[ "$script" = tests/packages.sh ] || grep -Eq "^ +'$(basename "$script" .sh)': \[|files\('$(basename "$script")'\)" tests/interop/meson.build ||
			complain "$script: is not in tests/interop/meson.build"
	done
	for package in $(sed -n 's/^apt-get install//p' "$page"); do
		grep -Eq "(^|[^a-z0-9-])$package([^a-z0-9-]|\$)" tests/setup.sh || [ "$name" = debian ] || [ "$name" = openssl-provider ] ||
			complain "$page: tests/setup.sh does not install $package"
	done
	[ "$name" = README ] || grep -q "'recipes/$name.md'" conf/meson.build || complain "$page: conf/meson.build does not install it"
done

# The matrix has every script that meson runs over a link, and no other.
scripts=$(sed -n "s/^ *'\([a-z0-9_]*\)': \[.*/\1/p; s/^test('\([a-z0-9_]*\)-[a-z]*', .*/\1/p" tests/interop/meson.build | sort)
rows=$(grep -v '^#' tests/interop/programs | sed 's/.*| *//' | sort)
diff <(echo "$scripts") <(echo "$rows") || complain 'tests/interop/programs and tests/interop/meson.build differ (< meson.build)'
exit $bad
