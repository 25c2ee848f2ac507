# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian packages: what each command of ./dev needs, and how its presence is told.

# purpose | package | how to tell that it is there (cmd: a program, pc: a pkg-config module,
# file: a file, deb: the package itself)
package_table() {
	cat <<-'END'
	build meson              cmd:meson
	build ninja-build        cmd:ninja
	build gcc                cmd:gcc
	build libc6-dev          file:/usr/include/stdio.h
	build pkg-config         cmd:pkg-config
	build python3            file:/usr/bin/python3
	build libcurl4-openssl-dev pc:libcurl
	build libjson-c-dev      pc:json-c
	build libseccomp-dev     pc:libseccomp
	build libcap-ng-dev      pc:libcap-ng
	build libc-ares-dev      pc:libcares
	build libmicrohttpd-dev  pc:libmicrohttpd
	build libcmocka-dev      pc:cmocka
	check clang-format       cmd:clang-format
	check clang-tidy         cmd:clang-tidy
	check cppcheck           cmd:cppcheck
	check shellcheck         cmd:shellcheck
	check git                cmd:git
	check mandoc             cmd:mandoc
	check patch              cmd:patch
	test  python3-pytest     file:/usr/lib/python3/dist-packages/pytest/__init__.py
	test  haproxy            cmd:haproxy
	test  python3-yaml       file:/usr/lib/python3/dist-packages/yaml/__init__.py
	test  openssl            cmd:openssl
	test  iproute2           cmd:ip
	test  procps             cmd:ps
	test  binutils           cmd:readelf
	test  ca-certificates    file:/etc/ssl/certs/ca-certificates.crt
	test  strace             cmd:strace
	test  git                cmd:git
	demo  python3            file:/usr/bin/python3
	demo  procps             cmd:ps
	pictures chromium        cmd:chromium
	pictures pngquant        cmd:pngquant
	pictures fonts-dejavu-core file:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
	image mmdebstrap         cmd:mmdebstrap
	fuzz  clang              cmd:clang
	fuzz  libclang-rt-14-dev deb:
	fuzz  llvm               cmd:llvm-cov
	fuzz  git                cmd:git
	fuzz  patch              cmd:patch
	planted git              cmd:git
	planted patch            cmd:patch
	END
}

# is_there HOW PACKAGE
is_there() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	file:*) [ -e "${1#file:}" ] ;;
	*) dpkg-query -W -f '${db:Status-Status}' "$2" 2>/dev/null | grep -qx installed ;;
	esac
}

# missing_packages PURPOSE...
missing_packages() {
	local purpose package how

	while read -r purpose package how; do
		[[ " $* " == *" $purpose "* ]] || continue
		is_there "$how" "$package" || printf '%s\n' "$package"
	done < <(package_table)
}

# Installs what the purposes need and is not there; fails where it may not.
need_packages() {
	local missing

	mapfile -t missing < <(missing_packages "$@")
	# Whoever may not install is told of everything at once.
	if [ "$(id -u)" -ne 0 ] && [[ " $* " =~ \ (demo|test)\  ]] && ! command -v docker >/dev/null; then
		missing+=(docker.io docker-compose)
	fi
	[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		complain "these Debian packages are missing; install them, or run this as root:"
		complain "  apt-get install $*"
		exit 1
	fi
	step apt-update "reading Debian's package lists" apt-get update
	step apt-install "installing $*" \
		env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}
