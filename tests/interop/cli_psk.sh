#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe psk: the key that the manual page promises, on both sides of a TLS handshake.
# cli_psk.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new type2
sim_start "$1"
secret=000102030405060708090A0B0C0D0E0F
check 'the issuer sets the secret' sim_control "object secret 0A value $secret"
shows_not '  without complaint' rror

# As the server does it; the commands of the manual page.
kdf() { # SERVER HASH LENGTH
	local salt
	salt=$(printf '%s\0%s' 'iotsafe derived psk' "$1" | od -An -v -tx1 | tr -d ' \n')
	openssl kdf -keylen "$3" -binary -kdfopt "digest:$2" -kdfopt "hexkey:$secret" \
		-kdfopt "hexsalt:$salt" -kdfopt info:psk HKDF | od -An -v -tx1 | tr -d ' \n' |
		tr a-f A-F
}
equal() { # SERVER HASH LENGTH OPTION…
	local expected
	expected=$(kdf "$1" "$2" "$3")
	[ "${#expected}" = $((2 * $3)) ] && [ "$(iotsafe psk psk --server "$1" "${@:4}")" = "$expected" ]
}
from=$(($(apdu_lines) + 1))
check 'the derived key is the one that the server computes' equal broker.example SHA256 32
[ "$(apdu_ins_count 4A "$from")" = 1 ] || die 'the SIM did not compute it'
ok '  and the SIM has computed its part'
check '  the manual page says the same' grep -q "^  $(kdf broker.example SHA256 32)\$" "$top/conf/iotsafe.1"
check 'another server' equal 192.0.2.1 SHA256 32
check 'another length' equal broker.example SHA256 16 --length 16
check '  a long one' equal broker.example SHA256 256 --length 256
check 'another hash' equal broker.example SHA384 48 --hash sha384 --length 48
check 'the longest name' equal "$(printf 'x%.0s' $(seq 128))" SHA256 32
differ() { [ "$(iotsafe psk psk --server a)" != "$(iotsafe psk psk --server b)" ]; }
check 'two servers have two keys' differ
: >"$work/raw"
chmod 644 "$work/raw"
check 'the bytes' iotsafe psk 'pkcs11:object=psk;type=secret-key' --server broker.example --raw --out "$work/raw"
raw_equal() { [ "$(od -An -v -tx1 "$work/raw" | tr -d ' \n' | tr a-f A-F)" = "$(kdf broker.example SHA256 32)" ]; }
check '  are the same' raw_equal
check '  for nobody else' sh -c "[ \$(stat -c %a '$work/raw') = 600 ]"

for line in 'missing:' 'empty:--server=' "long:--server=$(printf 'x%.0s' $(seq 129))" \
	'short:--server=a --length=15' 'length:--server=a --length=257' 'number:--server=a --length=1x' \
	'hash:--server=a --hash=md5' 'both:--server=a --hex --raw'; do
	# shellcheck disable=SC2086
	check_exit "wrong options (${line%%:*})" 2 iotsafe psk psk ${line#*:}
done
check_exit 'a key that is not there' 1 iotsafe psk nobody --server a
check_exit 'an empty container' 1 iotsafe psk psk-next --server a

# --- a handshake ---
for port in $(seq 44390 44420); do port_free "$port" && break; done
openssl s_server -accept "127.0.0.1:$port" -nocert -quiet -psk_identity meter-0001 \
	-psk "$(kdf broker.example SHA256 32)" -cipher 'PSK' -www >"$work/server.out" 2>&1 &
pids+=($!)
listens() { ! port_free "$port"; }
wait_for listens || die 's_server does not start'
handshake() { # OPTION…
	timeout 20 openssl s_client -connect "127.0.0.1:$port" -psk_identity meter-0001 \
		-psk "$(iotsafe psk psk --server "$server")" -cipher 'PSK' "$@" </dev/null 2>&1
}
server=broker.example
check 'TLS 1.3 with the derived key' handshake -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256
shows '  is one' 'Cipher is TLS_AES_128_GCM_SHA256'
shows '  with the key' '^ *Reused, TLSv1.3'
check 'TLS 1.2' handshake -tls1_2
shows '  is one' 'Cipher is .*PSK'
server=other.example
check_fails 'the key for another server does not fit' handshake -tls1_2
shows '  as the server says' 'alert'
all_passed
