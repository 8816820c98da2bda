#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/mosquitto.md: MQTT clients with the SIM's certificate, a broker with its key. mosquitto.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe mosquitto
check 'the packages' recipe_packages
check 'the certificate, from the SIM' recipe_run certificate
wrong_certificates
issue broker.example "$work/device.pub" /etc/iotsafe/broker.pem -days 2
check 'rights for the broker' recipe_run rights
recipe_write /etc/mosquitto/conf.d/gateway.conf
check 'the broker starts' recipe_run start
up() { listens 8883; }
check '  and listens' wait_for up
page=/etc/mosquitto/conf.d/gateway.conf
log=/var/log/mosquitto/mosquitto.log

# --- the clients, each with the SIM's certificate, by a broker with the SIM's key ---
subscribe() { # that a message comes
	local code=0 from sub
	from=$(($(grep -c 'New client connected' "$log" || true) + 1))
	recipe_run subscribe >"$work/subscribed" 2>&1 &
	sub=$!
	subscribed() { [ "$(grep -c 'New client connected' "$log")" -ge "$from" ]; }
	wait_for subscribed || code=1
	# the broker says that the client came, not that it subscribed
	for _ in 1 2 3 4 5 6 7 8; do
		recipe_run publish || code=1
		sleep 0.2
		kill -0 "$sub" 2>/dev/null || break
	done
	wait "$sub" || code=1
	cat "$work/subscribed"
	return $code
}
check_signs 'a message to a subscriber' subscribe
recipe_shows '  which gets it' subscribe
recipe_shows '  the broker verified the certificates' log "$log"
check_signs 'two clients at once' two_at_once recipe_run publish
check '  the broker verified all of them' test "$(grep -c "New client .* u'meter-0001')" "$log")" -ge 4
check 'the lines of "iotsafe doctor" are these' recipe_doctor mosquitto

# --- what goes wrong at a client ---
locked_start
publish() { # with SED-SCRIPT over the recipe's lines
	recipe_text run=publish | sed "$1" >"$work/publish.sh"
	(cd "$work/home" && host bash -eu "$work/publish.sh")
}
goes_wrong 'no such key' client-no-key publish "$uri_no_key"
goes_wrong 'a wrong PIN' client-wrong-pin publish "$uri_wrong_pin"
goes_wrong 'the certificate of another key' client-mismatch publish s/device.pem/other.pem/
check_fails 'a certificate that has expired' publish s/device.pem/expired.pem/
check '  the broker has read it' wait_for grep -q 'certificate verify failed' "$log"
recipe_shows '  as the recipe shows it' client-expired "$log"
check_signs 'a URI that fits two keys is the first one' publish "$uri_two_keys"
goes_wrong 'a user without rights' client-no-rights publish "s/^mosquitto_pub/${stranger[*]} &/"

# --- and at the broker ---
refused() { # SED-SCRIPT; what the person reads then
	local code=0
	recipe_write "$page"
	[ -z "$1" ] || replaced "$page" "$1"
	systemctl stop mosquitto
	: >"$log"
	host mosquitto -c /etc/mosquitto/mosquitto.conf || code=1
	cat "$log"
	return $code
}
goes_wrong 'the broker: no such key' no-key refused "$uri_no_key"
goes_wrong 'the broker: a wrong PIN' wrong-pin refused "$uri_wrong_pin"
goes_wrong 'the broker: the certificate of another key' mismatch refused s/broker.pem/other.pem/
recipe_write "$page"
replaced "$page" "$uri_two_keys; s/broker.pem/expired.pem/"
check 'the broker takes a URI that fits two keys, and a certificate that has expired' recipe_run start
check '  and listens' wait_for up
# what the client says, and its exit code, depend on who is quicker
recipe_run publish >"$work/publish.out" 2>&1 || true
check '  clients do not' wait_for grep -q 'alert certificate expired' "$log"
gpasswd -d mosquitto dialout >"$work/gpasswd.out"
goes_wrong 'the broker: no rights on the device' no-rights refused ''
recipe_done
