#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/examples/iotsafe-mbedtls.c: mbedTLS with its key on the SIM, by libiotsafe: mutual TLS and DTLS
# against openssl s_server, two at a time. lib_mbedtls.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
transport=$1

client() { timeout -k 5 60 "$build/conf/examples/iotsafe-mbedtls" "$@"; }
in_table() { grep -qi "$(printf ':%04X ' "$2")" "/proc/net/$1"; }

# A server that speaks to one client after the other: its output in $work/PORT.out, what it says to
# them comes from the descriptor ${say[PORT]}.
declare -A say server
server_start() { # tls|dtls PORT CA
	local fd proto=tcp
	[ "$1" = tls ] || proto=udp
	mkfifo "$work/$2.in"
	exec {fd}<>"$work/$2.in"
	say[$2]=$fd
	openssl s_server -accept "127.0.0.1:$2" "-${1}1_2" -quiet -cert "$card/server.pem" \
		-key "$card/server.key" -CAfile "$3" -Verify 1 -verify_return_error \
		<&"$fd" >"$work/$2.out" 2>&1 &
	server[$2]=$!
	pids+=($!)
	wait_for in_table "$proto" "$2" || {
		cat "$work/$2.out" >&2
		die 's_server does not start'
	}
}
said() { grep -q "hello from $1" "$work/$1.out"; }
# One client, from its hello to the server's answer.
converse() { # tls|dtls PORT
	local pid
	: >"$work/$2.out"
	client "$1" localhost "$2" "$card/ca.pem" sim "hello from $2
" >"$work/$2.client" 2>&1 &
	pid=$!
	wait_for said "$2" || wait_for said "$2" || {
		cat "$work/$2.client" "$work/$2.out"
		return 1
	}
	echo "answer to $2" >&"${say[$2]}"
	wait "$pid" && grep -qx "answer: answer to $2" "$work/$2.client" && return 0
	cat "$work/$2.client" "$work/$2.out"
	return 1
}
both() { # tls|dtls PORT PORT
	local one two
	converse "$1" "$2" >"$work/one" 2>&1 &
	one=$!
	converse "$1" "$3" >"$work/two" 2>&1 &
	two=$!
	wait $one && wait $two && return 0
	cat "$work/one" "$work/two"
	return 1
}
verified() { # PORT: what the server saw
	shows '  the server verified the certificate' '^depth=0 .*CN = meter-0001' "$work/$1.out"
	shows_not '  without an error' 'verify error' "$work/$1.out"
	check '  and its issuer' test "$(grep -c '^verify return:1' "$work/$1.out")" = 2
}

exchange() { # tls|dtls PORT: this port and the next one
	local versions='tls:TLSv1.2 dtls:DTLSv1.2'
	server_start "$1" "$2" "$card/ca.pem"
	server_start "$1" $(($2 + 1)) "$card/ca.pem"
	check_signs "$1: a client" converse "$1" "$2"
	shows '  speaks version 1.2' "^$(tr ' ' '\n' <<<"$versions" | sed -n "s/^$1://p"),.*the server is verified" \
		"$work/$2.client"
	verified "$2"
	check_signs "$1: two clients at a time" both "$1" "$2" $(($2 + 1))
	verified "$2"
	verified $(($2 + 1))
}

sim_new demo
sim_start "$transport"
exchange tls 4433
exchange dtls 5684

# --- who is not trusted ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/other.key" \
	-out "$work/other.pem" -subj /CN=other -days 30 2>/dev/null
check_fails 'a server of another issuer' client dtls localhost 5684 "$work/other.pem" sim
shows '  is refused by the client' 'X509 - Certificate verification failed'
check_fails 'a server of another name' client tls 127.0.0.1 4433 "$card/ca.pem" sim
shows '  too' 'X509 - Certificate verification failed'
check_fails 'no SIM' client tls localhost 4433 "$card/ca.pem" unix:/nowhere
shows '  is told with its remedy' '^open: there is no such device .*: check path'
server_start tls 4435 "$work/other.pem"
check_fails 'a server that does not know our issuer' client tls localhost 4435 "$card/ca.pem" sim
shows '  has refused our certificate' 'verify error:num=2[01]:unable to' "$work/4435.out"
sim_stop

if [ "$transport" = unix ]; then
	for p in "${!server[@]}"; do end_process "${server[$p]}"; done
	rm -f "$work"/*.in
	sim_new rsa
	sim_start unix
	exchange tls 4443
fi
all_passed
