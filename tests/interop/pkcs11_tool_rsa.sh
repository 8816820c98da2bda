#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkcs11-tool with an RSA key: PKCS#1 and PSS. pkcs11_tool_rsa.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

p11() { host pkcs11-tool --module "$module" "$@"; }

sim_new rsa
sim_start "$1"
public_key_of "$card/device.pem"
head -c 3000 /dev/urandom >"$work/data"
openssl dgst -sha256 -binary -out "$work/hash" "$work/data"

check 'objects are listed' p11 -O
shows '  a private key' 'Private Key Object; RSA'
key_id=$(grep -A 4 'Private Key Object; RSA' "$work/check.out" | awk '/ID:/ { print $2; exit }')
shows '  and a public key of 2048 bits' 'Public Key Object; RSA 2048 bits'
check 'the public key is read' p11 --read-object --type pubkey --id "$key_id" -o "$work/pub.der"
check '  and is the certificate'"'s" cmp "$work/pub.der" <(openssl pkey -pubin -in "$work/pub.pem" -outform DER)

sign() { # INPUT OPTION…
	local input=$1
	shift
	p11 --sign --id "$key_id" -i "$input" -o "$work/sig" "$@"
}
verify() { openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/sig" "$@" "$work/data"; }
pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)

check_signs 'SHA256-RSA-PKCS over data' sign "$work/data" -m SHA256-RSA-PKCS
check '  verified by openssl' verify
{
	printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20'
	cat "$work/hash"
} >"$work/digestinfo"
check_signs 'RSA-PKCS over a DigestInfo' sign "$work/digestinfo" -m RSA-PKCS
check '  verified by openssl' verify
check_signs 'SHA256-RSA-PKCS-PSS over data' sign "$work/data" -m SHA256-RSA-PKCS-PSS
check '  verified by openssl' verify "${pss[@]}"
check_signs 'RSA-PKCS-PSS over a hash' sign "$work/hash" -m RSA-PKCS-PSS \
	--hash-algorithm SHA256 --mgf MGF1-SHA256 --salt-len 32
check '  verified by openssl' verify "${pss[@]}"
# pkcs11-tool --test wants RSA-PKCS over a SHA-1 DigestInfo, which no IoT SAFE applet signs
{
	printf '\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14'
	head -c 20 "$work/hash"
} >"$work/sha1info"
check_fails 'RSA-PKCS over a SHA-1 DigestInfo is refused' sign "$work/sha1info" -m RSA-PKCS
shows '  for what it is' 'CKR_DATA_LEN_RANGE|CKR_DATA_INVALID'
all_passed
