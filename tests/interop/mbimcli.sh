#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The MBIM front under libmbim's own programs: mbimcli on the device, and through mbim-proxy.
# mbimcli.sh direct|proxy
. "$(dirname "$0")/../lib/common.sh"
own_world "$@"

proxy=()
[ "$1" = direct ] || proxy=(-p)
iccid=8988307000012345675
"$build/iotsafe-sim" new "$work/card" --profile demo --iccid $iccid >/dev/null
start_sim() { # [OPTION…]
	: >"$work/sim.out"
	"$build/iotsafe-sim" run "$work/card" --unix "$work/sim.sock" --mbim "$work/wdm$wdm_options" \
		--apdu-log "$work/apdu.log" "$@" >"$work/sim.out" 2>"$work/sim.err" &
	sim_pid=$!
	pids+=("$sim_pid")
	wait_for grep -qx ready "$work/sim.out" || die "iotsafe-sim is not ready: $(cat "$work/sim.err")"
}
sim_control() { # TEXT
	printf "\\x00\\x$(printf %02x $((${#1} + 1)))\\xff%s" "$1" |
		timeout 10 socat -t 5 - "UNIX-CONNECT:$work/sim.sock" | tail -c +4
}
mbim() { timeout -k 5 30 mbimcli ${proxy[@]+"${proxy[@]}"} -d "$work/wdm" "$@"; }
sees() { # TEXT APDU: the card has got this command
	shows "$1" " mbim $2 " "$work/apdu.log"
}
channel() { awk '/channel:/ { print $2 }' "$work/check.out"; }

wdm_options=
start_sim
if [ "$1" = proxy ]; then
	/usr/libexec/mbim-proxy --no-exit >"$work/proxy.out" 2>&1 &
	pids+=("$!")
	wait_for grep -q ' 00010000 .*@mbim-proxy$' /proc/net/unix || die 'mbim-proxy does not listen'
fi

check 'device capabilities' mbim --query-device-caps
shows '  a removable SIM' "SIM class: 'removable'"
shows '  the device id' "Device ID: '490154203237518'"
check 'subscriber ready status' mbim --query-subscriber-ready-status
shows '  initialized' "Ready state: 'initialized'"
shows '  the ICCID' "SIM ICCID: '$iccid'"
check 'device services' mbim --query-device-services
shows '  the low level UICC access' 'c2f6588e-f037-4bc9-8665-f4d44bd09367'
shows '  with its commands' 'open-channel \(2\)'
check 'radio state' mbim --query-radio-state
shows '  is on' "Software radio state: 'on'"
check 'PIN state' mbim --query-pin-state
shows '  unlocked' "PIN state: 'unlocked'"
check 'versions' mbim --ms-query-version=1.0,3.0
shows '  MBIM extensions 1.0' 'MBIM extended version : 1.00'
check_fails 'a service that is not there' mbim --query-home-provider
shows '  is not supported' NoDeviceSupport

check 'answer to reset' mbim --ms-query-uicc-atr
shows '  of the card' 'response: 3B:'
open() { # AID [P2]
	mbim --ms-set-uicc-open-channel="application-id=$1,selectp2arg=${2:-0},channel-group=7"
}
apdu() { # CHANNEL HEX [TYPE]
	mbim --ms-set-uicc-apdu="channel=$1,secure-message=none,classbyte-type=${3:-extended},command=$2"
}
check 'open a channel' open A0000005590010
shows '  9000' 'status: 144'
n=$(channel)
[ "$n" -gt 0 ] || die 'no channel number'
sees '  MANAGE CHANNEL and SELECT' 01A4040007A0000005590010
check 'GET RANDOM' apdu "$n" 8084000020
shows '  9000' 'status: 144'
shows '  32 bytes' 'response: ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
sees '  with the channel in the class byte' 8184000020
check 'GET DATA of the application' apdu "$n" 80CB000000
shows '  an answer of some length' 'response: ([0-9A-F]{2}:){16}'
check 'an interindustry command' apdu "$n" 00A4000C023F00 inter-industry
sees '  with its own class byte' 01A4000C023F00
check_fails 'a channel that nobody opened' apdu 19 8084000020
shows '  is invalid' '0x87430003|InvalidLogicalChannel'
check 'close it' mbim --ms-set-uicc-close-channel="channel=$n,channel-group=0"
sees '  MANAGE CHANNEL' 00708001
check_fails 'closed is closed' apdu "$n" 8084000020
check_fails 'an application that is not there' open A0000005599999
shows '  SELECT fails' '0x87430002|SelectFailed'
for _ in 1 2 3; do check 'a channel' open A0000005590010; done
check_fails 'one more than there are' open A0000005590010
shows '  no logical channels' '0x87430001|NoLogicalChannels'
check 'close the group' mbim --ms-set-uicc-close-channel=channel=0,channel-group=7
check 'and there are channels' open A0000005590010
n=$(channel)

check 'the SIM is taken out' sim_control remove
sleep 0.1
check 'ready status' mbim --query-subscriber-ready-status
shows '  no SIM' "Ready state: 'sim-not-inserted'"
check_fails 'the channel' apdu "$n" 8084000020
shows '  no SIM' SimNotInserted
check 'back in its place' sim_control insert
sleep 0.1
check 'ready status' mbim --query-subscriber-ready-status
shows '  initialized' "Ready state: 'initialized'"
check_fails 'the old channel is gone' apdu "$n" 8084000020
check 'a new one' open A0000005590010
n=$(channel)

other=8988307000087654321
"$build/iotsafe-sim" new "$work/other" --profile demo --iccid $other >/dev/null
check 'another SIM in its place' sim_control "swap $work/other"
sleep 0.1
check 'ready status' mbim --query-subscriber-ready-status
shows '  its ICCID' "SIM ICCID: '$other'"
check_fails 'the channel of the first one is gone' apdu "$n" 8084000020
check 'a channel of the second' open A0000005590010
n=$(channel)

check 'fragmented answers' sim_control 'fault M4x0:32'
check 'device services' mbim --query-device-services
shows '  all of them' 'c2f6588e-f037-4bc9-8665-f4d44bd09367'
check 'GET RANDOM' apdu "$n" 8084000020
shows '  32 bytes' 'response: ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
check 'byte by byte' sim_control 'fault F6'
check 'GET RANDOM' apdu "$n" 8084000020
shows '  32 bytes' 'response: ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
check 'healthy again' sim_control 'fault clear'
check 'GET RANDOM' apdu "$n" 8084000020

end_process "$sim_pid"
wdm_options='?selectp2=0c&classtype1=yes&max=128&iccid=no&le=required'
start_sim
sleep 0.2 # the proxy sees that the old device is gone
check 'a modem of other habits' mbim --query-subscriber-ready-status
shows '  no ICCID' "SIM ICCID: '(unknown)?'"
check 'fragments of 128 bytes' mbim --query-device-services
shows '  put together' 'c2f6588e-f037-4bc9-8665-f4d44bd09367'
check_fails 'P2 00' open A0000005590010
check 'P2 0C' open A0000005590010 12
n=$(channel)
check_fails 'class 80 with type 0' apdu "$n" 8084000020 inter-industry
check 'with type 1' apdu "$n" 8084000020
shows '  32 bytes' 'response: ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
all_passed
