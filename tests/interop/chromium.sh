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
chmod 755 "$work/home"
export HOME=$work/stranger
cp -r "$work/home" "$HOME"
chown -R nobody "$HOME"
recipe_text run=text | sed 's/chromium /setpriv --reuid nobody --regid nogroup --clear-groups &/' >"$work/stranger.sh"
check 'a user without rights' host bash -eu "$work/stranger.sh"
recipe_shows '  sees what the recipe shows' no-rights
recipe_done
