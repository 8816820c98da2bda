#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe doctor and list on an MBIM or QMI modem behind the real proxy: what can be wrong there has a
# name and a remedy. cli_doctor_modem.sh mbim|qmi
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

link=$1
slot() { # URI [LINE…]
	conf_write "$@"
	sed -i 's/^lock-dir.*/&\ntimeout = 2/' "$conf"
}
remedy() { shows '  that helps' "^ +-> .*$1"; }
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups env -u IOTSAFE_CONF "$work/iotsafe" "$@"
}

sim_new demo
slot $link:/dev/null
check_doctor 'no proxy' device "$link-proxy is not running"
remedy "ModemManager, or /usr/libexec/$link-proxy"

sim_start $link-proxy
slot "$slot_uri"
check 'all is well' iotsafe doctor
shows '  a signature verified under the certificate' '^  signature +ok +"device": verified under certificate CN=meter-0001'

slot $link:/dev/cdc-wdm99
check_doctor 'no such device' device 'there is no such device'
remedy '/dev/cdc-wdm'
slot $link:/etc/passwd
check_doctor 'what is no device' device "no ${link^^} device"
remedy 'readlink /sys'

slot "$slot_uri"
sim_control remove >/dev/null
check_doctor 'the SIM is taken out' SIM 'no SIM'
check 'the list says so, too' iotsafe list
shows '  of that slot' '^SIM in slot "sim".*: no SIM'
sim_control insert >/dev/null
check 'back in its place, all is well' wait_for iotsafe doctor
slot "$slot_uri" 'expected-iccid = 8988211000000000000'
check_doctor 'another SIM than expected' SIM 'another SIM than expected'
slot "$slot_uri" 'aid = A0000000871002'
check_doctor 'no applet of that AID' applet 'no IoT SAFE applet'

# whom the proxy does not serve
slot "$slot_uri"
chmod 755 "$work"
cp "$build/iotsafe" "$work/"
check_exit 'not root' 1 as_nobody doctor --uri "$slot_uri"
shows '  the proxy is why' '^  device +FAIL .*the proxy serves root only'
remedy 'agent'
chmod 600 "$(readlink -f "$work/modem")"
check_exit 'nor the device itself' 1 as_nobody doctor --uri "$slot_uri?direct=1"
shows '  its mode is why' '^  device +FAIL .*no permission'
remedy '(group|owner)'

# the modem's device answers, the proxy does not
slot "$slot_uri"
if [ $link = qmi ]; then proxy_pid=$qmi_proxy_pid; else proxy_pid=$mbim_proxy_pid; fi
kill -STOP "$proxy_pid"
check_doctor 'a proxy that hangs' device "no answer in time through $link-proxy"
remedy "restart $link-proxy"
kill -CONT "$proxy_pid"
check 'it goes on, and all is well' wait_for iotsafe doctor

case $link in
qmi)
	sim_control 'fault Q8x0' >/dev/null
	check_doctor 'firmware that denies channels' channel 'denies logical channels'
	remedy 'at: or mbim:'
	sim_control 'fault clear' >/dev/null
	sim_control 'fault Q3x0' >/dev/null
	check_doctor 'no client id is left' channel 'client ids of the modem'
	sim_control 'fault clear' >/dev/null
	sim_control 'fault F29x0' >/dev/null
	check_doctor 'a silent modem' device 'no answer in time through qmi-proxy'
	remedy 'restart qmi-proxy'
	sim_control 'fault clear' >/dev/null
	check 'healthy again' wait_for iotsafe doctor
	;;
mbim)
	sim_control 'fault M2x0:9' >/dev/null
	check_doctor "a modem without Microsoft's UICC access" channel 'low-level UICC access'
	remedy 'at: or qmi:'
	sim_control 'fault clear' >/dev/null
	check 'healthy again' wait_for iotsafe doctor
	# mbim-proxy of libmbim 1.28 does not come back from this
	sim_control 'fault M1x0' >/dev/null
	check_doctor 'the modem closes its function' device 'has lost the modem'
	remedy 'restart mbim-proxy'
	sim_control 'fault clear' >/dev/null
	end_process "$mbim_proxy_pid"
	mbim_proxy_pid=
	mbim_proxy_start
	check 'so it is' wait_for iotsafe doctor
	;;
esac
all_passed
