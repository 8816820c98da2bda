#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The installed layout: what "meson install" puts in place is found without a word about it. p11kit.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
echo data >"$work/data"

root=$work/root
check 'meson install' meson install -C "$build" --no-rebuild --destdir "$root"
# in this script's own world only: the installed folders in place of the machine's
libs=$(pkg-config --variable=p11_module_path p11-kit-1)
configs=$(pkg-config --variable=p11_module_configs p11-kit-1)
for place in "$libs" "$configs"; do
	check "something is installed in $place" test -d "$root$place"
	mount --bind "$root$place" "$place"
done
check 'the module' test -e "$libs/iotsafe-pkcs11.so"
for file in usr/bin/iotsafe usr/bin/iotsafe-sim usr/lib/udev/rules.d/70-iotsafe.rules \
	usr/lib/tmpfiles.d/iotsafe.conf usr/share/man/man1/iotsafe.1 usr/share/man/man1/iotsafe-sim.1 \
	usr/share/man/man5/iotsafe.conf.5 usr/share/man/man7/iotsafe-pkcs11.7; do
	check "$file" test -e "$root/$file"
done

check 'p11-kit list-modules' host p11-kit list-modules
shows '  knows the module' '^iotsafe: iotsafe-pkcs11.so'
shows '  and its token' 'token: simtok'
check 'p11tool --list-all through p11-kit' host p11tool --list-all 'pkcs11:token=simtok'
shows '  shows the private key' 'Type: Private key'
check_signs 'a signature by p11tool through p11-kit' host p11tool --test-sign "$key_uri"
check 'pkcs11-tool through p11-kit-proxy' host pkcs11-tool \
	--module "$(pkg-config --variable=proxy_module p11-kit-1)" -O
shows '  shows the private key' "ID: +$key_id"
check_signs 'the engine needs no module path' host openssl dgst -sha256 -engine pkcs11 \
	-keyform engine -sign "$key_uri" -out "$work/sig" "$work/data"
check '  verified by openssl' openssl dgst -sha256 -verify "$work/pub.pem" \
	-signature "$work/sig" "$work/data"
check 'iotsafe finds the installed module' timeout 30 "$root/usr/bin/iotsafe" doctor
shows '  and its registration' '^p11-kit +ok'
all_passed
