#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/git.md: curl's GnuTLS build, whose program is Debian's git. curl_gnutls.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe git
cloud_start
check 'the packages' recipe_packages
check '  git uses that library' grep -q libcurl-gnutls <(ldd /usr/lib/git-core/git-remote-https)

# --- a repository at cloud.example ---
export HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
git init -q --bare "$work/cloud/firmware.git"
git init -q "$work/firmware"
git -C "$work/firmware" -c user.name=test -c user.email=test@example commit -q --allow-empty -m first
git -C "$work/firmware" push -q "$work/cloud/firmware.git" HEAD:refs/heads/master
git -C "$work/cloud/firmware.git" symbolic-ref HEAD refs/heads/master
git -C "$work/cloud/firmware.git" update-server-info
sed -i "s|return 200 .*|root $work/cloud;|; s|access_log .*|log_format who '\$ssl_client_verify \$ssl_client_s_dn \$request'; access_log $work/cloud/access.log who;|; 1i user root;" "$work/cloud/nginx.conf"
end_process "$(cat "$work/cloud/nginx.pid")"
nginx -p "$work/cloud" -c "$work/cloud/nginx.conf" -e "$work/cloud/error.log" >"$work/cloud/out" 2>&1 &
pids+=($!)
wait_for listens 443 || { cat "$work/cloud/out"; die 'cloud.example does not come back'; }
served() { grep -q "^SUCCESS CN=meter-0001.* GET /firmware.git/info/refs" "$work/cloud/access.log"; }

recipe_write /etc/gitconfig
check_signs 'a clone' recipe_run clone
check 'the lines of "iotsafe doctor" are these' recipe_doctor git
check '  the server verified the certificate' served
check '  it is the repository' git -C "$work/home/firmware" log -1
clone() {
	local place
	place=$(mktemp -d "$work/clone.XXXXXX")
	(cd "$place" && recipe_text run=clone >clone.sh && host bash -eu clone.sh)
}
check_signs 'two at once' two_at_once clone

# --- what goes wrong ---
cp /etc/gitconfig "$work/gitconfig"
chmod 644 /etc/iotsafe/*
spoilt() { # SED-SCRIPT
	cp "$work/gitconfig" /etc/gitconfig
	replaced /etc/gitconfig "$1"
	fails
}
fails() { clone || return 1; } # git's own code is 128
refused() { # TEXT SHOWS COMMAND…
	goes_wrong "$@"
	recipe_shows '  and of git' refused
}
wrong_certificates
locked_start
refused 'no such key' no-key spoilt "$uri_no_key"
refused 'a wrong PIN' wrong-pin spoilt "$uri_wrong_pin"
goes_wrong 'a URI that fits two keys' refused spoilt "$uri_two_keys"
goes_wrong 'the certificate of another key, in a file' refused spoilt 's|sslCert.*|sslCert = /etc/iotsafe/other.pem|'
cp "$work/gitconfig" /etc/gitconfig
stranger() {
	local place
	place=$(mktemp -d "$work/clone.XXXXXX")
	recipe_text run=clone >"$place/clone.sh"
	chown -R nobody "$place"
	(cd "$place" && HOME=$place host setpriv --reuid nobody --regid nogroup --clear-groups bash -eu clone.sh) || return 1
}
refused 'a user without rights' no-rights stranger
sim_holds /etc/iotsafe/other.pem
refused 'the certificate of another key, on the SIM' mismatch fails
sim_holds /etc/iotsafe/expired.pem
goes_wrong 'a certificate that has expired' expired fails
twin_start
check 'a name that two keys have: the first one' spoilt "$uri_twin"
recipe_shows '  as the recipe shows it' two-keys
check '  the server verified its certificate' grep -q '^SUCCESS CN=twin.example' "$work/cloud/access.log"
recipe_done
