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
usermod -aG dialout www-data
check 'what a program needs and does' recipe_run programs
shows '  nginx can use the key' '^All is well|nothing is missing'
shows '  the ladder' '--> READ PUBLIC KEY'
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

# host, with sshd
mount -t tmpfs -o mode=700 tmpfs /root
export HOME=/root USER=root
mkdir -m 700 /root/.ssh
mkdir -p -m 755 /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/hostkey"
echo '127.0.0.1 host' >>/etc/hosts
echo "host $(cat "$work/hostkey.pub")" >/root/.ssh/known_hosts
host ssh-keygen -D "$installed" >/root/.ssh/authorized_keys
env -u LD_PRELOAD /usr/sbin/sshd -D -e -o LogLevel=VERBOSE -o UsePAM=no -o PasswordAuthentication=no \
	-o ListenAddress=127.0.0.1 -o "HostKey=$work/hostkey" >"$work/sshd.log" 2>&1 &
pids+=($!)
wait_for listens 22 || { cat "$work/sshd.log"; die 'sshd does not listen'; }
echo 'echo logged in' >/root/.bash_profile
check_signs 'OpenSSH' recipe_run ssh </dev/null
shows '  logged in' '^logged in'
check '  sshd verified the key' grep -q 'Accepted publickey for root .* ECDSA' "$work/sshd.log"

# broker.example, with the key that it shares with the SIM
openssl s_server -accept 127.0.0.1:8883 -nocert -quiet -psk_identity meter-0001 \
	-psk "$(iotsafe psk psk --server broker.example --hex)" -cipher PSK >"$work/broker.out" 2>&1 &
pids+=($!)
wait_for listens 8883 || { cat "$work/broker.out"; die 'the broker does not listen'; }
check 'TLS with a key that the SIM derives' recipe_run psk </dev/null
shows '  is one' 'Reused, TLSv1.3|Cipher is .*PSK'

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

# alice, who has no rights on the device, and the agent
useradd --no-create-home --shell /bin/sh alice
install -d -o alice -m 700 /run/alice
alice() { host setpriv --reuid alice --regid alice --init-groups --no-new-privs "$@" </dev/null; }
chmod 711 "$work/home"
check_fails 'alice may not use the device' alice openssl dgst -sha256 -engine pkcs11 -keyform engine \
	-sign 'pkcs11:token=gateway;object=device;type=private' -out /run/alice/none.sig file
check 'the agent' recipe_run agent
check_signs '  alice may use it' alice openssl dgst -sha256 -engine pkcs11 -keyform engine \
	-sign 'pkcs11:token=gateway;object=device;type=private' -out /run/alice/file.sig file
check '  verified' openssl dgst -sha256 -verify device.pub -signature /run/alice/file.sig file
recipe_done
