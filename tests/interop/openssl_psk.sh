#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The "derived PSK" for stacks that want bytes: OpenSSL, TLS 1.2 and 1.3, both sides. The client's
# comes from the SIM by `iotsafe psk`, the server's from the master secret by openssl kdf.
# openssl_psk.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

iotsafe() { host "$build/iotsafe" "$@"; }
server_name=broker.example
master=$(openssl rand -hex 32)
sim_new type2 --secret "0A=$master"
sim_start "$1"

# what a server that knows the master secret computes
salt=$(printf 'iotsafe derived psk\0%s' "$server_name" | od -An -tx1 | tr -d ' \n')
openssl kdf -binary -keylen 32 -kdfopt digest:SHA256 -kdfopt "hexkey:$master" \
	-kdfopt "hexsalt:$salt" -kdfopt info:psk -out "$work/psk" HKDF
server_psk=$(od -An -tx1 "$work/psk" | tr -d ' \n')

from=$(($(apdu_lines) + 1))
iotsafe psk psk --server "$server_name" --hex >"$work/psk.hex"
client_psk=$(cat "$work/psk.hex")
check 'both sides get the same key' test "$client_psk" = "$server_psk"
check '  extracted by the card' test "$(apdu_ins_count 4A "$from")" = 1
check '  another for another server' test \
	"$(iotsafe psk psk --server other.example --hex)" != "$client_psk"

port=18443
for version in 1_2 1_3; do
	options=(-psk_identity meter-0001 "-tls$version")
	[ $version != 1_2 ] || options+=(-cipher PSK-AES128-GCM-SHA256)
	openssl s_server -accept "127.0.0.1:$port" -nocert -psk "$server_psk" "${options[@]}" -rev \
		-naccept 2 >"$work/server.out" 2>&1 &
	pids+=($!)
	wait_for grep -q ACCEPT "$work/server.out" || die 'openssl s_server is not ready'
	talk() { # KEY
		{
			echo meter
			sleep 1
		} | timeout 10 openssl s_client -connect "127.0.0.1:$port" -psk "$1" \
			"${options[@]}" -quiet -no_ign_eof
	}
	check_fails "TLS $version with another key" talk "$(openssl rand -hex 32)"
	talk "$client_psk" >"$work/check.out" 2>&1 || true
	shows "TLS $version with the derived key" '^retem'
	port=$((port + 1))
done
all_passed
