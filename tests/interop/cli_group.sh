#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A group of two SIMs as iotsafe shows it. cli_group.sh TRANSPORT: the first SIM's; the other is behind
# a socket.
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

key=7B0E1FD1F37A4C4C8B8B7E7C6F0A92C11A1E2F3D4C5B6A79881726354453627F
sim_new zariot --key "303036=$key"
sim_start unix
mv "$control" "$work/spare.sock"
sim_new demo --key "01=$key"
sim_start "$1"
cat >"$conf" <<END
[module]
lock-dir = $work/lock
store-dir = $work/store
[slot modem]
uri = $slot_uri
[slot spare]
uri = unix:$work/spare.sock
[group meter]
id = 7
members = modem, spare
label = meter
END
json() { jq -e "$1" "$work/json"; }
list() { iotsafe list --json | tee "$work/json"; }

check 'list --json' list
check '  one slot, and its members' json '[.slots[] | [.slot, .description, .label, .members]] ==
	[[7, "meter", "meter", ["modem", "spare"]]]'
check '  a SIM for each member' json '[.cards[] | [.slot, .status]] == [["modem", "OK"], ["spare", "OK"]]'
check "  the serial number is the first SIM's" json '.cards[0].iccid[-16:] == .slots[0].serial'
check 'list' iotsafe list
shows '  who is in it' '^  the first healthy one of: modem, spare$'
check 'list --slot of the group' iotsafe list --slot meter
shows '  and its SIMs' '^SIM in slot "spare"'
check 'doctor' iotsafe doctor
shows '  the group' '^  members +ok +the first healthy one of modem, spare'
check '  and both on their way to a signature' test "$(grep -c '^  signature *ok' "$work/check.out")" = 2
check 'csr' iotsafe csr device --label meter --subject /CN=meter
sim_control remove >/dev/null
check 'without the first SIM' list
check "  the other's number" json '.cards[1].iccid[-16:] == .slots[0].serial'
check '  and the same label' json '.slots[0].label == "meter"'
check '  the key by the name that it has there' json '.slots[0].objects[] | select(.class == "private-key" and
	(.uses | test("sign")))'

wrong() { # TEXT REGEX MEMBERS
	sed -i "s/^members = .*/members = $3/" "$conf"
	check_exit "$1" 1 iotsafe list
	shows '  is told with its line' "iotsafe.conf:[0-9]+: .*$2"
}
wrong 'a member that is not there' 'is not there' 'modem, nobody'
wrong 'a member twice' 'named twice' 'modem, modem'
wrong 'too many members' '1 to 8 names' 'a,b,c,d,e,f,g,h,i'
all_passed
