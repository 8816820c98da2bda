#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSH: the key on the SIM is listed, and signs as a certification authority. ssh.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
public_key_of "$card/device.pem"

check 'ssh-keygen -D lists the keys' host ssh-keygen -D "$module"
shows '  an ECDSA key' '^ecdsa-sha2-nistp256 '
grep -m 1 '^ecdsa-sha2-nistp256 ' "$work/check.out" >"$work/ca.pub"
check '  the one of the certificate' cmp <(ssh-keygen -e -m PKCS8 -f "$work/ca.pub") "$work/pub.pem"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
check_signs 'a user certificate is signed' host ssh-keygen -D "$module" -s "$work/ca.pub" -I test \
	-n root "$work/user.pub"
# reading a certificate verifies its signature
check '  and is valid' ssh-keygen -L -f "$work/user-cert.pub"
cp "$work/check.out" "$work/certificate"
check '  under the key on the SIM' grep -F "Signing CA: ECDSA $(ssh-keygen -l -f "$work/ca.pub" |
	awk '{ print $2 }')" "$work/certificate"
all_passed
