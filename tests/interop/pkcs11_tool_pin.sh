#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkcs11-tool on a SIM whose keys want a PIN: its own tests, logins right and wrong, a new PIN; the
# simulator's counter says that no try was spent but by us. pkcs11_tool_pin.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

echo interceptor_via_lib:libcrypto >"$work/asan.supp"
foreign_asan=:suppressions=$work/asan.supp
p11() { host pkcs11-tool --module "$module" "$@"; }
failures() { sim_control pin | grep -o -m1 'failures=[0-9]*' | head -1 | cut -d= -f2; }

sim_new pin
sim_start "$1"
conf_write "$slot_uri" 'pin = application'
identity_uris
public_key_of "$card/device.pem"
head -c 3000 /dev/urandom >"$work/data"

check 'the token' p11 -L
shows '  wants a login' 'token flags +:.*login required'
shows '  and has its PIN' 'token flags +:.*PIN initialized'
check 'objects without login' p11 -O
shows '  certificates are there' 'Certificate Object'
shows_not '  private keys are not' 'label: +device$.*Private' 
check 'pkcs11-tool --test --login' p11 --test --login --pin 1234
shows '  without errors' 'No errors'
check_signs 'a signature' p11 --login --pin 1234 --sign --id "$key_id" -m ECDSA-SHA256 \
	--signature-format openssl -i "$work/data" -o "$work/sig"
check '  verified by openssl' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/sig" \
	"$work/data"
check 'pkcs11-tool --test-fork' p11 --test-fork --login --pin 1234
# where one of them is still at work when it looks, pkcs11-tool sleeps for half a minute
check 'pkcs11-tool --test-threads' p11 --test-threads IN --test-threads ILGISL0 --test-threads IN \
	--test-threads ILGISL0
shows_not '  none failed, but by a second C_Initialize' \
	'rv:CKR_([^OC]|C[^R]|O[^K]|CRYPTOKI_N)'
check 'no try was spent so far' test "$(failures)" = 0

check_fails 'a wrong PIN' p11 --login --pin 9999 --sign --id "$key_id" -m ECDSA-SHA256 -i "$work/data"
shows '  is called one' 'CKR_PIN_INCORRECT'
check '  and cost one try' test "$(failures)" = 1
check_fails 'a PIN of nine digits' p11 --login --pin 123456789 -O
check '  cost none' test "$(failures)" = 1
check 'the right one sets the tries back' p11 --login --pin 1234 -O
check 'a new PIN' p11 --change-pin --login --pin 1234 --new-pin 567890
check '  is the PIN' p11 --login --pin 567890 -O
check_fails '  and the old one is not' p11 --login --pin 1234 -O
check 'all in all two tries' test "$(failures)" = 2
all_passed
