#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/nginx.md: a server with its key on the SIM, reloaded and replaced under load, and a proxy
# with the SIM's certificate. nginx.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

recipe_world "$1"
recipe nginx
cloud_start
check 'the packages' recipe_packages
rm -f /etc/nginx/sites-enabled/default
sed -i 's/^worker_processes .*/worker_processes 4;/' /etc/nginx/nginx.conf
check 'rights for the workers' recipe_run rights
recipe_write /etc/nginx/modules-enabled/60-iotsafe.conf
# nginx hands down no variable that it is not told of: those of the sanitizer, then
for name in LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS; do
	[ ${#host_env[@]} = 0 ] || echo "env $name;"
done >/etc/nginx/modules-enabled/61-sanitizer.conf

check_signs 'the request' recipe_run request
openssl req -in "$work/home/gateway.csr" -noout -pubkey >"$work/gateway.pub"
issue gateway.example "$work/gateway.pub" /etc/iotsafe/gateway.pem
recipe_write /etc/nginx/sites-enabled/gateway
check 'nginx starts' recipe_run start
check_signs 'a page' recipe_run look
recipe_shows '  as the recipe shows it' look

# --- 200 handshakes in four loops at once, two reloads and a new binary in their middle ---
loop() {
	local i
	for i in $(seq 50); do
		curl -sS --max-time 60 https://gateway.example:8443/ || echo "FAILED $?"
	done >>"$work/load.$1" 2>&1
}
done_so_far() { cat "$work"/load.* 2>/dev/null | wc -l; }
reached() { [ "$(done_so_far)" -ge "$1" ]; }
from=$(($(apdu_lines) + 1))
loops=()
for n in 1 2 3 4; do
	loop "$n" &
	loops+=($!)
done
master=$(cat /run/nginx.pid)
wait_for reached 20
check 'reloaded under load' recipe_run reload
wait_for reached 60
check 'reloaded again' recipe_run reload
wait_for reached 90
check 'a new binary under load' recipe_run upgrade
[ "$(done_so_far)" -lt 200 ] || die 'the load ended too early to tell'
wait "${loops[@]}"
check '  another master' test "$(cat /run/nginx.pid)" != "$master"
old_gone() { ! kill -0 "$master" 2>/dev/null; }
check '  the old one is gone' wait_for old_gone
all_200() { cat "$work"/load.*; [ "$(cat "$work"/load.* | grep -cx 'Hello from gateway.example')" = 200 ]; }
check '200 handshakes, none failed' all_200
check '  each signed by the SIM' test "$(apdu_ins_count 2B "$from")" -ge 200
four_workers() { [ "$(pgrep -P "$(cat /run/nginx.pid)" -u www-data -c)" = 4 ]; }
check '  four workers of user www-data' wait_for four_workers

# --- upstream ---
check 'the certificate, from the SIM' recipe_run certificate
recipe_write /etc/nginx/sites-enabled/cloud
check 'nginx takes it' recipe_run reload
listens_8080() { listens 8080; }
check '  and listens' wait_for listens_8080
check_signs 'a page from cloud.example' recipe_run look-cloud
shows '  whose server verified the certificate' '^verify=SUCCESS'
recipe_done
