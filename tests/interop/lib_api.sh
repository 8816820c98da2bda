#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libiotsafe's calls on SIMs of several profiles; bad input; PINs, with the simulator's own count of
# the tries that were spent. lib_api.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
transport=$1

api() { timeout -k 5 60 "$build/tests/interop/lib-api" "$@"; }
failures() { sim_control pin | grep -o -m1 'failures=[0-9]*' | head -1 | cut -d= -f2; }
both() { # what follows, twice at a time
	local one two
	"$@" >"$work/one" 2>&1 &
	one=$!
	"$@" >"$work/two" 2>&1 &
	two=$!
	wait $one && wait $two && return 0
	cat "$work/one" "$work/two"
	return 1
}

sim_new demo
sim_start "$transport"
check_signs 'the demo profile: each call' api api sim
check_signs '  two processes at a time' both api api sim
check '  bad input' api bad sim
check '  a SIM by its URI' api share "$slot_uri"
shown=$(apdu_lines)
api bad sim >/dev/null 2>&1
tail -n +"$((shown + 1))" "$apdu_log" >"$work/log"
shows_not '  no PIN goes out for bad input' '^[0-9.]+ [a-z]+ ..2000..0' "$work/log"
chmod 666 "$conf"
check_fails 'a configuration that others may write' api every sim
shows '  is named' "$conf"
chmod 600 "$conf"
sim_stop

if [ "$transport" = unix ]; then
	for profile in full rsa quantag thales zariot ntt; do
		sim_new $profile
		sim_start unix
		check_signs "the profile $profile: every key" api every sim
		sim_stop
	done
	psk=$(openssl rand -hex 24)
	sim_new type2 --secret "0A=$psk"
	sim_start unix
	check 'the profile type2: HKDF and PRF' api secrets sim "$psk"
	sim_stop
fi

sim_new pin
sim_start "$transport"
conf_write "$slot_uri" 'pin = application'
withheld=25 wrong=22
check 'a stored PIN' api pin sim 'stored 1234 0 3'
check '  verified already, nothing is sent' api pin sim 'stored 9999 0 3'
check '  no try was spent' test "$(failures)" = 0
sim_control reset >/dev/null
check 'a wrong stored PIN' api pin sim "stored 9999 $wrong 2"
check '  is never sent again' api pin sim "stored 9999 $withheld 2"
check '  not even once' test "$(failures)" = 1
check 'a wrong one of a person' api pin sim "person 8888 $wrong 1"
check '  then no stored one takes the last try' api pin sim "stored 1234 $withheld 1"
check 'all in all two tries' test "$(failures)" = 2
check 'the right one of a person' api pin sim 'person 1234 0 3'
sim_stop
all_passed
