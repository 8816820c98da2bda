#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/ssh.md: logins at a real sshd, with an agent and without; sshd's own key. ssh_agent.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe ssh
check 'the packages' recipe_packages
# the agent changes its group to keep its memory from others, and the loader takes no sanitizer to such programs
[ ${#host_env[@]} = 0 ] || {
	install -m 755 /usr/bin/ssh-agent "$work/ssh-agent"
	mount --bind "$work/ssh-agent" /usr/bin/ssh-agent
}
mount -t tmpfs -o mode=700 tmpfs /root
export HOME=/root USER=root
mkdir -m 700 /root/.ssh
check 'the public key' recipe_run keys
public_key_of "$card/device.pem"
check '  is the one of the certificate' cmp <(ssh-keygen -e -m PKCS8 -f "$work/home/device.pub") "$work/pub.pem"

# --- the other side ---
cp "$work/home/device.pub" /root/.ssh/authorized_keys
ssh-keygen -q -t ed25519 -N '' -f "$work/hostkey"
mkdir -p -m 755 /run/sshd
sshd_start() { # OPTION…
	env -u LD_PRELOAD /usr/sbin/sshd -D -e -o LogLevel=VERBOSE -o UsePAM=no -o PasswordAuthentication=no -o ListenAddress=127.0.0.1 "$@" \
		>"$work/sshd.log" 2>&1 &
	sshd_pid=$!
	pids+=("$sshd_pid")
	wait_for listens 22 || { cat "$work/sshd.log"; die 'sshd does not listen'; }
}
sshd_start -o "HostKey=$work/hostkey"
echo "gateway.example $(cat "$work/hostkey.pub")" >/root/.ssh/known_hosts
fingerprint=$(ssh-keygen -lf "$work/home/device.pub" | awk '{ print $2 }')
verified() { [ "$(grep -c "Accepted publickey for root .* ECDSA $fingerprint" "$work/sshd.log")" = "$1" ]; }

check_signs 'a login' recipe_run login
recipe_shows '  as the recipe shows it' login
check '  sshd verified the key' verified 1
recipe_write /etc/ssh/ssh_config.d/iotsafe.conf
check_signs 'a login with the configuration' recipe_run login-configured
check '  sshd verified the key' verified 2
check_signs 'two logins at once' two_at_once recipe_run login-configured
check '  sshd verified the keys' verified 4
rm /etc/ssh/ssh_config.d/iotsafe.conf
check_signs 'by an agent' recipe_run agent
recipe_shows '  as the recipe shows it' agent
check '  sshd verified the key' verified 5
# the agent's helper is one process: two that ask it at once
{ recipe_text run=agent | sed 's/^ssh gateway.*/(& \&\& &) \& & \&\& wait $!/'; } >"$work/agent.sh"
check_signs 'three logins by one agent, two at once' host bash -eu "$work/agent.sh"
check '  sshd verified the keys' verified 8
{
	echo 'eval "$(ssh-agent)"'
	iotsafe doctor --json --client ssh | jq -er .lines | sed 's/host.example/gateway.example true/; s/^ssh-add/echo | &/'
	echo 'ssh-agent -k'
} >"$work/doctor.sh"
check_signs 'the lines of "iotsafe doctor"' host bash -eu "$work/doctor.sh"
shows '  with the agent' '^Enter passphrase .*Card added'

# --- sshd's key on the SIM ---
end_process "$sshd_pid"
check 'an agent for sshd' recipe_run host-agent
pids+=("$(sed -n 's/.*SSH_AGENT_PID=\([0-9]*\);.*/\1/p' "$work/check.out")")
recipe_write /etc/ssh/sshd_config.d/iotsafe.conf
sshd_start
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cat /root/.ssh/id_ed25519.pub >/root/.ssh/authorized_keys
echo "gateway.example $(cat /etc/ssh/device.pub)" >/root/.ssh/known_hosts
visit() { timeout 60 ssh -o StrictHostKeyChecking=yes gateway.example 'echo logged in as $USER'; }
check_signs "a login at a server whose key is the SIM's" visit
check_signs 'two at once' two_at_once visit

# --- what goes wrong ---
rm /root/.ssh/id_ed25519*
echo "$(cat "$work/hostkey.pub")" >/root/.ssh/authorized_keys
refused() { recipe_run login || return 1; }
goes_wrong 'a key that the server does not know' not-authorized refused
listing() { host "$@" ssh-keygen -D "$installed" || return 1; }
goes_wrong 'a user without rights' no-rights listing "${stranger[@]}"
cp "$work/home/device.pub" /root/.ssh/authorized_keys
sim_holds "$card/ca.pem"
check_signs 'a certificate of another key is no matter' recipe_run login
issue gateway.example "$work/pub.pem" "$work/expired.pem" -days -1
sim_holds "$work/expired.pem"
check_signs 'nor is one that has expired' recipe_run login

locked_start
sed -i '/^\[slot modem/,/^label = gateway/d' /etc/iotsafe/iotsafe.conf
openssl x509 -in "$work/locked/device.pem" -noout -pubkey >"$work/locked.pub"
ssh-keygen -i -m PKCS8 -f "$work/locked.pub" >/root/.ssh/authorized_keys
printf '#!/bin/sh\ncat %s/typed\n' "$work" >"$work/askpass"
chmod 755 "$work/askpass"
typed() { # PIN
	echo "$1" >"$work/typed"
	SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force recipe_run login || return 1
}
goes_wrong 'a wrong PIN' wrong-pin typed 0000
check 'the right one' typed 1234
recipe_shows '  as the recipe shows it' login
sim_stop
sim_new empty
modem_start
recipe_slot
goes_wrong 'no key' no-key listing
recipe_done
