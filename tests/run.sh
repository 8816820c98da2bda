#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every test: tests/run.sh [--quick]. Installs what is missing, builds, tests, and prints the matrix of programs and
# a table.
# --quick: the plain build's unit and flow tests only. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."

quick=
case ${1:-} in
'') ;;
--quick) quick=1 ;;
*) echo "usage: tests/run.sh [--quick]" >&2; exit 2 ;;
esac

passed=0
failed=0
faults=() # "NAME: INJECTED SURVIVED"
table=$(mktemp)
trap 'rm -rf "$table" "${ahead:-}"; [ -z "${builder:-}" ] || kill "$builder" 2>/dev/null || true' EXIT

row() { # NAME PASSED FAILED SECONDS
	printf '%-44s %6s %6s %7ss\n' "$1" "$2" "$3" "$4" >>"$table"
	passed=$((passed + $2))
	failed=$((failed + $3))
}

# One step that counts as one test.
step() { # NAME COMMAND…
	local name=$1 start=$SECONDS log
	shift
	log=$(mktemp)
	echo "== $name"
	if "$@" >"$log" 2>&1 </dev/null; then
		row "$name" 1 0 $((SECONDS - start))
		rm -f "$log"
		return 0
	fi
	cat "$log"
	rm -f "$log"
	row "$name" 0 1 $((SECONDS - start))
	return 1
}

configure() { # FOLDER OPTION…
	local folder=$1
	shift
	if [ -e "$folder/build.ninja" ]; then
		meson setup --reconfigure "$folder" "$@"
	else
		meson setup "$folder" "$@"
	fi
}

build() { # NAME FOLDER OPTION…
	local name=$1 folder=$2
	shift 2
	step "$name: configure" configure "$folder" "$@" &&
		step "$name: build" timeout 1200 ninja -C "$folder"
}

# The flow tests mostly wait: the other builds are made meanwhile, with the time that is left.
ahead=$(mktemp -d)
build_ahead() {
	local name
	for name in asan+ubsan tsan clang; do
		{ build_other "$name" && echo 0 || echo 1; } >"$ahead/$name.log" 2>&1 </dev/null
		mv "$ahead/$name.log" "$ahead/$name"
	done
}
build_other() { # NAME
	case $1 in
	asan+ubsan) configure build-asan -Db_sanitize=address,undefined && ninja -C build-asan ;;
	tsan) configure build-tsan -Db_sanitize=thread && ninja -C build-tsan ;;
	clang) CC=clang configure build-clang && ninja -C build-clang ;;
	esac
}
built() { # NAME
	local i
	for i in $(seq 1200); do
		[ ! -e "$ahead/$1" ] || break
		sleep 1
	done
	cat "$ahead/$1" && [ "$(tail -n 1 "$ahead/$1")" = 0 ]
}

# Tests of these suites mostly wait, and have all that they start for themselves: many at once.
at_once() { # SUITE
	case $1 in
	unit | flow) echo 8 ;;
	interop) echo 4 ;;
	*) nproc ;;
	esac
}

# "LINK: N faults injected, …M survived…": the sum over the tests of a run.
count_faults() { # FOLDER
	awk '/ faults injected/ {
		for (i = 2; i <= NF; i++) {
			if ($(i) == "faults") injected += $(i - 1)
			if ($(i) ~ /^survived/) survived += $(i - 1)
		}
	} END { print injected + 0, survived + 0 }' "$1/meson-logs/flow.txt"
}

# meson's own counts, one row a suite. What is skipped, or expected to fail, has not passed.
suite() { # NAME FOLDER SUITE [WRAPPER…]
	local name="$1: $3" folder=$2 suite=$3 start=$SECONDS log code=0 good bad
	shift 3
	log=$(mktemp)
	echo "== $name"
	"$@" timeout 1500 meson test -C "$folder" --no-rebuild --suite "$suite" --logbase "$suite" --print-errorlogs \
		--num-processes "$(at_once "$suite")" \
		>"$log" 2>&1 </dev/null || code=$?
	cat "$log"
	good=$(awk '/^Ok: / { n = $2 } END { print n + 0 }' "$log")
	bad=$(awk '/^(Expected Fail|Fail|Unexpected Pass|Skipped|Timeout): / { n += $NF }
		END { print n + 0 }' "$log")
	rm -f "$log"
	[ "$code" = 0 ] || [ "$bad" != 0 ] || bad=1
	[ "$good" != 0 ] || [ "$bad" != 0 ] || bad=1
	row "$name" "$good" "$bad" $((SECONDS - start))
	[ "$suite" != flow ] || faults+=("$name: $(count_faults "$folder")")
}

plain() {
	local s
	build plain build || return 0
	[ -n "$quick" ] || {
		nice -n 19 bash -c "$(declare -f build_ahead build_other configure); ahead=$ahead; build_ahead" &
		builder=$!
	}
	suite plain build unit
	suite plain build flow
	[ -z "$quick" ] || return 0
	suite plain build thread
	suite plain build interop
	suite plain build trixie # the first time it makes a Debian 13 tree, and keeps it
	suite plain build checks
}

sanitizers() {
	local s
	if step 'asan+ubsan: build' built asan+ubsan; then
		for s in unit flow interop; do suite asan+ubsan build-asan "$s"; done
	fi
	# gcc 12's ThreadSanitizer does not start under every address-space layout
	if step 'tsan: build' built tsan; then
		suite tsan build-tsan thread setarch -R
	fi
}

step setup tests/setup.sh tests || true
plain
if [ -z "$quick" ]; then
	sanitizers
	step 'clang: build' built clang || true
	for link in at pcsc mbim qmi; do
		step "demo: $link" timeout 300 tests/demo.sh "$link" || true
	done
	# the first time it makes a Debian 12 tree, and keeps it
	step 'packages in a fresh Debian' timeout 1200 tests/packages.sh || true
fi

if [ -z "$quick" ]; then
	printf '\n'
	tests/matrix.sh build build-asan || row 'the matrix' 0 1 0
fi
printf '\n%-44s %6s %6s %8s\n' what passed failed time
cat "$table"
for line in ${faults[@]+"${faults[@]}"}; do
	printf '%s: %d faults injected, %d survived\n' "${line%%: [0-9]*}" ${line##*: }
done
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
