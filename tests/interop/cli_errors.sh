#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What programs answer with an error code, the module's log at error explains in one line. cli_errors.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

export IOTSAFE_LOG=error
echo data >"$work/data"
sign() { # URI
	PKCS11_MODULE_PATH=$module host openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$1" \
		-out "$work/sig" "$work/data"
}
tool() { host pkcs11-tool --module "$module" "$@"; }
p11() { host p11tool --provider "$module" "$@"; }
public_keys() { host ssh-keygen -D "$module" || return 1; }
# Exactly one line of the log, and it says that.
one_line() { # TEXT REGEX
	shows "$1" "^iotsafe\\[[0-9]+\\] error: slot sim: $2"
	check '  in one line' test "$(grep -c '^iotsafe\[[0-9]*\] error:' "$work/last")" = 1
}
last() { cp "$work/check.out" "$work/last"; }

sim_new demo
sim_start "$1"
check 'all is well' sign 'pkcs11:token=simtok;object=device;type=private'
shows_not '  then nothing is said' '^iotsafe'
check 'nor to a listing' tool -O
shows_not '  nothing' '^iotsafe'
check 'nor to p11tool' p11 --list-all 'pkcs11:token=simtok'
shows_not '  nothing' '^iotsafe'

# --- the key ---
check_fails 'a key that is not there' p11 --test-sign 'pkcs11:token=simtok;object=nobody;type=private'
last
one_line '  is told' 'no private key is called "nobody"'
sim_stop
sim_new empty
sim_start "$1"
check_fails 'no public key at all' public_keys
last
one_line '  is told' 'the SIM shows no private key'
check_fails 'no key at all' sign 'pkcs11:token=simtok;object=device;type=private'
last
shows '  is told' 'error: slot sim: the SIM shows no private key'
sim_stop
sim_new full
sed -i 's/^label = p384$/label = device/' "$card/card.txt"
sim_start "$1"
check_fails 'a name that two keys have' iotsafe csr device --subject /CN=x
last
one_line '  is told' '2 private keys are called "device": name one by its id, as "iotsafe list" shows it'
sim_stop

# --- the certificate ---
make_certificate() { # KEY-FILE DAYS → $work/other.der
	openssl req -new -key "$1" -subj /CN=meter-0001 -out "$work/other.csr" 2>/dev/null
	openssl x509 -req -in "$work/other.csr" -CA "$card/ca.pem" -CAkey "$card/ca.key" -days "$2" \
		-set_serial 77 -outform DER -out "$work/other.der" 2>/dev/null
}
rm -rf "$card" "$work/card-demo"
sim_new demo
make_certificate "$card/objects/private-01.1.pem" -1
cp "$work/other.der" "$card/objects/file-02.3.bin"
sim_start "$1"
check 'an expired certificate' tool -O --type cert
last
one_line '  is told' 'the certificate of CN=meter-0001 has expired, it was valid until 20[0-9-]+'
check 'one that this host keeps' iotsafe write "$work/other.der" --type cert
check '  of the same key' tool -O --type cert
last
shows '  is told' 'has expired, it was valid until 20'
rm -rf "$work/store"
sim_stop
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/other.key" 2>/dev/null
make_certificate "$work/other.key" 30
cp "$work/other.der" "$card/objects/file-02.3.bin"
sim_start "$1"
check 'a certificate of another key' tool -O --type cert
last
one_line '  is told' 'the certificate of CN=meter-0001 does not belong to the key "device"'
# as OpenVPN looks for it
check_fails "the key's certificate, by its id" tool --read-object --type cert --id "$(ec_id_of "$card/device.pem")"
last
one_line '  is told' 'the certificate of CN=meter-0001 does not belong to the key "device"'
sim_stop
cp "$work/other.key" "$card/objects/private-01.1.pem"
sim_start "$1"
check_fails 'a key that is not the one of its public half' sign 'pkcs11:token=simtok;object=device;type=private'
last
shows '  is told' 'error: .*signature.* does not verify'
sim_stop

# --- the PIN ---
sim_new pin
sim_start "$1"
conf_write "$slot_uri" 'pin = application'
check_fails 'a wrong PIN in a URI' sign 'pkcs11:token=simtok;object=device;type=private?pin-value=9999'
last
one_line '  is told' 'PIN refused, tries left: [0-9]+'
shows_not '  without the PIN' 9999

# --- rights ---
conf_write "$slot_uri" 
chmod 755 "$work"
chmod 644 "$conf"
if [ "$1" = unix ]; then device=$control; else device=$(readlink -f "$work/modem"); fi
chmod 600 "$device"
cp "$module" "$work/module.so"
as_nobody() { # the module in a program that is not ours
	ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 timeout -k 5 60 setpriv --reuid 65534 --regid 65534 --clear-groups \
		${host_env[@]+"${host_env[@]}"} pkcs11-tool --module "$work/module.so" "$@"
}
check_exit 'a user without rights on the device' "$(as_nobody -T >/dev/null 2>&1; echo $?)" as_nobody -T
shows '  is told' "error: slot sim: no permission for $slot_uri: \"iotsafe doctor\" tells who has it"
all_passed
