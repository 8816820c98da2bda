#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# exports.sh MODULE PROGRAM…: what the module (or libiotsafe) shows and needs, and how it and the programs
# are linked.
set -eu
module=$1
bad=0
complain() {
	echo "$*"
	bad=1
}
same() { # WHAT EXPECTED FOUND
	[ "$2" = "$3" ] || complain "$1: expected \"$2\", found \"$3\""
}

sanitized=
! ldd "$module" | grep -Eq 'lib[at]san\.so' || sanitized=1

exported=$(nm -D --defined-only "$module" | awk '{ print $3 }' | sed 's/@.*//' | sort | xargs)
case $module in
*iotsafe-pkcs11.so) same 'exported symbols' 'C_GetFunctionList C_GetInterface C_GetInterfaceList' "$exported" ;;
*) # header.sh compares them with what is declared
	same 'foreign symbols' '' "$(tr ' ' '\n' <<<"$exported" | grep -v -e '^iotsafe_' -e '^IOTSAFE_' | xargs)"
	;;
esac
if [ -z "$sanitized" ]; then
	same 'needed libraries' 'libc.so.6 libcrypto.so.3' \
		"$(readelf -d "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
			grep -v -e '^libinih\.so' -e '^ld-linux' | sort | xargs)"
	# what a library in somebody else's process has no business with
	found=$(nm -D --undefined-only "$module" | awk '{ print $2 }' | sed 's/@.*//' |
		grep -Ex 'atexit|on_exit|signal|sigaction|setenv|putenv|unsetenv|system|popen|exit|_exit|abort|pthread_create|fork|execve?|strtok|atoi|select' |
		xargs)
	same 'functions it must not call' '' "$found"
fi

# libcrypto calls the module at exit, also after a dlclose
readelf -d "$module" | grep -q 'FLAGS_1.*NODELETE' || complain "$module: may be unmapped"

for file; do
	readelf -lW "$file" | grep -q GNU_RELRO || complain "$file: no RELRO"
	readelf -d "$file" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW' || complain "$file: not bound at load"
	readelf -lW "$file" | awk '/GNU_STACK/ { exit $0 ~ /RWE/ }' || complain "$file: executable stack"
	readelf -h "$file" | grep -q 'Type:.*DYN' || complain "$file: not position-independent"
	! readelf -d "$file" | grep -q TEXTREL || complain "$file: text relocations"
	! readelf -d "$file" | grep -Eq 'RPATH|RUNPATH' || complain "$file: a run path"
done
exit $bad
