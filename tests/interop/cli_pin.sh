#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe and the PIN: from a file, from a terminal, never unasked. cli_pin.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new pin
sim_start "$1"
conf_write "$slot_uri" 'pin = application'
good=1234

# VERIFY with a PIN in it (asking for the counter has none); its data are masked or not, by the log.
sent() { grep -Eic '^[0-9.]+ [a-z]+ [0-9A-F]{2}20[0-9A-F]{4}08' "$apdu_log" || true; }
tries() { # TEXT COUNT: how many PINs went to the SIM so far
	[ "$(sent)" = "$2" ] || die "$1: $(sent) PINs were sent, expected $2"
	ok "$1"
}
pin_file() { # PIN
	printf '%s\n' "$1" >"$work/pin"
	chmod 600 "$work/pin"
}
csr() { iotsafe csr device --subject /CN=x --out "$work/r.pem" "$@" </dev/null; }
verifies() { openssl req -in "$work/r.pem" -noout -verify 2>&1 | grep -q 'verify OK'; }
typed() { # PIN
	{
		sleep 1
		printf '%s\n' "$1"
	} | script -qec "$build/iotsafe csr device --subject /CN=x --out $work/r.pem" /dev/null
}

check 'looking needs no PIN' iotsafe read device
check_exit 'signing does' 1 csr
shows '  and says how to give it' 'needs the PIN: .*--pin-source file:PATH'
tries '  none was sent' 0
pin_file "$good"
chmod 644 "$work/pin"
check_exit 'not from a file that all can read' 1 csr --pin-source "file:$work/pin"
shows '  says so' 'run chmod 600'
check_exit 'not as an argument' 1 csr --pin-source "$good"
tries '  none was sent' 0
pin_file "$good"
check 'from a file' csr --pin-source "file:$work/pin"
check '  it signs' verifies
tries '  one was sent' 1
check 'with a key that asks each time' iotsafe csr signature --subject /CN=x --out "$work/r.pem" \
	--pin-source "file:$work/pin"
check '  it signs' verifies
rm -f "$work/r.pem"
check 'on a terminal' typed "$good"
shows '  which is asked' 'PIN of "simtok":'
shows_not '  and does not show it' "$good"
check '  it signs' verifies

before=$(sent)
check 'the doctor' iotsafe doctor
shows '  sees what was given' '^ *PIN +ok +PIN 01 is verified$'
sim_control reset >/dev/null
check '  after a reset' iotsafe doctor
shows '  tells the tries' '^ *PIN +ok +PIN 01: 3 tries are left$'
shows '  and what programs do' '-> programs log in; those that cannot need pin-source'
pin_file 9999
check_exit 'a wrong PIN' 1 csr --pin-source "file:$work/pin"
shows '  says so' 'the PIN is wrong'
tries '  one was sent' $((before + 1))
check_exit 'once more' 1 csr --pin-source "file:$work/pin"
shows '  says that it gets serious' 'few tries are left'
tries '  one was sent' $((before + 2))
check_exit 'the last try is not for a file' 1 csr --pin-source "file:$work/pin"
shows '  says so' 'the last try is only for a person'
check 'the doctor' iotsafe doctor
shows '  tells so' '^ *PIN +note +PIN 01: one try is left$'
tries '  none was sent' $((before + 2))
check 'a person may' typed "$good"
shows '  with a warning' 'this is the last try'
check '  it signs' verifies
pin_file "$good"
check 'and all is well again' csr --pin-source "file:$work/pin"

conf_write "$slot_uri" 'pin = 0x05'
check_exit 'a PIN that the SIM does not have' 1 iotsafe doctor
shows '  is told' '^ *PIN +FAIL +the SIM has no PIN 05$'
conf_write "$slot_uri" 'pin = application'
sim_control 'pin disable 01' >/dev/null
check 'a PIN that is disabled' iotsafe doctor
shows '  is told' '^ *PIN +ok +PIN 01 is disabled'
sim_control 'pin enable 01' >/dev/null
sim_control 'pin tries 01 0' >/dev/null
before=$(sent)
check_exit 'a PIN that is blocked' 1 iotsafe doctor
shows '  is told' '^ *PIN +FAIL +PIN 01 is blocked$'
shows '  with what helps' '-> unblock it with its PUK'
check_exit 'and signing with it' 1 csr --pin-source "file:$work/pin"
shows '  says so' 'the PIN is blocked; its unblocking key \(PUK\) is needed'
tries '  none was sent' "$before"

# --- unblocking ---
puk_file() { # PUK
	printf '%s\n' "$1" >"$work/puk"
	chmod 600 "$work/puk"
}
puks() { grep -Eic '^[0-9.]+ [a-z]+ [0-9A-F]{2}2C[0-9A-F]{4}10' "$apdu_log" || true; }
unblock() { iotsafe unblock --puk-source "file:$work/puk" --new-pin-source "file:$work/pin" </dev/null; }
puk_file 12345678
pin_file 4321
check_exit 'unblocking without a terminal' 1 iotsafe unblock
shows '  says what is needed' 'no terminal to ask on: --puk-source file:PATH is needed'
puk_file 1234567
check_exit 'a PUK that is none' 1 unblock
shows '  says so' 'a PUK has 8 digits; nothing was sent'
[ "$(puks)" = 0 ] || die 'a PUK was sent'
puk_file 11111111
check_exit 'a wrong PUK' 1 unblock
shows '  tells the tries' 'the PUK is wrong; 9 tries are left'
[ "$(puks)" = 1 ] || die 'not one PUK was sent'
puk_file 12345678
check 'the right one' unblock
shows '  says so' 'PIN 01 of slot sim is unblocked'
[ "$(puks)" = 2 ] || die 'not one PUK was sent'
check 'the new PIN' csr --pin-source "file:$work/pin"
check '  signs' verifies
check_exit 'once more' 1 unblock
shows '  is refused: the PIN is not blocked' 'is not blocked; nothing was sent'
[ "$(puks)" = 2 ] || die 'a PUK was sent for nothing'
sim_control 'pin tries 01 0' >/dev/null
typed_unblock() {
	{
		for word in 12345678 "$1" "$2"; do
			sleep 0.7
			printf '%s\n' "$word"
		done
	} | script -qec "$build/iotsafe unblock" /dev/null
}
typed_unblock 1234 1235 >"$work/typed" || true
shows 'a new PIN that is typed once so and once so' 'the two are not the same; nothing was sent' "$work/typed"
[ "$(puks)" = 2 ] || die 'a PUK was sent for nothing'
check 'on a terminal' typed_unblock 1234 1234
shows '  which does not show the PUK' 'is unblocked'
shows_not '  nor the PIN' '12345678|1234[^5]'
pin_file "$good"
check '  the PIN signs' csr --pin-source "file:$work/pin"
all_passed
