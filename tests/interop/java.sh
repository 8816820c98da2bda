#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/java.md: keytool, and a TLS client by SunPKCS11. java.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"
# the virtual machine lives by faults of its own
foreign_asan=:handle_segv=0:handle_sigbus=0:handle_sigfpe=0

recipe_world "$1"
recipe java
cloud_start
check 'the packages' recipe_packages
recipe_write /etc/iotsafe/java.cfg
recipe_write /etc/iotsafe/Visit.java
export JAVA_TOOL_OPTIONS=-Duser.home=$work/home

check 'keytool lists the key' recipe_run list
recipe_shows '  as the recipe shows it' list
# compiled once, for all that follows
mkdir "$work/classes"
check 'the program compiles' javac -d "$work/classes" /etc/iotsafe/Visit.java
check_signs 'TLS 1.3' recipe_run client
recipe_shows '  the server verified the certificate' client
shows '  in that version' '^protocol=TLSv1.3'
visit() { host java -Djdk.tls.client.protocols="$1" -cp "$work/classes" Visit https://cloud.example/; }
check_signs 'TLS 1.2' visit TLSv1.2
shows '  in that version' '^protocol=TLSv1.2'
check_signs 'two clients at once' two_at_once visit TLSv1.3
check '  both verified' test "$(grep -c '^verify=SUCCESS' "$work/check.out")" = 2
check 'the lines of "iotsafe doctor" are these' recipe_doctor java

# --- what goes wrong ---
wrong_certificates
now() { host java -cp "$work/classes" Visit https://cloud.example/; }
sed -i 's/^slotListIndex.*/slotListIndex = 5/' /etc/iotsafe/java.cfg
goes_wrong 'a slot that is not there' no-slot now
sed -i 's/^slotListIndex.*/slotListIndex = 0/' /etc/iotsafe/java.cfg
sim_holds /etc/iotsafe/other.pem
goes_wrong 'the certificate of another key' mismatch now
sim_holds /etc/iotsafe/expired.pem
goes_wrong 'a certificate that has expired' expired now
sim_holds "$card/device.pem"
twin_start
sed -i 's/^slotListIndex.*/slotListIndex = 1/' /etc/iotsafe/java.cfg
check 'a name that two keys have' recipe_run list
check '  two aliases' test "$(grep -c '^device/.*, PrivateKeyEntry' "$work/check.out")" = 2
sed -i 's/^slotListIndex.*/slotListIndex = 0/' /etc/iotsafe/java.cfg
locked_start
stranger() {
	host setpriv --reuid nobody --regid nogroup --clear-groups java -cp "$work/classes" Visit https://cloud.example/
}
goes_wrong 'a user without rights' no-rights stranger
sed -i 's/^slotListIndex.*/slotListIndex = 1/' /etc/iotsafe/java.cfg
pin() { host java -cp "$work/classes" Visit https://cloud.example/ "$@"; }
goes_wrong 'a wrong PIN' wrong-pin pin 0000
goes_wrong 'no PIN' no-pin pin
recipe_done
