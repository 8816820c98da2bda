#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An openssl.cnf that activates the engine for every program on the machine. openssl_global.sh TRANSPORT
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
web_start "$card"
openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x \
	-keyout "$work/soft.key" -out "$work/soft.pem" 2>"$work/soft.out"

# the sample as it is shipped, with our module's place; then loaded at once, and as the default
# for all that it can do
sed "s|^MODULE_PATH = .*|MODULE_PATH = $module|" "$build/conf/openssl-engine.cnf" >"$work/lazy.cnf"
sed 's|^init = 0|init = 1|' "$work/lazy.cnf" >"$work/eager.cnf"
sed 's|^init = 0|default_algorithms = ALL\ninit = 1|' "$work/lazy.cnf" >"$work/default.cnf"

for kind in lazy eager default; do
	export OPENSSL_CONF=$work/$kind.cnf
	say "-- $kind.cnf"
	check 'openssl version' host openssl version
	check 'a digest' host openssl dgst -sha256 "$work/data"
	check 'a signature with a key in a file' host openssl dgst -sha256 -sign "$work/soft.key" \
		-out "$work/sig" "$work/data"
	check 'a certificate is shown' host openssl x509 -in "$card/device.pem" -noout -text
	check 'a key pair is made' host openssl genpkey -algorithm EC \
		-pkeyopt ec_paramgen_curve:P-256 -out "$work/new.key"
	check_signs 'a signature with the key on the SIM' host openssl dgst -sha256 -engine pkcs11 \
		-keyform engine -sign "$key_uri" -out "$work/sig" "$work/data"
	check '  verified' env -u OPENSSL_CONF openssl dgst -sha256 -verify "$work/pub.pem" \
		-signature "$work/sig" "$work/data"
	check_fails 'a TLS client without a certificate is refused' \
		host curl -sSf --cacert "$card/ca.pem" "$web_url"
	check_signs 'a TLS client with the SIM' web_fetch 1.3 "$key_uri" "$cert_uri"
	shows '  the server verified the certificate' '^verify=SUCCESS'
	check 'our own tool, inside that configuration' timeout 30 "$build/iotsafe" list --module "$module"
done
all_passed
