#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/apache.md: a server with its key on the SIM, which signs in the threads of forked workers.
# apache.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe apache
check 'the packages' recipe_packages
check 'rights for the workers' recipe_run rights
check_signs 'the request' recipe_run request
openssl req -in "$work/home/gateway.csr" -noout -pubkey >"$work/gateway.pub"
issue gateway.example "$work/gateway.pub" /etc/iotsafe/gateway.pem
site=/etc/apache2/sites-available/gateway.conf
recipe_write "$site"
enable() { # these are Perl, which does not start beside a sanitizer
	local host_env=()
	recipe_run enable
}
check 'the site' enable
check 'Apache starts' recipe_run start
up() { listens 443; }
check '  and listens' wait_for up
check_signs 'a page' recipe_run look
recipe_shows '  as the recipe shows it' look
check_signs 'two at once' two_at_once recipe_run look
check 'reloaded' recipe_run reload
check_signs 'a page' recipe_run look
check_signs 'two at once' two_at_once recipe_run look
check 'the lines of "iotsafe doctor" are these' recipe_doctor apache

# --- what goes wrong ---
locked_start
wrong_certificates
spoil() { # SED-SCRIPT
	recipe_write "$site"
	replaced "$site" "$1"
}
refused() { # what the person reads then
	local code=0
	: >/var/log/apache2/error.log
	host systemctl restart apache2 || code=1
	cat /var/log/apache2/error.log
	return $code
}
spoil "$uri_no_key"
goes_wrong 'no such key' no-key refused
spoil "$uri_wrong_pin"
goes_wrong 'a wrong PIN' wrong-pin refused
spoil s/gateway.pem/other.pem/
goes_wrong 'the certificate of another key' mismatch refused
spoil "$uri_two_keys; s/gateway.pem/expired.pem/"
check 'a URI that fits two keys, and a certificate that has expired' recipe_run start
check '  are taken' wait_for up
goes_wrong '  but not by visitors' expired recipe_run look
recipe_write "$site"
gpasswd -d www-data dialout >"$work/gpasswd.out"
check 'Apache starts with workers that have no rights' recipe_run start
check '  and listens' wait_for up
visit() { curl -sS --max-time 15 https://gateway.example/; }
goes_wrong '  whose visitors get no page' no-rights visit
recipe_shows '  as the log says' no-rights-log /var/log/apache2/error.log
goes_wrong '  which the doctor explains' doctor recipe_run doctor
recipe_done
