#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/openssl-provider.md: the module is built in a Debian 13, and OpenSSL 3.5 and curl use it by
# pkcs11-provider. The tree is made once, in IOTSAFE_TRIXIE. trixie.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
cache=${IOTSAFE_TRIXIE:-/var/cache/iotsafe-tests/trixie}
packages=ca-certificates,curl,gcc,libc6-dev,libcmocka-dev,libinih-dev,libp11-kit-dev,libpcsclite-dev
packages=$packages,libssl-dev,meson,nginx,ninja-build,openssl,p11-kit,p11-kit-modules,pkcs11-provider,pkg-config
if [ -z "${IOTSAFE_OWN_WORLD:-}" ] && [ ! -e "$cache/.complete" ]; then
	mkdir -p "${cache%/*}"
	debootstrap --variant=minbase --include="$packages" trixie "$cache" http://deb.debian.org/debian \
		>"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log"; die 'debootstrap failed'; }
	touch "$cache/.complete"
fi
own_world "$@"

# The tree is mounted outside of $work, whose files are removed at the end: nothing of the machine is below it.
tree=/mnt
mount -t tmpfs tmpfs /media
mkdir /media/upper /media/work
mount -t overlay -o "lowerdir=$cache,upperdir=/media/upper,workdir=/media/work" overlay "$tree"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
mkdir "$tree/dev/pts"
mount --bind /dev/pts "$tree/dev/pts"
mknod -m 666 "$tree/dev/null" c 1 3
mknod -m 666 "$tree/dev/zero" c 1 5
mknod -m 666 "$tree/dev/urandom" c 1 9
mount -t proc proc "$tree/proc"
mkdir -p "$tree/src" "$tree$work"
mount --bind "$top" "$tree/src"
mount -o remount,bind,ro "$tree/src"
mount --bind "$work" "$tree$work"
inside() { chroot "$tree" env -u LD_PRELOAD HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

sim_new demo
sim_start "$1"
recipe openssl-provider
cloud_start
echo '127.0.0.1 localhost cloud.example' >"$tree/etc/hosts"
mkdir -p "$tree/etc/iotsafe" "$work/home" "$tree/var/lib/iotsafe"
install -d -m 1777 "$tree/run/lock/iotsafe"
cp "$card/ca.pem" "$card/device.pem" "$tree/etc/iotsafe/"
printf '[module]\nlog = error\n[slot modem]\nuri = %s\nlabel = gateway\n' "$slot_uri" >"$tree/etc/iotsafe/iotsafe.conf"
unset IOTSAFE_CONF
packages_there() { inside dpkg -s $(recipe_text install | sed 's/^apt-get install//'); }
check 'the packages' packages_there
check 'the module is configured' inside meson setup /build /src
check '  and built' inside ninja -k 0 -C /build iotsafe-pkcs11.so
install -D "$tree/build/iotsafe-pkcs11.so" "$tree/usr/lib/x86_64-linux-gnu/pkcs11/iotsafe-pkcs11.so"

run() { # BLOCK
	recipe_text "run=$1" >"$work/run-$BASHPID.sh"
	inside timeout -k 5 60 bash -eu -c 'cd "$1"; . "$2"' bash "$work/home" "$work/run-$BASHPID.sh"
}
recipe_text file=/etc/ssl/openssl.cnf >"$tree/etc/ssl/openssl.cnf"
check_signs 'storeutl, pkey, req' run store
check '  the public key is the one' cmp <(openssl pkey -pubin -in "$work/home/device.pub") \
	<(openssl x509 -in "$card/device.pem" -noout -pubkey)
check '  the request verifies' openssl req -in "$work/home/meter.csr" -noout -verify
check_signs 's_client' run client
recipe_shows '  as the recipe shows it' client
check 'a file that holds the URI' run pem
check_signs 'curl' run curl
recipe_shows '  the server verified the certificate' curl
check_signs 'two at once' two_at_once run curl
recipe_done
