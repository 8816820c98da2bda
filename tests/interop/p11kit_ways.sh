#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/p11-kit.md: curl, OpenSSL, GnuTLS and OpenSSH by p11-kit's proxy and by its remoting.
# p11kit_ways.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe p11-kit
cloud_start
check 'the packages' recipe_packages
check 'the module is registered' recipe_run registered
recipe_shows '  as the recipe shows it' registered

check 'pkcs11-tool and ssh-keygen by the proxy' recipe_run proxy
shows '  list the key' 'label: +device'
shows '  twice' '^ecdsa-sha2-nistp256 .* device'
check_signs 'curl by the proxy' recipe_run proxy-curl
shows '  the server verified the certificate' '^verify=SUCCESS'
check_signs 'two at once' two_at_once recipe_run proxy-curl

check 'a server' recipe_run server
pids+=("$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' /run/sim/server)")
check_signs 'openssl by remoting' recipe_run remote-openssl
shows '  complete' '^CONNECTION ESTABLISHED'
for client in curl gnutls; do
	check_signs "$client by remoting" recipe_run "remote-$client"
	shows '  the server verified the certificate' '^verify=SUCCESS'
	check_signs 'two at once' two_at_once recipe_run "remote-$client"
	check '  both verified' test "$(grep -c '^verify=SUCCESS' "$work/check.out")" = 2
done
check 'ssh-keygen by remoting' recipe_run remote-ssh
shows '  lists the key' '^ecdsa-sha2-nistp256 .* device'

# --- what goes wrong ---
wrong_certificates
chmod 644 /etc/iotsafe/*
chmod 755 "$work/home"
spoilt() { # BLOCK SED-SCRIPT
	local script
	script=$(mktemp "$work/spoilt.XXXXXX")
	recipe_text "run=$1" >"$script"
	replaced "$script" "$2"
	chmod 644 "$script"
	(cd "$work/home" && host bash -eu "$script")
}
as_nobody='setpriv --reuid nobody --regid nogroup --clear-groups'
in_file="s|--cert-type ENG --cert '[^']*'|--cert /etc/iotsafe/"
for way in proxy remote; do
	goes_wrong "by $way: no such key" no-key spoilt $way-curl "$uri_no_key"
	check_signs "by $way: a URI that fits two keys is the first one" spoilt $way-curl "$uri_two_keys"
	shows '  the server verified the certificate' '^verify=SUCCESS'
	goes_wrong "by $way: the certificate of another key" mismatch spoilt $way-curl "${in_file}other.pem|"
	check "by $way: a certificate that has expired" spoilt $way-curl "${in_file}expired.pem|"
	shows '  the server refuses it' '400 The SSL certificate error'
done
check_fails 'no such key, by its name' spoilt remote-gnutls "$uri_no_key"
recipe_shows "  is in the server's log" no-key-log /run/sim/log
sim_certificate /etc/iotsafe/expired.pem
check 'one on the SIM' recipe_run proxy-curl
recipe_shows '  is in the log' expired
check '  by remoting' recipe_run remote-curl
recipe_shows "  in the server's" expired /run/sim/log
goes_wrong 'a user without rights on the device' no-rights spoilt proxy-curl "s/^curl/$as_nobody &/"
goes_wrong "a user without rights on the server's socket" no-rights-remote spoilt remote-curl "s/^curl/$as_nobody &/"

locked_start
goes_wrong 'by proxy: a wrong PIN' wrong-pin spoilt proxy-curl "$uri_wrong_pin"
check "a server of the other SIM" spoilt server 's|/run/sim/|&locked-|g; s/token=gateway/token=locked/'
pids+=("$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' /run/sim/locked-server)")
check_fails 'by remoting: a wrong PIN' spoilt remote-curl "s|/run/sim/|&locked-|; s/token=gateway/token=locked/g; s/type=private/&?pin-value=0000/"
recipe_shows "  is in the server's log" wrong-pin /run/sim/locked-log

rm /run/sim/pkcs11
goes_wrong 'no server' no-server recipe_run remote-openssl
recipe_done
