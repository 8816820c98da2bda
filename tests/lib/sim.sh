# SPDX-License-Identifier: Apache-2.0
# The software SIM and the configuration that leads to it. Sourced after common.sh.
# Sets: card (its folder), apdu_log, control (its unix front), slot_uri, conf (IOTSAFE_CONF).

sim_new() { # PROFILE [OPTION…]
	card=$work/card-$1
	"$build/iotsafe-sim" new "$card" --profile "$@" >"$work/sim-new.out" 2>&1 || {
		cat "$work/sim-new.out" >&2
		die "iotsafe-sim new failed"
	}
}

# Starts $card behind a front and points the module at it. TRANSPORT: at, pcsc, unix, mbim or qmi (the
# unix front is always there too, for control). mbim-proxy and qmi-proxy are the same through the
# distribution's real proxy.
sim_start() { # TRANSPORT [OPTION…]
	local transport=$1 fronts
	shift
	control=$work/sim.sock
	apdu_log=$work/apdu.log
	fronts=(--unix "$control")
	case $transport in
	at)
		fronts+=(--at "$work/modem${at_habits:+?$at_habits}")
		slot_uri=at:$work/modem
		;;
	pcsc)
		pcscd_start
		fronts+=(--vpcd 127.0.0.1:35963)
		slot_uri="pcsc:?reader=Virtual PCD 00 00"
		;;
	unix) slot_uri=unix:$control ;;
	mbim)
		fronts+=(--mbim "$work/modem")
		slot_uri="mbim:$work/modem?direct=1"
		;;
	mbim-proxy)
		. "$top/tests/lib/mbim.sh"
		mbim_proxy_start
		fronts+=(--mbim "$work/modem")
		slot_uri=mbim:$work/modem
		;;
	qmi)
		fronts+=(--qmux "$work/modem")
		slot_uri="qmi:$work/modem?direct=1"
		;;
	qmi-proxy)
		. "$top/tests/lib/qmi.sh"
		modem=$work/modem
		qmi_proxy_start
		fronts+=(--qmux "$modem?tty=yes")
		slot_uri=qmi:$modem
		;;
	*) die "unknown transport $transport: at, pcsc, unix, mbim, mbim-proxy, qmi or qmi-proxy" ;;
	esac
	: >"$apdu_log"
	: >"$work/sim.out" # an earlier one's "ready"
	"$build/iotsafe-sim" run "$card" "${fronts[@]}" --apdu-log "$apdu_log" "$@" \
		>"$work/sim.out" 2>"$work/sim.err" &
	sim_pid=$!
	pids+=("$sim_pid")
	wait_for grep -qx ready "$work/sim.out" || {
		cat "$work/sim.err" >&2
		die "iotsafe-sim is not ready"
	}
	conf_write "$slot_uri"
}

sim_stop() { end_process "$sim_pid"; }

conf_write() { # URI [LINE…]: one slot with the token label "simtok"
	conf=$work/iotsafe.conf
	{
		printf '[module]\nlock-dir = %s\nstore-dir = %s\n\n' "$work/lock" "$work/store"
		printf '[slot sim]\nuri = %s\nlabel = simtok\n' "$1"
		shift
		for line; do printf '%s\n' "$line"; done
	} >"$conf"
	chmod 600 "$conf"
	export IOTSAFE_CONF=$conf
}

# One control command to the simulator: u16 length, FF, text. Prints the answer's text.
sim_control() { # TEXT
	local n=$((${#1} + 1))
	printf "\\x$(printf %02x $((n >> 8)))\\x$(printf %02x $((n & 255)))\\xff%s" "$1" |
		timeout 10 socat -t 5 - "UNIX-CONNECT:$control" | tail -c +3
}

# --- the APDU log: seconds, front, command, response ---
apdu_count() { grep -Ec '^[0-9.]+ [a-z]+ [0-9A-Fa-f]{8}' "$apdu_log" || true; }
# How many commands of one instruction byte (INS, two hex digits) since line N of the log.
apdu_ins_count() { # INS [FIRST-LINE]
	tail -n +"${2:-1}" "$apdu_log" | grep -Eic "^[0-9.]+ [a-z]+ [0-9A-F]{2}$1" || true
}
apdu_lines() { wc -l <"$apdu_log"; }

# Runs a check and demands that the SIM signed meanwhile (INS 2B).
check_signs() { # TEXT COMMAND…
	local from signed
	from=$(($(apdu_lines) + 1))
	check "$@"
	signed=$(apdu_ins_count 2B "$from")
	[ "$signed" -gt 0 ] || {
		say "FAIL $1: the SIM computed no signature"
		exit 1
	}
	ok "  … and the SIM signed (COMPUTE SIGNATURE UPDATE x $signed)"
}

# --- what the card's certificate says ---
public_key_of() { # CERTIFICATE → $work/pub.pem
	openssl x509 -in "$1" -noout -pubkey >"$work/pub.pem"
}
# CKA_ID of an EC pair: SHA-1 of the uncompressed point.
ec_id_of() { # CERTIFICATE
	local n
	n=$(openssl x509 -in "$1" -noout -text | awk '/Public-Key: \(/ { gsub(/[^0-9]/, ""); print; exit }')
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
		tail -c $((2 * n / 8 + 1)) | sha1sum | cut -c1-40
}
percent_id() { sed 's/../%&/g' <<<"$1"; }
# The URIs of the card's main identity.
identity_uris() {
	key_id=$(ec_id_of "$card/device.pem")
	key_uri="pkcs11:token=simtok;id=$(percent_id "$key_id");type=private"
	cert_uri="pkcs11:token=simtok;id=$(percent_id "$key_id");type=cert"
}
