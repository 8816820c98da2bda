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

# --- 200 (fewer with a sanitizer) handshakes in four loops at once, two reloads and a new binary in their middle ---
each=50
[ ${#host_env[@]} = 0 ] || each=20
total=$((4 * each))
loop() {
	local i=0
	while i=$((i + 1)) && { [ $i -le $each ] || [ ! -e "$work/enough" ]; }; do
		curl -sS --max-time 60 https://gateway.example:8443/ || echo "FAILED $?"
	done >>"$work/load.$1" 2>&1
}
done_so_far() { cat "$work"/load.* 2>/dev/null | wc -l; }
reached() { # TENTHS of the whole
	while [ $((10 * $(done_so_far))) -lt $(($1 * total)) ]; do sleep 0.05; done
}
from=$(($(apdu_lines) + 1))
loops=()
for n in 1 2 3 4; do
	loop "$n" &
	loops+=($!)
done
master=$(cat /run/nginx.pid)
reached 1
check 'reloaded under load' recipe_run reload
reached 3
check 'reloaded again' recipe_run reload
reached 5
check 'a new binary under load' recipe_run upgrade
: >"$work/enough"
wait "${loops[@]}"
check '  another master' test "$(cat /run/nginx.pid)" != "$master"
old_gone() { ! kill -0 "$master" 2>/dev/null; }
check '  the old one is gone' wait_for old_gone
none_failed() { cat "$work"/load.*; [ "$(cat "$work"/load.* | grep -cvx 'Hello from gateway.example')" = 0 ] && [ "$(done_so_far)" -ge $total ]; }
check "$(done_so_far) handshakes, none failed" none_failed
check '  each signed by the SIM' test "$(apdu_ins_count 2B "$from")" -ge "$(done_so_far)"
four_workers() { [ "$(pgrep -P "$(cat /run/nginx.pid)" -u www-data -c)" = 4 ]; }
check '  four workers of user www-data' wait_for four_workers

# --- upstream ---
check 'the certificate, from the SIM' recipe_run certificate
recipe_write /etc/nginx/sites-enabled/cloud
check 'nginx takes it' recipe_run reload
listens_8080() { listens 8080; }
check '  and listens' wait_for listens_8080
check_signs 'a page from cloud.example' recipe_run look-cloud
recipe_shows '  whose server verified the certificate' look-cloud
check 'two at once' two_at_once recipe_run look-cloud
shows '  verified' '^verify=SUCCESS'
check 'the lines of "iotsafe doctor" are these' recipe_doctor nginx

# --- what goes wrong ---
site=/etc/nginx/sites-enabled/gateway
locked_start
wrong_certificates
nginx_t() { host nginx -t; }
spoil() { # SED-SCRIPT
	recipe_write "$site"
	replaced "$site" "$1"
}
spoil "$uri_no_key"
goes_wrong 'no such key' no-key nginx_t
spoil "$uri_wrong_pin"
goes_wrong 'a wrong PIN' wrong-pin nginx_t
spoil s/gateway.pem/other.pem/
goes_wrong 'the certificate of another key' mismatch nginx_t
spoil "$uri_two_keys"
check 'a URI that fits two keys is the first one' recipe_run start
check_signs '  which serves' recipe_run look
spoil s/gateway.pem/expired.pem/
replaced /etc/nginx/sites-enabled/cloud s/device.pem/expired.pem/
check 'nginx takes certificates that have expired' recipe_run start
goes_wrong '  visitors do not' expired curl -sS --max-time 30 https://gateway.example:8443/
check '  nor does the server upstream' curl -sS --max-time 30 http://127.0.0.1:8080/
recipe_shows '  as the recipe shows it' expired-upstream
recipe_write "$site"
gpasswd -d www-data dialout >"$work/gpasswd.out"
check 'nginx starts with workers that have no rights' recipe_run start
visit() { curl -sS --max-time 15 https://gateway.example:8443/; }
goes_wrong '  whose visitors get no page' no-rights visit
recipe_shows '  as the log says' no-rights-log /var/log/nginx/error.log
goes_wrong '  which the doctor explains' doctor recipe_run doctor
recipe_done
