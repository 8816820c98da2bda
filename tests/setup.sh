#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing on a Debian 12: tests/setup.sh [demo|tests]. Starts no service.
set -eu

# One line a need: "program:package" when any package with that program will do, else the package.
build_needs='cc:gcc ld:binutils libc6-dev pkg-config:pkg-config meson:meson ninja:ninja-build
	libssl-dev libp11-kit-dev libinih-dev libpcsclite-dev libcmocka-dev'
demo_needs='openssl:openssl curl:curl nginx:nginx-light libengine-pkcs11-openssl
	timeout:coreutils setarch:util-linux ip:iproute2 socat:socat
	pcscd:pcscd vsmartcard-vpcd libmbim-proxy libqmi-proxy'
packages_needs='build-essential debhelper lintian:lintian mmdebstrap:mmdebstrap'
tests_needs='clang:clang clang-format:clang-format nm:binutils pkcs11-tool:opensc p11-kit:p11-kit
	p11-kit-modules systemd-socket-activate:systemd sshd:openssh-server
	p11tool:gnutls-bin gnutls-cli:gnutls-bin ssh-keygen:openssh-client git:git man:man-db
	awk:mawk jq:jq pgrep:procps certutil:libnss3-tools libnss3-dev libmbedtls-dev
	mbimcli:libmbim-utils qmicli:libqmi-utils
	mosquitto:mosquitto mosquitto_pub:mosquitto-clients stunnel:stunnel4 apache2:apache2
	wpa_supplicant:wpasupplicant hostapd:hostapd eapol_test:eapoltest openvpn:openvpn
	gnutls-serv:gnutls-bin python3-pykcs11 libcurl3-gnutls openjdk-17-jdk-headless chromium'

installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

missing() {
	local need
	for need in $*; do
		case $need in
		*:*) PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null || echo "${need#*:}" ;;
		*) installed "$need" || echo "$need" ;;
		esac
	done | sort -u
}

# Packages such as nginx and pcscd start their service at once; the policy script forbids it.
forbid_services() {
	policy=/usr/sbin/policy-rc.d
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
}

main() {
	local packages log
	case ${1:-tests} in
	demo) packages=$(missing "$build_needs" "$demo_needs") ;;
	tests) packages=$(missing "$build_needs" "$demo_needs" "$tests_needs" "$packages_needs") ;;
	*) echo "usage: ${0##*/} [demo|tests]" >&2; exit 2 ;;
	esac
	[ -n "$packages" ] || exit 0
	packages=$(echo $packages)
	if [ "$(id -u)" != 0 ]; then
		echo "Missing packages; as root: apt-get install --no-install-recommends $packages" >&2
		exit 1
	fi
	echo "Installing: $packages"
	log=$(mktemp)
	forbid_services
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get -q update && apt-get -q -y install --no-install-recommends $packages; } \
		>"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		echo "apt-get could not install them; the whole output: $log" >&2
		exit 1
	fi
	rm -f "$log"
}

main "$@"
