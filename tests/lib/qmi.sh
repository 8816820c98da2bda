# SPDX-License-Identifier: Apache-2.0
# The software SIM as a QMI modem, the real qmi-proxy and qmicli on it, and raw QMUX messages. Sourced
# after common.sh and sim.sh; only inside own_world, since @qmi-proxy is the network namespace's.

# Starts $card behind a QMUX pty at $work/modem, and the unix front for control.
qmi_sim_start() { # FRONT-OPTIONS ("" or "&cids=2…") [OPTION…]
	local options=$1
	shift
	control=$work/sim.sock
	apdu_log=$work/apdu.log
	modem=$work/modem
	: >"$apdu_log"
	: >"$work/sim.out"
	"$build/iotsafe-sim" run "$card" --unix "$control" --qmux "$modem?tty=yes$options" \
		--apdu-log "$apdu_log" "$@" >"$work/sim.out" 2>"$work/sim.err" &
	sim_pid=$!
	pids+=("$sim_pid")
	wait_for grep -qx ready "$work/sim.out" || {
		cat "$work/sim.err" >&2
		die "iotsafe-sim is not ready"
	}
}

: "${qmi_proxy_pid:=}" # sourced again, it stays
qmi_proxy_start() { # one serves the next modem too
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die "qmi_proxy_start outside own_world"
	[ -z "$qmi_proxy_pid" ] || ! kill -0 "$qmi_proxy_pid" 2>/dev/null || return 0
	: >"$work/qmi-proxy.out" # an earlier one's "ready"
	"$top/tests/lib/qmi_proxy.sh" "$modem" >"$work/qmi-proxy.out" 2>&1 &
	qmi_proxy_pid=$!
	pids+=("$qmi_proxy_pid")
	wait_for grep -qx ready "$work/qmi-proxy.out" || {
		cat "$work/qmi-proxy.out" >&2
		die "qmi-proxy does not start"
	}
}

qmicli_proxied() { # OPTION…: it warns that it does not know the kind of port, since that is a pty
	timeout -k 5 20 qmicli -d "$modem" --device-open-proxy --device-open-qmi "$@"
}

# --- raw messages through the proxy: one connection at a time, on descriptors of a coprocess ---
qmi_connect() {
	coproc qmi_link { exec timeout 60 socat - ABSTRACT-CONNECT:qmi-proxy; }
	qmi_link_pid=$!
	pids+=("$qmi_link_pid")
	# subshells cannot use a coprocess's own
	exec {qmi_in}<&"${qmi_link[0]}" {qmi_out}>&"${qmi_link[1]}"
	qmi_tid=0
	qmi_ask 00 00 FF00 "01 $(qmi_le16 ${#modem}) $(printf %s "$modem" | od -An -v -tx1)"
}

qmi_disconnect() { # [SIGNAL]
	kill "-${1:-TERM}" "$qmi_link_pid"
	wait "$qmi_link_pid" 2>/dev/null || true
	exec {qmi_in}<&- {qmi_out}>&-
}

qmi_le16() { printf '%02X%02X' $(($1 & 255)) $(($1 >> 8)); }

qmi_hex() { printf "$(tr -d ' \n' | sed 's/../\\x&/g')"; }

# N bytes of the connection as hexadecimal, upper case, no blanks.
qmi_read() { timeout 10 dd bs=1 count="$1" status=none <&"$qmi_in" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; }

# Sends one request and waits for a frame: qmi_result (0 or the error), qmi_reply (its TLVs).
qmi_ask() { # SERVICE CLIENT MESSAGE (four digits) TLVS, all in hexadecimal
	local service=$1 client=$2 message tlvs head frame n
	message=${3:2:2}${3:0:2}
	tlvs=$(tr -d ' \n' <<<"$4")
	n=$((${#tlvs} / 2))
	qmi_tid=$((qmi_tid + 1))
	head=00$(qmi_le16 $qmi_tid)
	[ "$service" != 00 ] || head=${head:0:4}
	head+=$message$(qmi_le16 $n)
	qmi_hex <<<"01$(qmi_le16 $((5 + ${#head} / 2 + n)))00$service$client$head$tlvs" >&"$qmi_out"
	frame=$(qmi_read 3)
	n=$((16#${frame:4:2}${frame:2:2}))
	frame=$(qmi_read $((n - 2)))
	[ "$service" = 00 ] && qmi_reply=${frame:18} || qmi_reply=${frame:20}
	[ "${qmi_reply:0:6}" = 020400 ] || die "no result TLV in $frame"
	qmi_result=$((16#${qmi_reply:12:2}${qmi_reply:10:2}))
	qmi_reply=${qmi_reply:14}
}
