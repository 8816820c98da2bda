#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# GnuTLS: p11tool and gnutls-cli. gnutls.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
identity_uris
web_start "$card"
p11tool() { host p11tool --provider="$module" "$@"; }

check 'tokens' p11tool --list-tokens
shows '  ours' 'URL: pkcs11:.*token=simtok'
check 'all objects' p11tool --list-all 'pkcs11:token=simtok'
shows '  a private key' 'Type: Private key \(EC/ECDSA'
shows '  a public key' 'Type: Public key \(EC/ECDSA'
shows '  a certificate' 'Type: X.509 Certificate'
shows '  one id for them' "ID: $(sed 's/../&:/g; s/:$//' <<<"$key_id")"
check 'the certificate' p11tool --export "$cert_uri" --outfile "$work/cert.pem"
check '  is the one of the card' cmp <(openssl x509 -in "$work/cert.pem" -outform DER) \
	<(openssl x509 -in "$card/device.pem" -outform DER)
check_signs 'a test signature' p11tool --test-sign "$key_uri"
shows '  that GnuTLS verifies' 'Verifying against (private key|public key in the token).*ok'

for version in 1.3 1.2; do
	tls() {
		{
			printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n'
			sleep 2
		} | host gnutls-cli --provider="$module" --x509cafile "$card/ca.pem" \
			--priority "NORMAL:-VERS-ALL:+VERS-TLS$version" \
			--x509keyfile "$key_uri" --x509certfile "$cert_uri" -p "$web_port" \
			--sni-hostname localhost --verify-hostname localhost 127.0.0.1
	}
	check_signs "gnutls-cli, TLS $version" tls
	shows '  the server verified the certificate' '^verify=SUCCESS'
	shows '  over the protocol asked for' "^protocol=TLSv$version"
done
all_passed
