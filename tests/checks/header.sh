#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# header.sh SOURCE-HEADER MAP LIBRARY ARCHIVE: libiotsafe's header is C and C++, says what its library
# exports, and no more can be seen of either kind of library.
set -eu
header=$(realpath "$1") map=$(realpath "$2") library=$(realpath "$3") archive=$(realpath "$4")
bad=0
complain() {
	echo "$*"
	bad=1
}
same() { # WHAT EXPECTED FOUND
	[ "$2" = "$3" ] || complain "$1: expected \"$2\", found \"$3\""
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declared=$(grep -v '^ \*' "$header" | grep -o '\<iotsafe_[a-z_]*(' | tr -d '(' | sort | xargs)
[ "$(wc -w <<<"$declared")" -ge 15 ] || complain "only $declared declared in the header"
same 'map file' "$declared" "$(grep -o '\<iotsafe_[a-z_]*;' "$map" | tr -d ';' | sort | xargs)"
same 'shared library' "$(sed 's/\>/@@IOTSAFE_1/g' <<<"$declared")" \
	"$(nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sort | xargs)"
found=$(nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | grep -v '^\(__odr_asan\|__asan_\)' | sort | xargs)
same 'static library' "$declared" "$found"
for name in $declared; do
	sed 's/\\-/-/g' "$(dirname "$0")/../../conf/libiotsafe.3" | grep -qw "$name" ||
		complain "libiotsafe(3): no $name"
done
same 'soname' libiotsafe.so.1 "$(readelf -d "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"

cp "$header" "$work/iotsafe.h"
cat >"$work/use.c" <<'C'
#include <iotsafe.h>
#include <iotsafe.h>
int main(void)
{
	struct iotsafe *sim = 0;
	struct iotsafe_object o;
	enum iotsafe_error e = iotsafe_open(0, 1000, &sim);
	if (e == IOTSAFE_OK)
		e = iotsafe_find(sim, IOTSAFE_PRIVATE_KEY, 0, &o);
	iotsafe_close(sim);
	return iotsafe_text(e)[0] == '\0' || iotsafe_remedy(e)[0] == '\0';
}
C
compile() { # OPTION…
	clang -Wall -Wextra -Wpedantic -Wconversion -Werror -I"$work" -c -o "$work/use.o" "$@" >"$work/out" 2>&1 ||
		complain "clang $*: $(cat "$work/out")"
}
for std in c99 c11 c17; do compile -x c -std=$std "$work/use.c"; done
for std in c++98 c++11 c++17 c++20; do
	# long long, which C++98 has as an extension, is <stdint.h>'s
	compile -x c++ -std=$std -Wno-c++11-long-long -Wno-c99-extensions "$work/use.c"
	nm "$work/use.o" | grep -q ' U iotsafe_open$' || complain "$std: the names are C++'s"
done
exit $bad
