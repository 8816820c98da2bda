#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job from nothing: tests/demo.sh [at|pcsc|unix|mbim|qmi]. Installs, builds, makes a software
# SIM, and lets curl open a page that demands a client certificate whose key lives on that SIM.
set -eu
cd "$(dirname "$0")/.."

transport=${1:-at}
case $transport in
at) place="an AT modem (a pseudo-terminal that answers AT+CCHO, AT+CGLA and AT+CSIM)" ;;
pcsc) place="a card reader (a real pcscd with a virtual reader)" ;;
unix) place="a socket" ;;
mbim) place="an MBIM modem (a pseudo-terminal), shared by a real mbim-proxy" link=mbim-proxy ;;
qmi) place="a QMI modem (a pseudo-terminal), shared by a real qmi-proxy" link=qmi-proxy ;;
*) echo "usage: tests/demo.sh [at|pcsc|unix|mbim|qmi]" >&2; exit 2 ;;
esac

if [ -z "${IOTSAFE_OWN_WORLD:-}" ]; then
	tests/setup.sh demo
	[ -e build/build.ninja ] || meson setup build >build.log 2>&1 || { cat build.log; exit 1; }
	rm -f build.log
	echo "Building…"
	timeout 900 ninja -C build iotsafe iotsafe-sim iotsafe-pkcs11.so >build/demo-build.log 2>&1 || {
		cat build/demo-build.log
		exit 1
	}
fi

. tests/lib/common.sh
. tests/lib/sim.sh
. tests/lib/web.sh
. tests/lib/pcscd.sh
case $transport in pcsc | mbim | qmi) own_world "$@" ;; esac

title() { printf '\n%s\n' "$*"; }

fetch() { # TLS-VERSION
	local from signed
	from=$(apdu_lines)
	title "curl --tlsv$1 --engine pkcs11 --key '$key_uri' --cert '$cert_uri' …"
	web_fetch "$1" "$key_uri" "$cert_uri" >"$work/page" 2>"$work/curl.err" || {
		cat "$work/curl.err" "$work/web/error.log" >&2
		die "curl did not get the page"
	}
	grep -qx verify=SUCCESS "$work/page" || die "the server did not accept the certificate"
	grep -qx "protocol=TLSv$1" "$work/page" || die "the server saw another protocol"
	sed 's/^/  the server saw   /' "$work/page"
	signed=$(apdu_ins_count 2B $((from + 1)))
	[ "$signed" -gt 0 ] || die "the SIM computed no signature"
	say "  exchanges        $(($(apdu_lines) - from)) APDUs with the SIM, $signed of them a signature"
}

# The private scalar, from the software SIM's own store, must be nowhere in what crossed the link.
scalars() { # hex, one a line
	local file
	for file in "$card"/objects/*; do
		openssl pkey -in "$file" -noout -text 2>/dev/null || true
	done | awk '/^priv:|^privateExponent:/ { on = 1; next } /^[^ ]/ { if (on) print ""; on = 0 }
		on { gsub(/[ :]/, ""); printf "%s", $0 } END { if (on) print "" }' | sed 's/^00//'
}

key_stayed() {
	local count=0 scalar
	title "The key"
	for scalar in $(scalars); do
		count=$((count + 1))
		! grep -qi "$scalar" "$apdu_log" || die "a private key crossed the link"
	done
	[ $count -gt 0 ] || die "the software SIM's private keys were not found"
	say "  on the link      nowhere in the $(apdu_count) APDUs (looked for in plain: $count private key)"
	"$build/iotsafe" list --module "$module" --json >"$work/list.json"
	grep -q '"class": *"private-key"' "$work/list.json" || die "no private key is listed"
	! grep '"class": *"private-key"' "$work/list.json" |
		grep -vq '"sensitive": *true, *"extractable": *false, *"value": *"refused"' ||
		die "the module offers a private key that can be extracted"
	say "  in PKCS#11       CKA_SENSITIVE true, CKA_EXTRACTABLE false, CKA_VALUE refused"
}

say "A software SIM in $place"
sim_new demo
sim_start "${link:-$transport}"
web_start "$card"

title "iotsafe list"
timeout 60 "$build/iotsafe" list --module "$module" >"$work/list"
sed 's/^/  /' "$work/list"
key_uri=$(grep -o 'pkcs11:.*;type=private' "$work/list" | head -n 1)
cert_uri=$(grep -o 'pkcs11:.*;type=cert' "$work/list" | head -n 1)

fetch 1.3
fetch 1.2
key_stayed
title "Done: two pages over mutual TLS, and the key never left the SIM."
