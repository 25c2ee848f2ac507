#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run in the source's folder.  `build`, while the image is built, builds the programs and assembles
# /image; `configure FOLDER` makes ready another build with the image's libraries.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$HERE/target.sh"

# For Meson, which takes a build without it for one for this machine.
cross_file() {
	cat <<-END
		[binaries]
		c = '$TRIPLET-gcc'
		ar = '$TRIPLET-gcc-ar'
		strip = '$TRIPLET-strip'
		pkgconfig = 'pkg-config'
		exe_wrapper = 'qemu-$CPU-static'
		[properties]
		needs_exe_wrapper = true
		pkg_config_libdir = '$PKG_CONFIG_LIBDIR'
		[host_machine]
		system = 'linux'
		cpu_family = '$CPU'
		cpu = '$CPU'
		endian = 'little'
	END
}

# configure FOLDER MESON-OPTION...
configure() {
	local folder=$1
	local -a cross=()

	shift
	if is_cross; then
		cross_file >/tmp/cross
		cross=(--cross-file=/tmp/cross)
	fi
	meson setup "$folder" --prefix=/usr/local --libexecdir=libexec \
		--pkg-config-path=/opt/libraries/pkgconfig -Dplain_libcurl=libcurl-plain \
		"${cross[@]}" "$@"
}

# The Dockerfile can't read Meson's file, and its label must not tell another version.
check_version() {
	local version

	version=$(meson introspect build --projectinfo |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
	[ "${AGENT_VERSION:-$version}" = "$version" ] && printf '%s\n' "$version" && return
	printf 'AGENT_VERSION is %s in the Dockerfile and %s in meson.build: make them one\n' \
		"$AGENT_VERSION" "$version" >&2
	return 1
}

build() {
	local version

	configure build --buildtype=release --strip -Dtests=false -Dmanual=false
	version=$(check_version)
	DESTDIR=/installed meson install -C build
	"$HERE/root.py" /installed /image "$TARGET_ARCH" "$TRIPLET" "$version"
}

"$@"
