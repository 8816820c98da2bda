#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe doctor over PC/SC. cli_doctor_pcsc.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

mkdir -p /run/pcscd
mount -t tmpfs -o mode=755 tmpfs /run/pcscd
conf_write pcsc:
check_doctor 'pcscd is not running' device 'pcscd is not running'
check_doctor 'the same without a configuration' device 'pcscd is not running' --uri pcsc:
mkdir -p /etc/iotsafe
mount -t tmpfs tmpfs /etc/iotsafe
bare() { env -u IOTSAFE_CONF timeout 60 "$build/iotsafe" "$@"; }
check_exit 'and with nothing said at all' 1 bare doctor
shows '  at step "device"' '^ *device +FAIL .*pcscd is not running'
check 'list finds nothing then' bare list
shows '  and says so' '^No slot'
conf_write pcsc: '[slot modem]' "uri = at:$work/absent"
check_doctor 'one slot without pcscd' device 'pcscd is not running'
shows '  one without modem, both told' '^ *device +FAIL .*no such device'
check_exit 'only one of them' 1 iotsafe doctor --slot sim
shows '  by its name' 'pcscd is not running'
shows_not '  not the other' 'no such device'
check_doctor 'a modem that is not there' device 'no such device' --uri qmi:/dev/iotsafe-absent

sim_new demo
sim_start "$1"
check 'all is well' iotsafe doctor
shows '  the reader' '^  device +ok .*Virtual PCD'
shows '  a signature verified under the certificate' '^  signature +ok +"device": verified under certificate CN=meter-0001'
check_doctor 'no reader of that name' device 'no card reader' --uri 'pcsc:?reader=Nobody'
sim_control remove >/dev/null
# pcscd looks into the reader every 0.4 seconds
no_sim() { iotsafe doctor | grep -q 'no SIM'; }
wait_for no_sim
check_doctor 'the SIM is taken out' SIM 'no SIM'
sim_control insert >/dev/null
wait_for iotsafe doctor
check 'back in its place, all is well' iotsafe doctor
pcscd_stop
check_doctor 'pcscd has stopped' device 'pcscd is not running'
all_passed
