#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe csr: requests that OpenSSL verifies. cli_csr.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new full
sim_start "$1"

csr() { iotsafe csr "$@" >"$work/r.pem"; }
verifies() { openssl req -in "$work/r.pem" -noout -verify 2>&1 | grep -q 'verify OK'; }
of_key() { # LABEL: the request is for the card's key
	cmp <(openssl req -in "$work/r.pem" -noout -pubkey) <(iotsafe read "$1" --type pubkey)
}

while read -r label algorithm; do
	check_signs "a request for $label" csr "$label" --subject /CN=meter-0001
	check '  verifies' verifies
	check '  is for its key' of_key "$label"
	check '  in detail' openssl req -in "$work/r.pem" -noout -text
	shows "  is signed with $algorithm" "Signature Algorithm: $algorithm"
	check '  its structure' openssl asn1parse -in "$work/r.pem"
	shows '  has the attributes, empty' 'l= +0 cons: cont \[ 0 \]'
done <<-END
	device ecdsa-with-SHA256
	p384 ecdsa-with-SHA384
	brainpool ecdsa-with-SHA256
	rsa sha256WithRSAEncryption
	no-certificate ecdsa-with-SHA256
	private-only ecdsa-with-SHA256
END

sans=(--san dns:meter.example,dns:*.a.example --san ip:192.0.2.1,ip:2001:db8::1
	--san uri:urn:uuid:1,2,email:a@b.example)
check 'names' csr device --subject '/C=DE/O=Acme \/ Co/serialNumber=7+CN=Zähler' "${sans[@]}"
check '  verifies' verifies
check '  in detail' openssl req -in "$work/r.pem" -noout -text -nameopt utf8
shows '  the subject' 'Subject: C=DE, O=Acme / Co, (serialNumber=7 ?\+ ?CN=Zähler|CN=Zähler ?\+ ?serialNumber=7)'
shows '  the alternative names' \
	'DNS:meter.example, DNS:\*.a.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:urn:uuid:1,2, email:a@b.example'
cp "$work/r.pem" "$work/slash.pem"
subjects() { cmp <(openssl req -in "$work/r.pem" -noout -subject) <(openssl req -in "$work/slash.pem" -noout -subject); }
check 'the same subject in the other form' csr device --subject 'serialNumber=7+CN=Z\C3\A4hler,O=Acme / Co,C=DE'
check '  is the same' subjects

check 'the key by its URI' csr 'pkcs11:token=simtok;object=device;type=private' --subject /CN=x
check '  verifies' verifies
check 'the key by its id' csr "$(ec_id_of "$card/device.pem")" --subject /CN=x
check '  verifies' verifies
check 'to a file' iotsafe csr device --subject /CN=x --out "$work/r.pem"
check '  verifies' verifies

from=$(($(apdu_lines) + 1))
check_exit 'no subject' 2 iotsafe csr device
shows '  says so' '--subject is missing'
check_exit 'a subject that is none' 2 iotsafe csr device --subject meter
check_exit 'a country that is none' 2 iotsafe csr device --subject /C=Germany
check_exit 'a name that is none' 2 iotsafe csr device --subject /CN=x --san dns:a,b
check_exit 'a URI that is none' 2 iotsafe csr pkcs11:object --subject /CN=x
check_exit 'a PIN on the command line' 2 iotsafe csr 'pkcs11:object=device?pin-value=1234' --subject /CN=x
shows '  is refused' 'a PIN does not belong on the command line'
shows_not '  and not repeated' 1234
check_exit 'a key that is not there' 1 iotsafe csr nobody --subject /CN=x
shows '  says so' 'nobody: no private key of that name'
check_exit 'an empty container' 1 iotsafe csr keygen-p384 --subject /CN=x
shows '  says so' 'keygen-p384: there is no key in it'
check_exit 'another token' 1 iotsafe csr 'pkcs11:token=other;object=device' --subject /CN=x
check_exit 'a file that cannot be written' 1 iotsafe csr device --subject /CN=x --out /nonexistent/r.pem
[ "$(apdu_ins_count 2B "$from")" = 1 ] || die 'only the last of them had to be signed'
ok 'nothing was signed for these'
all_passed
