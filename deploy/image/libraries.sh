#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run while the image is built, before any source of the agent is there: builds libcurl and
# libmicrohttpd with what the agent uses of them and nothing else, from Debian's patched sources.
#
# $RUN is what the image gets: each library under its soname.
# $DEV is what the build needs beside it: headers, pkg-config modules that name $RUN as rpath, and
# for the list of packages which library is of which source, and the sources' licenses.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/target.sh"

RUN=/usr/local/lib/dockflare-agent
DEV=/opt/libraries
WORK=/tmp/libraries

# The sources of the suites that the base image has its packages from, at the same mirrors.
enable_sources() {
	find /etc/apt -name '*.list' -exec sed -i '/^deb /{p;s/^deb /deb-src /}' {} +
	find /etc/apt -name '*.sources' -exec sed -i 's/^Types: *deb *$/Types: deb deb-src/' {} +
}

fetch() {
	if is_cross; then
		dpkg --add-architecture "$TARGET_ARCH"
	fi
	apt-get update
	install_packages dpkg-dev file gcc libc6-dev make pkg-config libc6-dev:target libssl-dev:target
	if is_cross; then
		install_packages "$CROSS_GCC"
	fi
	mkdir -p "$WORK" "$RUN" "$DEV/copyright" "$DEV/pkgconfig"
	cd "$WORK"
	# The user _apt may not write here.
	apt-get --option APT::Sandbox::User=root source curl libmicrohttpd
	rm -rf /var/lib/apt/lists/*
}

unfold() {
	mv "$WORK/$1"-*/ "$WORK/$1"
	cp "$WORK/$1/debian/copyright" "$DEV/copyright/$1"
}

# configure SOURCE NAME OPTION...: in a folder of its own, to be installed below $DEV/NAME.
configure() {
	local source=$1 name=$2

	shift 2
	mkdir "$WORK/build-$name"
	cd "$WORK/build-$name"
	"$WORK/$source/configure" --prefix="$DEV/$name" --disable-static \
		--build="$(dpkg-architecture -qDEB_BUILD_GNU_TYPE)" --host="$TRIPLET" \
		--disable-dependency-tracking "$@"
}

# keep SOURCE NAME LIBRARY MODULE: puts into its places what was installed below $DEV/NAME.
keep() {
	local source=$1 name=$2 file=$DEV/$2/lib/$3.so soname

	soname=$(readelf -d "$file" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
	install -D -m 0644 "$file" "$RUN/$name/$soname"
	printf '%s %s %s\n' "$RUN/$name/$soname" "$source" "$(dpkg-parsechangelog \
		--file "$WORK/$source/debian/changelog" --show-field Version)" >>"$DEV/built"
	sed "s|^Libs: |&-Wl,-rpath,$RUN/$name |" "$DEV/$name/lib/pkgconfig/$3.pc" \
		>"$DEV/pkgconfig/$4.pc"
}

# build_curl NAME MODULE OPTION...: HTTP by TCP and unix sockets, and through a proxy with Basic.
build_curl() {
	local name=$1 module=$2

	shift 2
	configure curl "$name" \
		--enable-http --enable-http-auth --enable-ipv6 --enable-proxy --enable-unix-sockets \
		--disable-alt-svc --disable-ares --disable-cookies --disable-crypto-auth \
		--disable-dateparse --disable-dict --disable-dnsshuffle --disable-doh --disable-file \
		--disable-ftp --disable-get-easy-options --disable-gopher --disable-headers-api \
		--disable-hsts --disable-imap --disable-ldap --disable-ldaps \
		--disable-libcurl-option --disable-manual --disable-mime --disable-mqtt \
		--disable-netrc --disable-ntlm --disable-pop3 --disable-progress-meter \
		--disable-pthreads --disable-rtsp --disable-smb --disable-smtp \
		--disable-socketpair --disable-telnet --disable-tftp --disable-threaded-resolver \
		--disable-tls-srp --disable-websockets --without-brotli --without-ca-bundle \
		--without-ca-path --without-gssapi --without-libgsasl --without-libidn2 \
		--without-libpsl --without-librtmp --without-libssh --without-libssh2 \
		--without-nghttp2 --without-zlib --without-zstd "$@"
	# Without it time-outs would go by the wall clock; configure does not say so.
	grep -q '^#define HAVE_CLOCK_GETTIME_MONOTONIC' lib/curl_config.h
	make -C include install
	make -C lib -j "$(nproc)" install-strip
	make install-pkgconfigDATA
	keep curl "$name" libcurl "$module"
}

# build_microhttpd NAME: epoll, and connections that wait.
build_microhttpd() {
	configure libmicrohttpd "$1" --enable-epoll --disable-bauth --disable-curl --disable-dauth \
		--disable-doc --disable-examples --disable-https --disable-httpupgrade --disable-nls \
		--disable-postprocessor --disable-sendfile
	make -C src/include install
	make -C src/microhttpd -j "$(nproc)" install-strip
	make install-pkgconfigDATA
	keep libmicrohttpd "$1" libmicrohttpd libmicrohttpd
}

enable_sources
fetch
unfold curl
unfold libmicrohttpd
# As Debian hardens its own.
DEB_HOST_ARCH=$TARGET_ARCH
export DEB_HOST_ARCH
eval "$(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --export=sh)"
build_curl http-plain libcurl-plain --without-ssl
build_curl http-tls libcurl --with-openssl
build_microhttpd http-server
rm -rf "$WORK"
