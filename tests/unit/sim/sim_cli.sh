#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line of iotsafe-sim: what it prints, what it refuses, how it ends.
# Usage: sim_cli.sh IOTSAFE_SIM
set -eu

sim=$1
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# refuses WORD ARGS...: exit 2, WORD in the complaint, nothing on stdout
refuses() {
	word=$1
	shift
	rc=0
	out=$(timeout 10 "$sim" "$@" 2>"$dir/err") || rc=$?
	[ "$rc" -eq 2 ] || fail "$*: exit $rc"
	[ -z "$out" ] || fail "$*: said '$out'"
	grep -qF -- "$word" "$dir/err" || fail "$*: complained '$(cat "$dir/err")', not of '$word'"
}

"$sim" --help >"$dir/help"
for word in demo type2 thales zariot ntt quantag wolfssl pin rsa empty full \
	--unix --at --vpcd --apdu-log --latency --byte-rate --pin --puk --key --secret --fault C12 F16 BADSIG; do
	grep -qF -- "$word" "$dir/help" || fail "--help does not tell of $word"
done
"$sim" --version | grep -q '^iotsafe-sim [0-9]' || fail --version

refuses 'expected new or run'
refuses 'expected new or run' walk
refuses 'DIR --profile NAME' new
refuses 'DIR --profile NAME' new "$dir/a"
refuses "no profile is called 'x'" new "$dir/a" --profile x
refuses 'unknown option --seed' new "$dir/a" --profile demo --seed 1
refuses 'one DIR' new "$dir/a" "$dir/b" --profile demo
refuses '--iccid' new "$dir/a" --profile demo --iccid 12
refuses '--iccid' new "$dir/a" --profile demo --iccid
refuses '--cert-size' new "$dir/a" --profile demo --cert-size 70000
refuses '--key: expected ID=HEX' new "$dir/a" --profile demo --key
refuses '--key: there is no private key 77' new "$dir/c" --profile demo --key 77=00
refuses '--secret: there is no secret key 0A' new "$dir/d" --profile demo --secret 0A=00
refuses 'not empty' new "$dir" --profile demo
refuses '--pin: expected 4 to 8 digits' new "$dir/a" --profile pin --pin
rm -rf "$dir/a"
refuses '--pin: expected 4 to 8 digits' new "$dir/a" --profile pin --pin 123
rm -rf "$dir/a"
refuses '--puk: expected 8 digits' new "$dir/a" --profile pin --puk 1234567
rm -rf "$dir/a"
[ "$("$sim" new "$dir/a" --profile pin)" = 'application PIN 1234, PUK 12345678' ] ||
	fail 'new does not tell the PIN'
rm -rf "$dir/a"
[ "$("$sim" new "$dir/a" --profile pin --pin 4711 --puk 11223344)" = \
	'application PIN 4711, PUK 11223344' ] || fail 'new does not tell the PIN of --pin'
grep -q '^value = 34373131FFFFFFFF$' "$dir/a/card.txt" || fail '--pin did nothing'
rm -rf "$dir/a"
[ -z "$("$sim" new "$dir/a" --profile demo)" ] || fail 'new tells of a PIN that nobody needs'

rm -rf "$dir/a" "$dir/b"
"$sim" new "$dir/a" --profile demo --iccid 8988211000000000015 --cert-size 900
[ "$(stat -c %a "$dir/a")" = 700 ] || fail "the card's directory is open to others"
[ "$(stat -c %a "$dir/a/ca.key")" = 600 ] || fail "ca.key is open to others"

refuses 'DIR FRONT' run
refuses 'made by: iotsafe-sim new' run "$dir/none" --unix "$dir/s"
refuses 'at least one front' run "$dir/a"
refuses 'unknown option --speed' run "$dir/a" --speed 9
refuses 'expected an argument' run "$dir/a" --unix
refuses '--latency' run "$dir/a" --unix "$dir/s" --latency soon
refuses '--byte-rate' run "$dir/a" --unix "$dir/s" --byte-rate -1
refuses '--fault' run "$dir/a" --unix "$dir/s" --fault C99
refuses '--fault' run "$dir/a" --unix "$dir/s" --fault
refuses '/nonexistent/log' run "$dir/a" --unix "$dir/s" --apdu-log /nonexistent/log
refuses '/nonexistent/s' run "$dir/a" --unix /nonexistent/s

for signal in TERM INT; do
	# a script's background job ignores SIGINT: give it back
	env --default-signal=INT "$sim" run "$dir/a" --unix "$dir/s" --apdu-log "$dir/log" \
		--latency 1 --byte-rate 100000 --fault C5@3 >"$dir/out" &
	pid=$!
	tries=0
	until grep -q '^ready$' "$dir/out"; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || fail "never ready"
		sleep 0.1
	done
	[ -S "$dir/s" ] || fail "no socket"
	refuses 'in use by another iotsafe-sim' run "$dir/a" --unix "$dir/s2"
	kill -"$signal" "$pid"
	rc=0
	wait "$pid" || rc=$?
	pid=
	[ "$rc" -eq 0 ] || fail "SIG$signal: exit $rc"
	[ ! -e "$dir/s" ] || fail "the socket is still there"
	[ -f "$dir/log" ] || fail "no log"
done
echo "ok"
