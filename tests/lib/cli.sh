# SPDX-License-Identifier: Apache-2.0
# iotsafe itself, as a person or a program runs it. Sourced after common.sh.

iotsafe() { timeout -k 5 60 "$build/iotsafe" "$@"; }

check_exit() { # TEXT CODE COMMAND…
	local text=$1 expected=$2 code=0
	shift 2
	"$@" >"$work/check.out" 2>&1 || code=$?
	if [ "$code" = "$expected" ]; then
		ok "$text"
		return 0
	fi
	say "FAIL $text: exit code $code, expected $expected; $*"
	sed 's/^/     /' "$work/check.out"
	exit 1
}

# The doctor must end with code 1 and a FAIL line of this step that matches.
check_doctor() { # TEXT STEP REGEX OPTION…
	local text=$1 step=$2 regex=$3
	shift 3
	check_exit "$text" 1 iotsafe doctor "$@"
	shows "  at step \"$step\"" "^ *$step +FAIL .*$regex"
	shows '  with a remedy' '^ +-> [a-zA-Z"]'
}
