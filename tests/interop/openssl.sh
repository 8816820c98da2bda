#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/openssl.md: requests, certificates, CMS, TLS and DTLS on both sides. openssl.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe openssl
check 'the packages' recipe_packages
wrong_certificates
issue gateway.example "$work/device.pub" /etc/iotsafe/gateway.pem
cd "$work/home"
head -c 3000 /dev/urandom >file

check_signs 'a request' recipe_run request
check '  that verifies' openssl req -in gateway.csr -noout -verify
check_signs 'a certificate of its own' recipe_run self-signed
check '  that verifies' openssl verify -CAfile self.pem self.pem
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=other \
	-out other.csr 2>"$work/openssl.err"
check_signs 'a certificate for another' recipe_run authority
check '  that verifies' openssl verify -CAfile self.pem other.pem
check 'the certificate, from the SIM' recipe_run certificate
check_signs 'a signature' recipe_run sign
shows '  verified' '^Verified OK'
check_signs 'CMS' recipe_run cms
check '  verified' cmp file file.verified

# s_server ends when its standard input does
mkfifo "$work/nobody-types"
exec 9<>"$work/nobody-types"
server() { # BLOCK PORT PROTO
	recipe_run "$1" <"$work/nobody-types" >"$work/$1.log" 2>&1 &
	pids+=($!)
	wait_for bound "$2" "$3" || { cat "$work/$1.log"; die "$1 does not listen"; }
}
bound() { grep -qi ":$(printf %04X "$1") " "/proc/net/$2" "/proc/net/${2}6"; }
client() { # BLOCK [SED-SCRIPT]
	local script
	script=$(mktemp "$work/client.XXXXXX")
	recipe_text "run=$1" | sed "${2:-}" >"$script"
	chmod 644 "$script"
	host bash -eu "$script"
}
server server 4433 tcp
for version in 1_3 1_2; do
	check_signs "TLS $version, the SIM on both sides" client client "s/ s_client / s_client -tls$version /"
	recipe_shows '  as the recipe shows it' client
	shows '  in that version' "^Protocol version: TLSv${version/_/.}"
done
check_fails 'without a certificate the server refuses' client client \
	's/ -engine.*/ \\/; s/-cert .*pem/-tls1_2/; /^	-key/s/-key .* -brief/-brief/'
shows '  as it says' 'alert handshake failure'
check_signs 'two at once' two_at_once client client
server dtls-server 4434 udp
check_signs 'DTLS 1.2, the SIM on both sides' recipe_run dtls-client
shows '  in that version' '^Protocol version: DTLSv1.2'
shows '  the client verified the server' '^Verification: OK'

# --- what goes wrong ---
locked_start
goes_wrong 'no such key' no-key client client "$uri_no_key"
shows_not '  of which the module does not know' '^iotsafe'
goes_wrong 'a wrong PIN' wrong-pin client client "$uri_wrong_pin"
openssl x509 -in "$work/locked/device.pem" -noout -pubkey >"$work/locked.pub"
check 'the right PIN' host openssl dgst -sha256 -engine pkcs11 -keyform engine \
	-sign 'pkcs11:token=locked;object=device;type=private?pin-value=1234' -out locked.sig file
check '  makes a signature' openssl dgst -sha256 -verify "$work/locked.pub" -signature locked.sig file
goes_wrong 'the certificate of another key' mismatch client client s/device.pem/other.pem/
goes_wrong 'a certificate that has expired' expired client client 's/device.pem/expired.pem/; s/-brief/-tls1_2 -brief/'
check_signs 'a URI that fits two keys is the first one' client client "$uri_two_keys"
by_stranger() { cd / && client client "s/^openssl/${stranger[*]} &/"; }
goes_wrong 'a user without rights' no-rights by_stranger
recipe_done
