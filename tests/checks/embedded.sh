#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# embedded.sh BUILD-FOLDER: syntax of conf/openwrt/Makefile and conf/yocto/*.bb, and that the files that
# they pack are among those that we install. They are built nowhere here.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
complain() {
	echo "$*"
	bad=1
}

# what "meson install" would install, without Debian's triplet
meson introspect --installed "$build" | python3 -c '
import json, re, sys
for path in json.load(sys.stdin).values():
    print(re.sub("^/usr/lib/[a-z0-9_]+-linux-[a-z]+/", "/usr/lib/", path))' | sort >"$work/installed"
grep -qx /usr/lib/pkcs11/iotsafe-pkcs11.so "$work/installed" || complain "$build installs no module"
version=$(sed -n "s/^  version: '\(.*\)',\$/\1/p" meson.build)

# --- OpenWrt: its own makefiles in a few lines, then what make would run ---
mkdir "$work/include"
cat >"$work/rules.mk" <<'END'
INCLUDE_DIR:=$(TOPDIR)/include
INSTALL_DIR:=@dir
INSTALL_BIN:=@file
INSTALL_DATA:=@file
INSTALL_CONF:=@file
CP:=@file
PKG_BUILD_DIR=@source
PKG_INSTALL_DIR=@installed
END
cat >"$work/include/package.mk" <<'END'
$(foreach v,NAME VERSION RELEASE SOURCE_PROTO SOURCE_URL SOURCE_VERSION LICENSE,\
	$(if $(PKG_$(v)),,$(error no PKG_$(v))))
define BuildPackage
SECTION:=
CATEGORY:=
TITLE:=
$(Package/$(1))
$$(foreach v,SECTION CATEGORY TITLE,$$(if $$($$(v)),,$$(error $(1): no $$(v))))
$$(if $$(strip $$(Package/$(1)/description)),,$$(error $(1): no description))
$$(if $$(strip $$(Package/$(1)/install)),,$$(error $(1): no install))
all:: $(1)
$(1):
	@package $(1)
$(call Package/$(1)/install,/root)
endef
END
: >"$work/include/meson.mk"
if make -n -f conf/openwrt/Makefile TOPDIR="$work" --warn-undefined-variables >"$work/make" 2>"$work/make.err"; then
	! grep -v "undefined variable '\(Package\|MESON_ARGS\|1\)" "$work/make.err" || complain 'conf/openwrt/Makefile: make warns'
	# a continued line is one command
	sed -e :a -e '/\\$/N; s/\\\n//; ta' "$work/make" >"$work/commands"
	[ "$(grep -c '^package ' "$work/commands")" = 3 ] || complain 'conf/openwrt/Makefile: not three packages'
	grep -v '^\(package\|dir\|file\) ' "$work/commands" && complain 'conf/openwrt/Makefile: strange commands'
	for file in $(grep -o '@installed[^ ]*' "$work/commands"); do
		grep -qxF "${file#@installed}" "$work/installed" || complain "conf/openwrt/Makefile: ${file#@installed} is not installed"
	done
	for file in $(grep -o '@source[^ ]*' "$work/commands"); do
		[ -e ".${file#@source}" ] || complain "conf/openwrt/Makefile: no ${file#@source}"
	done
else
	cat "$work/make.err"
	bad=1
fi
grep -qx "PKG_VERSION:=$version" conf/openwrt/Makefile || complain "conf/openwrt/Makefile: not version $version"

# --- Yocto ---
for recipe in conf/yocto/*.bb; do
	python3 tests/checks/embedded_yocto.py "$recipe" "$work/installed" "$version" || bad=1
done

for file in conf/openwrt/Makefile conf/yocto/*.bb; do
	head -n 4 "$file" | tr -d '#\n' | grep -qi 'untested on hardware' || complain "$file does not say that it is untested on hardware"
done
exit $bad
