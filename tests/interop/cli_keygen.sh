#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe keygen: which container is filled, what is replaced, what is not. cli_keygen.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new thales
sim_start "$1"

# Standard output, the rest in check.out.
out() { # FILE COMMAND…
	local file=$1
	shift
	"$@" >"$file"
}
made() { apdu_ins_count B9; } # GENERATE KEY PAIR
generates() { # TEXT COUNT: how many keys the SIM has made so far
	[ "$(made)" = "$2" ] || die "$1: the SIM made $(made) keys, expected $2"
	ok "$1"
}

check 'a key pair' out "$work/one.pem" iotsafe keygen
shows '  in the volatile pair' '^P-256 key pair in container private-key:04$'
shows '  with its id' '^id [0-9A-F]{40}$'
shows '  and its URI' '^pkcs11:token=simtok;object=ephemeral;type=private$'
shows '  and that it cannot sign' 'note: keys in this container cannot sign'
check '  the public key is PEM' openssl pkey -pubin -in "$work/one.pem" -noout
generates '  one key was made' 1

check 'another curve, and a name' out "$work/two.pem" iotsafe keygen --curve brainpool --name meter
shows '  in the empty pair' '^brainpoolP256r1 key pair in container private-key:06$'
shows '  of that name' '^pkcs11:token=simtok;object=meter;type=private$'
shows_not '  with nothing to note' 'note:'
check '  which all programs see' iotsafe list
shows '    the private key' '^  private-key +meter +brainpoolP256r1 +sign'
shows '    the public key' '^  public-key +meter +brainpoolP256r1'
generates '  one more key was made' 2
same() { cmp "$work/two.pem" <(iotsafe read meter --type pubkey); }
check '  it is the one that was shown' same
check '  it signs' iotsafe csr meter --subject /CN=x --out "$work/r.pem"

check_exit 'its name alone does not replace it' 1 iotsafe keygen --curve brainpool --name meter
shows '  says what would' 'object=meter;type=private is a key already; with --yes'
check_exit 'nor is an identity replaced' 1 iotsafe keygen --name device
check_exit '  by id neither' 1 iotsafe keygen --id "$(ec_id_of "$card/device.pem")"
generates '  no key was made' 2
check '  it is there still' same
check 'with --yes it is' out "$work/three.pem" iotsafe keygen --curve brainpool --name meter --yes
shows '  in its container' 'container private-key:06$'
generates '  one more key was made' 3
shows_not '  with nothing to note' 'note:'
differ() { ! cmp -s "$work/two.pem" "$work/three.pem"; }
check '  another one' differ

check 'for programs' iotsafe keygen --json
check '  is JSON' jq -e '.container == "private-key:04" and .curve == "P-256" and
	(.public_key | startswith("-----BEGIN PUBLIC KEY-----\n")) and (.uri | startswith("pkcs11:"))' \
	"$work/check.out"
check 'to a file' iotsafe keygen --out "$work/four.pem"
check '  the public key' openssl pkey -pubin -in "$work/four.pem" -noout

made_before=$(made)
check_exit 'a curve that the SIM has no container for' 1 iotsafe keygen --curve p384
shows '  says so' 'no container for a key on that curve'
check_exit 'a curve that nobody knows' 2 iotsafe keygen --curve p999
check_exit 'an id that is none' 2 iotsafe keygen --id xyz
check_exit 'a token that is not there' 1 iotsafe keygen --label nobody
shows '  says so' 'no token of that name'
check_exit 'a slot that is not there' 1 iotsafe keygen --slot nobody
generates '  no key was made' "$made_before"
check 'the slot by name' iotsafe keygen --slot sim
check 'the slot by number' iotsafe keygen --slot 0
check 'the token by label' iotsafe keygen --label simtok

sim_stop
sim_start "$1"
again() { cmp "$work/three.pem" <(iotsafe read meter --type pubkey); }
check 'after a power cycle the persistent key is there, and its name' again

# --- the end of a key ---
made_before=$(made)
check_exit 'a key is not destroyed without --yes' 2 iotsafe delete meter --type privkey
check_exit 'nor is the identity with it' 1 iotsafe delete device --type privkey --yes
shows '  says why' 'device: it is no key that was made through'
check_exit 'a key that is not there' 1 iotsafe delete nobody --type privkey --yes
generates '  no key was made' "$made_before"
check 'with --yes it is' iotsafe delete meter --type privkey --yes
generates '  by one that takes its place' $((made_before + 1))
iotsafe list >"$work/check.out" 2>&1
shows_not '  no key of it is left' '^  (private|public)-key +(meter|brainpool)'
shows '  the identity is' '^  private-key +device'
check 'its place is free' iotsafe keygen --curve brainpool --name meter2
shows '  for another' 'container private-key:06$'

# --- not as it was asked for: this is said ---
mv "$work/store" "$work/store.away"
touch "$work/store" # no folder
check 'a name without a place to keep it' iotsafe keygen --name nowhere
shows '  is told' 'note: it is called "ephemeral": the name that was asked for cannot be kept'
rm "$work/store"
mv "$work/store.away" "$work/store"
sim_stop
sim_new full
sim_start "$1"
check 'a key that the SIM does not replace' iotsafe keygen --name p384 --curve p384 --yes
shows '  is told' 'note: the key in container private-key:1001 is still there'
shows '  the new one is elsewhere' '^P-384 key pair in container private-key:19$'
all_passed
