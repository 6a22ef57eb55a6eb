#!/bin/sh
# Root file systems with the nginx of Debian 11, 13 and 14 (OpenSSL 1.1.1, 3.5 and 3.6), for `make matrix`. Prints --root for each.
# They are kept in HANDCLASP_LAB, outside the checkout; needs root, about 250 MB each, and Debian's mirrors once.
# Debian 14 (forky) is not released: its versions move on, and a root that was made stays as it is until it is removed.
set -eu
lab=${HANDCLASP_LAB:-/var/cache/handclasp-lab}
mirror=${HANDCLASP_MIRROR:-http://deb.debian.org/debian}
packages=nginx-light,libnginx-mod-stream,libnginx-mod-mail,openssl

# A debootstrap older than a release does not know it; the newest Debian that it knows is made in the same way.
recipe() {
	for name in "$1" trixie bookworm; do
		if [ -e "/usr/share/debootstrap/scripts/$name" ]; then
			echo "/usr/share/debootstrap/scripts/$name"
			return
		fi
	done
	echo "debootstrap knows neither $1 nor a Debian near it: install a newer one" >&2
	return 1
}

if ! command -v debootstrap >/dev/null; then
	apt-get update -qq >&2
	apt-get install -y -qq debootstrap >&2
fi
mkdir -p "$lab"
for pair in debian-11:bullseye debian-13:trixie debian-14:forky; do
	root=$lab/${pair%%:*}
	if [ ! -x "$root/usr/sbin/nginx" ] || [ ! -e "$root/usr/lib/nginx/modules/ngx_stream_module.so" ]; then
		script=$(recipe "${pair#*:}")
		# Made beside and moved when whole, so that an interrupted run leaves nothing that looks ready.
		rm -rf "$root.new"
		debootstrap --variant=minbase --include="$packages" "${pair#*:}" "$root.new" "$mirror" "$script" >&2
		rm -rf "$root"
		mv "$root.new" "$root"
	fi
	printf -- '--root %s ' "$root"
done
echo
