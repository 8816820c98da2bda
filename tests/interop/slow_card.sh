#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A card that takes 1.5 s over a signature. DTLS's first timer is 1 s, so that flights are sent again
# while the card computes; the handshake completes all the same. slow_card.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1" --fault C10/2Bx0:1500
identity_uris
export PKCS11_MODULE_PATH=$module
engine=(-engine pkcs11 -keyform engine)

mkfifo "$work/silence"
exec 3<>"$work/silence"

# A datagram server that demands our certificate; each program gets one of its own.
port=44399
dtls_server() {
	port=$((port + 1))
	openssl s_server -dtls1_2 -accept "127.0.0.1:$port" -cert "$card/server.pem" \
		-key "$card/server.key" -CAfile "$card/ca.pem" -Verify 2 -verify_return_error -msg \
		<"$work/silence" >"$work/server.out" 2>&1 &
	pids+=($!)
	wait_for grep -q ACCEPT "$work/server.out" || die "openssl s_server does not start"
}
greeting() {
	echo hello from the meter
	sleep 4
}
server_heard() { wait_for grep -q 'hello from the meter' "$work/server.out"; }
# The flight that the card's signature holds up ends with ServerHelloDone, the handshake message of 12
# bytes.
server_repeated() { [ "$(grep -c '^>>>.*content_type=22) .length 000c' "$work/server.out")" -ge 2 ]; }

dtls_openssl() {
	greeting | host openssl s_client -dtls1_2 -connect "127.0.0.1:$port" -CAfile "$card/ca.pem" \
		-verify_return_error -cert "$card/device.pem" "${engine[@]}" -key "$key_uri"
}
dtls_gnutls() {
	greeting | host gnutls-cli --udp --provider="$module" --x509cafile "$card/ca.pem" \
		--priority 'NORMAL:-VERS-ALL:+VERS-DTLS1.2' --x509keyfile "$key_uri" \
		--x509certfile "$cert_uri" -p "$port" --sni-hostname localhost \
		--verify-hostname localhost 127.0.0.1
}
for client in openssl gnutls; do
	dtls_server
	check_signs "DTLS 1.2, $client" dtls_$client
	check '  what was sent over it arrived' server_heard
	check '  though the server had sent its flight again' server_repeated
done

web_start "$card"
for version in 1.3 1.2; do
	tls() {
		host curl -sS --max-time 30 --tlsv$version --tls-max $version --engine pkcs11 \
			--cacert "$card/ca.pem" --cert "$card/device.pem" --key-type ENG \
			--key "$key_uri" "$web_url"
	}
	check_signs "curl, TLS $version" tls
	shows '  the server verified the certificate' '^verify=SUCCESS'
done
all_passed
