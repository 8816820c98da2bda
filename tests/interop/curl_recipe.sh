#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/curl.md, and what goes wrong there. curl_recipe.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe curl
cloud_start
wrong_certificates
check 'the packages' recipe_packages
check_signs 'a page' recipe_run fetch
recipe_shows '  as the recipe shows it' fetch
check_signs 'the certificate in a file' recipe_run explicit
shows '  the server verified it' '^verify=SUCCESS'
check_signs 'two at once' two_at_once recipe_run fetch

# --- what goes wrong ---
locked_start
fetch() { # BLOCK SED-SCRIPT
	local script
	script=$(mktemp "$work/fetch.XXXXXX")
	recipe_text "run=$1" | sed "$2" >"$script"
	chmod 644 "$script"
	host bash -eu "$script"
}
goes_wrong 'no such key' no-key fetch fetch "$uri_no_key"
goes_wrong 'a wrong PIN' wrong-pin fetch fetch "$uri_wrong_pin"
goes_wrong 'the certificate of another key' mismatch fetch explicit s/device.pem/other.pem/
sim_holds /etc/iotsafe/expired.pem
check 'a certificate that has expired' recipe_run fetch
recipe_shows '  as the recipe shows it' expired
sim_holds "$card/device.pem"
check_signs 'a URI that fits two keys is the first one' fetch fetch "$uri_two_keys"
by_stranger() { cd / && fetch explicit "s/^curl/${stranger[*]} &/"; }
goes_wrong 'a user without rights' no-rights by_stranger
goes_wrong '  which the doctor explains' doctor recipe_run doctor
recipe_done
