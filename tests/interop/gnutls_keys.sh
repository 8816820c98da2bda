#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# GnuTLS: p11tool makes keys and writes certificates, certtool makes a request with the card's key.
# gnutls_keys.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

p11tool() { host p11tool --provider="$module" "$@"; }

sim_new zariot
sim_start "$1"
identity_uris
token='pkcs11:token=simtok'

from=$(($(apdu_lines) + 1))
# by its old name too
generate=--generate-privkey=ecc
[ "$1" != at ] || generate=--generate-ecc
check "p11tool $generate" p11tool "$generate" --curve=secp256r1 --label fresh \
	--no-mark-private --outfile "$work/fresh.pem" "$token"
check '  made on the card' test "$(apdu_ins_count B9 "$from")" = 1
check '  a public key came out' openssl pkey -pubin -in "$work/fresh.pem" -noout
check 'it is listed' p11tool --list-all "$token"
shows '  by the name it was given' 'Label: fresh'
check '  and its public key is the one' p11tool --export-pubkey "$token;object=fresh;type=private" \
	--outfile "$work/fresh2.pem"
check '  exactly' cmp <(openssl pkey -pubin -in "$work/fresh.pem" -outform DER) \
	<(openssl pkey -pubin -in "$work/fresh2.pem" -outform DER)

cat >"$work/request.cfg" <<'T'
cn = "meter-0002"
organization = "IoT SAFE demo"
dns_name = "meter-0002.example"
tls_www_client
T
check_signs 'certtool --generate-request with the key on the card' host certtool \
	--provider="$module" --generate-request --load-privkey "$key_uri" \
	--template "$work/request.cfg" --outfile "$work/csr.pem"
check '  verifies' openssl req -in "$work/csr.pem" -noout -verify
check '  under the card'"'s key" cmp <(openssl req -in "$work/csr.pem" -noout -pubkey) \
	<(openssl x509 -in "$card/device.pem" -noout -pubkey)

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null \
	-subj /CN=another -days 30 -out "$work/ca.pem" 2>/dev/null
check 'p11tool --write of a certificate' p11tool --write --load-certificate "$work/ca.pem" \
	--label ca2 --no-mark-private "$token"
check '  exported again' p11tool --export "$token;object=ca2;type=cert" --outfile "$work/back.pem"
check '  the same' cmp <(openssl x509 -in "$work/ca.pem" -outform DER) \
	<(openssl x509 -in "$work/back.pem" -outform DER)
check '  deleted' p11tool --batch --delete "$token;object=ca2;type=cert"
p11tool --list-all "$token" >"$work/check.out" 2>&1
shows_not '  and gone' 'Label: ca2'
all_passed
