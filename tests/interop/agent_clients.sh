#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A user who cannot open the device uses the SIM through the agent. agent_clients.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/agent.sh"
own_world "$@"

agent_world
sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
agent_device "$(sed 's/^[a-z]*://' <<<"$slot_uri")"
mkdir -m 1777 "$work/user"
head -c 32 /dev/urandom >"$work/user/hash"
chmod 644 "$card"/*.pem
chmod 711 "$card"
agent_start

p11() { member env P11_KIT_SERVER_ADDRESS=unix:path=$agent_sock pkcs11-tool --module "$client" "$@"; }

units=$root/usr/lib/systemd/system
check 'the units are sound' systemd-analyze verify --man=no "$units/iotsafe-agent.socket" \
	"$units/iotsafe-agent@.service"
check 'the agent is nobody special' test "$(unit_value User iotsafe-agent@.service)" = iotsafe
direct() { member env IOTSAFE_CONF="$conf" ${host_env[@]+"${host_env[@]:1}"} ASAN_OPTIONS=detect_leaks=0 \
	pkcs11-tool --module "$installed" -O; }
direct >"$work/check.out" 2>&1 || true
shows_not 'the device itself is closed to the user' 'label: +device'
check 'pkcs11-tool -O through the agent' p11 -O
shows '  shows the private key' "ID: +$key_id"
check_signs 'a signature' p11 --sign -m ECDSA --id "$key_id" -i "$work/user/hash" \
	-f openssl -o "$work/user/sig"
check '  verified by openssl' openssl pkeyutl -verify -pubin -inkey "$work/pub.pem" \
	-in "$work/user/hash" -sigfile "$work/user/sig"
check 'random bytes of the SIM' p11 --generate-random 16 -o "$work/user/random"
check 'iotsafe list' member "$root/usr/bin/iotsafe" list --module "$client"
shows_not '  without a server there is nothing' 'simtok'
through() { member env P11_KIT_SERVER_ADDRESS=unix:path=$agent_sock "$root/usr/bin/iotsafe" "$@" \
	--module "$client"; }
cp "$card/ca.pem" "$work/user/ca.pem"
check 'iotsafe write' through write "$work/user/ca.pem" --type cert --unbound --name other
check '  another program reads it' through read other
shows '  and it is one' 'BEGIN CERTIFICATE'
check '  kept by the agent'"'"'s user' test "$(stat -c %U "$work"/store/*/)" = iotsafe
check '  and taken away' through delete other --type cert

# p11-kit's own programs, with the installed file in place of the direct registration
samples=$root/usr/share/doc/iotsafe/examples
configs=$(pkg-config --variable=p11_module_configs p11-kit-1)
mount --bind "$root$configs" "$configs"
cp "$samples/iotsafe-agent.module" /etc/pkcs11/modules/iotsafe.module
check 'p11tool by /etc/pkcs11/modules/iotsafe.module' member p11tool --list-all 'pkcs11:token=simtok'
shows '  shows the private key' 'Type: Private key'
check 'p11-kit list-modules' member p11-kit list-modules
check '  once' test "$(grep -c 'token: simtok' "$work/check.out")" = 1
check_signs 'openssl, engine, no module path' member openssl dgst -sha256 -engine pkcs11 -keyform engine \
	-sign "$key_uri" -out "$work/user/sig" "$work/user/hash"
check '  verified' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/user/sig" \
	"$work/user/hash"

web_start "$card"
fetch() { member curl -sS --max-time 30 "--tlsv$1" --tls-max "$1" --cacert "$card/ca.pem" \
	--engine pkcs11 --key-type ENG --key "$key_uri" --cert-type ENG --cert "$cert_uri" "$web_url"; }
for version in 1.3 1.2; do
	check_signs "curl, TLS $version, key and certificate by the agent" fetch $version
	shows '  the server verified the certificate' '^verify=SUCCESS'
done

stranger socat -u OPEN:/dev/null "UNIX-CONNECT:$agent_sock" >"$work/check.out" 2>&1 || true
shows 'a user outside the group is refused' 'Permission denied'
stranger p11tool --list-tokens >"$work/check.out" 2>&1 || true
shows_not '  and sees no token' simtok
check 'nobody is served any more' wait_for no_one_served
check 'the agent complained of nothing' sh -c "! grep -Ei 'sanitizer|died with (signal|code [1-9])' '$work/agent.out'"
all_passed
