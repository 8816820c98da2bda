# SPDX-License-Identifier: Apache-2.0
# A systemctl for worlds without systemd: start, restart, stop and reload run what the package's own
# unit says (ExecStartPre, ExecStart, ExecReload, ExecStop), so that recipes can say what people type.
# What else a unit says (user, sandbox) is not done. "enable --now" is for a socket with Accept=yes: a service
# process, with user and drop-ins, for each that connects. Sourced by recipe.sh.

systemctl_install() { # into $root/usr, before or after it is mounted
	mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
	cat >/usr/local/sbin/systemctl <<'END'
#!/bin/bash
set -eu
exec </dev/null
action=$1
[ "$action" != daemon-reload ] || exit 0
if [ "$action" = enable ] && [ "$2" = --now ] && [ "${3%.socket}" != "$3" ]; then
	name=${3%.socket}
	in_socket() { sed -n "s/^$1=//p" "/lib/systemd/system/$name.socket"; }
	# the last word on it is a drop-in's
	in_service() {
		cat "/lib/systemd/system/$name@.service" "/etc/systemd/system/$name@.service.d/"*.conf 2>/dev/null |
			sed -n "s/^$1=//p" | tail -n 1
	}
	[ "$(in_socket Accept)" = yes ]
	address=$(in_socket ListenStream)
	setsid systemd-socket-activate --accept --inetd ${LD_PRELOAD+-E LD_PRELOAD -E ASAN_OPTIONS} -l "$address" \
		setpriv --reuid "$(in_service User)" --regid "$(in_service Group)" --init-groups --no-new-privs \
		--bounding-set=-all --inh-caps=-all $(in_service ExecStart) >"/run/systemctl-$name.log" 2>&1 &
	for _ in $(seq 200); do [ ! -S "$address" ] || break; sleep 0.05; done
	chgrp "$(in_socket SocketGroup)" "$address"
	chmod "$(in_socket SocketMode)" "$address"
	exit
fi
name=${2%.service}
instance=${name#*@}
file=/lib/systemd/system/$name.service
[ -e "$file" ] || file=/lib/systemd/system/${name%%@*}@.service
state=/run/systemctl-$name
value() { sed -n "s/^$1=//p" "$file" | sed "s/%i/$instance/g; s/%I/$instance/g; s|%t|/run|g"; }
pid() {
	local from
	from=$(value PIDFile)
	[ -n "$from" ] || from=/run/$name/$name.pid
	if [ -s "$from" ]; then cat "$from"; else cat "$state.pid" 2>/dev/null; fi
}
each() { # KEY: the unit's lines, one after the other
	local line
	value "$1" | while read -r line; do
		case $line in -*) MAINPID=$(pid) bash -c "${line#-}" || true ;; *) MAINPID=$(pid) bash -c "${line#@}" ;; esac
	done
}
start() {
	local line
	[ -z "$(value RuntimeDirectory)" ] || mkdir -p "/run/$(value RuntimeDirectory)"
	[ -z "$(value WorkingDirectory)" ] || cd "$(value WorkingDirectory)"
	while read -r line; do export "${line?}"; done < <(value Environment)
	each ExecStartPre
	if [ "$(value Type)" = forking ]; then
		each ExecStart >"$state.log" 2>&1 || { cat "$state.log" >&2; exit 1; }
	else
		(exec setsid bash -c "exec $(value ExecStart)" >"$state.log" 2>&1 & echo $! >"$state.pid")
	fi
}
stop() {
	local p
	p=$(pid) || return 0
	kill "$p" 2>/dev/null || return 0
	for _ in $(seq 100); do kill -0 "$p" 2>/dev/null || return 0; sleep 0.05; done
	kill -9 "$p"
}
case $action in
start) start ;;
stop) stop ;;
restart) stop; start ;;
reload) each ExecReload ;;
*) echo "systemctl: no $action here" >&2; exit 1 ;;
esac
END
	chmod 755 /usr/local/sbin/systemctl
	PATH=/usr/local/sbin:$PATH
}
