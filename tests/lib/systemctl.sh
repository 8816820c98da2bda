# SPDX-License-Identifier: Apache-2.0
# A systemctl for worlds without systemd: start, restart, stop and reload run what the package's own
# unit says (ExecStartPre, ExecStart, ExecReload, ExecStop), so that recipes can say what people type.
# What else a unit says (user, sandbox) is not done. Sourced by recipe.sh.

systemctl_install() { # into $root/usr, before or after it is mounted
	mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
	cat >/usr/local/sbin/systemctl <<'END'
#!/bin/bash
set -eu
exec </dev/null
action=$1 name=${2%.service}
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
