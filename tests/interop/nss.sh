#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/nss.md: NSS's own programs, as client and as server. nss.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe nss
cloud_start
check 'the packages' recipe_packages
wrong_certificates

check 'a database with the module' recipe_run database
check 'the list' recipe_run list
recipe_shows '  as the recipe shows it' list
client() { # BLOCK [SED-SCRIPT]
	local script
	script=$(mktemp "$work/client.XXXXXX")
	recipe_text "run=$1" | sed "${2:-}" >"$script"
	chmod 644 "$script"
	(cd "$work/home" && host bash -eu "$script")
}
# Written once, for all that follow: two clients that each write it first, in one folder, empty it for one
# another (on ext4 for up to 27 ms). tstclnt reads it once, then sends nothing and waits, as the server does.
check 'what they send' recipe_run request
for version in 3 2; do
	check_signs "a client, TLS 1.$version" client client "s/tls1.2:tls1.3/tls1.$version:tls1.$version/"
	recipe_shows '  the server verified its certificate' client
	shows '  in that version' "^protocol=TLSv1.$version"
done
check_signs 'two clients at once' two_at_once recipe_run client
recipe_shows '  both verified' client

recipe_run server >"$work/server.log" 2>&1 &
pids+=($!)
wait_for listens 8446 || { cat "$work/server.log"; die 'selfserv does not listen'; }
check_signs 'the SIM on both sides' recipe_run visit
shows '  which answers' '^HTTP/1.0 200 OK'
check_signs 'two visitors at once' two_at_once recipe_run visit
check '  both are answered' test "$(grep -c '^HTTP/1.0 200 OK' "$work/check.out")" = 2
check_fails 'without a certificate the server refuses' host curl -sSk https://gateway.example:8446/

served_by() { # N: processes, a parent's children
	[ "$(pgrep -c -P "$(pgrep -o -f 'selfserv .*-p 8447')" -x selfserv)" = "$1" ]
}
recipe_run processes >"$work/processes.log" 2>&1 &
pids+=($!)
wait_for listens 8447 || { cat "$work/processes.log"; die 'selfserv does not listen'; }
check 'three processes' wait_for served_by 3
crowd() { # six visitors, two at a time
	local n
	for n in 1 2 3; do two_at_once client visit 's/-p 8446/-p 8447/' || return 1; done
}
check_signs 'six visitors' crowd
check '  all are answered' test "$(grep -c '^HTTP/1.0 200 OK' "$work/check.out")" = 6
check '  the processes live' served_by 3

# --- what goes wrong: tstclnt goes on without a certificate, and ends well ---
goes_on() { # TEXT SHOWS COMMAND…
	local text=$1 shown=$2
	shift 2
	"$@" >"$work/goes-on" 2>&1 || true
	recipe_shows "$text" "$shown" "$work/goes-on"
	shows '  the server wants one' '400 No required SSL certificate was sent' "$work/goes-on"
}
locked_start
goes_on 'no such key' no-key client client s/gateway:device/gateway:nobody/
echo locked:0000 >"$work/pin"
goes_on 'a wrong PIN' wrong-pin client client "s|gateway:device|locked:device -W $work/pin|"
check 'a certificate in the database that is nobody'"'"'s' client database \
	'/certutil -A/!d; s|nssdb.*|nssdb -n other -t ,, -i /etc/iotsafe/other.pem|'
goes_on 'a certificate without its key' mismatch client client s/gateway:device/other/
stranger() {
	cp -r "$work/home/nssdb" "$work/stranger"
	chown -R nobody "$work/stranger"
	client client "s/^tstclnt/setpriv --reuid nobody --regid nogroup --clear-groups &/; s|sql:nssdb|sql:$work/stranger|"
}
goes_on 'a user without rights' no-rights stranger
twin_start
check 'a name that two certificates have: the newer one' client client s/gateway:device/twin:device/
shows '  its certificate' '^subject=CN=twin.example'
sim_holds /etc/iotsafe/other.pem
goes_on 'a certificate on the SIM of another key' stray client client
sim_holds /etc/iotsafe/expired.pem
client client >"$work/goes-on" 2>&1 || true
recipe_shows 'a certificate that has expired' expired "$work/goes-on"
recipe_done
