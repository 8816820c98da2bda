#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe doctor over an AT modem. cli_doctor_at.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"

check 'all is well' iotsafe doctor
shows '  the modem tells its name' '^  device +ok .*modem, .*Modem'
shows '  a signature verified under the certificate' '^  signature +ok +"device": verified under certificate CN=meter-0001'
sim_control remove >/dev/null
check_doctor 'the SIM is taken out' SIM 'no SIM'
sim_control insert >/dev/null
check 'back in its place, all is well' iotsafe doctor
check_doctor 'no such port' device 'no such device' --uri "at:$work/absent"
conf_write "$slot_uri"
sed -i 's/^lock-dir.*/&\ntimeout = 2/' "$conf"
sim_control 'fault F29x0' >/dev/null
check_doctor 'the modem is silent' device 'does not answer'
sim_control 'fault clear' >/dev/null
check 'healthy again' iotsafe doctor
flock "$(readlink -f "$work/modem")" sleep 20 &
pids+=($!)
sleep 0.3
check_doctor 'another program owns the port' device 'owns the port|others hold'
conf_write "$slot_uri"

# as somebody who may not use the port
chmod 755 "$work"
chmod 620 "$work/modem"
cp "$build/iotsafe" "$work/"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env -u IOTSAFE_CONF "$work/iotsafe" "$@"; }
check_exit 'a port that we may not use' 1 as_nobody doctor --uri "$slot_uri"
shows '  says so' '^  device +FAIL .*no permission'
shows '  and who may' "^ +-> add the user to the group \"$(stat -L -c %G "$work/modem")\""

sim_stop
at_habits=pin=yes sim_start "$1"
check_doctor 'the SIM asks for its PIN' SIM 'asks for its PIN'
all_passed
