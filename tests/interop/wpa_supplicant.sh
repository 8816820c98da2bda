#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/wpa_supplicant.md: EAP-TLS on a wired network, and to a RADIUS server. wpa_supplicant.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe wpa_supplicant
check 'the packages' recipe_packages
wrong_certificates

# --- the switch: hostapd with an EAP server, at the other end of a cable and as a RADIUS server ---
ip link add lan0 type veth peer name port0
ip link set lan0 up
ip link set port0 up
switch=$work/switch
mkdir "$switch"
openssl ecparam -name prime256v1 -genkey -noout -out "$switch/server.key" 2>"$work/openssl.err"
openssl pkey -in "$switch/server.key" -pubout -out "$switch/server.pub"
issue radius.example "$switch/server.pub" "$switch/server.pem"
printf '"meter-0001" TLS\n' >"$switch/users"
printf '127.0.0.1 secret\n' >"$switch/clients"
cat >"$switch/hostapd.conf" <<END
interface=port0
driver=wired
logger_stdout=-1
logger_stdout_level=1
ieee8021x=1
eap_reauth_period=0
use_pae_group_addr=1
eap_server=1
eap_user_file=$switch/users
ca_cert=$card/ca.pem
server_cert=$switch/server.pem
private_key=$switch/server.key
radius_server_clients=$switch/clients
radius_server_auth_port=1812
END
hostapd -d "$switch/hostapd.conf" >"$switch/log" 2>&1 &
pids+=($!)
check 'hostapd serves' wait_for grep -aq 'AP-ENABLED' "$switch/log"

page=/etc/wpa_supplicant/wpa_supplicant-wired-lan0.conf
recipe_write "$page"
allowed() { # the port is open; how the supplicant sees it
	recipe_run start
	wait_for_long grep -aq 'CTRL-EVENT-EAP-SUCCESS' "$switch/log" && wait_for authenticated
	recipe_run look
}
authenticated() { recipe_run look | grep -q =AUTHENTICATED; }
wait_for_long() { wait_for "$@" || wait_for "$@" || wait_for "$@"; }
check_signs 'the wired network' allowed
recipe_shows '  as the recipe shows it' look
check '  the switch verified the certificate' grep -aq 'EAP-TLS: CONTINUE -> SUCCESS' "$switch/log"
systemctl stop wpa_supplicant-wired@lan0
check_signs 'the RADIUS server' recipe_run radius
recipe_shows '  as the recipe shows it' radius
station() { # each wants an address of its own, and no control socket
	host eapol_test -c "$work/page" -M "02:00:00:00:$((RANDOM % 90 + 10)):$((RANDOM % 90 + 10))" \
		-a 127.0.0.1 -s secret
}
sed /^ctrl_interface/d "$page" >"$work/page"
check_signs 'two at once' two_at_once station
check 'the lines of "iotsafe doctor" are these' recipe_doctor wpa_supplicant

# --- what goes wrong; eapol_test says what wpa_supplicant does, and does not try again ---
locked_start
spoilt() { # SED-SCRIPT
	recipe_write "$page"
	replaced "$page" "$1"
	eapol
}
# It does not end by itself when the key is refused: it is to tell line by line, and is ended then.
cat >"$work/eapol_test" <<'END'
echo $$ >"$1"
shift
export _STDBUF_O=L LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}/usr/libexec/coreutils/libstdbuf.so
exec "$@"
END
eapol() {
	local pid
	rm -f "$work/eapol.pid"
	host sh "$work/eapol_test" "$work/eapol.pid" ${stranger_runs[@]+"${stranger_runs[@]}"} \
		eapol_test -t 60 -c "$page" -a 127.0.0.1 -s secret >"$work/spoilt" 2>&1 &
	pid=$!
	settled() { ! kill -0 $pid || grep -aq 'Failed to initialize EAP method' "$work/spoilt"; }
	wait_for_long settled || true
	kill "$(cat "$work/eapol.pid")" 2>/dev/null || true
	wait $pid || true
	cat "$work/spoilt"
	grep -aqx SUCCESS "$work/spoilt"
}
certificate='s|"pkcs11:token=gateway;object=device;type=cert"|"/etc/iotsafe/NAME.pem"|'
goes_wrong 'no such key' no-key spoilt "$uri_no_key"
goes_wrong 'a wrong PIN' wrong-pin spoilt "$uri_wrong_pin"
goes_wrong 'the certificate of another key' mismatch spoilt "${certificate/NAME/other}"
goes_wrong 'a certificate that has expired' expired spoilt "${certificate/NAME/expired}"
check '  as the server says' grep -aq 'certificate has expired' "$switch/log"
check_signs 'a URI that fits two keys is the first one' spoilt "$uri_two_keys"
by_stranger() {
	recipe_write "$page"
	replaced "$page" /^ctrl_interface/d
	chmod 644 "$page"
	local stranger_runs=("${stranger[@]}")
	eapol
}
goes_wrong 'a user without rights' no-rights by_stranger
recipe_done
