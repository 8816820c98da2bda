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
all_passed
