#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe list and doctor on every personality of the simulator. cli_profiles.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

# what each holds: the doctor's exit code, and a line of it
cases='
demo:0:signature +ok +"device": verified under certificate
thales:0:signature +ok +.*verified under certificate
zariot:0:signature +ok +.*verified under certificate
ntt:0:signature +ok +.*verified under certificate
quantag:0:signature +note +"11": signed, but nothing that the SIM shows can verify it
rsa:0:signature +ok +"device": verified under certificate
full:0:signature +ok +.*verified under certificate
type2:0:signature +note +the SIM holds secret keys only
empty:1:objects +FAIL +the applet has no containers
pin:0:signature +note +"device": it wants its PIN
'
while IFS=: read -r profile code line; do
	[ -n "$profile" ] || continue
	say "-- $profile"
	sim_new "$profile"
	sim_start "$1"
	check_exit 'doctor' "$code" iotsafe doctor
	shows '  says what is there' "^ *$line"
	shows_not '  in clean text' '[[:cntrl:]]'
	check 'list' iotsafe list
	shows_not '  in clean text' '[[:cntrl:]]'
	check 'list --json' iotsafe list --json
	check '  is JSON' jq -e '.cards[0].status == "OK"' "$work/check.out"
	check 'every URI is of its own' jq -e '[.slots[].objects[].uri] | length == (unique | length)' \
		"$work/check.out"
	sim_stop
done <<<"$cases"

say '-- wolfssl, an applet that does not tell what it holds'
sim_new wolfssl
sim_start "$1"
check_doctor 'without [container] lines' objects 'no containers'
shows '  there is no more to say' '^ *signature +- +not reached'
container() { # NAME KIND ID [LINE]
	printf '[container %s]\nslot = sim\nkind = %s\nid = %s\n%s\n' "$1" "$2" "$3" "${4:-}"
}
conf_write "$slot_uri" "$(container device private-key 02 'key-type = p256')" \
	"$(container device-public public-key 02 'key-type = p256')" \
	"$(container device-cert certificate 03)"
check 'with them, all is well' iotsafe doctor
shows '  a signature verified under the certificate' '^ *signature +ok +.*verified under certificate CN=meter-0001'
check 'the key is listed' iotsafe list
shows '  for signing' '^  private-key .*P-256 +sign'
all_passed
