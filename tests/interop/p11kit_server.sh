#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# "p11-kit server" in the agent's place, for machines without systemd: as iotsafe-pkcs11(7) has it.
# p11kit_server.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
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
chown iotsafe /run/iotsafe

server_start() { # OPTION…
	(umask 077 && exec setpriv --reuid iotsafe --regid iotsafe --init-groups env "IOTSAFE_CONF=$conf" \
		"${host_env[@]:1}" ASAN_OPTIONS=detect_leaks=0 \
		p11-kit server -f -n "$agent_sock" --provider "$installed" "$@" 'pkcs11:') \
		>"$work/server.out" 2>&1 &
	server_pid=$!
	pids+=("$server_pid")
	wait_for test -S "$agent_sock" || { cat "$work/server.out"; die 'p11-kit server does not start'; }
	listens() { socat -u OPEN:/dev/null "UNIX-CONNECT:$agent_sock"; }
	wait_for listens
}
p11() { member env P11_KIT_SERVER_ADDRESS=unix:path=$agent_sock pkcs11-tool --module "$client" "$@"; }
lists() { p11 -O; }

server_start
check 'it makes its socket for its own user only' test "$(stat -c %A "$agent_sock")" = srwx--x--x
lists >"$work/check.out" 2>&1 || true
shows_not 'so a member of its group gets nothing' "$key_id"
chmod 660 "$agent_sock"
check 'until the socket is chmodded' lists
shows '  and the private key is there' "ID: +$key_id"
check_signs 'a signature' p11 --sign -m ECDSA --id "$key_id" -i "$work/user/hash" -f openssl \
	-o "$work/user/sig"
check '  verified' openssl pkeyutl -verify -pubin -inkey "$work/pub.pem" -in "$work/user/hash" \
	-sigfile "$work/user/sig"
stranger socat -u OPEN:/dev/null "UNIX-CONNECT:$agent_sock" >"$work/check.out" 2>&1 || true
shows 'a user outside the group is refused' 'Permission denied'

# several at once, and the server killed under them
sign_once() { # N
	if p11 --sign -m ECDSA --id "$key_id" -i "$work/user/hash" -o "$work/user/sig.$1" >/dev/null 2>&1; then
		echo ok
	else
		echo failed
		sleep 0.05
	fi
}
sign_loop() { # N: until told to end, and once more
	while [ ! -e "$work/enough" ]; do sign_once "$1"; done
	sign_once "$1"
}
loops=()
for n in 1 2 3 4; do
	sign_loop "$n" >"$work/loop.$n" &
	loops+=($!)
done
for round in 1 2 3; do
	sleep 0.3
	kill -9 "$server_pid"
	wait "$server_pid" 2>/dev/null || true
	rm -f "$agent_sock"
	sleep 0.1
	server_start
	chmod 660 "$agent_sock"
done
touch "$work/enough"
for pid in "${loops[@]}"; do wait "$pid"; done
for n in 1 2 3 4; do
	check "a loop of programs that sign outlives three deaths of the server" \
		test "$(tail -n 1 "$work/loop.$n")" = ok
	shows '  with errors meanwhile' failed "$work/loop.$n"
done
check 'nobody is served any more' wait_for no_one_served
end_process "$server_pid"

server_start --group iotsafe
chmod 660 "$agent_sock"
lists >"$work/check.out" 2>&1 || true
shows_not '--group: who has the group beside his own gets nothing' "$key_id"
all_passed
