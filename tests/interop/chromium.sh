#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/chromium.md: a real browser logs in with the SIM's certificate. chromium.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe chromium
cloud_start
check 'the packages' recipe_packages
export HOME=$work/home XDG_RUNTIME_DIR=$work/home DBUS_SESSION_BUS_ADDRESS=unix:path=/run/no-bus
# it runs as root here, and /dev/shm may be small
echo 'CHROMIUM_FLAGS="$CHROMIUM_FLAGS --no-sandbox --disable-gpu --disable-dev-shm-usage"' >/etc/chromium.d/iotsafe-test
check "the module is in the user's database" recipe_run database
recipe_write /etc/chromium/policies/managed/iotsafe.json

saw() { # N: how many visits the server verified
	[ "$(grep -c ' 200 ' "$work/cloud/access.log")" -ge "$1" ]
}
check_signs 'a visit' recipe_run visit
check '  the server verified the certificate' saw 1
check '  there is a screenshot' grep -aq '^.PNG' "$HOME/page.png"
cp "$HOME/page.png" "$build/meson-logs/chromium-$1.png"
say "     $build/meson-logs/chromium-$1.png"
check_signs 'the page as text' recipe_run text
recipe_shows '  the server verified the certificate' text
# two browsers, each with a profile of its own
browser() {
	local profile
	profile=$(mktemp -d "$work/profile.XXXXXX")
	recipe_text run=text | sed "s|chromium |&--user-data-dir=$profile |" >"$profile/run"
	host bash -eu "$profile/run"
}
check_signs 'two at once' two_at_once browser
check '  both verified' test "$(grep -c 'verify=SUCCESS' "$work/check.out")" = 2
check 'the lines of "iotsafe doctor" are these' recipe_doctor chromium

# --- what goes wrong ---
policy=/etc/chromium/policies/managed/iotsafe.json
offers() { # NAME: the policy wants a certificate of that name
	recipe_text "file=$policy" | sed "s/meter-0001/$1/" >"$policy"
}
wrong_certificates
visits=$(wc -l <"$work/cloud/access.log")
offers meter-0002
check 'no certificate that the policy wants' recipe_run no-match
recipe_shows '  as the recipe shows it' no-match
check '  the server was not even asked' test "$(wc -l <"$work/cloud/access.log")" = "$visits"
offers other.example
sim_holds /etc/iotsafe/other.pem
check 'a certificate on the SIM of another key' recipe_run text
recipe_shows '  as the recipe shows it' mismatch
offers gateway.example
sim_holds /etc/iotsafe/expired.pem
check 'a certificate that has expired' recipe_run text
recipe_shows '  as the recipe shows it' expired
offers meter-0001
sim_holds "$card/device.pem"

"$build/iotsafe-sim" new "$work/other-sim" --profile demo >/dev/null
openssl x509 -in "$work/other-sim/device.pem" -noout -pubkey >"$work/other-sim.pub"
issue meter-0001 "$work/other-sim.pub" "$work/other-sim.pem"
openssl x509 -in "$work/other-sim.pem" -outform DER -out "$work/other-sim/objects/file-02.3.bin"
second_start other-sim
check 'two certificates of that name: one is taken' recipe_run text
shows '  and verified' 'verify=SUCCESS'

locked_start
echo 0000 >/etc/iotsafe/pin
chmod 600 /etc/iotsafe/pin
recipe_slot
sed -i '/^.slot modem/,$d' /etc/iotsafe/iotsafe.conf
printf '%s\n' '[slot locked]' "uri = unix:$work/locked.sock" 'label = locked' 'pin = application' \
	'pin-source = file:/etc/iotsafe/pin' >>/etc/iotsafe/iotsafe.conf
check 'a wrong PIN' recipe_run text
recipe_shows '  as the recipe shows it' wrong-pin
recipe_slot

chmod 755 "$work/home"
export HOME=$work/stranger
cp -r "$work/home" "$HOME"
chown -R nobody "$HOME"
recipe_text run=text | sed 's/chromium /setpriv --reuid nobody --regid nogroup --clear-groups &/' >"$work/stranger.sh"
check 'a user without rights' host bash -eu "$work/stranger.sh"
recipe_shows '  sees what the recipe shows' no-rights
recipe_done
