#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is found without a configuration, over a /sys, a /run/udev and a /dev of our own; what is not
# used and why; who has a port open. cli_found.sh at
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
own_world "$@"
. "$top/tests/lib/cli.sh"

sim_new demo
sim_start "$1"
printf '[module]\nlock-dir = %s\nstore-dir = %s\ntimeout = 2\n' "$work/lock" "$work/store" >"$conf"

# --- the system as udev and the kernel would show it ---
class=$work/class udev=$work/udev
mkdir -p "$class/tty" "$udev/data" "$work/links/serial/by-id" "$work/links/serial/by-path"
mount -t tmpfs none /run
mkdir -p /run/udev/data
mount --bind "$udev/data" /run/udev/data
mount --bind "$class" /sys/class

number_of() { # DEVICE → MAJOR:MINOR
	stat -L -c '%Hr:%Lr' "$1"
}
tty_is() { # NAME NUMBER LINE…: one of the kernel's ttys, and udev's words on it
	mkdir -p "$class/tty/$1"
	echo "$2" >"$class/tty/$1/dev"
	printf '%s\n' "${@:3}" >"$udev/data/c$2"
}
list() { # → $work/json
	iotsafe list --json >"$work/json" || true
	cat "$work/json"
}
json() { jq -e "$1" "$work/json"; }
uris() { jq -c '[.cards[].uri]' "$work/json"; }
finds() { # TEXT URI…
	local text=$1 expected
	shift
	expected=$(printf '%s\n' "$@" | jq -Rnc '[inputs | select(. != "")]')
	check "$text" list
	check '  and nothing else' test "$(uris)" = "$expected"
}
skips() { # TEXT DEVICE REASON REMEDY
	check "$1" json ".skipped[] | select(.device == \"$2\" and (.reason | test(\"$3\")) and
		((.remedy // \"\") | test(\"$4\")))"
}

finds 'nothing there' ''
check '  nor anything to tell of' json '.skipped == []'
port=$(readlink -f "$work/modem") modem=$(number_of "$work/modem")

# --- AT ports ---
tty_is ttyUSB2 "$modem" 'I:12345' "S:..$work/modem" 'E:ID_MM_CANDIDATE=1' 'E:ID_IOTSAFE_PORT=1'
tty_is ttyUSB3 1:3 'E:ID_MM_CANDIDATE=1'
tty_is ttyUSB4 1:5 'E:ID_MM_CANDIDATE=1' 'E:ID_MM_PORT_IGNORE=1' 'E:ID_IOTSAFE_PORT=10'
tty_is ttyS0 4:64 'E:ID_MM_CANDIDATE=1'
finds 'a tagged port, by its link' "at:/dev/..$work/modem"
check '  with the SIM behind it' json '.cards[0].status == "OK" and (.slots[0].objects | length) > 0'
skips '  a port without the tag' /dev/ttyUSB3 'without the tag' '70-iotsafe.rules'
skips "  which may be ModemManager's" /dev/ttyUSB3 ModemManager rules
skips '  a tag is the whole line' /dev/ttyUSB4 'without the tag' rules
check "  a PC's own port is nobody's" json '[.skipped[].device] | index("/dev/ttyS0") == null'
check 'and so the doctor' iotsafe doctor
shows '  that port' 'signature +ok'
shows '  the others, with a reason' '^not used +note +/dev/ttyUSB3: .*ModemManager'
shows '  and a remedy' '^ +-> tag an AT port'

# by-id before a rule's own name before by-path; a link to another device is none
ln -s /dev/null "$work/links/serial/by-id/other"
ln -s "$port" "$work/links/serial/by-id/usb-modem-if02"
ln -s "$port" "$work/links/serial/by-path/usb-1.2"
ln -s "$port" "$work/links/iotsafe-at"
touch "$work/links/null" "$work/links/ptmx"
mkdir "$work/links/pts" "$work/links/shm"
named() { # LINK…: which name would it have? Leaves no trace in the world outside.
	printf 'S:%s\n' "$@" | tee "$udev/data/c$modem" >/dev/null
	echo 'E:ID_IOTSAFE_PORT=1' >>"$udev/data/c$modem"
	unshare -m bash -c '
		mount --bind /dev/null "$1/null"
		mount --rbind /dev/pts "$1/pts"
		mount --rbind "$1" /dev
		timeout 20 "$2/iotsafe" list --json 2>/dev/null' - "$work/links" "$build" >"$work/json" || true
	jq -r '.cards[0].uri' "$work/json"
}
check 'by-id is the name of choice' test \
	"$(named serial/by-path/usb-1.2 iotsafe-at serial/by-id/usb-modem-if02)" = at:/dev/serial/by-id/usb-modem-if02
check "  else a rule's" test "$(named serial/by-path/usb-1.2 iotsafe-at)" = at:/dev/iotsafe-at
check '  else by-path' test "$(named serial/by-path/usb-1.2)" = at:/dev/serial/by-path/usb-1.2
check '  never what leads elsewhere' test "$(named serial/by-id/other serial/by-path/usb-1.2)" = \
	at:/dev/serial/by-path/usb-1.2
check "  else the kernel's" test "$(named serial/by-id/other serial/by-id/gone)" = at:/dev/ttyUSB2

# --- who has the port open ---
cp /bin/sleep "$work/ModemManager"
tty_is ttyUSB2 "$modem" "S:..$work/modem" 'E:ID_IOTSAFE_PORT=1'
"$work/ModemManager" 60 <"$port" &
pids+=($!)
sleep 0.2
iotsafe doctor >"$work/check.out" 2>&1 || true
shows 'ModemManager is seen at the port' "^ +port +note +ModemManager .process $!. has the port open"
shows '  with what to do about it' '> udev: .*ID_MM_PORT_IGNORE.*inhibit-device.*qmi: or mbim:'
end_process $!
check 'and when it is gone' iotsafe doctor
shows_not '  nobody is' 'has the port open'
rm -r "$class/tty/ttyUSB2" "$class/tty/ttyUSB3" "$class/tty/ttyUSB4"

# --- modems ---
wdm_is() { # N DRIVER
	mkdir -p "$class/devices/usb$1/wdm" "$class/drivers/$2" "$class/usbmisc"
	ln -sfn "../../drivers/$2" "$class/devices/usb$1/driver"
	mkdir -p "$class/devices/usb$1/usbmisc/cdc-wdm$1"
	ln -sfn ../.. "$class/devices/usb$1/usbmisc/cdc-wdm$1/device"
	ln -sfn "../devices/usb$1/usbmisc/cdc-wdm$1" "$class/usbmisc/cdc-wdm$1"
}
wwan_is() { # BELOW NAME TYPE
	mkdir -p "$class/devices/$1/wwan/wwan0/$2" "$class/wwan"
	echo "$3" >"$class/devices/$1/wwan/wwan0/$2/type"
	ln -sfn "../devices/$1/wwan/wwan0/$2" "$class/wwan/$2"
}
proxy_on() { # NAME
	socat -u "ABSTRACT-LISTEN:$1,fork" /dev/null &
	proxy=$!
	pids+=($proxy)
	wait_for grep -q " 00010000 .*@$1\$" /proc/net/unix
}
for n in 10 2; do wdm_is $n qmi_wwan; done
wdm_is 3 cdc_mbim
wdm_is 4 huawei_cdc_ncm
wwan_is usb3 wwan1mbim0 MBIM
wwan_is pci wwan0mbim0 MBIM
wwan_is pci wwan0qmi0 QMI
wwan_is pci wwan0at0 AT
finds 'no proxy runs: no modem' ''
skips '  no qmi-proxy for a QMI modem' /dev/cdc-wdm2 'no qmi-proxy runs' 'direct=1'
skips '  no mbim-proxy for an MBIM modem' /dev/cdc-wdm3 'no mbim-proxy runs' '/usr/libexec/mbim-proxy'
skips "  a driver that is neither" /dev/cdc-wdm4 huawei_cdc_ncm ''
check '  one modem is told once' json '[.skipped[].device] | (index("/dev/wwan1mbim0") == null) and
	(index("/dev/wwan0mbim0") != null)'
proxy_on qmi-proxy
finds 'qmi-proxy listens: its modems, as people count' \
	qmi:/dev/cdc-wdm2 qmi:/dev/cdc-wdm10 qmi:/dev/wwan0qmi0
check '  with ids in that order' json '[.slots[].slot] == [0, 1, 2]'
proxy_on mbim-proxy
finds 'and mbim-proxy' qmi:/dev/cdc-wdm2 mbim:/dev/cdc-wdm3 qmi:/dev/cdc-wdm10 mbim:/dev/wwan0mbim0 \
	qmi:/dev/wwan0qmi0
end_process "$proxy"
finds 'no longer' qmi:/dev/cdc-wdm2 qmi:/dev/cdc-wdm10 qmi:/dev/wwan0qmi0

# --- none of it ---
umount /sys/class
mount -t tmpfs none /sys
finds 'no /sys at all' ''
all_passed
