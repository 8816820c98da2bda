#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe list: tables and JSON; wrong command lines. cli_list.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"
identity_uris

check 'iotsafe list' iotsafe list
shows '  the token' 'token "simtok".*serial [0-9]{16}'
shows '  the private key' '^  private-key +device +P-256 +sign'
shows '  its URI' '^    pkcs11:token=simtok;object=device;type=private$'
shows '  the certificate with subject and end' '^  certificate +device +CN=meter-0001.*until [0-9-]{10}'
shows '  the container behind it' '^  private-key +01 +device +P-256 +filled'
shows '  the container of the certificate' '^  file +02 +device-cert +certificate +filled .*bytes'
uri=$(grep -o 'pkcs11:.*object=device;type=private' "$work/check.out" | head -n 1)
public_key_of "$card/device.pem"
echo data >"$work/data"
sign() {
	PKCS11_MODULE_PATH=$module host openssl dgst -sha256 -engine pkcs11 -keyform engine \
		-sign "$uri" -out "$work/sig" "$work/data"
}
check_signs 'that URI signs' sign
check '  and it verifies' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/sig" "$work/data"

check 'iotsafe list --json' iotsafe list --json
cp "$work/check.out" "$work/json"
json() { jq -e "$1" "$work/json"; }
check '  is JSON' json .
check '  the key cannot be extracted' json '[.slots[0].objects[] | select(.class == "private-key") |
	.sensitive == true and .extractable == false and .value == "refused"] | length > 0 and all'
check '  one id for the identity' json "[.slots[0].objects[] | select(.label == \"device\") | .id |
	ascii_downcase] == [\"$key_id\", \"$key_id\", \"$key_id\"]"
check '  the URI of each object' json '[.slots[].objects[].uri | startswith("pkcs11:token=simtok;")] | all'
check '  the containers' json '.cards[0].containers | length == 7'
check '  the ICCID ends as the serial' json '.slots[0].serial as $s | .cards[0].iccid | endswith($s)'
check '--slot' iotsafe list --slot sim
check_exit 'a slot that is not there' 1 iotsafe list --slot nobody
shows '  is named' 'nobody'
check '--uri needs no configuration' env IOTSAFE_CONF=/nonexistent "TMPDIR=$work" "$build/iotsafe" list --uri "$slot_uri"
shows '  and shows the key' '^  private-key +device'
check '  and leaves no file behind' sh -c "! ls '$work'/iotsafe-uri.* 2>/dev/null"
check '--conf' env -u IOTSAFE_CONF "$build/iotsafe" list --conf "$conf"
shows '  shows the key' '^  private-key +device'
check '--module' iotsafe list --module "$module"

# --- for eyes ---
on_terminal() { # ENVIRONMENT… COMMAND…
	timeout -k 5 60 script -qec "env $* '$build/iotsafe' list" /dev/null
}
colours=$'\033\\[1mSlot 0'
check 'in a table' iotsafe list
shows '  with a head' '^  OBJECT +LABEL +WHAT +USES$'
shows '  and one for the containers' '^  CONTAINER +ID +LABEL +TYPE +STATE +ACCESS +SIZE$'
columns() { [ "$(sed -n '/^  CONTAINER/,$s/^\(.* \)\(filled\|empty\|volatile\|STATE\) .*/\1/p' "$work/list" | awk '{ print length }' | sort -u | wc -l)" = 1 ]; }
cp "$work/check.out" "$work/list"
check '  whose columns are in line' columns
check 'in a file there are no colours' iotsafe list
shows_not '  none' $'\033'
check 'on a terminal there are' on_terminal TERM=xterm
shows '  they are there' "$colours"
check 'but not with NO_COLOR' on_terminal TERM=xterm NO_COLOR=1
shows_not '  none' $'\033'
check 'nor on a dumb one' on_terminal TERM=dumb
shows_not '  none' $'\033'
check '--color always' iotsafe list --color always
shows '  in a file too' "$colours"
check '--color never' iotsafe list --color never
shows_not '  none' $'\033'
check_exit '--color of a word unknown' 2 iotsafe list --color red
shows '  says what is expected' 'expected auto, always or never'
check '  JSON has none in any case' iotsafe list --json --color always
check '  it is JSON' jq -e . "$work/check.out"

check_exit 'no command' 2 iotsafe
check_exit 'an unknown command' 2 iotsafe nonsense
shows '  says so' 'unknown command "nonsense"; there are: list doctor keygen'
check_exit 'an unknown option' 2 iotsafe list --nonsense
check_exit 'an argument too many' 2 iotsafe list more
check_exit 'an argument too few' 2 iotsafe read
check_exit 'an option of another command' 2 iotsafe list --yes
check_exit 'an option twice' 2 iotsafe list --slot sim --slot sim
check_exit '--conf and --uri together' 2 iotsafe list --conf x --uri unix:y
check_exit 'a URI that is none' 1 iotsafe list --uri nonsense
shows '  says what is expected' 'expected pcsc:, at:PATH, qmi:PATH, mbim:PATH or unix:PATH'
check_exit 'a module that is not there' 1 iotsafe list --module /nonexistent.so
shows '  names it' '/nonexistent.so'
check_exit 'a library that is no module' 1 iotsafe list --module libm.so.6
check_exit 'standard output is full' 1 sh -c "exec '$build/iotsafe' list >/dev/full"
check '--help' iotsafe --help
shows '  lists the commands' '^  doctor'
check '--version' iotsafe --version

sim_stop
check 'without the SIM' iotsafe list
shows '  says so' 'doctor'
check 'without the SIM, in JSON' iotsafe list --json
check '  is JSON' jq -e '.slots[0].token == false or (.slots | length) == 0' "$work/check.out"
all_passed
