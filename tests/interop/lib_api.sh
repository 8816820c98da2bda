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

# enum iotsafe_error
config=6 no_device=8 timed_out=12 no_sim=14 other_sim=15 pin_needed=21 wrong=22 withheld=25 signature=29

sim_new demo
sim_start "$transport"
check_signs 'the demo profile: each call' api api sim
check_signs '  two processes at a time' both api api sim
check '  bad input' api bad sim
check '  a SIM by its URI' api share "$slot_uri"
shown=$(apdu_lines)
check '  a process after another' api answer sim 0
tail -n +"$((shown + 1))" "$apdu_log" >"$work/log"
shows_not '  goes on with its channel' '^[0-9.]+ [a-z]+ ..(70|A4)' "$work/log"
check '  in four commands: list, public key, signature' test "$(apdu_ins_count CB $((shown + 1)))" = 1 -a \
	"$(apdu_ins_count CD $((shown + 1)))" = 1 -a "$(apdu_ins_count '2[AB]' $((shown + 1)))" = 2
shown=$(apdu_lines)
api bad sim >/dev/null 2>&1
tail -n +"$((shown + 1))" "$apdu_log" >"$work/log"
shows_not '  no PIN goes out for bad input' '^[0-9.]+ [a-z]+ ..2000..0' "$work/log"

# --- which SIM is opened ---
check 'the first one that is configured' api every -
conf_write at:/nowhere '[slot second]' "uri = $slot_uri" '[slot third]' "uri = unix:/nowhere"
check '  behind one that is not there' api every -
check '  by its name' api every second
check '  not the one that is absent' api answer sim $no_device
conf_write at:/nowhere '[slot second]' "uri = $slot_uri" '[group both]' 'members = sim, second'
check '  a member of a group' api every both
conf_write "$slot_uri" 'expected-iccid = 8988211000000000000'
check '  not another one than is expected' api answer sim $other_sim
conf_write "$slot_uri"
chmod 666 "$conf"
check '  nor any by a configuration that others may write' api answer sim $config
shows '  which is named' "$conf"
chmod 600 "$conf"

# --- a certificate that the host keeps ---
openssl x509 -in "$card/device.pem" -outform DER -out "$work/device.der"
check 'the certificate is the SIM'"'s" api cert sim "$work/got.der"
check '  byte by byte' cmp "$work/got.der" "$work/device.der"
openssl x509 -in "$card/device.pem" -pubkey -noout >"$work/pub.pem"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca2.key" \
	-out "$work/ca2.pem" -subj /CN=second -days 30 2>/dev/null
openssl x509 -new -force_pubkey "$work/pub.pem" -subj /CN=renewed -CA "$work/ca2.pem" \
	-CAkey "$work/ca2.key" -days 30 -out "$work/renewed.pem" 2>/dev/null
openssl x509 -in "$work/renewed.pem" -outform DER -out "$work/renewed.der"
check 'a renewed one beside it' "$build/iotsafe" write "$work/renewed.pem" --type cert
check '  is what the key has now' api cert sim "$work/got.der"
check '  byte by byte' cmp "$work/got.der" "$work/renewed.der"

# --- what goes wrong ---
"$build/iotsafe-sim" new "$work/card-two" --profile demo >"$work/sim-new.out"
mkfifo "$work/go"
exec {go}<>"$work/go"
meanwhile() { # TEXT SET COMMAND: what the simulator is told while the program waits
	local pid
	api "$2" sim <"$work/go" >"$work/meanwhile" 2>&1 &
	pid=$!
	wait_for grep -qx ready "$work/meanwhile" || die 'lib-api is not ready'
	sim_control "$3" >/dev/null
	echo go >&"$go"
	wait $pid || {
		cat "$work/meanwhile"
		die "$1: failed"
	}
	ok "$1"
}
meanwhile 'another SIM in its place' swap "swap $work/card-two"
if [ "$transport" != pcsc ]; then # pcscd cannot take back what a card has
	meanwhile 'a SIM that falls silent, and three threads' queue 'latency 2000'
	sim_control 'latency 0' >/dev/null
	check '  and comes back' api answer sim 0
	sed -i 's/^\[module\]/&\ntimeout = 1/' "$conf"
	sim_control 'latency 2000' >/dev/null
	check 'a SIM that is slower than we wait' api answer sim $timed_out
	sim_control 'latency 0' >/dev/null
	conf_write "$slot_uri"
	check '  and one that is not' api answer sim 0
fi
sim_control 'fault BADSIGx9' >/dev/null
check 'a signature that does not verify' api answer sim $signature
sim_control 'fault clear' >/dev/null
check '  and one that does' api answer sim 0
sim_control remove >/dev/null
check 'no SIM' wait_for api answer sim $no_sim # pcscd looks now and then
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
check 'a stored PIN' api pin sim 'stored 1234 0 3'
check '  verified already, nothing is sent' api pin sim 'stored 9999 0 3'
check '  no try was spent' test "$(failures)" = 0
sim_control reset >/dev/null
wait_for api answer sim $pin_needed || die 'the SIM does not come back'
check 'a wrong stored PIN' api pin sim "stored 9999 $wrong 2"
check '  is never sent again' api pin sim "stored 9999 $withheld 2"
check '  not even once' test "$(failures)" = 1
check 'a wrong one of a person' api pin sim "person 8888 $wrong 1"
check '  then no stored one takes the last try' api pin sim "stored 1234 $withheld 1"
check 'all in all two tries' test "$(failures)" = 2
check 'the right one of a person' api pin sim 'person 1234 0 3'
sim_stop
all_passed
