#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# curl with OpenSSL: mutual TLS with nginx. curl.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
identity_uris
web_start "$card"

check_fails 'without a certificate the server refuses' \
	host curl -sSf --cacert "$card/ca.pem" "$web_url"
for version in 1.3 1.2; do
	check_signs "TLS $version, key and certificate from the SIM" \
		web_fetch $version "$key_uri" "$cert_uri"
	shows '  the server verified the certificate' '^verify=SUCCESS'
	shows '  of our subject' '^subject=.*CN=meter-0001'
	shows '  over the protocol asked for' "^protocol=TLSv$version"
done
check_signs 'by label instead of id' web_fetch 1.3 'pkcs11:token=simtok;object=device;type=private' \
	'pkcs11:token=simtok;object=device;type=cert'
shows '  the server verified the certificate' '^verify=SUCCESS'
plain() {
	PKCS11_MODULE_PATH=$module host curl -sS --cacert "$card/ca.pem" --cert "$cert_uri" \
		--key "$key_uri" "$web_url" "$web_url"
}
check_signs 'URIs alone are enough for curl' plain
shows '  the server verified the certificate' '^verify=SUCCESS'
check_fails 'a key that is not there' web_fetch 1.3 'pkcs11:token=simtok;object=nobody;type=private' "$cert_uri"
all_passed
