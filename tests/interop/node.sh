#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/node.md: Node.js by npm's pkcs11js, with threads and children, and its TLS by the engine. The package is
# fetched and compiled once, and kept beside the Debian trees. node.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/tree.sh"
. "$top/tests/lib/pcscd.sh"
recipe node

pinned=hstUuhkFoISF8BmTVRtaZzbF09WjE39K3gzZzUrI8WtRu4cYl4gakkd06I4Kq36kR/mkwVw2T2y3kHXk6JvuHQ==
node_make() { # SCRIPT FOLDER: what the recipe's lines make in /srv/meter goes to FOLDER
	[ ! -e "$2" ] || return 0
	mount -t tmpfs -o mode=755 tmpfs /srv
	cp "$1" /srv/recipe.sh
	cd /srv
	export npm_config_cache=/srv/cache
	# headers that came with Node are not fetched
	[ ! -e /usr/include/node/node_api.h ] || export npm_config_nodedir=/usr
	npm pack pkcs11js@2.1.7
	[ "$(openssl dgst -sha512 -binary pkcs11js-2.1.7.tgz | base64 -w 0)" = "$3" ]
	bash -eu recipe.sh
	grep -qF "sha512-$3" meter/package-lock.json
	mkdir "$2.new"
	cp -a meter/. "$2.new"
	mv "$2.new" "$2"
}
recipe_text run=module >"$work/module.sh"
built=$tree_cache/node-$(node -p 'process.version + "-" + process.arch')-$(sha256sum <"$work/module.sh" | cut -c1-16)
if [ -z "${IOTSAFE_OWN_WORLD:-}" ] && [ ! -e "$built" ]; then
	mkdir -p "$tree_cache"
	flock "$tree_cache/node.lock" timeout 170 unshare -m bash -eu -c "$(declare -f node_make); node_make \"\$@\"" \
		node_make "$work/module.sh" "$built" "$pinned" >"$work/node.out" 2>&1 ||
		{ tail -n 40 "$work/node.out"; die 'npm does not install pkcs11js'; }
fi
own_world "$@"

recipe_world "$1"
recipe node
cloud_start
have_programs() { # Debian's packages, or Node's own of that name
	local need
	for need in $(recipe_text install | sed 's/^apt-get install//'); do
		command -v "$need" || dpkg-query -W -f '${db:Status-Status}\n' "$need" | grep -qx installed || return 1
	done
}
check 'the packages' have_programs
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/meter
check 'npm has compiled the module' cmp "$work/module.sh" <(recipe_text run=module)
cp -a "$built/." /srv/meter
for program in sim sign many visit; do recipe_write "/srv/meter/$program.js"; done

# --- signatures ---
check_signs 'a signature' recipe_run sign
recipe_shows '  verified by Node' sign
head -c 100 /dev/urandom >"$work/file"
chmod 644 "$work/file"
one_of_two() {
	local file
	file=$(mktemp "$work/both.XXXXXX")
	host node /srv/meter/sign.js "$file"
}
check_signs 'two programs at once' two_at_once one_of_two
check '  both verified' test "$(grep -c '^verified true' "$work/check.out")" = 2
from=$(($(apdu_lines) + 1))
check 'a parent, children and threads' recipe_run many
cp "$work/check.out" "$work/many.out"
for who in 'parent 3' 'child 6' 'worker 6'; do
	check "  signed: $who" test "$(grep -c "^${who% *} 64$" "$work/many.out")" = "${who#* }"
done
check '  by the SIM' test "$(apdu_ins_count 2B "$from")" -ge 15

# --- the same by p11-kit's proxy, and by its remoting ---
socket=/run/p11-kit.sock
host p11-kit server --provider "$installed" -n "$socket" 'pkcs11:token=gateway' >"$work/server" 2>&1
pids+=("$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' "$work/server")")
export P11_KIT_SERVER_ADDRESS=unix:path=$socket
cp /srv/meter/sim.js "$work/sim.js"
for way in p11-kit-proxy.so pkcs11/p11-kit-client.so; do
	replaced /srv/meter/sim.js "s|pkcs11/iotsafe-pkcs11.so|$way|"
	check_signs "a signature by $way" recipe_run sign
	recipe_shows '  verified by Node' sign
	from=$(($(apdu_lines) + 1))
	check '  a parent, children and threads' recipe_run many
	check '  the SIM signed for each' test "$(apdu_ins_count 2B "$from")" -ge 15
	cp "$work/sim.js" /srv/meter/sim.js
done

# --- TLS ---
check_signs 'TLS 1.3' recipe_run visit
recipe_shows '  the server verified the certificate' visit
shows '  in that version' '^protocol=TLSv1.3'
check 'the lines of "iotsafe doctor" are these' recipe_doctor node
export OPENSSL_ENGINES=/usr/lib/x86_64-linux-gnu/engines-3
visit() { host node "$@" /srv/meter/visit.js https://cloud.example/; }
check_signs 'TLS 1.2' visit --tls-max-v1.2
shows '  in that version' '^protocol=TLSv1.2'
check_signs 'two visitors at once' two_at_once visit
check '  both verified' test "$(grep -c '^verify=SUCCESS' "$work/check.out")" = 2

# --- what goes wrong ---
wrong_certificates
locked_start
spoiled() { # PROGRAM SED-SCRIPT ARGUMENT…
	local program=/srv/meter/spoiled.js
	cp "/srv/meter/$1" "$program"
	replaced "$program" "$2"
	shift 2
	host ${as[@]+"${as[@]}"} node "$program" "$@"
}
as=()
goes_wrong 'no such key' no-key spoiled sign.js "s/PRIVATE_KEY, 'device'/PRIVATE_KEY, 'nobody'/" "$work/file"
goes_wrong 'two keys of that name' two-keys spoiled sign.js "s/PRIVATE_KEY, 'device'/PRIVATE_KEY/" "$work/file"
goes_wrong 'a wrong PIN' wrong-pin spoiled sign.js "s/'gateway'/'locked'/" "$work/file" 0000
goes_wrong 'no PIN' no-pin spoiled sign.js "s/'gateway'/'locked'/" "$work/file"
url=https://cloud.example/
goes_wrong 'TLS: no such key' tls-no-key spoiled visit.js "$uri_no_key" "$url"
goes_wrong 'TLS: a wrong PIN' tls-wrong-pin spoiled visit.js "$uri_wrong_pin" "$url"
goes_wrong 'TLS: the certificate of another key' tls-mismatch spoiled visit.js 's/device.pem/other.pem/' "$url"
expired() { spoiled visit.js 's/device.pem/expired.pem/' "$url" | grep . && return 1; }
goes_wrong 'TLS: an expired certificate' tls-expired expired
as=(setpriv --reuid nobody --regid nogroup --clear-groups)
goes_wrong 'a user without rights' no-rights spoiled sign.js 's/FILE/file/' "$work/file"
goes_wrong 'TLS: a user without rights' tls-no-rights spoiled visit.js 's/URL/url/' "$url"
recipe_done
