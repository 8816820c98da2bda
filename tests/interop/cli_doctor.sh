#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe doctor over a socket: each failure with cause and remedy. cli_doctor.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"

check 'all is well' iotsafe doctor
for step in configuration module; do shows "  $step" "^$step +ok"; done
for step in device SIM channel applet objects; do shows "  $step" "^  $step +ok"; done
shows '  a signature verified under the certificate' '^  signature +ok +"device": verified under certificate CN=meter-0001'
shows '  in so many words' '^All is well'
check 'in JSON' iotsafe doctor --json
check '  is JSON' jq -e '.ok and ([.checks[] | select(.step == "signature")][0].result == "ok")' "$work/check.out"

# --- the SIM ---
sim_control remove >/dev/null
check_doctor 'the SIM is taken out' SIM 'no SIM'
shows '  later steps are not reached' '^  signature +- +not reached'
check_exit '  in JSON too' 1 iotsafe doctor --json
check '  is JSON' jq -e '(.ok | not) and ([.checks[] | select(.result == "fail")] | length == 1) and
	([.checks[] | select(.result == "fail")][0] | .slot == "sim" and .step == "SIM" and .remedy != null)' \
	"$work/check.out"
sim_control insert >/dev/null
check 'back in its place, all is well' iotsafe doctor
sim_control reset >/dev/null
sim_control 'fault C3x0' >/dev/null
check_doctor 'no logical channel is free' channel 'all logical channels'
sim_control 'fault clear' >/dev/null
sim_control reset >/dev/null
sim_control 'fault C11x0' >/dev/null
check_doctor 'the applet is absent' applet 'no IoT SAFE applet'
sim_control 'fault clear' >/dev/null
check 'healthy again' iotsafe doctor

# --- the configuration ---
check_doctor 'no such configuration' configuration 'cannot open it' --conf "$work/absent.conf"
conf_write "$slot_uri" 'timout = 3'
check_doctor 'a wrong line' configuration 'iotsafe\.conf:8: unknown key "timout"'
conf_write "$slot_uri" 'id = many'
check_doctor 'a wrong value' configuration 'iotsafe\.conf:8: id = many: expected a number'
check_exit 'list tells it too' 1 iotsafe list
shows '  with file and line' 'iotsafe\.conf:8: id = many'
conf_write "$slot_uri"
chmod 666 "$conf"
check_doctor 'a configuration that all may write' configuration 'others may write it'
conf_write "$slot_uri"
chmod 755 "$work"
cp "$build/iotsafe" "$work/" # the build folder may lie where nobody gets
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups env "IOTSAFE_CONF=$conf" "$work/iotsafe" "$@"
}
check_exit 'a configuration that we may not read' 1 as_nobody doctor
shows '  says so' '^configuration +FAIL .*Permission denied'
check_doctor 'a slot that is not there' configuration 'no slot of that name' --slot nobody
conf_write "$slot_uri" 'expected-iccid = 8900000000000000000'
check_doctor 'another SIM than expected' SIM 'another SIM than expected'
conf_write "$slot_uri" 'aid = A000000000FFFF'
check_doctor 'an AID that the SIM does not know' applet 'no IoT SAFE applet'

# --- the device ---
check_doctor 'nobody at the socket' device 'nobody' --uri "unix:$work/absent.sock"
conf_write "$slot_uri"
chmod 755 "$conf"
chmod 700 "$control"
check_exit 'a socket that we may not use' 1 as_nobody doctor
shows '  says so' '^  device +FAIL .*no permission'
shows '  with a remedy' '^ +-> '
# an ordinary user, who may: all steps, and none of them wants more
chmod 666 "$control"
cp "$module" "$work/"
mkdir -m 1777 -p "$work/lock"
chmod 1777 "$work/lock"
check 'an ordinary user who may use it' as_nobody doctor --module "$work/${module##*/}"
for step in configuration module; do shows "  $step" "^$step +ok"; done
for step in device SIM channel applet objects signature; do shows "  $step" "^  $step +ok"; done
shows '  in so many words' '^All is well'
chmod 600 "$conf"

# --- the module ---
check_doctor 'the module is absent' module '/nonexistent.so' --module /nonexistent.so
check_doctor 'a library that is no module' module 'C_GetFunctionList|cannot open' --module "$(ldd "$build/iotsafe" | awk '/libc\.so/ { print $3 }')"
mkdir -p "$work/modules"
mount --bind "$work/modules" "$(pkg-config --variable=p11_module_configs p11-kit-1)"
check 'not registered with p11-kit' iotsafe doctor
shows '  is a note' '^p11-kit +note .*not registered'
echo "module: $module" >"$work/modules/iotsafe.module"
check 'registered with p11-kit' iotsafe doctor
shows '  is seen' "^p11-kit +ok +.*iotsafe.module registers $module"
echo "module: /nonexistent/iotsafe-pkcs11.so" >"$work/modules/iotsafe.module"
check_doctor 'registered, but not there' p11-kit 'not readable'
rm "$work/modules/iotsafe.module"

# --- the objects ---
sim_stop
cp "$card/objects/private-01.1.pem" "$work/right.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$card/objects/private-01.1.pem" 2>/dev/null
sim_start "$1"
check_doctor 'a certificate of another key' signature 'does not verify it'
sim_stop
sim_new empty
sim_start "$1"
check_doctor 'an applet without containers' objects 'no containers'
sim_stop
sim_new type2
sim_start "$1"
check 'secret keys only' iotsafe doctor
shows '  is told' '^ *signature +note +the SIM holds secret keys only'
sim_stop
sim_start "$1"
sim_control 'object secret 0A clear' >/dev/null
check_doctor 'no key at all' signature 'no key that can sign'
all_passed
