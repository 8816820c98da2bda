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

rm /run/sim/pkcs11
goes_wrong 'no server' no-server recipe_run remote-openssl
recipe_done
