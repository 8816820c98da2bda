#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mbim-proxy and qmi-proxy serve root only: the agent of conf/iotsafe-agent-root.conf, root without
# capabilities, brings their modems to users. agent_proxies.sh mbim-proxy|qmi-proxy
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/agent.sh"
own_world "$@"

agent_world
sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
chmod 644 "$conf" "$card"/*.pem
chmod 711 "$card"
install -d -m 1777 "$work/lock" "$work/user"
head -c 32 /dev/urandom >"$work/user/hash"

p11() { member env P11_KIT_SERVER_ADDRESS=unix:path=$agent_sock pkcs11-tool --module "$client" "$@"; }
sign() {
	p11 --sign -m ECDSA --id "$key_id" -i "$work/user/hash" -f openssl -o "$work/user/sig" &&
		openssl pkeyutl -verify -pubin -inkey "$work/pub.pem" -in "$work/user/hash" -sigfile "$work/user/sig"
}

install -d -o iotsafe -m 700 "$work/store"
agent_start
check 'to the agent as it is installed' p11 -L
shows '  the proxy shows no token' 'CKR_TOKEN_NOT_PRESENT|empty'
end_process "$agent_pid"

chown root "$work/store"
agent_dropin=$root/usr/share/doc/iotsafe/examples/iotsafe-agent-root.conf
check 'with the drop-in it is root' test "$(unit_value User iotsafe-agent@.service)" = root
agent_start
check 'and there is one' p11 -O
shows '  with the private key' "ID: +$key_id"
check_signs "a user's signature, which openssl verifies" sign
# root's own programs take turns with it
check_signs 'beside root at the device' host pkcs11-tool --module "$module" --sign -m ECDSA --id "$key_id" \
	-i "$work/user/hash" -o "$work/user/sig2"
check_signs 'and again' sign
all_passed
