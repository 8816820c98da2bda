# SPDX-License-Identifier: Apache-2.0
# A Debian tree of this script's own, made by mmdebstrap once and kept as an archive between runs (in
# $XDG_CACHE_HOME or /var/cache, folder iotsafe-tests). Sourced after common.sh; root only, since
# packages give files to many users.

tree_cache=${XDG_CACHE_HOME:-/var/cache}/iotsafe-tests

# Makes the archive if there is none of the same packages and options, made the same way: before
# own_world, for it takes the network. What the options' hooks fetch is left for the test to install.
tree_prepare() { # SUITE NAME "PACKAGE…" [OPTION of mmdebstrap…]
	local key
	[ "$(id -u)" = 0 ] && grep -q '4294967295$' /proc/self/uid_map ||
		die 'packages are tested as root, since they make users and give files to them'
	key=$({ printf '%s\n' "$@"; declare -f tree_make; } | sha256sum | cut -c1-16)
	export tree_archive=$tree_cache/$2-$1-$(dpkg --print-architecture)-$key.tar
	[ ! -e "$tree_archive" ] || return 0
	mkdir -p "$tree_cache"
	rm -f "$tree_cache/$2-$1-"*.tar* # of another list of packages
	say "Making $tree_archive (once)"
	# one at a time, in memory, with mounts that end with it
	flock "$tree_cache" unshare -m bash -eu -c "$(declare -f tree_make); tree_make \"\$@\"" \
		tree_make "$tree_archive" "$(tree_mirror)" "$1" "$3" "${@:4}" >"$work/tree.out" 2>&1 || {
		tail -n 40 "$work/tree.out" >&2
		die "no tree of $1"
	}
}

# The option that fetches packages into the tree's apt, and keeps its lists.
tree_fetch() { # PACKAGE…
	printf '%s' '--customize-hook=chroot "$1" apt-get clean; chroot "$1" apt-get -q -y install' \
		" --download-only --no-install-recommends $*"
}

# Where this machine's apt has Debian's packages from.
tree_mirror() {
	apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' |
		awk '$2 == "Debian" && $3 !~ /-/ { print $1; exit }'
}

tree_make() { # ARCHIVE MIRROR SUITE "PACKAGE…" [OPTION…]
	local archive=$1 mirror=$2 suite=$3 packages=$4
	shift 4
	[ ! -e "$archive" ] || return 0
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	export http_proxy=${http_proxy:-} DEBIAN_FRONTEND=noninteractive TMPDIR=/mnt
	[ -n "$http_proxy" ] || unset http_proxy
	mount -t tmpfs -o mode=1777 tmpfs /mnt
	mmdebstrap --mode=root --format=tar --variant=minbase --aptopt='Acquire::Languages "none"' \
		--dpkgopt=force-unsafe-io --include="$(printf %s "$packages" | tr -s ' \n\t' ,)" "$@" \
		--customize-hook='rm -f "$1/etc/resolv.conf"' "$suite" "$archive.new" "$mirror" </dev/null
	mv "$archive.new" "$archive"
}

# The tree of tree_prepare, unpacked in memory, and not in $work, which is emptied at the end while
# /proc is still mounted in it. Only inside own_world. Sets: tree.
tree_unpack() {
	[ -n "${IOTSAFE_OWN_WORLD:-}" ] || die 'tree_unpack outside own_world'
	tree=/mnt
	mount -t tmpfs -o mode=755 tmpfs "$tree"
	tar -C "$tree" -xpf "$tree_archive"
	mount -t proc proc "$tree/proc"
}

in_tree() { # COMMAND…: as root of the tree, with nothing of our environment, 5 minutes at most
	timeout -k 5 "${tree_limit:-300}" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$tree" "$@" </dev/null
}

# Each file with kind, mode, owner and the target of a link; what apt and dpkg write about themselves,
# the copies that tools make of the accounts of before, and what the test put into /srv, is left out.
tree_files() {
	(cd "$tree" && find . -xdev \( -path ./srv -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
		-o -path ./var/cache -o -path ./var/log \) -prune -o -printf '%p %y %m %u:%g %l\n' |
		grep -Ev '^\./etc/(passwd|group|shadow|gshadow)- ' | sort)
}
