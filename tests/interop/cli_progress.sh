#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Long work shows on a terminal how far it is, and nowhere else. cli_progress.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new thales --cert-size 1500
sim_start "$1" --latency 150
export TMPDIR=$work TERM=xterm
unset IOTSAFE_LOG IOTSAFE_TRACE
on_terminal() { # ARGUMENTS…: both streams are one terminal
	timeout -k 5 100 script -qec "'$build/iotsafe' $*" /dev/null
}
wiped=$'\r\033\\[K'

check 'reading a certificate' on_terminal read device --out "$work/terminal.pem"
shows '  shows bytes and percent' $'\rreading: [0-9]+ of 1500 bytes \\([0-9]+ %\\), [0-9]+ s'
shows '  and is gone in the end' "$wiped$"
check 'without a terminal' iotsafe read device --out "$work/plain.pem"
check '  nothing is shown' test ! -s "$work/check.out"
check '  what was read is the same' cmp "$work/terminal.pem" "$work/plain.pem"
check 'on a terminal, with the log on' env IOTSAFE_LOG=error script -qec "'$build/iotsafe' read device --out '$work/log.pem'" /dev/null
shows_not '  nothing is shown' reading
check 'a key pair' on_terminal keygen --out "$work/key.pem"
shows '  shows what is done' $'\rmaking a key pair: [A-Z][A-Za-z ]+, [0-9]+ s'
shows '  then the result' '^P-256 key pair in container'
check 'a request' on_terminal csr device --subject /CN=x --out "$work/r.csr"
shows '  shows what is done' $'\rsigning: '
check '  and is one' openssl req -in "$work/r.csr" -noout -verify
check 'the list' on_terminal list
shows '  shows what is done' $'\rreading: '
shows '  then the table' 'OBJECT.*LABEL.*WHAT'
check_exit 'a complaint' 1 on_terminal read nobody
shows '  stands in a line of its own' "(^|$wiped)iotsafe read: nobody: no certificate"
check 'no file is left behind' sh -c "! ls '$work'/iotsafe-work.* 2>/dev/null"
interrupted() {
	script -qfec "echo \$\$ >'$work/pid'; exec '$build/iotsafe' list" "$work/typescript" >/dev/null &
	local shell=$!
	wait_for grep -q 'reading: [A-Z]' "$work/typescript" || return 1
	kill -9 "$(cat "$work/pid")"
	wait "$shell" || true
	! ls "$work"/iotsafe-work.* 2>/dev/null
}
check '  nor by one that was killed at work' interrupted
all_passed
