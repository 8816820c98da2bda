#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe write, read, delete: an enrolment, data, a public key, and what goes wrong.
# cli_objects.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new thales
sim_start "$1"

sign_request() { # NAME: the CA's answer to $work/r.pem
	openssl x509 -req -in "$work/r.pem" -CA "$card/ca.pem" -CAkey "$card/ca.key" -days 30 \
		-out "$work/$1.pem" 2>/dev/null
}
# --- a key, its request, its certificate ---
check 'a key' iotsafe keygen --curve brainpool --name meter
check 'its request' iotsafe csr meter --subject /CN=meter-0002 --out "$work/r.pem"
check 'the CA answers' sign_request meter
check 'the certificate is stored' iotsafe write "$work/meter.pem" --type cert
shows '  under the name of its key' '^pkcs11:token=simtok;object=meter;type=cert$'
check '  every program sees it' iotsafe list --json
cp "$work/check.out" "$work/list.json"
check '  beside its key, with one id' jq -e '[.slots[0].objects[] | select(.label == "meter") |
	[.class, .id]] | map(.[0]) == ["private-key", "public-key", "certificate"] and
	(map(.[1]) | unique | length) == 1' "$work/list.json"
back() { cmp <(openssl x509 -in "$work/meter.pem" -outform DER) <(iotsafe read meter --der); }
check 'it comes back' back
check '  as PEM' iotsafe read meter --out "$work/back.pem"
check '  which is the same' cmp "$work/back.pem" <(openssl x509 -in "$work/meter.pem")
check '  by its URI' iotsafe read 'pkcs11:object=meter;type=cert' --pem
check '  for programs' iotsafe read meter --json
check '  is JSON' jq -e '.class == "certificate" and .label == "meter" and
	.size == (.value | length / 2)' "$work/check.out"
terminal() { script -qec "$build/iotsafe read meter" /dev/null </dev/null | tr -d '\r'; }
check '  for people' terminal
shows '    with a summary' '^subject +CN=meter-0002$'
shows '    and PEM' '^-----BEGIN CERTIFICATE-----$'
check 'the public key' iotsafe read meter --type pubkey
shows '  as PEM' '^-----BEGIN PUBLIC KEY-----$'
check 'once more changes nothing' iotsafe write "$work/meter.pem" --type cert
check '  there is one' back

sim_stop
sim_start "$1"
check 'after a power cycle it is there' back
check_exit 'a certificate of a key that is not there' 1 iotsafe write "$card/ca.pem" --type cert
shows '  says so' 'no key on the token has this certificate.s public key; --unbound'
check 'unless that is wanted' iotsafe write "$card/ca.pem" --type cert --unbound --name my-ca
check '  it comes back' iotsafe read my-ca
check '  and goes' iotsafe delete my-ca
check_exit '  for good' 1 iotsafe read my-ca

check 'the key is replaced' iotsafe keygen --curve brainpool --name meter --yes
check_exit '  its old certificate is not shown' 1 iotsafe read 'pkcs11:object=meter;type=cert'
check '  a new one' iotsafe csr meter --subject /CN=meter-0003 --out "$work/r.pem"
check '  is signed' sign_request meter
check '  is stored' iotsafe write "$work/meter.pem" --type cert
check '  and comes back' back
check '  and goes' iotsafe delete meter --type cert
check_exit '  for good' 1 iotsafe read 'pkcs11:object=meter;type=cert'

# --- data ---
printf 'broker.example\n' >"$work/text"
head -c 3000 /dev/urandom >"$work/bytes"
check 'data is stored' iotsafe write "$work/text" --type data --name config --application app
shows '  its URI' '^pkcs11:token=simtok;object=config;type=data$'
same() { cmp "$work/$1" <(iotsafe read "$2"); }
check '  comes back' same text config
check '  for programs' iotsafe read config --json
check '  with its application' jq -e '.application == "app"' "$work/check.out"
check 'bytes are stored' iotsafe write "$work/bytes" --type data --name blob --json
check '  is JSON' jq -e '.uri == "pkcs11:token=simtok;object=blob;type=data"' "$work/check.out"
check '  come back' same bytes blob
: >"$work/empty"
check 'nothing is stored' iotsafe write "$work/empty" --type data --name nothing
check '  comes back' same empty nothing
check 'data goes' iotsafe delete blob
check_exit '  for good' 1 iotsafe read blob
check_exit '  a second time' 1 iotsafe delete blob

# --- a full disk ---
iccid=$(ls "$work/store")
mount -t tmpfs -o size=16k,mode=700 tmpfs "$work/store"
check 'a small disk' iotsafe write "$work/text" --type data --name config
head -c 30000 /dev/urandom >"$work/much"
check_exit 'is too small for much' 1 iotsafe write "$work/much" --type data --name much
shows '  says so' "there is no room for it, neither .* nor in $work/store"
check '  the old data stands' same text config
check '  nothing is left of the new' sh -c "[ \$(ls -A '$work/store/$iccid' | wc -l) = 1 ]"
umount "$work/store"
check 'the other disk is as it was' same text config

# --- a public key ---
openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkey -pubout -out "$work/peer.pem"
check 'a public key' iotsafe write "$work/peer.pem" --type pubkey --name peer
uri=$(grep '^pkcs11:' "$work/check.out")
check '  comes back' cmp "$work/peer.pem" <(iotsafe read "$uri" --pem)

fill() { # until no container is empty, at most five times
	local i
	for i in 1 2 3 4 5; do
		iotsafe write "$work/peer.pem" --type pubkey >"$work/fill.out" 2>&1 || return 0
	done
	return 1
}
check 'the containers for public keys are filled' fill
check_exit 'one more' 1 iotsafe write "$work/peer.pem" --type pubkey
shows '  says so' 'the SIM has no empty container for it that may be written'

# --- what cannot be ---
openssl ecparam -name secp256k1 -genkey -noout 2>/dev/null | openssl pkey -pubout -out "$work/odd.pem"
head -c 40000 /dev/zero >"$work/long"
check_exit 'a file that is not there' 1 iotsafe write "$work/none" --type data
check_exit 'no type' 2 iotsafe write "$work/text"
check_exit 'a type that is none' 2 iotsafe write "$work/text" --type key
check_exit 'text as a certificate' 2 iotsafe write "$work/text" --type cert
check_exit 'text as a public key' 2 iotsafe write "$work/text" --type pubkey
check_exit 'a curve that SIMs do not know' 2 iotsafe write "$work/odd.pem" --type pubkey
check_exit 'too much' 2 iotsafe write "$work/long" --type data
shows '  says so' 'too long: 40000 bytes, at most 32767'
check_exit 'an application of a certificate' 2 iotsafe write "$card/ca.pem" --type cert --application x
check_exit 'a certificate of the card stays' 1 iotsafe delete ca-cert
check '  is there' iotsafe read ca-cert
check_exit 'data as PEM' 1 iotsafe read config --pem
check_exit 'two forms' 2 iotsafe read config --der --json
all_passed
