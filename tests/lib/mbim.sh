# SPDX-License-Identifier: Apache-2.0
# The distribution's mbim-proxy. Sourced after common.sh; only inside own_world, since @mbim-proxy is
# the network namespace's.

: "${mbim_proxy_pid:=}" # sourced again, it stays
mbim_proxy_start() { # one serves the next modem too
	local proxy=/usr/libexec/mbim-proxy
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die "mbim_proxy_start outside own_world"
	[ -z "$mbim_proxy_pid" ] || ! kill -0 "$mbim_proxy_pid" 2>/dev/null || return 0
	[ -x $proxy ] || proxy=/usr/lib/libmbim/mbim-proxy
	[ -x "$proxy" ] || die "no mbim-proxy (tests/setup.sh installs it)"
	"$proxy" --no-exit >"$work/mbim-proxy.out" 2>&1 &
	mbim_proxy_pid=$!
	pids+=("$mbim_proxy_pid")
	wait_for grep -q ' 00010000 .*@mbim-proxy$' /proc/net/unix || {
		cat "$work/mbim-proxy.out" >&2
		die "mbim-proxy does not start"
	}
}
