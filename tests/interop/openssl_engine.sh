#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL's engine_pkcs11: signatures, CSR, TLS. openssl_engine.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
head -c 3000 /dev/urandom >"$work/data"
export PKCS11_MODULE_PATH=$module
engine=(-engine pkcs11 -keyform engine)

for hash in sha1 sha224 sha256 sha384 sha512; do
	check_signs "dgst -$hash" host openssl dgst -"$hash" "${engine[@]}" -sign "$key_uri" \
		-out "$work/sig" "$work/data"
	check '  verified by openssl' openssl dgst -"$hash" -verify "$work/pub.pem" \
		-signature "$work/sig" "$work/data"
done
check 'the public key of the private key' host openssl pkey "${engine[@]/-keyform/-inform}" \
	-in "$key_uri" -pubout -out "$work/pub2.pem"
check '  is the certificate'"'s" cmp "$work/pub.pem" "$work/pub2.pem"
check_signs 'a certificate request' host openssl req -new "${engine[@]}" -key "$key_uri" \
	-subj /CN=meter -out "$work/csr.pem"
check '  that verifies' openssl req -in "$work/csr.pem" -noout -verify
check '  and names its curve' sh -c "openssl req -in '$work/csr.pem' -noout -text | grep -q prime256v1"
check_fails 'a key that is not there' host openssl dgst -sha256 "${engine[@]}" \
	-sign 'pkcs11:token=simtok;object=nobody;type=private' "$work/data"

web_start "$card"
for version in 1_3 1_2; do
	tls() {
		printf 'GET / HTTP/1.0\r\n\r\n' | host openssl s_client -connect "127.0.0.1:$web_port" \
			-servername localhost -verify_hostname localhost "-tls$version" -CAfile "$card/ca.pem" -verify_return_error -cert "$card/device.pem" \
			"${engine[@]}" -key "$key_uri" -quiet -ign_eof
	}
	check_signs "s_client -tls$version" tls
	shows '  the server verified the certificate' '^verify=SUCCESS'
	shows '  of our subject' '^subject=.*CN=meter-0001'
done
all_passed
