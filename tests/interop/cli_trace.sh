#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe trace: a program's exchanges, its exit status, its streams, its signals. cli_trace.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"
key='pkcs11:token=simtok;object=device;type=private'
echo data >"$work/data"
# the program in its own environment: iotsafe itself is not to be preloaded
traced() { # OPTIONS -- PROGRAM…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	TMPDIR=$work ASAN_OPTIONS=detect_leaks=0 timeout -k 5 60 "$build/iotsafe" trace \
		${options[@]+"${options[@]}"} ${host_env[@]+"${host_env[@]}"} "$@"
}
sign() { # OPTION…
	PKCS11_MODULE_PATH=$module traced "$@" -- openssl dgst -sha256 -engine pkcs11 -keyform engine \
		-sign "$key" -out "$work/sig" "$work/data"
}

check_signs 'a signature' sign
shows '  its commands' '--> COMPUTE SIGNATURE init: key 01, SHA-256, ECDSA [08][01]2A00'
shows '  the status words' '<-- 9000 success, [0-9.]+ ms'
shows '  data to be signed are masked' 'COMPUTE SIGNATURE update [08][01]2B8001.*35 masked'
shows '  the call that it was for' '    C_Sign: [0-9.]+ ms, of which [0-9.]+ ms in the link and the card'
shows '  the count by kind' '^COMPUTE SIGNATURE init +1 '
shows '  the time in the card' '^ +[0-9.]+ ms    and in the card'
shows '  the time in us' '^ +[0-9.]+ ms  in the module itself'
shows_not '  no colours in a file' $'\033'
digest=$(openssl dgst -sha256 "$work/data" | sed 's/.*= //' | tr a-f A-F)
shows_not '  nowhere the digest' "$digest"
check '  nothing is left behind' sh -c "! ls -d '$work'/iotsafe-trace.* 2>/dev/null"
check 'as JSON in a file' sign --json --out "$work/trace.json"
check '  is JSON' jq -e '.exit == 0 and .summary.exchanges == (.exchanges | length) and
	.summary.exchanges > 3 and ([.exchanges[] | select(.sw != "9000")] | length == 0) and
	.summary.module_us > 0 and .summary.program_us >= .summary.exchanges_us' "$work/trace.json"
check '  for its owner only' test "$(stat -c %a "$work/trace.json")" = 600
check '  every exchange is in it' test "$(jq '[.exchanges[] | select(.name | startswith("COMPUTE"))] | length' \
	"$work/trace.json")" = 2
check '  a PIN on the command line is masked' traced --json --out "$work/pin.json" -- \
	true 'pkcs11:token=x?pin-value=9753&x=y'
shows_not '  it is not there' 9753 "$work/pin.json"
shows '  but the rest' 'pin-value=\[masked\]&x=y' "$work/pin.json"
check 'colours where they are asked for' sign --color always
shows '  are there' $'\033\\[32m9000 success'
check 'children are shown by their pid' traced --json --out "$work/two.json" -- \
	sh -c '"$0" list >/dev/null; "$0" list >/dev/null' "$build/iotsafe"
check '  two of them' jq -e '[.exchanges[].pid] | unique | length == 2' "$work/two.json"
check '--uri holds for the program' env -u IOTSAFE_CONF "$build/iotsafe" trace --uri "$slot_uri" "$build/iotsafe" list
shows '  which found the SIM' 'IoT SAFE|private-key'

# --- the program's own affairs ---
check_exit 'its exit status' 7 traced -- sh -c 'exit 7'
shows '  no call of the module is told' 'did not call the module'
check_exit 'a program that is not there' 127 "$build/iotsafe" trace "$work/nothing"
shows '  is named' "nothing: No such file"
check_exit 'one that cannot be run' 126 "$build/iotsafe" trace "$work/data"
check_exit 'no program' 2 "$build/iotsafe" trace
shows '  says so' 'PROGRAM is missing'
check_exit 'options behind the program are its own' 3 traced -- sh -c '[ "$1" = --json ] && exit 3' sh --json
check_exit 'an unknown option before it is ours' 2 "$build/iotsafe" trace --nonsense true
through() { [ "$(echo words | "$build/iotsafe" trace sh -c 'cat; echo err >&2' 2>/dev/null)" = words ]; }
check 'standard input and output are its own' through
check_exit 'a signal that ends it' 137 "$build/iotsafe" trace sh -c 'kill -9 $$'
shows '  is told' 'ended by signal 9'
ended_by_term() { # [PREFIX…]
	local pid code=0
	rm -f "$work/child"
	"$@" "$build/iotsafe" trace sh -c "echo \$\$ >'$work/child'; exec sleep 60" &
	pid=$!
	wait_for test -s "$work/child"
	kill "$pid"
	wait "$pid" || code=$?
	! kill -0 "$(cat "$work/child")" 2>/dev/null && [ "$code" = 143 ]
}
check 'SIGTERM is passed on, and the report comes still' ended_by_term
shows '  it does' 'ended by signal 15'
# it comes when the program runs and fork has not come back: LeakSanitizer cannot be traced
late_fork() {
	ASAN_OPTIONS=detect_leaks=0 exec strace -D -qq -o /dev/null -e trace=clone -e inject=clone:delay_exit=500000 "$@"
}
check 'at once, too' ended_by_term late_fork
check_exit 'a report that cannot be written' 1 "$build/iotsafe" trace --out "$work/no/where" true
check_exit '  the program is not run then' 1 "$build/iotsafe" trace --out "$work/no/where" touch "$work/ran"
check '  it was not' test ! -e "$work/ran"

# --- without a SIM ---
sim_stop
check_exit 'without a SIM' 1 traced -- "$build/iotsafe" read device
all_passed
