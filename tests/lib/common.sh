# SPDX-License-Identifier: Apache-2.0
# Ground of every script: places, messages, a temporary folder, processes that end with the script.
# Sourced. Sets: top (the tree), build (the build folder), work (a temporary folder).
set -eu

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${IOTSAFE_BUILD:-$top/build}
module=$build/iotsafe-pkcs11.so
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C

say() { printf '%s\n' "$*"; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# --- processes: started here, ended here, by pid ---
pids=()

end_process() { # PID
	local i
	kill "$1" 2>/dev/null || return 0
	for i in $(seq 50); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# What is mounted in there may be the machine's own (/dev, a bound folder): never emptied.
remove() { # FOLDER
	local place
	while read -r place; do
		umount -l "$place"
	done < <(awk -v in_it="$1/" 'index($5, in_it) == 1 { print $5 }' /proc/self/mountinfo | tac)
	if awk -v in_it="$1/" 'index($5, in_it) == 1 { exit 1 }' /proc/self/mountinfo; then
		rm -rf --one-file-system "$1"
	else
		echo "$1: kept, since something is mounted in it" >&2
	fi
}

cleanup() {
	local code=$? pid
	trap - EXIT
	for pid in ${pids[@]+"${pids[@]}"}; do end_process "$pid"; done
	if [ "$code" != 0 ] && [ -n "${IOTSAFE_KEEP:-}" ]; then
		say "kept: $work"
	else
		remove "$work"
	fi
	exit "$code"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/iotsafe.XXXXXX")
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Runs "$@" every 50 ms until it succeeds, for 10 seconds.
wait_for() {
	local i
	for i in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

# Runs the rest of the script with mounts, network and processes of its own: whatever it binds,
# mounts or starts collides with nobody and is gone with it. Call it first, as: own_world "$@".
own_world() {
	[ -z "${IOTSAFE_OWN_WORLD:-}" ] || {
		ip link set lo up
		# a proxy opens a pty by its number, which by then may be that of another test's modem
		mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
		# in some containers /dev/ptmx is bound to the one of before
		mount --bind /dev/pts/ptmx /dev/ptmx
		return 0
	}
	remove "$work"
	local map=
	[ "$(id -u)" = 0 ] || map=-r
	IOTSAFE_OWN_WORLD=1 exec unshare $map -m -n -p -f --kill-child --mount-proc "$0" "$@"
}

# --- checks: each prints one line; a failed one ends the script ---
checks=0
ok() { # TEXT
	checks=$((checks + 1))
	say "ok   $1"
}
check() { # TEXT COMMAND…: the command's output is shown only if it fails
	local text=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		ok "$text"
		return 0
	fi
	say "FAIL $text"
	say "     command: $*"
	sed 's/^/     /' "$work/check.out"
	exit 1
}
check_fails() { # TEXT COMMAND…: must fail, but neither hang nor crash
	local text=$1 code=0
	shift
	"$@" >"$work/check.out" 2>&1 || code=$?
	if [ $code != 0 ] && [ $code -lt 124 ]; then
		ok "$text"
		return 0
	fi
	say "FAIL $text (exit code $code)"
	sed 's/^/     /' "$work/check.out"
	exit 1
}
# The text of the last check's output holds a line that matches the extended expression.
shows() { # TEXT REGEX [FILE]
	if grep -Eq -- "$2" "${3:-$work/check.out}"; then
		ok "$1"
		return 0
	fi
	say "FAIL $1: no line matches $2 in:"
	sed 's/^/     /' "${3:-$work/check.out}"
	exit 1
}
shows_not() { # TEXT REGEX [FILE]
	if ! grep -Eq -- "$2" "${3:-$work/check.out}"; then
		ok "$1"
		return 0
	fi
	say "FAIL $1: a line matches $2 in:"
	sed 's/^/     /' "${3:-$work/check.out}"
	exit 1
}
all_passed() {
	[ "$checks" -gt 0 ] || die "no check ran"
	say "$checks checks passed"
}

# --- programs of the host that load our module ---
# A sanitized module needs its run-time first in the process; the host's own leaks are not ours, nor
# are reads of its own freed memory: foreign_asan takes more options for the program that has them, and
# foreign_preload more libraries, each after a ":", that the sanitizer has to find at its start.
host_env=()
foreign_asan=
foreign_preload=
find_sanitizer() {
	local lib shim=$build/tests/interop/libasan_host.so
	[ -e "$module" ] || return 0
	lib=$(ldd "$module" | awk '/lib[at]san\.so/ { print $3; exit }')
	[ -n "$lib" ] || return 0
	[ ! -e "$shim" ] || lib=$lib:$shim
	host_env=(env "LD_PRELOAD=$lib" "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")
}
find_sanitizer

host() { # PROGRAM ARGUMENT…, at most 60 seconds
	ASAN_OPTIONS=detect_leaks=0:abort_on_error=1$foreign_asan \
		timeout -k 5 60 ${host_env[@]+"${host_env[@]/#LD_PRELOAD=*/&$foreign_preload}"} "$@"
}
