#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/python.md: Python's binding of Cryptoki, two programs at once and after a fork. python.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
# PyKCS11 is of C++, whose exceptions the sanitizer looks for when the program starts
foreign_preload=:libstdc++.so.6

recipe_world "$1"
recipe python
check 'the packages' recipe_packages
mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
program=/usr/local/bin/sim-sign
recipe_write "$program"
recipe_write /usr/local/bin/sim-fork

check 'the token' recipe_run try
recipe_shows '  is seen' try
check_signs 'a signature' recipe_run sign
recipe_shows '  verified' sign
signed() { # FILE: signs and verifies it
	host /usr/bin/python3 "$program" "$1" >"$1.sig" &&
		openssl dgst -sha256 -verify "$work/home/device.pub" -signature "$1.sig" "$1"
}
for n in 1 2; do head -c 100 /dev/urandom >"$work/file.$n"; done
one_of_two() { signed "$(mktemp "$work/both.XXXXXX")"; }
check_signs 'two programs at once' two_at_once one_of_two
check '  both verified' test "$(grep -c '^Verified OK' "$work/check.out")" = 2
check_signs 'a parent and its children' recipe_run fork
check '  the parent before and after' test "$(grep -c '^parent 64' "$work/check.out")" = 2
check 'the lines of "iotsafe doctor" are these' recipe_doctor python

# --- what goes wrong ---
locked_start
spoiled() { # SED-SCRIPT [PREFIX…]
	sed "$1" "$program" >"$work/spoiled.py"
	! cmp -s "$program" "$work/spoiled.py" || die "$1 changes nothing"
	chmod 644 "$work/spoiled.py"
	shift
	host "$@" /usr/bin/python3 "$work/spoiled.py" "$work/file.1"
}
goes_wrong 'no such token' no-token spoiled "s/'gateway'/'nobody'/"
goes_wrong 'no such key' no-key spoiled "s/'device'/'nobody'/"
goes_wrong 'two keys of that name' two-keys spoiled "s/, (PyKCS11.CKA_LABEL, 'device')//"
goes_wrong 'a wrong PIN' wrong-pin spoiled "s/'gateway'/'locked'/; s/^keys = /session.login('0000')\n&/"
goes_wrong 'no PIN' no-pin spoiled "s/'gateway'/'locked'/"
goes_wrong 'a user without rights' no-rights spoiled 's/FILE/file/' setpriv --reuid nobody --regid nogroup \
	--clear-groups
wrong_certificates
looks() { # at the labels of all objects
	spoiled 's/^keys = /[session.getAttributeValue(o, [PyKCS11.CKA_LABEL]) for o in session.findObjects()]\n&/' >"$work/looks.sig"
}
sim_holds /etc/iotsafe/expired.pem
check 'a program that sees a certificate that has expired' looks
recipe_shows '  as the recipe shows it' expired
sim_holds /etc/iotsafe/other.pem
check 'and that of another key' looks
recipe_shows '  as the recipe shows it' mismatch
twin_start
goes_wrong 'a name that two keys have' two-of-a-name spoiled "s/'gateway'/'twin'/"
recipe_done
