# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the scripts of the build: which architecture the image is for, and how to build for it.
# TARGETARCH is BuildKit's (or --build-arg's); without it the image is for the builder's own.

BUILD_ARCH=$(dpkg --print-architecture)
TARGET_ARCH=${TARGETARCH:-$BUILD_ARCH}
case $TARGET_ARCH in
amd64) TRIPLET=x86_64-linux-gnu CROSS_GCC=gcc-x86-64-linux-gnu CPU=x86_64 ;;
arm64) TRIPLET=aarch64-linux-gnu CROSS_GCC=gcc-aarch64-linux-gnu CPU=aarch64 ;;
*)
	printf 'the image can be built for amd64 and arm64, not for %s\n' "$TARGET_ARCH" >&2
	exit 1
	;;
esac
# Debian's packages know where the other architecture's modules are; pkg-config has to be told.
export PKG_CONFIG_LIBDIR=/usr/lib/$TRIPLET/pkgconfig:/usr/share/pkgconfig
export CPU CROSS_GCC TRIPLET

is_cross() {
	[ "$TARGET_ARCH" != "$BUILD_ARCH" ]
}

# install PACKAGE...: a name that ends in :target is of the image's architecture.
install_packages() {
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		"${@/%:target/:$TARGET_ARCH}"
}
