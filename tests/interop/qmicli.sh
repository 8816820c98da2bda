#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The QMUX front under the distribution's own qmicli and qmi-proxy, and what becomes of client ids and
# their channels there. qmicli.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/qmi.sh"
own_world "$@"

channels() { sim_control channels | grep -o 'open=[0-9]*'; }
expect() { # TEXT WANTED GOT
	[ "$2" = "$3" ] || {
		say "FAIL $1: $3, expected $2"
		exit 1
	}
	ok "$1"
}
slot=01010001 # TLVs: type, length (low byte first), value
aid=10080007A0000005590010
random=02070005008084000008 # GET CHALLENGE of 8 bytes, with its length

sim_new demo
qmi_sim_start ''
qmi_proxy_start

check 'the model' qmicli_proxied --dms-get-model
shows '  is ours' "Model: 'QMUX-SIM'"
check 'the manufacturer' qmicli_proxied --dms-get-manufacturer
check 'the revision' qmicli_proxied --dms-get-revision
check 'card status' qmicli_proxied --uim-get-card-status
shows '  a card' "Card state: 'present'"
shows '  whose USIM is ready' "Application state: 'ready'"
check 'slot status' qmicli_proxied --uim-get-slot-status
iccid=$(sim_control status | sed 's/.*iccid=//')
shows '  with the ICCID' "ICCID: $iccid"
check 'EF_ICCID' qmicli_proxied --uim-read-transparent=0x3F00,0x2FE2
shows '  its bytes' "98(:[0-9A-F]{2}){9}"
expect 'qmicli released its client ids and opened no channel' open=0 "$(channels)"

sim_control remove >/dev/null
check 'card status without a card' qmicli_proxied --uim-get-card-status
shows '  says so' "Card state: 'absent'"
check_fails 'no file without a card' qmicli_proxied --uim-read-transparent=0x3F00,0x2FE2
sim_control insert >/dev/null

# a channel of our own, by hand
qmi_connect
expect 'the proxy takes the device' 0 "$qmi_result"
qmi_ask 00 00 0022 0101000B
expect 'a client id' '0 0102000B01' "$qmi_result $qmi_reply"
qmi_ask 0B 01 0042 "$slot $aid 11010002"
expect 'a channel' '0 10010001' "$qmi_result ${qmi_reply:0:8}"
qmi_ask 0B 01 003B "$slot $random 10010001 11010001"
expect 'eight random bytes' '0 100C000A00' "$qmi_result ${qmi_reply:0:10}"
expect '  and 9000' 9000 "${qmi_reply:26}"
qmi_ask 0B 01 003F "$slot 11010001"
expect 'the channel is closed' '0 open=0' "$qmi_result $(channels)"

# what a killed client leaves, and who may do what with it
qmi_ask 0B 01 0042 "$slot $aid 11010002"
expect 'another channel' 0 "$qmi_result"
qmi_disconnect KILL
sleep 0.3
expect 'it outlives its killed client' open=1 "$(channels)"
qmi_connect
qmi_ask 0B 01 003B "$slot $random 10010001 11010001"
expect 'another client may use both' '0 100C000A00' "$qmi_result ${qmi_reply:0:10}"
qmi_ask 00 00 0023 0102000B01
expect 'and release the client id' 0 "$qmi_result"
expect '  which closes the channel' open=0 "$(channels)"
qmi_ask 0B 01 003B "$slot $random 10010001 11010001"
expect 'the modem knows it no more (InvalidClientId)' 7 "$qmi_result"
qmi_disconnect

# the proxy and the modem come and go
sim_control unplug >/dev/null
check_fails 'no modem' qmicli_proxied --dms-get-model
sim_control plug >/dev/null
check 'the modem is back' qmicli_proxied --dms-get-model
end_process "$qmi_proxy_pid"
qmi_proxy_start
check 'the proxy is back' qmicli_proxied --dms-get-model
all_passed
