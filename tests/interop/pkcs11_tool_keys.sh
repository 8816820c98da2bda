#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkcs11-tool: key pairs made on the card, ECDH, certificates and data written and deleted.
# pkcs11_tool_keys.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

# 0.23 hands libcrypto a curve's name that it has freed
echo interceptor_via_lib:libcrypto >"$work/asan.supp"
foreign_asan=:suppressions=$work/asan.supp
p11() { host pkcs11-tool --module "$module" "$@"; }

sim_new demo
sim_start "$1"
identity_uris
openssl x509 -in "$card/device.pem" -outform DER -out "$work/device.der"

# --- a key pair in the card's empty pair, and a secret agreed with it ---
check 'mechanisms' p11 -M
shows '  key pairs can be made' '^ *ECDSA-KEY-PAIR-GEN, .*generate_key_pair'
shows '  and secrets agreed' '^ *ECDH1-DERIVE, .*derive'
from=$(($(apdu_lines) + 1))
check 'a key pair, by the name of its container' p11 --keypairgen --key-type EC:prime256v1 \
	--label ephemeral --usage-derive
check '  made on the card' test "$(apdu_ins_count B9 "$from")" = 1
check '  its public key' p11 --read-object --type pubkey --label ephemeral -o "$work/eph.der"
openssl pkey -pubin -inform DER -in "$work/eph.der" -out "$work/eph.pem"
eph_id=$(tail -c 65 "$work/eph.der" | sha1sum | cut -c1-40)
openssl ecparam -name prime256v1 -genkey -noout -out "$work/peer.pem"
openssl pkey -in "$work/peer.pem" -pubout -outform DER -out "$work/peer.der"
openssl pkeyutl -derive -inkey "$work/peer.pem" -peerkey "$work/eph.pem" -out "$work/z.openssl"
from=$(($(apdu_lines) + 1))
check 'ECDH with a peer of OpenSSL' p11 --derive -m ECDH1-DERIVE --id "$eph_id" \
	--input-file "$work/peer.der" --output-file "$work/z"
check '  by the card' test "$(apdu_ins_count 46 "$from")" = 1
check '  with the secret that OpenSSL gets' cmp "$work/z" "$work/z.openssl"
check_fails 'a curve that the card has no pair for' p11 --keypairgen --key-type EC:secp521r1 --label x
check_fails 'the identity is not replaced by a nameless key' p11 --keypairgen \
	--key-type EC:secp384r1
check 'the identity is what it was' p11 --read-object --type pubkey --id "$key_id" -o "$work/pub.der"
check '  exactly' cmp "$work/pub.der" <(openssl x509 -in "$card/device.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER)

# --- objects that the card cannot store ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null \
	-subj /CN=another -days 30 -outform DER -out "$work/ca.der" 2>/dev/null
check 'a certificate is written' p11 --write-object "$work/ca.der" --type cert --label ca2 --id 4242
check '  and there for the next process' p11 -O --type cert
shows '  by its label' 'label: +ca2'
check '  byte for byte' p11 --read-object --type cert --label ca2 -o "$work/back.der"
check '  the same' cmp "$work/ca.der" "$work/back.der"
check 'a second one of the identity' p11 --write-object "$work/device.der" --type cert \
	--id "$key_id" --label device
printf 'bootstrap=coaps://lwm2m.example' >"$work/data"
check 'data are written' p11 --write-object "$work/data" --type data --label boot \
	--application-label lwm2m
check '  and read' p11 --read-object --type data --label boot --application-label lwm2m \
	-o "$work/data.back"
check '  the same' cmp "$work/data" "$work/data.back"
check 'the data are deleted' p11 --delete-object --type data --label boot --application-label lwm2m
check 'the certificate is deleted' p11 --delete-object --type cert --label ca2
p11 -O >"$work/check.out" 2>&1 || true
shows_not '  and gone' 'label: +(ca2|.?boot)'
check_fails 'what the card holds cannot be deleted' p11 --delete-object --type privkey --id "$key_id"

# --- the whole life of a key ---
sim_stop
sim_new zariot
sim_start "$1"
from=$(($(apdu_lines) + 1))
for i in 1 2; do
	check "pkcs11-tool --test-ec, time $i" p11 --session-rw --login --pin 1234 --test-ec \
		--key-type EC:prime256v1 --id 99 --label tec
	shows '  to its end' '^==> OK$'
	shows_not '  without a word of warning' 'warning|error'
done
check '  two keys made, two destroyed' test "$(apdu_ins_count B9 "$from")" = 4
p11 -O >"$work/check.out" 2>&1
shows_not '  and gone' 'tec|another'
shows '  beside the identity' 'device'

check 'the folder is private' sh -c "stat -c %a '$work'/store/* | grep -qx 700"
all_passed
