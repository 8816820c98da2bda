#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/gnutls.md: GnuTLS's programs as client and as server, TLS and DTLS. gnutls_server.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe gnutls
cloud_start
check 'the packages' recipe_packages
wrong_certificates
issue gateway.example "$work/device.pub" /etc/iotsafe/gateway.pem

check_signs 'the list, and a test' recipe_run list
recipe_shows '  as the recipe shows it' list
client() { # BLOCK [SED-SCRIPT]
	local script
	script=$(mktemp "$work/client.XXXXXX")
	recipe_text "run=$1" | sed "${2:-}" >"$script"
	chmod 644 "$script"
	(cd "$work/home" && host bash -eu "$script")
}
for version in 1.3 1.2; do
	check_signs "a client, TLS $version" client client "s/gnutls-cli/& --priority NORMAL:-VERS-ALL:+VERS-TLS$version/"
	recipe_shows '  as the recipe shows it' client
	shows '  in that version' "^protocol=TLSv$version"
done
check_signs 'two clients at once' two_at_once recipe_run client

mkfifo "$work/nobody-types"
exec 9<>"$work/nobody-types"
bound() { grep -qi ":$(printf %04X "$1") " "/proc/net/$2" "/proc/net/${2}6"; }
server() { # BLOCK PORT PROTO
	recipe_run "$1" <"$work/nobody-types" >"$work/$1.log" 2>&1 &
	pids+=($!)
	wait_for bound "$2" "$3" || { cat "$work/$1.log"; die "$1 does not listen"; }
}
server server 5556 tcp
check_signs 'the SIM on both sides' recipe_run visit
shows '  the server verified the certificate' 'Your client certificate was verified|CN=meter-0001'
check_signs 'two visitors at once' two_at_once recipe_run visit
check '  by one process' test "$(pgrep -c -x gnutls-serv)" = 1
check_fails 'without a certificate the server refuses' host curl -sS https://gateway.example:5556/
server dtls-server 5557 udp
check_signs 'DTLS 1.2' recipe_run dtls-client
shows '  complete' '^- Handshake was completed'
shows '  in that version' 'DTLS1.2'

# --- what goes wrong ---
at_once='s/ sleep 1;//' # nothing is waited for of what fails before it connects
locked_start
goes_wrong 'no such key' no-key client client "$at_once; $uri_no_key"
goes_wrong 'a wrong PIN' wrong-pin client client "$at_once; $uri_wrong_pin"
goes_wrong 'the certificate of another key' mismatch client client \
	"s|--x509certfile '[^']*'|--x509certfile /etc/iotsafe/other.pem|"
goes_wrong 'a URI that fits two keys' two-keys client client "$at_once; $uri_two_keys"
stranger() { client client "$at_once; s/gnutls-cli/setpriv --reuid nobody --regid nogroup --clear-groups &/"; }
goes_wrong 'a user without rights' no-rights stranger
sim_holds /etc/iotsafe/other.pem
goes_wrong 'the certificate of another key, on the SIM' stray client client "$at_once"
sim_holds /etc/iotsafe/expired.pem
client client >"$work/expired" 2>&1 || true
recipe_shows 'a certificate that has expired' expired "$work/expired"
twin_start
check 'a name that two keys have: the first one' client client "$uri_twin"
recipe_shows '  as the recipe shows it' two-of-a-name
shows '  the server verified its certificate' '^subject=CN=twin.example'
recipe_done
