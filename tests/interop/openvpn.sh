#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/openvpn.md: a tunnel with the SIM's certificate. openvpn.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe openvpn
check 'the packages' recipe_packages
wrong_certificates

# --- the VPN's server, on another machine (network) with a page behind it ---
far_network
far=$work/far
mkdir "$far"
openssl ecparam -name prime256v1 -genkey -noout -out "$far/server.key" 2>"$work/openssl.err"
openssl pkey -in "$far/server.key" -pubout -out "$far/server.pub"
issue vpn.example "$far/server.pub" "$far/server.pem"
cat >"$far/server.conf" <<END
dev tun
proto udp
port 1194
topology subnet
server 198.51.100.0 255.255.255.0
duplicate-cn
ca $card/ca.pem
cert $far/server.pem
key $far/server.key
dh none
verify-client-cert require
keepalive 10 60
END
ip netns exec far openvpn --suppress-timestamps --config "$far/server.conf" >"$far/log" 2>&1 &
pids+=($!)
check 'the server serves' wait_for grep -q 'Initialization Sequence Completed' "$far/log"
ip netns exec far socat TCP-LISTEN:8000,reuseaddr,fork 'EXEC:echo Hello from far' >"$far/page.log" 2>&1 &
pids+=($!)

page=/etc/openvpn/client/gateway.conf
log=/run/systemctl-openvpn-client@gateway.log
recipe_write "$page"
check 'the ids' recipe_run ids
recipe_shows '  as the recipe shows them' ids
check 'the id in the file' recipe_run id
connected() { # LOG COMMAND…
	local log=$1
	shift
	"$@"
	wait_for grep -q 'Initialization Sequence Completed' "$log" || { cat "$log"; return 1; }
	cat "$log"
}
check_signs 'a tunnel' connected "$log" recipe_run start
recipe_shows '  as the recipe shows it' started
check '  the server verified the certificate' grep -q '\[meter-0001\] Peer Connection Initiated' "$far/log"
hello() { socat -T 10 - TCP:198.51.100.1:8000 </dev/null | grep 'Hello from far'; }
check '  which leads to the other side' hello
# openvpn@.service starts it thus: in the background, by a fork
check_signs 'a second beside it, in the background' connected "$work/second.log" host openvpn --cd /etc/openvpn/client \
	--config "$page" --nobind --daemon --log "$work/second.log" --writepid "$work/second.pid"
check '  the server verified it too' test "$(grep -c 'meter-0001\] Peer Connection Init' "$far/log")" = 2
kill "$(cat "$work/second.pid")"
systemctl stop openvpn-client@gateway
check 'the lines of "iotsafe doctor" are these' recipe_doctor openvpn

# --- what goes wrong ---
refused() { # SED-SCRIPT
	sed "$1" "$page" >"$work/page"
	! cmp -s "$page" "$work/page" || die "$1 changes nothing"
	host setsid openvpn --nobind --config "$work/page" --connect-retry-max 1 </dev/null
}
goes_wrong 'an id that is none' no-id refused "s/^pkcs11-id.*/pkcs11-id nobody/"
goes_wrong 'another SIM' no-token refused 's|/gateway/|/another/|'
goes_wrong 'no such key' no-key refused "s|/gateway/.*|/gateway/0011223344'|"
locked_start
locked=$(host openvpn --show-pkcs11-ids "$installed" | sed -n 's/^ *Serialized id: *\(.*locked.*\)/\1/p' | head -n 1)
goes_wrong 'a PIN that nobody gives' pin refused "s|^pkcs11-id.*|pkcs11-id '${locked//\\/\\\\}'|"
echo 0000 >/etc/iotsafe/pin
chmod 600 /etc/iotsafe/pin
echo 'pin-source = file:/etc/iotsafe/pin' >>/etc/iotsafe/iotsafe.conf
goes_wrong 'a wrong PIN' wrong-pin refused "s|^pkcs11-id.*|pkcs11-id '${locked//\\/\\\\}'|"
late() {
	local code=0
	sim_holds /etc/iotsafe/expired.pem
	host openvpn --nobind --config "$page" --writepid "$work/late.pid" </dev/null >"$work/late.log" 2>&1 &
	late=$!
	expired_there() { grep -aq 'error=certificate has expired' "$far/log"; }
	wait_for expired_there || wait_for expired_there || wait_for expired_there || code=1
	kill "$(cat "$work/late.pid")" || code=1
	wait $late || true
	cat "$work/late.log"
	return $code
}
check_signs 'a certificate that has expired, which the server says' late
recipe_shows '  as the recipe shows it' expired
sim_holds /etc/iotsafe/other.pem
goes_wrong 'the certificate of another key' mismatch refused s/^remote-cert-tls/#/
its_id() {
	sed '/^pkcs11-id/d' "$page"
	host openvpn --show-pkcs11-ids "$installed" 2>/dev/null | sed -n "s/^ *Serialized id: *\(.*\)/pkcs11-id '\1'/p" | head -n 1
}
its_id >"$work/its-id"
check '  and by the id of that certificate' host openvpn --nobind --config "$work/its-id" --tls-exit
recipe_shows '  as the recipe shows it' mismatch-id
sim_holds "$card/device.pem"
chmod 644 "$page"
by_stranger() { host "${stranger[@]}" setsid -w openvpn --nobind --config "$page" </dev/null; }
goes_wrong 'a user without rights' no-rights by_stranger
recipe_done
