#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# NSS: TLS 1.3 by an external PSK that stays on the SIM, on the client's side and on the server's.
# nss_psk.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

psk=$(openssl rand -hex 32)
sim_new type2 --secret "0A=$psk"
sim_start "$1"
mkdir "$work/nss"
certutil -N -d "sql:$work/nss" --empty-password
head -c 64 /dev/urandom >"$work/noise"
check 'a certificate for NSS, which its server insists on' certutil -S -x -d "sql:$work/nss" \
	-n server -s CN=localhost -t ,, -k ec -q nistp256 -z "$work/noise"

for side in client server; do
	from=$(($(apdu_lines) + 1))
	check "TLS 1.3, the $side's PSK on the card" host "$build/tests/interop/nss-psk" "$module" \
		psk "$psk" "$side" "sql:$work/nss"
	shows '  by handle' "^ok: the $side's PSK"
	check '  extracted by the card' test "$(apdu_ins_count 4A "$from")" -ge 1
	tail -n +"$from" "$apdu_log" >"$work/log"
	shows_not '  and the PSK never left it' "$psk" "$work/log"
done
check_fails 'another PSK on the other side' host "$build/tests/interop/nss-psk" "$module" psk \
	"$(openssl rand -hex 32)" client "sql:$work/nss"
all_passed
