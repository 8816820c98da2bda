#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/p11-kit.md: curl, OpenSSL, GnuTLS, OpenSSH and nginx's workers by p11-kit's proxy, by its remoting, and by
# the one through the other. p11kit_ways.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe p11-kit
cloud_start
check 'the packages' recipe_packages

# --- an sshd that knows the SIM's key, and what nginx's recipe makes ---
mount -t tmpfs -o mode=700 tmpfs /root
export HOME=/root USER=root
mkdir -m 700 /root/.ssh
openssl x509 -in "$card/device.pem" -noout -pubkey >"$work/device.pub"
ssh-keygen -i -m PKCS8 -f "$work/device.pub" >/root/.ssh/authorized_keys
ssh-keygen -q -t ed25519 -N '' -f "$work/hostkey"
echo "gateway.example $(cat "$work/hostkey.pub")" >/root/.ssh/known_hosts
mkdir -p -m 755 /run/sshd
env -u LD_PRELOAD /usr/sbin/sshd -D -e -o LogLevel=VERBOSE -o UsePAM=no -o PasswordAuthentication=no \
	-o ListenAddress=127.0.0.1 -o "HostKey=$work/hostkey" >"$work/sshd.log" 2>&1 &
pids+=($!)
wait_for listens 22 || { cat "$work/sshd.log"; die 'sshd does not listen'; }
rm -f /etc/nginx/sites-enabled/default
sed -i 's/^worker_processes .*/worker_processes 4;/' /etc/nginx/nginx.conf
# nginx hands down no variable that it is not told of: those of the sanitizer, then
mkdir -p /etc/nginx/modules-enabled
for name in LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS; do
	[ ${#host_env[@]} = 0 ] || echo "env $name;"
done >/etc/nginx/modules-enabled/61-sanitizer.conf
recipe_write /etc/nginx/modules-enabled/60-iotsafe.conf
recipe_write /etc/nginx/sites-enabled/gateway
issue gateway.example "$work/device.pub" /etc/iotsafe/gateway.pem

# Each of them two at a time; the other side has verified the SIM's certificate or key.
tls() { # WHAT BLOCK LINE-OF-A-VERIFIED-ONE
	check_signs "$1, two at once" two_at_once recipe_run "$2"
	check '  the server verified both' test "$(grep -Ec "$3" "$work/check.out")" = 2
}
logins() { grep -c 'Accepted publickey for root .* ECDSA' "$work/sshd.log" || true; }
login() { # WHAT BLOCK
	local before
	before=$(logins)
	check_signs "$1, two at once" two_at_once recipe_run "$2"
	check '  sshd verified both' test "$(logins)" = $((before + 2))
}
visits() { # in four loops at once, and nginx reloaded meanwhile
	local n loops=()
	for n in 1 2 3 4; do
		(for _ in 1 2 3; do recipe_run visit || echo "FAILED $?"; done) >"$work/visits.$n" 2>&1 &
		loops+=($!)
	done
	sleep 0.2
	systemctl reload nginx
	wait "${loops[@]}"
	cat "$work"/visits.?
	[ "$(grep -cx 'Hello from gateway.example' "$work"/visits.? | awk -F : '{ n += $2 } END { print n }')" = 12 ]
}
workers_load() { # START-OF-FILE: each of the four has it
	local pid n=0
	for pid in $(pgrep -P "$(cat /run/nginx.pid)" -u www-data); do
		grep -q "/$1" "/proc/$pid/maps" || return 1
		n=$((n + 1))
	done
	[ $n = 4 ]
}
by_proxy() { # WAY
	tls "curl by $1" proxy-curl '^verify=SUCCESS'
	tls "openssl by $1" proxy-openssl '^CONNECTION ESTABLISHED'
	tls "gnutls by ${1/the proxy/p11-kit}" gnutls '^verify=SUCCESS'
	login "ssh by $1" proxy-ssh
	check_signs "nginx by $1, 12 visitors and a reload" visits
	# whose file is the library's
	check '  its workers have the proxy' wait_for workers_load libp11-kit.so
}

# --- the proxy ---
check 'the module is registered' recipe_run registered
recipe_shows '  as the recipe shows it' registered
check 'pkcs11-tool and ssh-keygen by the proxy' recipe_run proxy
shows '  list the key' 'label: +device'
shows '  twice' '^ecdsa-sha2-nistp256 .* device'
check 'nginx starts' recipe_run nginx
wait_for listens 8443
by_proxy 'the proxy'
check '  and our module' workers_load iotsafe-pkcs11.so

# --- remoting ---
check 'a server' recipe_run server
server=$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' /run/sim/server)
pids+=("$server")
tls 'openssl by remoting' remote-openssl '^CONNECTION ESTABLISHED'
tls 'curl by remoting' remote-curl '^verify=SUCCESS'
tls 'gnutls by remoting' remote-gnutls '^verify=SUCCESS'
check 'ssh-keygen by remoting' recipe_run remote-ssh
shows '  lists the key' '^ecdsa-sha2-nistp256 .* device'
login 'ssh by remoting' remote-login

# --- the proxy, which asks the server ---
recipe_write /etc/pkcs11/modules/iotsafe.module
check 'p11-kit asks the server' recipe_run registered
shows '  and has the token' 'token: gateway'
check 'nginx too' recipe_run share
wait_for listens 8443
by_proxy 'the proxy and remoting'
check_fails '  and not our module' workers_load iotsafe-pkcs11.so

# --- what goes wrong ---
end_process "$(cat /run/nginx.pid)"
rm /etc/pkcs11/modules/iotsafe.module
wrong_certificates
chmod 644 /etc/iotsafe/*
chmod 755 "$work/home"
spoilt() { # BLOCK SED-SCRIPT
	local script
	script=$(mktemp "$work/spoilt.XXXXXX")
	recipe_text "run=$1" >"$script"
	replaced "$script" "$2"
	chmod 644 "$script"
	(cd "$work/home" && host bash -eu "$script")
}
as_nobody='setpriv --reuid nobody --regid nogroup --clear-groups'
in_file="s|--cert-type ENG --cert '[^']*'|--cert /etc/iotsafe/"
for way in proxy remote; do
	goes_wrong "by $way: no such key" no-key spoilt $way-curl "$uri_no_key"
	check_signs "by $way: a URI that fits two keys is the first one" spoilt $way-curl "$uri_two_keys"
	shows '  the server verified the certificate' '^verify=SUCCESS'
	goes_wrong "by $way: the certificate of another key" mismatch spoilt $way-curl "${in_file}other.pem|"
	check "by $way: a certificate that has expired" spoilt $way-curl "${in_file}expired.pem|"
	shows '  the server refuses it' '400 The SSL certificate error'
done
check_fails 'no such key, by its name' spoilt remote-gnutls "$uri_no_key"
recipe_shows "  is in the server's log" no-key-log /run/sim/log
sim_holds /etc/iotsafe/expired.pem
check 'one on the SIM' recipe_run proxy-curl
recipe_shows '  is in the log' expired
check '  by remoting' recipe_run remote-curl
recipe_shows "  in the server's" expired /run/sim/log
goes_wrong 'a user without rights on the device' no-rights spoilt proxy-curl "s/^curl/$as_nobody &/"
goes_wrong "a user without rights on the server's socket" no-rights-remote spoilt remote-curl "s/^curl/$as_nobody &/"

locked_start
goes_wrong 'by proxy: a wrong PIN' wrong-pin spoilt proxy-curl "$uri_wrong_pin"
check "a server of the other SIM" spoilt server 's|/run/sim/|&locked-|g; s/token=gateway/token=locked/'
pids+=("$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' /run/sim/locked-server)")
check_fails 'by remoting: a wrong PIN' spoilt remote-curl "s|/run/sim/|&locked-|; s/token=gateway/token=locked/g; s/type=private/&?pin-value=0000/"
recipe_shows "  is in the server's log" wrong-pin /run/sim/locked-log

rm /run/sim/pkcs11
goes_wrong 'no server' no-server recipe_run remote-openssl
recipe_done
