# SPDX-License-Identifier: Apache-2.0
# The recipes (conf/recipes/NAME.md) are run as they stand, on a machine of the script's own: overlays
# on /usr with what "meson install" installs, on /etc and /var, an empty /run, a token "gateway" whose
# key is "device". Sourced after common.sh and sim.sh; only inside own_world, as root.
#
# A fenced block of a recipe says by its first line's tag what it is:
#   ```sh install            apt-get install …: the packages, which tests/setup.sh has to know
#   ```sh run=NAME           commands                       recipe_run NAME
#   ```conf file=/PATH       what that file holds           recipe_write /PATH
#   ```text shows=NAME       what is to be seen; … stands for anything    recipe_shows NAME FILE
# README.md has these too:
#   ```ini conf=NAME         a configuration, which iotsafe reads           recipe_text conf=NAME
#   ```sh by=SCRIPT          what that script does, tests/run.sh or tests/interop/trixie.sh
# recipe_done ends the script, and fails if a block of the recipe was left out.
. "$top/tests/lib/systemctl.sh"

recipe_world() { # TRANSPORT [OPTION of iotsafe-sim run…]
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die 'recipe_world outside own_world'
	[ "$(id -u)" = 0 ] && grep -q '4294967295$' /proc/self/uid_map ||
		die 'recipes are tested as root, since programs become their own users'
	unset IOTSAFE_MODULE # what is installed is used
	root=$work/root
	meson install -C "$build" --no-rebuild --destdir "$root" >"$work/install.out" 2>&1 || {
		cat "$work/install.out" >&2
		die 'meson install failed'
	}
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/over/{etc,var}.{upper,work} /run/lock
	mount -t overlay -o "lowerdir=$root/usr:/usr" overlay /usr
	local place
	for place in etc var; do
		mount -t overlay -o "lowerdir=/$place,upperdir=/run/over/$place.upper,workdir=/run/over/$place.work" \
			overlay "/$place"
	done
	# ours is the only module registered: others have troubles of their own at start and at exit
	mount --bind "$root$(pkg-config --variable=p11_module_configs p11-kit-1)" \
		"$(pkg-config --variable=p11_module_configs p11-kit-1)"
	systemctl_install
	installed=$(pkg-config --variable=p11_module_path p11-kit-1)/iotsafe-pkcs11.so
	# what tmpfiles.d says
	install -d -m 1777 /run/lock/iotsafe
	install -d -m 755 /etc/iotsafe /var/lib/iotsafe
	chmod 711 "$work"
	mkdir "$work/home"
	[ -e "${card:-}" ] || sim_new demo
	recipe_modem=("$@")
	modem_start
	recipe_slot
	cp "$card/ca.pem" /etc/iotsafe/ca.pem
	cp "$card/device.pem" /etc/iotsafe/device.pem
	# all the names that recipes use are here, and the card's authority is trusted
	echo '127.0.0.1 localhost cloud.example gateway.example broker.example vpn.example' >/etc/hosts
	cat "$card/ca.pem" >>/etc/ssl/certs/ca-certificates.crt
}

# The SIM is behind a device of dialout, as a modem's port is.
modem_start() {
	sim_start "${recipe_modem[@]}"
	chgrp dialout "$(readlink -f "${slot_uri#*:}")"
	chmod 660 "$(readlink -f "${slot_uri#*:}")"
	unset IOTSAFE_CONF
}

recipe_slot() { # [LINE…]: the configuration, with further lines for the slot
	unset IOTSAFE_CONF
	{
		printf '[module]\nlog = error\n[slot modem]\nuri = %s\nlabel = gateway\n' "$slot_uri"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >/etc/iotsafe/iotsafe.conf
}

recipe() { # NAME, or README
	recipe_name=$1
	recipe_page=$top/conf/recipes/$1.md
	[ "$1" != README ] || recipe_page=$top/README.md
	[ -e "$recipe_page" ] || die "no $recipe_page"
	: >"$work/recipe.used"
}

# The lines of all blocks of this tag.
recipe_text() { # TAG
	echo "$1" >>"$work/recipe.used"
	awk -v tag="$1" '
		/^```/ { if (on) { on = 0; next } if (!in_block && $2 == tag) { on = 1; seen = 1 }
			else in_block = !in_block; next }
		on
		END { exit !seen }' "$recipe_page" || die "$recipe_name: no block $1"
}

recipe_run() { # NAME [PREFIX…], such as: setpriv …
	local tag=run=$1 script
	shift
	script=$(mktemp "$work/recipe.XXXXXX")
	recipe_text "$tag" >"$script" || exit 1
	(cd "$work/home" && host "$@" bash -eu "$script")
}

recipe_write() { # PATH
	mkdir -p "$(dirname "$1")"
	recipe_text "file=$1" >"$1"
}

# Every line that the recipe shows is somewhere in the file.
recipe_shows() { # TEXT NAME [FILE]
	local line file=${3:-$work/check.out} pattern
	recipe_text "shows=$2" >"$work/recipe.shows" || exit 1
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		pattern=$(sed 's/[][\\.*^$]/\\&/g; s/ *… */.*/g' <<<"$line")
		grep -q -- "$pattern" "$file" || {
			say "FAIL $1: the recipe's line is not there: $line"
			sed 's/^/     /' "$file"
			exit 1
		}
	done <"$work/recipe.shows"
	ok "$1"
}

# What "iotsafe doctor --client" gives to paste are lines, byte for byte but for how far they are indented,
# of the recipe's blocks that were run or written.
recipe_doctor() { # CLIENT
	local tag
	iotsafe doctor --json --client "$1" >"$work/doctor.json" || { cat "$work/doctor.json"; return 1; }
	jq -er .lines "$work/doctor.json" | sed 's/^[ \t]*//; /^#/d; /^$/d' >"$work/doctor.lines"
	[ -s "$work/doctor.lines" ] || return 1
	for tag in $(sort -u "$work/recipe.used" | grep -E '^(run|file)='); do
		recipe_text "$tag"
	done | sed 's/^[ \t]*//' >"$work/doctor.run"
	echo 'of these lines there are others in the recipe:'
	! grep -vxFf "$work/doctor.run" "$work/doctor.lines"
}

recipe_packages() { # they are installed, by these very names
	local package
	for package in $(recipe_text install | sed 's/^apt-get install//'); do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" | grep -qx installed || return 1
	done
}

recipe_done() {
	local tag left=
	for tag in $(awk '/^```/ { open = !open; if (open) print $2 }' "$recipe_page" |
		grep -vx 'by=.*'); do
		grep -qxF -- "$tag" "$work/recipe.used" || left="$left $tag"
	done
	[ -z "$left" ] || die "$recipe_name: blocks that no step ran:$left"
	ok 'every block of the recipe was run'
	all_passed
}

# --- people elsewhere ---
# A certificate of the card's authority for a public key (a private key's or a request's file works too).
issue() { # SUBJECT-CN PUBLIC-KEY-FILE OUT [OPTION of x509…]: also valid as server of that name
	local name=$1 key=$2 out=$3
	shift 3
	printf 'subjectAltName=DNS:%s\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' \
		"$name" >"$work/issue.ext"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/issue.key" \
		-subj "/O=IoT SAFE demo/CN=$name" -out "$work/issue.csr" 2>/dev/null
	openssl x509 -req -in "$work/issue.csr" -force_pubkey "$key" -CA "$card/ca.pem" \
		-CAkey "$card/ca.key" -set_serial "0x$(openssl rand -hex 15)" -days 30 "$@" -extfile "$work/issue.ext" \
		-out "$out" 2>"$work/issue.err" || { cat "$work/issue.err" >&2; die "no certificate for $name"; }
	chmod 644 "$out"
}

# Another machine (network namespace "far"), 192.0.2.2, which is vpn.example.
far_network() {
	ip netns add far
	ip link add near0 type veth peer name far0 netns far
	ip addr add 192.0.2.1/24 dev near0
	ip link set near0 up
	ip -n far addr add 192.0.2.2/24 dev far0
	ip -n far link set far0 up
	ip -n far link set lo up
	echo '192.0.2.2 vpn.example' >>/etc/hosts
	sed -i 's/^\(127.0.0.1 .*\) vpn.example/\1/' /etc/hosts
}

# cloud.example: a web server on port 443 that demands a client certificate of the card's authority and
# says what it saw.
cloud_start() {
	local dir=$work/cloud
	mkdir -p "$dir/tmp"
	cloud_key=$dir/server.key
	openssl ecparam -name prime256v1 -genkey -noout -out "$dir/server.key" 2>/dev/null
	openssl pkey -in "$dir/server.key" -pubout -out "$dir/server.pub"
	issue cloud.example "$dir/server.pub" "$dir/server.pem"
	cat >"$dir/nginx.conf" <<END
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/error.log info;
events { worker_connections 256; }
http {
	access_log $dir/access.log;
	client_body_temp_path $dir/tmp/body;
	proxy_temp_path $dir/tmp/proxy;
	fastcgi_temp_path $dir/tmp/fastcgi;
	uwsgi_temp_path $dir/tmp/uwsgi;
	scgi_temp_path $dir/tmp/scgi;
	server {
		listen 127.0.0.1:443 ssl;
		server_name cloud.example;
		ssl_certificate $dir/server.pem;
		ssl_certificate_key $dir/server.key;
		ssl_client_certificate $card/ca.pem;
		ssl_verify_client on;
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_session_cache off;
		ssl_session_tickets off;
		default_type text/plain;
		location / {
			return 200 "verify=\$ssl_client_verify\nsubject=\$ssl_client_s_dn\nprotocol=\$ssl_protocol\n";
		}
	}
}
END
	env -u OPENSSL_CONF OPENSSL_CONF=/dev/null nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" >"$dir/out" 2>&1 &
	pids+=($!)
	wait_for listens 443 || { cat "$dir/out" "$dir/error.log" >&2; die 'cloud.example does not start'; }
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A second SIM, by its own socket; the configuration knows it and the first.
second_start() { # NAME OF ITS FOLDER, SLOT AND TOKEN, LINE…: of its slot
	local name=$1
	shift
	"$build/iotsafe-sim" run "$work/$name" --unix "$work/$name.sock" >"$work/$name.out" 2>&1 &
	pids+=($!)
	wait_for grep -qx ready "$work/$name.out" || die 'the second SIM is not ready'
	chgrp dialout "$work/$name.sock"
	chmod 660 "$work/$name.sock"
	recipe_slot "[slot $name]" "uri = unix:$work/$name.sock" "label = $name" "$@"
}
# Its keys want the PIN 1234.
locked_start() {
	[ -e "$work/locked" ] || "$build/iotsafe-sim" new "$work/locked" --profile pin >/dev/null
	second_start locked 'pin = application'
}
# Two of its keys are called "device", of P-256 and P-384; the first one's certificate is the newer (by an
# hour) and of the same authority as the other SIM's.
twin_start() {
	"$build/iotsafe-sim" new "$work/twin" --profile full >/dev/null
	sed -i 's/^label = p384$/label = device/' "$work/twin/card.txt"
	openssl x509 -in "$work/twin/device.pem" -noout -pubkey >"$work/twin.pub"
	issue twin.example "$work/twin.pub" "$work/twin.pem"
	openssl x509 -in "$work/twin.pem" -outform DER -out "$work/twin/objects/file-02.3.bin"
	second_start twin
}

# A copy of a file with another URI in it; PATTERN is sed's.
replaced() { # FILE PATTERN: FILE is changed
	sed "$2" "$1" >"$work/replaced"
	! cmp -s "$work/replaced" "$1" || die "$2 changes nothing in $1"
	cat "$work/replaced" >"$1"
}
uri_wrong_pin='s/token=gateway;object=device;type=private/token=locked;object=device;type=private?pin-value=0000/'
uri_no_key='s/object=device;type=private/object=nobody;type=private/'
uri_two_keys='s/object=device;type=private/type=private/'
uri_twin='s/token=gateway/token=twin/'

# Makes the certificates for what goes wrong: /etc/iotsafe/other.pem fits another key, expired.pem is late.
wrong_certificates() {
	openssl x509 -in "$card/device.pem" -noout -pubkey >"$work/device.pub"
	openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkey -pubout >"$work/other.pub"
	issue other.example "$work/other.pub" /etc/iotsafe/other.pem
	issue gateway.example "$work/device.pub" /etc/iotsafe/expired.pem -days -1
}

# From now on the SIM holds this certificate as its own.
sim_holds() { # CERTIFICATE
	local answer
	answer=$(sim_control "object file 02 value $(openssl x509 -in "$1" -outform DER | od -An -v -tx1 | tr -d ' \n')")
	[ "${answer:0:2}" = ok ] || die "the SIM does not take $1: $answer"
}

# One who may not open the device.
stranger=(setpriv --reuid nobody --regid nogroup --clear-groups)

# The command must fail, and say what the recipe shows.
goes_wrong() { # TEXT SHOWS COMMAND…
	local text=$1 shown=$2
	shift 2
	check_fails "$text" "$@"
	recipe_shows '  as the recipe shows it' "$shown"
}
# Both at once; each must succeed.
two_at_once() { # COMMAND…
	local code=0 first
	"$@" >"$work/first.out" 2>&1 &
	first=$!
	"$@" >"$work/second.out" 2>&1 || code=1
	wait "$first" || code=1
	cat "$work/first.out" "$work/second.out"
	return $code
}
# A program without TLS: an HTTP server on a port of 127.0.0.1 that says "Hello from behind".
backend_start() { # PORT
	cat >"$work/backend.sh" <<'END'
while IFS= read -r line && [ -n "${line%$'\r'}" ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello from behind\n'
END
	socat "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork" "EXEC:bash $work/backend.sh" >/dev/null 2>&1 &
	pids+=($!)
	wait_for listens "$1" || die "nothing listens on port $1"
}
