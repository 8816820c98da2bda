#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who uses the agent, as iotsafe-pkcs11(7) says: nginx's workers, containers, hosts elsewhere by ssh.
# agent_ways.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/agent.sh"
own_world "$@"

agent_world
sim_new demo
sim_start "$1"
identity_uris
public_key_of "$card/device.pem"
agent_device "$(sed 's/^[a-z]*://' <<<"$slot_uri")"
mkdir -m 1777 "$work/user"
head -c 32 /dev/urandom >"$work/user/hash"
chmod 644 "$card"/*.pem
chmod 711 "$card"
agent_start
samples=$root/usr/share/doc/iotsafe/examples
cp "$samples/iotsafe-agent.module" /etc/pkcs11/modules/iotsafe.module
web_start "$card"

# --- nginx: the master reads the configuration as root, the workers are nobody in group iotsafe ---
front=$work/front
install -d -o nobody "$front" "$front/tmp"
port_free 44380 || die 'port 44380 is taken'
cat >"$front/nginx.conf" <<END
daemon off;
user nobody iotsafe;
worker_processes 2;
ssl_engine pkcs11;
pid $front/nginx.pid;
error_log $front/error.log info;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $front/tmp/body;
	proxy_temp_path $front/tmp/proxy;
	fastcgi_temp_path $front/tmp/fastcgi;
	uwsgi_temp_path $front/tmp/uwsgi;
	scgi_temp_path $front/tmp/scgi;
	server {
		listen 127.0.0.1:44380 reuseport;
		location / {
			# not every Debian has localhost in a file, and nginx asks nobody else
			proxy_pass ${web_url/localhost/127.0.0.1};
			proxy_ssl_name localhost;
			proxy_ssl_session_reuse off;
			proxy_ssl_verify on;
			proxy_ssl_trusted_certificate $card/ca.pem;
			proxy_ssl_certificate $card/device.pem;
			proxy_ssl_certificate_key "engine:pkcs11:pkcs11:token=simtok;object=device;type=private";
		}
	}
}
END
env -u IOTSAFE_CONF nginx -p "$front" -c "$front/nginx.conf" -e "$front/error.log" >"$front/out" 2>&1 &
nginx_pid=$!
pids+=("$nginx_pid")
up() { ! port_free 44380; }
wait_for up || { cat "$front/out" "$front/error.log"; die 'nginx does not start'; }
two_workers() { [ "$(pgrep -P "$nginx_pid" -u nobody -c)" = 2 ]; }
check 'nginx has two workers of user nobody' wait_for two_workers
proxied() { curl -sS --max-time 30 http://127.0.0.1:44380/; }
for i in 1 2 3 4 5 6; do
	check_signs "nginx's worker, request $i" proxied
	shows '  the server verified the certificate' '^verify=SUCCESS'
done
kill -HUP "$nginx_pid"
sleep 0.3
check_signs 'and after a reload' proxied
shows '  the server verified the certificate' '^verify=SUCCESS'
end_process "$nginx_pid"

# --- a container: a file system and network of its own, with the socket's folder and its group ---
box=$work/box
mkdir -p "$box"/{usr,etc,dev,proc,tmp,run/iotsafe}
for link in bin sbin lib lib64; do ln -s "usr/$link" "$box/$link"; done
cp -r /etc/ssl "$box/etc/"
touch "$box/dev/null" "$box/dev/urandom"
cp "$work/user/hash" "$box/tmp/hash"
chmod 755 "$box" "$box"/*/ "$box/run/iotsafe"
chmod 1777 "$box/tmp"
gid=$(getent group iotsafe | cut -d: -f3)
cat >"$work/box.sh" <<END
set -eu
mount --bind /usr "$box/usr"
mount --bind /dev/null "$box/dev/null"
mount --bind /dev/urandom "$box/dev/urandom"
mount --bind /run/iotsafe "$box/run/iotsafe"
exec env -i PATH=/usr/sbin:/usr/bin PKCS11_MODULE_PATH=$client \\
	P11_KIT_SERVER_ADDRESS=unix:path=/run/iotsafe/agent.sock \\
	chroot --userspec=54321:54321 --groups="$gid" "$box" \\
	openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$key_uri" -out /tmp/sig /tmp/hash
END
check_signs 'a container with the socket and the group' timeout -k 5 60 \
	unshare -m -n -p -f --kill-child bash "$work/box.sh"
check '  verified' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$box/tmp/sig" "$work/user/hash"
sed -i 's/ --groups="[0-9]*"/ --groups=""/' "$work/box.sh"
check_fails 'a container without the group' timeout -k 5 60 \
	unshare -m -n -p -f --kill-child bash "$work/box.sh"

# --- a host elsewhere: ssh, with a key that may do nothing else ---
mkdir -m 755 /run/sshd "$work/ssh"
echo "gateway:x:54322:$gid::/:/bin/sh" >>/etc/passwd
echo 'gateway:*:19000:0:99999:7:::' >>/etc/shadow
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/key"
chown nobody "$work/ssh/key"
echo "restrict,command=\"socat - UNIX-CONNECT:/run/iotsafe/agent.sock\" $(cat "$work/ssh/key.pub")" \
	>"$work/ssh/keys"
sed 's/^restrict,command="[^"]*"/restrict,port-forwarding/' "$work/ssh/keys" >"$work/ssh/keys2"
cat >"$work/ssh/config" <<END
Port 44390
ListenAddress 127.0.0.1
HostKey $work/ssh/host
AuthorizedKeysFile $work/ssh/keys
StrictModes no
UsePAM no
PidFile none
END
/usr/sbin/sshd -D -e -f "$work/ssh/config" >"$work/ssh/log" 2>&1 &
pids+=($!)
sshd_up() { ! port_free 44390; }
wait_for sshd_up || { cat "$work/ssh/log"; die 'sshd does not start'; }
echo "[127.0.0.1]:44390 $(cat "$work/ssh/host.pub")" >"$work/ssh/known"
ssh_words="ssh -T -F none -i $work/ssh/key -p 44390 -o UserKnownHostsFile=$work/ssh/known -o BatchMode=yes"
echo "remote: |$ssh_words gateway@127.0.0.1" >/etc/pkcs11/modules/iotsafe.module
remote_sign() { stranger openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$key_uri" \
	-out "$work/user/sig" "$work/user/hash"; }
check 'p11tool by ssh' stranger p11tool --list-all 'pkcs11:token=simtok'
shows '  shows the private key' 'Type: Private key'
check_signs 'openssl by ssh' remote_sign
check '  verified' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/user/sig" \
	"$work/user/hash"

# the agent's socket itself, forwarded: no process on the gateway but sshd's
echo "remote: unix:path=$work/user/far.sock" >/etc/pkcs11/modules/iotsafe.module
cp "$work/ssh/keys2" "$work/ssh/keys"
stranger $ssh_words -n -N -L "$work/user/far.sock:$agent_sock" gateway@127.0.0.1 >"$work/ssh/far" 2>&1 &
pids+=($!)
wait_for test -S "$work/user/far.sock" || { cat "$work/ssh/far"; die 'ssh forwards nothing'; }
rm -f "$work/user/sig"
check_signs 'openssl by a socket that ssh forwards' remote_sign
check '  verified' openssl dgst -sha256 -verify "$work/pub.pem" -signature "$work/user/sig" \
	"$work/user/hash"

# without an agent: a program with the rights, started by p11-kit
echo "remote: |env IOTSAFE_CONF=$conf${host_env[*]:+ ${host_env[*]:1}} p11-kit remote $installed" >/etc/pkcs11/modules/iotsafe.module
rm -f "$work/user/sig"
check_signs 'a module in a process of its own' env -u IOTSAFE_CONF timeout 60 \
	openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$key_uri" -out "$work/user/sig" "$work/user/hash"
all_passed
