#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command lines of README.md, on a SIM with every kind of container. readme.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new full
# a SIM for those who let it make their key: its empty pair (04) signs, as its identity (01) does
awk 'function end() { if (id == "04") { sub(/type = .*derivation = [^\n]*/, use, object) }
		if (id == "01" && !use) { match(object, /type = .*derivation = [^\n]*/)
			use = substr(object, RSTART, RLENGTH) }
		printf "%s", object; object = ""; id = "" }
	/^\[/ { end() }
	{ object = object $0 "\n" }
	/^id = / { id = $3 }
	END { end() }' "$card/card.txt" >"$work/card.txt"
cat "$work/card.txt" >"$card/card.txt"
recipe_world "$1"
recipe README
cloud_start
cd "$work/home"
cp "$card/device.pem" .
echo data >file

check 'which SIM is there' recipe_run which
shows '  the doctor is content' '^All is well'
shows '  the list has the key' 'pkcs11:token=gateway;object=device;type=private'
for name in slot group pin; do
	recipe_text "conf=$name" >"$work/$name.conf"
	[ $name != group ] || {
		recipe_text conf=slot
		recipe_text conf=slot | sed 's/gateway/reserve/; s/wdm0/wdm1/'
	} >>"$work/$name.conf"
	chmod 600 "$work/$name.conf"
	check "the configuration \"$name\"" grep -q 'no slot of that name' <(
		iotsafe list --conf "$work/$name.conf" --slot nobody 2>&1)
done

# The block, after that of the names; nobody types.
with_names() { # BLOCK
	{ recipe_text run=names && recipe_text "run=$1"; } >"$work/names.sh"
	host bash -eu "$work/names.sh" </dev/null
}
check_signs 'curl' with_names curl
shows '  the server verified the certificate' '^verify=SUCCESS'
check_signs 'the engine: request, signature, TLS' with_names engine
check '  a request' openssl req -in meter.csr -noout -verify
openssl x509 -in device.pem -noout -pubkey >device.pub
check '  a signature' openssl dgst -sha256 -verify device.pub -signature file.sig file
check_signs 'p11-kit and GnuTLS' with_names p11-kit
shows '  the module is registered' 'iotsafe: iotsafe-pkcs11.so'
shows '  the token is listed' 'Label: device'
shows '  the handshake is complete' '^- Handshake was completed'
check 'pkcs11-tool' recipe_run pkcs11-tool
shows '  lists the key' 'label: +device'
# the authority's answer comes as meter.pem, when the request is there
manage() {
	recipe_text run=manage >"$work/manage.sh"
	# what the authority does meanwhile
	sed -i 's|^iotsafe write |authority; &|' "$work/manage.sh"
	declare -f issue die >"$work/issue.sh"
	printf 'work=%q card=%q\n' "$work" "$card" >>"$work/issue.sh"
	cat >>"$work/issue.sh" <<'END'
authority() {
	openssl req -in meter.csr -noout -pubkey >meter.pub
	LD_PRELOAD= issue meter-0001 meter.pub meter.pem
}
END
	host bash -eu -c '. "$1"; . "$2"' bash "$work/issue.sh" "$work/manage.sh"
}
check_signs 'keys and certificates' manage
check '  the key has its certificate' cmp <(openssl x509 -in meter.pem -noout -pubkey) meter.pub
shows '  a pre-shared key' '^[0-9A-F]{64}$' broker.psk
recipe_done
