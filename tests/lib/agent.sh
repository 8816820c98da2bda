# SPDX-License-Identifier: Apache-2.0
# The agent of conf/iotsafe-agent.socket, for users without rights on the device. Sourced after
# common.sh and sim.sh; only inside own_world, as root. What is installed is used: units (their
# command, user and socket), sysusers, p11-kit's file; systemd-socket-activate stands for systemd.
# Sets: agent_sock, client (p11-kit-client.so), agent_pid.

agent_sock=/run/iotsafe/agent.sock
client=$(pkg-config --variable=p11_module_path p11-kit-1)/p11-kit-client.so

# The machine of this script's own: /run, /etc with the agent's user, the installed module.
agent_world() {
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die 'agent_world outside own_world'
	[ "$(id -u)" = 0 ] && grep -q '4294967295$' /proc/self/uid_map ||
		die 'the agent is tested as root, since it takes several users'
	root=$work/root
	check 'meson install' meson install -C "$build" --no-rebuild --destdir "$root"
	cp -a /etc "$work/etc"
	# those of this machine are not the test's
	sed -i '/^iotsafe:/d' "$work/etc/passwd" "$work/etc/group" "$work/etc/shadow" "$work/etc/gshadow"
	mkdir "$work/users"
	ln -s ../etc "$work/users/etc"
	check 'sysusers makes the user' systemd-sysusers --root="$work/users" \
		"$root/usr/lib/sysusers.d/iotsafe.conf"
	mkdir -p "$work/etc/pkcs11/modules"
	mount --bind "$work/etc" /etc
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p -m 755 /run/iotsafe
	place=$(pkg-config --variable=p11_module_path p11-kit-1)
	cp -a "$place/." "$root$place/"
	mount --bind "$root$place" "$place"
	installed=$place/iotsafe-pkcs11.so
	chmod 711 "$work"
}

agent_dropin= # a file in the place of /etc/systemd/system/iotsafe-agent@.service.d/
unit_value() { # KEY UNIT
	if [ "$2" = iotsafe-agent@.service ] && [ -n "$agent_dropin" ]; then
		sed -n "s/^$1=//p" "$agent_dropin" | grep . && return 0
	fi
	sed -n "s/^$1=//p" "$root/usr/lib/systemd/system/$2"
}

# Makes what the SIM stands behind the agent's only: of dialout, as a modem's port is.
agent_device() { # PATH
	chgrp dialout "$(readlink -f "$1")"
	chmod 660 "$(readlink -f "$1")"
	chmod 644 "$conf"
	install -d -m 1777 "$work/lock"
	install -d -o iotsafe -m 700 "$work/store"
}

agent_start() {
	local user preload=()
	user=$(unit_value User iotsafe-agent@.service)
	[ ${#host_env[@]} = 0 ] || preload=(env "${host_env[@]:1}" ASAN_OPTIONS=detect_leaks=0:abort_on_error=1)
	rm -f "$agent_sock"
	(umask "$(unit_value UMask iotsafe-agent@.service)" && exec systemd-socket-activate --accept --inetd -E "IOTSAFE_CONF=$conf" -E "IOTSAFE_LOG=${IOTSAFE_LOG:-error}" -l "$agent_sock" \
		setpriv --reuid "$user" --regid "$(unit_value Group iotsafe-agent@.service)" --init-groups \
		--no-new-privs --bounding-set=-all --inh-caps=-all ${preload[@]+"${preload[@]}"} \
		$(unit_value ExecStart iotsafe-agent@.service)) >"$work/agent.out" 2>&1 &
	agent_pid=$!
	pids+=("$agent_pid")
	wait_for test -S "$agent_sock" || die 'the agent does not listen'
	chgrp "$(unit_value SocketGroup iotsafe-agent.socket)" "$agent_sock"
	chmod "$(unit_value SocketMode iotsafe-agent.socket)" "$agent_sock"
}

# As a user that is nobody, with the agent's group or without. 60 seconds at most.
member() {
	env -u IOTSAFE_CONF HOME=/ timeout -k 5 60 setpriv --reuid nobody --regid nogroup --groups iotsafe \
		--no-new-privs --inh-caps=-all "$@"
}
stranger() {
	env -u IOTSAFE_CONF HOME=/ timeout -k 5 60 setpriv --reuid nobody --regid nogroup --clear-groups \
		--no-new-privs --inh-caps=-all "$@"
}

# How many programs are being served.
agent_served() { pgrep -x -c p11-kit-remote || true; }
no_one_served() { [ "$(agent_served)" = 0 ]; }
