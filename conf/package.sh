#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian packages of this tree: conf/package.sh [OUTDIR], else into build-packages/. As root it installs
# what building them takes. The tests are not run: tests/run.sh does that, and so does a plain
# dpkg-buildpackage with conf/debian as debian/ (unit tests).
set -eu
out=$(realpath -m "${1:-$(dirname "$0")/../build-packages}")
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}"

# What git would commit; without git, all but the folders of builds.
copy_tree() { # FOLDER
	mkdir -p "$1"
	if git ls-files --error-unmatch meson.build >/dev/null 2>&1; then
		git ls-files -z -co --exclude-standard | while IFS= read -r -d '' f; do
			[ ! -e "$f" ] || printf '%s\0' "$f"
		done | tar -c --null -T - | tar -x -C "$1"
	else
		tar -c --exclude='./build*' --exclude=./.git . | tar -x -C "$1"
	fi
	cp -a "$1/conf/debian" "$1/debian"
}

same_version() {
	local ours theirs
	ours=$(sed -n "s/^  version: '\(.*\)',\$/\1/p" meson.build)
	theirs=$(sed -n '1s/.*(\(.*\)).*/\1/p' conf/debian/changelog)
	[ "$ours" = "$theirs" ] || {
		echo "meson.build says $ours, conf/debian/changelog $theirs" >&2
		exit 1
	}
}

quietly() { # COMMAND…: what it says is shown if it fails
	"$@" >"$scratch/log" 2>&1 </dev/null || {
		tail -n 60 "$scratch/log" >&2
		exit 1
	}
}

install_needs() {
	local get='apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends'
	export DEBIAN_FRONTEND=noninteractive
	if command -v dpkg-buildpackage >/dev/null &&
		(cd "$scratch/tree" && dpkg-checkbuilddeps -P nocheck >/dev/null 2>&1); then
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "Missing packages; as root: apt-get install build-essential fakeroot debhelper," >&2
		echo "and apt-get build-dep -P nocheck $scratch/tree" >&2
		trap - EXIT
		exit 1
	fi
	quietly $get update
	quietly $get install build-essential debhelper
	quietly $get build-dep -P nocheck "$scratch/tree"
}

same_version
copy_tree "$scratch/tree"
install_needs
(cd "$scratch/tree" && quietly dpkg-buildpackage -us -uc -b -Pnocheck)
mkdir -p "$out"
rm -f "$out"/*.deb "$out"/*.buildinfo "$out"/*.changes
mv "$scratch"/*.deb "$scratch"/*.buildinfo "$scratch"/*.changes "$out/"
ls "$out"/*.deb
