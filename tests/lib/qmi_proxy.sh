#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# qmi_proxy.sh PTY-LINK: the real qmi-proxy for the pty of "iotsafe-sim run … --qmux LINK?tty=yes", as
# this process: prints "ready" once it listens on @qmi-proxy, ends with the signal that it gets.
#
# The proxy takes only what looks like a control port of qmi_wwan: it follows LINK to /dev/pts/N and
# reads /sys/class/usbmisc/N/device/driver. In a mount namespace of its own it finds that for every N.
# Its socket is the network namespace's, which must be the caller's own: two proxies in one collide.
set -eu
[ $# = 1 ] || {
	echo "usage: ${0##*/} PTY-LINK" >&2
	exit 2
}
proxy=/usr/libexec/qmi-proxy
[ -x $proxy ] || proxy=/usr/lib/libqmi/qmi-proxy
[ -x "$proxy" ] || {
	echo "${0##*/}: no qmi-proxy (tests/setup.sh installs it)" >&2
	exit 1
}
listens() { grep -q ' 00010000 .*@qmi-proxy$' /proc/net/unix; }

if [ -z "${IOTSAFE_QMI_PROXY_MOUNTS:-}" ]; then
	! listens || {
		echo "${0##*/}: a qmi-proxy runs already in this network namespace" >&2
		exit 1
	}
	IOTSAFE_QMI_PROXY_MOUNTS=1 exec unshare -m --propagation private "$0" "$@"
fi
mount -t tmpfs tmpfs /sys/class
mkdir /sys/class/usbmisc
perl -e 'chdir "/sys/class/usbmisc" or die; for (0 .. 1023) {
	mkdir $_; mkdir "$_/device"; symlink "/sys/bus/usb/drivers/qmi_wwan", "$_/device/driver" }'
(
	for _ in $(seq 500); do
		listens && exec echo ready
		sleep 0.01
	done
) &
exec "$proxy" --no-exit ${IOTSAFE_QMI_PROXY_OPTIONS:-}
