#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libiotsafe as others find it: installed, by pkg-config, shared and static; the commands are those of
# libiotsafe(3) and of the example's head. lib_install.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

root=$work/root
check 'everything is installed' meson install -C "$build" --no-rebuild --quiet --destdir "$root"
check '  the header' test -f "$root/usr/include/iotsafe.h"
pc=$(find "$root" -name iotsafe.pc)
check '  the description for pkg-config' test -f "$pc"
libs=$(dirname "$(dirname "$pc")")
check '  the shared library by its three names' test -f "$libs/libiotsafe.so.1.0.0" -a \
	-L "$libs/libiotsafe.so.1" -a -L "$libs/libiotsafe.so"
check '  the static library' test -f "$libs/libiotsafe.a"
check '  the manual page' test -f "$root/usr/share/man/man3/libiotsafe.3"
example=$(find "$root/usr/share/doc" -name iotsafe-mbedtls.c)
check '  the example' cmp "$example" "$top/conf/examples/iotsafe-mbedtls.c"

export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$root
flags() { pkg-config "$@" iotsafe; }
says() { [ "$(pkg-config --modversion iotsafe)" = "$(awk '/^Version:/ { print $2 }' "$pc")" ]; }
check 'pkg-config knows it' says
# the program of the manual page
sed -n '/^\.SH EXAMPLE/,/^\.SH /{/^\.EX$/,/^\.EE$/{/^\.E[XE]$/!p}}' "$top/conf/libiotsafe.3" |
	sed 's/\\-/-/g; s/\\e/\\/g; s/\\&//g' >"$work/show.c"
# shellcheck disable=SC2046
{
	check 'the program of the manual page, with the shared library' cc -Wall -Wextra -Werror \
		-o "$work/shared" "$work/show.c" $(flags --cflags --libs)
	check '  with the static library' cc -Wall -Wextra -Werror -o "$work/static" "$work/show.c" \
		$(flags --cflags) "$libs/libiotsafe.a" $(flags --static --libs | tr ' ' '\n' | grep -vx -e -liotsafe)
	check 'the example for mbedTLS' cc -Wall -Wextra -Werror -o "$work/mbedtls" "$example" \
		$(flags --cflags --libs) -lmbedtls -lmbedx509 -lmbedcrypto
}
export LD_LIBRARY_PATH=$libs
needs() { readelf -d "$work/$1" | grep -q 'NEEDED.*libiotsafe\.so\.1'; }
check 'the one needs libiotsafe.so.1' needs shared
check_fails '  the other does not' needs static

sim_new demo
sim_start "$1"
for kind in shared static; do
	check_signs "the $kind one runs" timeout 60 "$work/$kind"
	shows '  it has found the key' '^device: a signature of 7[012] bytes$'
done
check_fails 'the example knows its options' timeout 60 "$work/mbedtls"
shows '  and tells them' '^usage: iotsafe-mbedtls'
all_passed
