#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: built by one command, clean to lintian, installed in a fresh Debian 12, used there
# by curl with a software SIM, and gone without a trace. As root.
. "$(dirname "$0")/lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/web.sh"
. "$top/tests/lib/tree.sh"
[ -n "${IOTSAFE_OWN_WORLD:-}" ] ||
	tree_prepare bookworm packages \
		'bash-completion curl libengine-pkcs11-openssl openssl p11-kit systemd-standalone-sysusers' \
		'libinih1 libinih-dev libpcsclite1 libssl-dev p11-kit-modules'
own_world "$@"

check 'conf/package.sh' "$top/conf/package.sh" "$work/debs"
for name in libiotsafe-pkcs11 iotsafe-tools iotsafe-sim libiotsafe1 libiotsafe-dev; do
	check "  makes $name" sh -c "ls '$work/debs/${name}'_*.deb"
done
ours=$(cd "$work/debs" && ls ./*.deb | sed 's,^./\(.*\)_.*_.*,\1,')
check 'lintian has nothing to say' lintian --allow-root --fail-on error,warning "$work"/debs/*.changes
shows_not '  not even a hint' '^[EWI]:'

# --- installed, in a Debian that has nothing of ours ---
tree_unpack
accounts() { cat "$tree"/etc/{passwd,group,shadow,gshadow}; }
mkdir "$tree/srv/debs"
cp "$work"/debs/*.deb "$tree/srv/debs/"
tree_files >"$work/files.before"
accounts >"$work/accounts.before"
check 'apt install ./*.deb' in_tree sh -c 'cd /srv/debs && apt -q -y install ./*.deb'
check 'dpkg --audit is silent' sh -c "[ -z \"\$(chroot '$tree' dpkg --audit)\" ]"
check 'the agent has its user' in_tree id iotsafe
shows '  who may open modems' 'dialout'
check_fails '  and is not enabled' test -e "$tree/etc/systemd/system/sockets.target.wants/iotsafe-agent.socket"
check 'the configuration is root'\''s' test "$(stat -c '%a %u' "$tree/etc/iotsafe/iotsafe.conf")" = '644 0'
for page in man1/iotsafe.1 man1/iotsafe-sim.1 man3/libiotsafe.3 man5/iotsafe.conf.5 man7/iotsafe-pkcs11.7; do
	check "  $page" gzip -t "$tree/usr/share/man/$page.gz"
done
check 'p11-kit list-modules' in_tree p11-kit list-modules
shows '  knows the module' '^iotsafe: iotsafe-pkcs11.so'

# --- used: the programs of the packages, and two lines of configuration ---
check 'iotsafe-sim new' in_tree iotsafe-sim new /srv/card --profile demo
card=$tree/srv/card
tree_limit=1200 in_tree iotsafe-sim run /srv/card --unix /srv/sim.sock --apdu-log /srv/apdu.log \
	>"$work/sim.out" 2>"$work/sim.err" &
pids+=($!)
wait_for grep -qx ready "$work/sim.out" || die "iotsafe-sim is not ready: $(cat "$work/sim.err")"
apdu_log=$tree/srv/apdu.log
cat >>"$tree/etc/iotsafe/iotsafe.conf" <<'END'
[slot gateway]
uri = unix:/srv/sim.sock
END
check 'iotsafe doctor' in_tree iotsafe doctor
shows '  finds the registration' '^p11-kit +ok'
check 'iotsafe list' in_tree iotsafe list
key_uri=$(grep -o 'pkcs11:.*;type=private' "$work/check.out" | head -n 1)
cert_uri=$(grep -o 'pkcs11:.*;type=cert' "$work/check.out" | head -n 1)
web_start "$card"
fetch() { # KEY CERTIFICATE
	in_tree curl -sS --max-time 60 --cacert /srv/card/ca.pem --key "$1" --cert "$2" "$web_url"
}
check_signs 'curl with the URIs that iotsafe list shows' fetch "$key_uri" "$cert_uri"
shows '  the server verified the certificate' '^verify=SUCCESS'
check_signs 'curl with labels' fetch 'pkcs11:object=device;type=private' 'pkcs11:object=device;type=cert'
shows '  the server verified the certificate' '^verify=SUCCESS'

# --- completed ---
cat >"$tree/srv/complete" <<'END'
# complete WORD…: what the last word may become; a colon is a word of its own to readline
. /usr/share/bash-completion/bash_completion
_completion_loader "$1"
COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
for word; do
	while [[ $word = *:* ]]; do
		COMP_WORDS+=("${word%%:*}" :)
		word=${word#*:}
	done
	COMP_WORDS+=("$word")
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
function=$(complete -p "$1" | sed 's/.*-F \([^ ]*\) .*/\1/')
"$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
END
completes() { # EXPECTED-LINES… -- WORD…
	local expected=()
	while [ "$1" != -- ]; do
		expected+=("$1")
		shift
	done
	shift
	in_tree bash /srv/complete "$@" >"$work/check.out" 2>&1
	if [ "$(sort "$work/check.out")" = "$(printf '%s\n' ${expected[@]+"${expected[@]}"} | sort)" ]; then
		ok "completion: $*"
		return 0
	fi
	say "FAIL completion: $*: expected ${expected[*]-nothing}, not:"
	cat "$work/check.out"
	exit 1
}
commands=$(in_tree iotsafe --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
completes $commands -- iotsafe ''
completes doctor -- iotsafe do
completes --subject -- iotsafe csr device --su
completes '' -- iotsafe list --su
completes --server -- iotsafe psk --se
completes gateway -- iotsafe list --slot ''
completes p256 p384 brainpool -- iotsafe keygen --curve ''
completes privkey pubkey -- iotsafe --type x delete a --type p
completes /srv/card/ca.pem -- iotsafe write /srv/card/ca.p
completes pcsc: at: qmi: mbim: unix: -- iotsafe doctor --uri ''
completes /srv/sim.sock -- iotsafe doctor --uri unix:/srv/si
completes /srv/card/device.pem -- iotsafe keygen --pin-source file:/srv/card/dev
completes new -- iotsafe-sim n
completes --profile -- iotsafe-sim new /srv/x --prof
completes demo -- iotsafe-sim new /srv/x --profile de
completes --latency -- iotsafe-sim run /srv/card --la
completes BADSIG -- iotsafe-sim run /srv/card --fault BA

# --- removed: what was kept stays; purged: nothing does ---
echo data >"$tree/srv/data"
check 'data is kept on this machine' in_tree iotsafe write /srv/data --type data --name note
check '  in /var/lib/iotsafe' sh -c "find '$tree/var/lib/iotsafe' -type f | grep ."
# as "systemctl enable" does it
mkdir -p "$tree/etc/systemd/system/sockets.target.wants"
ln -s /lib/systemd/system/iotsafe-agent.socket "$tree/etc/systemd/system/sockets.target.wants/"
install -m 600 /dev/null "$tree/etc/iotsafe/pin"
check 'apt remove' in_tree apt -q -y remove $ours
check '  keeps the configuration' grep -q sim.sock "$tree/etc/iotsafe/iotsafe.conf"
check '  and the data' sh -c "find '$tree/var/lib/iotsafe' -type f | grep ."
check '  not the module' sh -c "! chroot '$tree' p11-kit list-modules | grep iotsafe"
check 'apt install again' in_tree sh -c 'cd /srv/debs && apt -q -y install ./*.deb'
check '  with the configuration of before' in_tree iotsafe doctor
check 'apt purge' in_tree apt -q -y purge --autoremove $ours
tree_files >"$work/files.after"
accounts >"$work/accounts.after"
check 'no file is left, and none is another' diff "$work/files.before" "$work/files.after"
check 'no user or group is left' diff "$work/accounts.before" "$work/accounts.after"
all_passed
