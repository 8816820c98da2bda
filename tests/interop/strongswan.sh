#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/recipes/strongswan.md: IKEv2 with the SIM's certificate. The programs are fetched once and kept beside the Debian
# trees, not installed: udev, which Debian's plugins depend on, would come with them. strongswan.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/tree.sh"
. "$top/tests/lib/pcscd.sh"

# kernel-libipsec, an ESP of charon's own, is one of libcharon-extra-plugins: not every kernel has ESP
packages='charon-systemd strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins
	libstrongswan strongswan-libcharon libcharon-extra-plugins'
swan_fetch() { # FOLDER PACKAGE…
	local folder=$1 deb
	[ ! -e "$folder" ] || return 0
	shift
	rm -rf "$folder.new"
	mkdir -p "$folder.new/debs"
	cd "$folder.new/debs"
	apt-get -q download "$@" || { apt-get -q update && apt-get -q download "$@"; }
	for deb in *.deb; do dpkg-deb -x "$deb" "$folder.new"; done
	rm -r "$folder.new/debs"
	cp -a "$folder.new/lib/." "$folder.new/usr/lib/"
	mv "$folder.new" "$folder"
}
swan=$tree_cache/strongswan-$(dpkg --print-architecture)-$(sha256sum <<<$packages | cut -c1-16)
if [ -z "${IOTSAFE_OWN_WORLD:-}" ] && [ ! -e "$swan" ]; then
	mkdir -p "$tree_cache"
	flock "$tree_cache/strongswan.lock" timeout 170 bash -eu -c "$(declare -f swan_fetch); swan_fetch \"\$@\"" \
		swan_fetch "$swan" $packages >"$work/swan.out" 2>&1 ||
		{ tail -n 20 "$work/swan.out"; die 'no strongSwan'; }
fi
own_world "$@"

mkdir "$work/root"
cp -a "$swan/usr" "$work/root/"
recipe_world "$1"
recipe strongswan
cp -a "$swan/etc/." /etc/
have_packages() {
	local need
	for need in $(recipe_text install | sed 's/^apt-get install//'); do
		case " $(echo $packages) " in *" $need "*) ;; *) installed "$need" || return 1 ;; esac
	done
}
installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" | grep -qx installed; }
check 'the packages' have_packages
wrong_certificates

# --- the other side, on another machine (network) with a page behind it ---
far_network
ip -n far addr add 198.51.100.1/24 dev lo
cat >/etc/strongswan.d/zz-test.conf <<END
charon-systemd {
	reuse_ikesa = no
	dos_protection = no
	journal {
		default = -1
	}
	filelog {
		test {
			path = /run/charon.log
			flush_line = yes
			default = 1
		}
	}
	plugins {
		kernel-libipsec {
			load = yes
		}
	}
}
END
far=$work/far
mkdir -p "$far"/etc/{x509,x509ca,private}
openssl ecparam -name prime256v1 -genkey -noout -out "$far/etc/private/server.key" 2>"$work/openssl.err"
openssl pkey -in "$far/etc/private/server.key" -pubout -out "$far/server.pub"
issue vpn.example "$far/server.pub" "$far/etc/x509/server.pem"
cp "$card/ca.pem" "$far/etc/x509ca/"
cat >"$far/etc/swanctl.conf" <<END
connections {
	road {
		unique = never
		pools = road
		local {
			auth = pubkey
			certs = server.pem
			id = vpn.example
		}
		remote {
			auth = pubkey
			cacerts = ca.pem
		}
		children {
			road {
				local_ts = 198.51.100.0/24
			}
		}
	}
}
pools {
	road {
		addrs = 203.0.113.0/24
	}
}
END
# its own /run, which holds swanctl's socket
cat >"$far/run" <<END
mount --bind $far /run
mount --bind $far/etc /etc/swanctl
"\$@"
END
in_far() { ip netns exec far unshare -m bash -eu "$far/run" "$@"; }
in_far exec charon-systemd >"$far/out" 2>&1 &
pids+=($!)
wait_for in_far timeout 10 swanctl --stats
check 'the other side' in_far swanctl --load-all --noprompt
ip netns exec far socat TCP-LISTEN:8000,reuseaddr,fork 'EXEC:echo Hello from far' >"$far/page.log" 2>&1 &
pids+=($!)

recipe_write /etc/strongswan.d/iotsafe.conf
recipe_write /etc/swanctl/conf.d/vpn.conf
check 'the id in the file' recipe_run key
service() { # ExecStartPost is the unit's, too
	rm -f /run/charon.vici
	recipe_run start && wait_for timeout 10 swanctl --stats && recipe_run load
}
check 'charon starts' service
recipe_shows '  and finds the key' load
check_signs 'a tunnel' recipe_run initiate
recipe_shows '  as the recipe shows it' initiate
shows '  the server verified the certificate' \
	"authentication of 'O=IoT SAFE demo, CN=meter-0001' with ECDSA_WITH_SHA256_DER successful" "$far/charon.log"
hello() { socat -T 10 - TCP:198.51.100.1:8000 </dev/null | grep 'Hello from far'; }
check '  which leads to the other side' hello
check 'the lines of "iotsafe doctor" are these' recipe_doctor strongswan

# two at once: another two connections with the same key
for name in two three; do
	sed "s/^\(\t*\)vpn {/\1$name {/" /etc/swanctl/conf.d/vpn.conf >"/etc/swanctl/conf.d/$name.conf"
done
check 'two more connections' recipe_run load
both() {
	timeout 60 swanctl --initiate --child two >"$work/two" 2>&1 &
	timeout 60 swanctl --initiate --child three >"$work/three" 2>&1 || { cat "$work/three"; return 1; }
	wait $! || { cat "$work/two"; return 1; }
	cat "$work/two" "$work/three"
}
check_signs 'both at once' both
check '  the server verified them too' test "$(grep -c "^.*authentication of .*meter-0001' with" "$far/charon.log")" = 3

rm /etc/swanctl/conf.d/two.conf /etc/swanctl/conf.d/three.conf
secret=/etc/swanctl/conf.d/sim.conf
certificate=/etc/swanctl/x509/device.pem
cp "$secret" "$work/secret"
cp "$certificate" "$work/certificate"
connected() { # [SED-SCRIPT [CERTIFICATE]]: what swanctl and the log say
	sed "${1:-}" "$work/secret" >"$secret"
	cp "${2:-$work/certificate}" "$certificate"
	systemctl stop strongswan
	rm -f /run/charon.vici /run/charon.log
	host systemctl start strongswan
	wait_for timeout 10 swanctl --stats
	timeout 60 swanctl --load-all --noprompt || true
	timeout 60 swanctl --initiate --child vpn && return 0
	cat /run/charon.log /run/systemctl-strongswan.log
	return 1
}

# --- the same by p11-kit's proxy, and by its remoting ---
socket=/run/p11-kit.sock
host p11-kit server --provider "$installed" -n "$socket" 'pkcs11:token=gateway' >"$work/server" 2>&1
pids+=("$(sed -n 's/.*P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' "$work/server")")
export P11_KIT_SERVER_ADDRESS=unix:path=$socket
# p11-kit 0.24 moves one mechanism more than its caller has room for, when it leaves one out
echo 'interceptor_via_lib:p11-kit-client.so' >"$work/suppressions"
foreign_asan=:suppressions=$work/suppressions
for way in p11-kit-proxy.so pkcs11/p11-kit-client.so; do
	replaced /etc/strongswan.d/iotsafe.conf "s|pkcs11/iotsafe-pkcs11.so|$way|"
	check_signs "a tunnel by $way" connected
	recipe_write /etc/strongswan.d/iotsafe.conf
done

# --- what goes wrong ---
goes_wrong 'no such key' no-key connected 's/handle = .*/handle = 00112233/'
goes_wrong 'the certificate of another key' mismatch connected '' /etc/iotsafe/other.pem
goes_wrong 'an expired certificate' expired connected '' /etc/iotsafe/expired.pem
shows '  the server says why' 'subject certificate invalid' "$far/charon.log"
locked_start
locked="s/handle = .*/handle = $(ec_id_of "$work/locked/device.pem")/"
goes_wrong 'no PIN' no-pin connected "$locked"
goes_wrong 'a wrong PIN' wrong-pin connected "$locked"'; s/^\t*handle/pin = 0000\n&/'
openssl x509 -in "$work/locked/device.pem" -noout -pubkey >"$work/locked.pub"
issue locked.example "$work/locked.pub" "$work/locked.pem"
check 'the right PIN' connected "$locked"'; s/^\t*handle/pin = 1234\n&/' "$work/locked.pem"
shows '  a tunnel' '^initiate completed successfully'
recipe_done
