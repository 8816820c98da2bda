#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/openssl-provider.md in a Debian 13: our packages are built there and installed, and OpenSSL 3.5,
# curl and nginx use the SIM by pkcs11-provider, which one openssl.cnf activates for every program. As
# root. The peers, and nothing else, are this machine's: nginx as cloud.example, curl as visitor.
# trixie.sh [unix|at|both]
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/tree.sh"

prepare() {
	local without=() path
	for path in '/usr/share/'{doc,man,info,locale,gcc,autoconf}'/*' '/usr/bin/*-lto-dump-*' \
		'/usr/libexec/gcc/*/'{cc1plus,lto1} '/usr/lib/*/lib[lt]san.*'; do
		without+=("--dpkgopt=path-exclude=$path")
	done
	# nginx knows "store:" since 1.29, which the next Debian has; its lists are not always fresh
	local next='deb [check-valid-until=no] \1 forky main'
	tree_prepare trixie provider 'build-essential ca-certificates curl debhelper libinih-dev libp11-kit-dev
		libpcsclite-dev libssl-dev meson nginx openssl p11-kit p11-kit-modules passwd pkcs11-provider pkgconf' \
		--variant=apt "${without[@]}" '--dpkgopt=path-include=/usr/share/doc/iotsafe/*' \
		--customize-hook="cd \"\$1/etc/apt\" && sed 's|^deb .*\\(http[^ ]*\\) trixie.*|$next|' sources.list >sources.list.d/next.list" \
		--customize-hook='printf "Package: *\nPin: release n=forky\nPin-Priority: 100\n" >"$1/etc/apt/preferences.d/next"' \
		--customize-hook='chroot "$1" apt-get -q update' "$(tree_fetch -t forky nginx)" --skip=cleanup/apt/cache
}
links=${1:-both}
[ "$links" != both ] || links='unix at'
[ -n "${IOTSAFE_OWN_WORLD:-}" ] || prepare
own_world "$@"

# --- a Debian 13, whose /etc/iotsafe is also this world's ---
tree_unpack
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod 755 "$tree/usr/sbin/policy-rc.d"
mkdir -p "$tree/dev/pts" "$tree/srv/src" "$tree$work" "$tree/etc/iotsafe"
mount --bind /dev/pts "$tree/dev/pts"
chmod 711 "$work"
mount --bind "$work" "$tree$work"
mount --bind "$top" "$tree/srv/src"
mount -o remount,bind,ro "$tree/srv/src"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/over/{upper,work}
mount -t overlay -o lowerdir=/etc,upperdir=/run/over/upper,workdir=/run/over/work overlay /etc
mkdir -p /etc/iotsafe
mount --bind "$tree/etc/iotsafe" /etc/iotsafe
echo '127.0.0.1 localhost cloud.example gateway.example' | tee /etc/hosts >"$tree/etc/hosts"
systemctl_install
cp /usr/local/sbin/systemctl "$tree/usr/local/sbin/"

there() { tree_limit=${limit:-60} in_tree env PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
as=() # such as: setpriv …
script() { # FILE…: as a script, where its files are
	chmod 644 "$@"
	there "${as[@]}" bash -eu -c 'cd "$1"; shift; . "$1"' bash "$work/home" "$@"
}
run() { # BLOCK [SED-SCRIPT]
	local file
	file=$(mktemp "$work/block.XXXXXX")
	recipe_text "run=$1" | sed "${2:-}" >"$file"
	script "$file"
}
mkdir "$work/home"

# --- our packages, made there ---
recipe openssl-provider
packages_there() { there dpkg -s $(recipe_text install | sed 's/^apt-get install//'); }
check 'the packages' packages_there
build_there() {
	mkdir "$tree/srv/debs"
	# the tree is read-only there: the packages go elsewhere
	limit=600 there "/srv/src/$(recipe_text run=build)" /srv/debs
	ln -s /srv/debs "$work/home/build-packages"
}
check "there is OpenSSL 3.5" there openssl version
shows '  indeed' '^OpenSSL 3\.5\.'
check '  and p11-kit 0.25, with headers' there pkg-config --modversion p11-kit-1
shows '  indeed' '^0\.25\.'
check 'conf/package.sh, there' build_there
check 'apt-get install' run packages "s/install /install -y /"
check '  the module is registered' there p11-kit list-modules
shows '  by its name' '^module: iotsafe$|^iotsafe: iotsafe-pkcs11.so'

# --- their own software SIM, with two links ---
build=$work/there
mkdir "$build"
printf '#!/bin/sh\nexec chroot %s /usr/bin/iotsafe-sim "$@"\n' "$tree" >"$build/iotsafe-sim"
chmod 755 "$build/iotsafe-sim"
sim_new demo
sim_start at
link_is() { # URI
	slot_uri=$1
	chgrp dialout "$(readlink -f "${1#*:}")"
	chmod 660 "$(readlink -f "${1#*:}")"
	recipe_slot
}
install -d -m 1777 "$tree/run/lock/iotsafe"
install -d -m 755 "$tree/var/lib/iotsafe"
cp "$card/ca.pem" "$card/device.pem" /etc/iotsafe/
cat "$card/ca.pem" >>"$tree/etc/ssl/certs/ca-certificates.crt"
cloud_start

# --- README.md, before anything is activated ---
link_is "unix:$control"
of_readme() { recipe_name=README recipe_page=$top/README.md recipe_text "$1"; }
readme() {
	{ of_readme run=names && of_readme by=tests/interop/trixie.sh; } >"$work/readme.sh"
	script "$work/readme.sh"
}
check_signs "README's line" readme
shows '  the handshake is complete' '^Verify return code: 0'

# --- activated ---
check 'activated' run activate
recipe_shows '  as the recipe shows it' activate
check '  by the installed sample as it is' cmp "$tree/etc/ssl/iotsafe.cnf" \
	"$tree/usr/share/doc/iotsafe/examples/openssl-provider.cnf"
check 'the file that holds the URI' run pem
check 'nginx: rights for the workers' run rights
rm "$tree/etc/nginx/sites-enabled/default"
sed -i 's/^worker_processes .*/worker_processes 4;/' "$tree/etc/nginx/nginx.conf"
write_there() { recipe_text "file=$1" | sed "${2:-}" >"$tree$1"; } # FILE [SED-SCRIPT]

with_openssl() {
	check_signs "$1: storeutl, pkey, dgst" run store
	check '  the public key is the one' cmp <(openssl pkey -pubin -in "$work/home/device.pub") \
		<(openssl x509 -in "$card/device.pem" -noout -pubkey)
	check '  the signature verifies' openssl dgst -sha256 -verify "$work/home/device.pub" \
		-signature "$work/home/device.sig" "$work/home/device.pub"
	check_signs "$1: req" run request
	recipe_shows '  it names the curve' request
	check '  the request verifies' openssl req -in "$work/home/gateway.csr" -noout -verify
	for version in 2 3; do
		check_signs "$1: s_client, TLS 1.$version" run client "s/s_client/& -tls1_$version/"
		recipe_shows '  the server verified the certificate' client
		shows '  by that version' "^protocol=TLSv1.$version"
	done
	check_signs "$1: s_client, two at once" two_at_once run client
}
with_curl() {
	check_signs "$1: curl" run curl
	recipe_shows '  the server verified the certificate' curl
	check_signs "$1: curl with the file" run curl-file
	recipe_shows '  the server verified the certificate' curl
	check_signs "$1: curl, two at once" two_at_once run curl-file
}
visits=10
loop() {
	local i
	for i in $(seq $visits); do
		curl -sS --max-time 60 --cacert "$card/ca.pem" "https://gateway.example:$1/" || echo "FAILED $?"
		curl -sS --max-time 60 "http://127.0.0.1:$2/" | grep verify= || echo "FAILED $?"
	done
}
loops() { # PORT PROXY'S-PORT: four at once, with a reload in their middle
	local n others=() code=0
	: >"$work/visits"
	for n in 1 2 3 4; do
		loop "$@" >>"$work/visits" 2>&1 &
		others+=($!)
	done
	until [ "$(wc -l <"$work/visits")" -ge $visits ]; do sleep 0.05; done
	run reload || code=1
	wait "${others[@]}"
	cat "$work/visits"
	[ $code = 0 ] && [ "$(grep -c '^Hello from gateway.example' "$work/visits")" = $((4 * visits)) ] &&
		[ "$(grep -cx 'verify=SUCCESS' "$work/visits")" = $((4 * visits)) ]
}
four_workers() { [ "$(pgrep -P "$(cat "$tree/run/nginx.pid")" -u www-data -c)" = 4 ]; }
with_nginx() { # LINK SUFFIX-OF-LOOKS PORT PROXY'S-PORT
	check "$1: $(there nginx -v 2>&1 | sed 's/.*: //') starts" run start
	check '  four workers of user www-data' wait_for four_workers
	check_signs "$1: nginx, a page" run "look$2"
	recipe_shows '  as the recipe shows it' "look$2"
	check_signs "$1: nginx, a page from cloud.example" run "look-cloud$2"
	recipe_shows '  whose server verified the certificate' look-cloud
	check_signs "$1: nginx, four visitors of each at once, $((8 * visits)) pages and a reload" loops "$3" "$4"
}
use() { # LINK
	case $1 in
	unix) link_is "unix:$control" ;;
	at) link_is "at:$work/modem" ;;
	esac
}
for link in $links; do
	use $link
	with_openssl $link
	with_curl $link
	if [ ! -e /etc/iotsafe/gateway.pem ]; then
		openssl req -in "$work/home/gateway.csr" -noout -pubkey >"$work/gateway.pub"
		issue gateway.example "$work/gateway.pub" /etc/iotsafe/gateway.pem
		check 'nginx: the certificate, from the SIM' run certificate
		write_there /etc/nginx/sites-enabled/gateway
		write_there /etc/nginx/sites-enabled/cloud
	fi
	with_nginx $link '' 8443 8080
done
check "the next Debian's nginx" there sh -c 'dpkg -i /var/cache/apt/archives/*.deb'
write_there /etc/nginx/sites-enabled/store
for link in $links; do
	use $link
	with_nginx $link -store 8444 8081
done

check 'iotsafe doctor --client nginx' there iotsafe doctor --client nginx
shows '  with the lines of the recipe' '^ +ssl_certificate_key /etc/iotsafe/device.key;$'
shows '  and of store:' '"store:pkcs11:token=gateway;object=device;type=private"$'
check_signs 'the lines of iotsafe doctor --client curl' there bash -c "$(there iotsafe doctor --client curl |
	sed -n '/^lines for/,/^All is well/{//!p}')"
shows '  the server verified the certificate' '^verify=SUCCESS'

# --- a process that has signed verifies others ---
port=5000
for kind in P-256 P-384 P-521 ed25519 rsa; do
	port=$((port + 1))
	case $kind in
	P-*) options=(EC -pkeyopt "ec_paramgen_curve:$kind") ;;
	*) options=("$kind") ;;
	esac
	openssl genpkey -algorithm "${options[@]}" -out "$work/peer-$kind.key" 2>/dev/null
	openssl pkey -in "$work/peer-$kind.key" -pubout -out "$work/peer-$kind.pub"
	issue gateway.example "$work/peer-$kind.pub" "$work/peer-$kind.pem"
	openssl s_server -accept "$port" -www -quiet -cert "$work/peer-$kind.pem" -key "$work/peer-$kind.key" \
		>"$work/peer-$kind.out" 2>&1 &
	pids+=($!)
	wait_for listens "$port" || die "openssl s_server does not listen on port $port"
	visit() { run curl-file "s|https://cloud.example/|& https://gateway.example:$port/|"; }
	case $kind in
	P-521) goes_wrong "curl, two servers, the second with a key of $kind" p521 visit ;;
	*) check_signs "curl, two servers, the second with a key of $kind" visit ;;
	esac
done

# --- what goes wrong ---
locked_start
wrong_certificates
with_pin() {
	rm -f "$work/home/locked.sig"
	run pin && openssl dgst -sha256 -signature "$work/home/locked.sig" -verify \
		<(openssl x509 -in "$work/locked/device.pem" -noout -pubkey) "$work/home/device.pub"
}
check 'a key that wants a PIN' with_pin
site=/etc/nginx/sites-enabled/gateway
rm "$tree"/etc/nginx/sites-enabled/{cloud,store}
not_one() { # SED-SCRIPT: fails when each of them fails with that in what it runs
	local what good=0
	run pem "$1"
	write_there $site "$1"
	for what in client curl curl-file; do
		run $what "$1" && good=$((good + 1))
		# whose try is the next one's, too
		[ "$1" != "$uri_wrong_pin" ] || with_pin || exit 1
	done
	there nginx -t && good=$((good + 1))
	[ $good -gt 0 ]
}
certificate_is() { # NAME: the sed script
	printf '%s' "s|gateway\\.pem|$1.pem|; s|/etc/iotsafe/device\\.pem|/etc/iotsafe/$1.pem|;" \
		"s|pkcs11:token=gateway;object=device;type=cert|/etc/iotsafe/$1.pem|; s/--cert-type PROV//"
}
goes_wrong 'no such key' no-key not_one "$uri_no_key"
goes_wrong 'a wrong PIN' wrong-pin not_one "$uri_wrong_pin"
with_pin >"$work/pin.out" 2>&1
goes_wrong 'the certificate of another key' mismatch not_one "$(certificate_is other)"
check_signs 'a URI that fits two keys: s_client' run client "$uri_two_keys"
check_signs '  curl' run curl "$uri_two_keys"
run pem "$uri_two_keys"
write_there $site
no_file() { run curl-file || there nginx -t; }
goes_wrong '  not in a file' two-keys no_file
run pem
check 'a certificate that has expired' run curl-file "$(certificate_is expired)"
recipe_shows '  as the recipe shows it' expired
as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
none_by_nobody() { run client || run curl-file; }
goes_wrong 'a user without rights' no-rights none_by_nobody
as=()
there gpasswd -d www-data dialout >"$work/gpasswd.out"
check 'nginx starts with workers that have no rights' run start
visit() { curl -sS --max-time 15 --cacert "$card/ca.pem" https://gateway.example:8443/; }
check_fails '  whose visitors get no page' visit
shows '  as the recipe says' 'alert internal error'
recipe_shows '  as the log says' no-rights-log "$tree/var/log/nginx/error.log"
goes_wrong '  which the doctor explains' doctor run doctor
recipe_done
