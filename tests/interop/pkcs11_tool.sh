#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkcs11-tool: lists, self test, signatures that openssl verifies. pkcs11_tool.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

p11() { host pkcs11-tool --module "$module" "$@"; }

sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
head -c 3000 /dev/urandom >"$work/data"

check 'slots are listed' p11 -L
shows '  with the token' 'token label +: simtok'
shows '  that needs no login' 'token flags +: .*token initialized'
shows_not '  at all' 'login required'
check 'mechanisms are listed' p11 -M
shows '  ECDSA' '^ *ECDSA, .*sign'
shows '  ECDSA-SHA256' '^ *ECDSA-SHA256, .*sign'
check 'objects are listed' p11 -O
for class in 'Private Key Object; EC' 'Public Key Object; EC' 'Certificate Object; type = X.509'; do
	shows "  a $class" "$class"
done
shows '  with the key id of the certificate' "ID: +$key_id"
shows '  that cannot be extracted' 'Access: +sensitive, always sensitive, never extractable'
check 'read/write sessions, interfaces and the self test' p11 --test
shows '  without errors' 'No errors'
check 'random bytes' p11 --generate-random 100 --output-file "$work/random"
check '  as many as asked for' test "$(stat -c %s "$work/random")" = 100
check 'the certificate is read' p11 --read-object --type cert --id "$key_id" -o "$work/cert.der"
check '  byte for byte' cmp "$work/cert.der" <(openssl x509 -in "$card/device.pem" -outform DER)
# pkcs11-tool 0.23 hands libcrypto a curve's name that it has freed
echo interceptor_via_lib:libcrypto >"$work/asan.supp"
foreign_asan=:suppressions=$work/asan.supp
check 'the public key is read' p11 --read-object --type pubkey --id "$key_id" -o "$work/pub.der"
check '  and is the certificate'"'s" cmp "$work/pub.der" <(openssl pkey -pubin -in "$work/pub.pem" -outform DER)
foreign_asan=
p11 --read-object --type privkey --id "$key_id" -o "$work/priv" >"$work/check.out" 2>&1 || true
check 'the private key is not' test ! -s "$work/priv"

sign() { # MECHANISM INPUT
	p11 --sign --id "$key_id" -m "$1" --signature-format openssl -i "$2" -o "$work/sig"
}
for hash in sha1 sha224 sha256 sha384 sha512; do
	openssl dgst -"$hash" -binary -out "$work/hash" "$work/data"
	check_signs "ECDSA over a $hash hash ($(stat -c %s "$work/hash") bytes)" sign ECDSA "$work/hash"
	check '  verified by openssl' openssl dgst -"$hash" -verify "$work/pub.pem" \
		-signature "$work/sig" "$work/data"
done
for bits in 256 384 512; do
	check_signs "ECDSA-SHA$bits over 3000 bytes" sign "ECDSA-SHA$bits" "$work/data"
	check '  verified by openssl' openssl dgst "-sha$bits" -verify "$work/pub.pem" \
		-signature "$work/sig" "$work/data"
done
printf x >>"$work/data"
check_fails 'other data does not verify' openssl dgst -sha512 -verify "$work/pub.pem" \
	-signature "$work/sig" "$work/data"
all_passed
