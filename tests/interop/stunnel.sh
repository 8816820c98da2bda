#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/stunnel.md: a TLS client and a TLS server for programs that have none. stunnel.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe stunnel
cloud_start
wrong_certificates
issue gateway.example "$work/device.pub" /etc/iotsafe/gateway.pem
backend_start 8000
check 'the packages' recipe_packages

page=/etc/stunnel/device.conf
up() { listens 8081 && listens 8444; }
recipe_write "$page"
check 'stunnel starts' recipe_run start
check '  and listens' wait_for up
check '  as user stunnel4' pgrep -u stunnel4 -f "$page"
check_signs 'as a client' recipe_run look
recipe_shows '  whose server verified the certificate' look
check_signs 'as a server' recipe_run look-server
shows '  which curl verified' '^Hello from behind'
check_signs 'two clients at once' two_at_once recipe_run look
shows '  verified' '^verify=SUCCESS'
check_signs 'two visitors at once' two_at_once recipe_run look-server
check 'the lines of "iotsafe doctor" are these' recipe_doctor stunnel

# --- what goes wrong ---
locked_start
spoil() { # SED-SCRIPT
	recipe_write "$page"
	replaced "$page" "$1"
}
refused() { host stunnel "$page"; }
spoil "$uri_no_key"
goes_wrong 'no such key' no-key refused
spoil "$uri_wrong_pin"
goes_wrong 'a wrong PIN' wrong-pin refused
spoil s/gateway.pem/other.pem/
goes_wrong 'the certificate of another key' mismatch refused
spoil "$uri_two_keys; s/gateway.pem/expired.pem/; s|^cert = pkcs11.*|cert = /etc/iotsafe/expired.pem|"
check 'a URI that fits two keys, and certificates that have expired' recipe_run start
check '  are taken' wait_for up
check_signs '  the server upstream refuses' recipe_run look
shows '  it' '400 The SSL certificate error'
goes_wrong '  so do visitors' expired recipe_run look-server
systemctl stop stunnel@device
recipe_write "$page"
goes_wrong 'a user without rights' no-rights host "${stranger[@]}" stunnel "$page"
denied() {
	recipe_run look || true
	grep 'no permission' /run/systemctl-stunnel@device.log && grep 'Device error' /run/systemctl-stunnel@device.log
}
if [ "$1" = unix ]; then
	spoil 's/^setgid.*/setgid = stunnel4/'
	check 'stunnel starts with a group that has no rights' recipe_run start
	check '  and listens' wait_for up
	check_signs '  and serves' recipe_run look
	sim_stop
	check '  until the modem was away' modem_start
	check '  then it may not open it again' wait_for denied
	recipe_shows '  as the recipe shows it' no-group /run/systemctl-stunnel@device.log
else # a port that came back is waited for, for udev may yet give it to its group
	recipe_text shows=no-group >/dev/null
fi
recipe_done
