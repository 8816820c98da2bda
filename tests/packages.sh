#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: built by one command, clean to lintian, installed in a fresh Debian 12, used there
# by curl with a software SIM, and gone without a trace, all as conf/recipes/debian.md says. As root.
. "$(dirname "$0")/lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/recipe.sh"
. "$top/tests/lib/tree.sh"
[ -n "${IOTSAFE_OWN_WORLD:-}" ] ||
	tree_prepare bookworm packages \
		'bash-completion curl libengine-pkcs11-openssl openssl p11-kit systemd-standalone-sysusers' \
		--skip=cleanup/apt "$(tree_fetch libinih1 libinih-dev libpcsclite1 libssl-dev p11-kit-modules)"
own_world "$@"
recipe debian

# Blocks of the recipe, in the source tree and in the folder /srv of the Debian tree.
run_here() { # NAME
	recipe_text "run=$1" >"$work/recipe.sh" || exit 1
	(cd "$top" && bash -eu "$work/recipe.sh")
}
run_there() { # NAME
	recipe_text "run=$1" >"$tree/srv/recipe.sh" || exit 1
	in_tree sh -c 'cd /srv && exec bash -eu recipe.sh'
}

check 'conf/package.sh' run_here build
debs=$top/build-packages
for name in libiotsafe-pkcs11 iotsafe-tools iotsafe-sim libiotsafe1 libiotsafe-dev; do
	check "  makes $name" sh -c "ls '$debs/${name}'_*.deb"
done
ours=$(cd "$debs" && ls ./*.deb | sed 's,^./\(.*\)_.*_.*,\1,')
check 'lintian has nothing to say' lintian --allow-root --fail-on error,warning "$debs"/*.changes
shows_not '  not even a hint' '^[EWI]:'

# --- installed, in a Debian that has nothing of ours ---
tree_unpack
accounts() { cat "$tree"/etc/{passwd,group,shadow,gshadow}; }
cp -a "$debs" "$tree/srv/"
# what a person answers
echo 'APT::Get::Assume-Yes "true";' >"$tree/etc/apt/apt.conf.d/90yes"
tree_files >"$work/files.before"
accounts >"$work/accounts.before"
check 'apt install' run_there install
for name in $ours; do
	check "  $name" in_tree sh -c "dpkg-query -W -f '\${db:Status-Status}' $name | grep -qx installed"
done
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
check 'the software SIM' run_there sim
wait_for test -S "$tree/run/sim.sock" || die 'the software SIM does not listen'
apdu_log=$tree/srv/apdu.log
recipe_text file=/etc/iotsafe/iotsafe.conf >"$tree/etc/iotsafe/iotsafe.conf"
check 'iotsafe doctor' run_there doctor
shows '  finds the registration' '^p11-kit +ok'
check 'a server' run_there server
listens_8443() { listens 8443; }
wait_for listens_8443 || die 'openssl s_server does not listen'
check_signs 'curl' run_there curl
recipe_shows '  the server verified the certificate' curl
check 'iotsafe list' in_tree iotsafe list
key_uri=$(grep -o 'pkcs11:.*;type=private' "$work/check.out" | head -n 1)
cert_uri=$(grep -o 'pkcs11:.*;type=cert' "$work/check.out" | head -n 1)
check_signs 'curl with the URIs that iotsafe list shows' in_tree curl -sS --max-time 60 \
	--cacert /srv/card/ca.pem --key "$key_uri" --cert "$cert_uri" https://localhost:8443/
recipe_shows '  the server verified the certificate' curl

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
completes demo -- iotsafe list --slot ''
completes p256 p384 brainpool -- iotsafe keygen --curve ''
completes privkey pubkey -- iotsafe --type x delete a --type p
completes /srv/card/ca.pem -- iotsafe write /srv/card/ca.p
completes pcsc: at: qmi: mbim: unix: -- iotsafe doctor --uri ''
completes /run/sim.sock -- iotsafe doctor --uri unix:/run/si
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
check 'apt remove' in_tree apt -q remove $ours
check '  keeps the configuration' grep -q sim.sock "$tree/etc/iotsafe/iotsafe.conf"
check '  and the data' sh -c "find '$tree/var/lib/iotsafe' -type f | grep ."
check '  not the module' sh -c "! chroot '$tree' p11-kit list-modules | grep iotsafe"
check 'apt install again' run_there install
check '  with the configuration of before' in_tree iotsafe doctor
check 'apt purge' run_there purge
rm -f "$tree/run/sim.sock"
tree_files >"$work/files.after"
accounts >"$work/accounts.after"
check 'no file is left, and none is another' diff "$work/files.before" "$work/files.after"
check 'no user or group is left' diff "$work/accounts.before" "$work/accounts.after"
recipe_done
