#!/bin/sh
# Root file systems with the nginx of Debian 11 and 13 (OpenSSL 1.1.1 and 3.5), for `make matrix`. Prints --root for each.
# They are kept in HANDCLASP_LAB, outside the checkout; needs root, about 250 MB each, and Debian's mirrors once.
set -eu
lab=${HANDCLASP_LAB:-/var/cache/handclasp-lab}
mirror=${HANDCLASP_MIRROR:-http://deb.debian.org/debian}

if ! command -v debootstrap >/dev/null; then
	apt-get update -qq >&2
	apt-get install -y -qq debootstrap >&2
fi
mkdir -p "$lab"
for pair in debian-11:bullseye debian-13:trixie; do
	root=$lab/${pair%%:*}
	if [ ! -x "$root/usr/sbin/nginx" ]; then
		# Made beside and moved when whole, so that an interrupted run leaves nothing that looks ready.
		rm -rf "$root.new"
		debootstrap --variant=minbase --include=nginx-light,openssl "${pair#*:}" "$root.new" "$mirror" >&2
		rm -rf "$root"
		mv "$root.new" "$root"
	fi
	printf -- '--root %s ' "$root"
done
echo
