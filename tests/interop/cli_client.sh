#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# iotsafe doctor --client: what is missing is named, and the lines that it prints work. cli_client.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"
web_start "$card"
chmod 755 "$work"
key='pkcs11:token=simtok;object=device;type=private'
export HOME=$work/home
mkdir -p "$HOME" "$work/modules"
configs=$(pkg-config --variable=p11_module_configs p11-kit-1)
mount --bind "$work/modules" "$configs"

# The doctor's JSON of one client in $work/json; LINES in $work/lines.
ask() { # CLIENT OPTION…
	iotsafe doctor --json --client "$@" >"$work/json"
	jq -er .lines "$work/json" >"$work/lines"
}
found() { # STEP RESULT: the check of that step has that result
	jq -e --arg step "$1" --arg result "$2" '[.checks[] | select(.step == $step)] | length > 0 and
		all(.result == $result)' "$work/json"
}
# What it printed, run as it stands, in a folder of its own. sed-expressions put in what only the person knows.
run_lines() { # SED-EXPRESSION…
	local edit=() e
	for e; do edit+=(-e "$e"); done
	mkdir -p "$work/run"
	cd "$work/run"
	echo data >file
	sed -e "s|^iotsafe |$build/iotsafe |; s|/etc/iotsafe/device.pem|$work/device.pem|" ${edit[@]+"${edit[@]}"} \
		"$work/lines" >"$work/lines.sh"
	host bash -eu "$work/lines.sh" </dev/null
}

# --- the lines work ---
check 'curl' ask curl
check '  the program is there' found program ok
check '  so is the engine' found helper ok
check '  rights' found rights ok
check '  the key' found key ok
check '  its certificate' found certificate ok
check_signs '  its lines fetch a page' run_lines "s|https://cloud.example/|--cacert $card/ca.pem $web_url|"
shows '  the server verified the certificate' '^verify=SUCCESS'
check 'openssl' ask openssl
check_signs '  its lines sign and connect' run_lines \
	"s|cloud.example:443|localhost:$web_port -CAfile $card/ca.pem -verify_return_error -brief|"
check '  the signature is one' openssl dgst -sha256 -verify <(openssl x509 -in "$card/device.pem" -noout -pubkey) \
	-signature "$work/run/file.sig" "$work/run/file"
check '  the certificate is a file now' cmp "$work/device.pem" <("$build/iotsafe" read device)
check 'nginx' ask nginx
shows '  with our URI' "^ssl_certificate_key \"engine:pkcs11:$key\";\$" "$work/lines"
check 'ssh' ask ssh
check '  lists the key' run_lines '/^ssh /d; /^ssh-add/d'
shows '  it does' '^ecdsa-sha2-nistp256 '
check 'pkcs11-tool' ask pkcs11-tool
check '  lists the objects' run_lines
shows '  it does' 'Private Key Object'
check 'nss' ask nss
check '  loads the module' run_lines
shows '  and sees the certificate' 'simtok:device'
# a profile as Firefox makes it; the browser itself is not here
profile=$HOME/.mozilla/firefox/x.default-esr
mkdir -p "$profile"
check "a profile of Firefox's" certutil -N -d "sql:$profile" --empty-password
ask firefox || true # the program may not be installed
check '  gets the module' run_lines s/PROFILE/x.default-esr/
check '  which is in its list' host modutil -dbdir "sql:$profile" -list iotsafe
check '  and shows it' host certutil -L -d "sql:$profile" -h simtok
shows '  the certificate' 'simtok:device'
check_exit 'p11-kit, where the module is not registered' 1 iotsafe doctor --client p11-kit
shows '  that is the failure' '^registered +FAIL +p11-kit does not know the module'
shows '  with a remedy' '^ +-> install the module'
echo "module: $module" >"$work/modules/iotsafe.module"
check '  where it is' ask p11-kit
check '  lists it' run_lines
shows '  it does' 'token: simtok'
check 'gnutls' ask gnutls
check_signs '  its lines do a handshake' run_lines \
	"s|cloud.example|--x509cafile $card/ca.pem -p $web_port localhost|"
shows '  and list the key' 'Type: Private key'
for client in $(iotsafe doctor --client '?' 2>&1 | sed 's/.*there are://'); do
	iotsafe doctor --client "$client" >"$work/check.out" 2>&1 || true # it may not be installed
	shows "$client has lines" "^lines for $client:"
	shows_not '  without a gap' '@[A-Z]+@'
done

# --- what is wrong ---
check_exit 'an unknown program' 2 iotsafe doctor --client netscape
shows '  those known are listed' 'there are: curl openssl nginx'
check_exit 'an empty PATH' 1 env PATH= "$build/iotsafe" doctor --client pkcs11-tool --slot nobody
check_exit 'a user who is not there' 1 iotsafe doctor --client nginx --user nobody-at-all
shows '  is told' '^rights +FAIL +there is no user nobody-at-all'
check_exit '--user alone' 2 iotsafe doctor --user root
check_exit 'nginx, run by a user who may not read the configuration' 1 iotsafe doctor --client nginx --user nobody
shows '  it says so' '^rights +FAIL +nobody: the configuration .*Permission denied'
shows '  with a remedy' '^ +-> let the user read it'
chmod 644 "$conf"
if [ "$1" = unix ]; then device=$control; else device=$(readlink -f "$work/modem"); fi
chmod 600 "$device"
check_exit 'by one who may not use the device' 1 iotsafe doctor --client nginx --user nobody
shows '  it says so' '^rights +FAIL +nobody: (the device|the module) .*Permission denied'
if [ "$1" = unix ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$module"; then
	chmod 666 "$device"
	check 'by one who may' iotsafe doctor --client nginx --user nobody
	shows '  it says so' '^rights +ok +nobody may use'
fi
chmod 666 "$device"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$work/iotsafe" "$@"; }
cp "$build/iotsafe" "$work/"
check_exit 'only root may ask about others' 1 as_nobody doctor --client curl --user daemon --module "$module"
shows '  it says so' '^rights +FAIL +only root may ask about daemon'
check 'no engine' mkdir "$work/engines"
check_exit '  is a failure' 1 env "OPENSSL_ENGINES=$work/engines" "OPENSSL_MODULES=$work/engines" "$build/iotsafe" doctor --client nginx
shows '  it says so' '^helper +FAIL'
shows '  with a remedy' 'apt-get install libengine-pkcs11-openssl'
touch "$work/engines/pkcs11.so"
check 'the provider in its place' env "OPENSSL_ENGINES=$work/none" "OPENSSL_MODULES=$work/engines" "$build/iotsafe" doctor --client curl
shows '  has lines of its own' '--key-type PROV'

# --- the certificate ---
make_certificate() { # KEY-FILE DAYS → $work/other.der
	openssl req -new -key "$1" -subj /CN=meter-0001 -out "$work/other.csr" 2>/dev/null
	openssl x509 -req -in "$work/other.csr" -CA "$card/ca.pem" -CAkey "$card/ca.key" -days "$2" \
		-set_serial 77 -outform DER -out "$work/other.der" 2>/dev/null
}
sim_stop
make_certificate "$card/objects/private-01.1.pem" -1
cp "$work/other.der" "$card/objects/file-02.3.bin"
sim_start "$1"
check_exit 'an expired certificate' 1 iotsafe doctor --client curl
shows '  is told' '^certificate +FAIL +device: CN=meter-0001, expired, it was valid until 20'
shows '  with a remedy' '^ +-> get a new one: iotsafe csr'
check '  iotsafe list tells it, too' iotsafe list --json
check '  in JSON' jq -e '[.slots[0].objects[] | select(.label == "device" and .class == "certificate")][0].expired' "$work/check.out"
sim_stop
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/other.key" 2>/dev/null
make_certificate "$work/other.key" 30
cp "$work/other.der" "$card/objects/file-02.3.bin"
sim_start "$1"
check_exit 'a certificate of another key' 1 iotsafe doctor --client curl
shows '  is told' '^certificate +FAIL +".*" \(CN=meter-0001, until .*\) belongs to another key'
sim_stop
sim_new empty
sim_start "$1"
check_exit 'no key' 1 iotsafe doctor --client curl
shows '  is told' '^key +FAIL +the token shows no key that can sign'
sim_stop
check_exit 'no SIM' 1 iotsafe doctor --client curl
shows '  is told' '^token +FAIL'
shows '  the lines are there all the same' 'object=KEY'
all_passed
