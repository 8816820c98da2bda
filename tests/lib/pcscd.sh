# SPDX-License-Identifier: Apache-2.0
# A real pcscd with vsmartcard's virtual reader. Sourced after common.sh; only inside own_world, where
# /run/pcscd and port 35963 are ours.

pcscd_pid=
pcscd_start() { # one serves the next card too
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die "pcscd_start outside own_world"
	[ -z "$pcscd_pid" ] || ! kill -0 "$pcscd_pid" 2>/dev/null || return 0
	mkdir -p /run/pcscd
	mount -t tmpfs -o mode=755 tmpfs /run/pcscd
	pcscd -f >"$work/pcscd.log" 2>&1 &
	pcscd_pid=$!
	pids+=("$pcscd_pid")
	wait_for test -S /run/pcscd/pcscd.comm || {
		cat "$work/pcscd.log" >&2
		die "pcscd does not start"
	}
	wait_for vpcd_listens || die "the virtual reader does not listen on port 35963"
}

vpcd_listens() { grep -qi ':8C7B ' /proc/net/tcp /proc/net/tcp6; }

pcscd_stop() { end_process "$pcscd_pid"; }
