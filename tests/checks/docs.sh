#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh IOTSAFE IOTSAFE-SIM: what the programs know and what the pages say is the same.
set -eu
iotsafe=$(realpath "$1") sim=$(realpath "$2")
cd "$(dirname "$0")/../.."
bad=0
complain() {
	echo "$*"
	bad=1
}
unroff() { sed 's/\\-/-/g; s/\\f.//g; s/\\(bu//g' "$1"; }

keys=$(sed -n 's/^	{"\([a-z-]*\)", [a-z_]*, "[^"]*"},$/\1/p' src/base/settings_keys.c src/base/settings_group.c)
[ "$(wc -w <<<"$keys")" -ge 10 ] || complain 'the keys in src/base/settings_keys.c were not found'
for key in $keys; do
	unroff conf/iotsafe.conf.5 | grep -Eq "^\.B[IR] $key \"" || complain "iotsafe.conf(5): no $key"
done
for key in $(unroff conf/iotsafe.conf.5 | sed -n 's/^\.B[IR] \([a-z-]*\) " = .*/\1/p'); do
	grep -qx "$key" <<<"$keys" || complain "iotsafe.conf(5): $key is no key"
done

for option in $("$iotsafe" --help | grep -Eo -- '--[a-z-]+' | grep -vx -e --help -e --version); do
	unroff conf/iotsafe.1 | grep -Fq -- "$option" || complain "iotsafe(1): no $option"
done
for command in $("$iotsafe" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	grep -q "^\.B $command\$" conf/iotsafe.1 || complain "iotsafe(1): no $command"
	grep -q "iotsafe $command" README.md || complain "README.md: no iotsafe $command"
done
for option in $("$sim" --help | grep -Eo -- '--[a-z-]+' | grep -vx -e --help -e --version); do
	unroff conf/iotsafe-sim.1 | grep -Fq -- "$option" || complain "iotsafe-sim(1): no $option"
done
for profile in $(grep -Eo '^\|.*\| `[a-z]+` \|$' README.md | grep -Eo '`[a-z]+`' | tr -d '`'); do
	"$sim" --help | grep -Eq "^  $profile " || complain "README.md: no profile $profile"
done
for file in $(grep -Eo '`(tests|conf|src|include|pkcs11|transport)/[A-Za-z0-9_./-]*`' README.md | tr -d '`'); do
	[ -e "$file" ] || complain "README.md: no $file"
done

# the sample configuration is one, with every example line in force too
for filter in cat "sed 's/^; \(\[\|[a-z-]* = \)/\1/'"; do
	conf=$(mktemp)
	eval "$filter" <conf/iotsafe.conf >"$conf"
	found=$("$iotsafe" list --conf "$conf" --slot nobody 2>&1 || true)
	rm -f "$conf"
	grep -q 'no slot of that name' <<<"$found" || complain "conf/iotsafe.conf: $found"
done
if command -v man >/dev/null; then
	for page in conf/*.[1357]; do
		warnings=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
		[ -z "$warnings" ] || complain "$warnings"
	done
fi
exit $bad
