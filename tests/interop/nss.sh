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
issue gateway.example "$work/device.pub" /etc/iotsafe/gateway.pem

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
for version in 3 2; do
	check_signs "a client, TLS 1.$version" client client "s/tls1.2:tls1.3/tls1.$version:tls1.$version/"
	recipe_shows '  the server verified its certificate' client
	shows '  in that version' "^protocol=TLSv1.$version"
done
check_signs 'two clients at once' two_at_once recipe_run client
recipe_shows '  both verified' client

check 'a certificate for the server' recipe_run server-certificate
recipe_run server >"$work/server.log" 2>&1 &
pids+=($!)
wait_for listens 8446 || { cat "$work/server.log"; die 'selfserv does not listen'; }
check_signs 'the SIM on both sides' recipe_run visit
check_signs 'two visitors at once' two_at_once recipe_run visit
check_fails 'without a certificate the server refuses' client visit 's/-n gateway:device/-o/; s/tls1.2:tls1.3/tls1.2:tls1.2/'
recipe_done
